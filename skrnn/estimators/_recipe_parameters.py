"""The parameters of training that recurrent estimators set in their own way."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from sklearn.utils._param_validation import Options, StrOptions

from ..arguments import parameter, parameters, revised, text_of
from ..modules import CONV_PADDINGS, CONV_POOLINGS, POOLINGS
from ..training import RECIPE
from ._architecture import SHAPE
from ._network_parameters import (
    COUNT,
    SHARE,
    ConvolutionParameters,
    RecurrentParameters,
    SequenceParameters,
)
from ._training_parameters import (
    LEARNING_RATE,
    ClassificationParameters,
    EstimatorParameters,
)


@parameters
class RecipeParameters(EstimatorParameters):
    """Training."""

    batch_size: int | str = revised(
        EstimatorParameters,
        "batch_size",
        default="auto",
        text=f'Number of samples in a batch. "auto" {RECIPE["batch_size"]}.',
    )
    # "auto" is wider than the type of the group, which MLPs and forecasters share
    max_iter: int | str = revised(  # type: ignore[assignment]
        EstimatorParameters,
        "max_iter",
        default="auto",
        allowed=[StrOptions({"auto"}), COUNT],
        kind='int or "auto"',
        text=f'Maximum number of epochs. "auto" {RECIPE["max_iter"]}; fewer if a trial '
        "on 85 % of the samples, before the fit, finds that fewer serve the others.",
    )
    learning_rate: str = revised(
        EstimatorParameters, "learning_rate", default="cosine", text=LEARNING_RATE
    )
    learning_rate_init: float = revised(
        EstimatorParameters, "learning_rate_init", default=0.005
    )
    max_grad_norm: float | None = revised(
        EstimatorParameters,
        "max_grad_norm",
        default=1.0,
        text="Gradients with a larger L2 norm are scaled down to it. None never scales "
        'them, and "lbfgs" takes them as they are.',
    )
    tol: float = revised(
        EstimatorParameters,
        "tol",
        default=1e-4,
        text="Training stops when the loss has not fallen by the fraction tol of "
        "itself for more than n_iter_no_change epochs in a row. With early_stopping "
        "the loss of the held-out samples counts, and for numbers 1 - R2; without it, "
        'the schedules "cosine" and "onecycle" never stop early. With "lbfgs" it is '
        "the largest gradient at which to stop.",
    )
    # "auto" is wider than the type of the group, which MLPs and forecasters share
    n_iter_no_change: float | str = revised(  # type: ignore[assignment]
        EstimatorParameters,
        "n_iter_no_change",
        default="auto",
        allowed=[StrOptions({"auto"}), COUNT, Options(Real, {np.inf})],
        kind='int, inf or "auto"',
        text=f'See tol. "auto" {RECIPE["n_iter_no_change"]}.',
    )


@parameters
class RecurrentRegressorParameters(SequenceParameters):
    """Training."""

    normalize: str | None = revised(SequenceParameters, "normalize", default="changes")

    readout: str | None = parameter(
        default="ridge",
        before=None,
        allowed=[("ridge",), None],
        text='How the output layer gets its weights. "ridge" fits it anew after '
        "training, in closed form: a regression of y on the last states and on the "
        "last rows of the sequence, blended with one on the rows alone as far as "
        "held-out samples ask for it. So a linear relation is found at once, and a "
        "network that has learnt nothing does no harm. It costs a second training, of "
        "a trial on 85 % of the samples, unless early_stopping or X_val holds samples "
        "out. None keeps the weights of training. Not used for "
        'loss="poisson", return_sequences, stateful, tokens, or more than 256 '
        "features.",
    )


def _for_classes(group: Any, name: str, *allowed: Any) -> Any:
    """The parameter of a group with "auto", the default of classifiers."""
    otherwise = {"pooling": '"last"', "conv_padding": '"causal"'}.get(name, "None")
    text = (
        f'{text_of(group, name)} "auto" is {SHAPE[name]!r}, but {otherwise} if each '
        "step has a class or the state is carried on (return_sequences, stateful)"
    )
    text += ", and for tokens." if name == "conv_filters" else "."
    kind = 'str, tuple or "auto"' if name != "conv_filters" else "int, tuple or None"
    return revised(
        group, name, default="auto", allowed=[*allowed, ("auto",)], kind=kind, text=text
    )


@parameters
class RecurrentClassifierParameters:
    """Convolutions before the recurrent layers."""

    normalize: str | None = revised(SequenceParameters, "normalize", default="robust")
    dropout: Any = revised(
        RecurrentParameters,
        "dropout",
        default="auto",
        allowed=[SHARE, ("auto",)],
        kind='float or "auto"',
        text=f'{text_of(RecurrentParameters, "dropout")} "auto" is {SHAPE["dropout"]}, '
        'but 0 with "lbfgs", which does not support it.',
    )
    label_smoothing: float = revised(
        ClassificationParameters, "label_smoothing", default=0.1
    )
    pooling: Any = _for_classes(RecurrentParameters, "pooling", POOLINGS, tuple, list)
    conv_filters: Any = _for_classes(
        ConvolutionParameters, "conv_filters", "array-like", COUNT, None
    )
    conv_padding: str = _for_classes(
        ConvolutionParameters, "conv_padding", CONV_PADDINGS
    )
    conv_pooling: Any = _for_classes(
        ConvolutionParameters, "conv_pooling", CONV_POOLINGS, tuple, list, None
    )
    conv_kernel_size: Any = revised(
        ConvolutionParameters, "conv_kernel_size", default="auto"
    )
    conv_strides: Any = revised(ConvolutionParameters, "conv_strides", default="auto")
    conv_dilation: Any = revised(ConvolutionParameters, "conv_dilation", default="auto")
    conv_norm: str | None = revised(ConvolutionParameters, "conv_norm", default="batch")
    conv_pool_size: Any = revised(
        ConvolutionParameters, "conv_pool_size", default="auto"
    )

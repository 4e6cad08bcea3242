"""The parameters of training, losses and classes. Each is declared only here."""

from __future__ import annotations

from numbers import Real
from os import PathLike
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.utils._param_validation import Interval, Options, StrOptions

from ..arguments import parameter, parameters
from ..modules import LOSSES
from ..training import SCHEDULES, SOLVERS
from ._network_parameters import COUNT, SHARE

_POSITIVE = Interval(Real, 0, None, closed="neither")
_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
LEARNING_RATE = (
    'Schedule of the learning rate. "constant" keeps it; "cosine" lets it fall to 0 '
    'over max_iter epochs; "onecycle" lets it rise to learning_rate_init and fall '
    "again over max_iter epochs; these two run for all of max_iter epochs unless "
    'early_stopping ends them. "invscaling" divides it by ``t ** power_t`` after ``t`` '
    'samples; "adaptive" divides it by 5 when training would stop.'
)


def is_stochastic(estimator: Any) -> bool:
    """Return True if the solver takes batches, else raise, for ``available_if``."""
    if estimator.solver == "lbfgs":
        raise AttributeError(
            "partial_fit is only available for stochastic optimizers. lbfgs is not "
            "stochastic"
        )
    return True


@parameters
class ComputingParameters:
    """Computing."""

    device: Any = parameter(
        default="auto",
        allowed=[str, torch.device],
        kind="str or torch.device",
        text='Where to compute: "cpu", "cuda", "cuda:1" or "mps". "auto" takes CUDA if '
        'there is a GPU, then MPS, then the CPU. "accelerate" shares each batch among '
        "the processes of ``accelerate launch``.",
    )
    n_threads: int | str = parameter(
        default="auto",
        allowed=[StrOptions({"auto"}), COUNT],
        kind='int or "auto"',
        text="Number of CPU threads that torch uses in fit and predict. The setting of "
        'the process is restored afterwards. "auto" uses one thread for small '
        "networks, which are faster that way.",
    )
    verbose: Any = parameter(
        default=0,
        allowed=["verbose"],
        kind="int",
        text="1 shows a progress bar with the loss, 2 prints the loss of each epoch.",
    )
    callbacks: Any = parameter(
        default=None,
        allowed=[list, tuple, None],
        kind="list of skorch callbacks",
        text="Called during training. They are not copied, so you can read what they "
        "recorded after fit.",
    )
    net_params: dict[str, Any] | None = parameter(
        default=None,
        allowed=[dict, None],
        kind="dict",
        text='Further arguments of the skorch net, such as ``{"optimizer__amsgrad": '
        "True}``. Arguments that have a parameter here are refused.",
    )
    checkpoint: Any = parameter(
        default=None,
        allowed=[str, PathLike, None],
        kind="path-like",
        text="A folder in which ``fit`` saves its progress. The same fit, called again "
        "after an interruption, resumes from there, on a CPU to the same bits. "
        '"{fit}" in the path stands for a name that is unique to the fit, for use in a '
        "search. None saves nothing.",
    )
    checkpoint_every: int | str = parameter(
        default="10s",
        allowed=[COUNT, str],
        kind="int or str",
        text='Epochs between two saves, or a duration such as "30s" or "5min".',
    )


@parameters
class SolverParameters:
    """Solver."""

    solver: Any = parameter(
        default="adam",
        allowed=[SOLVERS, type],
        kind="str or torch.optim.Optimizer class",
        text='The optimiser: "adam", "adamw", "sgd", "rmsprop", "adagrad", "adadelta" '
        '(with learning_rate_init=1) or "lbfgs". "lbfgs" is SciPy\'s: it takes one '
        "step over all samples in an epoch, and needs memory for all of them at once.",
    )
    power_t: float = parameter(
        default=0.5,
        allowed=[_NOT_NEGATIVE],
        text='Exponent of learning_rate="invscaling".',
    )
    shuffle: bool = parameter(
        default=True,
        allowed=["boolean"],
        text="Draw a new order of the samples in each epoch.",
    )
    momentum: float = parameter(
        default=0.9,
        allowed=[Interval(Real, 0, 1, closed="both")],
        text='Momentum of "sgd", in [0, 1].',
    )
    nesterovs_momentum: bool = parameter(
        default=True,
        allowed=["boolean"],
        text='Whether "sgd" uses Nesterov\'s momentum.',
    )
    beta_1: float = parameter(
        default=0.9,
        allowed=[SHARE],
        text='Decay of the first moment of "adam" and "adamw", in [0, 1).',
    )
    beta_2: float = parameter(
        default=0.999,
        allowed=[SHARE],
        text='Decay of the second moment of "adam" and "adamw", in [0, 1).',
    )
    epsilon: float = parameter(
        default=1e-8,
        allowed=[_POSITIVE],
        text='Added to the denominator of "adam", "adamw" and "rmsprop".',
    )
    max_grad_norm: float | None = parameter(
        default=None,
        allowed=[_POSITIVE, None],
        kind="float or None",
        text="Gradients with a larger L2 norm are scaled down to it. A value near 1 "
        'helps if training diverges. "lbfgs" takes gradients as they are.',
    )


@parameters
class TrainingParameters(SolverParameters, ComputingParameters):
    """Training."""

    # the common ones, in the order in which users need them
    _common: ClassVar[tuple[str, ...]] = (
        "window_length",
        "horizon",
        "hidden_layer_sizes",
        "dropout",
        "embedding_dim",
        "return_sequences",
        "loss",
        "class_weight",
        "normalize",
        "past_columns",
        "max_iter",
        "learning_rate_init",
        "batch_size",
        "alpha",
        "early_stopping",
        "random_state",
        "device",
    )

    alpha: float = parameter(
        default=0.0001,
        allowed=[_NOT_NEGATIVE],
        text="Strength of the L2 penalty ``alpha / 2 * sum(W ** 2)``, divided by the "
        "size of the batch (by the sum of its sample weights, if there are any). "
        'Biases and embeddings are not penalised. With "adamw" it is the decay of '
        "all weights instead.",
    )
    batch_size: int | str = parameter(
        default="auto",
        allowed=[StrOptions({"auto"}), COUNT],
        kind='int or "auto"',
        text='Number of samples in a batch. "auto" is ``min(200, n_samples)``.',
    )
    learning_rate: str = parameter(
        default="constant",
        allowed=[SCHEDULES],
        kind="str",
        text=f'{LEARNING_RATE} "lbfgs" needs none.',
    )
    learning_rate_init: float = parameter(
        default=0.001,
        allowed=[_POSITIVE],
        text='Initial learning rate, the highest one of "onecycle". Training diverges '
        "if it is too large and takes many epochs if it is too small.",
    )
    max_iter: int = parameter(
        default=200, allowed=[COUNT], text="Maximum number of epochs."
    )
    random_state: Any = parameter(
        default=None,
        allowed=["random_state"],
        kind="int, RandomState instance or None",
        text="Source of the initial weights, the order of samples, the dropout masks "
        "and random validation splits. The same integer gives the same bits on a CPU.",
    )
    tol: float = parameter(
        default=1e-4,
        allowed=[_NOT_NEGATIVE],
        text="Training stops when the loss (with early_stopping the validation score) "
        "has not improved by tol for more than n_iter_no_change epochs in a row.",
    )
    n_iter_no_change: float = parameter(
        default=10,
        allowed=[COUNT, Options(Real, {np.inf})],
        kind="int or inf",
        text="See tol.",
    )
    early_stopping: bool = parameter(
        default=False,
        allowed=["boolean"],
        text="Hold out a part of the samples, stop when the predictions for them no "
        "longer improve, and keep the weights of the best epoch.",
    )
    validation_fraction: float = parameter(
        default=0.1,
        allowed=[Interval(Real, 0, 1, closed="neither")],
        text="Fraction of the samples that early_stopping holds out, in (0, 1).",
    )


@parameters
class EstimatorParameters(TrainingParameters):
    """Training."""

    _attributes: ClassVar[dict[str, str]] = {
        "n_features_in_ : int": "Number of columns of X.",
        "feature_names_in_ : ndarray of shape (n_features_in_,)": "Names of the "
        "columns, if X was a DataFrame with string columns.",
        "n_outputs_ : int": "Number of outputs of the network.",
        "loss_curve_ : list of float": "Training loss of each epoch, the penalty "
        "included. warm_start and partial_fit append to it.",
        "validation_scores_ : list of float, or None": "Score of the held-out samples "
        "after each epoch, if there were any.",
        "best_loss_ : float": "Smallest value of ``loss_curve_``.",
        "n_iter_ : int": "Number of epochs of the last call that trained.",
        "t_ : int": "Number of training samples seen.",
        "device_ : torch.device": "The device that holds the network.",
        "net_ : skorch.NeuralNet": "The trained net; ``net_.module_`` is the PyTorch "
        "module.",
    }
    _passages: ClassVar[dict[str, str]] = {
        "raises": """
        Raises
        ------
        ValueError
            In ``fit``, if a parameter is out of its range, X and y do not fit together
            or hold NaN or infinity, the device is not available, or training diverges;
            in ``predict``, if the features or time steps of X differ from those of
            ``fit``.
        sklearn.exceptions.NotFittedError
            In ``predict``, if the estimator is not fitted.
        """
    }

    warm_start: bool = parameter(
        default=False,
        allowed=["boolean"],
        text="Start ``fit`` from the weights of the last fit.",
    )
    validation_split: str = parameter(
        default="auto",
        allowed=[("auto", "last", "random")],
        text='Which samples early_stopping holds out. "last" takes the last samples '
        "of each run of overlapping windows. A gap of ``n_outputs - 1`` rows keeps "
        "training targets out of the held-out part; with return_sequences it is wider "
        "by the length of a window, less 1. If the last samples lack a class, the "
        'last ones of each stretch of a class are taken. "random" draws samples, with '
        'the classes in proportion. "auto" is "last" if windows overlap, else '
        '"random". Targets further ahead need a wider gap: pass X_val and y_val.',
    )


@parameters
class RegressionParameters:
    """Loss."""

    _attributes: ClassVar[dict[str, str]] = {
        "n_outputs_ : int": "Number of targets per sample; with return_sequences, per "
        "step.",
        "validation_scores_ : list of float, or None": "R2 of the held-out samples "
        "after each epoch, if there were any; minus their loss if their target is "
        "constant.",
    }
    _texts: ClassVar[dict[str, str]] = {
        "early_stopping": "Hold out a part of the samples, stop when their R2 no "
        "longer improves, and keep the weights of the best epoch."
    }

    loss: str = parameter(
        default="squared_error",
        allowed=[tuple(LOSSES)],
        kind="str",
        text='The loss of each output: "squared_error", half the squared error; '
        '"absolute_error"; "huber", squared up to an error of 1 and absolute beyond; '
        '"poisson", half the Poisson deviance with a log link, for counts; "quantile", '
        "the pinball loss.",
    )
    quantile: float = parameter(
        default=0.5,
        allowed=[Interval(Real, 0, 1, closed="neither")],
        text='The quantile that loss="quantile" predicts, in (0, 1).',
    )


@parameters
class ClassificationParameters:
    """Loss."""

    _attributes: ClassVar[dict[str, str]] = {
        "classes_ : ndarray of shape (n_classes,)": "The classes, sorted; for "
        "multilabel targets the numbers of the labels.",
        "n_outputs_ : int": "Number of outputs of the network: 1 for two classes, else "
        "one for each class or label.",
        "validation_scores_ : list of float, or None": "Accuracy on the held-out "
        "samples after each epoch, if there were any. With multilabel targets a sample "
        "counts if all its labels are right.",
    }
    _texts: ClassVar[dict[str, str]] = {
        "early_stopping": "Hold out a part of the samples, stop when their accuracy no "
        "longer improves, and keep the weights of the best epoch."
    }

    class_weight: Any = parameter(
        default=None,
        allowed=[StrOptions({"balanced"}), dict, list, None],
        kind='dict, list of dict, "balanced" or None',
        text="Weight of each class in the loss and in the validation score; "
        'multiplied by sample_weight. "balanced" gives rare classes more weight, in '
        "inverse proportion to their frequency in y. For multilabel targets pass "
        '"balanced", or a list with a dict for each label: the weights of 0 and 1.',
    )
    label_smoothing: float = parameter(
        default=0.0,
        allowed=[SHARE],
        text="Fraction of each target that is spread evenly over the classes, in "
        "[0, 1). A small value such as 0.1 keeps probabilities away from 0 and 1.",
    )

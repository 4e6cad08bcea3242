"""The parameters of training that recurrent estimators set in their own way."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils._param_validation import Options, StrOptions

from ..arguments import parameters, revised
from ._network_parameters import COUNT
from ._training_parameters import LEARNING_RATE, EstimatorParameters


@parameters
class RecipeParameters(EstimatorParameters):
    """Training."""

    batch_size: int | str = revised(
        EstimatorParameters,
        "batch_size",
        default="auto",
        text='Number of samples in a batch. "auto" makes about 30 batches of the '
        "samples, each of 16 to 256 (a power of two).",
    )
    max_iter: int | str = revised(
        EstimatorParameters,
        "max_iter",
        default="auto",
        allowed=[StrOptions({"auto"}), COUNT],
        kind='int or "auto"',
        text='Maximum number of epochs. "auto" is 100, but as many as make 1,500 '
        "updates for few samples, and fewer (at least 10) for more than 20,000 "
        "samples.",
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
        'them; "lbfgs" does not either.',
    )
    tol: float = revised(
        EstimatorParameters,
        "tol",
        default=1e-4,
        text="Training stops when the loss (with early_stopping the validation score) "
        "has not improved by the fraction tol of itself for more than "
        "n_iter_no_change epochs in a row. The schedules of fixed length, such as "
        '"cosine", stop for early_stopping alone.',
    )
    n_iter_no_change: Any = revised(
        EstimatorParameters,
        "n_iter_no_change",
        default="auto",
        allowed=[StrOptions({"auto"}), COUNT, Options(float, {np.inf})],
        kind='int, inf or "auto"',
        text='See tol. "auto" is 300 updates, but at least 10 epochs.',
    )

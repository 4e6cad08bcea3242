"""What a fit tells of itself and of what it was given."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning

from .._warnings import warn
from ..training import Outcome, Settings, has_fixed_length


def warn_of_column(y: np.ndarray) -> None:
    """Say that a y of one column is read as 1-D, in scikit-learn's words."""
    if y.ndim == 2:
        text = (
            "A column-vector y was passed when a 1d array was expected. Please change "
            "the shape of y to (n_samples,), for example using ravel()."
        )
        warn(text, DataConversionWarning)


def warn_unless_converged(estimator: Any, outcome: Outcome, settings: Settings) -> None:
    """Say so if training ended before it had converged."""
    ending = outcome.ending
    if ending.kind in ("converged", "interrupted") or has_fixed_length(settings):
        return
    if settings.solver == "lbfgs":
        text = (
            f"lbfgs failed to converge after {estimator.n_iter_} iteration(s): "
            f"{ending.message}. Raise max_iter (now {estimator.max_iter}), or scale X "
            "and y"
        )
    else:
        remedy = "" if estimator.early_stopping else ", or set early_stopping=True"
        text = (
            f"Stochastic Optimizer: Maximum iterations ({estimator.max_iter}) reached "
            f"and the optimization hasn't converged yet. Raise max_iter{remedy}"
        )
    warn(text, ConvergenceWarning)

"""What a fit tells of itself."""

from __future__ import annotations

from typing import Any

from sklearn.exceptions import ConvergenceWarning

from .._warnings import warn
from ..training import Outcome, Settings, has_fixed_length


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

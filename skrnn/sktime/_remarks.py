"""What a forecaster tells of how its training went."""

from __future__ import annotations

from typing import Any

from sklearn.exceptions import ConvergenceWarning

from .._warnings import warn
from ..training import Outcome, Settings, has_fixed_length
from ._model import ForecastModel


def warn_unless_held_out(model: ForecastModel) -> None:
    """Say if no window could be held out."""
    if model.calibration_starts:
        return
    warn(
        "no series is long enough to hold out windows: the training loss decides "
        "when to stop, and intervals are too small. Lower window_length or "
        "horizon, or pass longer series",
    )


def warn_of_ignored(model: ForecastModel) -> None:
    """Say which columns of X never move in the rows trained on."""
    names = [model.X_names[place] for place in model.scaling.ignored]
    if names:
        warn(
            f"the columns {names} of X do not move in the rows that were trained on, "
            "which tell nothing of their effect: they are ignored, however they move "
            "later. Leave them out, or pass rows in which they move"
        )


def warn_unless_converged(forecaster: Any, outcome: Outcome) -> None:
    """Say if training has ended for want of epochs."""
    ending = outcome.ending
    is_done = ending.kind in ("converged", "interrupted")
    if is_done or has_fixed_length(Settings.of(forecaster)):
        return
    text = (
        f"max_iter={forecaster.max_iter} epochs were reached before the loss stopped "
        "improving; raise max_iter"
    )
    if forecaster.solver == "lbfgs":
        text = f"lbfgs did not converge: {ending.message}; raise max_iter"
    warn(text, ConvergenceWarning)

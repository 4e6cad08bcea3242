"""Warnings of a forecaster about its training and about what it is asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import f as f_distribution
from sklearn.exceptions import ConvergenceWarning

from .._warnings import warn
from ..training import Outcome, Settings, has_fixed_length
from ._calibration import calibration_origins, errors_from
from ._history import History
from ._model import ForecastModel
from ._steps import Steps

_FAR_WORSE = 4  # times the mean squared error, and not by chance
_CHANCE = 0.001
_TINY = 1e-12


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
    """Warn of columns of X that are constant in the training rows."""
    names = [model.X_names[place] for place in model.scaling.ignored]
    if names:
        warn(
            f"the columns {names} of X are constant in the training rows, so their "
            "effect cannot be learnt: they are ignored, even if they change later. "
            "Leave them out, or pass rows in which they vary"
        )


def warn_unless_converged(forecaster: Any, outcome: Outcome) -> None:
    """Warn if training ended before it converged."""
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


def warn_of_untrained_phase(
    model: ForecastModel, history: History, steps: Steps, n_threads: Any
) -> None:
    """Warn if forecasts begin between the windows that step_length has trained.

    Only if such have been far worse on the rows that were held out: with a daily
    profile, those of another hour than the one trained.
    """
    step_length, horizon = model.plan.step_length, model.plan.horizon
    if step_length == 1:
        return
    reasons = []
    if (steps.steps <= 0).any():
        reasons.append("rows within the sample are asked for")
    if steps.n_ahead > horizon and horizon % step_length:
        reasons.append(f"forecasts are rolled beyond horizon={horizon}")
    if steps.n_ahead and ends_between(model, history):
        reasons.append("a series ends between two of them")
    ratio = _times_as_far_off(model, history, n_threads) if reasons else 1.0
    if ratio > 1:
        warn(
            f"step_length={step_length} trains only forecasts that begin every "
            f"{step_length} rows, but others are needed here: "
            f"{' and '.join(reasons)}. On held-out rows those were {ratio:.1f} times "
            "as far off. Set step_length=1, or one that shares no factor with the "
            "season, such as 23 for hours of the day, and fit again"
        )


def ends_between(model: ForecastModel, history: History) -> bool:
    """Whether a series ends between two of the windows that were trained on."""
    distances = history.ends - model.first_held_out(history)
    return bool(
        (distances % model.plan.step_length > 0)[_trained(model, history)].any()
    )


def _trained(model: ForecastModel, history: History) -> np.ndarray:
    """Which series have been trained on, and their last rows held out."""
    firsts = model.first_held_out(history)
    return (firsts < history.ends) & (firsts > history.offsets + 1)


def _times_as_far_off(model: ForecastModel, history: History, n_threads: Any) -> float:
    """How much farther off forecasts between those trained are; 1 if by chance."""
    kept, key = model.kept_for(history), "between"
    if key not in kept:
        kept[key] = _ratio_of_errors(model, history, n_threads)
    return float(kept[key])


def _ratio_of_errors(model: ForecastModel, history: History, n_threads: Any) -> float:
    origins = calibration_origins(model, history, 1)
    origins = origins.take(np.flatnonzero(_trained(model, history)[origins.series]))
    if len(origins) == 0:
        return 1.0
    horizon = model.plan.horizon
    errors, rolled, scale = errors_from(model, history, origins, horizon, n_threads)
    squares = np.nanmean((errors / scale * rolled.scale) ** 2, axis=(1, 2))  # (origin,)
    distances = origins.ends - model.first_held_out(history)[origins.series]
    is_between = distances % model.plan.step_length > 0
    between, trained = squares[is_between], squares[~is_between]
    if not (len(between) and len(trained)):
        return 1.0
    by_chance = f_distribution.isf(_CHANCE, len(between), len(trained))
    ratio = between.mean() / max(trained.mean(), _TINY)
    return float(np.sqrt(ratio)) if ratio > max(by_chance, _FAR_WORSE) else 1.0

"""The quality of forecasts of held-out rows, and what it implies for new ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import f as f_distribution

from .._warnings import warn
from ..training import Rolled
from ..windows import Origins, origins_within
from ._calibration import (
    FEWEST_ERRORS,
    Errors,
    Recalibration,
    errors_by_step,
    power_of,
    recalibration_from,
)
from ._forecast_model import ForecastModel
from ._history import History
from ._request import Request

_MOST_ORIGINS = 5000
_MOST_KEPT = 4_000_000  # errors cached for the next call
_FAR_WORSE = 4  # ratio of mean squared errors, if not by chance
_CHANCE = 0.001
_TINY = 1e-12


@dataclass(frozen=True)
class HeldOut:
    """Forecasts of rows that were not trained on, compared with the observations."""

    model: ForecastModel
    history: History
    n_threads: Any
    step_length: int  # rows between the origins of these forecasts

    def errors(self, n_steps: int) -> Errors:
        """Errors of point forecasts, for at least the steps requested before."""
        errors: Errors = self._found_once(
            "errors",
            lambda: self._errors(n_steps),
            is_enough=lambda found: len(found.factors) >= n_steps,
            is_small=lambda found: found.paths.size <= _MOST_KEPT,
        )
        return errors.first(n_steps)

    def recalibration(self) -> Recalibration:
        """The correction that makes distributions of a block fit the observations."""
        found: Recalibration = self._found_once("recalibration", self._recalibration)
        return found

    def ratio_between(self) -> float:
        """The ratio of errors between the trained windows to others; 1 if by chance."""
        return float(self._found_once("between", self._ratio_between))

    def _found_once(
        self,
        what: str,
        find: Callable[[], Any],
        is_enough: Callable[[Any], bool] = lambda found: True,
        is_small: Callable[[Any], bool] = lambda found: True,
    ) -> Any:
        """The cached value for this model and history, or a new one."""
        kept, key = self.model.kept_for(self.history), (what, self.step_length)
        found = kept.get(key)
        if found is None or not is_enough(found):
            found = find()
            if is_small(found):
                kept[key] = found
        return found

    def _errors(self, n_steps: int) -> Errors:
        rolled, center, scale, actual = self._compared(self.origins(), n_steps)
        errors = actual - (rolled.values * scale + center)
        power = power_of(errors / scale, rolled.scale)
        return errors_by_step(errors / unit_of(rolled, scale, power), power)

    def _recalibration(self) -> Recalibration:
        horizon = self.model.plan.horizon
        rolled, center, scale, actual = self._compared(self.origins(), horizon)
        y = (actual - center) / scale
        is_known = np.isfinite(y)
        distribution = self.model.distribution(rolled.parameters)
        probability = distribution.probability(np.where(is_known, y, 0))
        return recalibration_from(probability, is_known)

    def _compared(
        self, origins: Origins, n_steps: int
    ) -> tuple[Rolled, np.ndarray, np.ndarray, np.ndarray]:
        """Forecasts, their center and scale, and the observations, in units of y.

        All have the shape (n_origins, n_steps, n_targets), with NaN for future
        observations.
        """
        model, history = self.model, self.history
        if len(origins) == 0:
            raise ValueError(
                "no series has two rows, so no forecast can be compared with an "
                "observation and the spread of forecasts is unknown; pass longer "
                "series"
            )
        inputs = model.roll_inputs(history, origins, None, n_steps)
        rolled = model.roll(inputs, n_steps, self.n_threads)
        center, scale = model.units_of(history, origins, rolled)
        index = origins.ends[:, None] + np.arange(n_steps)
        is_known = index < history.ends[origins.series][:, None]
        actual = history.y[np.where(is_known, index, 0)]
        actual = np.where(is_known[..., None], actual, np.nan)
        return rolled, center, scale, actual

    def origins(self) -> Origins:
        """Origins after the rows trained on, whose next row is known.

        They are a multiple of ``step_length`` before the end of their series, like
        forecasts. If these are too few, all origins count; if nothing was held out, the
        trained ones count as well.
        """
        origins = self._origins(self.step_length)
        if self.step_length > 1 and len(origins) < FEWEST_ERRORS:
            warn(
                f"step_length={self.step_length} leaves {len(origins)} held-out "
                f"windows to measure errors, fewer than {FEWEST_ERRORS}: forecasts "
                "that begin between the training windows count as well, and intervals "
                "are too wide if errors depend on the time of the forecast. Raise "
                "validation_fraction, lower step_length, or pass longer series"
            )
            origins = self._origins(1)
        if len(origins) <= _MOST_ORIGINS:
            return origins
        index = np.linspace(0, len(origins) - 1, _MOST_ORIGINS).astype(int)
        return origins.take(index)

    def _origins(self, step_length: int) -> Origins:
        history, window = self.history, self.model.plan.window_length
        firsts = self.model.first_held_out(history)
        if not (firsts < history.ends).any():
            return origins_within(history.sizes, window, 1, step_length)
        bounds = zip(firsts.tolist(), history.ends.tolist(), strict=True)
        parts = [
            np.arange(end, first - 1, -step_length)[:0:-1] for first, end in bounds
        ]
        series = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        ends = np.concatenate(parts)
        starts = np.maximum(history.offsets[series], ends - window)
        return Origins(series, starts, ends)

    def _ratio_between(self) -> float:
        model, history = self.model, self.history
        origins = self.origins()
        index = np.flatnonzero(_was_trained(model, history)[origins.series])
        origins = origins.take(index)
        if len(origins) == 0:
            return 1.0
        horizon = model.plan.horizon
        rolled, center, scale, actual = self._compared(origins, horizon)
        errors = (actual - (rolled.values * scale + center)) / scale * rolled.scale
        squares = np.nanmean(errors**2, axis=(1, 2))  # (origin,)
        distances = origins.ends - model.first_held_out(history)[origins.series]
        is_between = distances % model.plan.step_length > 0
        between, trained = squares[is_between], squares[~is_between]
        if not (len(between) and len(trained)):
            return 1.0
        by_chance = f_distribution.isf(_CHANCE, len(between), len(trained))
        ratio = between.mean() / max(trained.mean(), _TINY)
        return float(np.sqrt(ratio)) if ratio > max(by_chance, _FAR_WORSE) else 1.0


def unit_of(rolled: Rolled, scale: np.ndarray, power: int) -> np.ndarray:
    """The unit of errors, see ``Errors.power``, (origin, step, target)."""
    return scale / rolled.scale ** (1 - power)


def warn_of_untrained_phase(
    model: ForecastModel, history: History, request: Request, n_threads: Any
) -> None:
    """Warn if forecasts begin between the windows that step_length has trained.

    It warns only if such forecasts were far worse on held-out rows, as with a daily
    profile at another hour than the trained one.
    """
    step_length, horizon = model.plan.step_length, model.plan.horizon
    if step_length == 1:
        return
    reasons = []
    if (request.steps <= 0).any():
        reasons.append("rows within the sample are requested")
    if request.n_ahead > horizon and horizon % step_length:
        reasons.append(f"forecasts are rolled beyond horizon={horizon}")
    if request.n_ahead and _ends_between(model, history):
        reasons.append("a series ends between two of them")
    if not reasons:
        return
    ratio = HeldOut(model, history, n_threads, 1).ratio_between()
    if ratio > 1:
        warn(
            f"step_length={step_length} trains only forecasts that begin every "
            f"{step_length} rows, but others are needed here: {' and '.join(reasons)}. "
            f"On held-out rows the errors of those were {ratio:.1f} times as large. "
            "Set step_length=1, or a step that shares no factor with the season, such "
            "as 23 for hours of the day, and fit again"
        )


def rows_between(model: ForecastModel, history: History, n_ahead: int) -> int:
    """Rows between the origins at which the spread of forecasts ahead is measured.

    Distributions that begin between the trained windows are measured at all rows,
    because few rows resemble them.
    """
    plan = model.plan
    is_rolled_between = n_ahead > plan.horizon and plan.horizon % plan.step_length
    if not plan.is_point and (is_rolled_between or _ends_between(model, history)):
        return 1
    return plan.step_length


def _ends_between(model: ForecastModel, history: History) -> bool:
    """Whether a series ends between two of the trained windows."""
    distances = history.ends - model.first_held_out(history)
    is_between = distances % model.plan.step_length > 0
    return bool((is_between & _was_trained(model, history)).any())


def _was_trained(model: ForecastModel, history: History) -> np.ndarray:
    """Which series have both training rows and held-out rows."""
    firsts = model.first_held_out(history)
    return (firsts < history.ends) & (firsts > history.offsets + 1)

"""From what is asked for to values of y: forecasts ahead and within the sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from ..windows import Origins
from ._forecasts import Forecasting
from ._history import History
from ._model import ForecastModel
from ._places import kind_of, places_of
from ._remarks import ends_between, warn_of_untrained_phase
from ._steps import Steps


class Answer:
    """Forecasts for all steps that are asked for.

    Steps ahead are forecast from the last row of their series. A row within the sample
    is forecast one step ahead from the rows before it; the first row of a series,
    before which there is none, from the row after it.

    Parameters
    ----------
    model : ForecastModel
    history : History
    steps : Steps
    future : ndarray of shape (n_series, n_ahead, n_covariates) or None
        Covariates ahead, scaled.
    n_threads : int or "auto"
    """

    def __init__(
        self,
        model: ForecastModel,
        history: History,
        steps: Steps,
        future: np.ndarray | None,
        n_threads: Any,
    ) -> None:
        warn_of_untrained_phase(model, history, steps, n_threads)
        self.steps = steps
        self.n_targets = model.plan.n_targets
        self.is_ahead = steps.steps > 0
        self.ahead: Forecasting | None = None
        self.within: Forecasting | None = None
        if self.is_ahead.any():
            ends, sizes = history.ends, history.sizes
            starts = ends - np.minimum(sizes, model.plan.window_length)
            origins = Origins(np.arange(len(ends)), starts, ends)
            how = (steps.n_ahead, n_threads, _rows_between(model, history, steps))
            self.ahead = Forecasting(model, history, origins, future, *how)
        if not self.is_ahead.all():
            origins = _origins_before(history, steps, model.plan.window_length)
            how = (1, n_threads, 1)  # they begin at any row
            self.within = Forecasting(model, history, origins, None, *how)

    @property
    def parts(self) -> list[Forecasting]:
        """The forecasts ahead and within the sample, as far as there are any."""
        return [part for part in (self.ahead, self.within) if part is not None]

    def collect(self, of: Callable[[Forecasting], np.ndarray]) -> np.ndarray:
        """Values (n_asked, ..., n_targets) of forecasts (origin, ..., step, target)."""
        parts = []
        if self.ahead is not None:
            values = of(self.ahead)  # (series, ..., step, target)
            series = self.steps.series[self.is_ahead]
            step = self.steps.steps[self.is_ahead] - 1
            parts.append((self.is_ahead, values[series, ..., step, :]))
        if self.within is not None:
            parts.append((~self.is_ahead, of(self.within)[..., 0, :]))
        shape = (len(self.steps.steps), *parts[0][1].shape[1:])
        collected = np.empty(shape)
        for where, values in parts:
            collected[where] = values
        if not np.isfinite(collected).all():
            raise ValueError(
                "the forecasts are not finite: y or X holds values too large for the "
                "network; divide them first, or train with other parameters"
            )
        return collected


def _rows_between(model: ForecastModel, history: History, steps: Steps) -> int:
    """Rows between the origins at which the spread of forecasts ahead is measured.

    Distributions that begin between the windows trained on are measured at all rows,
    since few are like them.
    """
    plan = model.plan
    is_rolled_between = steps.n_ahead > plan.horizon and plan.horizon % plan.step_length
    if not plan.is_point and (is_rolled_between or ends_between(model, history)):
        return 1
    return plan.step_length


def _origins_before(history: History, steps: Steps, window_length: int) -> Origins:
    """One origin for each row asked for within the sample."""
    is_within = steps.steps <= 0
    series = steps.series[is_within]
    rows = history.ends[series] - 1 + steps.steps[is_within]
    first = history.offsets[series]
    starts = np.maximum(first, rows - window_length)
    has_none = rows == first  # nothing comes before these
    shift = has_none & (history.sizes[series] > 1)
    return Origins(series, starts + shift, rows + shift + has_none)


def future_covariates(
    model: ForecastModel,
    history: History,
    steps: Steps,
    X: pd.DataFrame | None,
) -> np.ndarray | None:
    """Covariates of the steps ahead, scaled, (n_series, n_ahead, n_covariates).

    Raises
    ------
    ValueError
        If a row that the network needs is not in X, or holds no number.
    """
    names, n_ahead, plan = history.X_names, steps.n_ahead, model.plan
    if not names or n_ahead == 0:
        return None
    known = [names[column - plan.n_targets] for column in plan.future]
    values = np.zeros((len(history.keys), n_ahead, len(names)))
    if not known:
        return values
    stamps = steps.stamps_ahead(history)
    rows = _known_rows(X, known, stamps)
    rows = rows.reshape(len(history.keys), n_ahead, len(known))
    needed = _needed(steps, n_ahead, len(history.keys), plan.horizon)
    missing = needed & ~np.isfinite(rows).all(axis=2)
    if missing.any():
        series, step = np.argwhere(missing)[0]
        raise ValueError(
            f"X has no row, or a value that is missing, for step {step + 1} ahead "
            f"({stamps[series * n_ahead + step]}); pass X for all steps from 1 to the "
            "last one that is asked for"
        )
    columns = [column - plan.n_targets for column in plan.future]
    values[..., columns] = np.nan_to_num(rows)
    scaled = model.scaling.covariates(values)
    scaled[~needed] = 0
    return scaled


def _known_rows(X: pd.DataFrame | None, known: list, stamps: pd.Index) -> np.ndarray:
    """Rows of X at the stamps, NaN where there is none."""
    if X is None:
        raise ValueError(
            "this forecaster was fitted with X, so predict needs the rows of X for the "
            f"steps ahead: columns {known}. Columns whose future is not known can be "
            "named in past_columns"
        )
    absent = [name for name in known if name not in X.columns]
    if absent:
        raise ValueError(
            f"X lacks the columns {absent}, with which the forecaster was fitted; "
            "columns whose future is not known can be named in past_columns"
        )
    if kind_of(X.index) != kind_of(stamps):
        raise ValueError(
            f"X has an index of {kind_of(X.index)}, but y has {kind_of(stamps)}; give "
            "X the index of y (to_period, to_timestamp, tz_localize)"
        )
    values = X.loc[:, known].to_numpy(dtype=np.float64, na_value=np.nan)
    places = places_of(stamps, X.index, "X")
    return np.where(places[:, None] < 0, np.nan, values[places])


def _needed(steps: Steps, n_ahead: int, n_series: int, horizon: int) -> np.ndarray:
    """Steps whose covariates change what is asked for, (n_series, n_ahead)."""
    ahead = steps.steps > 0
    needed = np.zeros((n_series, n_ahead), dtype=bool)
    needed[steps.series[ahead], steps.steps[ahead] - 1] = True
    if n_ahead <= horizon:
        return needed  # each step is decoded on its own
    last = np.zeros(n_series, dtype=int)
    np.maximum.at(last, steps.series[ahead], steps.steps[ahead])
    return np.arange(n_ahead) < last[:, None]

"""Requests to a forecaster: steps of series, their stamps and their covariates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from sktime.forecasting.base import ForecastingHorizon

from .._warnings import warn
from ._calendar import Calendar, better_of, check_reach
from ._history import History, numbers_of
from ._stamps import freq_of, in_zone_of, kind_of, places_of

_LONGEST_BREAK = 5  # stamps that holidays may leave out in a row, if no more were seen


@dataclass(frozen=True)
class Request:
    """The requested values: entries, in the order of the answer.

    Parameters
    ----------
    series : ndarray of int
        Place of the series in the history, by entry.
    steps : ndarray of int
        1 is the first step after the last row of that series, 0 that row itself, -1 the
        row before it.
    index : Index
        Stamps of the entries, after the names of the series if there are several.
    calendar : Calendar
        The calendar that counts the steps ahead.
    """

    series: np.ndarray
    steps: np.ndarray
    index: pd.Index
    calendar: Calendar

    @property
    def n_ahead(self) -> int:
        """Steps to forecast after the last rows; 0 if all are within the sample."""
        return max(0, int(self.steps.max()))

    def covariates(
        self, X: pd.DataFrame | None, names: list, history: History, horizon: int
    ) -> np.ndarray:
        """Rows of X at the steps ahead, (n_series, n_ahead, n_names).

        Steps that change no entry hold NaN: a network decodes ``horizon`` steps at
        once, each on its own.

        Raises
        ------
        ValueError
            If X lacks a row that is needed, or the row holds NaN.
        """
        n_series, n_ahead = len(history.keys), self.n_ahead
        ahead = _Ahead(self.calendar)
        last = [ahead.of(times[-1:], n_ahead) for times in history.times]
        stamps = history.index_of(last, range(n_series))
        rows = _rows_at(stamps, X, names).reshape(n_series, n_ahead, len(names))
        is_needed = self._needs(n_series, horizon)
        missing = is_needed & ~np.isfinite(rows).all(axis=2)
        if missing.any():
            series, step = np.argwhere(missing)[0]
            raise ValueError(
                f"X has no row, or a value that is missing, for step {step + 1} ahead "
                f"({stamps[series * n_ahead + step]}); pass X for all steps from 1 to "
                "the last one requested"
            )
        return np.where(is_needed[..., None], rows, np.nan)

    def _needs(self, n_series: int, horizon: int) -> np.ndarray:
        """Steps whose covariates change an entry, (n_series, n_ahead)."""
        n_ahead, is_ahead = self.n_ahead, self.steps > 0
        series, steps = self.series[is_ahead], self.steps[is_ahead]
        if n_ahead <= horizon:  # each step is decoded on its own
            needs = np.zeros((n_series, n_ahead), dtype=bool)
            needs[series, steps - 1] = True
            return needs
        last = np.zeros(n_series, dtype=int)
        np.maximum.at(last, series, steps)
        return np.arange(n_ahead) < last[:, None]


def _rows_at(stamps: pd.Index, X: pd.DataFrame | None, names: list) -> np.ndarray:
    """Rows of X at the stamps, NaN if there is none."""
    if X is None:
        raise ValueError(
            "this forecaster was fitted with X, so predict needs the rows of X for the "
            f"steps ahead: columns {names}. Name columns whose future is not known in "
            "past_columns"
        )
    absent = [name for name in names if name not in X.columns]
    if absent:
        raise ValueError(
            f"X lacks the columns {absent}, which the forecaster was fitted with; name "
            "columns whose future is not known in past_columns"
        )
    if kind_of(X.index) != kind_of(stamps):
        raise ValueError(
            f"X has an index of {kind_of(X.index)}, but y has {kind_of(stamps)}; give "
            "X the index of y (to_period, to_timestamp, tz_localize)"
        )
    values, places = numbers_of(X.loc[:, names], "X"), places_of(stamps, X.index, "X")
    return np.where(places[:, None] < 0, np.nan, values[places])


def request_of(
    fh: ForecastingHorizon, history: History, X: pd.DataFrame | None = None
) -> Request:
    """The steps of ``fh``, counted in each series from its own last row.

    ``X`` holds covariates of the steps ahead; if the calendar is uncertain, its stamps
    are the next ones.
    """
    calendar = better_of(history.calendar, freq_of(fh.to_pandas()), history.longest)
    if X is not None:
        calendar = better_of(calendar, freq_of(X.index), history.longest)
    request = _counted_by(calendar, fh, history)
    if X is None or not calendar.may_skip or request.n_ahead == 0:
        return request
    stamps = in_zone_of(X.index, history.longest).get_level_values(-1)
    skipping = _skipping(calendar, stamps, history, request.n_ahead)
    if skipping is None:
        return request
    again = _counted_by(skipping, fh, history)
    ahead = again.index.get_level_values(-1)[again.steps > 0]
    if not ahead.isin(skipping.later).all():
        return request  # in this case, too, X may lack requested rows
    _warn_of_skipped(calendar, skipping, history)
    return again


def request_of_rows(
    index: pd.Index, history: History, X: pd.DataFrame | None = None
) -> Request:
    """The steps of the rows of a table.

    Rows of a panel must have been seen. If the calendar is uncertain, newer rows of a
    single series, and those of X, are the next ones.
    """
    if history.is_panel:
        return _request_of_panel(index, history)
    calendar, times = history.calendar, history.times[0]
    _check_kind(index, times)
    later = index[index > times[-1]]
    if calendar.may_skip and len(later):
        known = later if X is None else later.union(X.index)
        n_ahead = int(calendar.steps_to(times[-1:], later[-1:])[0])
        skipping = _skipping(calendar, known, history, n_ahead)
        if skipping is not None:
            _warn_of_skipped(calendar, skipping, history)
            calendar = skipping
    steps, stamps = _looked_up(index, times, _Ahead(calendar))
    return Request(np.zeros(len(index), int), steps, stamps, calendar)


def _request_of_panel(index: pd.Index, history: History) -> Request:
    ahead = _Ahead(history.calendar)
    places = {key: place for place, key in enumerate(history.keys)}
    names = index.droplevel(-1)
    unknown = [name for name in names.unique() if name not in places]
    if unknown:
        raise ValueError(f"y holds series that the forecaster has not seen: {unknown}")
    series = np.array([places[name] for name in names])
    steps, stamps = np.empty(len(index), dtype=np.int64), index.get_level_values(-1)
    for place in np.unique(series):
        own, times = series == place, history.times[place]
        if (stamps[own] > times[-1]).any():
            raise ValueError(
                f"y holds rows after {times[-1]}, the last row seen of a series; pass "
                "them to update first"
            )
        steps[own] = _looked_up(stamps[own], times, ahead)[0]
    return Request(series, steps, index, history.calendar)


def _skipping(
    calendar: Calendar, stamps: pd.Index, history: History, n_ahead: int
) -> Calendar | None:
    """The calendar without the stamps that a table leaves out, like holidays.

    None if the table has all stamps that are needed, or none soon enough: it must not
    leave out more in a row than were ever seen. Stamps between those of the calendar
    mean that the table is finer.
    """
    if kind_of(stamps) != kind_of(history.longest):
        return None
    first = min(times[-1] for times in history.times)
    last = max(times[-1] for times in history.times)
    later = stamps[stamps > first].unique().sort_values()
    places = calendar.steps_to(pd.Index([first]), later)
    later, places = later[places > 0], places[places > 0]
    if len(later) == 0 or calendar.ahead(pd.Index([last]), n_ahead).isin(later).all():
        return None
    longest = max(_LONGEST_BREAK, calendar.longest_break(history.longest))
    is_too_far = np.diff(places, prepend=0) - 1 > longest
    if is_too_far.any():  # later rows do not show which stamps come next
        later = later[: int(is_too_far.argmax())]
    return replace(calendar, later=later) if len(later) else None


def _warn_of_skipped(calendar: Calendar, skipping: Calendar, history: History) -> None:
    last = pd.Index([max(times[-1] for times in history.times)])
    later = last[:0] if skipping.later is None else skipping.later
    until = calendar.steps_to(last, later[-1:])[0]
    skipped = calendar.ahead(last, int(until)).difference(later)
    if len(skipped):
        warn(
            f"there is no row at {skipped[0]} ({len(skipped)} stamp(s) of {calendar}, "
            "which was assumed, are left out): the given rows are taken as the next "
            "ones. If the missing stamps are not holidays, add their rows; otherwise "
            "give y an index whose freq knows the holidays, such as "
            "pd.offsets.CustomBusinessDay(holidays=...)"
        )


def _counted_by(
    calendar: Calendar, fh: ForecastingHorizon, history: History
) -> Request:
    values = fh.to_pandas()
    is_duration = fh.is_relative and values.dtype.kind not in "iu"
    count = _counted if fh.is_relative and not is_duration else _looked_up
    ahead = _Ahead(calendar)
    steps, stamps = [], []
    for times in history.times:
        own = values
        if is_duration:
            own = pd.Index([times[-1] + duration for duration in values])
        own_steps, own_stamps = count(own, times, ahead)
        steps.append(own_steps)
        stamps.append(own_stamps)
    order = history.order
    series = np.repeat(order, [len(steps[place]) for place in order])
    in_order = np.concatenate([steps[place] for place in order])
    return Request(series, in_order, history.index_of(stamps, order), calendar)


def _counted(steps: Any, times: pd.Index, ahead: _Ahead) -> tuple[np.ndarray, pd.Index]:
    """Steps from the last row, and their stamps."""
    steps = np.asarray(steps, dtype=np.int64)
    rows = steps[steps <= 0] + len(times) - 1
    if (rows < 0).any():
        raise ValueError(
            f"fh asks for step {steps[0]}, which is before the first row of the series "
            f"({times[0]}); it has {len(times)} rows, so ask for steps from "
            f"{1 - len(times)} on"
        )
    later = steps[steps > 0]
    if len(later) == 0:
        return steps, times[rows]
    stamps = ahead.of(times[-1:], int(later.max()))
    if len(stamps) > len(later):  # otherwise they stay a range of dates with a freq
        stamps = stamps[later - 1]
    if len(rows):
        stamps = times[rows].append(stamps)
    return steps, stamps.rename(times.name)


def _looked_up(
    stamps: pd.Index, times: pd.Index, ahead: _Ahead
) -> tuple[np.ndarray, pd.Index]:
    """The steps of stamps: within the sample by its rows, ahead by the calendar."""
    _check_kind(stamps, times)
    given, stamps = stamps, in_zone_of(stamps, times)
    is_later = np.asarray(stamps > times[-1])
    steps = np.empty(len(stamps), dtype=np.int64)
    within = stamps[~is_later]
    rows = places_of(within, times, "y")
    if (rows < 0).any():
        raise _no_such_row(within[rows < 0][0], times)
    steps[~is_later] = rows - (len(times) - 1)
    steps[is_later] = ahead.calendar.steps_to(times[-1:], stamps[is_later])
    if (steps[is_later] == 0).any():
        wrong = stamps[is_later][steps[is_later] == 0][0]
        some = [str(stamp) for stamp in ahead.of(times[-1:], 3)]
        raise ValueError(
            f"fh asks for {wrong}, which is not a stamp of the series: after its last "
            f"row ({times[-1]}) come {', '.join(some)} and so on, by {ahead.calendar}. "
            "Ask for stamps of its calendar, or give y an index with its freq"
        )
    return steps, given


def _check_kind(stamps: pd.Index, times: pd.Index) -> None:
    if kind_of(stamps) != kind_of(times):
        raise ValueError(
            f"fh asks for {kind_of(stamps)}, but the index of y has {kind_of(times)}; "
            "ask for stamps of the same kind, or for steps, such as fh=[1, 2, 3]"
        )


def _no_such_row(stamp: Any, times: pd.Index) -> ValueError:
    if stamp < times[0]:
        return ValueError(
            f"fh asks for {stamp}, which is before the first row of the series "
            f"({times[0]}); ask for stamps from there on"
        )
    return ValueError(
        f"fh asks for {stamp}, but y has no row there; within the sample ask for "
        "stamps of rows of y"
    )


class _Ahead:
    """Stamps ahead of a last one (index of length 1), cached: series share many."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self._known: dict[Any, pd.Index] = {}

    def of(self, last: pd.Index, n_steps: int) -> pd.Index:
        known = self._known.get(last[0])
        if known is None or len(known) < n_steps:
            check_reach(n_steps)
            known = self._known[last[0]] = self.calendar.ahead(last, n_steps)
        return known[:n_steps]

"""Which steps of which series a forecasting horizon asks for, and their stamps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sktime.forecasting.base import ForecastingHorizon

from .._warnings import warn
from ._calendar import Calendar, as_offset, better_of, check_reach
from ._history import History
from ._places import in_zone_of, kind_of, places_of

_LONGEST_BREAK = 5  # stamps that holidays leave out in a row, if no more was seen


@dataclass(frozen=True)
class Steps:
    """The values asked for, one an entry, in the order of the answer.

    Parameters
    ----------
    series : ndarray of int
        Place of the series in the history.
    steps : ndarray of int
        1 is the first after the last row of that series, 0 that row itself, -1 the row
        before it.
    index : Index
        Stamps, with the names of the series before them if there are several.
    calendar : Calendar
        How steps ahead were counted.
    """

    series: np.ndarray
    steps: np.ndarray
    index: pd.Index
    calendar: Calendar

    @property
    def n_ahead(self) -> int:
        """Steps to roll, none if all are within the sample."""
        return max(0, int(self.steps.max()))

    def stamps_ahead(self, history: History) -> pd.Index:
        """Stamps of steps 1 to ``n_ahead`` of each series, in the order of the keys."""
        ahead = _Ahead(self.calendar)
        stamps = [ahead.of(times[-1:], self.n_ahead) for times in history.times]
        return history.index_of(stamps, range(len(history.keys)))


def steps_of(
    fh: ForecastingHorizon, history: History, X: pd.DataFrame | None = None
) -> Steps:
    """Each series counts its steps, and gets its stamps, from its own last row.

    Parameters
    ----------
    X : DataFrame or None
        Covariates of the steps ahead. Where the calendar is not sure, their stamps are
        the next ones.
    """
    values = fh.to_pandas()
    calendar = better_of(history.calendar, as_offset(values), history.longest)
    if X is not None:
        calendar = better_of(calendar, as_offset(X.index), history.longest)
    steps = _steps_by(calendar, fh, history)
    if X is None or not calendar.may_skip or steps.n_ahead == 0:
        return steps
    stamps = in_zone_of(X.index, history.longest).get_level_values(-1)
    told = _skipping(calendar, stamps, history, steps.n_ahead)
    if told is None:
        return steps
    again = _steps_by(told, fh, history)
    ahead = again.index.get_level_values(-1)[again.steps > 0]
    if not ahead.isin(told.later).all():
        return steps  # in this way, too, X lacks rows that are asked for
    _warn_of_skipped(calendar, told, history)
    return again


def _skipping(
    calendar: Calendar, stamps: pd.Index, history: History, n_ahead: int
) -> Calendar | None:
    """With the next stamps as a table has them, if it leaves some out as holidays.

    None if it has all that are needed, or none soon enough: it may not leave out more
    in a row than was ever seen. Stamps between those of the calendar are those of a
    finer table.
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
    if is_too_far.any():  # later rows have nothing to say of the next ones
        later = later[: int(is_too_far.argmax())]
    return calendar.with_later(later) if len(later) else None


def _warn_of_skipped(calendar: Calendar, told: Calendar, history: History) -> None:
    last = pd.Index([max(times[-1] for times in history.times)])
    later = told.later if told.later is not None else last[:0]
    until = calendar.steps_to(last, later[-1:])[0]
    skipped = calendar.ahead(last, int(until)).difference(later)
    if len(skipped):
        warn(
            f"there is no row at {skipped[0]} ({len(skipped)} stamp(s) of {calendar}, "
            "which was assumed, are left out): the rows that come are taken as the "
            "next ones. If these are no holidays, add the rows; else give y an index "
            "whose freq knows them, such as pd.offsets.CustomBusinessDay(holidays=...)"
        )


def _steps_by(calendar: Calendar, fh: ForecastingHorizon, history: History) -> Steps:
    values = fh.to_pandas()
    ahead = _Ahead(calendar)
    steps, stamps = [], []
    for times in history.times:
        own = values
        if fh.is_relative and values.dtype.kind not in "iu":
            own = pd.Index([times[-1] + duration for duration in values])
            is_counted = False
        else:
            is_counted = fh.is_relative
        count = _counted if is_counted else _looked_up
        own_steps, own_stamps = count(own, times, ahead)
        steps.append(own_steps)
        stamps.append(own_stamps)
    return Steps(
        np.concatenate([np.full(len(steps[place]), place) for place in history.order]),
        np.concatenate([steps[place] for place in history.order]),
        history.index_of(stamps, history.order),
        calendar,
    )


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
    if len(stamps) > len(later):  # else they stay a range of dates, with a freq
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
    rows = places_of(stamps[~is_later], times, "y")
    if (rows < 0).any():
        raise ValueError(_of_no_row(stamps[~is_later][rows < 0][0], times))
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


def _of_no_row(stamp: Any, times: pd.Index) -> str:
    if stamp < times[0]:
        return (
            f"fh asks for {stamp}, which is before the first row of the series "
            f"({times[0]}); ask for stamps from it on"
        )
    return (
        f"fh asks for {stamp}, but y has no row there; within the sample ask for "
        "stamps of rows of y"
    )


class _Ahead:
    """Stamps ahead of last ones, of which series share many."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self._known: dict[Any, pd.Index] = {}

    def of(self, last: pd.Index, n_steps: int) -> pd.Index:
        """The next stamps after a last one, an index of length 1."""
        known = self._known.get(last[0])
        if known is None or len(known) < n_steps:
            check_reach(n_steps)
            known = self._known[last[0]] = self.calendar.ahead(last, n_steps)
        return known[:n_steps]


def steps_within(
    index: pd.Index, history: History, X: pd.DataFrame | None = None
) -> Steps:
    """The steps of rows by their names and stamps.

    Those of a panel must have been seen. Rows of a single series that have not, and
    those of X, are the next ones, if the calendar is not sure.
    """
    calendar = history.calendar
    if not history.is_panel:
        times = history.times[0]
        _check_kind(index, times)
        later = index[index > times[-1]]
        if calendar.may_skip and len(later):
            known = later if X is None else later.union(X.index)
            n_ahead = int(calendar.steps_to(times[-1:], later[-1:])[0])
            told = _skipping(calendar, known, history, n_ahead)
            if told is not None:
                _warn_of_skipped(calendar, told, history)
                calendar = told
        steps, stamps = _looked_up(index, times, _Ahead(calendar))
        return Steps(np.zeros(len(index), int), steps, stamps, calendar)
    ahead = _Ahead(calendar)
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
                f"y holds rows after {times[-1]}, the last that was seen of a series; "
                "give them to update first"
            )
        steps[own] = _looked_up(stamps[own], times, ahead)[0]
    return Steps(series, steps, index, calendar)

"""The calendar of series: which stamps follow each other, inferred from the rows."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
from pandas import offsets
from pandas.errors import PerformanceWarning
from pandas.tseries.frequencies import to_offset
from pandas.tseries.offsets import BaseOffset, Tick

from ._stamps import (
    dates_from,
    differences_of,
    distances_from,
    freq_of,
    next_dates,
    stamps_after,
)

MOST_STEPS = 1_000_000
_LARGEST_GRID = 10  # stamps of a grid per row; a sparser grid is meaningless
_LONG = 10_000  # units; a duration reads better than their number
_SOME = 8  # stamps, enough to hold the shortest distance between two
_WEEKLY = ("C", "B", "bh", "cbh")  # offsets that skip days, and so maybe holidays
_CHUNK = 12  # rows that must not lack a stamp
_MOST_CHUNKS = 40
_DAY = pd.Timedelta(hours=20)  # less than 24, since clocks are put forward
_WEEKDAYS = np.array(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"])
_OF_MONTHS = ("MS", "ME", "BMS", "BME")
_OF_QUARTERS_AND_YEARS = ("QS", "QE", "BQS", "BQE", "YS", "YE", "BYS", "BYE")


@dataclass(frozen=True)
class Calendar:
    """How the stamps of series follow each other.

    Parameters
    ----------
    step : DateOffset, Timedelta, int or None
        The step from one stamp to the next: an offset for dates, a number for periods
        and integers, a Timedelta for durations. None if there is a single stamp.
    is_known : bool
        Whether the ``freq`` of the index is the step, or integers and periods are
        evenly spaced. Otherwise the step was inferred from the rows.
    may_skip : bool
        Whether stamps may be left out, like holidays: the step was inferred and skips
        days, or rows differ from it already.
    later : Index or None
        The first stamps after the last one seen, from a table of covariates.
    """

    step: Any
    is_known: bool = True
    may_skip: bool = False
    later: pd.Index | None = None

    def ahead(self, last: pd.Index, n_steps: int) -> pd.Index:
        """The next stamps after a last one, which is an index of length 1."""
        known = self._later_than(last)[:n_steps]
        if len(known):
            rest = replace(self, later=None)
            return known.append(rest.ahead(known[-1:], n_steps - len(known)))
        if n_steps < 1:
            return last[:0]
        self._check_countable(last)
        if not isinstance(last, pd.DatetimeIndex):
            return stamps_after(last, self.step * np.arange(1, n_steps + 1))
        dates = dates_from(last[0], self.step, periods=n_steps + 2)
        first = int(np.argmax(dates > last[0]))  # the last row may lie between stamps
        return dates[first : first + n_steps].as_unit(last.unit)

    def steps_to(self, last: pd.Index, stamps: pd.Index) -> np.ndarray:
        """The number of steps from the last stamp to each; 0 if not in the calendar.

        Raises
        ------
        ValueError
            If the number of steps to a stamp exceeds the longest forecast.
        """
        if len(stamps) == 0:
            return np.zeros(0, dtype=np.int64)
        known = self._later_than(last)
        if len(known):
            return self._steps_by_way_of(known, stamps)
        self._check_countable(last)
        if self._length is not None:
            steps, rest = divmod(distances_from(last, stamps), self._length)
            steps = np.where(rest == 0 * rest, steps, 0).astype(np.int64)
            check_reach(int(steps.max()))
            return steps
        dates = dates_from(last[0], self.step, end=stamps.max())
        dates = dates[dates > last[0]]
        check_reach(len(dates))
        return dates.get_indexer(stamps) + 1

    def _later_than(self, last: pd.Index) -> pd.Index:
        """The ``later`` stamps that come after a last one."""
        return last[:0] if self.later is None else self.later[self.later > last[0]]

    def _steps_by_way_of(self, known: pd.Index, stamps: pd.Index) -> np.ndarray:
        """Like ``steps_to``, but first along the later stamps that are known."""
        steps = known.get_indexer(stamps) + 1
        beyond = np.asarray(stamps > known[-1])
        further = replace(self, later=None).steps_to(known[-1:], stamps[beyond])
        steps[beyond] = np.where(further > 0, further + len(known), 0)
        return steps

    def _check_countable(self, last: pd.Index) -> None:
        if self.step is None:
            raise ValueError(
                f"steps cannot be counted from {last[0]!r}, the last row of y: a "
                "single row does not show the step. Give y more rows, or an index of "
                "a known frequency (y.asfreq, y.to_period)"
            )

    def follow(self, times: pd.Index) -> np.ndarray:
        """Whether each stamp is one step after the one before it, (n - 1,) of bool."""
        if len(times) < 2 or self.step is None:
            return np.ones(max(0, len(times) - 1), dtype=bool)
        if not isinstance(times, pd.DatetimeIndex):
            return np.asarray(differences_of(times) == self.step)
        codes, different = times[:-1].factorize()  # series share most of their stamps
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PerformanceWarning)  # holidays cost a loop
            expected = next_dates(different, self.step)
        return np.asarray(expected.take(codes) == times[1:])

    def share_explained(self, times: pd.Index) -> float:
        """Stamps that rows and grid share, as a share of all (Jaccard index)."""
        if self.step is None or len(times) < 2 or times[0] == times[-1]:
            return 0.0
        span = times[-1] - times[0]
        if self._length is not None:
            n_grid = int(span // self._length) + 1
            rest = distances_from(times[-1:], times) % self._length
            n_shared = int((rest == 0 * rest).sum())
        else:
            some = dates_from(times[0], self.step, periods=_SOME)
            if span / (some[1:] - some[:-1]).min() > _LARGEST_GRID * len(times):
                return 0.0
            grid = dates_from(times[0], self.step, end=times[-1])
            n_grid, n_shared = len(grid), int(times.isin(grid).sum())
        return n_shared / (len(times) + n_grid - n_shared)

    @property
    def _length(self) -> Any:
        """The length of all steps, if they are equally long."""
        if isinstance(self.step, Tick):
            return pd.Timedelta(self.step)
        return None if isinstance(self.step, BaseOffset) else self.step

    def longest_break(self, times: pd.Index) -> int:
        """The largest number of stamps left out between two rows."""
        steps: Any = [0]
        if isinstance(times, pd.DatetimeIndex) and self.step is not None:
            steps = _steps_between(times, self.step) - 1
        elif self.step is not None:
            steps = differences_of(times) // self.step - 1
        return int(max(steps, default=0))

    def __str__(self) -> str:
        if isinstance(self.step, Tick) and self.step.n > _LONG:
            return f"a step of {pd.Timedelta(self.step)}"
        if isinstance(self.step, BaseOffset):
            details = [f"{name}={text}" for name, text in _details(self.step)]
            return " ".join([f"freq={self.step.freqstr!r}", *details])
        return f"a step of {self.step}"


def _details(step: BaseOffset) -> Iterator[tuple[str, str]]:
    """Details that the name of an offset lacks: days of the week and hours."""
    own = step.kwds if "C" in step.freqstr or "bh" in step.freqstr else {}
    if "weekmask" in own:
        yield "weekmask", repr(own["weekmask"])
    for name in ("start", "end"):
        if name in own:
            yield name, ", ".join(f"{time:%H:%M}" for time in own[name])


def check_reach(n_steps: int) -> None:
    """Raise if a forecast would have too many steps."""
    if n_steps > MOST_STEPS:
        raise ValueError(
            f"fh asks for step {n_steps} ahead; forecasts reach {MOST_STEPS} steps at "
            "most, rolled forward block by block. Check that fh counts steps of the "
            "index of y"
        )


def calendar_of(
    index: pd.Index, times: pd.Index, hint: BaseOffset | None = None
) -> Calendar:
    """The calendar from the freq of the index of all series, or inferred from the rows.

    Parameters
    ----------
    times : Index
        Stamps of the longest series, ascending.
    hint : DateOffset or None
        Step of another table, used if no other step explains more of the rows.
    """
    if isinstance(times, pd.PeriodIndex):
        return _of_numbers(times, times.freq.n)
    if not isinstance(times, pd.DatetimeIndex):
        one = 1 if times.dtype.kind in "iu" else None
        return _of_numbers(times, one)
    own = freq_of(index)
    if own is not None and not isinstance(index, pd.MultiIndex):
        return Calendar(own)  # a level keeps its freq even after rows are dropped
    found = _best(times.unique(), own or hint)
    if found.step is None:
        return found
    skips_days = found.step.base.freqstr in _WEEKLY
    may_skip = skips_days or not found.follow(times).all()
    return replace(found, may_skip=may_skip and not found.is_known)


def better_of(calendar: Calendar, hint: BaseOffset | None, times: pd.Index) -> Calendar:
    """The calendar, or one with another step that explains the rows as well."""
    if hint is None or calendar.is_known or hint == calendar.step:
        return calendar
    other = replace(calendar, step=hint, is_known=True, may_skip=False)
    share = other.share_explained(times)
    least = 0.0 if calendar.step is None else calendar.share_explained(times)
    return other if share >= max(least, np.finfo(float).tiny) else calendar


def _of_numbers(times: pd.Index, one: Any) -> Calendar:
    """The step of integers, periods or durations: the usual distance, or ``one``."""
    distances = differences_of(times)
    distances = distances[distances > 0 * distances]
    step = pd.Series(distances).mode().iloc[0] if len(distances) else one
    if isinstance(step, np.integer):
        step = int(step)
    is_even = len(distances) > 0 and bool((distances == step).all())
    return Calendar(step, is_known=is_even, may_skip=not is_even)


def _best(times: pd.DatetimeIndex, hint: BaseOffset | None) -> Calendar:
    """The step that explains most of the dates; of equal ones the first."""
    best, share = Calendar(None, is_known=False), 0.0
    for step in _steps_to_try(times, hint):
        other = Calendar(step, is_known=step == hint)
        other_share = other.share_explained(times)
        if other_share > share:
            best, share = other, other_share
        if share == 1.0:
            return best
    if best.step is None and len(times) > 1:
        best = replace(best, step=to_offset(pd.Series(times[1:] - times[:-1]).min()))
    return best


def _steps_to_try(
    times: pd.DatetimeIndex, hint: BaseOffset | None
) -> Iterator[BaseOffset]:
    """Single steps, then several of each."""
    single: list[BaseOffset] = []
    for step in chain([] if hint is None else [hint], _candidates(times)):
        if step not in single:
            single.append(step)
            yield step
    for step in single:
        yield _several(step, times)


def _several(step: Any, times: pd.DatetimeIndex) -> Any:
    """The usual number of steps between rows, such as every second business day."""
    if isinstance(step, Tick) or Calendar(step).share_explained(times) == 0:
        return step
    usual = pd.Series(_steps_between(times, step)).mode()
    return step * int(usual.iloc[0]) if len(usual) else step


def _steps_between(times: pd.DatetimeIndex, step: BaseOffset) -> np.ndarray:
    """Steps from each date of the grid to the next one that has a row."""
    places = dates_from(times[0], step, end=times[-1]).get_indexer(times)
    return np.diff(places[places >= 0])


def _candidates(times: pd.DatetimeIndex) -> Iterator[BaseOffset]:
    """Steps to try, the plainest first; dates ascend and do not repeat."""
    whole = _inferred(times)
    if whole is not None:
        yield whole  # may be wrong: it takes any eight hours for 9 to 17
    if len(times) < 2:
        return
    usual = pd.Series(times[1:] - times[:-1]).mode().iloc[0]
    is_daily = usual >= _DAY
    if is_daily:
        yield from _of_days(times)
        yield from _of_weeks_and_months(times)
        yield offsets.Day(max(1, round(usual / pd.Timedelta(days=1))))
    yield to_offset(usual)
    if not is_daily and usual >= pd.Timedelta(minutes=59):
        yield from _of_hours(times)
    firsts = np.linspace(0, max(0, len(times) - _CHUNK), _MOST_CHUNKS).astype(int)
    for first in np.unique(firsts):
        found = _inferred(times[first : first + _CHUNK])
        if found is not None:
            yield found


def _inferred(times: pd.DatetimeIndex) -> BaseOffset | None:
    name = pd.infer_freq(times) if len(times) > 2 else None
    return None if name is None else to_offset(name)


def _of_days(times: pd.DatetimeIndex) -> Iterator[BaseOffset]:
    yield offsets.Day()
    yield offsets.BusinessDay()
    if _weekmask(times) is not None:
        yield offsets.CustomBusinessDay(weekmask=_weekmask(times))


def _weekmask(times: pd.DatetimeIndex) -> Any:
    """The days of the week that have rows; None if all days have rows."""
    days = np.bincount(times.dayofweek, minlength=7) > 0
    if days.all() or days.sum() < 2:  # one day a week is a week
        return None
    return " ".join(_WEEKDAYS[days])


def _of_weeks_and_months(times: pd.DatetimeIndex) -> Iterator[BaseOffset]:
    day, month = times[-1].strftime("%a").upper(), times[-1].strftime("%b").upper()
    yield to_offset(f"W-{day}")
    yield offsets.LastWeekOfMonth(weekday=times[-1].weekday())
    for name in _OF_MONTHS:
        yield to_offset(name)
    for name in _OF_QUARTERS_AND_YEARS:
        yield to_offset(f"{name}-{month}")
    yield offsets.SemiMonthBegin()
    yield offsets.SemiMonthEnd()
    for n_months in (1, 3, 12):  # on any day
        yield pd.DateOffset(months=n_months)


def _of_hours(times: pd.DatetimeIndex) -> Iterator[BaseOffset]:
    """Business hours, possibly past midnight, if some hours have no rows."""
    hours = np.unique(times.hour)
    if len(hours) < 2 or len(hours) > 23 or times.minute.nunique() > 1:
        return
    free = (np.roll(hours, -1) - hours) % 24  # hours to the next hour with rows
    last = int(np.argmax(free))
    minute = times[0].minute
    start = f"{hours[(last + 1) % len(hours)]:02d}:{minute:02d}"
    end = f"{(hours[last] + 1) % 24:02d}:{minute:02d}"
    weekmask = _weekmask(times) or " ".join(_WEEKDAYS)
    yield offsets.BusinessHour(start=start, end=end)
    yield offsets.CustomBusinessHour(start=start, end=end, weekmask=weekmask)

"""How stamps follow each other, and which come after the last that was seen."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
from pandas.errors import PerformanceWarning
from pandas.tseries.frequencies import to_offset
from pandas.tseries.offsets import BaseOffset, Tick

from ._guesses import candidates

MOST_STEPS = 1_000_000
_LARGEST_GRID = 10  # stamps of a grid for each that is seen; a sparser one says nothing
_LONG = 10_000  # units; a length reads better than their number
_SOME = 8  # stamps, among which is the shortest distance between two
_WEEKLY = ("C", "B", "bh", "cbh")  # offsets that skip days, and so maybe holidays too


@dataclass(frozen=True)
class Calendar:
    """How the stamps of series follow each other.

    Parameters
    ----------
    step : DateOffset, Timedelta, int or None
        From one stamp to the next: of dates an offset, of periods and integers a
        number, of durations a Timedelta. None if there is a single stamp.
    is_known : bool
        Whether the index said so by its ``freq``, or integers and periods are even.
        Otherwise the step was found from the rows.
    may_skip : bool
        Whether stamps may be left out, as holidays are: in a calendar that was found
        and skips days, or from which rows differ already.
    later : Index or None
        The stamps that come first after those seen, as a table of covariates has them.
    """

    step: Any
    is_known: bool = True
    may_skip: bool = False
    later: pd.Index | None = None

    def ahead(self, last: pd.Index, n_steps: int) -> pd.Index:
        """The next stamps after a last one, which is an index of length 1."""
        if self.later is not None:
            known = self.later[self.later > last[0]][:n_steps]
            if len(known):
                rest = replace(self, later=None)
                return known.append(rest.ahead(known[-1:], n_steps - len(known)))
        if n_steps < 1:
            return last[:0]
        if self.step is None:
            raise _uncountable(last, "a single row does not tell the step")
        if not isinstance(last, pd.DatetimeIndex):
            return _shifted(last, self.step * np.arange(1, n_steps + 1))
        grid = _grid(self.step, last[0], periods=n_steps + 2)
        first = int(np.argmax(grid > last[0]))  # the last row may lie between stamps
        return grid[first : first + n_steps].as_unit(last.unit)

    def steps_to(self, last: pd.Index, stamps: pd.Index) -> np.ndarray:
        """How many steps after the last stamp these are; 0 if not in the calendar.

        Raises
        ------
        ValueError
            If there are more steps to one than can be forecast.
        """
        if len(stamps) == 0:
            return np.zeros(0, dtype=np.int64)
        if self.later is not None:
            known = self.later[self.later > last[0]]
            if len(known):
                return self._steps_by_way_of(known, stamps)
        if self.step is None:
            raise _uncountable(last, "a single row does not tell the step")
        if self._length is not None:
            steps, rest = divmod(_distances(last, stamps), self._length)
            steps = np.where(rest == 0 * rest, steps, 0).astype(np.int64)
            check_reach(int(steps.max()))
            return steps
        grid = _grid(self.step, last[0], stamps.max())
        grid = grid[grid > last[0]]
        check_reach(len(grid))
        return grid.get_indexer(stamps) + 1

    def _steps_by_way_of(self, known: pd.Index, stamps: pd.Index) -> np.ndarray:
        """As ``steps_to``, first along the later stamps that are known."""
        steps = known.get_indexer(stamps) + 1
        beyond = np.asarray(stamps > known[-1])
        further = replace(self, later=None).steps_to(known[-1:], stamps[beyond])
        steps[beyond] = np.where(further > 0, further + len(known), 0)
        return steps

    def follow(self, times: pd.Index) -> np.ndarray:
        """Whether each stamp is one step after the one before it, (n - 1,) of bool."""
        if len(times) < 2 or self.step is None:
            return np.ones(max(0, len(times) - 1), dtype=bool)
        if not isinstance(times, pd.DatetimeIndex):
            return np.asarray(_differences(times) == self.step)
        codes, different = times[:-1].factorize()  # series share most of their stamps
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PerformanceWarning)  # holidays cost a loop
            expected = _after_each(different, self.step)
        return np.asarray(expected.take(codes) == times[1:])

    def share_explained(self, times: pd.Index) -> float:
        """Stamps that rows and grid share, by those that either has (Jaccard index)."""
        if self.step is None or len(times) < 2 or times[0] == times[-1]:
            return 0.0
        span = times[-1] - times[0]
        if self._length is not None:
            n_grid = int(span // self._length) + 1
            rest = _distances(times[-1:], times) % self._length
            n_shared = int((rest == 0 * rest).sum())
        else:
            some = _grid(self.step, times[0], periods=_SOME)
            if span / (some[1:] - some[:-1]).min() > _LARGEST_GRID * len(times):
                return 0.0
            grid = _grid(self.step, times[0], times[-1])
            n_grid, n_shared = len(grid), int(times.isin(grid).sum())
        return n_shared / (len(times) + n_grid - n_shared)

    @property
    def _length(self) -> Any:
        """The length of all steps, if they are equally long."""
        if isinstance(self.step, Tick):
            return pd.Timedelta(self.step)
        return None if isinstance(self.step, BaseOffset) else self.step

    def longest_break(self, times: pd.Index) -> int:
        """The most stamps in a row that are left out between two rows."""
        steps = [0]
        if isinstance(times, pd.DatetimeIndex) and self.step is not None:
            grid = _grid(self.step, times[0], times[-1])
            places = grid.get_indexer(times)
            steps = np.diff(places[places >= 0]) - 1
        elif self.step is not None:
            steps = _differences(times) // self.step - 1
        return int(max(steps, default=0))

    def with_later(self, stamps: pd.Index) -> Calendar:
        """With these stamps as the next ones, whatever the step would skip."""
        return replace(self, later=stamps)

    def __str__(self) -> str:
        if isinstance(self.step, Tick) and self.step.n > _LONG:
            return f"a step of {pd.Timedelta(self.step)}"
        if isinstance(self.step, BaseOffset):
            details = [f"{name}={text}" for name, text in _details(self.step)]
            return " ".join([f"freq={self.step.freqstr!r}", *details])
        return f"a step of {self.step}"


def calendar_of(
    index: pd.Index, times: pd.Index, hint: BaseOffset | None = None
) -> Calendar:
    """The calendar of series, from their index, or else from the rows of the longest.

    Parameters
    ----------
    index : Index or MultiIndex
        Of all series.
    times : Index
        Stamps of the longest series, ascending.
    hint : DateOffset or None
        Step of another table, taken if it explains the rows as well as any.
    """
    if isinstance(times, pd.PeriodIndex):
        return _of_numbers(times, times.freq.n)
    if not isinstance(times, pd.DatetimeIndex):
        one = 1 if times.dtype.kind in "iu" else None
        return _of_numbers(times, one)
    own = as_offset(index)
    if own is not None and not isinstance(index, pd.MultiIndex):
        return Calendar(own)  # that of a level may be that of rows left out since
    found = _best(times.unique(), own or hint)
    if found.step is None:
        return found
    skips_days = found.step.base.freqstr in _WEEKLY
    may_skip = skips_days or not found.follow(times).all()
    return replace(found, may_skip=may_skip and not found.is_known)


def better_of(calendar: Calendar, hint: BaseOffset | None, times: pd.Index) -> Calendar:
    """The calendar, or one of another step that explains the rows as well."""
    if hint is None or calendar.is_known or hint == calendar.step:
        return calendar
    other = replace(calendar, step=hint, is_known=True, may_skip=False)
    share = other.share_explained(times)
    least = 0.0 if calendar.step is None else calendar.share_explained(times)
    return other if share >= max(least, np.finfo(float).tiny) else calendar


def _of_numbers(times: pd.Index, one: Any) -> Calendar:
    """Of integers, periods or durations: the usual distance."""
    distances = _differences(times)
    distances = distances[distances > 0 * distances]
    step = pd.Series(distances).mode().iloc[0] if len(distances) else one
    if isinstance(step, np.integer):
        step = int(step)
    is_even = len(distances) > 0 and bool((distances == step).all())
    return Calendar(step, is_known=is_even, may_skip=not is_even)


def _best(times: pd.DatetimeIndex, hint: BaseOffset | None) -> Calendar:
    """The step that explains most of the dates; the first of those that are equal."""
    best, share = Calendar(None, is_known=False), 0.0
    for step in _to_try(times, hint):
        other = Calendar(step, is_known=step == hint)
        other_share = other.share_explained(times)
        if other_share > share:
            best, share = other, other_share
        if share == 1.0:
            return best
    if best.step is None and len(times) > 1:
        best = replace(best, step=to_offset(pd.Series(times[1:] - times[:-1]).min()))
    return best


def _several(step: Any, times: pd.DatetimeIndex) -> Any:
    """As many steps as rows usually lie apart, such as every second business day."""
    if isinstance(step, Tick) or Calendar(step).share_explained(times) == 0:
        return step
    grid = _grid(step, times[0], times[-1])
    places = grid.get_indexer(times)
    usual = pd.Series(np.diff(places[places >= 0])).mode()
    return step * int(usual.iloc[0]) if len(usual) else step


def _to_try(times: pd.DatetimeIndex, hint: BaseOffset | None) -> Iterator[BaseOffset]:
    """Single steps, then several of each."""
    single: list[BaseOffset] = []
    for step in chain([] if hint is None else [hint], candidates(times)):
        if step not in single:
            single.append(step)
            yield step
    for step in single:
        yield _several(step, times)


def _grid(step: BaseOffset, start: Any, end: Any = None, periods: Any = None) -> Any:
    """Dates from a first one on, in its zone."""
    try:
        return pd.date_range(start, end, periods, freq=step)
    except ValueError:
        if start.tz is None:
            raise
    # a time of day that comes twice, or not at all, on the day when clocks change
    end = None if end is None else end.tz_convert(start.tz).tz_localize(None)
    local = pd.date_range(start.tz_localize(None), end, periods, freq=step)
    return _localized(local, start.tz)


def _after_each(times: pd.DatetimeIndex, step: BaseOffset) -> pd.DatetimeIndex:
    """What is one step after each date."""
    try:
        return times + step
    except ValueError:
        if times.tz is None:
            raise
    return _localized(times.tz_localize(None) + step, times.tz)


def _localized(local: pd.DatetimeIndex, zone: Any) -> pd.DatetimeIndex:
    """Local times; the first of an hour that comes twice, the next if it is skipped."""
    is_summer = np.ones(len(local), dtype=bool)
    return local.tz_localize(zone, ambiguous=is_summer, nonexistent="shift_forward")


def _distances(last: pd.Index, stamps: pd.Index) -> Any:
    """From a last stamp to each of some others."""
    if isinstance(stamps, pd.PeriodIndex):
        return stamps.asi8 - last.asi8[0]
    return stamps - last[0]


def _differences(times: pd.Index) -> Any:
    """From each stamp to the next."""
    numbers = times.asi8 if isinstance(times, pd.PeriodIndex) else times
    return numbers[1:] - numbers[:-1]


def _shifted(last: pd.Index, distances: Any) -> pd.Index:
    """The stamps at some distances from a last one."""
    if isinstance(last, pd.PeriodIndex):
        ordinals = last.asi8[0] + distances
        return pd.PeriodIndex.from_ordinals(ordinals, freq=last.freq, name=last.name)
    if last.dtype.kind in "iu":
        numbers = int(last[0]) + distances
        return pd.Index(numbers.astype(last.dtype), name=last.name)
    return (last.repeat(len(distances)) + distances).as_unit(last.unit)


def _details(step: BaseOffset) -> Iterator[tuple[str, str]]:
    """What the name of an offset does not say: days of the week and hours."""
    own = step.kwds if "C" in step.freqstr or "bh" in step.freqstr else {}
    if "weekmask" in own:
        yield "weekmask", repr(own["weekmask"])
    for name in ("start", "end"):
        if name in own:
            yield name, ", ".join(f"{time:%H:%M}" for time in own[name])


def check_reach(n_steps: int) -> None:
    """Raise if a horizon asks for more steps than can be forecast."""
    if n_steps > MOST_STEPS:
        raise ValueError(
            f"fh asks for step {n_steps} ahead; forecasts reach {MOST_STEPS} steps at "
            "most, which are rolled one block after the other. See that fh counts "
            "steps of the index of y"
        )


def _uncountable(last: pd.Index, why: str) -> ValueError:
    return ValueError(
        f"steps cannot be counted from {last[0]!r}, the last row of y: {why}. Give y "
        "more rows, or an index of a known frequency (y.asfreq, y.to_period)"
    )


def as_offset(index: Any) -> BaseOffset | None:
    """The frequency that an index of dates names, also one level of a MultiIndex."""
    last = index.levels[-1] if isinstance(index, pd.MultiIndex) else index
    freq = last.freq if isinstance(last, pd.DatetimeIndex) else None
    return None if freq is None else to_offset(freq)

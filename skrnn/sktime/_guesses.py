"""Steps that dates without a frequency may have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from pandas import offsets
from pandas.tseries.frequencies import to_offset
from pandas.tseries.offsets import BaseOffset

_CHUNK = 12  # rows in which no stamp may be missing
_MOST_CHUNKS = 40
_DAY = pd.Timedelta(hours=20)  # less, since clocks are put forward
_OF_MONTHS = ("MS", "ME", "BMS", "BME")
_OF_QUARTERS = ("QS", "QE", "BQS", "BQE")
_OF_YEARS = ("YS", "YE", "BYS", "BYE")


def candidates(times: pd.DatetimeIndex) -> Iterator[BaseOffset]:
    """Steps to try, the plainest first; dates ascend and do not repeat."""
    whole = _inferred(times)
    if whole is not None:
        yield whole  # which may be wrong: any eight hours of a day are those from 9 on
    if len(times) < 2:
        return
    distances = pd.Series(times[1:] - times[:-1])
    usual = distances.mode().iloc[0]
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
    """The days of the week on which there are rows; None if none is left out."""
    days = np.bincount(times.dayofweek, minlength=7) > 0
    if days.all() or days.sum() < 2:  # one day a week is a week
        return None
    return " ".join(np.array(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"])[days])


def _of_weeks_and_months(times: pd.DatetimeIndex) -> Iterator[BaseOffset]:
    day, month = times[-1].strftime("%a").upper(), times[-1].strftime("%b").upper()
    yield to_offset(f"W-{day}")
    yield offsets.LastWeekOfMonth(weekday=times[-1].weekday())
    for name in _OF_MONTHS:
        yield to_offset(name)
    for name in (*_OF_QUARTERS, *_OF_YEARS):
        yield to_offset(f"{name}-{month}")
    yield offsets.SemiMonthBegin()
    yield offsets.SemiMonthEnd()
    for n_months in (1, 3, 12):  # on any day
        yield pd.DateOffset(months=n_months)


def _of_hours(times: pd.DatetimeIndex) -> Iterator[BaseOffset]:
    """Hours of business, which may go over midnight, if some hours have no rows."""
    hours = np.unique(times.hour)
    if len(hours) < 2 or len(hours) > 23 or times.minute.nunique() > 1:
        return
    free = (np.roll(hours, -1) - hours) % 24  # hours to the next one that has rows
    last = int(np.argmax(free))
    minute = times[0].minute
    start = f"{hours[(last + 1) % len(hours)]:02d}:{minute:02d}"
    end = f"{(hours[last] + 1) % 24:02d}:{minute:02d}"
    weekmask = _weekmask(times) or "Mon Tue Wed Thu Fri Sat Sun"
    yield offsets.BusinessHour(start=start, end=end)
    yield offsets.CustomBusinessHour(start=start, end=end, weekmask=weekmask)

"""Stamps of an index: their kind, their places, and distances between them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset
from pandas.tseries.offsets import BaseOffset


def places_of(wanted: pd.Index, index: pd.Index, name: str) -> np.ndarray:
    """Where each label is in an index, -1 if it is absent.

    Repeated labels are paired one by one in their order, if the index begins with the
    wanted labels, or has each of them as often as it is wanted. ``name`` is the name of
    the table, for errors.

    Raises
    ------
    ValueError
        If it is unclear which of several equal labels is meant.
    """
    if index.is_unique and wanted.is_unique:
        return index.get_indexer(wanted)
    if index[: len(wanted)].equals(wanted):
        return np.arange(len(wanted))
    codes, labels = pd.factorize(index.append(wanted))
    there, asked = codes[: len(index)], codes[len(index) :]
    n_there = np.bincount(there, minlength=len(labels))
    n_asked = np.bincount(asked, minlength=len(labels))
    is_unclear = (n_there > 0) & (n_asked > 0) & (n_there != n_asked)
    if is_unclear.any():
        label = int(is_unclear.argmax())
        raise ValueError(
            f"{name} has {n_there[label]} row(s) at {labels[label]}, where "
            f"{n_asked[label]} is expected: it is unclear which row belongs to which "
            f"({int(is_unclear.sum())} stamp(s) like this); drop the repeats, "
            f"for instance with {name}[~{name}.index.duplicated()]"
        )
    return _numbered(there).get_indexer(_numbered(asked))


def _numbered(codes: np.ndarray) -> pd.MultiIndex:
    """Codes, each with the number of times it came before."""
    before = pd.Series(codes).groupby(codes).cumcount()
    return pd.MultiIndex.from_arrays([codes, before])


def kind_of(index: pd.Index) -> str:
    """The kind of stamps in an index, in words."""
    times = index.get_level_values(-1)
    if isinstance(times, pd.PeriodIndex):
        return f"periods of freq={times.freqstr!r}"
    if isinstance(times, pd.DatetimeIndex):
        return "dates without a time zone" if times.tz is None else "dates in a zone"
    if isinstance(times, pd.TimedeltaIndex):
        return "durations"
    return "integers" if times.dtype.kind in "iu" else f"{times.dtype}"


def freq_of(index: Any) -> BaseOffset | None:
    """The ``freq`` of an index of dates, or of the last level of a MultiIndex."""
    last = index.levels[-1] if isinstance(index, pd.MultiIndex) else index
    freq = last.freq if isinstance(last, pd.DatetimeIndex) else None
    return None if freq is None else to_offset(freq)


def in_zone_of(index: pd.Index, other: pd.Index) -> pd.Index:
    """The same moments in the time zone of another index, if both have a zone."""
    times = index.get_level_values(-1)
    zone = getattr(other.get_level_values(-1), "tz", None)
    if zone is None or getattr(times, "tz", None) in (None, zone):
        return index
    if not isinstance(index, pd.MultiIndex):
        return index.tz_convert(zone)
    return index.set_levels(index.levels[-1].tz_convert(zone), level=-1)


def dates_from(
    start: Any, step: BaseOffset, *, end: Any = None, periods: Any = None
) -> Any:
    """Dates one step apart, in the time zone of the first."""
    try:
        return pd.date_range(start, end, periods, freq=step)
    except ValueError:
        if start.tz is None:
            raise
    # a time of day that occurs twice, or not at all, when clocks change
    end = None if end is None else end.tz_convert(start.tz).tz_localize(None)
    local = pd.date_range(start.tz_localize(None), end, periods, freq=step)
    return _localized(local, start.tz)


def next_dates(times: pd.DatetimeIndex, step: BaseOffset) -> pd.DatetimeIndex:
    """The date one step after each date."""
    try:
        return times + step
    except ValueError:
        if times.tz is None:
            raise
    return _localized(times.tz_localize(None) + step, times.tz)


def _localized(local: pd.DatetimeIndex, zone: Any) -> pd.DatetimeIndex:
    """Local times: the first of a repeated hour, the next one of a skipped hour."""
    is_summer = np.ones(len(local), dtype=bool)
    return local.tz_localize(zone, ambiguous=is_summer, nonexistent="shift_forward")


def distances_from(last: pd.Index, stamps: pd.Index) -> Any:
    """Distances from a last stamp, an index of length 1, to each of the others."""
    if isinstance(stamps, pd.PeriodIndex):
        return stamps.asi8 - last.asi8[0]
    return stamps - last[0]


def differences_of(times: pd.Index) -> Any:
    """Distances from each stamp to the next."""
    numbers = times.asi8 if isinstance(times, pd.PeriodIndex) else times
    return numbers[1:] - numbers[:-1]


def stamps_after(last: pd.Index, distances: Any) -> pd.Index:
    """The stamps at these distances from a last one, an index of length 1."""
    if isinstance(last, pd.PeriodIndex):
        ordinals = last.asi8[0] + distances
        return pd.PeriodIndex.from_ordinals(ordinals, freq=last.freq, name=last.name)
    if last.dtype.kind in "iu":
        numbers = int(last[0]) + distances
        return pd.Index(numbers.astype(last.dtype), name=last.name)
    return (last.repeat(len(distances)) + distances).as_unit(last.unit)

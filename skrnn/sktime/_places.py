"""Where rows stand in an index, also one whose stamps repeat."""

from __future__ import annotations

import numpy as np
import pandas as pd


def places_of(wanted: pd.Index, index: pd.Index, name: str) -> np.ndarray:
    """Where each label stands in an index, -1 where it does not.

    Labels that repeat are paired one by one in their order, if the index begins with
    those wanted, or has each of them as often as they are wanted.

    Parameters
    ----------
    wanted, index : Index or MultiIndex
    name : str
        Of the table whose index it is, for the error.

    Raises
    ------
    ValueError
        If a label that is wanted stands there several times, or is wanted several
        times and stands there once.
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
    """Codes, each with how often it has come before."""
    before = pd.Series(codes).groupby(codes).cumcount()
    return pd.MultiIndex.from_arrays([codes, before])


def kind_of(index: pd.Index) -> str:
    """What the stamps of an index are, in words."""
    times = index.get_level_values(-1)
    if isinstance(times, pd.PeriodIndex):
        return f"periods of freq={times.freqstr!r}"
    if isinstance(times, pd.DatetimeIndex):
        return "dates without a time zone" if times.tz is None else "dates in a zone"
    if isinstance(times, pd.TimedeltaIndex):
        return "durations"
    return "integers" if times.dtype.kind in "iu" else f"{times.dtype}"


def in_zone_of(index: pd.Index, other: pd.Index) -> pd.Index:
    """The same moments in the time zone of another index, if both have one."""
    times = index.get_level_values(-1)
    zone = getattr(other.get_level_values(-1), "tz", None)
    if zone is None or getattr(times, "tz", None) in (None, zone):
        return index
    if not isinstance(index, pd.MultiIndex):
        return index.tz_convert(zone)
    return index.set_levels(index.levels[-1].tz_convert(zone), level=-1)

"""Which rows of a table belong to which series, and in which order of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Series:
    """The place of one series in a table; ``times`` is None where nothing tells it."""

    key: Any
    rows: slice
    times: Any

    @property
    def n_rows(self) -> int:
        return self.rows.stop - self.rows.start


def is_panel(X: Any) -> bool:
    """Whether X is a pandas object with an (instance, time) MultiIndex."""
    return getattr(getattr(X, "index", None), "nlevels", 1) > 1


def series_of(X: Any, n_rows: int) -> list[Series]:
    """The series of a table: one, or one per instance of a pandas MultiIndex.

    Raises
    ------
    ValueError
        If the rows of an instance are not together, or a series is not in order of
        time.
    """
    if not is_panel(X):
        return [Series(None, slice(0, n_rows), _times(getattr(X, "index", None)))]
    instances = X.index.droplevel(-1)
    times = X.index.get_level_values(-1)
    codes = instances.factorize()[0]
    first = np.flatnonzero(np.diff(codes, prepend=-1))
    if len(first) != codes.max(initial=-1) + 1:
        raise ValueError(
            "the rows of each instance must stand together, in order of time; sort "
            "them with X.sort_index()"
        )
    bounds = zip(first, [*first[1:], len(codes)], strict=True)
    return [
        Series(
            instances[start], slice(int(start), int(stop)), _times(times[start:stop])
        )
        for start, stop in bounds
    ]


def largest_gap(series: list[Series]) -> Any:
    """The largest step of time between neighbouring rows; None where there is none."""
    gaps = [
        (one.times[1:] - one.times[:-1]).max()
        for one in series
        if one.times is not None and one.n_rows > 1
    ]
    return max(gaps) if gaps else None


def _times(index: Any) -> Any:
    """The index if it measures time (dates, periods, numbers), checked for order."""
    if index is None or callable(index):  # list.index is a method
        return None
    if index.dtype.name.startswith("period"):  # counted in its own frequency
        index = index.astype("int64")
    if index.dtype.kind not in "iufmM":
        return None
    if not index.is_monotonic_increasing:
        raise ValueError(
            "rows must be in order of time, but the index goes back; sort them with "
            "X.sort_index(), split without shuffling, or, if the index is no time, "
            "drop it with X.reset_index(drop=True)"
        )
    return index

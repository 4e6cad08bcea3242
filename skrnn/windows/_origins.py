"""Where forecasts of a panel begin, and which of them are held out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ._checks import check_positive
from ._series import _count_within


@dataclass(frozen=True)
class Origins:
    """Rows from which to look back over a window and ahead over the horizon.

    Parameters
    ----------
    series : ndarray of int, shape (n_origins,)
        Which series each belongs to.
    starts, ends : ndarray of int, shape (n_origins,)
        The window is ``rows[start:end]``; the forecast begins at row ``end``.
    """

    series: np.ndarray
    starts: np.ndarray
    ends: np.ndarray

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def lengths(self) -> np.ndarray:
        """Rows of each window."""
        return self.ends - self.starts

    def take(self, index: np.ndarray) -> Origins:
        """Some of them."""
        return Origins(self.series[index], self.starts[index], self.ends[index])


def origins_within(
    series_lengths: Any, window_length: int, horizon: int, step_length: int = 1
) -> Origins:
    """Origins whose targets are known, ``step_length`` rows apart.

    A series gives those with a full window; one that is too short for any gives those
    with a shorter window, of a single row at least. They are a multiple of
    ``step_length`` before the end of the series, so that a forecast from there begins,
    for instance, at the same time of the day as those learnt from; if none is, they are
    laid back from the last possible one.

    Parameters
    ----------
    series_lengths : array-like of int, shape (n_series,)
        Rows of each series, which stand one after the other.
    window_length, horizon : int
        Rows looked back over, and ahead.
    step_length : int, default=1

    Returns
    -------
    origins : Origins
        In order of the series, then of time.

    Examples
    --------
    >>> from skrnn.windows import origins_within
    >>> origins = origins_within([5, 3], window_length=3, horizon=1)
    >>> origins.starts.tolist(), origins.ends.tolist()
    ([0, 1, 5, 5], [3, 4, 6, 7])
    """
    for name, value in (
        ("window_length", window_length),
        ("horizon", horizon),
        ("step_length", step_length),
    ):
        check_positive(name, value)
    sizes = np.asarray(series_lengths, dtype=np.int64)
    offsets = np.cumsum(sizes) - sizes
    last = sizes - horizon  # the latest end, counted from the start of the series
    first = np.where(last >= window_length, window_length, 1)
    from_end = sizes - -(-horizon // step_length) * step_length
    newest = np.where(from_end >= first, from_end, last)
    counts = np.maximum(0, (newest - first) // step_length + 1)
    series = np.repeat(np.arange(len(sizes)), counts)
    back = (np.repeat(counts, counts) - 1 - _count_within(counts)) * step_length
    ends = offsets[series] + newest[series] - back
    starts = np.maximum(offsets[series], ends - window_length)
    return Origins(series, starts, ends)


def hold_out_last_origins(
    origins: Origins, validation_fraction: float, horizon: int
) -> tuple[np.ndarray, np.ndarray]:
    """Origins to train on, and the last ones of each series, held out.

    No target of a training origin is a target of a held-out one. A series that has too
    few origins for both is trained on alone.

    Returns
    -------
    train, held_out : ndarray of int
        Increasing indices.

    Examples
    --------
    >>> from skrnn.windows import hold_out_last_origins, origins_within
    >>> origins = origins_within([12], window_length=3, horizon=2)
    >>> train, held_out = hold_out_last_origins(origins, 0.2, horizon=2)
    >>> origins.ends[train].tolist(), origins.ends[held_out].tolist()
    ([3, 4, 5, 6, 7], [9, 10])
    """
    if len(origins) == 0:
        return np.arange(0), np.arange(0)
    _, first, counts = np.unique(origins.series, return_index=True, return_counts=True)
    n_held_out = np.ceil(validation_fraction * counts - 1e-9).astype(np.int64)
    border = origins.ends[first + counts - n_held_out]  # first row held out as a target
    is_possible = origins.ends[first] + horizon <= border
    border = np.where(is_possible, border, np.iinfo(np.int64).max)
    border = np.repeat(border, counts)
    train = np.flatnonzero(origins.ends + horizon <= border)
    return train, np.flatnonzero(origins.ends >= border)

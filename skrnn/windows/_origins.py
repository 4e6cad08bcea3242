"""Windows and the targets after them: where forecasts begin, what is held out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ._arrays import count_within, series_windows, too_long_a_window
from ._validation import check_positive
from ._windows import Windows


@dataclass(frozen=True)
class Origins:
    """Origins of forecasts, each with a window before it and a horizon after it.

    The window is ``rows[start:end]``; the forecast begins at row ``end``.
    """

    series: np.ndarray  # which series each belongs to, (n_origins,)
    starts: np.ndarray  # (n_origins,)
    ends: np.ndarray  # (n_origins,)

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def lengths(self) -> np.ndarray:
        """Number of rows of each window."""
        return self.ends - self.starts

    def take(self, index: np.ndarray) -> Origins:
        """Some of the origins."""
        return Origins(self.series[index], self.starts[index], self.ends[index])


def origins_within(
    series_lengths: Any, window_length: int, horizon: int, step_length: int = 1
) -> Origins:
    """Origins whose targets are known, ``step_length`` rows apart.

    Origins have a full window; a series that is too short for one gives origins with
    shorter windows, of at least one row. Origins are a multiple of ``step_length``
    before the end of the series, so that forecasts from the end begin, for instance, at
    the same time of the day as the training windows. If there is no such origin, they
    are counted back from the last possible one. ``series_lengths`` are the numbers of
    rows of the series; origins are in order of the series, then of time.

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
    back = (np.repeat(counts, counts) - 1 - count_within(counts)) * step_length
    ends = offsets[series] + newest[series] - back
    starts = np.maximum(offsets[series], ends - window_length)
    return Origins(series, starts, ends)


def hold_out_last_origins(
    origins: Origins, validation_fraction: float, horizon: int
) -> tuple[np.ndarray, np.ndarray]:
    """Origins to train on, and the last ones of each series, held out.

    Both are increasing indices. No target of a training origin is a target of a
    held-out one. A series with too few origins for both only gives training origins.

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
    border = origins.ends[first + counts - n_held_out]  # first held-out target
    is_possible = origins.ends[first] + horizon <= border
    border = np.where(is_possible, border, np.iinfo(np.int64).max)
    border = np.repeat(border, counts)
    train = np.flatnonzero(origins.ends + horizon <= border)
    return train, np.flatnonzero(origins.ends >= border)


def windows_with_targets(
    rows: Any,
    window_length: int,
    horizon: int,
    *,
    step_length: int = 1,
    series_lengths: Any = None,
) -> tuple[Windows, Windows]:
    """Input windows and the targets that follow them, as windows into the same rows.

    Only pairs that lie within one series are returned, so that no target is taken from
    another series or from beyond the end.

    Parameters
    ----------
    window_length, horizon : int
        Rows in an input window, and in the target window right after it. A series must
        be as long as both.
    rows, step_length, series_lengths
        See :meth:`Windows.from_series`.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.windows import windows_with_targets
    >>> inputs, targets = windows_with_targets(np.arange(6.0).reshape(-1, 1), 3, 2)
    >>> inputs[1].ravel(), targets[1].ravel()
    (array([1., 2., 3.]), array([4., 5.]))
    """
    check_positive("window_length", window_length)
    check_positive("horizon", horizon)
    longest = len(rows) if series_lengths is None else int(np.max(series_lengths))
    if longest < window_length + horizon:
        error = too_long_a_window(window_length + horizon, longest)
        raise ValueError(f"with horizon={horizon} counted in, {error}") from None
    starts, _ = series_windows(
        len(rows), window_length + horizon, step_length, series_lengths
    )
    inputs = Windows(rows, starts, np.full(len(starts), window_length))
    targets = Windows(rows, starts + window_length, np.full(len(starts), horizon))
    return inputs, targets

"""Sliding windows over one series or over a panel of series."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._validation import check_positive, frozen_integers


def series_windows(
    n_rows: int,
    window_length: int,
    step_length: int = 1,
    series_lengths: Any = None,
    complete: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """Starts and lengths of the windows; none crosses from one series to the next."""
    check_positive("window_length", window_length)
    check_positive("step_length", step_length)
    # more than the rows changes nothing, but might not fit into an int64
    step_length = min(int(step_length), max(n_rows, 1))
    sizes = _series_sizes(n_rows, series_lengths)
    if complete and sizes.max(initial=0) < window_length:
        raise too_long_a_window(window_length, int(sizes.max(initial=0)))
    window_length = min(int(window_length), max(n_rows, 1))
    offsets = np.cumsum(sizes) - sizes  # first row of each series
    if complete:
        counts = np.maximum(0, (sizes - window_length) // step_length + 1)
        starts = np.repeat(offsets, counts) + count_within(counts) * step_length
        return starts, np.full(len(starts), window_length, dtype=np.int64)
    counts = -(-sizes // step_length)  # one window ending at every step_length-th row
    ends = np.repeat(offsets, counts) + count_within(counts) * step_length + 1
    starts = np.maximum(np.repeat(offsets, counts), ends - window_length)
    return starts, ends - starts


def too_long_a_window(window_length: int, n_samples: int) -> ValueError:
    """The error for a window that no series can fill."""
    return ValueError(
        f"window_length={window_length} is longer than the series "
        f"(n_samples={n_samples}); use window_length<={n_samples} or pass more rows"
    )


def count_within(counts: np.ndarray) -> np.ndarray:
    """0, 1, ... counts[0]-1, 0, 1, ... counts[1]-1, ..."""
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)


def _series_sizes(n_rows: int, series_lengths: Any) -> np.ndarray:
    if series_lengths is None:
        return np.array([n_rows], dtype=np.int64)
    sizes = frozen_integers("series_lengths", series_lengths)
    if sizes.ndim != 1 or sizes.min(initial=1) < 1 or sizes.sum() != n_rows:
        raise ValueError(
            "series_lengths must be 1-D, at least 1 each, and add up to the number of "
            f"rows ({n_rows}); got {sizes.tolist()}"
        )
    return sizes

"""Rows, starts and lengths of arrays, sliding views, lists, and sliding windows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ._validation import check_positive, converted, frozen_integers, reading, unmasked


def dense_windows(X: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, starts and lengths of an array; the rows are a view if possible."""
    if X.ndim == 2:
        X = X[:, :, np.newaxis]  # (sample, time, 1)
    if X.ndim != 3:
        raise ValueError(
            "expected a 3-D array (n_samples, n_timesteps, n_features) or a 2-D array "
            f"(n_samples, n_timesteps), got {X.ndim}-D of shape {X.shape}"
        )
    n_samples, n_timesteps, n_features = X.shape
    step = _row_step(X)
    if step is None:
        rows = X.reshape(n_samples * n_timesteps, n_features)
        step = n_timesteps
    else:
        n_rows = (n_samples - 1) * step + n_timesteps
        rows = np.lib.stride_tricks.as_strided(
            X, (n_rows, n_features), X.strides[1:], writeable=False
        )
    starts = np.arange(n_samples, dtype=np.int64) * step
    return rows, starts, np.full(n_samples, n_timesteps, dtype=np.int64)


def share_rows(X: np.ndarray) -> bool:
    """Whether the windows of an array overlap in memory, like those of a view."""
    X = X[:, :, np.newaxis] if X.ndim == 2 else X
    step = _row_step(X)
    if step is not None:
        return step < X.shape[1]
    if len(X) != 1 or X.strides[0] != X.strides[1]:
        return False  # a single window might be a view
    return X.shape[2] == 1 or X.strides[1] == X.shape[2] * X.strides[2]


def _row_step(X: np.ndarray) -> int | None:
    """Rows from one window to the next, if all windows view one array of rows."""
    n_samples, n_timesteps, _ = X.shape
    sample_stride, row_stride, _ = X.strides
    if n_samples < 2 or n_timesteps < 2 or row_stride <= 0 or sample_stride <= 0:
        return None
    step, rest = divmod(sample_stride, row_stride)
    return step if rest == 0 and step <= n_timesteps else None


def gather_dense(
    rows: Any, starts: np.ndarray, lengths: np.ndarray, width: int
) -> np.ndarray:
    """Windows as (sample, time, feature), each at the end of ``width`` steps."""
    ends = starts + lengths
    index = ends[:, np.newaxis] + np.arange(-width, 0)  # (sample, time)
    missing = index < starts[:, np.newaxis]
    dense = np.asarray(rows[np.where(missing, 0, index)])
    dense = dense.astype(np.result_type(rows.dtype, np.float32), copy=False)
    dense[missing] = np.nan
    return dense


def as_sequences(X: Any) -> list[Any] | None:
    """The arrays of a list (or object array, or Series) of sequences.

    A DataFrame whose cells hold sequences has one per row and feature. Returns None for
    anything else.
    """
    if hasattr(X, "iloc") and X.ndim == 1:  # a Series of arrays
        X = X.to_numpy()
    if hasattr(X, "iloc") and X.size and n_axes(X.iloc[0, 0]) > 0:  # sktime's nested
        return [_side_by_side(i, cells) for i, cells in enumerate(X.to_numpy())]
    is_object_array = isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 1
    if not (isinstance(X, (list, tuple)) or is_object_array):
        return None
    dimensions = {n_axes(item) for item in X}
    if dimensions == {0}:
        return None
    if dimensions == {1} and not is_object_array:
        holds_lists = any(isinstance(item, (list, tuple)) for item in X)
        if holds_lists and len({len(item) for item in X}) == 1:
            return None  # a table, written as lists
    return list(X)


def _side_by_side(index: int, cells: Any) -> np.ndarray:
    """One sequence, from a row of a nested frame with a feature in each cell."""
    lengths = [len(cell) if n_axes(cell) > 0 else 0 for cell in cells]
    if len(set(lengths)) > 1:
        raise ValueError(
            f"row {index} of X holds sequences of the lengths {lengths}; its cells, "
            "one per feature, must have the same length"
        )
    return np.column_stack(list(cells))


def n_axes(X: Any) -> int:
    """Number of axes, -1 for nested lists of unequal length."""
    if hasattr(X, "ndim"):
        return int(X.ndim)
    try:
        return np.asarray(X).ndim
    except ValueError:
        return -1


def listed(sequences: Iterable[Any]) -> list[Any]:
    """Any iterable of sequences as a list."""
    try:
        return list(sequences)
    except (TypeError, NotImplementedError) as error:  # of a sparse array
        raise TypeError(
            f"expected a list of sequences, got {type(sequences).__name__} ({error})"
        ) from error


def concatenate_sequences(
    sequences: Iterable[Any], dtype: Any = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, starts and lengths of a list of (n_timesteps_i, n_features) arrays."""
    arrays = [_as_rows(i, sequence) for i, sequence in enumerate(listed(sequences))]
    if not arrays:
        raise ValueError("expected at least one sequence, got an empty list (0 sample)")
    widths = np.array([array.shape[1] for array in arrays])
    if (widths != widths[0]).any():
        odd = int(np.flatnonzero(widths != widths[0])[0])
        raise ValueError(
            f"all sequences must have the same number of features; sequence 0 has "
            f"{widths[0]}, sequence {odd} has {widths[odd]}. Each sequence is an array "
            "of shape (n_timesteps, n_features)"
        )
    rows = _stacked(arrays, dtype)
    lengths = np.array([len(array) for array in arrays], dtype=np.int64)
    return rows, np.cumsum(lengths) - lengths, lengths


def _stacked(arrays: list[np.ndarray], dtype: Any) -> np.ndarray:
    """One array after the other, copied only once, also into another type."""
    if dtype is not None and np.dtype(dtype).kind != "f":
        return converted(np.concatenate(arrays, axis=0), dtype)
    with np.errstate(over="ignore"):
        return np.concatenate(arrays, axis=0, dtype=dtype, casting="unsafe")


def _as_rows(index: int, sequence: Any) -> np.ndarray:
    with reading(f"sequence {index}"):
        array = np.asarray(unmasked(sequence))
    if array.ndim == 1:
        array = array[:, np.newaxis]  # (time, 1)
    if array.ndim != 2:
        raise ValueError(
            f"sequence {index} has shape {array.shape}; expected (n_timesteps, "
            "n_features), or (n_timesteps,) for a single feature"
        )
    if array.shape[0] == 0 or array.shape[1] == 0:
        raise ValueError(
            f"sequence {index} is empty (shape {array.shape}); drop it together with "
            "its target"
        )
    return array if array.dtype.kind in "fiub" else _as_numbers(index, array)


def _as_numbers(index: int, array: np.ndarray) -> np.ndarray:
    if array.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: sequence {index} is complex")
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(
            f"sequence {index} holds {array.dtype} values that are not numbers, or too "
            f"large ({error}); encode text or categories as numbers first (text with "
            "TextSequencer)"
        ) from error


def series_windows(
    n_rows: int,
    window_length: int,
    step_length: int = 1,
    series_lengths: Any = None,
    complete: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """Starts and lengths of windows that do not cross from one series to the next."""
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

"""What windows may be made of."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np

from ._reading import reading, unmasked

PADDING = 0  # token id of padding


def check_rows(rows: Any) -> Any:
    """The rows, if they can be those of windows; NaN for what is masked."""
    rows = unmasked(rows)
    if hasattr(rows, "iloc") or not hasattr(rows, "ndim"):
        raise TypeError(
            f"rows must be an array, got {type(rows).__name__}; use np.asarray(rows)"
        )
    if rows.ndim != 2 or rows.shape[1] == 0:
        raise ValueError(
            "rows must be 2-D (n_rows, n_features) with at least one feature, got "
            f"shape {rows.shape}; use rows.reshape(-1, 1) for a single feature"
        )
    if np.dtype(rows.dtype).kind not in "fiub":
        raise ValueError(
            f"rows must hold real numbers, got {rows.dtype}; use rows.astype(float) if "
            "they are numbers"
        )
    return rows


def frozen_integers(name: str, values: Any) -> np.ndarray:
    """A read-only int64 array that nobody else can change."""
    with reading(name):
        array = np.asarray(values)
    if array.size and array.dtype.kind not in "iu":
        raise ValueError(f"{name} must be integers, got {array.dtype}")
    if array.dtype != np.int64 or array.flags.writeable:
        array = array.astype(np.int64)
        array.flags.writeable = False
    return array


def check_bounds(starts: np.ndarray, lengths: np.ndarray, n_rows: int) -> None:
    """Raise if a window is empty, or reaches outside the rows."""
    if len(starts) == 0:
        return
    if lengths.min() < 1:
        raise ValueError(
            f"window {int(lengths.argmin())} is empty; each window needs at least one "
            "row"
        )
    outside = (starts < 0) | (lengths > n_rows - starts)
    if outside.any():
        first = int(np.flatnonzero(outside)[0])
        raise ValueError(
            f"window {first} covers rows {starts[first]} to "
            f"{starts[first] + lengths[first] - 1}, but there are {n_rows} rows"
        )


def one_bool_a_row(name: str, values: Any, n_rows: int) -> np.ndarray:
    """An array of bool, of shape (n_rows,)."""
    with reading(name):
        array = np.asarray(values)
    if array.dtype != bool or array.shape != (n_rows,):
        raise ValueError(
            f"{name} must be of bool and of shape ({n_rows},), one value a row, got "
            f"{array.dtype} of shape {array.shape}"
        )
    return array


def check_tokens(rows: Any, n_tokens: int) -> None:
    """Refuse rows that cannot be token ids; their values are not looked at."""
    if rows.shape[1] != 1 or np.dtype(rows.dtype).kind not in "iu":
        raise ValueError(
            "token ids must be integers of shape (n_rows, 1), got "
            f"{rows.dtype} of shape {rows.shape}"
        )
    if not isinstance(n_tokens, Integral) or n_tokens < 1:
        raise ValueError(f"n_tokens must be an integer of at least 1, got {n_tokens}")


def check_positive(name: str, value: int) -> None:
    """Raise if a count is no integer of at least 1."""
    if not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(f"{name} must be an integer of at least 1, got {value!r}")

"""Checks of rows, bounds of windows and other arguments."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral
from typing import Any

import numpy as np

_ROUNDING = 1e-12  # relative error of sums and rolling means of doubles
_SINGLE_ROUNDING = 1e-6
PADDING = 0  # token id of padding
_REMEDIES = {  # by NumPy's message
    "setting an array element": "make all rows equally long, without lists in cells",
    "could not convert": "encode text and categories as numbers",
    "argument must be": "expected real numbers; np.nan stands for a missing one",
    "at least one array": "it has no column; pass at least one",
    "Input contains NaN": "drop what is missing",
}


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Add the name of an argument and a remedy to NumPy's errors about it.

    Values too large for a float become infinity without a warning: the checks that
    follow refuse it.
    """
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            yield
    except OverflowError as error:
        raise ValueError(
            f"{name} holds a number too large for a float ({error}); scale it first"
        ) from error
    except (TypeError, ValueError) as error:
        remedy = [_REMEDIES[words] for words in _REMEDIES if words in str(error)]
        if not remedy:
            raise
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{name} cannot be read: {error}; {remedy[0]}") from error


def unmasked(X: Any) -> Any:
    """A masked array, or a list of them, with NaN for masked values.

    NumPy itself drops the mask silently. Anything else is returned as it is.
    """
    if _is_masked(X):
        return _filled(X)
    if _holds_masks(X):
        return [unmasked(item) for item in X]
    return X


def refuse_mask(name: str, values: Any) -> None:
    """Raise if an argument, such as the targets, holds masked values."""
    parts = values if _holds_masks(values) else [values]
    n_masked = sum(int(np.ma.count_masked(part)) for part in parts if _is_masked(part))
    if n_masked:
        raise ValueError(
            f"{name} holds {n_masked} value(s) that are masked (missing); drop these "
            f"samples from all arguments: keep = ~np.ma.getmaskarray({name})"
        )


def _is_masked(X: Any) -> bool:
    return isinstance(X, np.ma.MaskedArray)


def _holds_masks(X: Any) -> bool:
    is_object_array = isinstance(X, np.ndarray) and X.dtype == object and X.ndim > 0
    return (is_object_array or isinstance(X, (list, tuple))) and any(map(_is_masked, X))


def _filled(X: np.ma.MaskedArray) -> np.ndarray:
    if not np.ma.is_masked(X):
        return np.asarray(X)
    is_whole = X.dtype.kind in "iub"  # integers have no NaN
    return np.ma.filled(X.astype(np.float64) if is_whole else X, np.nan)


def converted(rows: Any, dtype: Any) -> Any:
    """Rows of another type, which must be able to hold their values."""
    if rows.dtype.kind == "c":
        raise ValueError(
            "Complex data not supported: put the real and the imaginary part into "
            "separate features"
        )
    if dtype is None or rows.dtype == dtype:
        return rows
    with np.errstate(over="ignore", invalid="ignore"):
        new = rows.astype(dtype, copy=False)
    if new.dtype.kind in "iub" and rows.dtype.kind in "fiub" and (new != rows).any():
        raise ValueError(
            f"rows hold values that {new.dtype} cannot hold, such as "
            f"{rows[new != rows][0]}; use a float type"
        )
    return new


def check_rows(rows: Any) -> Any:
    """The rows of windows, with NaN for masked values; raise if they are not valid."""
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
    """A read-only int64 array, a copy unless it is one already."""
    array = values
    if type(values) is not np.ndarray:
        with reading(name):
            array = np.asarray(values)
    if array.size and array.dtype.kind not in "iu":
        raise ValueError(f"{name} must be integers, got {array.dtype}")
    if array.dtype != np.int64 or array.flags.writeable:
        array = array.astype(np.int64)
        array.flags.writeable = False
    return array


def check_bounds(starts: np.ndarray, lengths: np.ndarray, n_rows: int) -> None:
    """Raise if a window is empty, or extends beyond the rows."""
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
    with reading(name):
        array = np.asarray(values)
    if array.dtype != bool or array.shape != (n_rows,):
        raise ValueError(
            f"{name} must have dtype bool and shape ({n_rows},), one value per row, "
            f"got {array.dtype} of shape {array.shape}"
        )
    return array


def check_tokens(rows: Any, n_tokens: int) -> None:
    """Raise unless the rows have the type and shape of token ids."""
    if rows.shape[1] != 1 or np.dtype(rows.dtype).kind not in "iu":
        raise ValueError(
            "token ids must be integers of shape (n_rows, 1), got "
            f"{rows.dtype} of shape {rows.shape}"
        )
    if not isinstance(n_tokens, Integral) or n_tokens < 1:
        raise ValueError(f"n_tokens must be an integer of at least 1, got {n_tokens}")


def check_positive(name: str, value: int) -> None:
    if not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(f"{name} must be an integer of at least 1, got {value!r}")


def drop_missing_ends(
    rows: np.ndarray,
    starts: np.ndarray,
    lengths: np.ndarray,
    *,
    trailing: bool = False,
    name: str = "X",
) -> tuple[np.ndarray, np.ndarray]:
    """Starts and lengths of windows without leading rows that are all NaN.

    With ``trailing``, such rows are cut off at the end too: sequences that share no
    rows may be padded there, but in a series such a row is a missing observation. NaN
    or infinity elsewhere is an error. The cost is O(n_rows + n_windows), even if
    windows overlap.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        if rows.dtype.kind != "f" or np.isfinite(rows.sum(dtype=np.float64)):
            return starts, lengths
    ends, places = starts + lengths, np.arange(len(rows))
    blank = np.isnan(rows).all(axis=1)
    own = np.where(blank, len(rows), places)  # then the next row that is not blank
    starts = np.minimum.accumulate(own[::-1])[::-1][starts]
    if (starts >= ends).any():
        window = int(np.flatnonzero(starts >= ends)[0])
        raise ValueError(
            f"Input {name} contains NaN: window {window} has no observed row at all; "
            "drop it together with its target"
        )
    if trailing:
        ends = np.maximum.accumulate(np.where(blank, -1, places))[ends - 1] + 1
    flawed_before = np.concatenate([[0], np.cumsum(~np.isfinite(rows).all(axis=1))])
    flawed = flawed_before[ends] > flawed_before[starts]
    if flawed.any():
        window = int(np.flatnonzero(flawed)[0])
        _raise_flawed(rows[starts[window] : ends[window]], window, name)
    return starts, ends - starts


def _raise_flawed(rows: np.ndarray, window: int, name: str) -> None:
    if np.isnan(rows).any():
        raise ValueError(
            f"Input {name} contains NaN: window {window} has a missing value after its "
            "first observed row. Only leading rows that are NaN in every feature mean "
            "'no history yet', and trailing ones the end of a sequence that shares no "
            "rows with others; drop incomplete rows at the start of a series, and "
            "impute others (pandas ffill or interpolate, sklearn.impute) before "
            "windowing"
        )
    raise ValueError(
        f"Input {name} contains infinity or a value too large for {rows.dtype}: in "
        f"window {window}; replace it, or scale the features before windowing"
    )


def constant_columns(values: np.ndarray, dtypes: Any = None) -> np.ndarray:
    """Which columns are constant up to rounding, relative to their level.

    The standard deviation of such a column is noise: do not divide by it. NaN is
    ignored, and a column of only NaN is not constant. ``dtypes`` are the dtypes in
    which the columns were computed, if they differ from that of ``values`` (n_rows,
    n_columns).

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.windows import constant_columns
    >>> constant_columns(np.array([[0.1 + 0.2, 1e9], [0.3, 1e9 + 1]])).tolist()
    [True, False]
    """
    if dtypes is None:
        dtypes = [values.dtype] * values.shape[1]
    rounding = np.array([rounding_of(dtype) for dtype in dtypes])
    low, high = np.fmin.reduce(values, axis=0), np.fmax.reduce(values, axis=0)
    level = np.maximum(np.abs(low), np.abs(high))
    with np.errstate(over="ignore", invalid="ignore"):  # from -1e308 to 1e308
        return (high - low <= rounding * level) & np.isfinite(level)


def rounding_of(dtype: Any) -> float:
    """Rounding errors of sums in a dtype, as a share of their level."""
    dtype = getattr(dtype, "numpy_dtype", dtype)  # of pandas' own types
    if np.issubdtype(dtype, np.integer) or dtype == np.bool_:
        return 0.0
    return _SINGLE_ROUNDING if dtype == np.float32 else _ROUNDING

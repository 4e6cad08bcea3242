"""Sentences for what cannot be read as numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

_REMEDIES = {  # by what NumPy says
    "setting an array element": "make all rows equally long, without lists in cells",
    "could not convert": "encode text and categories as numbers",
    "argument must be": "expected real numbers; np.nan stands for one that is missing",
    "Cannot cast": "take the columns that hold numbers into an array of their own",
    "at least one array": "it has no column; pass one at least",
    "Input contains NaN": "drop what is missing",
    "truth value": "expected one value a cell, no array or Series",
}


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Say what was expected where NumPy cannot make an array of an argument.

    Values too large for a float become infinity in silence here: the checks that
    follow refuse it.

    Parameters
    ----------
    name : str
        Of the argument.

    Raises
    ------
    TypeError, ValueError
        What NumPy says, and the remedy.
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
    """A masked array, or a list of them, with NaN for what its mask hides.

    NumPy makes arrays of them without a word about the mask. Anything else is returned
    as it is.
    """
    if _is_masked(X):
        return _filled(X)
    if _holds_masks(X):
        return [unmasked(item) for item in X]
    return X


def refuse_mask(name: str, values: Any) -> None:
    """Raise if an argument, such as the targets, holds values that are masked."""
    parts = values if _holds_masks(values) else [values]
    n_masked = sum(int(np.ma.count_masked(part)) for part in parts if _is_masked(part))
    if n_masked:
        raise ValueError(
            f"{name} holds {n_masked} value(s) that are masked, that is, missing; drop "
            f"these samples from all arguments: keep = ~np.ma.getmaskarray({name})"
        )


def _is_masked(X: Any) -> bool:
    return isinstance(X, np.ma.MaskedArray)


def _holds_masks(X: Any) -> bool:
    is_object_array = isinstance(X, np.ndarray) and X.dtype == object and X.ndim > 0
    return (is_object_array or isinstance(X, (list, tuple))) and any(map(_is_masked, X))


def _filled(X: np.ma.MaskedArray) -> np.ndarray:
    if not np.ma.is_masked(X):
        return np.asarray(X)
    is_whole = X.dtype.kind in "iub"  # which have no NaN
    return np.ma.filled(X.astype(np.float64) if is_whole else X, np.nan)


def converted(rows: Any, dtype: Any) -> Any:
    """Rows of another type, which must hold their values.

    Raises
    ------
    ValueError
        If rows are complex, or an integer type is to hold fractions or NaN.
    """
    if rows.dtype.kind == "c":
        raise ValueError(
            "Complex data not supported: give real and imaginary part a feature each"
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

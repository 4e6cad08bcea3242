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

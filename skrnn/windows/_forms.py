"""The forms of sequences, and the one door through which they come.

Only this file decides which form X has: for estimators, for the scaler, and for targets
at each step.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from ._arrays import as_sequences, concatenate_sequences, dense_windows, n_axes
from ._frames import frame_rows, is_panel
from ._windows import Windows

Form = Literal["windows", "panel", "list", "array", "table"]


def form_of(X: Any) -> tuple[Form, Any]:
    """The form of sequences, and X itself, or the arrays of a "list" of sequences.

    Parameters
    ----------
    X : object
        Without a mask, see :func:`unmasked`.

    Returns
    -------
    form : {"windows", "panel", "list", "array", "table"}
        ``Windows``; a pandas object with an (instance, time) MultiIndex; sequences in
        a list, object array, Series or nested frame; an array of 3 or more axes;
        anything else, which may be read as a table with a sequence in each row.
    X : object
    """
    if isinstance(X, Windows):
        return "windows", X
    if is_panel(X):
        return "panel", X
    sequences = as_sequences(X)
    if sequences is not None:
        return "list", sequences
    return ("array" if n_axes(X) >= 3 else "table"), X


def read_windows(form: Form, X: Any, dtype: Any) -> Windows:
    """The windows in X, without missing rows at their ends.

    Parameters
    ----------
    form, X
        As :func:`form_of` returns them; an "array" or a "table" as a NumPy array.
    dtype : dtype
        The dtype of the rows.

    Raises
    ------
    ValueError
        If X cannot be read, or holds values that are missing or infinite.
    """
    if form == "panel":
        return Windows.from_frame(X, dtype)
    if form == "list":
        return Windows.from_sequences(X, dtype)
    if form != "windows":
        return Windows.from_array(X, dtype)
    with np.errstate(over="ignore"):
        rows = np.asarray(X.rows).astype(dtype, copy=False)
    return X.with_rows(rows)


def read_rows(form: Form, X: Any) -> tuple[Any, np.ndarray, np.ndarray]:
    """Rows, starts and lengths of X, including missing rows and values.

    Parameters
    ----------
    form, X
        See :func:`read_windows`.
    """
    if form == "windows":
        return X.rows, X.starts, X.lengths
    if form == "panel":
        return frame_rows(X, warns=False)
    if form == "list":
        return concatenate_sequences(X)
    return dense_windows(X)

"""Columns that are constant up to rounding."""

from __future__ import annotations

from typing import Any

import numpy as np

_ROUNDING = 1e-12  # relative error of sums and rolling means of doubles
_SINGLE_ROUNDING = 1e-6


def constant_columns(values: np.ndarray, dtypes: Any = None) -> np.ndarray:
    """Which columns are constant up to rounding, relative to their level.

    The standard deviation of such a column is noise: do not divide by it. NaN is
    ignored, and a column of only NaN is not constant. ``dtypes`` are those in which the
    columns were computed, if not that of ``values`` (n_rows, n_columns).

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.windows import constant_columns
    >>> constant_columns(np.array([[0.1 + 0.2, 1e9], [0.3, 1e9 + 1]])).tolist()
    [True, False]
    """
    if dtypes is None:
        dtypes = [values.dtype] * values.shape[1]
    rounding = np.array([_rounding_of(dtype) for dtype in dtypes])
    low, high = np.fmin.reduce(values, axis=0), np.fmax.reduce(values, axis=0)
    level = np.maximum(np.abs(low), np.abs(high))
    with np.errstate(over="ignore", invalid="ignore"):  # from -1e308 to 1e308
        return (high - low <= rounding * level) & np.isfinite(level)


def _rounding_of(dtype: Any) -> float:
    dtype = getattr(dtype, "numpy_dtype", dtype)  # of pandas' own types
    if np.issubdtype(dtype, np.integer) or dtype == np.bool_:
        return 0.0
    return _SINGLE_ROUNDING if dtype == np.float32 else _ROUNDING

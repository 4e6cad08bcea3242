"""Mean and deviation of the rows that windows cover."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ._validation import constant_columns
from ._windows import Windows

_CHUNK = 2**18  # values that are read at once


class Moments(NamedTuple):
    """Weighted moments of columns (n_columns,), in float64."""

    mean: np.ndarray
    deviation: np.ndarray
    low: np.ndarray  # smallest value
    high: np.ndarray
    is_constant: np.ndarray  # up to rounding, see constant_columns

    @classmethod
    def of(cls, rows: Any, weights: np.ndarray) -> Moments:
        """The moments of rows (n_rows, n_columns) with weights (n_rows,).

        Rows of weight zero are not read. The others are read in parts: they may lie on
        a disk.

        Examples
        --------
        >>> import numpy as np
        >>> from skrnn.windows import Moments
        >>> rows = np.array([[1.0], [np.nan], [4.0]])
        >>> moments = Moments.of(rows, weights=np.array([2, 0, 1]))
        >>> print(moments.mean, moments.deviation)
        [2.] [1.41421356]
        """
        n = rows.shape[1]
        total, mean, squares = 0.0, np.zeros(n), np.zeros(n)
        low, high = np.full(n, np.inf), np.full(n, -np.inf)
        step = max(1, _CHUNK // n)
        for first in range(0, len(rows), step):
            weight = weights[first : first + step]
            is_used = weight > 0
            if not is_used.any():
                continue
            part = np.asarray(rows[first : first + step], np.float64)[is_used]
            weight = np.asarray(weight[is_used], np.float64)
            low, high = np.minimum(low, part.min(0)), np.maximum(high, part.max(0))
            # each part around its own mean, so that a high level cancels nothing
            with np.errstate(over="ignore", invalid="ignore"):
                own_total = weight.sum()
                own = np.einsum("r,rc->c", weight, part) / own_total
                squares += np.einsum("r,rc->c", weight, (part - own) ** 2)
                gap, share = own - mean, own_total / (total + own_total)
                squares += gap**2 * total * share
                mean, total = mean + gap * share, total + own_total
        bounds = np.stack([low, high])
        is_constant = constant_columns(bounds, [rows.dtype] * n)
        return cls(mean, np.sqrt(squares / total), low, high, is_constant)


def weights_of_rows(windows: Windows, weights: np.ndarray | None) -> np.ndarray:
    """For each row, the sum of the weights of the windows that cover it, (n_rows,).

    ``weights`` (n_windows,) are 1 if None.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.windows import Windows, weights_of_rows
    >>> weights_of_rows(Windows(np.zeros((4, 1)), [0, 1], [2, 2]), None)
    array([1., 2., 1., 0.])
    """
    starts, lengths, n_rows = windows.starts, windows.lengths, len(windows.rows)
    begins = np.bincount(starts, weights, n_rows + 1)
    ends = np.bincount(starts + lengths, weights, n_rows + 1)
    total = np.cumsum(begins - ends)[:-1]
    if weights is None:
        return total.astype(np.float64)
    counts = weights > 0
    is_used = windows[counts].is_row_used  # rounding leaves others near zero
    return np.where(is_used, np.maximum(total, 0), 0.0)

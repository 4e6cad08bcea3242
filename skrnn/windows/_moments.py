"""Mean and deviation of the rows that windows cover, and the size of changes."""

from __future__ import annotations

from collections.abc import Iterator
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
        for part, weight in weighted_parts(rows, weights):
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


def weighted_parts(
    rows: Any, weights: np.ndarray, columns: slice = slice(None)
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Columns of the rows that have a weight, and those weights, both in float64.

    Parts are small, and rows between them are not read.
    """
    step = max(1, _CHUNK // rows.shape[1])
    for first in range(0, len(rows), step):
        weight = weights[first : first + step]
        is_used = weight > 0
        if is_used.any():
            part = np.asarray(rows[first : first + step])[is_used, columns]
            yield np.asarray(part, np.float64), np.asarray(weight[is_used], np.float64)


class ChangeSizes(NamedTuple):
    """Sizes of the changes of columns from row to row (n_columns,), in float64."""

    root_mean_square: np.ndarray  # weighted
    largest: np.ndarray

    @classmethod
    def of(cls, rows: Any, weights: np.ndarray) -> ChangeSizes:
        """The sizes for rows (n_rows, n_columns).

        ``weights`` (n_rows,) are those of the change to each row from the one before;
        the first is 0. Without a weight the sizes are 0. Rows are read in parts.

        Examples
        --------
        >>> import numpy as np
        >>> from skrnn.windows import ChangeSizes
        >>> rows = np.array([[0.0], [1.0], [8.0], [1.0]])
        >>> ChangeSizes.of(rows, weights=np.array([0, 1, 0, 1]))
        ChangeSizes(root_mean_square=array([5.]), largest=array([7.]))
        """
        n = rows.shape[1]
        total, squares, largest = 0.0, np.zeros(n), np.zeros(n)
        step = max(1, _CHUNK // n)
        for first in range(1, len(rows), step):
            weight = weights[first : first + step]
            is_used = weight > 0
            if not is_used.any():
                continue
            part = np.asarray(rows[first - 1 : first + step], np.float64)
            weight = np.asarray(weight[is_used], np.float64)
            with np.errstate(over="ignore", invalid="ignore"):
                changes = np.abs(np.diff(part, axis=0)[is_used])
                squares += np.einsum("r,rc->c", weight, changes**2)
            largest = np.maximum(largest, changes.max(0))
            total += weight.sum()
        mean = squares / total if total else squares
        return cls(np.sqrt(mean), largest)


def weights_of_changes(
    windows: Windows, weights: np.ndarray | None, is_one_series: bool = False
) -> np.ndarray:
    """As :func:`weights_of_rows`, of the change to each row from the one before.

    The first row of a window has no change, unless the windows are consecutive pieces
    of one series (``is_one_series``).

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.windows import Windows, weights_of_changes
    >>> weights_of_changes(Windows(np.zeros((4, 1)), [0, 1], [2, 2]), None)
    array([0., 1., 1., 0.])
    """
    if is_one_series:
        found = weights_of_rows(windows, weights)
        found[windows.starts[0]] = 0.0
        return found
    has_change = windows.lengths > 1
    kept = None if weights is None else weights[has_change]
    if not has_change.any():
        return np.zeros(len(windows.rows))
    starts, lengths = windows.starts[has_change] + 1, windows.lengths[has_change] - 1
    return weights_of_rows(Windows(windows.rows, starts, lengths), kept)


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

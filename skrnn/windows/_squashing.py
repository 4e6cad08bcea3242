"""Columns with heavy tails: which ones they are, and how they are squashed."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ._moments import Moments, weighted_parts
from ._validation import rounding_of

HEAVY_KURTOSIS = 50.0
LARGEST_SQUASHED = 1e18  # whose square is finite in float32


class Squashing(NamedTuple):
    """How columns are squashed (n_columns,), and their moments after that.

    A column whose kurtosis is above 50 is read as ``asinh((x - center) / scale)``. The
    others have a ``scale`` of 0, and stay what they are.
    """

    center: np.ndarray  # median
    scale: np.ndarray  # median distance of the values that differ from it
    moments: Moments

    @classmethod
    def of(
        cls, rows: Any, weights: np.ndarray, moments: Moments, dtype: Any
    ) -> Squashing:
        """The figures of rows (n_rows, n_columns) that have these moments.

        Center and scale are of ``dtype``. Rows of weight zero are not read, and the
        others in parts: of those, only columns with heavy tails are kept in memory, one
        at a time.

        Examples
        --------
        >>> import numpy as np
        >>> from skrnn.windows import Moments, Squashing
        >>> counts, weights = np.zeros((1000, 1)), np.ones(1000)
        >>> counts[:3, 0] = 2, 4, 50
        >>> moments = Moments.of(counts, weights)
        >>> found = Squashing.of(counts, weights, moments, "float32")
        >>> print(found.center, found.scale, found.moments.high.round(2))
        [0.] [4.] [3.22]
        """
        center, scale = np.zeros((2, rows.shape[1]), dtype)
        moments = Moments(*(part.copy() for part in moments))
        rounding = max(rounding_of(rows.dtype), rounding_of(np.dtype(dtype)))
        kurtosis = kurtosis_of(rows, weights, moments)
        for i in np.flatnonzero(kurtosis > HEAVY_KURTOSIS).tolist():
            values, counts = _column(rows, weights, i)
            own_center, own_scale = _center_and_scale(values, counts, rounding)
            if own_scale == 0:
                continue
            with np.errstate(over="ignore"):
                center[i] = own_center
                scale[i] = max(own_scale, np.finfo(dtype).tiny)
            read = squashed(values[:, np.newaxis], center[[i]], scale[[i]])
            for part, own in zip(moments, Moments.of(read, counts), strict=True):
                part[i] = own[0]
        return cls(center, scale, moments)


def squashed(rows: np.ndarray, center: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """``asinh((x - center) / scale)`` of rows (..., n_columns), in float64.

    Columns with a scale of 0 stay what they are.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.windows import squashed
    >>> squashed(np.array([[9.0, 9.0]]), np.array([0, 1]), np.array([0, 2])).round(2)
    array([[9.  , 2.09]])
    """
    found = rows.astype(np.float64)
    for i in np.flatnonzero(scale):
        with np.errstate(over="ignore"):
            ratio = (found[..., i] - float(center[i])) / float(scale[i])
        found[..., i] = np.arcsinh(np.clip(ratio, -LARGEST_SQUASHED, LARGEST_SQUASHED))
    return found


def kurtosis_of(rows: Any, weights: np.ndarray, moments: Moments) -> np.ndarray:
    """Fourth central moment over the squared variance (n_columns,); 0 of a constant.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.windows import Moments, kurtosis_of
    >>> rows, weights = np.array([[0.0], [1.0]]), np.array([99, 1])
    >>> kurtosis_of(rows, weights, Moments.of(rows, weights)).round(2).tolist()
    [98.01]
    """
    total, fourth = 0.0, np.zeros(rows.shape[1])
    varies = ~moments.is_constant & (moments.deviation > 0)
    deviation = np.where(varies, moments.deviation, 1.0)
    with np.errstate(over="ignore", invalid="ignore"):
        for part, weight in weighted_parts(rows, weights):
            squares = ((part - moments.mean) / deviation) ** 2
            fourth += np.einsum("r,rc->c", weight, squares**2)
            total += weight.sum()
        return np.where(varies, fourth / total, 0.0)


def _column(rows: Any, weights: np.ndarray, i: int) -> tuple[np.ndarray, np.ndarray]:
    """Values of a column and their weights, (n,) each, of the rows with a weight."""
    parts = list(weighted_parts(rows, weights, slice(i, i + 1)))
    values, counts = zip(*parts, strict=True)
    return np.concatenate(values)[:, 0], np.concatenate(counts)


def _center_and_scale(
    values: np.ndarray, weights: np.ndarray, rounding: float
) -> tuple[float, float]:
    """The median, and that of distances from it; 0 if all of them are rounding."""
    center = _median(values, weights)
    distances = np.abs(values - center)
    differs = distances > rounding * abs(center)
    if not differs.any():
        return center, 0.0
    return center, _median(distances[differs], weights[differs])


def _median(values: np.ndarray, weights: np.ndarray) -> float:
    """The median of the values, each as often as its weight says."""
    order = np.argsort(values)
    totals = np.cumsum(weights[order])
    half = totals[-1] / 2
    middle = [np.searchsorted(totals, half, side) for side in ("left", "right")]
    return float((values[order[middle]] / 2).sum())

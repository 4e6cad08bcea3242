"""The level and size of each series, learnt from what it is trained on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..windows import Origins
from ._history import History

_TINY = 1e-6  # share of the level of a constant series that counts as its size
_ROUNDING = 16 * float(np.finfo(np.float64).eps)


@dataclass
class Scaling:
    """How values of each series, and covariates of all, become numbers near 1.

    A value ``v`` of series ``key`` stands for ``(v - center) / scale``, and
    ``typical`` is the variance (of counts the mean) of its windows after that.

    Parameters
    ----------
    normalize : {"window", "series"} or None
    is_count : bool
        Whether values are counts, which are divided but not centred.
    """

    normalize: str | None
    is_count: bool
    series: dict[Any, tuple[np.ndarray, np.ndarray, np.ndarray]] = field(
        default_factory=dict
    )
    X_center: np.ndarray | None = None
    X_scale: np.ndarray | None = None

    @property
    def normalization(self) -> str:
        """What is done to each window, see :func:`~skrnn.modules.normalize_windows`."""
        if self.normalize != "window":
            return "none"
        return "mean" if self.is_count else "last"

    def learn(
        self, history: History, origins: Origins, n_known: np.ndarray, *, keep: bool
    ) -> None:
        """From the first ``n_known`` rows of each series, and its training windows.

        ``keep`` leaves what is known already, and adds series that are new.
        """
        known = np.concatenate(
            [np.arange(o, o + n) for o, n in zip(history.offsets, n_known, strict=True)]
        )
        if not keep or self.X_center is None:
            self.X_center, deviation = _level_and_size(history.X[known], "X")
            self.X_scale = np.where(deviation > 0, deviation, 1.0)
        places = np.arange(len(history.keys) + 1)
        borders = np.searchsorted(origins.series, places)
        for place, key in enumerate(history.keys):
            if keep and key in self.series:
                continue
            first = history.offsets[place]
            values = history.y[first : first + n_known[place]]
            own = origins.take(np.arange(borders[place], borders[place + 1]))
            self.series[key] = self._of_series(values, own, first)

    def _of_series(
        self, values: np.ndarray, origins: Origins, first: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        n_targets = values.shape[1]
        if self.normalize is None:
            return np.zeros(n_targets), np.ones(n_targets), np.ones(n_targets)
        if self.is_count:
            mean = values.mean(axis=0)
            return (
                np.zeros(n_targets),
                np.where(mean > 0, mean, 1.0),
                np.ones(n_targets),
            )
        center, scale = _level_and_size(values, "y")
        level = np.abs(values).max(axis=0)
        smallest = np.where(_TINY * level > 0, _TINY * level, _TINY)
        is_constant = scale <= _ROUNDING * level
        scale = np.where(is_constant, smallest, scale)
        scaled = (values - center) / scale
        typical = _usual_variance(scaled, origins.starts - first, origins.ends - first)
        return center, scale, np.where(is_constant, 1.0, typical)

    def of(self, history: History) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Center, scale and typical, each (n_series, n_targets)."""
        stacked = zip(*(self.series[key] for key in history.keys), strict=True)
        center, scale, typical = (np.stack(values) for values in stacked)
        return center, scale, typical

    def rows_of(self, history: History, dtype: str) -> np.ndarray:
        """The rows as the network is to read them, (n_rows, n_columns)."""
        center, scale, _ = self.of(history)
        series = np.repeat(np.arange(len(history.sizes)), history.sizes)
        y = (history.y - center[series]) / scale[series]
        with np.errstate(over="ignore"):
            rows = np.hstack([y, self.covariates(history.X)]).astype(dtype)
        if not np.isfinite(rows).all():
            raise ValueError(
                f"y or X holds values too large for {dtype}; divide them first, or set "
                'normalize="window"'
            )
        return rows

    def covariates(self, X: np.ndarray) -> np.ndarray:
        """Covariates as the network is to read them."""
        return (X - self.X_center) / self.X_scale


def _level_and_size(values: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each column."""
    with np.errstate(over="ignore", invalid="ignore"):
        center, scale = values.mean(axis=0), values.std(axis=0)
    if not (np.isfinite(center).all() and np.isfinite(scale).all()):
        raise ValueError(
            f"{name} holds values up to {np.abs(values).max():g}, whose squares are "
            f"too large for a float; divide {name} by a constant first"
        )
    return center, scale


def _usual_variance(
    values: np.ndarray, starts: np.ndarray, ends: np.ndarray
) -> np.ndarray:
    """Variance within a window, (n_targets,), the median over the windows."""
    if len(starts) == 0:
        return values.var(axis=0)
    sums = np.vstack([np.zeros(values.shape[1]), values.cumsum(axis=0)])
    squares = np.vstack([np.zeros(values.shape[1]), (values**2).cumsum(axis=0)])
    n = (ends - starts)[:, None]
    mean = (sums[ends] - sums[starts]) / n
    variance = np.maximum(0, (squares[ends] - squares[starts]) / n - mean**2)
    usual = np.median(variance, axis=0)
    return np.where(usual > 0, usual, values.var(axis=0))

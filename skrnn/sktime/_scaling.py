"""The level and size of each series, learnt from its training rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..windows import Origins, constant_columns
from ._history import History

_OfSeries = tuple[np.ndarray, np.ndarray, np.ndarray]  # center, scale and typical
_TINY = 1e-6  # share of the level of a constant series that counts as its size
_ROUNDING = 1e-12  # smallest change, as a share of the largest value
_SMALLEST_DEVIATION = 1e-8  # of a covariate, as a share of its level
_SQUARES_VANISH = 1e-150  # squares of smaller values are 0


@dataclass
class Scaling:
    """The scaling of the values of each series, and of covariates, to numbers near 1.

    The network reads a value ``v`` of series ``key`` as ``(v - center) / scale``.
    ``typical`` is the variance (for counts the mean) of its windows after scaling.
    Counts are divided but not centred. The scale of a covariate that is constant in the
    training rows is infinite: it counts as 0, even if it changes later.
    """

    normalize: str | None
    is_count: bool
    series: dict[Any, _OfSeries] = field(default_factory=dict)
    X_center: np.ndarray | None = None  # (n_covariates,)
    X_scale: np.ndarray | None = None

    @property
    def normalization(self) -> str:
        """The kind of normalisation, see :func:`~skrnn.modules.normalize_windows`."""
        if self.normalize != "window":
            return "none"
        return "mean" if self.is_count else "last"

    @property
    def ignored(self) -> np.ndarray:
        """Places of the covariates that are constant in the training rows."""
        return np.flatnonzero(np.isinf([] if self.X_scale is None else self.X_scale))

    def learn_covariates(
        self, history: History, n_known: np.ndarray, *, keep: bool
    ) -> None:
        """Learn from the first ``n_known`` rows of each series.

        ``keep`` keeps known scales, and adds columns that were ignored so far but vary
        now.
        """
        known = np.concatenate(
            [np.arange(o, o + n) for o, n in zip(history.offsets, n_known, strict=True)]
        )
        values = history.X[known]
        dtypes = [] if history.X_frame is None else list(history.X_frame.dtypes)
        center, scale, is_constant = _level_and_size(values, dtypes, "X")
        level = np.abs(values).max(axis=0)
        scale = np.where(
            is_constant | (scale <= _SMALLEST_DEVIATION * level), np.inf, scale
        )
        if keep and self.X_center is not None and self.X_scale is not None:
            is_known = np.isfinite(self.X_scale) | np.isinf(scale)
            center = np.where(is_known, self.X_center, center)
            scale = np.where(is_known, self.X_scale, scale)
        self.X_center, self.X_scale = center, scale

    def learn_series(
        self, history: History, origins: Origins, n_known: np.ndarray, *, keep: bool
    ) -> None:
        """Learn from the first ``n_known`` rows of each series, and its training
        windows.

        ``keep`` keeps known series, and adds new ones.
        """
        places = np.arange(len(history.keys) + 1)
        borders = np.searchsorted(origins.series, places)
        dtypes = list(history.y_frame.dtypes)
        for place, key in enumerate(history.keys):
            if keep and key in self.series:
                continue
            first = history.offsets[place]
            values = history.y[first : first + n_known[place]]
            own = origins.take(np.arange(borders[place], borders[place + 1]))
            self.series[key] = self._of_series(values, dtypes, own, first)

    def _of_series(
        self, values: np.ndarray, dtypes: list, origins: Origins, first: int
    ) -> _OfSeries:
        zeros, ones = np.zeros(values.shape[1]), np.ones(values.shape[1])
        if self.normalize is None:
            return zeros, ones, ones
        if self.is_count:
            mean = values.mean(axis=0)
            return zeros, np.where(mean > 0, mean, 1.0), ones
        center, scale, is_constant = _level_and_size(values, dtypes, "y")
        level = np.abs(values).max(axis=0)
        smallest = np.where(_TINY * level > 0, _TINY * level, _TINY)
        scale = np.where(is_constant, smallest, scale)
        scaled = (values - center) / scale
        typical = _usual_variance(scaled, origins.starts - first, origins.ends - first)
        return center, scale, np.where(is_constant, 1.0, typical)

    def of(self, history: History) -> _OfSeries:
        """Center, scale and typical, each (n_series, n_targets)."""
        stacked = zip(*(self.series[key] for key in history.keys), strict=True)
        center, scale, typical = (np.stack(values) for values in stacked)
        return center, scale, typical

    def rows_of(
        self, history: History, dtype: str, first: int = 0, last: int | None = None
    ) -> np.ndarray:
        """Rows ``first`` to ``last``, or all, for the network, (n_rows, n_columns)."""
        part = np.arange(len(history.y))[first:last]
        center, scale, _ = self.of(history)
        series = np.searchsorted(history.ends, part, side="right")
        y = (history.y[first:last] - center[series]) / scale[series]
        with np.errstate(over="ignore"):
            rows = np.hstack([y, self.covariates(history.X[first:last])]).astype(dtype)
        if not np.isfinite(rows).all():
            raise ValueError(
                f"y or X holds values too large for {dtype}; divide them first, or set "
                'normalize="window"'
            )
        return rows

    def covariates(self, X: np.ndarray) -> np.ndarray:
        """Scaled covariates for the network."""
        scaled = (X - self.X_center) / self.X_scale
        scaled[..., self.ignored] = 0
        return scaled


def _level_and_size(
    values: np.ndarray, dtypes: list, name: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean and standard deviation of each column, and whether it is constant."""
    is_constant = constant_columns(values, dtypes)
    first, values = values[0], np.where(is_constant, 0.0, values)
    with np.errstate(over="ignore", invalid="ignore"):
        center, scale = values.mean(axis=0), values.std(axis=0)
        if (scale < _SQUARES_VANISH).any():
            level = np.abs(values).max(axis=0)
            level = np.where(level > 0, level, 1.0)
            relative = (values / level).std(axis=0)
            scale = np.where(scale < _SQUARES_VANISH, relative * level, scale)
    if not (np.isfinite(center).all() and np.isfinite(scale).all()):
        raise ValueError(
            f"{name} holds values up to {np.abs(values).max():g}, whose squares are "
            f"too large for a float; divide {name} by a constant first"
        )
    return np.where(is_constant, first, center), scale, is_constant


def _usual_variance(
    values: np.ndarray, starts: np.ndarray, ends: np.ndarray
) -> np.ndarray:
    """The median, over the windows, of the variance within a window, (n_targets,)."""
    if len(starts) == 0:
        return values.var(axis=0)
    sums = np.vstack([np.zeros(values.shape[1]), values.cumsum(axis=0)])
    squares = np.vstack([np.zeros(values.shape[1]), (values**2).cumsum(axis=0)])
    n = (ends - starts)[:, None]
    mean = (sums[ends] - sums[starts]) / n
    variance = np.maximum(0, (squares[ends] - squares[starts]) / n - mean**2)
    variance[_are_constant(values, starts, ends)] = 0  # where sums leave rounding
    usual = np.median(variance, axis=0)
    return np.where(usual > 0, usual, values.var(axis=0))


def _are_constant(
    values: np.ndarray, starts: np.ndarray, ends: np.ndarray
) -> np.ndarray:
    """Whether each window is constant up to rounding, (n_windows, n_targets)."""
    moves = np.abs(np.diff(values, axis=0)) > _ROUNDING * np.abs(values).max(axis=0)
    n_moves = np.vstack([np.zeros((1, values.shape[1]), int), moves.cumsum(axis=0)])
    return n_moves[ends - 1] == n_moves[starts]

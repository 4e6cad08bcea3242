"""How far forecasts have been off on rows that were not trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri, stdtrit
from sklearn.covariance import ledoit_wolf

from ..windows import Origins, origins_within
from ._history import History
from ._model import ForecastModel

_MOST_ORIGINS = 5000
_FEWEST_ERRORS = 5  # of a step; with fewer, it widens from the one before
_FEWEST_VECTORS = 20  # errors of all steps together, to tell how they go together


@dataclass(frozen=True)
class Errors:
    """Errors by step, in units of the scale of their window.

    Parameters
    ----------
    sorted : list of list of ndarray
        The errors of each target at each step, ascending.
    factors : ndarray of shape (n_steps,)
        What the errors are widened by, where a step has too few of its own.
    paths : ndarray of shape (n_origins, n_steps, n_targets)
        The errors of each origin; where a step is not known yet, as the step before.
    """

    sorted: list[list[np.ndarray]]
    factors: np.ndarray
    paths: np.ndarray

    def quantile(self, level: float) -> np.ndarray:
        """What the error is under with this probability, (n_steps, n_targets).

        The rank is that of split-conformal prediction [1]_: at least a share
        ``level`` of new errors lies under it if they come from where these do. Where
        there are too few errors for the rank, a Student-t distribution with their
        root mean square goes on.

        References
        ----------
        .. [1] V. Vovk, A. Gammerman and G. Shafer, "Algorithmic learning in a random
           world", Springer, 2005.
        """
        by_step = [[_conformal(e, level) for e in step] for step in self.sorted]
        return np.array(by_step) * self.factors[:, None]

    def variance(self) -> np.ndarray:
        """Mean squared error, (n_steps, n_targets)."""
        by_step = [[np.mean(e**2) for e in step] for step in self.sorted]
        return np.array(by_step) * self.factors[:, None] ** 2


def errors_of(
    model: ForecastModel, history: History, n_steps: int, n_threads: Any
) -> Errors:
    """Errors of point forecasts from the origins that were held out.

    Where nothing was held out, from all origins, those trained on among them.
    """
    origins = calibration_origins(model, history)
    if len(origins) == 0:
        return _no_errors(n_steps, model.plan.n_targets)
    inputs = model.roll_inputs(history, origins, None, n_steps)
    rolled = model.roll(inputs, n_steps, n_threads)
    center, scale = model.units_of(history, origins, rolled)
    forecast = rolled.values * scale + center
    errors = (_actual(history, origins, n_steps) - forecast) / scale
    return _by_step(errors)


def _by_step(errors: np.ndarray) -> Errors:
    """Errors (n_origins, n_steps, n_targets), NaN where they are not known yet."""
    n_steps, n_targets = errors.shape[1:]
    counts = np.isfinite(errors[..., 0]).sum(axis=0)  # fewer from step to step
    fewest = min(_FEWEST_ERRORS, counts[0])
    source = np.maximum.accumulate(np.where(counts >= fewest, np.arange(n_steps), 0))
    factors = np.sqrt((np.arange(n_steps) + 1) / (source + 1))
    known = errors[:, source]
    in_order = [
        [np.sort(known[np.isfinite(known[:, k, i]), k, i]) for i in range(n_targets)]
        for k in range(n_steps)
    ]
    paths = errors.copy()
    for k in range(1, n_steps):
        unknown = ~np.isfinite(paths[:, k])
        paths[:, k][unknown] = paths[:, k - 1][unknown] * np.sqrt((k + 1) / k)
    return Errors(in_order, factors, paths)


def calibration_origins(model: ForecastModel, history: History) -> Origins:
    """Origins after the rows trained on, whose next row is known.

    All origins, if none was held out.
    """
    window = model.plan.window_length
    firsts = [_first_row(model, history, place) for place in range(len(history.keys))]
    bounds = list(zip(firsts, history.ends, strict=True))
    if not any(first < end for first, end in bounds):
        return _some(origins_within(history.sizes, window, 1))
    ends = np.concatenate([np.arange(first, end) for first, end in bounds])
    counts = [max(0, end - first) for first, end in bounds]
    series = np.repeat(np.arange(len(bounds)), counts)
    starts = np.maximum(history.offsets[series], ends - window)
    return _some(Origins(series, starts, ends))


def _first_row(model: ForecastModel, history: History, place: int) -> int:
    """The first row of a series that was held out; its end if none was."""
    time = model.calibration_starts.get(history.keys[place])
    if time is None:
        return int(history.ends[place])
    times = history.times[place]
    first = int(np.searchsorted(times, time)) if len(times) else 0
    return int(history.offsets[place]) + max(1, first)


def _some(origins: Origins) -> Origins:
    if len(origins) <= _MOST_ORIGINS:
        return origins
    index = np.linspace(0, len(origins) - 1, _MOST_ORIGINS).astype(int)
    return origins.take(index)


def _actual(history: History, origins: Origins, n_steps: int) -> np.ndarray:
    """What came, (n_origins, n_steps, n_targets); NaN where it has not come yet."""
    index = origins.ends[:, None] + np.arange(n_steps)
    is_known = index < history.ends[origins.series][:, None]
    actual = history.y[np.where(is_known, index, 0)]
    return np.where(is_known[..., None], actual, np.nan)


def _conformal(errors: np.ndarray, level: float) -> float:
    if level > 0.5:
        return -_conformal(-errors[::-1], 1 - level)
    n = len(errors)
    rank = int(np.floor(level * (n + 1) + 1e-9))
    if level == 0.5:
        return float(np.median(errors))
    if rank >= 1:
        return float(errors[rank - 1])
    spread = np.sqrt(np.mean(errors**2) * (1 + 1 / n))
    return float(min(errors[0], stdtrit(n, level) * spread))


def _no_errors(n_steps: int, n_targets: int) -> Errors:
    zero = [[np.zeros(1)] * n_targets] * n_steps
    return Errors(zero, np.ones(n_steps), np.zeros((1, n_steps, n_targets)))


def correlation_of(
    model: ForecastModel, history: History, n_threads: Any
) -> np.ndarray:
    """How the values of one block go together, as a correlation of normal scores.

    A forecast value is turned into its probability under its own distribution, and
    that into a normal score: what is left is the dependence between steps and targets
    (a Gaussian copula), shrunk as Ledoit and Wolf do.

    Returns
    -------
    correlation : ndarray of shape (horizon * n_targets, horizon * n_targets)
    """
    horizon, n_targets = model.plan.horizon, model.plan.n_targets
    size = horizon * n_targets
    origins = calibration_origins(model, history)
    origins = origins.take(
        np.flatnonzero(origins.ends + horizon <= history.ends[origins.series])
    )
    if size == 1 or len(origins) < _FEWEST_VECTORS:
        return np.eye(size)
    inputs = model.roll_inputs(history, origins, None, horizon)
    rolled = model.roll(inputs, horizon, n_threads)
    center, scale = model.units_of(history, origins, rolled)
    actual = (_actual(history, origins, horizon) - center) / scale
    probability = model.distribution(rolled.parameters).probability(actual)
    scores = ndtri(np.clip(probability, 1e-4, 1 - 1e-4)).reshape(len(origins), size)
    covariance = ledoit_wolf(scores)[0]
    deviation = np.sqrt(np.diag(covariance))
    return covariance / np.outer(deviation, deviation)

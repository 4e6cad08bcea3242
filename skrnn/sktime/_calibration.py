"""Statistics of held-out forecasts: their errors, and how well they are calibrated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit
from sklearn.covariance import ledoit_wolf

FEWEST_ERRORS = 5  # of a step; with fewer, it widens those of the step before
_FEW = 100  # errors: too few to tell those above from those below
_FEWEST_VECTORS = 20  # errors of all steps together, to tell how they correlate
_PRIOR = 20  # held-out scores that weigh as much as the forecast itself
_GRID = np.linspace(-3, 3, 61)  # normal scores
_RAREST = 1e-4  # smallest probability that counts as more than 0
_TINY = 1e-30


@dataclass(frozen=True)
class Errors:
    """Errors by step, in units of their series or of their window.

    Parameters
    ----------
    ascending : list of list of ndarray
        The errors of each target at each step, ascending.
    factors : ndarray of shape (n_steps,)
        Factors that widen the errors if a step has too few of its own.
    paths : ndarray of shape (n_origins, n_steps, n_targets)
        The errors of each origin; a step that is not known yet repeats the step before.
    power : int
        0 if errors are in units of the series; 1 if they grow with the deviation of the
        window and are in units of it.
    """

    ascending: list[list[np.ndarray]]
    factors: np.ndarray
    paths: np.ndarray
    power: int

    def quantile(self, level: float) -> np.ndarray:
        """The error that is not exceeded with probability ``level``, (n_steps,
        n_targets).

        The rank is that of split-conformal prediction [1]_: at least a share
        ``level`` of new errors lies under it if they come from the same distribution.
        Fewer than 100 errors count to both sides of the forecast. Beyond their ranks, a
        Student-t distribution with their root mean square continues.

        References
        ----------
        .. [1] V. Vovk, A. Gammerman and G. Shafer, "Algorithmic learning in a random
           world", Springer, 2005.
        """
        by_step = [[_conformal(e, level) for e in step] for step in self.ascending]
        return np.array(by_step) * self.factors[:, None]

    def first(self, n_steps: int) -> Errors:
        """The same for the first steps only."""
        ascending, factors = self.ascending[:n_steps], self.factors[:n_steps]
        return Errors(ascending, factors, self.paths[:, :n_steps], self.power)

    def variance(self) -> np.ndarray:
        """Mean squared error, (n_steps, n_targets)."""
        by_step = [[np.mean(e**2) for e in step] for step in self.ascending]
        return np.array(by_step) * self.factors[:, None] ** 2


def errors_by_step(errors: np.ndarray, power: int) -> Errors:
    """Make Errors from errors (n_origins, n_steps, n_targets), NaN if not known yet."""
    n_steps, n_targets = errors.shape[1:]
    counts = np.isfinite(errors[..., 0]).sum(axis=0)  # fewer from step to step
    fewest = min(FEWEST_ERRORS, counts[0])
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
    if len(paths) < _FEW:
        paths = np.concatenate([paths, -paths])
    return Errors(in_order, factors, paths, power)


def power_of(errors: np.ndarray, deviations: np.ndarray) -> int:
    """Whether errors, given as multiples of the window's deviation, grow with it.

    It compares the likelihood of the first step under two normal distributions. In one
    the deviation is proportional to that of the window; in the other it is the same for
    all windows of a series.
    """
    first, scale = errors[:, 0], deviations[:, 0]
    in_proportion = -np.log(np.mean(first**2) + _TINY) / 2 - np.mean(np.log(scale))
    for_all = -np.log(np.mean((first * scale) ** 2) + _TINY) / 2
    return int(in_proportion >= for_all)


def _conformal(errors: np.ndarray, level: float) -> float:
    """Quantile of sorted errors; if they are few, of their absolute values."""
    n = len(errors)
    if n < _FEW:
        share = abs(2 * level - 1)
        rank = int(np.ceil(share * (n + 1) - 1e-9))
        sizes = np.sort(np.abs(errors))
        size = sizes[rank - 1] if rank <= n else _beyond(sizes, max(level, 1 - level))
        return float(np.sign(level - 0.5) * size) if rank else 0.0
    if level > 0.5:
        return -_conformal(-errors[::-1], 1 - level)
    rank = int(np.floor(level * (n + 1) + 1e-9))
    if level == 0.5:
        return float(np.median(errors))
    return float(errors[rank - 1] if rank else -_beyond(-errors[::-1], 1 - level))


def _beyond(errors: np.ndarray, level: float) -> float:
    """A quantile above the largest of sorted errors."""
    n = len(errors)
    spread = np.sqrt(np.mean(errors**2) * (1 + 1 / n))
    return float(max(errors[-1], stdtrit(n, level) * spread))


@dataclass(frozen=True)
class Recalibration:
    """The correction that makes distributions fit the held-out values.

    Parameters
    ----------
    scores : ndarray of shape (horizon, n_targets, n_levels)
        The true normal scores where a forecast says ``_GRID``.
    root : ndarray of shape (horizon * n_targets, horizon * n_targets)
        Its product with its transpose is the correlation of the scores of a block.
    """

    scores: np.ndarray
    root: np.ndarray

    def levels(self, scores: np.ndarray) -> np.ndarray:
        """Levels to look up, in place of normal scores (..., step, target)."""
        found = np.empty(scores.shape)
        for step in range(scores.shape[-2]):
            for target in range(scores.shape[-1]):
                truth = self.scores[step, target]
                own = scores[..., step, target]
                found[..., step, target] = _extended_interp(own, _GRID, truth)
        return ndtr(found)


def recalibration_from(probability: np.ndarray, is_known: np.ndarray) -> Recalibration:
    """Recalibrate from the probability of at most each observation (origin, step,
    target).

    Probabilities become normal scores [1]_. The ranks of these scores show which level
    of a forecast covers which share of new values, as in split-conformal prediction;
    few scores change little. Their correlation, with the shrinkage of Ledoit and Wolf,
    models how steps and targets depend on each other (a Gaussian copula).

    References
    ----------
    .. [1] V. Kuleshov, N. Fenner and S. Ermon, "Accurate uncertainties for deep
       learning using calibrated regression", ICML, 2018.
       https://arxiv.org/abs/1807.00263
    """
    scores = ndtri(np.clip(probability, _RAREST, 1 - _RAREST))
    n_steps, n_targets = scores.shape[1:]
    truth = [
        [_true_scores(scores[is_known[:, k, i], k, i]) for i in range(n_targets)]
        for k in range(n_steps)
    ]
    complete = scores[is_known.all(axis=(1, 2))]
    root = _root(complete.reshape(len(complete), n_steps * n_targets))
    return Recalibration(np.array(truth), root)


def _true_scores(scores: np.ndarray) -> np.ndarray:
    """Quantiles of scores at the levels of ``_GRID``; of few scores, close to it."""
    n = len(scores)
    if n == 0:
        return _GRID
    if n < _FEW:
        scores = np.concatenate([scores, -scores])
    ranks = ndtri(np.arange(1, len(scores) + 1) / (len(scores) + 1))
    found = _extended_interp(_GRID, ranks, np.sort(scores))
    return (n * found + _PRIOR * _GRID) / (n + _PRIOR)


def _extended_interp(x: np.ndarray, knots: np.ndarray, values: np.ndarray) -> Any:
    """Linear between the knots; beyond them, as far off as at the outer ones."""
    inside = np.clip(x, knots[0], knots[-1])
    return np.interp(inside, knots, values) + (x - inside)


def _root(scores: np.ndarray) -> np.ndarray:
    """A root of the correlation of scores (n_origins, n_values)."""
    n_origins, n_values = scores.shape
    if n_values == 1 or n_origins < _FEWEST_VECTORS:
        return np.eye(n_values)
    covariance = ledoit_wolf(scores)[0]
    deviation = np.sqrt(np.diag(covariance))
    deviation[deviation < _RAREST] = np.inf  # constant scores correlate with none
    correlation = covariance / np.outer(deviation, deviation)
    np.fill_diagonal(correlation, 1)
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.maximum(values, _RAREST))
    return root / np.linalg.norm(root, axis=1, keepdims=True)

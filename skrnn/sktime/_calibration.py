"""How far forecasts have been off on rows that were not trained on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit
from sklearn.covariance import ledoit_wolf

from .._warnings import warn
from ..training import Rolled
from ..windows import Origins, origins_within
from ._history import History
from ._model import ForecastModel

_MOST_ORIGINS = 5000
_FEW = 100  # errors that do not tell what is above from what is below
_FEWEST_ERRORS = 5  # of a step; with fewer, it widens from the one before
_FEWEST_VECTORS = 20  # errors of all steps together, to tell how they go together
_PRIOR = 20  # held-out scores that weigh as much as the forecast's own word
_GRID = np.linspace(-3, 3, 61)  # normal scores
_RAREST = 1e-4  # probability that is told from 0
_TINY = 1e-30
_MOST_KEPT = 4_000_000  # errors that are kept for the next call


@dataclass(frozen=True)
class Errors:
    """Errors by step, in units of their series or of their window.

    Parameters
    ----------
    ascending : list of list of ndarray
        The errors of each target at each step, ascending.
    factors : ndarray of shape (n_steps,)
        What the errors are widened by, where a step has too few of its own.
    paths : ndarray of shape (n_origins, n_steps, n_targets)
        The errors of each origin; where a step is not known yet, as the step before.
    power : int
        0 if errors are in units of the series, 1 if they are larger in windows with a
        larger deviation, and in units of that.
    """

    ascending: list[list[np.ndarray]]
    factors: np.ndarray
    paths: np.ndarray
    power: int = 1

    def quantile(self, level: float) -> np.ndarray:
        """What the error is under with this probability, (n_steps, n_targets).

        The rank is that of split-conformal prediction [1]_: at least a share
        ``level`` of new errors lies under it if they come from where these do. Fewer
        than 100 errors count to both sides of the forecast. Where there are too few for
        the rank, a Student-t distribution with their root mean square goes on.

        References
        ----------
        .. [1] V. Vovk, A. Gammerman and G. Shafer, "Algorithmic learning in a random
           world", Springer, 2005.
        """
        by_step = [[_conformal(e, level) for e in step] for step in self.ascending]
        return np.array(by_step) * self.factors[:, None]

    def first(self, n_steps: int) -> Errors:
        """Of the first steps alone."""
        ascending, factors = self.ascending[:n_steps], self.factors[:n_steps]
        return Errors(ascending, factors, self.paths[:, :n_steps], self.power)

    def variance(self) -> np.ndarray:
        """Mean squared error, (n_steps, n_targets)."""
        by_step = [[np.mean(e**2) for e in step] for step in self.ascending]
        return np.array(by_step) * self.factors[:, None] ** 2


def errors_of(
    model: ForecastModel,
    history: History,
    n_steps: int,
    n_threads: Any,
    step_length: int,
) -> Errors:
    """Errors of point forecasts from the origins that were held out.

    Where nothing was held out, from all origins, those trained on among them. They are
    found once, for as many steps as have been asked for.
    """
    kept, key = model.kept_for(history), ("errors", step_length)
    errors: Errors | None = kept.get(key)
    if errors is None or len(errors.factors) < n_steps:
        errors = _found_errors(model, history, n_steps, n_threads, step_length)
        if errors.paths.size <= _MOST_KEPT:
            kept[key] = errors
    return errors.first(n_steps)


def _found_errors(
    model: ForecastModel,
    history: History,
    n_steps: int,
    n_threads: Any,
    step_length: int,
) -> Errors:
    origins = calibration_origins(model, history, step_length)
    if len(origins) == 0:
        raise _nothing_to_compare()
    errors, rolled, scale = errors_from(model, history, origins, n_steps, n_threads)
    power = _power(errors / scale, rolled.scale)
    unit = scale / rolled.scale ** (1 - power)
    return replace(_by_step(errors / unit), power=power)


def errors_from(
    model: ForecastModel,
    history: History,
    origins: Origins,
    n_steps: int,
    n_threads: Any,
) -> tuple[np.ndarray, Rolled, np.ndarray]:
    """Errors of point forecasts, NaN where it has not come yet; forecasts and scale.

    Errors and scale are of shape (n_origins, n_steps, n_targets), in units of y.
    """
    inputs = model.roll_inputs(history, origins, None, n_steps)
    rolled = model.roll(inputs, n_steps, n_threads)
    center, scale = model.units_of(history, origins, rolled)
    errors = _actual(history, origins, n_steps) - (rolled.values * scale + center)
    return errors, rolled, scale


def _power(errors: np.ndarray, scale: np.ndarray) -> int:
    """Whether the errors, here divided by it, grow with the deviation of the window.

    Tells which of two normal distributions makes the first step likelier: one whose
    deviation is in proportion, or one for all windows of a series.
    """
    first, scale = errors[:, 0], scale[:, 0]
    in_proportion = -np.log(np.mean(first**2) + _TINY) / 2 - np.mean(np.log(scale))
    for_all = -np.log(np.mean((first * scale) ** 2) + _TINY) / 2
    return int(in_proportion >= for_all)


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
    if len(paths) < _FEW:  # too few to tell what is above from what is below
        paths = np.concatenate([paths, -paths])
    return Errors(in_order, factors, paths)


def calibration_origins(
    model: ForecastModel, history: History, step_length: int
) -> Origins:
    """Origins after the rows trained on, whose next row is known.

    They are a multiple of ``step_length`` before the end of their series, where
    forecasts begin. All origins, if there are too few of these;
    those trained on as well, if none was held out.
    """
    window = model.plan.window_length
    firsts = model.first_held_out(history)
    bounds = list(zip(firsts.tolist(), history.ends.tolist(), strict=True))
    if not any(first < end for first, end in bounds):
        origins = origins_within(history.sizes, window, 1, step_length)
    else:
        parts = [
            np.arange(end, first - 1, -step_length)[:0:-1] for first, end in bounds
        ]
        series = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        ends = np.concatenate(parts)
        starts = np.maximum(history.offsets[series], ends - window)
        origins = Origins(series, starts, ends)
    if step_length > 1 and len(origins) < _FEWEST_ERRORS:
        _warn_of_few(step_length, len(origins))
        return calibration_origins(model, history, 1)
    return _some(origins)


def _warn_of_few(step_length: int, n_origins: int) -> None:
    warn(
        f"step_length={step_length} leaves {n_origins} held-out windows to measure "
        f"errors, fewer than {_FEWEST_ERRORS}: forecasts that begin between the "
        "training windows count as well, and intervals are too wide if errors "
        "depend on the time of the forecast. Raise validation_fraction, lower "
        "step_length, or pass longer series"
    )


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
    """Quantile of sorted errors; of few, that of their sizes to both sides."""
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


def _nothing_to_compare() -> ValueError:
    return ValueError(
        "no series has two rows, so that no forecast can be compared with what came, "
        "and nothing is known of the spread of forecasts; give longer series"
    )


@dataclass(frozen=True)
class Recalibration:
    """How distributions have to be changed to fit what was held out.

    Parameters
    ----------
    scores : ndarray of shape (horizon, n_targets, n_levels)
        What the normal scores ``_GRID`` of a forecast are in truth.
    root : ndarray of shape (horizon * n_targets, horizon * n_targets)
        Its product with itself is the correlation of the normal scores of a block.
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


def recalibration_of(
    model: ForecastModel, history: History, n_threads: Any, step_length: int
) -> Recalibration:
    """Truth and dependence of forecasts from the origins that were held out.

    A value that came is turned into its probability under its forecast, and that into
    a normal score [1]_. The ranks of these scores tell which level of a forecast covers
    what share of new values, as in split-conformal prediction; with few scores a
    forecast is believed as it is. Their correlation, shrunk as Ledoit and Wolf do,
    tells how steps and targets go together (a Gaussian copula). This is found once.

    References
    ----------
    .. [1] V. Kuleshov, N. Fenner and S. Ermon, "Accurate uncertainties for deep
       learning using calibrated regression", ICML, 2018.
       https://arxiv.org/abs/1807.00263
    """
    kept, key = model.kept_for(history), ("recalibration", step_length)
    if key not in kept:
        kept[key] = _found_recalibration(model, history, n_threads, step_length)
    recalibration: Recalibration = kept[key]
    return recalibration


def _found_recalibration(
    model: ForecastModel, history: History, n_threads: Any, step_length: int
) -> Recalibration:
    horizon, n_targets = model.plan.horizon, model.plan.n_targets
    origins = calibration_origins(model, history, step_length)
    if len(origins) == 0:
        raise _nothing_to_compare()
    inputs = model.roll_inputs(history, origins, None, horizon)
    rolled = model.roll(inputs, horizon, n_threads)
    center, scale = model.units_of(history, origins, rolled)
    actual = (_actual(history, origins, horizon) - center) / scale
    is_known = np.isfinite(actual)
    distribution = model.distribution(rolled.parameters)
    probability = distribution.probability(np.where(is_known, actual, 0))
    scores = ndtri(np.clip(probability, _RAREST, 1 - _RAREST))
    truth = [
        [_true_scores(scores[is_known[:, k, i], k, i]) for i in range(n_targets)]
        for k in range(horizon)
    ]
    complete = scores[is_known.all(axis=(1, 2))]
    return Recalibration(
        np.array(truth), _root(complete.reshape(len(complete), horizon * n_targets))
    )


def _true_scores(scores: np.ndarray) -> np.ndarray:
    """Quantiles of scores at the levels of ``_GRID``, believed as far as there are."""
    n = len(scores)
    if n == 0:
        return _GRID
    if n < _FEW:  # too few to tell what is above from what is below
        scores = np.concatenate([scores, -scores])
    ranks = ndtri(np.arange(1, len(scores) + 1) / (len(scores) + 1))
    found = _extended_interp(_GRID, ranks, np.sort(scores))
    return (n * found + _PRIOR * _GRID) / (n + _PRIOR)


def _extended_interp(x: np.ndarray, knots: np.ndarray, values: np.ndarray) -> Any:
    """Linear between the knots; beyond them as far off as at the outer ones."""
    inside = np.clip(x, knots[0], knots[-1])
    return np.interp(inside, knots, values) + (x - inside)


def _root(scores: np.ndarray) -> np.ndarray:
    """A root of the correlation of scores (n_origins, n_values)."""
    n_origins, n_values = scores.shape
    if n_values == 1 or n_origins < _FEWEST_VECTORS:
        return np.eye(n_values)
    covariance = ledoit_wolf(scores)[0]
    deviation = np.sqrt(np.diag(covariance))
    deviation[deviation < _RAREST] = np.inf  # all alike: nothing goes with them
    correlation = covariance / np.outer(deviation, deviation)
    np.fill_diagonal(correlation, 1)
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.maximum(values, _RAREST))
    return root / np.linalg.norm(root, axis=1, keepdims=True)

"""Forecasts in the units of y, with what is known of their spread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.special import ndtri

from ..training import BATCH_SIZE, Rolled
from ..windows import Origins
from ._calibration import Errors, Recalibration, errors_of, recalibration_of
from ._distributions import EVEN_LEVELS
from ._history import History
from ._model import ForecastModel

_SMALLEST = 1e-12  # variance of counts that are all alike
Draw = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class DirectForecast:
    """Values whose distribution the network gives.

    ``center`` and ``scale`` (n_origins, n_steps, n_targets) bring them into the units
    of y.
    """

    distribution: Any
    recalibration: Recalibration
    center: np.ndarray
    scale: np.ndarray

    def quantile(self, level: float) -> np.ndarray:
        """What values are under with this probability, (origin, step, target)."""
        scores = np.full(self.center.shape[1:], ndtri(level))  # (step, target)
        levels = self.recalibration.levels(scores)
        return self.distribution.quantile(levels) * self.scale + self.center

    def variance(self) -> np.ndarray:
        """Variance of each value, (origin, step, target)."""
        scores = np.full((*self.center.shape[1:], len(EVEN_LEVELS)), ndtri(EVEN_LEVELS))
        levels = self.recalibration.levels(np.moveaxis(scores, -1, 0))
        wider = np.stack([self.distribution.quantile(level) for level in levels])
        plain = np.stack([self.distribution.quantile(level) for level in EVEN_LEVELS])
        factor = wider.var(axis=0) / np.maximum(plain.var(axis=0), _SMALLEST)
        return self.distribution.variance * factor * self.scale**2


@dataclass(frozen=True)
class SampledForecast:
    """A first block as the network gives it, and what is seen in paths after it.

    ``later`` is of shape (n_origins, n_samples, n_later_steps, n_targets).
    """

    first: DirectForecast
    later: np.ndarray

    def quantile(self, level: float) -> np.ndarray:
        """What values are under with this probability, (origin, step, target)."""
        later = np.quantile(self.later, level, axis=1, method="inverted_cdf")
        return np.concatenate([self.first.quantile(level), later], axis=1)

    def variance(self) -> np.ndarray:
        """Variance of each value, (origin, step, target)."""
        later = self.later.var(axis=1)
        return np.concatenate([self.first.variance(), later], axis=1)


@dataclass(frozen=True)
class CalibratedForecast:
    """Point forecasts, and how far such were off before.

    ``point`` and ``scale`` are of shape (n_origins, n_steps, n_targets).
    """

    point: np.ndarray
    scale: np.ndarray
    errors: Errors

    def quantile(self, level: float) -> np.ndarray:
        """What values are under with this probability, (origin, step, target)."""
        return self.point + self.errors.quantile(level) * self.scale

    def variance(self) -> np.ndarray:
        """Variance of each value, (origin, step, target)."""
        return self.errors.variance() * self.scale**2


class Forecasting:
    """Forecasts of one model from some origins.

    Parameters
    ----------
    model : ForecastModel
    history : History
    origins : Origins
    future : ndarray of shape (n_origins, n_steps, n_covariates) or None
        Covariates of the steps ahead, scaled.
    n_steps : int
    n_threads : int or "auto"
    step_length : int
        Rows between the origins that forecasts from here are like.
    """

    def __init__(
        self,
        model: ForecastModel,
        history: History,
        origins: Origins,
        future: np.ndarray | None,
        n_steps: int,
        n_threads: Any,
        step_length: int,
    ) -> None:
        self.model = model
        self.history = history
        self.origins = origins
        self.n_steps = n_steps
        self.n_threads = n_threads
        self.step_length = step_length
        self.inputs = model.roll_inputs(history, origins, future, n_steps)

    def point(self) -> np.ndarray:
        """Point forecasts, (n_origins, n_steps, n_targets)."""
        rolled, center, scale = self._rolled()
        return rolled.values * scale + center

    def uncertain(self, n_samples: int, seed: int) -> Any:
        """Forecasts that know their quantiles and variance."""
        horizon = self.model.plan.horizon
        rolled, center, scale = self._rolled()
        if self.model.plan.is_point:
            point, errors = rolled.values * scale + center, self._errors
            return CalibratedForecast(point, _unit(rolled, scale, errors), errors)
        near = slice(min(horizon, self.n_steps))
        distribution = self.model.distribution(rolled.parameters[:, near])
        first = DirectForecast(
            distribution, self._recalibration, center[:, near], scale[:, near]
        )
        if self.n_steps <= horizon:
            return first
        return SampledForecast(first, self.paths(n_samples, seed)[:, :, horizon:])

    def paths(self, n_samples: int, seed: int) -> np.ndarray:
        """Draws from the joint distribution of all steps and targets.

        Returns
        -------
        paths : ndarray of shape (n_origins, n_samples, n_steps, n_targets)
        """
        n_origins = len(self.origins)
        if self.model.plan.is_point:
            random_state = np.random.RandomState(seed)
            rolled, center, scale = self._rolled()
            point = rolled.values * scale + center
            errors = self._errors
            paths = errors.paths  # (vector, step, target)
            chosen = random_state.randint(len(paths), size=(n_origins, n_samples))
            unit = _unit(rolled, scale, errors)
            return point[:, None] + paths[chosen] * unit[:, None]
        index = np.repeat(np.arange(n_origins), n_samples)
        recalibration = self._recalibration
        parts = []
        for first in range(0, len(index), BATCH_SIZE):
            random_state = np.random.RandomState([seed, first])
            draw = self._drawing(recalibration, random_state)
            parts.append(self._sampled(index[first : first + BATCH_SIZE], draw))
        paths = np.concatenate(parts)
        return paths.reshape(n_origins, n_samples, self.n_steps, -1)

    def _sampled(self, index: np.ndarray, draw: Draw) -> np.ndarray:
        """Paths (n_paths, n_steps, n_targets), each going on from its own draws."""
        model, origins = self.model, self.origins.take(index)
        inputs = self.inputs.take(index)
        rolled = model.roll(inputs, self.n_steps, self.n_threads, draw)
        center, scale = model.units_of(self.history, origins, rolled)
        return rolled.values * scale + center

    def _drawing(
        self, recalibration: Recalibration, random_state: np.random.RandomState
    ) -> Draw:
        """Draws of blocks, spread and correlated as what was held out."""
        root = recalibration.root

        def draw(parameters: np.ndarray) -> np.ndarray:
            # parameters (origin, step, target, parameter); fewer steps in a last block
            n_origins, n_steps, n_targets, _ = parameters.shape
            scores = random_state.standard_normal((n_origins, len(root))) @ root.T
            scores = scores[:, : n_steps * n_targets]
            scores = scores.reshape(n_origins, n_steps, n_targets)
            levels = recalibration.levels(scores)
            return self.model.distribution(parameters).quantile(levels)

        return draw

    @cached_property
    def _recalibration(self) -> Recalibration:
        how = (self.n_threads, self.step_length)
        return recalibration_of(self.model, self.history, *how)

    @cached_property
    def _errors(self) -> Errors:
        how = (self.n_threads, self.step_length)
        return errors_of(self.model, self.history, self.n_steps, *how)

    def _rolled(self) -> tuple[Rolled, np.ndarray, np.ndarray]:
        """What is rolled on from means, and what brings it into the units of y."""
        rolled = self.model.roll(self.inputs, self.n_steps, self.n_threads)
        return rolled, *self.model.units_of(self.history, self.origins, rolled)


def _unit(rolled: Rolled, scale: np.ndarray, errors: Errors) -> np.ndarray:
    """What errors are in units of, (origin, step, target)."""
    return scale / rolled.scale ** (1 - errors.power)

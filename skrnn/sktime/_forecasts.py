"""Forecasts in the units of y, with what is known of their spread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr

from ..training import BATCH_SIZE, Rolled
from ..windows import Origins
from ._calibration import Errors, correlation_of, errors_of
from ._history import History
from ._model import ForecastModel

Draw = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class DirectForecast:
    """Values whose distribution the network gives.

    ``center`` and ``scale`` (n_origins, n_steps, n_targets) bring them into the units
    of y.
    """

    distribution: Any
    center: np.ndarray
    scale: np.ndarray

    def quantile(self, level: float) -> np.ndarray:
        """What values are under with this probability, (origin, step, target)."""
        return self.distribution.quantile(level) * self.scale + self.center

    def variance(self) -> np.ndarray:
        """Variance of each value, (origin, step, target)."""
        return self.distribution.variance * self.scale**2


@dataclass(frozen=True)
class SampledForecast:
    """Values seen in ``paths`` (n_origins, n_samples, n_steps, n_targets)."""

    paths: np.ndarray

    def quantile(self, level: float) -> np.ndarray:
        """What values are under with this probability, (origin, step, target)."""
        return np.quantile(self.paths, level, axis=1)

    def variance(self) -> np.ndarray:
        """Variance of each value, (origin, step, target)."""
        return self.paths.var(axis=1)


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
    """

    def __init__(
        self,
        model: ForecastModel,
        history: History,
        origins: Origins,
        future: np.ndarray | None,
        n_steps: int,
        n_threads: Any,
    ) -> None:
        self.model = model
        self.history = history
        self.origins = origins
        self.n_steps = n_steps
        self.n_threads = n_threads
        self.inputs = model.roll_inputs(history, origins, future, n_steps)

    def point(self) -> np.ndarray:
        """Point forecasts, (n_origins, n_steps, n_targets)."""
        rolled, center, scale = self._rolled()
        return rolled.values * scale + center

    def uncertain(self, n_samples: int, seed: int) -> Any:
        """Forecasts that know their quantiles and variance."""
        plan = self.model.plan
        if not plan.is_point and self.n_steps > plan.horizon:
            return SampledForecast(self.paths(n_samples, seed))
        rolled, center, scale = self._rolled()
        if plan.is_point:
            point = rolled.values * scale + center
            return CalibratedForecast(point, scale, self._errors())
        distribution = self.model.distribution(rolled.parameters)
        return DirectForecast(distribution, center, scale)

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
            errors = self._errors().paths  # (vector, step, target)
            chosen = random_state.randint(len(errors), size=(n_origins, n_samples))
            return point[:, None] + errors[chosen] * scale[:, None]
        index = np.repeat(np.arange(n_origins), n_samples)
        correlation = correlation_of(self.model, self.history, self.n_threads)
        root = np.linalg.cholesky(correlation)
        parts = []
        for first in range(0, len(index), BATCH_SIZE):
            draw = self._drawing(root, np.random.RandomState([seed, first]))
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

    def _drawing(self, root: np.ndarray, random_state: np.random.RandomState) -> Draw:
        """Draws of blocks; their normal scores have the correlation root @ root.T."""

        def draw(parameters: np.ndarray) -> np.ndarray:
            # parameters (origin, step, target, parameter); fewer steps in a last block
            n_origins, n_steps, n_targets, _ = parameters.shape
            scores = random_state.standard_normal((n_origins, len(root))) @ root.T
            scores = scores[:, : n_steps * n_targets]
            levels = ndtr(scores).reshape(n_origins, n_steps, n_targets)
            return self.model.distribution(parameters).quantile(levels)

        return draw

    def _errors(self) -> Errors:
        return errors_of(self.model, self.history, self.n_steps, self.n_threads)

    def _rolled(self) -> tuple[Rolled, np.ndarray, np.ndarray]:
        """What is rolled on from means, and what brings it into the units of y."""
        rolled = self.model.roll(self.inputs, self.n_steps, self.n_threads)
        return rolled, *self.model.units_of(self.history, self.origins, rolled)

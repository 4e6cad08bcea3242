"""Forecasts in the units of y, with their spread: from some origins, and on request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from ..training import BATCH_SIZE, Rolled, RollInputs
from ..windows import Origins
from ._calibration import Errors
from ._distributions import (
    EVEN_LEVELS,
    ONE_SIGMA,
    NegativeBinomialValues,
    NormalValues,
    StudentTValues,
    skpro_empirical,
    skpro_from_moments,
    skpro_student_t,
)
from ._forecast_model import ForecastModel
from ._held_out import HeldOut, rows_between, unit_of, warn_of_untrained_phase
from ._history import History
from ._request import Request

_SMALLEST = 1e-12  # variance of counts that are all alike


@dataclass(frozen=True)
class Sampling:
    """The number of paths to draw, and their seed."""

    n_samples: int
    seed: int


class Forecast:
    """The forecasts that are requested.

    Steps ahead are forecast from the last row of their series. A row within the sample
    is forecast one step ahead from the rows before it. The first row of a series has no
    row before it, so it is forecast from the row after it.

    ``X`` holds covariates of the steps ahead.
    """

    def __init__(
        self,
        model: ForecastModel,
        history: History,
        request: Request,
        X: pd.DataFrame | None,
        sampling: Sampling,
        n_threads: Any,
    ) -> None:
        future = model.future_covariates(request, X, history)
        warn_of_untrained_phase(model, history, request, n_threads)
        self.request = request
        self.is_ahead = request.steps > 0
        self.ahead: FromOrigins | None = None
        self.within: FromOrigins | None = None
        window = model.plan.window_length
        if self.is_ahead.any():
            origins, n_steps = _last_origins(history, window), request.n_ahead
            inputs = model.roll_inputs(history, origins, future, n_steps)
            step_length = rows_between(model, history, n_steps)
            held_out = HeldOut(model, history, n_threads, step_length)
            self.ahead = FromOrigins(held_out, origins, inputs, n_steps, sampling)
        if not self.is_ahead.all():
            origins = _origins_before(history, request, window)
            inputs = model.roll_inputs(history, origins, None, 1)
            held_out = HeldOut(model, history, n_threads, 1)  # they begin at any row
            self.within = FromOrigins(held_out, origins, inputs, 1, sampling)

    def collect(self, of: Callable[[FromOrigins], np.ndarray]) -> np.ndarray:
        """Values (entry, ..., target) from forecasts (origin, ..., step, target)."""
        parts = []
        if self.ahead is not None:
            values = of(self.ahead)  # (series, ..., step, target)
            series = self.request.series[self.is_ahead]
            step = self.request.steps[self.is_ahead] - 1
            parts.append((self.is_ahead, values[series, ..., step, :]))
        if self.within is not None:
            parts.append((~self.is_ahead, of(self.within)[..., 0, :]))
        collected = np.empty((len(self.is_ahead), *parts[0][1].shape[1:]))
        for where, values in parts:
            collected[where] = values
        if not np.isfinite(collected).all():
            raise ValueError(
                "the forecasts are not finite: y or X holds values too large for the "
                "network; divide them first, or train with other parameters"
            )
        return collected

    def points(self) -> np.ndarray:
        """Point forecasts, (entry, target)."""
        return self.collect(lambda part: part.point)

    def quantiles(self, levels: Any) -> np.ndarray:
        """Quantiles at several levels, (level, entry, target)."""

        def by_level(part: FromOrigins) -> np.ndarray:
            return np.stack([part.quantile(level) for level in levels], axis=1)

        return np.moveaxis(self.collect(by_level), 1, 0)

    def variances(self) -> np.ndarray:
        """Variances, (entry, target)."""
        return self.collect(lambda part: part.variance())

    def marginal(self, columns: pd.Index) -> Any:
        """The marginal distribution of each value, from skpro.

        If the network gives all values a normal or negative binomial distribution, it
        has the mean and variance of the forecast. If the network gives a Student-t
        distribution, it has the spread of the middle of the forecast. Otherwise it is
        empirical, at ``n_samples`` evenly spaced levels.
        """
        parts = [part for part in (self.ahead, self.within) if part is not None]
        kinds = {type(part.whole_distribution) for part in parts}
        kind = kinds.pop() if len(kinds) == 1 else None
        where = {"index": self.request.index, "columns": columns}
        if kind in (NormalValues, NegativeBinomialValues):
            return skpro_from_moments(kind, self.points(), self.variances(), where)
        if kind is StudentTValues:
            upper, lower = self.quantiles([ONE_SIGMA, 1 - ONE_SIGMA])
            freedom = self.collect(lambda part: part.whole_distribution.freedom)
            return skpro_student_t(self.points(), (upper - lower) / 2, freedom, where)
        n_samples = parts[0].sampling.n_samples
        draws = self.quantiles((np.arange(n_samples) + 0.5) / n_samples)
        return skpro_empirical(draws, **where, time_indep=True)

    def joint(self, columns: pd.Index) -> Any:
        """Paths through all steps and targets of a series, as a skpro distribution."""
        draws = np.swapaxes(self.collect(lambda part: part.paths()), 0, 1)
        # draws (sample, entry, target)
        return skpro_empirical(draws, self.request.index, columns, time_indep=False)


def _last_origins(history: History, window_length: int) -> Origins:
    """The origin after the last row of each series."""
    ends = history.ends
    starts = ends - np.minimum(history.sizes, window_length)
    return Origins(np.arange(len(ends)), starts, ends)


def _origins_before(history: History, request: Request, window_length: int) -> Origins:
    """One origin for each row requested within the sample."""
    is_within = request.steps <= 0
    series = request.series[is_within]
    rows = history.ends[series] - 1 + request.steps[is_within]
    first = history.offsets[series]
    starts = np.maximum(first, rows - window_length)
    has_none = rows == first  # nothing comes before these
    shift = has_none & (history.sizes[series] > 1)
    return Origins(series, starts + shift, rows + shift + has_none)


@dataclass(frozen=True)
class FromOrigins:
    """Forecasts of one model from some origins, all steps ahead of each.

    The network gives the distributions of the first block; paths sample later blocks.
    With a point loss, the errors of held-out forecasts give the spread.
    """

    held_out: HeldOut  # knows the model and the history
    origins: Origins
    inputs: RollInputs
    n_steps: int
    sampling: Sampling

    @cached_property
    def point(self) -> np.ndarray:
        """Point forecasts, (origin, step, target)."""
        rolled, center, scale = self._rolled
        return rolled.values * scale + center

    def quantile(self, level: float) -> np.ndarray:
        """The value that is not exceeded with a probability, (origin, step, target)."""
        if self._is_point:
            return self.point + self._errors.quantile(level) * self._unit
        distribution, center, scale = self._block
        scores = np.full(center.shape[1:], ndtri(level))  # (step, target)
        levels = self._recalibration.levels(scores)
        block = distribution.quantile(levels) * scale + center
        if self._later is None:
            return block
        later = np.quantile(self._later, level, axis=1, method="inverted_cdf")
        return np.concatenate([block, later], axis=1)

    def variance(self) -> np.ndarray:
        """Variance of each value, (origin, step, target)."""
        if self._is_point:
            return self._errors.variance() * self._unit**2
        distribution, center, scale = self._block
        scores = np.full((*center.shape[1:], len(EVEN_LEVELS)), ndtri(EVEN_LEVELS))
        levels = self._recalibration.levels(np.moveaxis(scores, -1, 0))
        wider = np.stack([distribution.quantile(level) for level in levels])
        plain = np.stack([distribution.quantile(level) for level in EVEN_LEVELS])
        factor = wider.var(axis=0) / np.maximum(plain.var(axis=0), _SMALLEST)
        block = distribution.variance * factor * scale**2
        if self._later is None:
            return block
        return np.concatenate([block, self._later.var(axis=1)], axis=1)

    def paths(self) -> np.ndarray:
        """Draws from the joint distribution of all steps and targets.

        The shape is (n_origins, n_samples, n_steps, n_targets).
        """
        n_origins, n_samples = len(self.origins), self.sampling.n_samples
        if self._is_point:
            random_state = np.random.RandomState(self.sampling.seed)
            paths = self._errors.paths  # (vector, step, target)
            chosen = random_state.randint(len(paths), size=(n_origins, n_samples))
            return self.point[:, None] + paths[chosen] * self._unit[:, None]
        index = np.repeat(np.arange(n_origins), n_samples)
        parts = [
            self._drawn(index[first : first + BATCH_SIZE], first)
            for first in range(0, len(index), BATCH_SIZE)
        ]
        paths = np.concatenate(parts)
        return paths.reshape(n_origins, n_samples, self.n_steps, -1)

    def _drawn(self, index: np.ndarray, first: int) -> np.ndarray:
        """Paths (n_paths, n_steps, n_targets), each continued from its own draws.

        Draws of a block have the spread and correlation of the held-out values.
        """
        model, root = self.held_out.model, self._recalibration.root
        random_state = np.random.RandomState([self.sampling.seed, first])

        def draw(parameters: np.ndarray) -> np.ndarray:
            # parameters (origin, step, target, parameter); fewer steps in a last block
            n_origins, n_steps, n_targets, _ = parameters.shape
            scores = random_state.standard_normal((n_origins, len(root))) @ root.T
            scores = scores[:, : n_steps * n_targets]
            scores = scores.reshape(n_origins, n_steps, n_targets)
            levels = self._recalibration.levels(scores)
            return model.distribution(parameters).quantile(levels)

        rolled = self._roll(self.inputs.take(index), draw)
        origins = self.origins.take(index)
        center, scale = model.units_of(self.held_out.history, origins, rolled)
        return rolled.values * scale + center

    def _roll(self, inputs: RollInputs, draw: Any = None) -> Rolled:
        held_out = self.held_out
        return held_out.model.roll(inputs, self.n_steps, held_out.n_threads, draw)

    @property
    def whole_distribution(self) -> Any:
        """The distribution of all steps; None if the network does not give it."""
        is_whole = not self._is_point and self._later is None
        return self._block[0] if is_whole else None

    @property
    def _is_point(self) -> bool:
        return self.held_out.model.plan.is_point

    @cached_property
    def _rolled(self) -> tuple[Rolled, np.ndarray, np.ndarray]:
        """Means rolled forward, with their center and scale in units of y."""
        rolled, model = self._roll(self.inputs), self.held_out.model
        return rolled, *model.units_of(self.held_out.history, self.origins, rolled)

    @cached_property
    def _block(self) -> tuple[Any, np.ndarray, np.ndarray]:
        """Distribution, center and scale of the steps that are decoded at once."""
        rolled, center, scale = self._rolled
        first, model = slice(self._horizon), self.held_out.model
        parameters = rolled.parameters[:, first]
        return model.distribution(parameters), center[:, first], scale[:, first]

    @cached_property
    def _later(self) -> np.ndarray | None:
        """Paths after the first block, (origin, sample, step, target)."""
        is_direct = self.n_steps <= self._horizon
        return None if is_direct else self.paths()[:, :, self._horizon :]

    @property
    def _horizon(self) -> int:
        return self.held_out.model.plan.horizon

    @cached_property
    def _recalibration(self) -> Any:
        return self.held_out.recalibration()

    @cached_property
    def _errors(self) -> Errors:
        return self.held_out.errors(self.n_steps)

    @cached_property
    def _unit(self) -> np.ndarray:
        """The unit of the errors, (origin, step, target)."""
        rolled, _, scale = self._rolled
        return unit_of(rolled, scale, self._errors.power)

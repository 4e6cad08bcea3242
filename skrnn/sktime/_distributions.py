"""The distribution of a value, from the outputs of a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri, stdtr, stdtrit
from scipy.stats import nbinom

EVEN_LEVELS = (np.arange(199) + 0.5) / 199
ONE_SIGMA = float(ndtr(1))
_LEAST_DISPERSION = 1e-6


@dataclass(frozen=True)
class _Values:
    """Values whose mean is the first of their parameters (..., n_parameters).

    Levels given to ``quantile`` broadcast against the mean; ``probability`` is the
    probability of a value of at most ``y``.
    """

    parameters: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        return self.parameters[..., 0]


class PointValues(_Values):
    """Values without a known spread; ``parameters`` (..., 1)."""


class NormalValues(_Values):
    """Mean and deviation, (..., 2)."""

    @property
    def variance(self) -> np.ndarray:
        return self.parameters[..., 1] ** 2

    def quantile(self, level: Any) -> np.ndarray:
        return self.mean + self.parameters[..., 1] * ndtri(level)

    def probability(self, y: np.ndarray) -> np.ndarray:
        return ndtr((y - self.mean) / self.parameters[..., 1])


class StudentTValues(_Values):
    """Location, scale and degrees of freedom (over 2), (..., 3)."""

    @property
    def freedom(self) -> np.ndarray:
        return self.parameters[..., 2]

    @property
    def variance(self) -> np.ndarray:
        return self.parameters[..., 1] ** 2 * self.freedom / (self.freedom - 2)

    def quantile(self, level: Any) -> np.ndarray:
        return self.mean + self.parameters[..., 1] * stdtrit(self.freedom, level)

    def probability(self, y: np.ndarray) -> np.ndarray:
        return stdtr(self.freedom, (y - self.mean) / self.parameters[..., 1])


class NegativeBinomialValues(_Values):
    """Mean and dispersion of counts, (..., 2)."""

    @property
    def variance(self) -> np.ndarray:
        return self.mean + self.parameters[..., 1] * self.mean**2

    @property
    def size_and_probability(self) -> tuple[np.ndarray, np.ndarray]:
        """SciPy's parameters of a negative binomial distribution."""
        size = 1 / self.parameters[..., 1].astype(np.float64)
        return size, size / (size + self.mean)

    def quantile(self, level: Any) -> np.ndarray:
        return nbinom.ppf(level, *self.size_and_probability)

    def probability(self, y: np.ndarray) -> np.ndarray:
        """The probability below ``y``, plus a random share of that of ``y`` itself."""
        size, probability = self.size_and_probability
        below = nbinom.cdf(y - 1, size, probability)
        share = np.random.RandomState(0).uniform(size=below.shape)
        return below + share * nbinom.pmf(y, size, probability)


@dataclass(frozen=True)
class QuantileValues:
    """Values at ``levels``, (..., n_levels), in increasing order.

    Between two levels, and beyond the outer ones, values are linear in the normal
    quantile.
    """

    parameters: np.ndarray
    levels: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """The middle quantile."""
        return self.parameters[..., len(self.levels) // 2]

    @property
    def variance(self) -> np.ndarray:
        return np.stack([self.quantile(level) for level in EVEN_LEVELS]).var(axis=0)

    def quantile(self, level: Any) -> np.ndarray:
        level = np.broadcast_to(level, np.broadcast(level, self.mean).shape)
        z, knots = ndtri(level), ndtri(self.levels)
        left = np.clip(np.searchsorted(knots, z) - 1, 0, len(knots) - 2)
        low, high = self._around(left)
        share = (z - knots[left]) / (knots[left + 1] - knots[left])
        return low + share * (high - low)

    def probability(self, y: np.ndarray) -> np.ndarray:
        """The probability of at most ``y``; one half at a constant forecast."""
        knots = ndtri(self.levels)
        left = (y[..., None] > self.parameters[..., 1:-1]).sum(axis=-1)
        low, high = self._around(left)
        is_jump = high == low
        share = (y - low) / np.where(is_jump, 1, high - low)
        between = ndtr(knots[left] + share * (knots[left + 1] - knots[left]))
        return np.where(is_jump, (np.sign(y - low) + 1) / 2, between)

    def _around(self, left: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The values at the levels ``left``, and at the next ones."""
        values = np.broadcast_to(self.parameters, (*left.shape, len(self.levels)))
        low = np.take_along_axis(values, left[..., None], -1)[..., 0]
        high = np.take_along_axis(values, left[..., None] + 1, -1)[..., 0]
        return low, high


_KINDS: dict[str, Any] = {
    "normal": NormalValues,
    "student_t": StudentTValues,
    "negative_binomial": NegativeBinomialValues,
}


def distribution_of(loss: str, parameters: np.ndarray, levels: Any) -> Any:
    """The distribution for a network trained with ``loss``."""
    parameters = parameters.astype(np.float64)
    if loss == "quantile":
        return QuantileValues(parameters, np.asarray(levels))
    return _KINDS.get(loss, PointValues)(parameters)


# in the form of skpro, which takes long to import


def skpro_from_moments(
    kind: Any, mean: np.ndarray, variance: np.ndarray, where: dict[str, Any]
) -> Any:
    """A normal or negative binomial distribution at an index and columns."""
    from skpro.distributions import NegativeBinomial, Normal

    if kind is NormalValues:
        return Normal(mean, np.sqrt(variance), **where)
    dispersion = np.maximum(_LEAST_DISPERSION, (variance - mean) / mean**2)
    return NegativeBinomial(mean, 1 / dispersion, **where)  # skpro's alpha is a size


def skpro_student_t(
    mean: np.ndarray, half: np.ndarray, freedom: np.ndarray, where: dict[str, Any]
) -> Any:
    """Student-t whose quantile ``ONE_SIGMA`` lies ``half`` above the median."""
    from skpro.distributions import TDistribution

    return TDistribution(mean, half / stdtrit(freedom, ONE_SIGMA), freedom, **where)


def skpro_empirical(
    draws: np.ndarray, index: pd.Index, columns: pd.Index, *, time_indep: bool
) -> Any:
    """An empirical distribution of draws (sample, entry, target)."""
    from skpro.distributions import Empirical

    n_samples, n_entries, n_targets = draws.shape
    levels = [index.get_level_values(i) for i in range(index.nlevels)]
    repeated = [level.append([level] * (n_samples - 1)) for level in levels]
    support = pd.DataFrame(
        draws.reshape(n_samples * n_entries, n_targets),
        pd.MultiIndex.from_arrays(
            [np.repeat(np.arange(n_samples), n_entries), *repeated],
            names=["sample", *index.names],
        ),
        columns,
    )
    return Empirical(support, time_indep=time_indep, index=index, columns=columns)

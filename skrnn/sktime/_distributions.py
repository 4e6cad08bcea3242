"""The distribution of a value, from the parameters that a network gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit
from scipy.stats import nbinom

EVEN_LEVELS = (np.arange(199) + 0.5) / 199


@dataclass(frozen=True)
class Point:
    """A value that says nothing about its spread; ``values`` (..., 1)."""

    parameters: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        return self.parameters[..., 0]


@dataclass(frozen=True)
class NormalValues:
    """Mean and deviation, (..., 2)."""

    parameters: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        return self.parameters[..., 0]

    @property
    def variance(self) -> np.ndarray:
        return self.parameters[..., 1] ** 2

    def quantile(self, level: Any) -> np.ndarray:
        """The value at each level, which broadcasts against the mean."""
        return self.mean + self.parameters[..., 1] * ndtri(level)

    def probability(self, y: np.ndarray) -> np.ndarray:
        """How likely a value of at most ``y`` is."""
        return ndtr((y - self.mean) / self.parameters[..., 1])


@dataclass(frozen=True)
class StudentTValues:
    """Location, scale and degrees of freedom (over 2), (..., 3)."""

    parameters: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        return self.parameters[..., 0]

    @property
    def variance(self) -> np.ndarray:
        freedom = self.parameters[..., 2]
        return self.parameters[..., 1] ** 2 * freedom / (freedom - 2)

    def quantile(self, level: Any) -> np.ndarray:
        """The value at each level, which broadcasts against the mean."""
        freedom = self.parameters[..., 2]
        return self.mean + self.parameters[..., 1] * stdtrit(freedom, level)

    def probability(self, y: np.ndarray) -> np.ndarray:
        """How likely a value of at most ``y`` is."""
        z = (y - self.mean) / self.parameters[..., 1]
        return stdtr(self.parameters[..., 2], z)


@dataclass(frozen=True)
class NegativeBinomialValues:
    """Mean and dispersion of counts, (..., 2)."""

    parameters: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        return self.parameters[..., 0]

    @property
    def variance(self) -> np.ndarray:
        return self.mean + self.parameters[..., 1] * self.mean**2

    @property
    def size_and_probability(self) -> tuple[np.ndarray, np.ndarray]:
        """As SciPy and skpro name a negative binomial distribution."""
        size = 1 / self.parameters[..., 1].astype(np.float64)
        return size, size / (size + self.mean)

    def quantile(self, level: Any) -> np.ndarray:
        """The value at each level, which broadcasts against the mean."""
        return nbinom.ppf(level, *self.size_and_probability)

    def probability(self, y: np.ndarray) -> np.ndarray:
        """How likely a value under ``y`` is, a random share of ``y`` counted in."""
        size, probability = self.size_and_probability
        below = nbinom.cdf(y - 1, size, probability)
        share = np.random.RandomState(0).uniform(size=below.shape)
        return below + share * nbinom.pmf(y, size, probability)


@dataclass(frozen=True)
class QuantileValues:
    """Values at ``levels``, (..., n_levels), in increasing order.

    Between two levels, and beyond the outer ones, the distribution is taken to be
    normal: values are linear in the normal quantile.
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
        """The value at each level, which broadcasts against the mean."""
        level = np.broadcast_to(level, np.broadcast(level, self.mean).shape)
        knots = ndtri(self.levels)
        values = np.broadcast_to(self.parameters, (*level.shape, len(knots)))
        z = ndtri(level)
        left = np.clip(np.searchsorted(knots, z) - 1, 0, len(knots) - 2)
        low = np.take_along_axis(values, left[..., None], -1)[..., 0]
        high = np.take_along_axis(values, left[..., None] + 1, -1)[..., 0]
        share = (z - knots[left]) / (knots[left + 1] - knots[left])
        return low + share * (high - low)

    def probability(self, y: np.ndarray) -> np.ndarray:
        """How likely a value of at most ``y`` is."""
        knots = ndtri(self.levels)
        left = (y[..., None] > self.parameters[..., 1:-1]).sum(axis=-1)
        low = np.take_along_axis(self.parameters, left[..., None], -1)[..., 0]
        high = np.take_along_axis(self.parameters, left[..., None] + 1, -1)[..., 0]
        share = (y - low) / (high - low)
        return ndtr(knots[left] + share * (knots[left + 1] - knots[left]))


_KINDS: dict[str, Any] = {
    "normal": NormalValues,
    "student_t": StudentTValues,
    "negative_binomial": NegativeBinomialValues,
}


def distribution_of(loss: str, parameters: np.ndarray, levels: Any) -> Any:
    """The distribution that a network trained with ``loss`` gives, or a Point."""
    parameters = parameters.astype(np.float64)
    if loss == "quantile":
        return QuantileValues(parameters, np.asarray(levels))
    return _KINDS.get(loss, Point)(parameters)

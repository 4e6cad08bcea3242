"""Forecasts as skpro's distribution objects."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr, stdtrit

from ._answer import Answer
from ._distributions import NegativeBinomialValues, NormalValues, StudentTValues
from ._forecasts import DirectForecast, Forecasting

_LEAST_DISPERSION = 1e-6
_ONE_SIGMA = float(ndtr(1))


def marginal_distribution(
    answer: Answer, columns: pd.Index, n_samples: int, seed: int
) -> Any:
    """The distribution of each value on its own.

    Of the kind that the network gives where that is a normal or negative binomial one,
    with the forecast's mean and variance, or a Student-t one, with the spread of the
    forecast's middle; else an empirical one at ``n_samples`` evenly spaced levels.
    """
    index = answer.steps.index
    where = {"index": index, "columns": columns}
    forecasts = {id(part): part.uncertain(n_samples, seed) for part in answer.parts}

    def of(attribute: Any) -> np.ndarray:
        return answer.collect(lambda part: attribute(forecasts[id(part)]))

    kinds = {_kind(forecast) for forecast in forecasts.values()}
    if len(kinds) == 1 and kinds <= {StudentTValues, *_MOMENTS}:
        center = of(_center)
        if kinds == {StudentTValues}:
            half = of(lambda f: f.quantile(_ONE_SIGMA) - f.quantile(1 - _ONE_SIGMA)) / 2
            return _student_t(center, half, of(_freedom), where)
        variance = of(lambda forecast: forecast.variance())
        return _MOMENTS[kinds.pop()](center, variance, where)
    levels = (np.arange(n_samples) + 0.5) / n_samples
    draws = [of(lambda forecast, at=level: forecast.quantile(at)) for level in levels]
    return _empirical(np.stack(draws), index, columns, time_indep=True)


def joint_distribution(
    answer: Answer, columns: pd.Index, n_samples: int, seed: int
) -> Any:
    """Paths through all steps and targets of a series, as an empirical distribution."""

    def paths(part: Forecasting) -> np.ndarray:
        return part.paths(n_samples, seed)  # (origin, sample, step, target)

    draws = np.swapaxes(answer.collect(paths), 0, 1)  # (sample, entry, target)
    return _empirical(draws, answer.steps.index, columns, time_indep=False)


def _empirical(
    draws: np.ndarray, index: pd.Index, columns: pd.Index, time_indep: bool
) -> Any:
    # draws (sample, entry, target)
    from skpro.distributions import Empirical

    n_samples, n_entries, n_targets = draws.shape
    levels = [index.get_level_values(i) for i in range(index.nlevels)]
    repeated = [level.append([level] * (n_samples - 1)) for level in levels]
    names = ["sample", *index.names]
    support = pd.DataFrame(
        draws.reshape(n_samples * n_entries, n_targets),
        pd.MultiIndex.from_arrays(
            [np.repeat(np.arange(n_samples), n_entries), *repeated], names=names
        ),
        columns,
    )
    return Empirical(support, time_indep=time_indep, index=index, columns=columns)


def _kind(forecast: Any) -> Any:
    return type(getattr(forecast, "distribution", None))


def _center(forecast: DirectForecast) -> np.ndarray:
    return forecast.distribution.mean * forecast.scale + forecast.center


def _freedom(forecast: DirectForecast) -> np.ndarray:
    return forecast.distribution.parameters[..., 2]


def _normal(mean: np.ndarray, variance: np.ndarray, where: Any) -> Any:
    from skpro.distributions import Normal

    return Normal(mean, np.sqrt(variance), **where)


def _student_t(
    mean: np.ndarray, half: np.ndarray, freedom: np.ndarray, where: Any
) -> Any:
    """With the distance ``half`` between the median and the quantile above it."""
    from skpro.distributions import TDistribution

    return TDistribution(mean, half / stdtrit(freedom, _ONE_SIGMA), freedom, **where)


def _negative_binomial(mean: np.ndarray, variance: np.ndarray, where: Any) -> Any:
    from skpro.distributions import NegativeBinomial

    dispersion = np.maximum(_LEAST_DISPERSION, (variance - mean) / mean**2)
    return NegativeBinomial(mean, 1 / dispersion, **where)  # skpro's alpha is a size


_MOMENTS: dict[Any, Any] = {
    NormalValues: _normal,
    NegativeBinomialValues: _negative_binomial,
}

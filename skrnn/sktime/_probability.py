"""Forecasts as skpro's distribution objects."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ._answer import Answer
from ._distributions import NegativeBinomialValues, NormalValues, StudentTValues
from ._forecasts import DirectForecast, Forecasting


def marginal_distribution(
    answer: Answer, columns: pd.Index, n_samples: int, seed: int
) -> Any:
    """The distribution of each value on its own.

    That of the network where it gives a normal, Student-t or negative binomial one;
    else an empirical one at ``n_samples`` evenly spaced levels.
    """
    index = answer.steps.index
    where = {"index": index, "columns": columns}
    forecasts = {id(part): part.uncertain(n_samples, seed) for part in answer.parts}

    def of(attribute: Any) -> np.ndarray:
        return answer.collect(lambda part: attribute(forecasts[id(part)]))

    kinds = {_kind(forecast) for forecast in forecasts.values()}
    if kinds == {NormalValues}:
        from skpro.distributions import Normal

        deviation = np.sqrt(of(lambda forecast: forecast.variance()))
        return Normal(of(_center), deviation, **where)
    if kinds == {StudentTValues}:
        from skpro.distributions import TDistribution

        return TDistribution(of(_center), of(_t_scale), of(_t_freedom), **where)
    if kinds == {NegativeBinomialValues}:
        from skpro.distributions import NegativeBinomial

        return NegativeBinomial(of(_center), of(_dispersion), **where)
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


def _t_scale(forecast: DirectForecast) -> np.ndarray:
    return forecast.distribution.parameters[..., 1] * forecast.scale


def _t_freedom(forecast: DirectForecast) -> np.ndarray:
    return forecast.distribution.parameters[..., 2]


def _dispersion(forecast: DirectForecast) -> np.ndarray:
    return forecast.distribution.parameters[..., 1]

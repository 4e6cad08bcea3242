"""Accuracy of the forecasters on small public series, beside simple methods.

Each series is forecast from three origins, the last one so that its end is forecast,
and the two before it a horizon earlier each. The networks have their default
parameters but for the window, which is two seasons (20 rows without a season); every
origin is a fit of its own, and three seeds are averaged. MASE is the mean absolute
error over that of the seasonal naive forecast within the training rows; below the
column "naive", a method beats it.

    python tests/benchmarks/forecast_accuracy.py

prints a Markdown table.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sktime.datasets import (
    load_airline,
    load_lynx,
    load_PBS_dataset,
    load_shampoo_sales,
    load_solar,
    load_uschange,
)
from sktime.forecasting.ets import AutoETS
from sktime.forecasting.naive import NaiveForecaster
from sktime.forecasting.theta import ThetaForecaster

from skrnn.sktime import GRUForecaster, LSTMForecaster, MLPForecaster, RNNForecaster

SEEDS = [0, 1, 2]
N_ORIGINS = 3
NETWORKS = [RNNForecaster, GRUForecaster, LSTMForecaster, MLPForecaster]


def data_sets() -> dict[str, tuple[np.ndarray, int, int]]:
    """Values, length of the season, and horizon."""
    consumption, _ = load_uschange()
    solar = load_solar(return_full_df=False, api_version=None)
    return {
        "airline": (_values(load_airline()), 12, 12),
        "lynx": (_values(load_lynx()), 1, 8),
        "shampoo": (_values(load_shampoo_sales()), 12, 4),
        "PBS": (_values(load_PBS_dataset()), 12, 12),
        "uschange": (_values(consumption), 4, 8),
        "solar": (_values(solar), 48, 24),
    }


def _values(series: Any) -> np.ndarray:
    return np.asarray(series, dtype=float).ravel()


def mase(
    make: Callable[[int], Any], y: np.ndarray, season: int, horizon: int, seeds: list
) -> float:
    errors = []
    for origin in range(N_ORIGINS):
        end = len(y) - horizon * (origin + 1)
        train, actual = y[:end], y[end : end + horizon]
        unit = np.abs(train[season:] - train[:-season]).mean()
        for seed in seeds:
            forecaster = make(seed).fit(pd.Series(train), fh=range(1, horizon + 1))
            error = np.abs(np.asarray(forecaster.predict()).ravel() - actual).mean()
            errors.append(error / unit)
    return float(np.mean(errors))


def methods(
    season: int, is_positive: bool = True
) -> dict[str, tuple[Callable[[int], Any], list]]:
    """How to make each forecaster, and with which seeds.

    Theta's seasonal factors are for positive values.
    """
    window = 2 * season if season > 1 else 20
    ets = {"seasonal": "add" if season > 1 else None, "sp": season}
    found: dict[str, tuple[Callable[[int], Any], list]] = {
        "naive": (lambda seed: NaiveForecaster(sp=season), [0]),
        "ETS": (lambda seed: AutoETS(error="add", trend="add", **ets), [0]),
        "Theta": (
            lambda seed: ThetaForecaster(sp=season, deseasonalize=is_positive),
            [0],
        ),
    }
    for network in NETWORKS:
        name = network.__name__.removesuffix("Forecaster")
        found[name] = (
            lambda seed, network=network: network(window, random_state=seed),
            SEEDS,
        )
    return found


def main() -> None:
    logging.captureWarnings(True)
    print("| series | rows | season | steps | " + " | ".join(methods(1)) + " |")
    print("|---" * (4 + len(methods(1))) + "|")
    for name, (y, season, horizon) in data_sets().items():
        scores = [
            mase(make, y, season, horizon, seeds)
            for make, seeds in methods(season, bool((y > 0).all())).values()
        ]
        cells = " | ".join(f"{score:.2f}" for score in scores)
        print(f"| {name} | {len(y)} | {season} | {horizon} | {cells} |", flush=True)


if __name__ == "__main__":
    main()

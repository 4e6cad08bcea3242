"""Series and parameters that the tests of forecasters share."""

import numpy as np
import pandas as pd

from skrnn.sktime import GRUForecaster, LSTMForecaster, MLPForecaster, RNNForecaster

FORECASTERS = [RNNForecaster, GRUForecaster, LSTMForecaster, MLPForecaster]
QUICK = {
    "window_length": 8,
    "hidden_layer_sizes": 6,
    "learning_rate": "onecycle",
    "learning_rate_init": 0.02,
    "max_iter": 4,
    "random_state": 0,
}
LOSSES = [
    "squared_error", "absolute_error", "huber", "normal", "student_t",
    "negative_binomial", "quantile",
]  # fmt: skip


def months(n_rows, start="2000-01"):
    return pd.period_range(start, periods=n_rows, freq="M")


def noise(n_rows=80, seed=0, start="2000-01"):
    values = 50 + 10 * np.random.default_rng(seed).normal(size=n_rows).cumsum()
    return pd.DataFrame({"y": values}, months(n_rows, start))


def panel(sizes=(60, 45, 50), seed=0):
    """Series of different ends; the names are not in order."""
    names = ["c", "a", "b", "e", "d"][: len(sizes)]
    frames = [noise(size, seed + i) for i, size in enumerate(sizes)]
    return pd.concat(frames, keys=names, names=["series", "month"])


def counts(n_rows=80):
    y = np.random.default_rng(0).poisson(4, n_rows).astype(float)
    return pd.DataFrame({"y": y}, months(n_rows))


def covariate_data(n_rows=150):
    rng = np.random.default_rng(0)
    index = months(n_rows)
    X = pd.DataFrame(rng.normal(size=(n_rows, 2)), index, columns=["a", "b"])
    y = pd.DataFrame({"y": 100 + 5 * X["a"] + rng.normal(size=n_rows) / 10}, index)
    return y, X

"""A household's daily power, seven days ahead, beside naive forecasts and Ridge.

The protocol is that of published tutorials on this data. A day's value is the sum of
the minutes' kilowatts ("kW" there, kilowatt-minutes by its unit), missing minutes
taken from the day before. Weeks run from Sunday to Saturday; at the end of each
Saturday the next seven days are forecast. The last 46 whole weeks, 2010-01-03 to
2010-11-20, are the test; all before is for training. One RMSE is taken over all 322
days. A model is fitted once and then shown each week as it has come.

Every method sees the same: windows of days, with the logarithm of the day's value and
the weekday and the season (a sine and a cosine of the year) of the day after it. They
learn from the windows that end on any day of the training years, not only on Saturdays.

What is tuned, is tuned before 2010. ``--tune`` prints, for each candidate, the RMSE
over the 52 weeks of 2009, learning from what lies before, over the 26 weeks of the
second half of 2008, learning from the 18 months before (a summer with an empty house
makes it the harder one), and over all 78. The constants below have the lowest last.

    python tests/benchmarks/household_power.py
    python tests/benchmarks/household_power.py --quick
    python tests/benchmarks/household_power.py --tune

The first prints a Markdown table, each network the mean of three seeds; ``--quick``
takes one seed and 3 epochs, to see that it runs.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge

from skrnn import GRURegressor, LSTMRegressor, RNNRegressor
from skrnn.datasets import load_household_power

WEEK = 7
YEAR = 52 * WEEK  # the same weekday
WINDOW = 14
SEEDS = (0, 1, 2)
TEST = ("2010-01-03", "2010-11-20")  # a Sunday and a Saturday, as the others
TUNING = {
    "2008, second half": ("2008-07-06", "2009-01-03"),
    "2009": ("2009-01-04", "2010-01-02"),
}
COMMON = {
    "dropout": 0.2,
    "batch_size": 32,
    "learning_rate": "cosine",
    "learning_rate_init": 0.005,
}
RIDGE = {"alpha": 10.0}


class Days:
    """The series cut at the first day to forecast."""

    def __init__(self, first: str, last: str) -> None:
        table = load_household_power(resample="D", fill="previous_day").frame
        self.power = table["global_active_power"].to_numpy()
        start = table.index.get_loc(first)
        self.origins = np.arange(start - 1, table.index.get_loc(last), WEEK)
        # the last training window's seventh day is the day before the first forecast;
        # the first day is not whole
        self.training = np.arange(WINDOW, start - WEEK)
        self.rows = rows(self.power, table.index, start)

    def windows(self, ends: np.ndarray) -> np.ndarray:
        """(window, day, feature), each with the day ``end`` as its last."""
        view = np.lib.stride_tricks.sliding_window_view(self.rows, WINDOW, axis=0)
        return view.transpose(0, 2, 1)[ends - WINDOW + 1]

    def ahead(self, ends: np.ndarray, delay: int = 0) -> np.ndarray:
        """(window, day ahead), or the same days ``delay`` days before."""
        return self.power[ends[:, None] + np.arange(1, WEEK + 1) - delay]

    def rmse(self, forecast: np.ndarray) -> float:
        error = forecast - self.ahead(self.origins)
        return float(np.sqrt(np.mean(error**2)))

    def forecast(self, model: Any) -> np.ndarray:
        """Of a model that learns standardised values."""
        y = self.ahead(self.training)
        mean, scale = y.mean(), y.std()
        model.fit(self.windows(self.training), (y - mean) / scale)
        return model.predict(self.windows(self.origins)) * scale + mean


def rows(power: np.ndarray, days: pd.DatetimeIndex, n_train: int) -> np.ndarray:
    """Of each day the scaled logarithm, and the calendar of the day after."""
    logs = np.log(power + 50)  # an empty house draws 250
    scaled = (logs - logs[1:n_train].mean()) / logs[1:n_train].std()
    after = days + pd.Timedelta(days=1)
    phase = 2 * np.pi * after.dayofyear.to_numpy() / 365.25
    weekday = after.dayofweek.to_numpy()[:, None] == np.arange(WEEK)
    columns = [scaled, np.sin(phase), np.cos(phase), weekday]
    return np.column_stack(columns).astype("float32")


class Flat(Ridge):
    """Ridge on the days of a window side by side, the calendar of the last one only."""

    def fit(self, X: np.ndarray, y: np.ndarray) -> Flat:
        return super().fit(flatten(X), y)

    def predict(self, X: np.ndarray) -> np.ndarray:
        return super().predict(flatten(X))


def flatten(X: np.ndarray) -> np.ndarray:
    return np.hstack([X[:, :, 0], X[:, -1, 1:]])


NETWORKS: dict[str, tuple[type, dict]] = {
    "RNN": (RNNRegressor, {"hidden_layer_sizes": 16, "max_iter": 30, "alpha": 0.03}),
    "GRU": (GRURegressor, {"hidden_layer_sizes": 32, "max_iter": 20, "alpha": 0.03}),
    "LSTM": (LSTMRegressor, {"hidden_layer_sizes": 32, "max_iter": 30, "alpha": 0.03}),
    "conv-LSTM": (
        LSTMRegressor,
        {
            "conv_filters": 32,
            "conv_kernel_size": 1,
            "conv_activation": "tanh",
            "hidden_layer_sizes": 32,
            "max_iter": 30,
            "alpha": 0.03,
        },
    ),
}
GRID = {"hidden_layer_sizes": [8, 16, 32], "max_iter": [20, 30], "alpha": [1e-4, 0.03]}
CONVOLUTIONS = {
    "conv_filters": [32],
    "conv_activation": ["tanh", "relu"],
    "conv_kernel_size": [1, 3],
    "alpha": [1e-3, 0.03],
}


def naive(days: Days) -> dict[str, np.ndarray]:
    ends = days.origins
    return {
        "the last day, seven times": np.repeat(days.power[ends][:, None], WEEK, axis=1),
        "the last week": days.ahead(ends, WEEK),
        "the week of a year ago": days.ahead(ends, YEAR),
    }


def networks(
    name: str, days: Days, seeds: Iterable[int], **changes: Any
) -> list[np.ndarray]:
    """A forecast for each seed."""
    network, chosen = NETWORKS[name]
    parameters = {**COMMON, **chosen, **changes}
    return [days.forecast(network(**parameters, random_state=seed)) for seed in seeds]


def ridge(alpha: float, days: Days) -> list[np.ndarray]:
    """Its forecast, as the only one."""
    return [days.forecast(Flat(alpha))]


def candidates(name: str) -> Iterator[dict]:
    """What is tried; convolutions with the units that were chosen for the LSTM."""
    grid = CONVOLUTIONS if name == "conv-LSTM" else GRID
    for values in product(*grid.values()):
        yield dict(zip(grid, values, strict=True))


def tune() -> None:
    splits = {name: Days(*bounds) for name, bounds in TUNING.items()}
    print("| network | parameters | " + " | ".join(splits) + " | all weeks |")
    print("|---" * (3 + len(splits)) + "|")

    def line(name: str, parameters: dict, forecasts: Callable[[Days], list]) -> None:
        scores = [
            np.mean([days.rmse(forecast) for forecast in forecasts(days)])
            for days in splits.values()
        ]
        weeks = [len(days.origins) for days in splits.values()]
        pooled = np.sqrt(np.average(np.square(scores), weights=weeks))
        cells = " | ".join(f"{score:.1f}" for score in [*scores, pooled])
        print(f"| {name} | {parameters} | {cells} |", flush=True)

    for alpha in (1.0, 10.0, 100.0, 1000.0):
        line("Ridge", {"alpha": alpha}, partial(ridge, alpha))
    for name in NETWORKS:
        for changes in candidates(name):
            line(name, changes, partial(networks, name, seeds=SEEDS, **changes))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="see that it runs")
    parser.add_argument(
        "--tune", action="store_true", help="try candidates before 2010"
    )
    options = parser.parse_args()
    if options.tune:
        tune()
        return
    days = Days(*TEST)
    print(f"| forecast | RMSE of {days.ahead(days.origins).size} days | of the seeds |")
    print("|---|---|---|")
    for name, forecast in naive(days).items():
        print(f"| {name} | {days.rmse(forecast):.1f} | |")
    print(f"| Ridge | {days.rmse(days.forecast(Flat(**RIDGE))):.1f} | |", flush=True)
    changes = {"max_iter": 3} if options.quick else {}
    for name in NETWORKS:
        forecasts = networks(name, days, SEEDS[: 1 if options.quick else 3], **changes)
        scores = [days.rmse(forecast) for forecast in forecasts]
        spread = ", ".join(f"{score:.1f}" for score in scores)
        print(f"| {name} | {np.mean(scores):.1f} | {spread} |", flush=True)


if __name__ == "__main__":
    main()

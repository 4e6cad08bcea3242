"""Forecast tomorrow's electricity demand, hour by hour, with calendar and weather.

Hourly demand in the Carolinas, 2019-03 to 2020-12. Each midnight of the last eight
weeks a GRU forecasts the 24 hours that follow, from the last two days of demand and
from what is known of these hours: hour, weekday, season, holiday, and the lowest and
highest temperature of the day. The temperatures are measured, so that they play a
perfect weather forecast. The network is trained once, before the eight weeks; each
midnight it is shown what has come, no more.

Beside it stand the same hour of the day and of the week before, the network without
covariates, and the forecast that the grid operator made the day before.

    python examples/forecast_energy.py

prints a table and writes ``output/forecast_energy.png``.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from skrnn import load_electricity
from skrnn.sktime import GRUForecaster

DAYS = 56  # to forecast
HOURS = 24
COVERAGE = 0.9
SHOWN = slice(-10 * HOURS, None)
PICTURE = Path("output") / "forecast_energy.png"


def waves(phase: pd.Index, n_waves: int, name: str) -> dict[str, np.ndarray]:
    return {
        f"{name} {kind.__name__} {k}": kind(2 * np.pi * k * phase.to_numpy())
        for k in range(1, n_waves + 1)
        for kind in (np.sin, np.cos)
    }


def known_ahead(frame: pd.DataFrame) -> pd.DataFrame:
    """What is known of an hour before it comes."""
    wall = frame.index.tz_localize("Etc/GMT+5").tz_convert("America/New_York")
    weekdays = {f"weekday {d}": (wall.dayofweek == d) * 1.0 for d in range(6)}
    calendar = {
        **waves(wall.hour / 24, 4, "day"),
        **waves(wall.dayofyear / 365.25, 1, "year"),
        **weekdays,
    }
    X = pd.DataFrame(calendar, frame.index)
    X["holiday"] = frame["holiday"]
    X["heating"] = np.maximum(0, 15 - frame["temp_min"])
    X["cooling"] = np.maximum(0, frame["temp_max"] - 22)
    return X


def rolling_forecast(
    y: pd.Series, X: pd.DataFrame | None
) -> tuple[pd.Series, pd.DataFrame]:
    """The day ahead at each midnight, and its interval, from one fit."""
    first = len(y) - DAYS * HOURS
    forecaster = GRUForecaster(
        window_length=48,
        horizon=HOURS,
        hidden_layer_sizes=32,
        step_length=2,
        max_iter=100,
        n_iter_no_change=8,
        random_state=0,
    )
    forecaster.fit(y[:first], None if X is None else X[:first])
    days, intervals = [], []
    for start in range(first, len(y), HOURS):
        if start > first:
            new = slice(start - HOURS, start)
            forecaster.update(
                y[new], None if X is None else X[new], update_params=False
            )
        ahead = None if X is None else X[start : start + HOURS]
        fh = range(1, HOURS + 1)
        days.append(forecaster.predict(fh, ahead))
        intervals.append(forecaster.predict_interval(fh, ahead, coverage=COVERAGE))
    return pd.concat(days), pd.concat(intervals)


def main() -> None:
    electricity = load_electricity()
    y = electricity.target / 1000  # GW
    actual = y[-DAYS * HOURS :]
    X = known_ahead(electricity.frame)
    with_covariates, interval = rolling_forecast(y, X)
    alone, _ = rolling_forecast(y, None)
    forecasts = {
        "same hour a week before": y.shift(7 * HOURS)[actual.index],
        "same hour the day before": y.shift(HOURS)[actual.index],
        "GRU, demand alone": alone,
        "GRU, calendar and weather": with_covariates,
        "grid operator": electricity.forecast[actual.index] / 1000,
    }
    print(f"MAPE over {DAYS} days, each forecast at midnight:")
    for name, forecast in forecasts.items():
        print(f"  {name:26s} {100 * (forecast / actual - 1).abs().mean():5.2f} %")
    lower, upper = interval.iloc[:, 0], interval.iloc[:, 1]
    covered = ((lower <= actual) & (actual <= upper)).mean()
    print(f"intervals of {COVERAGE:.0%} held {covered:.0%} of the hours")
    draw(actual, forecasts, lower, upper)


def draw(
    actual: pd.Series,
    forecasts: dict[str, pd.Series],
    lower: pd.Series,
    upper: pd.Series,
) -> None:
    figure, axes = plt.subplots(figsize=(10, 4.5), layout="constrained")
    times = actual.index[SHOWN]
    axes.fill_between(
        times, lower[SHOWN], upper[SHOWN], alpha=0.25, label=f"{COVERAGE:.0%} interval"
    )
    axes.plot(
        times, forecasts["GRU, calendar and weather"][SHOWN], label="GRU, at midnight"
    )
    axes.plot(times, actual[SHOWN], "k", lw=1, label="demand")
    axes.set(ylabel="GW", title="Electricity demand in the Carolinas, a day ahead")
    axes.legend(loc="upper left", ncols=3)
    axes.set_ylim(top=axes.get_ylim()[1] * 1.06)
    figure.autofmt_xdate()
    PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(PICTURE, dpi=150)
    print(f"picture: {PICTURE}")


if __name__ == "__main__":
    main()

"""Follow the electricity demand hour by hour, as a control room would.

Hourly demand in the Carolinas, 2019-03 to 2020-12. A GRU is trained on the months
before the last eight weeks, cut into consecutive pieces of 5 hours: with
``stateful=True`` each piece goes on from the state in which the one before has ended,
so that the network reads weeks of history, and not 5 hours. (5 and not 24, so that the
targets, one a piece, fall on all hours of the day.)

Then each hour arrives on its own. ``stream.step(row)`` takes it, and forecasts the
demand of the next one, at the same cost after eight weeks as after an hour. Beside it
stand three forecasts that need no training, and a GRU on windows of a day, which
reads its window anew at each hour. Both networks have their defaults, and read and
answer in megawatts.

    python examples/stream_load.py

prints a table and writes ``output/stream_load.png``.
"""

from __future__ import annotations

import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from skrnn import GRURegressor, load_electricity
from skrnn.windows import Windows

PIECE = 5  # hours
TEST = 56 * 24
WINDOW = 24
SHOWN = slice(-7 * 24, None)
PICTURE = Path("output") / "stream_load.png"


def features(frame: pd.DataFrame) -> pd.DataFrame:
    """What is known at the end of each hour: its demand, and the next one's place."""
    ahead = frame.index + pd.Timedelta(hours=1)
    wall = ahead.tz_localize("Etc/GMT+5").tz_convert("America/New_York")
    X = pd.DataFrame({"demand": frame["demand"]})
    for name, phase in (("day", wall.hour / 24), ("week", wall.dayofweek / 7)):
        for k in (1, 2):
            X[f"{name} sin {k}"] = np.sin(2 * np.pi * k * phase.to_numpy())
            X[f"{name} cos {k}"] = np.cos(2 * np.pi * k * phase.to_numpy())
    return X.assign(cold=frame["temp_min"], warm=frame["temp_max"])


def naive_forecasts(demand: pd.Series) -> pd.DataFrame:
    """Of the hour after each, from the hours up to it."""
    return pd.DataFrame(
        {
            "as now": demand,
            "as yesterday": demand.shift(23),
            "now, and yesterday's change": demand + demand.shift(23) - demand.shift(24),
        }
    )


def cut(rows: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Consecutive pieces, and the target after the last row of each."""
    n = len(rows) // PIECE
    X = rows[: n * PIECE].reshape(n, PIECE, -1)
    return X, target[PIECE - 1 : n * PIECE : PIECE]


def follow(
    model: GRURegressor, rows: np.ndarray, n_past: int
) -> tuple[np.ndarray, np.ndarray]:
    """A forecast at each new hour, and the microseconds that it took."""
    stream = model.stream(rows[:n_past])
    forecasts, times = [], []
    for row in rows[n_past:]:
        start = time.perf_counter()
        forecasts.append(stream.step(row))
        times.append(1e6 * (time.perf_counter() - start))
    return np.array(forecasts), np.array(times)


def reread(
    model: GRURegressor, rows: np.ndarray, n_past: int
) -> tuple[np.ndarray, np.ndarray]:
    """As :func:`follow`, with the last window read anew at each hour."""
    forecasts, times = [], []
    for end in range(n_past + 1, len(rows) + 1):
        start = time.perf_counter()
        forecasts.append(model.predict(rows[np.newaxis, end - WINDOW : end])[0])
        times.append(1e6 * (time.perf_counter() - start))
    return np.array(forecasts), np.array(times)


def draw(
    demand: pd.Series, forecasts: pd.DataFrame, times: dict[str, np.ndarray]
) -> None:
    figure, (top, middle, bottom) = plt.subplots(
        3, 1, figsize=(11, 9), layout="constrained", height_ratios=[3, 2, 2]
    )
    actual, shown = demand[SHOWN] / 1000, forecasts[SHOWN] / 1000
    stream, naive = "GRU, streamed", "now, and yesterday's change"
    top.plot(actual, "k", label="demand")
    top.plot(shown[stream], "C0--", label=stream)
    top.set(title="The last week: forecast of the next hour", ylabel="gigawatts")
    top.legend()
    for name, color in ((naive, "C1"), (stream, "C0")):
        daily = (forecasts[name] / demand - 1).abs().rolling(24).mean() * 100
        middle.plot(daily, color, label=name)
    middle.set(title="Error, mean of 24 hours", ylabel="%", ylim=(0, None))
    middle.legend()
    for (name, values), color in zip(times.items(), ("C0", "C3"), strict=True):
        bottom.plot(pd.Series(values).rolling(25).median(), color, label=name)
    bottom.set(
        title="Time of a forecast, median of 25",
        xlabel="hours since the stream began",
        ylabel="microseconds",
        ylim=(0, None),
    )
    bottom.legend()
    PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(PICTURE, dpi=110)
    plt.close(figure)


def main() -> None:
    start = time.perf_counter()
    frame = load_electricity().frame
    demand = frame["demand"]
    X = features(frame).iloc[:-1]  # of the last hour the next one is not known
    n_past = len(X) - TEST
    rows, target = X.to_numpy(np.float32), demand.to_numpy(np.float32)[1:]
    stateful = GRURegressor(stateful=True, shuffle=False, random_state=0)
    stateful.fit(*cut(rows[:n_past], target[:n_past]))
    ends = np.arange(WINDOW, n_past, PIECE)  # as many targets as there are pieces
    windows = Windows(rows, ends - WINDOW, np.full(len(ends), WINDOW))
    windowed = GRURegressor(random_state=0).fit(windows, target[ends - 1])

    forecasts = naive_forecasts(demand).iloc[n_past:-1]
    times = {}
    for name, (values, taken) in {
        "GRU, streamed": follow(stateful, rows, n_past),
        f"GRU on windows of {WINDOW} hours": reread(windowed, rows, n_past),
    }.items():
        forecasts[name], times[name] = values, taken
    forecasts.index = frame.index[n_past + 1 :]
    actual = demand[forecasts.index]
    errors = pd.DataFrame(
        {
            "MAE (MW)": forecasts.sub(actual, axis=0).abs().mean(),
            "MAPE (%)": 100 * forecasts.div(actual, axis=0).sub(1).abs().mean(),
            "microseconds": {name: np.median(taken) for name, taken in times.items()},
        }
    ).loc[forecasts.columns]
    print(f"{len(actual)} hours from {actual.index[0]:%Y-%m-%d}, each an hour ahead")
    print(errors.round(2).to_string(na_rep=""))
    draw(actual, forecasts, times)
    print(f"{PICTURE} drawn; {time.perf_counter() - start:.0f} s in all")


if __name__ == "__main__":
    main()

"""Mark the peak hours of each day of electricity demand, at midnight before it.

Hourly demand in the Carolinas (it ships with skrnn, 2019-03-11 to 2020-12-30). A day is
a sequence of 24 steps; the label of an hour says whether it is one of the six with the
highest demand of its day. Known are the calendar, the day's lowest and highest
temperature (those measured: a perfect weather forecast), and the demand of the day
before. In summer the peak is one in the afternoon, in winter there are two.

The 477 days up to 2020-06-30 are for training, the 183 after them to test with. The
network has its defaults, but reads both directions. The naive answer is the peak hours
of the day before.

    python examples/label_every_step.py

prints how many hours are marked rightly and draws ``output/label_every_step.png``. It
needs matplotlib: ``pip install -e ".[plots]"``.
"""

from __future__ import annotations

import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import f1_score

from skrnn import LSTMClassifier
from skrnn.datasets import load_electricity

N_PEAK_HOURS = 6
LAST_TRAINING_DAY = pd.Timestamp("2020-06-30")
SEEDS = [0, 1, 2]
PICTURE = Path("output") / "label_every_step.png"


def load() -> tuple[pd.DatetimeIndex, np.ndarray, np.ndarray]:
    """Days, what is known (day, hour, feature), and labels (day, hour)."""
    frame = load_electricity().frame
    hours = pd.DatetimeIndex(frame.index)
    turns = [hours.hour / 24, hours.dayofyear / 365.25, hours.dayofweek / 7]
    circles = [f(2 * np.pi * turn) for turn in turns for f in (np.sin, np.cos)]
    known = frame[["temp_min", "temp_max", "holiday"]]
    known = known.assign(demand_before=frame["demand"].shift(24))
    table = np.column_stack([known, *circles, hours.dayofweek >= 5])
    days = hours[::24].normalize()
    demand = frame["demand"].to_numpy().reshape(-1, 24)  # (day, hour)
    rank = (-demand).argsort(axis=1).argsort(axis=1)
    X = table.reshape(len(days), 24, -1)
    return days[1:], X[1:], (rank < N_PEAK_HOURS)[1:]  # the first has no day before


def peaks_before(X: np.ndarray) -> np.ndarray:
    """The peak hours of the day before each day."""
    demand_before = X[:, :, 3]
    rank = (-demand_before).argsort(axis=1).argsort(axis=1)
    return rank < N_PEAK_HOURS


def network(seed: int) -> LSTMClassifier:
    """Reads a day in both directions: all of it is known at midnight."""
    return LSTMClassifier(return_sequences=True, bidirectional=True, random_state=seed)


def main() -> None:
    days, X, y = load()
    is_old = days <= LAST_TRAINING_DAY
    X_test, y_test = X[~is_old], y[~is_old]
    print(f"{is_old.sum()} days to train on, {len(y_test)} to test with.")

    start = time.perf_counter()
    models = [network(seed).fit(X[is_old], y[is_old]) for seed in SEEDS]
    print(f"{len(SEEDS)} fits took {time.perf_counter() - start:.0f} s.\n")
    trees = HistGradientBoostingClassifier(random_state=0)
    trees.fit(X[is_old].reshape(-1, X.shape[2]), y[is_old].ravel())
    by_trees = trees.predict(X_test.reshape(-1, X.shape[2])).reshape(y_test.shape)
    tell("peak hours of the day before", y_test, peaks_before(X_test))
    tell("gradient boosting, hour by hour", y_test, by_trees)
    for seed, model in zip(SEEDS, models, strict=True):
        tell(f"LSTMClassifier, seed {seed}", y_test, model.predict(X_test))
    p = np.mean([model.predict_proba(X_test)[:, :, 1] for model in models], axis=0)
    tell("LSTMClassifier, mean of the three", y_test, p > 0.5)
    draw(days[~is_old], y_test, p)
    print(f"\nSee {PICTURE}")


def tell(name: str, y: np.ndarray, answer: np.ndarray) -> None:
    f1 = f1_score(y.ravel(), answer.ravel())
    print(f"{name:34} right {np.mean(answer == y):.3f}   F1 of the peaks {f1:.3f}")


def draw(days: pd.DatetimeIndex, y: np.ndarray, p: np.ndarray) -> None:
    """The peak hours of each test day beside their probabilities."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 7), sharey=True, layout="constrained")
    draw_days(axes[0], days, y.astype(float), "The six peak hours of each day")
    image = draw_days(axes[1], days, p, "Their probability, at midnight before")
    figure.colorbar(image, ax=axes, shrink=0.6)
    PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(PICTURE, dpi=120)


def draw_days(
    axes: Axes, days: pd.DatetimeIndex, values: np.ndarray, title: str
) -> matplotlib.image.AxesImage:
    """One row a day, one column an hour."""
    image = axes.imshow(values, aspect="auto", cmap="Blues", vmin=0, vmax=1)
    firsts = np.flatnonzero(days.day == 1)
    axes.set_yticks(firsts, days[firsts].strftime("%b %Y"))
    axes.set_xticks(range(0, 24, 6))
    axes.set(title=title, xlabel="hour (Eastern Standard Time)")
    return image


if __name__ == "__main__":
    main()

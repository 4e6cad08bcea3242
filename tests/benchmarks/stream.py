"""A forecast after each new row: a stream beside reading the window again.

An LSTM of 32 units over rows of 4 features. ``stream.step`` at the 100th, the 1,000th
and the 10,000th row, and through torch (``SKRNN_ENGINE=torch``); ``predict`` with a
history of so many rows read anew each time; ``predict`` on a window of 24 and of 96
rows, and torch's own module on that window; torch's cell with its head. All take turns
on one thread, and medians are reported.

    python tests/benchmarks/stream.py

prints a Markdown table in microseconds a row.
"""

from __future__ import annotations

import os
import statistics
import time
import warnings
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from skrnn import LSTMRegressor

N_FEATURES = 4
WINDOWS = [24, 96]
STEPS = [100, 1_000, 10_000]
TURNS, CALLS = 30, 20
ROWS = np.random.default_rng(0).standard_normal((11_000, N_FEATURES)).astype("f4")


def fitted(window: int) -> LSTMRegressor:
    X = ROWS[: 50 * window].reshape(50, window, N_FEATURES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return LSTMRegressor(32, max_iter=1, n_threads=1).fit(X, X[:, 0, 0])


def torch_window(window: int) -> Callable[[], object]:
    layer, head = nn.LSTM(N_FEATURES, 32, batch_first=True), nn.Linear(32, 1)
    x = torch.from_numpy(ROWS[np.newaxis, :window])

    def predict() -> object:
        with torch.inference_mode():
            return head(layer(x)[0][:, -1]).numpy()

    return predict


def torch_cell() -> Callable[[], object]:
    cell, head = nn.LSTMCell(N_FEATURES, 32), nn.Linear(32, 1)
    state = None

    def step() -> object:
        nonlocal state
        with torch.inference_mode():
            state = cell(torch.from_numpy(ROWS[:1]), state)
            return head(state[0]).numpy()

    return step


def ways() -> dict[str, Callable[[], object]]:
    models = {window: fitted(window) for window in WINDOWS}
    found: dict[str, Callable[[], object]] = {}
    for n_rows in STEPS:
        stream = models[24].stream()
        for row in ROWS[: n_rows - 1]:
            stream.step(row)
        found[f"stream.step, row {n_rows:,}"] = lambda s=stream: s.step(ROWS[0])
    os.environ["SKRNN_ENGINE"] = "torch"  # a stream chooses once
    of_torch = models[24].stream(ROWS[:99])
    del os.environ["SKRNN_ENGINE"]
    found["stream.step, through torch"] = lambda: of_torch.step(ROWS[0])
    found["torch.nn.LSTMCell and head"] = torch_cell()
    for window, model in models.items():
        x = ROWS[np.newaxis, :window]
        found[f"predict, window of {window}"] = lambda m=model, x=x: m.predict(x)
        found[f"torch.nn.LSTM, window of {window}"] = torch_window(window)
    for n_rows in STEPS:
        history = [ROWS[:n_rows]]
        found[f"predict, history of {n_rows:,}"] = lambda h=history: models[24].predict(
            h
        )
    return found


def main() -> None:
    torch.set_num_threads(1)
    candidates = ways()
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(TURNS):
        for name, way in candidates.items():
            for _ in range(1 if "history" in name else CALLS):
                start = time.perf_counter()
                way()
                times[name].append(1e6 * (time.perf_counter() - start))
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    unit = medians["stream.step, row 10,000"]
    print("| way | microseconds | relative to a step |\n|---|---|---|")
    for name, median in medians.items():
        print(f"| {name} | {median:.1f} | {median / unit:.1f} |")


if __name__ == "__main__":
    main()

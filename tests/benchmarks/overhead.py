"""Cost of a fit beside a hand-written PyTorch loop and beside stock skorch.

All three train the same network on the same windows in batches of the same size with
the same optimiser, penalty and number of threads, and take turns. Run it with

    python tests/benchmarks/overhead.py

and it prints a Markdown table of the median ratios.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from skorch import NeuralNetRegressor
from torch import nn

from skrnn import GRURegressor, LSTMRegressor

N_WINDOWS, N_TIMESTEPS, N_FEATURES, HIDDEN = 16_384, 30, 5, 32
EPOCHS, ALPHA = 3, 1e-4


class Plain(nn.Module):
    def __init__(self, cell: str) -> None:
        super().__init__()
        self.layer = getattr(nn, cell)(N_FEATURES, HIDDEN, batch_first=True)
        self.head = nn.Linear(HIDDEN, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.layer(x)[0][:, -1])


def raw_loop(cell: str, X: np.ndarray, y: np.ndarray, batch: int) -> None:
    module = Plain(cell)
    optimizer = torch.optim.Adam(
        module.parameters(), lr=1e-3, weight_decay=ALPHA / batch, fused=True
    )
    inputs = torch.from_numpy(np.ascontiguousarray(X))
    targets = torch.from_numpy(y[:, None])
    for _ in range(EPOCHS):
        total = 0.0
        for index in torch.randperm(len(inputs)).split(batch):
            optimizer.zero_grad()
            error = module(inputs[index]) - targets[index]
            loss = 0.5 * (error**2).mean()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(index)


def stock_skorch(cell: str, X: np.ndarray, y: np.ndarray, batch: int) -> None:
    NeuralNetRegressor(
        Plain,
        module__cell=cell,
        optimizer=torch.optim.Adam,
        optimizer__fused=True,
        optimizer__weight_decay=ALPHA / batch,
        lr=1e-3,
        max_epochs=EPOCHS,
        batch_size=batch,
        train_split=None,
        iterator_train__shuffle=True,
        verbose=0,
    ).fit(X, y[:, None])


def ours(cell: str, X: np.ndarray, y: np.ndarray, batch: int) -> None:
    estimator = {"LSTM": LSTMRegressor, "GRU": GRURegressor}[cell]
    model = estimator(
        HIDDEN, alpha=ALPHA, batch_size=batch, max_iter=EPOCHS, n_threads=1
    )
    model.fit(X, y)


def medians(cell: str, batch: int, repeats: int) -> dict[str, float]:
    rng = np.random.default_rng(0)
    series = rng.standard_normal((N_WINDOWS + N_TIMESTEPS - 1, N_FEATURES), np.float32)
    view = np.lib.stride_tricks.sliding_window_view(series, N_TIMESTEPS, axis=0)
    view = view.swapaxes(1, 2)  # (sample, time, feature)
    dense, y = np.ascontiguousarray(view), view[:, -1, 0].copy()
    runs = {
        "raw": lambda: raw_loop(cell, dense, y, batch),
        "skrnn": lambda: ours(cell, view, y, batch),
        "skorch": lambda: stock_skorch(cell, dense, y, batch),
    }
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(repeats + 1):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            if turn:  # the first turn warms up
                seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def cpu_name() -> str:
    """The processor's model where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((li.split(": ")[1] for li in lines if "model name" in li), "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    print(
        f"{N_WINDOWS:,} windows of {N_TIMESTEPS} x {N_FEATURES}, hidden {HIDDEN}, "
        f"{EPOCHS} epochs, one thread, median of {repeats} alternating runs; torch "
        f"{torch.__version__}, {platform.machine()}, {cpu_name()}\n"
    )
    print("| cell | batch | raw loop (s) | skrnn (s) | skrnn / raw | skorch / raw |")
    print("|---|---|---|---|---|---|")
    for cell in ("LSTM", "GRU"):
        for batch in (32, 256):
            seconds = medians(cell, batch, repeats)
            raw, own, skorch = (seconds[name] for name in ("raw", "skrnn", "skorch"))
            print(
                f"| {cell} | {batch} | {raw:.3f} | {own:.3f} | {own / raw:.3f} | "
                f"{skorch / raw:.3f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()

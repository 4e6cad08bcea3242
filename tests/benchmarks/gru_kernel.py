"""Our GRU kernel beside torch's layer, training on one thread of the CPU.

A forward and a backward pass over a batch of windows of 48 steps and one feature; the
two take turns, and medians are reported.

    python tests/benchmarks/gru_kernel.py

prints a Markdown table in microseconds a window.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch
from torch import nn

from skrnn.modules._gru_kernel import gru_states

N_STEPS = 48
SIZES = [8, 16, 32, 64, 128, 256]
BATCHES = [1, 32, 256]
SECONDS = 0.4  # for each turn
TURNS = 5


def microseconds(step: Callable[[], torch.Tensor], batch: int) -> float:
    """Time of a forward and a backward pass for each window."""
    n_passes, start = 0, time.perf_counter()
    while time.perf_counter() - start < SECONDS:
        step().sum().backward()
        n_passes += 1
    return 1e6 * (time.perf_counter() - start) / (n_passes * batch)


def compare(size: int, batch: int) -> tuple[float, float]:
    layer = nn.GRU(1, size, batch_first=True)
    x = torch.randn(batch, N_STEPS, 1)
    ways = [lambda: layer(x)[0][:, -1], lambda: gru_states(layer, x)[:, -1]]
    times: list[list[float]] = [[], []]
    for way in ways:
        way().sum().backward()  # warm up
    for _ in range(TURNS):
        for way, found in zip(ways, times, strict=True):
            found.append(microseconds(way, batch))
    return statistics.median(times[0]), statistics.median(times[1])


def main() -> None:
    torch.set_num_threads(1)
    print("| hidden | batch | torch | skrnn | torch / skrnn |\n|---|---|---|---|---|")
    for size in SIZES:
        for batch in BATCHES:
            theirs, ours = compare(size, batch)
            ratio = theirs / ours
            print(f"| {size} | {batch} | {theirs:.0f} | {ours:.0f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()

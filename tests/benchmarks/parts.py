"""What parts of a network cost that torch's fused layers do not have.

A forward and a backward pass over 200 windows of 24 steps and four features, 32 hidden
units, on one thread of the CPU; all take turns, and medians are reported beside the
plain layer of the same cell.

    python tests/benchmarks/parts.py
"""

from __future__ import annotations

import statistics
import time

import torch

from skrnn.modules import RecurrentNetwork

TURNS = 30
CASES = {
    "lstm": [
        {"peephole": True},
        {"layer_norm": True},
        {"zoneout": 0.1},
        {"recurrent_dropout": 0.1},
        {"activation": "relu"},
        {"projection_size": 16},
        {"conv_filters": (16,)},
        {"pooling": "attention"},
    ],
    "gru": [{"reset_after": False}, {"layer_norm": True}, {"recurrent_dropout": 0.1}],
    "rnn": [{"activation": "elu"}, {"layer_norm": True}, {"zoneout": 0.1}],
}


def seconds(network: RecurrentNetwork, x: torch.Tensor) -> float:
    start = time.perf_counter()
    network(x).sum().backward()
    return time.perf_counter() - start


def main() -> None:
    torch.set_num_threads(1)
    x = torch.randn(200, 24, 4)
    print("| cell | part | runs | ms | times the plain layer |\n|---|---|---|---|---|")
    for cell, cases in CASES.items():
        networks = [
            RecurrentNetwork(cell, 4, (32,), 1, **parts) for parts in ({}, *cases)
        ]
        times: list[list[float]] = [[] for _ in networks]
        for _ in range(TURNS):
            for network, found in zip(networks, times, strict=True):
                found.append(seconds(network, x))
        plain, *others = (statistics.median(found) for found in times)
        print(f"| {cell} | | {networks[0].kernels[0]} | {1e3 * plain:.1f} | 1 |")
        for parts, network, found in zip(cases, networks[1:], others, strict=True):
            name = ", ".join(f"{key}={value}" for key, value in parts.items())
            runs = network.kernels[0]
            row = f"| {cell} | {name} | {runs} | {1e3 * found:.1f} |"
            print(f"{row} {found / plain:.1f} |")


if __name__ == "__main__":
    main()

"""Padding share and time of an epoch on PLAID, beside other ways to make batches.

PLAID holds 537 training sequences of 100 to 1,344 steps. The same network takes the
same number of optimiser steps in each case, and the cases take turns:

- skrnn: batches of similar length, computed in stretches of time;
- batch longest: random batches, each padded to its own longest sequence;
- data longest: random batches of one array padded to the longest sequence of all;
- packed: random batches as torch's PackedSequence, which holds no padding.

Run ``python tests/benchmarks/padding.py``; it prints a Markdown table of medians.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator

import numpy as np
import torch
from sktime.datasets import load_plaid
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from skrnn import Windows
from skrnn.modules import RecurrentNetwork
from skrnn.training import BatchLoader, WindowDataset

N_CLASSES = 11
Case = Iterator[tuple[torch.Tensor, torch.Tensor, int]]


def load() -> tuple[list[np.ndarray], torch.Tensor]:
    nested, y = load_plaid(split="train", return_X_y=True)
    sequences = [np.asarray(cell, "f4")[:, None] for cell in nested.iloc[:, 0]]
    return sequences, torch.from_numpy(np.unique(y, return_inverse=True)[1])


class Packed(nn.Module):
    """One torch layer over a PackedSequence."""

    def __init__(self, cell: str, hidden: int) -> None:
        super().__init__()
        self.layer = {"gru": nn.GRU, "lstm": nn.LSTM}[cell](1, hidden, batch_first=True)
        self.head = nn.Linear(hidden, N_CLASSES)

    def forward(self, x: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        packed = pack_padded_sequence(x, lengths, True, enforce_sorted=False)
        _, state = self.layer(packed)
        return self.head((state[0] if isinstance(state, tuple) else state)[-1])


def padded(sequences: list[np.ndarray], longest: int | None = None) -> torch.Tensor:
    longest = longest or max(map(len, sequences))
    x = torch.zeros(len(sequences), longest, 1)
    for row, sequence in zip(x, sequences, strict=True):
        row[: len(sequence)] = torch.from_numpy(sequence)
    return x


class Epochs:
    """An epoch of each case; ``work`` counts the steps computed over all samples."""

    def __init__(self, cell: str, hidden: int, batch: int) -> None:
        self.sequences, self.y = load()
        self.lengths = np.array([len(sequence) for sequence in self.sequences])
        self.longest = int(self.lengths.max())
        self.everything = padded(self.sequences)
        self.batch = batch
        self.network = RecurrentNetwork(cell, 1, [hidden], N_CLASSES)
        self.packed_network = Packed(cell, hidden)
        self.random_state = np.random.RandomState(0)
        self.cases = {
            "skrnn": self.skrnn,
            "batch longest": self.batch_longest,
            "data longest": self.data_longest,
            "packed": self.packed,
        }

    def random_batches(self) -> list[np.ndarray]:
        order = self.random_state.permutation(len(self.lengths))
        return np.split(order, range(self.batch, len(order), self.batch))

    def skrnn(self) -> Case:
        data = WindowDataset(
            Windows.from_sequences(self.sequences),
            self.y.numpy()[:, None],
            device=torch.device("cpu"),
        )
        for inputs, (y, *_) in BatchLoader(data, self.batch, self.random_state):
            n_samples, n_timesteps, _ = inputs["x"].shape
            segments = inputs.get("segments") or [(n_samples, n_timesteps)]
            firsts = [0, *(stop for _, stop in segments)]
            work = sum(
                n * (stop - first)
                for (n, stop), first in zip(segments, firsts, strict=False)
            )
            yield self.network(**inputs), y[:, 0], work

    def batch_longest(self) -> Case:
        for index in self.random_batches():
            x = padded([self.sequences[i] for i in index])
            lengths = torch.from_numpy(self.lengths[index])
            yield self.network(x, lengths), self.y[index], x.shape[0] * x.shape[1]

    def data_longest(self) -> Case:
        for index in self.random_batches():
            lengths = torch.from_numpy(self.lengths[index])
            raw = self.network(self.everything[index], lengths)
            yield raw, self.y[index], len(index) * self.longest

    def packed(self) -> Case:
        for index in self.random_batches():
            x = padded([self.sequences[i] for i in index])
            lengths = torch.from_numpy(self.lengths[index])
            raw = self.packed_network(x, lengths)
            yield raw, self.y[index], int(lengths.sum())

    def run(self, case: str) -> tuple[float, float]:
        """Seconds of an epoch, and the share of its work that is padding."""
        network = self.packed_network if case == "packed" else self.network
        optimizer = torch.optim.Adam(network.parameters(), fused=True)
        total = 0
        start = time.perf_counter()
        for raw, y, work in self.cases[case]():
            optimizer.zero_grad()
            nn.functional.cross_entropy(raw, y).backward()
            optimizer.step()
            total += work
        return time.perf_counter() - start, 1 - self.lengths.sum() / total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    print("| cell | hidden | batch | case | padding | s an epoch | skrnn / case |")
    print("|---" * 7 + "|")
    for cell, hidden, batch in (("gru", 32, 32), ("lstm", 32, 32), ("lstm", 32, 200)):
        epochs = Epochs(cell, hidden, batch)
        runs = {case: [] for case in epochs.cases}
        for _ in range(repeats):
            for case, seen in runs.items():
                seen.append(epochs.run(case))
        own = [seconds for seconds, _ in runs["skrnn"]]
        for case, seen in runs.items():
            seconds = statistics.median(s for s, _ in seen)
            padding = statistics.mean(share for _, share in seen)
            ratios = [a / b for a, (b, _) in zip(own, seen, strict=True)]
            ratio = statistics.median(ratios)
            print(
                f"| {cell} | {hidden} | {batch} | {case} | {padding:.1%} "
                f"| {seconds:.2f} | {ratio:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()

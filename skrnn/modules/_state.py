"""Where a recurrent network stands in a series, and how that is handed on."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch

from ._cells import State


class NetworkState(NamedTuple):
    """Where a network stands after some rows of each of a batch of series."""

    rows: list[torch.Tensor] | None  # that convolutions have seen, (batch, time, _)
    layers: list[State]
    pooled: State | None = None  # what a running pooling knows, (batch, _)

    def first(self, n_samples: int) -> NetworkState:
        """The state of the first series."""
        rows = None if self.rows is None else [part[:n_samples] for part in self.rows]
        layers = [
            tuple(part[:, :n_samples].contiguous() for part in state)
            for state in self.layers
        ]
        return NetworkState(rows, layers)

    def mapped(self, change: Callable[[torch.Tensor], torch.Tensor]) -> NetworkState:
        """The same state with each of its tensors changed."""
        rows = None if self.rows is None else [change(part) for part in self.rows]
        layers = [tuple(change(part) for part in state) for state in self.layers]
        pooled = self.pooled
        if pooled is not None:
            pooled = tuple(change(part) for part in pooled)
        return NetworkState(rows, layers, pooled)


class Memory:
    """Takes the states of a network from one batch to the next.

    Parameters
    ----------
    before : NetworkState, default=None
        From which the batch goes on; None where the series begin.
    is_one_series : bool, default=False
        Whether the samples of a batch are consecutive pieces of one series. If not,
        sample i goes on with series i, and later batches may hold fewer samples, of the
        first series.

    Attributes
    ----------
    after : NetworkState or None
        Where the batch has ended; None before it is computed. It may be computed more
        than once, each time from ``before``.
    """

    def __init__(
        self, before: NetworkState | None = None, is_one_series: bool = False
    ) -> None:
        self.before = before
        self.is_one_series = is_one_series
        self.after: NetworkState | None = None

    def next(self) -> Memory:
        """For the batch that follows."""
        return Memory(self.after, self.is_one_series)

"""The state that a recurrent network carries from row to row."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor

from ._cells import State


class NetworkState(NamedTuple):
    """State of a network after some rows of each series of a batch."""

    rows: list[Tensor] | None  # the last ones that convolutions saw, (batch, time, _)
    layers: list[State]
    pooled: State | None = None  # of running poolings, (batch, _) each
    levels: Tensor | None = None  # the last row normalised, (batch, 1, feature)

    def first(self, n_samples: int) -> NetworkState:
        """The state of the first series."""
        rows = None if self.rows is None else [part[:n_samples] for part in self.rows]
        layers = [
            tuple(part[:, :n_samples].contiguous() for part in state)
            for state in self.layers
        ]
        levels = None if self.levels is None else self.levels[:n_samples]
        return NetworkState(rows, layers, levels=levels)

    def mapped(self, change: Callable[[Tensor], Tensor]) -> NetworkState:
        """The state with each of its tensors changed."""
        rows = None if self.rows is None else [change(part) for part in self.rows]
        layers = [tuple(change(part) for part in state) for state in self.layers]
        pooled = self.pooled
        if pooled is not None:
            pooled = tuple(change(part) for part in pooled)
        levels = None if self.levels is None else change(self.levels)
        return NetworkState(rows, layers, pooled, levels)


class Memory:
    """Carries the states of a network from one batch to the next.

    The samples of a batch are consecutive pieces of one series (``is_one_series``), or
    sample i continues series i. In the second case later batches may hold only the
    first series. A batch may be computed several times, each time from ``before``,
    which is None at the start of the series; ``after`` is the state after it.
    """

    def __init__(
        self, before: NetworkState | None = None, is_one_series: bool = False
    ) -> None:
        self.before = before
        self.is_one_series = is_one_series
        self.after: NetworkState | None = None

    def next(self) -> Memory:
        """The memory of the following batch."""
        return Memory(self.after, self.is_one_series)

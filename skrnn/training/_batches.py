"""The batches of an epoch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ._buckets import batch_sizes, plan_batches
from ._datasets import DeviceDataset, Targets
from ._lanes import plan_lanes
from ._processes import ALONE, Processes
from ._shuffling import Shuffling

Batch = tuple[dict[str, Any], Targets]


class BatchLoader:
    """Iterate over the batches of a :class:`DeviceDataset`; one may be smaller.

    Samples of unequal length come in batches of similar length, see
    :func:`plan_batches`. A batch in which no sample has weight is left out. Pieces of
    one series are never shuffled, and each batch goes on from the one before.

    Parameters
    ----------
    dataset : DeviceDataset
    batch_size : int
    shuffling : Shuffling, default=None
        Orders the samples anew in each pass; None keeps their order.
    processes : Processes, default=ALONE
        If there are several, a batch is the share of this one, which may be empty.
    """

    def __init__(
        self,
        dataset: DeviceDataset,
        batch_size: int,
        shuffling: Shuffling | None = None,
        processes: Processes = ALONE,
    ) -> None:
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffling = shuffling
        self.processes = processes

    def __len__(self) -> int:
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        order, sizes = self._plan()
        data = self.dataset.in_order(order)
        memory = data.new_memory()
        first = 0
        for size in sizes:
            part = slice(first, first + size)
            first += size
            targets = data.targets_of(part)
            if memory is not None:  # also where nothing has weight: the state goes on
                yield data.gather_after(part, memory), targets
                memory = memory.next()
            elif targets[2] > 0:
                if self.processes.count > 1:
                    yield self._share(data, part, targets)
                else:
                    yield data.gather(part), targets

    def _share(self, data: DeviceDataset, part: slice, targets: Targets) -> Batch:
        """Every n-th sample of a batch of n processes; the divisor is that of all."""
        rank, count = self.processes.rank, self.processes.count
        mine = slice(part.start + rank, part.stop, count)
        y, weights, _ = data.targets_of(mine)
        y = None if y is None else y.contiguous()
        weights = None if weights is None else weights.contiguous()
        inputs = data.gather(mine) if mine.start < mine.stop else {}
        return inputs, (y, weights, targets[2])

    def _plan(self) -> tuple[np.ndarray | None, list[int]]:
        """The order in which to visit the samples, and the sizes of the batches."""
        data, shuffling = self.dataset, self.shuffling
        if data.carries == "lanes":
            return plan_lanes(len(data), self.batch_size)
        if data.carries is not None:
            return None, batch_sizes(len(data), self.batch_size)
        if not data.is_uniform:
            random_state = None if shuffling is None else shuffling.random_state
            order, unequal = plan_batches(data.lengths, self.batch_size, random_state)
            return order, unequal.tolist()
        sizes = batch_sizes(len(data), self.batch_size)
        if shuffling is None:
            return None, sizes
        return shuffling.next_order(len(data), data.shuffles_on), sizes

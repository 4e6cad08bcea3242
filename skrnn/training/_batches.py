"""The batches of an epoch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ._buckets import batch_sizes, plan_batches
from ._datasets import DeviceDataset, Targets
from ._shuffling import Shuffling

Batch = tuple[dict[str, Any], Targets]


class BatchLoader:
    """Iterate over the batches of a :class:`DeviceDataset`; one may be smaller.

    Samples of unequal length come in batches of similar length, see
    :func:`plan_batches`. A batch in which no sample has weight is left out.

    Parameters
    ----------
    dataset : DeviceDataset
    batch_size : int
    shuffling : Shuffling, default=None
        Orders the samples anew in each pass; None keeps their order.
    """

    def __init__(
        self,
        dataset: DeviceDataset,
        batch_size: int,
        shuffling: Shuffling | None = None,
    ) -> None:
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffling = shuffling

    def __len__(self) -> int:
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        order, sizes = self._plan()
        data = self.dataset.in_order(order)
        first = 0
        for size in sizes:
            part = slice(first, first + size)
            first += size
            targets = data.targets_of(part)
            if targets[2] > 0:
                yield data.gather(part), targets

    def _plan(self) -> tuple[np.ndarray | None, list[int]]:
        """The order in which to visit the samples, and the sizes of the batches."""
        data, shuffling = self.dataset, self.shuffling
        if not data.is_uniform:
            random_state = None if shuffling is None else shuffling.random_state
            order, unequal = plan_batches(data.lengths, self.batch_size, random_state)
            return order, unequal.tolist()
        sizes = batch_sizes(len(data), self.batch_size)
        if shuffling is None:
            return None, sizes
        return shuffling.next_order(len(data), data.shuffles_on), sizes

"""The batches of an epoch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ._buckets import plan_batches
from ._datasets import DeviceDataset, Targets

Batch = tuple[dict[str, Any], Targets]


class BatchLoader:
    """Iterate over the batches of a :class:`DeviceDataset`; one may be smaller.

    Samples of unequal length come in batches of similar length, see
    :func:`plan_batches`. A batch in which no sample has weight is left out.

    Parameters
    ----------
    dataset : DeviceDataset
    batch_size : int
    random_state : numpy.random.RandomState, default=None
        Shuffles the samples anew in each pass; None keeps their order.
    """

    def __init__(
        self,
        dataset: DeviceDataset,
        batch_size: int,
        random_state: np.random.RandomState | None = None,
    ) -> None:
        self.dataset = dataset
        self.batch_size = batch_size
        self.random_state = random_state

    def __len__(self) -> int:
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        lengths = self.dataset.lengths
        order, sizes = plan_batches(lengths, self.batch_size, self.random_state)
        data = self.dataset.in_order(order)
        if data.shuffles_on:
            self.dataset = data
        stops = np.cumsum(sizes)
        for first, stop in zip((stops - sizes).tolist(), stops.tolist(), strict=True):
            part = slice(first, stop)
            targets = data.targets_of(part)
            if targets[2] > 0:
                yield data.gather(part), targets

"""The batches of an epoch: their samples and their order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._datasets import DeviceDataset, Targets
from ._processes import ALONE, Processes

Batch = tuple[dict[str, Any], Targets]

_JITTER = 0.25  # relative noise of the lengths when sequences are sorted into batches
_MOST_LANES = 200
_SHORTEST_LANE = 10  # samples, by default


@dataclass(eq=False)
class BatchLoader:
    """Iterate over the batches of a :class:`DeviceDataset`; one may be smaller.

    Samples of unequal length come in batches of similar length, see
    :func:`plan_batches`. A batch whose samples all have weight zero is left out. Pieces
    of one series are never shuffled, and each batch continues from the one before.

    Without ``shuffling`` the samples keep their order. With several processes, a batch
    is the share of this process, which may be empty.
    """

    dataset: DeviceDataset
    batch_size: int
    shuffling: Shuffling | None = None
    processes: Processes = ALONE

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
            if memory is not None:  # the state moves on, even if nothing has weight
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
        if data.carries is None and not data.is_uniform:
            random_state = None if shuffling is None else shuffling.random_state
            order, unequal = plan_batches(data.lengths, self.batch_size, random_state)
            return order, unequal.tolist()
        sizes = _batch_sizes(len(data), self.batch_size)
        if data.carries is not None or shuffling is None:
            return None, sizes
        return shuffling.next_order(len(data), data.shuffles_on), sizes


class Shuffling:
    """Draws an order for each epoch, and remembers it."""

    def __init__(self, random_state: np.random.RandomState) -> None:
        self.random_state = random_state
        self.order: np.ndarray | None = None

    def next_order(self, n_samples: int, continues: bool) -> np.ndarray:
        """A new order; if it continues, of the samples as the last one left them."""
        order = self.random_state.permutation(n_samples)
        if continues:
            order = order if self.order is None else self.order[order]
            self.order = order
        return order

    def state_dict(self) -> dict[str, Any]:
        """The state for :meth:`load_state_dict`, to continue from here."""
        position = self.random_state.get_state(legacy=False)
        return {"order": self.order, "random_state": position}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.order = state["order"]
        self.random_state.set_state(state["random_state"])


def _batch_sizes(n_samples: int, batch_size: int) -> list[int]:
    """Sizes of the batches of an epoch; the last batch takes the remainder."""
    n_full, n_rest = divmod(n_samples, batch_size)
    return [batch_size] * n_full + [n_rest] * (n_rest > 0)


def plan_batches(
    lengths: np.ndarray, batch_size: int, random_state: np.random.RandomState | None
) -> tuple[np.ndarray, np.ndarray]:
    """The order in which an epoch visits sequences, and the sizes of its batches.

    Sequences of unequal length are drawn into batches of similar length; within each,
    the longest comes first. The batches come in random order. The samples of a smaller
    batch weigh more, so it is drawn from all lengths. Each sample is equally likely at
    each place of the epoch.

    Without a ``random_state`` the samples of each batch, and the batches, stay in the
    order given.
    """
    n_samples = len(lengths)
    sizes = np.array(_batch_sizes(n_samples, batch_size))
    if random_state is None:
        return _longest_first(np.arange(n_samples), lengths, sizes), sizes
    order = random_state.permutation(n_samples)
    n_rest = n_samples % batch_size
    rest, others = order[:n_rest], order[n_rest:]
    stray = random_state.uniform(1, 1 + _JITTER, len(others))
    others = others[np.argsort(lengths[others] * stray)]
    batches = [*others.reshape(-1, batch_size), *([rest] if n_rest else [])]
    sequence = random_state.permutation(len(batches))
    order = np.concatenate([batches[i] for i in sequence])
    sizes = sizes[sequence]
    return _longest_first(order, lengths, sizes), sizes


def _longest_first(
    order: np.ndarray, lengths: np.ndarray, sizes: np.ndarray
) -> np.ndarray:
    """The same batches, each sorted by length."""
    batch = np.repeat(np.arange(len(sizes)), sizes)
    return order[np.lexsort((-lengths[order], batch))]


def auto_lanes(n_samples: int) -> int:
    """Number of lanes, so that each is long enough to pass its state on many times."""
    return max(1, min(_MOST_LANES, n_samples // _SHORTEST_LANE))


def plan_lanes(n_samples: int, n_lanes: int) -> tuple[np.ndarray, list[int]]:
    """The order in which an epoch visits the pieces of one series, and the batch sizes.

    The samples are cut into ``n_lanes`` stretches of equal length, which run side by
    side; the last may be shorter, and there may be fewer of them. A batch holds the
    next sample of each lane, in order of the lanes; only the last lanes can end early.
    """
    length = -(-n_samples // n_lanes)
    batches = [np.arange(first, n_samples, length) for first in range(length)]
    return np.concatenate(batches), [len(batch) for batch in batches]

"""Batches gathered on the device from rows that live there."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from ..windows import Windows
from ._buckets import cut_segments, plan_batches

Batch = tuple[dict[str, Any], tuple[torch.Tensor | None, torch.Tensor | None]]


def to_tensor(array: np.ndarray, device: torch.device) -> torch.Tensor:
    """A tensor on ``device``; on the CPU it shares the memory of the array."""
    array = np.ascontiguousarray(array)
    if not array.flags.writeable:
        array = _without_readonly_flag(array)
    with torch.inference_mode(False):  # whatever the caller's mode, fit it for training
        return torch.from_numpy(array).to(device)


class WindowDataset(Dataset):
    """Windows with their targets, rows and all on one device.

    Memory is that of the rows, however much the windows overlap.

    Parameters
    ----------
    windows : Windows
    targets : ndarray of shape (n_samples, n_outputs), default=None
        None to predict.
    weights : ndarray of shape (n_samples,), default=None
    device : torch.device
    mean_weight : float, default=None
        What weights (1 if none are given) are divided by; None takes their mean. So the
        loss of a batch can be divided by its size: divided by its own sum of weights, a
        batch of a single class would lose the weight of the class.
    """

    def __init__(
        self,
        windows: Windows,
        targets: np.ndarray | None = None,
        weights: np.ndarray | None = None,
        *,
        device: torch.device,
        mean_weight: float | None = None,
    ) -> None:
        self.device = device
        self.rows = to_tensor(windows.rows, device)  # (row, feature)
        self.starts = to_tensor(windows.starts, device)  # (sample,)
        self.lengths = windows.lengths  # stays on the host: it decides shapes
        self.lengths_on_device = to_tensor(windows.lengths, device)
        self.is_uniform = windows.is_uniform
        self.targets = None if targets is None else to_tensor(targets, device)
        if mean_weight is None:
            mean_weight = (
                1.0 if weights is None else float(np.mean(weights, dtype="f8"))
            )
        if weights is None and mean_weight != 1:
            weights = np.ones(len(windows), windows.dtype)
        self.mean_weight = mean_weight
        self.weights: torch.Tensor | None = None
        if weights is not None:
            self.weights = to_tensor(weights, device) / mean_weight

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, index: int) -> Any:
        """One sample as (rows, target): what a callback that looks at samples sees."""
        start = int(self.starts[index])
        rows = self.rows[start : start + int(self.lengths[index])]
        return rows, None if self.targets is None else self.targets[index]

    def in_order(self, order: np.ndarray | None) -> WindowDataset:
        """The samples in another order, looking into the same rows."""
        if order is None:
            return self
        other = copy.copy(self)
        on_device = torch.from_numpy(order).to(self.device)
        other.starts, other.lengths = self.starts[on_device], self.lengths[order]
        other.lengths_on_device = self.lengths_on_device[on_device]
        other.targets = None if self.targets is None else self.targets[on_device]
        other.weights = None if self.weights is None else self.weights[on_device]
        return other

    def gather(self, part: slice) -> dict[str, Any]:
        """The module's inputs for some samples, the longest first.

        Returns
        -------
        inputs : dict
            ``x`` (batch, time, feature). Where lengths differ it is right-padded with
            zeros, and there are ``lengths`` (batch,) and ``segments``, see
            :func:`cut_segments`.
        """
        starts, lengths = self.starts[part], self.lengths[part]
        n_timesteps = int(lengths[0]) if self.is_uniform else int(lengths.max())
        if self.is_uniform or bool((lengths == n_timesteps).all()):
            return {"x": self._view(n_timesteps).index_select(0, starts)}
        on_device = self.lengths_on_device[part]
        steps = torch.arange(n_timesteps, device=self.device)
        padding = steps >= on_device[:, None]  # (batch, time)
        index = (starts[:, None] + steps).clamp_(max=len(self.rows) - 1)
        x = self.rows[index]  # (batch, time, feature)
        return {
            "x": x.masked_fill_(padding[:, :, None], 0),
            "lengths": on_device,
            "segments": cut_segments(lengths),
        }

    def _view(self, n_timesteps: int) -> torch.Tensor:
        """Every run of ``n_timesteps`` rows, (row, time, feature), nothing copied."""
        n_rows, n_features = self.rows.shape
        return self.rows.as_strided(
            (n_rows - n_timesteps + 1, n_timesteps, n_features),
            (n_features, n_features, 1),
        )


class BatchLoader:
    """Iterate over the batches of a :class:`WindowDataset`; one may be smaller.

    Samples of unequal length come in batches of similar length, see
    :func:`plan_batches`.

    Parameters
    ----------
    dataset : WindowDataset
    batch_size : int
    random_state : numpy.random.RandomState, default=None
        Draws a new order in each pass; None keeps the order of the samples.
    """

    def __init__(
        self,
        dataset: WindowDataset,
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
        stops = np.cumsum(sizes)
        for first, stop in zip(stops - sizes, stops, strict=True):
            part = slice(first, stop)
            y = None if data.targets is None else data.targets[part]
            weights = None if data.weights is None else data.weights[part]
            yield data.gather(part), (y, weights)


class _Writeable:
    """Shows an array's memory without its read-only flag."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array  # keeps the memory alive
        interface = dict(array.__array_interface__)
        interface["data"] = (interface["data"][0], False)
        self.__array_interface__ = interface


def _without_readonly_flag(array: np.ndarray) -> np.ndarray:
    """The same memory, so that torch, which cannot hold the flag, does not warn.

    Only ever read here. A warnings filter would do the same, but not in threads.
    """
    return np.asarray(_Writeable(array))

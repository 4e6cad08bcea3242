"""Samples from which batches are gathered on the device."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Self

import numpy as np
import torch
from torch.utils.data import Dataset

from ..modules import Memory
from ._arrays import to_tensor

Targets = tuple[torch.Tensor | None, torch.Tensor | None, float]
_LARGEST_BATCH = 4096
_PREDICT_VALUES = 2**21  # hidden values of one prediction batch, about 8 MB


class DeviceDataset(Dataset):
    """Samples with their targets, whose batches are on one device.

    Parameters
    ----------
    lengths : ndarray of int, shape (n_samples,)
        Time steps of each sample; on the host, since it decides shapes.
    targets : ndarray of shape (n_samples, n_outputs), default=None
        None to predict.
    weights : ndarray of shape (n_samples,), default=None
    device : torch.device
    mean_weight : float, default=None
        If given, the loss of a batch is divided by its size times ``mean_weight``, as
        if that were the mean weight in it. None divides by the sum of the weights in
        the batch: with batches of a single class, the class would lose its weight.

    Attributes
    ----------
    is_dense : bool
        Whether the inputs of a batch are one dense tensor.
    carries : {"lanes", "series"} or None
        Whether the samples, in their order, are pieces of one series, each of which
        goes on from the state in which the one before has ended: in lanes side by side,
        as in training, or all in a row. None where samples are independent.
    """

    is_dense = True
    carries: str | None = None
    shuffles_on = False  # from the order of the last epoch, and not from the first

    def __init__(
        self,
        lengths: np.ndarray,
        targets: np.ndarray | None,
        weights: np.ndarray | None,
        *,
        device: torch.device,
        mean_weight: float | None = None,
    ) -> None:
        self.device = device
        self.lengths = lengths
        self.is_uniform = bool((lengths == lengths[:1]).all())
        self.targets = None if targets is None else to_tensor(targets, device)
        self.weights = None if weights is None else to_tensor(weights, device)
        self.weights_on_host = weights
        self.mean_weight = mean_weight

    def __len__(self) -> int:
        return len(self.lengths)

    @abstractmethod
    def in_order(self, order: np.ndarray | None) -> Self:
        """The samples in another order, looking into the same data."""

    @abstractmethod
    def gather(self, part: slice) -> dict[str, Any]:
        """The module's inputs for some samples."""

    def targets_of(self, part: slice) -> Targets:
        """Targets, weights, and what the loss of these samples is divided by."""
        y = None if self.targets is None else self.targets[part]
        weights = None if self.weights is None else self.weights[part]
        n_samples = min(part.stop, len(self)) - part.start
        if self.mean_weight is not None:
            return y, weights, n_samples * self.mean_weight
        if self.weights_on_host is None:
            return y, weights, float(n_samples)
        return y, weights, float(self.weights_on_host[part].sum(dtype="f8"))

    @property
    def all_targets(self) -> torch.Tensor | None:
        """Whatever targets there are."""
        return self.targets

    @property
    def n_predictions(self) -> int:
        """How many rows the predictions of all samples are."""
        return len(self)

    def places_of(self, part: slice, order: np.ndarray | None) -> slice | np.ndarray:
        """The rows of the predictions of some samples, which were put in an order."""
        return part if order is None else order[part]

    def new_memory(self) -> Memory | None:
        """What takes the state from batch to batch, if it is carried at all."""
        if self.carries is None:
            return None
        return Memory(is_one_series=self.carries == "series")

    def gather_after(self, part: slice, memory: Memory | None) -> dict[str, Any]:
        """As :meth:`gather`, for samples that go on from what is remembered."""
        inputs = self.gather(part)
        return inputs if memory is None else {**inputs, "memory": memory}

    def prediction_size(self, first: int, width: int) -> int:
        """How many samples from ``first`` on to predict at once.

        ``width`` is the number of values that the network holds for each step.
        """
        size = _PREDICT_VALUES // (int(self.lengths[first]) * width)
        return max(1, min(_LARGEST_BATCH, size))

    def _copy_in_order(self, order: np.ndarray, on_device: torch.Tensor) -> Self:
        other = object.__new__(type(self))  # copy.copy takes longer than a small step
        other.__dict__.update(self.__dict__)
        if not self.is_uniform:
            other.lengths = self.lengths[order]
        other.targets = None if self.targets is None else self.targets[on_device]
        if self.weights is not None and self.weights_on_host is not None:
            other.weights = self.weights[on_device]
            other.weights_on_host = self.weights_on_host[order]
        return other

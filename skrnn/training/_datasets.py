"""Data sets that gather batches of samples on a device; the one for tables."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Self

import numpy as np
import torch
from scipy.sparse import csr_array, csr_matrix
from torch.utils.data import Dataset

from ..engine import Samples
from ..modules import Memory, SparseRows

Targets = tuple[torch.Tensor | None, torch.Tensor | None, float]
_LARGEST_BATCH = 4096
_PREDICT_VALUES = 2**21  # hidden values of one prediction batch, about 8 MB


class DeviceDataset(Dataset):
    """Samples with their targets, whose batches are on one device.

    Parameters
    ----------
    lengths : ndarray of int, shape (n_samples,)
        Time steps of each sample; on the host, because they decide shapes.
    targets : ndarray of shape (n_samples, n_outputs), default=None
        None to predict.
    weights : ndarray of shape (n_samples,), default=None
    device : torch.device
    mean_weight : float, default=None
        If given, the loss of a batch is divided by its size times ``mean_weight``, as
        if that were the mean weight in it. None divides by the sum of the weights in
        the batch: with batches of a single class, the class would lose its weight.
    carries : {"lanes", "series"} or None
        Whether the samples, in their order, are pieces of one series, each of which
        continues from the final state of the one before: in lanes side by side, as in
        training, or all in a row. None if samples are independent.

    Attributes
    ----------
    is_dense : bool
        Whether the inputs of a batch are one dense tensor.
    order, order_on_device : array of int, or None
        The original places of the samples; None if they have not moved.
    """

    is_dense = True
    shuffles_on = False  # from the order of the last epoch, and not from the first
    _per_sample: tuple[str, ...] = ("targets", "weights", "weights_on_host")
    _per_length: tuple[str, ...] = ("lengths",)  # the same for equal lengths

    def __init__(
        self,
        lengths: np.ndarray,
        targets: np.ndarray | None,
        weights: np.ndarray | None,
        *,
        device: torch.device,
        mean_weight: float | None = None,
        carries: str | None = None,
    ) -> None:
        self.device = device
        self.lengths = lengths
        self.is_uniform = bool((lengths == lengths[:1]).all())
        self.targets = None if targets is None else to_tensor(targets, device)
        self.weights = None if weights is None else to_tensor(weights, device)
        self.weights_on_host = weights
        self.mean_weight = mean_weight
        self.carries = carries
        self.order: np.ndarray | None = None
        self.order_on_device: torch.Tensor | None = None

    def __len__(self) -> int:
        return len(self.lengths)

    def in_order(self, order: np.ndarray | None) -> Self:
        """The samples in another order; they share the underlying data."""
        if order is None:
            return self
        on_device = torch.from_numpy(order).to(self.device)
        other = object.__new__(type(self))  # copy.copy takes longer than a small step
        held = other.__dict__
        held.update(self.__dict__)
        names = self._per_sample + (() if self.is_uniform else self._per_length)
        for name in names:
            values = held[name]
            if values is not None:
                index = order if isinstance(values, np.ndarray) else on_device
                held[name] = values[index]
        if self.order is not None and self.order_on_device is not None:
            order, on_device = self.order[order], self.order_on_device[on_device]
        other.order, other.order_on_device = order, on_device
        return other

    @abstractmethod
    def gather(self, part: slice) -> dict[str, Any]:
        """The module's inputs for some samples."""

    def targets_of(self, part: slice) -> Targets:
        """Targets, weights, and the divisor of the loss of these samples."""
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
        """All targets."""
        return self.targets

    @property
    def n_predictions(self) -> int:
        """Number of rows in the predictions of all samples."""
        return len(self)

    def places_of(self, part: slice) -> slice | np.ndarray:
        """The rows of some samples in the predictions, in the original order."""
        return part if self.order is None else self.order[part]

    def new_memory(self) -> Memory | None:
        """The memory that carries the state from batch to batch, or None."""
        if self.carries is None:
            return None
        return Memory(is_one_series=self.carries == "series")

    def gather_after(self, part: slice, memory: Memory | None) -> dict[str, Any]:
        """Like :meth:`gather`, for samples that continue from the memory."""
        inputs = self.gather(part)
        return inputs if memory is None else {**inputs, "memory": memory}

    def for_engine(self) -> Samples | None:
        """The samples as the compiled engine reads them; None if it cannot."""
        return None

    def point_targets(self) -> dict[str, Any]:
        """Targets and weights of the samples, as the engine reads them."""
        tensors = {"targets": self.targets, "weights": self.weights}
        return {name: as_array(t) for name, t in tensors.items() if t is not None}

    def prediction_size(self, first: int, width: int) -> int:
        """Number of samples, from ``first`` on, to predict at once.

        ``width`` is the number of values that the network holds for each step.
        """
        size = _PREDICT_VALUES // (int(self.lengths[first]) * width)
        return max(1, min(_LARGEST_BATCH, size))


class TableDataset(DeviceDataset):
    """Rows of a table with their targets, see :class:`DeviceDataset`.

    Parameters
    ----------
    table : ndarray or CSR matrix of shape (n_samples, n_features)
        A sparse table stays on the host; each batch is sent to the device.
    """

    shuffles_on = True  # as scikit-learn does

    def __init__(
        self,
        table: np.ndarray | csr_array | csr_matrix,
        targets: np.ndarray | None = None,
        weights: np.ndarray | None = None,
        *,
        device: torch.device,
    ) -> None:
        one_step = np.broadcast_to(np.int64(1), table.shape[0])
        super().__init__(one_step, targets, weights, device=device)
        self.is_dense = isinstance(table, np.ndarray)
        self.sparse: Any = None if self.is_dense else table
        self.rows = (
            to_tensor(table, device) if self.is_dense else None
        )  # (row, feature)

    def __getitem__(self, index: int) -> Any:
        """One sample as (row, target), for callbacks that look at samples."""
        place = index if self.order is None else int(self.order[index])
        if self.rows is None:
            row = torch.from_numpy(self.sparse[[place]].toarray()[0])
        else:
            row = self.rows[place]
        return row, None if self.targets is None else self.targets[index]

    def for_engine(self) -> Samples | None:
        if self.rows is None or self.device.type != "cpu":
            return None
        starts = np.arange(len(self))
        one_step = np.ones_like(starts)
        return Samples(as_array(self.rows), starts, one_step, **self.point_targets())

    def gather(self, part: slice) -> dict[str, Any]:
        """The module's input ``x`` (batch, feature), sparse rows if the table is."""
        if self.rows is None:
            index = part if self.order is None else self.order[part]
            return {"x": SparseRows(self.sparse[index], self.device)}
        if self.order_on_device is None:
            return {"x": self.rows[part]}
        return {"x": self.rows.index_select(0, self.order_on_device[part])}


def as_array(tensor: torch.Tensor) -> np.ndarray:
    """The values of a tensor of the CPU, in C order and aligned."""
    array = tensor.detach().contiguous().numpy()
    return array if array.flags.aligned else array.copy()


def to_tensor(array: np.ndarray, device: torch.device) -> torch.Tensor:
    """A tensor on ``device``; on the CPU it shares the memory of the array."""
    array = np.ascontiguousarray(array)
    if not array.flags.writeable:  # torch, which cannot hold the flag, would warn
        array = np.asarray(_Writeable(array))
    if device.type == "cpu" and not torch.is_inference_mode_enabled():
        return torch.from_numpy(array)
    with torch.inference_mode(False):  # so that training can follow
        try:
            return torch.from_numpy(array).to(device)
        except torch.OutOfMemoryError as error:
            raise torch.OutOfMemoryError(
                f"{device} lacks memory for the data ({array.nbytes / 2**20:.0f} MiB); "
                'use device="cpu", or partial_fit on parts of the data'
            ) from error


class _Writeable:
    """The memory of an array without its read-only flag; we only read it.

    A warnings filter would do the same, but is not thread-safe.
    """

    def __init__(self, array: np.ndarray) -> None:
        self._array = array  # keeps the memory alive
        interface = dict(array.__array_interface__)
        interface["data"] = (interface["data"][0], False)
        self.__array_interface__ = interface

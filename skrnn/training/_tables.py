"""The rows of a table as a data set."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_array, csr_matrix

from ..modules import SparseRows
from ._arrays import to_tensor
from ._datasets import DeviceDataset


class TableDataset(DeviceDataset):
    """Rows of a table with their targets.

    Parameters
    ----------
    table : ndarray or CSR matrix of shape (n_samples, n_features)
        A sparse table stays on the host, from where each batch is sent to the device.
    targets, weights, device
        See :class:`DeviceDataset`.
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
        n_samples = table.shape[0]
        one_step = np.broadcast_to(np.int64(1), n_samples)
        super().__init__(one_step, targets, weights, device=device)
        self.is_dense = isinstance(table, np.ndarray)
        self.sparse: Any = None if self.is_dense else table
        self.rows = (
            to_tensor(table, device) if self.is_dense else None
        )  # (row, feature)
        self.order: np.ndarray | None = None  # of the rows, if not as they stand
        self.order_on_device: torch.Tensor | None = None

    def __getitem__(self, index: int) -> Any:
        """One sample as (row, target): what a callback that looks at samples sees."""
        place = index if self.order is None else int(self.order[index])
        if self.rows is None:
            row = torch.from_numpy(self.sparse[[place]].toarray()[0])
        else:
            row = self.rows[place]
        return row, None if self.targets is None else self.targets[index]

    def in_order(self, order: np.ndarray | None) -> TableDataset:
        if order is None:
            return self
        on_device = torch.from_numpy(order).to(self.device)
        other = self._copy_in_order(order, on_device)
        if self.order is not None and self.order_on_device is not None:
            order, on_device = self.order[order], self.order_on_device[on_device]
        other.order, other.order_on_device = order, on_device
        return other

    def gather(self, part: slice) -> dict[str, Any]:
        """The module's input ``x`` (batch, feature), sparse rows if the table is."""
        if self.rows is None:
            index = part if self.order is None else self.order[part]
            return {"x": SparseRows(self.sparse[index], self.device)}
        if self.order_on_device is None:
            return {"x": self.rows[part]}
        return {"x": self.rows.index_select(0, self.order_on_device[part])}

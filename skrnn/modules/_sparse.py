"""Sparse rows as the input of a linear layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_array, csr_matrix
from torch.nn import functional


class SparseRows:
    """A batch of rows, of which only the values that are not zero are held.

    Parameters
    ----------
    rows : CSR array or matrix of shape (batch, feature)
    device : torch.device
        Where the products are wanted.
    """

    def __init__(self, rows: csr_array | csr_matrix, device: torch.device) -> None:
        self.rows = rows
        self.device = device

    def matmul(self, matrix: torch.Tensor) -> torch.Tensor:
        """The rows times a ``matrix`` (feature, output), (batch, output).

        On the CPU it is SciPy's product, which is several times quicker than torch's.
        """
        if self.device.type == "cpu":
            return _HostProduct.apply(matrix, self.rows)
        values = torch.from_numpy(self.rows.data).to(self.device, matrix.dtype)
        return functional.embedding_bag(
            self._on_device(self.rows.indices),
            matrix,
            self._on_device(self.rows.indptr[:-1]),
            mode="sum",
            per_sample_weights=values,
        )

    def _on_device(self, indices: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(indices.astype(np.int64)).to(self.device)


class _HostProduct(torch.autograd.Function):
    """A sparse matrix times a dense one, and the gradient by the dense one."""

    @staticmethod
    def forward(ctx: Any, matrix: torch.Tensor, rows: Any) -> torch.Tensor:
        ctx.rows = rows
        return torch.from_numpy(rows @ np.ascontiguousarray(matrix.detach().numpy()))

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        return torch.from_numpy(ctx.rows.T @ gradient.contiguous().numpy()), None

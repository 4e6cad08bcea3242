"""Sparse rows as the input of a linear layer."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch.nn import functional


class SparseRows(NamedTuple):
    """A batch of rows, of which only the values that are not zero are held.

    Compressed sparse rows: those of row ``i`` are ``values[offsets[i] : offsets[i +
    1]]``, in the columns ``columns[offsets[i] : offsets[i + 1]]``.
    """

    columns: torch.Tensor  # (value,) of int64
    offsets: torch.Tensor  # (row,) of int64
    values: torch.Tensor  # (value,)

    def matmul(self, matrix: torch.Tensor) -> torch.Tensor:
        """The rows times a ``matrix`` (feature, output), (row, output)."""
        return functional.embedding_bag(
            self.columns,
            matrix,
            self.offsets,
            mode="sum",
            per_sample_weights=self.values,
        )

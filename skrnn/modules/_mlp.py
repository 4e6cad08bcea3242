"""The multi-layer perceptron, and the sparse rows that it reads."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, cast

import numpy as np
import torch
from scipy.sparse import csr_array, csr_matrix
from torch import Tensor, nn
from torch.nn import functional

from ._activations import MLP_ACTIVATIONS
from ._dropout import Dropout
from ._normalization import BatchNorm
from ._outline import LayerOutline, outline_of
from ._undrawn import undrawn

_LARGE_STEP = 10_000_000  # multiplications of a batch that are worth several threads


class MLPNetwork(nn.Module):
    """Linear layers, each but the last with a norm, an activation and dropout.

    The norm, over the batch or over the layer, comes before the activation. The caller
    sets the weights of the linear layers, see :func:`draw_layer`; ``seed`` is the seed
    of the dropout masks.
    """

    def __init__(
        self,
        n_features: int,
        hidden_layer_sizes: Sequence[int],
        n_outputs: int,
        *,
        activation: str = "relu",
        dropout: float = 0.0,
        batch_norm: bool = False,
        layer_norm: bool = False,
        dtype: str = "float32",
        seed: int = 0,
    ) -> None:
        super().__init__()
        torch_dtype = getattr(torch, dtype)
        sizes = [n_features, *hidden_layer_sizes, n_outputs]
        self.layers = nn.ModuleList(
            undrawn(DenseLayer, n_in, n_out, dtype=torch_dtype)
            for n_in, n_out in pairwise(sizes)
        )
        norm = BatchNorm if batch_norm else nn.LayerNorm if layer_norm else None
        self.norms = nn.ModuleList(
            [] if norm is None else [norm(n, dtype=torch_dtype) for n in sizes[1:-1]]
        )
        self.activation_name = activation
        self.activation = MLP_ACTIVATIONS[activation]
        self.dropout = Dropout(dropout, seed)
        self.width = max(sizes[1:])
        self.n_multiplications = sum(n_in * n_out for n_in, n_out in pairwise(sizes))

    def linear_layers(self) -> list[nn.Linear]:
        """The layers with weights, from the input on."""
        return cast("list[nn.Linear]", list(self.layers))

    def outline(self) -> list[LayerOutline]:
        """The layers, from the input on."""
        *hidden, head = self.linear_layers()
        rows = []
        for i, layer in enumerate(hidden):
            norm = self.norms[i] if self.norms else None
            kind = "Linear, " + (f"{type(norm).__name__}, " if norm else "")
            kind += self.activation_name
            kind += f", Dropout({self.dropout.p:g})" if self.dropout.p else ""
            sizes = (layer.out_features,)
            rows.append(outline_of(f"hidden {i + 1}", kind, sizes, layer, norm))
        return [*rows, outline_of("output", "Linear", (head.out_features,), head)]

    def is_worth_sharing(self, batch_size: int) -> bool:
        """Whether a step is long enough for several threads."""
        return batch_size * self.n_multiplications > _LARGE_STEP

    def forward(self, x: Any) -> Tensor:
        # x (batch, feature), dense or SparseRows
        *hidden, head = self.layers
        for i, layer in enumerate(hidden):
            x = layer(x)  # (batch, hidden)
            if self.norms:
                x = self.norms[i](x)
            x = self.activation(x)
            if self.dropout.p:
                x = self.dropout(x)
        return head(x)  # (batch, output)


class DenseLayer(nn.Linear):
    """A linear layer that also reads sparse rows."""

    def forward(self, x: Tensor | SparseRows) -> Tensor:
        if isinstance(x, SparseRows):
            return x.matmul(self.weight.t()) + self.bias
        return functional.linear(x, self.weight, self.bias)


class SparseRows:
    """A batch of rows that holds only the values other than zero."""

    def __init__(self, rows: csr_array | csr_matrix, device: torch.device) -> None:
        self.rows = rows  # (batch, feature)
        self.device = device  # of the products

    def matmul(self, matrix: Tensor) -> Tensor:
        """The rows times a ``matrix`` (feature, output), (batch, output).

        On the CPU it uses SciPy's product, which is several times faster than torch's.
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

    def _on_device(self, indices: np.ndarray) -> Tensor:
        return torch.from_numpy(indices.astype(np.int64)).to(self.device)


class _HostProduct(torch.autograd.Function):
    """A sparse matrix times a dense one, and the gradient by the dense one."""

    @staticmethod
    def forward(ctx: Any, matrix: Tensor, rows: Any) -> Tensor:
        ctx.rows = rows
        return torch.from_numpy(rows @ np.ascontiguousarray(matrix.detach().numpy()))

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return torch.from_numpy(ctx.rows.T @ gradient.contiguous().numpy()), None

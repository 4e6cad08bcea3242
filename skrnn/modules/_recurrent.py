"""A stack of recurrent layers with a linear head on the final state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import nn

from ._dropout import Dropout
from ._layers import RecurrentLayer


class RecurrentNetwork(nn.Module):
    """Recurrent layers of any sizes, then a linear head on the last valid step.

    Parameters
    ----------
    cell : {"rnn", "gru", "lstm"}
    n_features : int
        Features of a time step.
    hidden_layer_sizes : sequence of int
        Hidden units of each stacked layer.
    n_outputs : int
    activation : {"tanh", "relu"}, default="tanh"
    bidirectional : bool, default=False
        Read each sequence in both directions of time.
    dropout : float, default=0.0
        Share of the output of each layer zeroed in training, the last one included.
    dtype : {"float32", "float64"}, default="float32"
    seed : int, default=0
        Start of the weights and of the dropout masks. Weights are drawn on the CPU,
        so that every device starts from the same.

    Notes
    -----
    Weights start as in torch: uniform within ``1 / sqrt(hidden units)``, those of the
    head within ``1 / sqrt(its inputs)``.
    """

    def __init__(
        self,
        cell: str,
        n_features: int,
        hidden_layer_sizes: Sequence[int],
        n_outputs: int,
        *,
        activation: str = "tanh",
        bidirectional: bool = False,
        dropout: float = 0.0,
        dtype: str = "float32",
        seed: int = 0,
    ) -> None:
        super().__init__()
        torch_dtype = getattr(torch, dtype)
        layers: list[RecurrentLayer] = []
        width = n_features
        for size in hidden_layer_sizes:
            layer = RecurrentLayer(
                cell,
                width,
                size,
                activation=activation,
                bidirectional=bidirectional,
                dtype=torch_dtype,
            )
            layers.append(layer)
            width = layer.output_size
        self.layers = nn.ModuleList(layers)
        self.dropout = Dropout(dropout, seed)
        self.head = nn.utils.skip_init(nn.Linear, width, n_outputs, dtype=torch_dtype)
        self._draw_weights(seed)

    def _draw_weights(self, seed: int) -> None:
        generator = torch.Generator().manual_seed(seed)
        for module in self.modules():
            if isinstance(module, nn.RNNBase):
                bound = module.hidden_size**-0.5
            elif isinstance(module, nn.Linear):
                bound = module.in_features**-0.5
            else:
                continue
            for parameter in module.parameters():
                nn.init.uniform_(parameter, -bound, bound, generator=generator)

    @property
    def kernels(self) -> list[str]:
        """The code that runs each layer, see :class:`RecurrentLayer`."""
        return [layer.kernel for layer in self._stack()]

    def _stack(self) -> list[RecurrentLayer]:
        return cast("list[RecurrentLayer]", list(self.layers))

    def forward(
        self, x: torch.Tensor, lengths: torch.Tensor | None = None
    ) -> torch.Tensor:
        # x (batch, time, feature), right-padded where lengths (batch,) are given
        *below, top = self._stack()
        for layer in below:
            x = self._drop(layer(x, lengths))  # (batch, time, hidden)
        state = self._drop(top.final(top(x, lengths), lengths))  # (batch, hidden)
        return self.head(state)  # (batch, output)

    def _drop(self, x: torch.Tensor) -> torch.Tensor:
        return self.dropout(x) if self.dropout.p else x

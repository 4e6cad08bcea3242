"""A stack of recurrent layers with a linear head on the final state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import nn

from ._dropout import Dropout
from ._layers import RecurrentLayer, Segments
from ._outline import LayerOutline, count_parameters, shape_of
from ._pooling import max_valid, mean_valid

PADDING = 0  # token id that stands for no token
_SMALL_WIDTH = 1024


class RecurrentNetwork(nn.Module):
    """Recurrent layers of any sizes, then a linear head on the pooled states.

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
    pooling : {"last", "mean", "max"}, default="last"
        What the head reads of the last layer: the state after the last valid step (in
        each direction), or the mean or largest state over the valid steps.
    embedding_dim : int, default=None
        Size of a vector learnt for each token; then inputs are token ids.
    n_tokens : int, default=None
        Number of token ids, the padding (0) included.
    dtype : {"float32", "float64"}, default="float32"
    seed : int, default=0
        Start of the weights and of the dropout masks. Weights are drawn on the CPU,
        so that every device starts from the same.

    Notes
    -----
    Weights start as in torch: uniform within ``1 / sqrt(hidden units)``, those of the
    head within ``1 / sqrt(its inputs)``; embeddings normal with unit variance, that of
    the padding zero.
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
        pooling: str = "last",
        embedding_dim: int | None = None,
        n_tokens: int | None = None,
        dtype: str = "float32",
        seed: int = 0,
    ) -> None:
        super().__init__()
        torch_dtype = getattr(torch, dtype)
        self.pooling = pooling
        self.embedding = _embedding(n_tokens, embedding_dim, torch_dtype)
        layers: list[RecurrentLayer] = []
        width = n_features if embedding_dim is None else embedding_dim
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
            if isinstance(module, nn.Embedding):
                nn.init.normal_(module.weight, generator=generator)
                with torch.no_grad():
                    module.weight[PADDING] = 0
                continue
            if isinstance(module, nn.RNNBase):
                bound = module.hidden_size**-0.5
            elif isinstance(module, nn.Linear):
                bound = module.in_features**-0.5
            else:
                continue
            for parameter in module.parameters():
                nn.init.uniform_(parameter, -bound, bound, generator=generator)

    def outline(self) -> list[LayerOutline]:
        """The layers, from the input on."""
        rows = []
        if self.embedding is not None:
            shape = shape_of("n_timesteps", self.embedding.embedding_dim)
            n_parameters = count_parameters(self.embedding)
            rows.append(LayerOutline("embedding", "Embedding", shape, n_parameters))
        dropout = f", Dropout({self.dropout.p:g})" if self.dropout.p else ""
        for i, layer in enumerate(self._stack()):
            shape = shape_of("n_timesteps", layer.output_size)
            n_parameters = count_parameters(layer)
            kind = f"{layer.name}{dropout}"
            rows.append(LayerOutline(f"hidden {i + 1}", kind, shape, n_parameters))
        width = self.head.in_features
        rows.append(LayerOutline("pooling", self.pooling, shape_of(width), 0))
        shape = shape_of(self.head.out_features)
        n_parameters = count_parameters(self.head)
        return [*rows, LayerOutline("output", "Linear", shape, n_parameters)]

    @property
    def kernels(self) -> list[str]:
        """The code that runs each layer, see :class:`RecurrentLayer`."""
        return [layer.kernel for layer in self._stack()]

    @property
    def width(self) -> int:
        """Longest side of a weight matrix that is multiplied at each step."""
        return max(max(p.shape) for p in self.layers.parameters())

    def is_worth_sharing(self, batch_size: int) -> bool:
        """Whether a step is long enough for several threads (an LSTM over 256)."""
        return self.width > _SMALL_WIDTH

    def _stack(self) -> list[RecurrentLayer]:
        return cast("list[RecurrentLayer]", list(self.layers))

    def forward(
        self,
        x: torch.Tensor,
        lengths: torch.Tensor | None = None,
        segments: Segments | None = None,
    ) -> torch.Tensor:
        # x (batch, time, feature), right-padded where lengths (batch,) are given
        if self.embedding is not None:
            x = self.embedding(x[:, :, 0])  # (batch, time, embedding)
        *below, top = self._stack()
        for layer in below:
            x = self._drop(layer(x, lengths, segments))  # (batch, time, hidden)
        states = top(x, lengths, segments)  # (batch, time, hidden)
        state = self._drop(self._pool(top, states, lengths))  # (batch, hidden)
        return self.head(state)  # (batch, output)

    def _pool(
        self, top: RecurrentLayer, states: torch.Tensor, lengths: torch.Tensor | None
    ) -> torch.Tensor:
        if self.pooling == "mean":
            return mean_valid(states, lengths)
        if self.pooling == "max":
            return max_valid(states, lengths)
        return top.final(states, lengths)

    def _drop(self, x: torch.Tensor) -> torch.Tensor:
        return self.dropout(x) if self.dropout.p else x


def _embedding(
    n_tokens: int | None, embedding_dim: int | None, dtype: torch.dtype
) -> nn.Embedding | None:
    if embedding_dim is None or n_tokens is None:
        return None
    layer = nn.Embedding(
        n_tokens, embedding_dim, padding_idx=PADDING, dtype=dtype, device="meta"
    )  # weights are drawn later, not from torch's generator
    return layer.to_empty(device="cpu")

"""A stack of recurrent layers with a linear head."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple, cast

import torch
from torch import Tensor, nn

from ..windows import PADDING
from ._architecture import Architecture
from ._cells import Gates, State
from ._changes import Changes
from ._convolution import Convolutions
from ._dropout import Dropout
from ._initial_weights import draw_weights
from ._layers import RecurrentLayer, Segments
from ._linear_path import LinearPath
from ._network_state import Memory, NetworkState
from ._normalization import Normalization
from ._outline import LayerOutline, recurrent_outline
from ._pooling import (
    N_RUNNING,
    AttentionPooling,
    is_padding,
    max_blocks,
    max_valid,
    mean_valid,
    running_pools,
)
from ._squash import Squash
from ._undrawn import undrawn

_SMALL_WIDTH = 1024
_SEEDS_OF_A_LAYER = 3


class _Front(NamedTuple):
    """What the recurrent layers read, and what the output layer reads beside them."""

    x: Tensor  # (batch, time, _)
    lengths: Tensor | None
    segments: Segments | None
    pooled: Tensor | None = None  # of the last convolution, (batch, read)


class RecurrentNetwork(nn.Module):
    """Recurrent layers of any sizes, then a linear head on the pooled states.

    Parameters
    ----------
    embedding_dim : int, default=None
        Size of a vector learnt for each token; then inputs are token ids.
    n_tokens : int, default=None
        Number of token ids, including the padding (0).
    normalize : {"standard", "changes", "robust"}, default=None
        Whether the network reads normalised inputs (not with an embedding), with their
        :class:`Changes`, or after heavy tails were squashed.
    normalize_outputs : {"standard"}, default=None
        Whether it learns normalised outputs: see :attr:`output_normalization`.
    path_rows : int, default=0
        Number of rows from which a :class:`LinearPath` leads to the outputs; 0 for
        none.
    seed : int, default=0
        Seed of the weights and the masks. Weights are drawn on the CPU, so that every
        device starts from the same weights.
    **parts
        See :class:`Architecture`.

    Attributes
    ----------
    input_normalization, output_normalization : Normalization or None
        Of the inputs, after which the padding is zero, and of the targets. In training
        mode outputs are normalised, like the targets that training compares them with;
        in evaluation mode they are in the units of the targets.
    squash, changes : Squash and Changes, or None
        What is normalised of the inputs, and what the layers read of normalised ones.
    path : LinearPath or None
        Counts in evaluation mode only: training is given targets less what it knows.
    """

    defaults: ClassVar = {  # of what came with later versions
        **Architecture.defaults(),
        "normalize": None,
        "normalize_outputs": None,
        "path_rows": 0,
    }

    def __init__(
        self,
        cell: str,
        n_features: int,
        hidden_layer_sizes: Sequence[int],
        n_outputs: int,
        *,
        embedding_dim: int | None = None,
        n_tokens: int | None = None,
        normalize: str | None = None,
        normalize_outputs: str | None = None,
        path_rows: int = 0,
        dtype: str = "float32",
        seed: int = 0,
        **parts: Any,
    ) -> None:
        super().__init__()
        kind = getattr(torch, dtype)
        architecture = Architecture(cell, **parts)
        self.architecture = architecture
        self.poolings = architecture.poolings
        self.embedding = _embedding(n_tokens, embedding_dim, kind)
        self.n_features = n_features
        reads_numbers = normalize if embedding_dim is None else None
        self.squash = Squash(n_features, kind) if reads_numbers == "robust" else None
        self.input_normalization = _normalization(reads_numbers, n_features, kind)
        self.output_normalization = _normalization(normalize_outputs, n_outputs, kind)
        self.path = None
        if path_rows:
            self.path = LinearPath(path_rows, n_features, n_outputs, kind)
        width = n_features if embedding_dim is None else embedding_dim
        self.changes = None
        if reads_numbers == "changes":
            self.changes = Changes(width, kind)
            width = self.changes.width
        self.convolutions = None
        if architecture.conv_filters is not None:
            self.convolutions = Convolutions(width, architecture, kind)
            width = self.convolutions.width
        layers: list[RecurrentLayer] = []
        for i, size in enumerate(hidden_layer_sizes):
            further = seed + 2 + i * _SEEDS_OF_A_LAYER
            layer = RecurrentLayer(architecture, width, size, seed=further, dtype=kind)
            layers.append(layer)
            width = layer.output_size
        self.layers = nn.ModuleList(layers)
        # longest side of a weight matrix that is multiplied at each step
        self.width = max(max(p.shape) for p in self.layers.parameters())
        self.dropout = Dropout(architecture.dropout, seed)
        self.input_dropout = Dropout(architecture.input_dropout, seed + 1)
        self.attention = (
            AttentionPooling(width, kind) if "attention" in self.poolings else None
        )
        n_read = len(self.poolings) * width
        if self.convolutions is not None:
            n_read += len(architecture.conv_poolings) * self.convolutions.width
        self.head = undrawn(nn.Linear, n_read, n_outputs, dtype=kind)
        draw_weights(self, architecture, seed)

    def outline(self) -> list[LayerOutline]:
        """The layers, from the input on."""
        return recurrent_outline(self)

    @property
    def kernels(self) -> list[str]:
        """The code that runs each layer, see :class:`RecurrentLayer`."""
        return [layer.kernel for layer in self.stack()]

    def is_worth_sharing(self, batch_size: int) -> bool:
        """Whether a step is long enough for several threads (an LSTM over 256)."""
        return self.width > _SMALL_WIDTH

    def stack(self) -> list[RecurrentLayer]:
        """The recurrent layers, from the input on."""
        return cast("list[RecurrentLayer]", list(self.layers))

    def forward(
        self,
        x: Tensor,
        lengths: Tensor | None = None,
        segments: Segments | None = None,
        memory: Memory | None = None,
    ) -> Tensor:
        """Outputs (batch, output), or (valid step, output) with return_sequences.

        ``x`` is (batch, time, feature), right-padded if there are ``lengths`` (batch,);
        for ``segments`` see :func:`run`. With a ``memory`` the sequences, all of one
        length, continue from its state and update it.
        """
        if memory is not None:
            return self._continue(x, memory)
        outputs = self._head(*self.features(x, lengths, segments))
        if self.path is not None and not self.training:
            outputs = outputs + self.path(self._levels(x, lengths), lengths)
        return self._in_units(outputs)

    def features(
        self,
        x: Tensor,
        lengths: Tensor | None = None,
        segments: Segments | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """What the output layer reads, (batch, read), and lengths if it has steps."""
        x, lengths, segments, pooled = self._front(x, lengths, segments)
        *below, top = self.stack()
        for i, layer in enumerate(below):
            states = self._layer(i, layer, x, lengths, segments)
            x = self._drop(layer.merge(states))  # (batch, time, hidden)
        if self._reads_last and not (self._is_whole or self.architecture.residual):
            read = top.last(x, lengths, segments)  # (batch, hidden)
        else:
            states = self._layer(len(below), top, x, lengths, segments)
            if self._is_whole:
                return top.merge(states), lengths
            read = self._pool(top, states, lengths)
        if pooled is not None:
            read = torch.cat([read, pooled], dim=1)  # (batch, read)
        return read, None

    def advance(
        self, x: Tensor, state: NetworkState | None
    ) -> tuple[Tensor, NetworkState]:
        """States of the last layer at all steps, and the state of the network.

        ``x`` (batch, time, feature) holds rows of each series, without padding;
        ``state`` is the state after the rows before them, None if there are none.
        """
        return self._advance_layers(*self._advance_front(x, state), state)

    def _advance_front(
        self, x: Tensor, state: NetworkState | None
    ) -> tuple[Tensor, NetworkState]:
        """What the first layer reads, and the state but for the layers."""
        levels = None if self.changes is None else self._levels(x[:, -1:])
        x = self._read(x, before=None if state is None else state.levels)
        rows = None
        if self.convolutions is not None:
            seen = None if state is None else state.rows
            x, rows = self.convolutions.advance(x, seen)
        return x, NetworkState(rows, [], levels=levels)

    def _advance_layers(
        self, x: Tensor, after: NetworkState, state: NetworkState | None
    ) -> tuple[Tensor, NetworkState]:
        layers = []
        for i, layer in enumerate(self.stack()):
            first = None if state is None else state.layers[i]
            read = self._drop(x) if i else x
            x, last = layer.advance(read, first)  # (batch, time, hidden)
            if i and self.architecture.residual:
                x = x + read
            layers.append(last)
        return x, after._replace(layers=layers)

    def outputs_along(
        self, x: Tensor, state: NetworkState | None
    ) -> tuple[Tensor, NetworkState]:
        """Outputs after each row of one series (time, output), and the state after all.

        ``x`` is (1, time, feature); ``state`` as in :meth:`advance`.
        """
        front, after = self._advance_front(x, state)
        states, after = self._advance_layers(front, after, state)
        seen = None if state is None else state.pooled
        states, pooled = self._pools_along(states, front, seen)
        outputs = self._in_units(self._head(states, None))
        return outputs, after._replace(pooled=pooled or None)

    def _pools_along(
        self, states: Tensor, front: Tensor, seen: State | None
    ) -> tuple[Tensor, State]:
        """What the output layer reads after each row (1, time, read), and its state."""
        n = sum(N_RUNNING[name] for name in self.poolings)
        score = None if self.attention is None else self.attention.score_of
        before = None if seen is None else seen[:n]
        read, after = running_pools(self.poolings, states, before, score)
        names = self.architecture.conv_poolings
        if not names:
            return read, after
        before = None if seen is None else seen[n:]
        of_front, after_front = running_pools(names, front, before)
        return torch.cat([read, of_front], dim=2), (*after, *after_front)

    def gates(
        self, x: Tensor, lengths: Tensor | None, layer: int
    ) -> tuple[Gates, Tensor | None]:
        """All values that the cells of a layer compute, by name, and valid lengths."""
        x, lengths, *_ = self._front(x, lengths, None)
        stack = self.stack()
        for i, below in enumerate(stack[: range(len(stack))[layer]]):
            x = below.merge(self._layer(i, below, x, lengths, None))
        return stack[layer].gates(x, lengths), lengths

    @property
    def _reads_last(self) -> bool:
        """Whether the output layer reads the last state alone."""
        return self.poolings == ("last",)

    @property
    def _is_whole(self) -> bool:
        return self.architecture.return_sequences

    def _continue(self, x: Tensor, memory: Memory) -> Tensor:
        """Outputs of samples that continue from the state of the memory."""
        n_samples, n_steps, n_features = x.shape
        if memory.is_one_series:
            x = x.reshape(1, n_samples * n_steps, n_features)
        before = None if memory.before is None else memory.before.first(len(x))
        states, after = self.advance(x, before)
        memory.after = after.mapped(Tensor.detach)
        states = states.reshape(n_samples, n_steps, -1)  # (batch, time, hidden)
        outputs = self._head(states if self._is_whole else states[:, -1], None)
        return self._in_units(outputs)

    def _levels(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """The normalised rows, (batch, time, feature)."""
        x = x if self.squash is None else self.squash(x)
        layer = self.input_normalization
        return x if layer is None else layer(x, lengths)

    def _read(
        self,
        x: Tensor,
        lengths: Tensor | None = None,
        before: Tensor | None = None,
    ) -> Tensor:
        """What the layers read; ``before`` is the normalised row before the first."""
        if self.embedding is not None:
            x = self.embedding(x[:, :, 0])  # (batch, time, embedding)
        x = self._levels(x, lengths)
        if self.changes is not None:
            x = self.changes(x, lengths, before)  # (batch, time, 2 feature)
        return self.input_dropout(x) if self.input_dropout.p else x

    def _front(
        self, x: Tensor, lengths: Tensor | None, segments: Segments | None
    ) -> _Front:
        """The input of the first recurrent layer, and what goes past all of them."""
        x = self._read(x, lengths)
        if self.convolutions is None:
            return _Front(x, lengths, segments)
        n_steps, parts = x.shape[1], self.architecture
        x, lengths = self.convolutions(x, lengths)
        pooled = None
        if parts.conv_poolings:
            ways = {"mean": mean_valid, "max": max_valid}
            read = [ways[name](x, lengths) for name in parts.conv_poolings]
            pooled = torch.cat(read, dim=1)  # (batch, read)
        if parts.pool_size > 1:
            x, lengths = max_blocks(x, lengths, parts.pool_size)
        return _Front(x, lengths, segments if x.shape[1] == n_steps else None, pooled)

    def _layer(
        self,
        i: int,
        layer: RecurrentLayer,
        x: Tensor,
        lengths: Tensor | None,
        segments: Segments | None,
    ) -> Tensor:
        """States of a layer, plus its input if it is residual."""
        states = layer(x, lengths, segments)
        return states + x if i and self.architecture.residual else states

    def _pool(
        self, top: RecurrentLayer, states: Tensor, lengths: Tensor | None
    ) -> Tensor:
        """What the output layer reads of a sequence, (batch, read)."""
        if self._reads_last:
            return top.final(states, lengths)
        merged = top.merge(states)
        ways: dict[str, Callable[[], Tensor]] = {
            "last": lambda: top.final(states, lengths),
            "mean": lambda: mean_valid(merged, lengths),
            "max": lambda: max_valid(merged, lengths),
            "attention": lambda: cast("Any", self.attention)(merged, lengths),
        }
        return torch.cat([ways[name]() for name in self.poolings], dim=1)

    def _head(self, states: Tensor, lengths: Tensor | None) -> Tensor:
        """Outputs for states (batch, read), or for all steps but the padding."""
        if states.ndim == 3:
            if lengths is not None:
                states = states[~is_padding(states, lengths)[:, :, 0]]
            states = states.reshape(-1, states.shape[-1])  # (valid step, hidden)
        return self.head(self._drop(states))  # (batch or valid step, output)

    def _in_units(self, outputs: Tensor) -> Tensor:
        """Outputs in the units of the targets, except in training mode."""
        if self.output_normalization is None or self.training:
            return outputs
        return self.output_normalization.invert(outputs)

    def _drop(self, x: Tensor) -> Tensor:
        return self.dropout(x) if self.dropout.p else x


def _embedding(
    n_tokens: int | None, embedding_dim: int | None, dtype: torch.dtype
) -> nn.Embedding | None:
    if embedding_dim is None or n_tokens is None:
        return None
    options = {"padding_idx": PADDING, "dtype": dtype}
    return undrawn(nn.Embedding, n_tokens, embedding_dim, **options)


def _normalization(
    kind: str | None, n_columns: int, dtype: torch.dtype
) -> Normalization | None:
    return None if kind is None else Normalization(n_columns, dtype)

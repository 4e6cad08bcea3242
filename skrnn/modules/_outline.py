"""The layers of a network, for summaries."""

from __future__ import annotations

from typing import Any, NamedTuple

from torch import nn


class LayerOutline(NamedTuple):
    """One layer of a network."""

    name: str  # its place, such as "hidden 1"
    kind: str  # what it computes
    output_shape: str  # such as "(n_samples, 10)"
    n_parameters: int  # how many numbers it learns


def count_parameters(module: nn.Module | None) -> int:
    """How many numbers a module learns."""
    return 0 if module is None else sum(p.numel() for p in module.parameters())


def shape_of(*sizes: int | str) -> str:
    """The shape of a batch of samples of these sizes."""
    return f"({', '.join(map(str, ('n_samples', *sizes)))})"


def recurrent_outline(network: Any) -> list[LayerOutline]:
    """The layers of a :class:`RecurrentNetwork`, from the input on."""
    rows = _outline_of_front(network)
    dropout = f", Dropout({network.dropout.p:g})" if network.dropout.p else ""
    for i, layer in enumerate(network.stack()):
        shape = shape_of("n_timesteps", layer.output_size)
        residual = " + input" if i and network.architecture.residual else ""
        kind = f"{layer.name}{residual}{dropout}"
        row = LayerOutline(f"hidden {i + 1}", kind, shape, count_parameters(layer))
        rows.append(row)
    n_outputs = network.head.out_features
    shape = shape_of(n_outputs)
    if network.architecture.return_sequences:
        shape = shape_of("n_timesteps", n_outputs)
    else:
        width = shape_of(network.head.in_features)
        count = count_parameters(network.attention)
        rows.append(LayerOutline("pooling", network.pooling, width, count))
    count = count_parameters(network.head)
    return [*rows, LayerOutline("output", "Linear", shape, count)]


def _outline_of_front(network: Any) -> list[LayerOutline]:
    """The layers before the recurrent ones."""
    rows = []
    if network.embedding is not None:
        shape = shape_of("n_timesteps", network.embedding.embedding_dim)
        count = count_parameters(network.embedding)
        rows.append(LayerOutline("embedding", "Embedding", shape, count))
    if network.convolutions is not None:
        front = network.convolutions
        for i, layer in enumerate(front.stack()):
            kind = f"Conv1d({front.kernel_size}, {front.padding})"
            kind = f"{kind}, {front.activation_name}"
            shape = shape_of("n_timesteps", layer.out_channels)
            count = count_parameters(layer)
            rows.append(LayerOutline(f"convolution {i + 1}", kind, shape, count))
    return rows

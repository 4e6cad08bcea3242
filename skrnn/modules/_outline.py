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


def outline_of(
    name: str, kind: str, sizes: tuple[int | str, ...], *modules: nn.Module | None
) -> LayerOutline:
    """The outline of a layer made of these modules, for samples of these sizes."""
    shape = f"({', '.join(map(str, ('n_samples', *sizes)))})"
    parameters = [p for module in modules if module for p in module.parameters()]
    return LayerOutline(name, kind, shape, sum(p.numel() for p in parameters))


def recurrent_outline(network: Any) -> list[LayerOutline]:
    """The layers of a :class:`RecurrentNetwork`, from the input on."""
    rows, steps = _front_outline(network)
    dropout = f", Dropout({network.dropout.p:g})" if network.dropout.p else ""
    for i, layer in enumerate(network.stack()):
        residual = " + input" if i and network.architecture.residual else ""
        kind, sizes = (
            layer.name + residual + dropout,
            (steps, layer.output_size),
        )
        rows.append(outline_of(f"hidden {i + 1}", kind, sizes, layer))
    head = network.head
    is_whole = network.architecture.return_sequences
    if not is_whole:
        width, kind = (head.in_features,), ", ".join(network.poolings)
        names = network.architecture.conv_poolings
        kind += f"; convolution: {', '.join(names)}" if names else ""
        rows.append(outline_of("pooling", kind, width, network.attention))
    out: Any = (steps, head.out_features) if is_whole else (head.out_features,)
    rows.append(outline_of("output", "Linear", out, head))
    if network.path is not None:
        kind = f"LinearPath from {network.path.n_rows} rows"
        rows.append(outline_of("beside it", kind, out))
    if network.output_normalization is not None:
        rows.append(outline_of("units of y", "inverse Normalization", out))
    return rows


def _front_outline(network: Any) -> tuple[list[LayerOutline], str]:
    """The layers before the recurrent ones, and the name of their number of steps."""
    rows = []
    steps = "n_timesteps"
    if network.embedding is not None:
        sizes = steps, network.embedding.embedding_dim
        rows.append(outline_of("embedding", "Embedding", sizes, network.embedding))
    if network.squash is not None:
        n_features = network.n_features
        kind = f"asinh, {network.squash.n_squashed} of {n_features}"
        rows.append(outline_of("squash", kind, (steps, n_features)))
    if network.input_normalization is not None:
        sizes = steps, network.n_features
        rows.append(outline_of("normalization", "Normalization", sizes))
    if network.changes is not None:
        sizes = steps, network.changes.width
        rows.append(outline_of("changes", "Changes and clipped levels", sizes))
    if network.convolutions is not None:
        front, n_rows = network.convolutions, 1  # of a step
        for i, layer in enumerate(front.stack()):
            norm = front.norms[i] if front.norms else None
            kind = _convolution_kind(layer, front, norm)
            n_rows *= layer.stride[0]
            steps = f"n_timesteps / {n_rows}" if n_rows > 1 else steps
            sizes = steps, layer.out_channels
            rows.append(outline_of(f"convolution {i + 1}", kind, sizes, layer, norm))
        size = network.architecture.pool_size
        if size > 1:
            steps = f"n_timesteps / {n_rows * size}"
            sizes = steps, front.width
            rows.append(outline_of("max pooling", f"MaxPool1d({size})", sizes))
    return rows, steps


def _convolution_kind(layer: Any, front: Any, norm: nn.Module | None) -> str:
    (size,), (stride,), (dilation,) = layer.kernel_size, layer.stride, layer.dilation
    how = f"{size}, stride {stride}" if stride > 1 else f"{size}"
    how += f", dilation {dilation}" if dilation > 1 else ""
    between = "" if norm is None else f"{type(norm).__name__}, "
    return f"Conv1d({how}, {front.padding}), {between}{front.activation_name}"

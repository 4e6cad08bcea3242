"""Convolutions over time, before the recurrent layers."""

from __future__ import annotations

from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from ._activations import MLP_ACTIVATIONS
from ._architecture import Architecture
from ._normalization import BatchNorm
from ._pooling import is_padding
from ._undrawn import undrawn


class Convolutions(nn.Module):
    """Convolutions over time of sequences that are right-padded with zeros.

    A convolution makes one step of each block of ``stride`` steps, the last of which
    may be shorter. With padding "causal" that step sees steps up to the end of its
    block, ``dilation`` steps apart; with "same" it sees steps around the block. There
    are zeros before the first step and after the last. "valid" drops the steps that
    would see such zeros, but keeps the last step of a sequence that is shorter than the
    span of the kernel. A norm comes before the activation; the convolution then has no
    bias, which the norm would take away.
    """

    def __init__(
        self, n_features: int, architecture: Architecture, dtype: torch.dtype
    ) -> None:
        super().__init__()
        widths = [n_features, *(architecture.conv_filters or ())]
        has_norms = architecture.conv_norm is not None
        self.layers = nn.ModuleList(
            undrawn(
                nn.Conv1d,
                *channels,
                size,
                stride=stride,
                dilation=dilation,
                bias=not has_norms,
                dtype=dtype,
            )
            for channels, size, stride, dilation in zip(
                pairwise(widths),
                architecture.kernel_sizes,
                architecture.strides,
                architecture.dilations,
                strict=True,
            )
        )
        self.norms = nn.ModuleList(
            BatchNorm(width, dtype=dtype) for width in widths[1:] if has_norms
        )
        self.width = widths[-1]
        self.padding = architecture.conv_padding
        self.activation_name = architecture.conv_activation
        self.activation = MLP_ACTIVATIONS[architecture.conv_activation]

    def forward(
        self, x: Tensor, lengths: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """Filtered sequences (batch, time, filter), and their lengths."""
        for i, layer in enumerate(self.stack()):
            span, (stride,) = _span(layer), layer.stride
            before = (span - stride) // (2 if self.padding == "same" else 1)
            n_blocks = -(-x.shape[1] // stride)
            after = (n_blocks - 1) * stride + span - before - x.shape[1]
            x = functional.pad(x, (0, 0, before, after))  # (batch, time, _)
            if lengths is not None:
                lengths = (lengths + stride - 1) // stride
            x = self.convolve(i, x, lengths)
            if lengths is not None:  # the next one sees zeros after them
                x = x.masked_fill(is_padding(x, lengths), 0)
        if self.padding != "valid":
            return x, lengths
        n_dropped = sum(_span(layer) - 1 for layer in self.stack())
        return _without_first(x, lengths, n_dropped)

    def advance(
        self, x: Tensor, seen: list[Tensor] | None
    ) -> tuple[Tensor, list[Tensor]]:
        """Like causal :meth:`forward` of stride 1, after rows that came before."""
        following = []
        for i, layer in enumerate(self.stack()):
            back = _span(layer) - 1
            before = x.new_zeros(len(x), back, x.shape[2]) if seen is None else seen[i]
            x = torch.cat([before, x], dim=1)  # (batch, back + time, _)
            following.append(x[:, x.shape[1] - back :].clone())  # not all of x
            x = self.convolve(i, x, None)
        return x, following

    def convolve(self, i: int, x: Tensor, lengths: Tensor | None) -> Tensor:
        """Convolution i of x (batch, time, feature) without padding.

        ``lengths`` (batch,) are those of the result.
        """
        x = self.layers[i](x.transpose(1, 2))  # (batch, filter, time)
        if self.norms:
            x = self.norms[i](x, lengths)
        return self.activation(x).transpose(1, 2)

    def stack(self) -> list[nn.Conv1d]:
        """The convolutions, from the input on."""
        return cast("list[nn.Conv1d]", list(self.layers))


def _span(layer: nn.Conv1d) -> int:
    """Steps from the first one that a kernel reads to the last, both included."""
    return (layer.kernel_size[0] - 1) * layer.dilation[0] + 1


def _without_first(
    x: Tensor, lengths: Tensor | None, n_steps: int
) -> tuple[Tensor, Tensor | None]:
    """Sequences without their first steps, but with at least one."""
    if lengths is None:
        return x[:, min(n_steps, x.shape[1] - 1) :], None
    shifts = (lengths - 1).clamp(max=n_steps)  # (batch,)
    lengths = lengths - shifts
    steps = torch.arange(int(lengths.max()), device=x.device)
    index = (steps + shifts[:, None]).clamp(max=x.shape[1] - 1)  # (batch, time)
    x = x.gather(1, index[:, :, None].expand(-1, -1, x.shape[2]))
    return x.masked_fill(is_padding(x, lengths), 0), lengths

"""Convolutions over time, before the recurrent layers."""

from __future__ import annotations

from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from ._activations import MLP_ACTIVATIONS
from ._architecture import Architecture
from ._pooling import is_padding
from ._undrawn import undrawn


class Convolutions(nn.Module):
    """Convolutions over time of sequences that are right-padded with zeros.

    With padding "causal", step ``t`` sees the steps ``t - k + 1`` to ``t``; with "same"
    it sees the steps around it. There are zeros before the first step and after the
    last. "valid" drops the steps that would see such zeros, but keeps the last step of
    a sequence that is shorter than the kernel.
    """

    def __init__(
        self, n_features: int, architecture: Architecture, dtype: torch.dtype
    ) -> None:
        super().__init__()
        self.kernel_size = architecture.conv_kernel_size
        widths = [n_features, *(architecture.conv_filters or ())]
        self.layers = nn.ModuleList(
            undrawn(nn.Conv1d, n_in, n_out, self.kernel_size, dtype=dtype)
            for n_in, n_out in pairwise(widths)
        )
        self.width = widths[-1]
        self.padding = architecture.conv_padding
        self.activation_name = architecture.conv_activation
        self.activation = MLP_ACTIVATIONS[architecture.conv_activation]

    def forward(
        self, x: Tensor, lengths: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """Filtered sequences (batch, time, filter), and their lengths."""
        back = self.kernel_size - 1
        ahead = back - back // 2 if self.padding == "same" else 0
        for layer in self.stack():
            x = functional.pad(x, (0, 0, back - ahead, ahead))  # (batch, time, _)
            x = self.convolve(layer, x)
            if lengths is not None:  # the next one sees zeros there
                x = x.masked_fill(is_padding(x, lengths), 0)
        if self.padding != "valid":
            return x, lengths
        return _without_first(x, lengths, back * len(self.layers))

    def advance(
        self, x: Tensor, seen: list[Tensor] | None
    ) -> tuple[Tensor, list[Tensor]]:
        """Like causal :meth:`forward`, after rows that the convolutions have seen."""
        back = self.kernel_size - 1
        following = []
        for i, layer in enumerate(self.stack()):
            before = x.new_zeros(len(x), back, x.shape[2]) if seen is None else seen[i]
            x = torch.cat([before, x], dim=1)  # (batch, back + time, _)
            following.append(x[:, x.shape[1] - back :].clone())  # not all of x
            x = self.convolve(layer, x)
        return x, following

    def convolve(self, layer: nn.Module, x: Tensor) -> Tensor:
        """One convolution of x (batch, time, feature) without padding."""
        return self.activation(layer(x.transpose(1, 2)).transpose(1, 2))

    def stack(self) -> list[nn.Conv1d]:
        """The convolutions, from the input on."""
        return cast("list[nn.Conv1d]", list(self.layers))


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

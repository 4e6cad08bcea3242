"""Each feature read twice: its change from the row before, and its level."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ._pooling import is_padding


class Changes(nn.Module):
    """Changes from row to row and clipped levels, side by side.

    A change is divided by its ``scale``, and is 0 at the first row of a sequence. A
    level is clipped between ``low`` and ``high``, so that a trend never leads a network
    to levels that training did not have. Before :meth:`learn` the scale is 1 and
    nothing is clipped. The figures (n,) are not trained.
    """

    scale: Tensor
    low: Tensor
    high: Tensor

    def __init__(self, n_columns: int, dtype: torch.dtype) -> None:
        super().__init__()
        self.n_columns = n_columns
        self.width = 2 * n_columns
        ones, most = torch.ones(n_columns, dtype=dtype), torch.finfo(dtype).max
        self.register_buffer("scale", ones)
        self.register_buffer("low", -most * ones)
        self.register_buffer("high", most * ones)

    @property
    def figures(self) -> tuple[Tensor, ...]:
        """The buffers, in the order of :meth:`learn`."""
        return self.scale, self.low, self.high

    @torch.inference_mode(False)
    @torch.no_grad()
    def learn(self, scale: Tensor, low: Tensor, high: Tensor) -> None:
        """Take this scale of changes and these bounds of levels, all (n,)."""
        self.scale.copy_(scale)
        self.low.copy_(low)
        self.high.copy_(high)

    def forward(
        self, x: Tensor, lengths: Tensor | None = None, before: Tensor | None = None
    ) -> Tensor:
        """Changes and levels (batch, time, 2 n) of the normalised x (batch, time, n).

        They are zero after the end of sequences, if there are ``lengths`` (batch,).
        ``before`` (batch, 1, n) is the row before the first one, if there is one.
        """
        before = x[:, :1] if before is None else before
        changes = torch.diff(x, dim=1, prepend=before) / self.scale
        levels = torch.minimum(torch.maximum(x, self.low), self.high)
        x = torch.cat([changes, levels], dim=2)  # (batch, time, 2 n)
        return x if lengths is None else x.masked_fill(is_padding(x, lengths), 0)

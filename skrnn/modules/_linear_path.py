"""A linear way from the last rows of a sequence to the outputs, beside the layers."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class LinearPath(nn.Module):
    """A linear function of the last rows of a sequence, which skips the layers.

    It is fitted in closed form and not by gradients: ``weight`` (n_outputs, n_rows,
    n_features) is a buffer, zero at first. Rows that a shorter sequence lacks count as
    zero.
    """

    weight: Tensor

    def __init__(
        self, n_rows: int, n_features: int, n_outputs: int, dtype: torch.dtype
    ) -> None:
        super().__init__()
        self.n_rows = n_rows
        shape = (n_outputs, n_rows, n_features)
        self.register_buffer("weight", torch.zeros(shape, dtype=dtype))

    @torch.inference_mode(False)
    @torch.no_grad()
    def learn(self, weight: Tensor) -> None:
        """Take these weights (n_outputs, row, n_features), of the last rows."""
        self.weight.zero_()
        self.weight[:, -weight.shape[1] :] = weight.to(self.weight.dtype)

    def forward(self, x: Tensor, lengths: Tensor | None) -> Tensor:
        """The outputs (batch, output) for x (batch, time, feature)."""
        rows = last_rows(x, lengths, self.n_rows)  # (batch, row, feature)
        return rows.flatten(1) @ self.weight.flatten(1).T  # (batch, output)


def last_rows(x: Tensor, lengths: Tensor | None, n_rows: int) -> Tensor:
    """The last rows of each sequence (batch, n_rows, feature), zeros before its start.

    ``x`` (batch, time, feature) is right-padded if there are ``lengths`` (batch,).
    """
    if lengths is None:
        x = x[:, -n_rows:]
        return nn.functional.pad(x, (0, 0, n_rows - x.shape[1], 0))
    steps = lengths[:, None] + torch.arange(-n_rows, 0, device=x.device)  # (batch, row)
    index = steps.clamp(min=0)[:, :, None].expand(-1, -1, x.shape[2])
    return x.gather(1, index).masked_fill((steps < 0)[:, :, None], 0)

"""From the states of all steps to one for the sequence."""

from __future__ import annotations

import torch

POOLINGS = ("last", "mean", "max")


def mean_valid(x: torch.Tensor, lengths: torch.Tensor | None) -> torch.Tensor:
    """Mean over the steps before the padding, (batch, feature)."""
    if lengths is None:
        return x.mean(dim=1)
    total = x.masked_fill(is_padding(x, lengths), 0).sum(dim=1)  # (batch, feature)
    return total / lengths[:, None]


def max_valid(x: torch.Tensor, lengths: torch.Tensor | None) -> torch.Tensor:
    """Largest value over the steps before the padding, (batch, feature)."""
    if lengths is None:
        return x.amax(dim=1)
    return x.masked_fill(is_padding(x, lengths), -torch.inf).amax(dim=1)


def last_valid(x: torch.Tensor, lengths: torch.Tensor | None) -> torch.Tensor:
    """The step before the padding, (batch, feature)."""
    if lengths is None:
        return x[:, -1]
    return x[torch.arange(len(x), device=x.device), lengths - 1]


def is_padding(x: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Which steps come after the end of their sequence, (batch, time, 1)."""
    steps = torch.arange(x.shape[1], device=x.device)
    return (steps >= lengths[:, None])[:, :, None]

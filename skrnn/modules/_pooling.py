"""From the states of all steps to one for the sequence."""

from __future__ import annotations

import torch
from torch import nn


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


class AttentionPooling(nn.Module):
    """A mean of the valid steps, whose weights are learnt from the states.

    Parameters
    ----------
    width : int
        Values of a state.
    dtype : torch.dtype

    Notes
    -----
    A step weighs ``softmax(v @ tanh(W h + b))``, the softmax over the steps [1]_.

    References
    ----------
    .. [1] Z. Yang et al., "Hierarchical attention networks for document
       classification", NAACL 2016, https://doi.org/10.18653/v1/N16-1174.
    """

    def __init__(self, width: int, dtype: torch.dtype) -> None:
        super().__init__()
        skip_init = nn.utils.skip_init
        self.hidden = skip_init(nn.Linear, width, width, dtype=dtype)
        self.score = skip_init(nn.Linear, width, 1, bias=False, dtype=dtype)

    def forward(self, x: torch.Tensor, lengths: torch.Tensor | None) -> torch.Tensor:
        """The weighted mean of x (batch, time, feature) over its steps."""
        scores = self.score(torch.tanh(self.hidden(x)))  # (batch, time, 1)
        if lengths is not None:
            scores = scores.masked_fill(is_padding(x, lengths), -torch.inf)
        return (scores.softmax(dim=1) * x).sum(dim=1)  # (batch, feature)

"""Pooling over the valid steps of sequences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice

import torch
from torch import Tensor, nn
from torch.nn import functional

from ._undrawn import undrawn

N_RUNNING = {"last": 0, "mean": 2, "max": 1, "attention": 2}  # tensors of a state


def mean_valid(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Mean over the steps before the padding, (batch, feature)."""
    if lengths is None:
        return x.mean(dim=1)
    total = x.masked_fill(is_padding(x, lengths), 0).sum(dim=1)  # (batch, feature)
    return total / lengths[:, None]


def max_valid(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Largest value over the steps before the padding, (batch, feature)."""
    if lengths is None:
        return x.amax(dim=1)
    return x.masked_fill(is_padding(x, lengths), -torch.inf).amax(dim=1)


def last_valid(x: Tensor, lengths: Tensor | None) -> Tensor:
    """The step before the padding, (batch, feature)."""
    if lengths is None:
        return x[:, -1]
    return x[torch.arange(len(x), device=x.device), lengths - 1]


def max_blocks(
    x: Tensor, lengths: Tensor | None, size: int
) -> tuple[Tensor, Tensor | None]:
    """Largest value of each block of ``size`` steps, and how many blocks there are.

    Blocks are counted from the first step; the last one may be shorter. x is (batch,
    time, feature), the result (batch, block, feature), zero after the last block.
    """
    if lengths is not None:
        x = x.masked_fill(is_padding(x, lengths), -torch.inf)
        lengths = (lengths + size - 1) // size
    x = functional.pad(x, (0, 0, 0, -x.shape[1] % size), value=-torch.inf)
    x = x.unflatten(1, (-1, size)).amax(dim=2)  # (batch, block, feature)
    return x if lengths is None else x.masked_fill(is_padding(x, lengths), 0), lengths


def is_padding(x: Tensor, lengths: Tensor) -> Tensor:
    """Which steps come after the end of their sequence, (batch, time, 1)."""
    steps = torch.arange(x.shape[1], device=x.device)
    return (steps >= lengths[:, None])[:, :, None]


def running_pools(
    poolings: Sequence[str],
    x: Tensor,
    seen: tuple[Tensor, ...] | None,
    score_of: Callable[[Tensor], Tensor] | None = None,
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Poolings of the steps up to each one (1, time, read), and their states.

    ``seen`` holds the states after the steps before, one after the other; for
    attention, ``score_of`` returns the scores (1, time, 1) of the steps.
    """
    pooled: list[Tensor] = []
    states: list[Tensor] = []
    left = None if seen is None else iter(seen)
    for name in poolings:
        before = None if left is None else tuple(islice(left, N_RUNNING[name]))
        after: tuple[Tensor, ...] = ()
        if name == "last":
            read = x
        elif name == "max":
            read, after = _running_max(x, before)
        elif name == "mean":
            read, after = _running_mean(x, before)
        else:
            assert score_of is not None
            read, after = _running_attention(x, score_of(x), before)
        pooled.append(read)
        states += after
    return torch.cat(pooled, dim=2), tuple(states)


def _running_max(
    x: Tensor, seen: tuple[Tensor, ...] | None
) -> tuple[Tensor, tuple[Tensor, ...]]:
    largest = x.cummax(dim=1).values
    if seen is not None:
        largest = torch.maximum(largest, seen[0][:, None])
    return largest, (largest[:, -1].clone(),)


def _running_mean(
    x: Tensor, seen: tuple[Tensor, ...] | None
) -> tuple[Tensor, tuple[Tensor, ...]]:
    n_before, mean = seen or (torch.zeros_like(x[:, 0, :1], dtype=torch.long), x[:, 0])
    counts = n_before + torch.arange(1, x.shape[1] + 1, device=x.device)  # (1, time)
    shifts = (x - mean[:, None]).cumsum(dim=1)  # near zero, so that sums stay exact
    means = mean[:, None] + shifts / counts[:, :, None]
    return means, (counts[:, -1:].clone(), means[:, -1].clone())


def _running_attention(
    x: Tensor, scores: Tensor, seen: tuple[Tensor, ...] | None
) -> tuple[Tensor, tuple[Tensor, ...]]:
    total, mean = seen or (torch.full_like(scores[:, 0], -torch.inf), x[:, 0])
    scores = torch.cat([total[:, None], scores], dim=1)  # (1, 1 + time, 1)
    totals = scores.logcumsumexp(dim=1)[:, 1:]  # logarithms, (1, time, 1)
    shares = (scores[:, 1:] - totals).exp()
    means = []  # step by step: sums over steps underflow if scores are far apart
    for share, row in zip(shares.unbind(1), x.unbind(1), strict=True):
        mean = mean + share * (row - mean)
        means.append(mean)
    return torch.stack(means, dim=1), (totals[:, -1].clone(), mean)


class AttentionPooling(nn.Module):
    """A mean of the valid steps, weighted by learnt scores of the states.

    The weights are ``softmax(v @ tanh(W h + b))``, the softmax over the steps [1]_.

    References
    ----------
    .. [1] Z. Yang et al., "Hierarchical attention networks for document
       classification", NAACL 2016, https://doi.org/10.18653/v1/N16-1174.
    """

    def __init__(self, width: int, dtype: torch.dtype) -> None:
        super().__init__()
        self.hidden = undrawn(nn.Linear, width, width, dtype=dtype)
        self.score = undrawn(nn.Linear, width, 1, bias=False, dtype=dtype)

    def forward(self, x: Tensor, lengths: Tensor | None) -> Tensor:
        """The weighted mean of x (batch, time, feature) over its steps."""
        scores = self.score_of(x)
        if lengths is not None:
            scores = scores.masked_fill(is_padding(x, lengths), -torch.inf)
        return (scores.softmax(dim=1) * x).sum(dim=1)  # (batch, feature)

    def score_of(self, x: Tensor) -> Tensor:
        """The score of each step, (batch, time, 1)."""
        return self.score(torch.tanh(self.hidden(x)))

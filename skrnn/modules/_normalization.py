"""Windows centred and scaled, and back."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ._pooling import is_padding, last_valid

_PRIOR = 4  # how many observations the typical value counts as


class Affine(NamedTuple):
    """A value ``v`` stands for ``(v - center) / scale``; both (batch, target)."""

    center: Tensor
    scale: Tensor

    def apply(self, values: Tensor) -> Tensor:
        # values (batch, time, target)
        return (values - self.center[:, None]) / self.scale[:, None]

    def apply_padded(self, values: Tensor, lengths: Tensor | None) -> Tensor:
        """Like :meth:`apply`, with zeros after the end of each window."""
        # values (batch, time, target)
        normalized = self.apply(values)
        if lengths is None:
            return normalized
        return normalized.masked_fill(is_padding(values, lengths), 0)

    def invert(self, values: Tensor) -> Tensor:
        # values (batch, time, target)
        return values * self.scale[:, None] + self.center[:, None]

    def take(self, index: Tensor | slice) -> Affine:
        """The centers and scales of some samples."""
        return Affine(self.center[index], self.scale[index])


def normalize_windows(
    kind: str, y: Tensor, lengths: Tensor | None, typical: Tensor
) -> Affine:
    """Center and scale of each window of y (batch, time, target), from its own values.

    Kind "last" puts the last value of a window at 0 and divides by the deviation within
    the window; "mean" divides by the mean, for counts; "none" changes nothing. With
    ``lengths`` (batch,), windows are right-padded. ``typical`` (batch, target) is the
    variance (or mean) expected for a window of this series: it counts as four more
    observations, so that a constant window or a single row is not divided by zero.
    """
    zeros, ones = torch.zeros_like(typical), torch.ones_like(typical)
    if kind == "none":
        return Affine(zeros, ones)
    n_steps: Tensor | int = y.shape[1]
    if lengths is not None:
        y = y.masked_fill(is_padding(y, lengths), 0)
        n_steps = lengths[:, None].to(y.dtype)
    mean = y.sum(dim=1) / n_steps  # (batch, target)
    if kind == "mean":
        scale = (mean * n_steps + _PRIOR * typical) / (n_steps + _PRIOR)
        return Affine(zeros, torch.where(scale > 0, scale, ones))
    deviations = y - mean[:, None]
    if lengths is not None:
        deviations = deviations.masked_fill(is_padding(y, lengths), 0)
    squares = (deviations**2).sum(dim=1)  # (batch, target)
    variance = (squares + _PRIOR * typical) / (n_steps + _PRIOR)
    scale = torch.where(variance > 0, variance, ones).sqrt()
    return Affine(last_valid(y, lengths), scale)

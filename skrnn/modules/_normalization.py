"""Numbers centred and scaled: by columns, by batches, and by windows."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from ._pooling import is_padding, last_valid

_PRIOR = 4  # how many observations the typical value counts as


class Normalization(nn.Module):
    """Numbers less their mean, divided by their scale, as Keras' layer of this name.

    Before :meth:`learn` it changes nothing. ``mean`` and ``scale`` (n,) are not
    trained.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, n_columns: int, dtype: torch.dtype) -> None:
        super().__init__()
        self.n_columns = n_columns
        self.register_buffer("mean", torch.zeros(n_columns, dtype=dtype))
        self.register_buffer("scale", torch.ones(n_columns, dtype=dtype))

    @property
    def figures(self) -> tuple[Tensor, ...]:
        """The buffers, in the order of :meth:`learn`."""
        return self.mean, self.scale

    @torch.inference_mode(False)
    @torch.no_grad()
    def learn(self, mean: Tensor, scale: Tensor) -> None:
        """Take this mean and this scale, both (n,)."""
        self.mean.copy_(mean)
        self.scale.copy_(scale)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """The normalised x (..., n); zero after the end of sequences, if there are any.

        If there are ``lengths`` (batch,), x is (batch, time, n).
        """
        x = (x - self.mean) / self.scale
        return x if lengths is None else x.masked_fill(is_padding(x, lengths), 0)

    def invert(self, x: Tensor) -> Tensor:
        """What x (..., n) was before it was normalised."""
        return x * self.scale + self.mean


class BatchNorm(nn.BatchNorm1d):
    """Batch normalisation over samples, or over the steps of samples before padding.

    A batch with one value of each feature, which has no variance, is normalised by the
    running statistics: the last batch of an epoch may hold a single sample.
    """

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """The normalised x (batch, feature), or (batch, feature, time).

        In training, if there are ``lengths`` (batch,), steps after them do not count
        and are zero.
        """
        if lengths is None or not self.training:
            return self._normalize(x)
        steps = x.transpose(1, 2)  # (batch, time, feature)
        is_valid = ~is_padding(steps, lengths)[:, :, 0]  # (batch, time)
        valid = self._normalize(steps[is_valid])  # (valid step, feature)
        steps = torch.zeros_like(steps).index_put((is_valid,), valid)
        return steps.transpose(1, 2)  # (batch, feature, time)

    @torch.inference_mode(False)
    def count_batches(self, n: int) -> None:
        """Note batches that the engine has normalised."""
        if self.num_batches_tracked is not None:
            self.num_batches_tracked += n

    def _normalize(self, x: Tensor) -> Tensor:
        if self.training and x.numel() == x.shape[1]:
            return functional.batch_norm(
                x,
                self.running_mean,
                self.running_var,
                self.weight,
                self.bias,
                eps=self.eps,
            )
        return super().forward(x)


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

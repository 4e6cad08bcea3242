"""Features with heavy tails, brought near the others."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ..windows import LARGEST_SQUASHED


class Squash(nn.Module):
    """Columns with heavy tails as ``asinh((x - center) / scale)``; others as they are.

    ``center`` and ``scale`` (n,) are not trained. A scale of 0 says that a column stays
    what it is, as all do before :meth:`learn`; then nothing is computed.
    """

    center: Tensor
    scale: Tensor

    def __init__(self, n_columns: int, dtype: torch.dtype) -> None:
        super().__init__()
        self.n_columns = n_columns
        self.register_buffer("center", torch.zeros(n_columns, dtype=dtype))
        self.register_buffer("scale", torch.zeros(n_columns, dtype=dtype))
        self.n_squashed = 0

    @property
    def figures(self) -> tuple[Tensor, ...]:
        """The buffers, in the order of :meth:`learn`."""
        return self.center, self.scale

    @torch.inference_mode(False)
    @torch.no_grad()
    def learn(self, center: Tensor, scale: Tensor) -> None:
        """Take this center and this scale, both (n,)."""
        self.center.copy_(center)
        self.scale.copy_(scale)
        self._count()

    def forward(self, x: Tensor) -> Tensor:
        """What is read of x (..., n), of the same shape."""
        if not self.n_squashed:
            return x
        is_heavy = self.scale > 0  # (n,)
        ratio = (x - self.center) / self.scale.masked_fill(~is_heavy, 1)
        ratio = ratio.clamp(-LARGEST_SQUASHED, LARGEST_SQUASHED)
        return torch.where(is_heavy, torch.asinh(ratio), x)

    def _load_from_state_dict(self, *args: Any, **options: Any) -> None:
        super()._load_from_state_dict(*args, **options)
        self._count()

    def _count(self) -> None:
        # kept as a number, so that forward does not wait for a GPU
        self.n_squashed = int((self.scale > 0).sum())

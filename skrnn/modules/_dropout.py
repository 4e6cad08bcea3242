"""Dropout with its own generator."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_RANK_STRIDE = 10_007  # between the seeds of processes; those of layers are close


class Dropout(nn.Module):
    """Zero a share of the values in training, and scale up the others.

    Unlike ``torch.nn.Dropout`` it draws from its own generator: a fit neither reads nor
    moves the global one, and several fits can run side by side in threads.
    """

    def __init__(self, p: float, seed: int) -> None:
        super().__init__()
        self.p = p  # probability of zeroing a value, in [0, 1)
        self.seed = seed
        self.rank = 0
        self._generator: torch.Generator | None = None

    def get_state(self) -> Tensor | None:
        """The state of the generator; None before its first use."""
        return None if self._generator is None else self._generator.get_state()

    def set_state(self, state: Tensor | None) -> None:
        """Put the generator back to a state of :meth:`get_state`."""
        if state is None:
            self._generator = None
        elif self._generator is not None:
            self._generator.set_state(state)

    def restart_from(self, state: Tensor | None) -> None:
        """Like :meth:`set_state`, for a new layer on the CPU."""
        if state is not None:
            self._generator = torch.Generator().manual_seed(self.seed)
            self._generator.set_state(state)

    def reseed(self, rank: int) -> None:
        """Draw other masks: for another process, or for a later start."""
        if rank != self.rank:
            self.rank, self._generator = rank, None

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return x
        if self._generator is None or self._generator.device != x.device:
            self._generator = torch.Generator(x.device)
            self._generator.manual_seed(self.seed + _RANK_STRIDE * self.rank)
        keep = 1 - self.p
        mask = torch.empty_like(x).bernoulli_(keep, generator=self._generator)
        return x * mask.div_(keep)

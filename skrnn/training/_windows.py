"""Windows into shared rows as a data set."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import torch

from ..windows import Windows
from ._arrays import to_tensor
from ._buckets import cut_segments
from ._datasets import DeviceDataset


class WindowDataset(DeviceDataset):
    """Windows with their targets.

    Memory is that of the rows, however much the windows overlap.

    Parameters
    ----------
    windows : Windows
    targets, weights, device, mean_weight, carries
        See :class:`DeviceDataset`.
    """

    def __init__(
        self,
        windows: Windows,
        targets: np.ndarray | None = None,
        weights: np.ndarray | None = None,
        *,
        device: torch.device,
        mean_weight: float | None = None,
        carries: str | None = None,
    ) -> None:
        super().__init__(
            windows.lengths, targets, weights, device=device, mean_weight=mean_weight
        )
        self.carries = carries
        self.rows = to_tensor(windows.rows, device)  # (row, feature)
        self.starts = to_tensor(windows.starts, device)  # (sample,)
        self.lengths_on_device = to_tensor(windows.lengths, device)

    def __getitem__(self, index: int) -> Any:
        """One sample as (rows, target): what a callback that looks at samples sees."""
        start = int(self.starts[index])
        rows = self.rows[start : start + int(self.lengths[index])]
        return rows, None if self.targets is None else self.targets[index]

    def in_order(self, order: np.ndarray | None) -> Self:
        if order is None:
            return self
        on_device = torch.from_numpy(order).to(self.device)
        other = self._copy_in_order(order, on_device)
        other.starts = self.starts[on_device]
        if not self.is_uniform:
            other.lengths_on_device = self.lengths_on_device[on_device]
        return other

    def gather(self, part: slice) -> dict[str, Any]:
        """The module's inputs for some samples, the longest first.

        Returns
        -------
        inputs : dict
            ``x`` (batch, time, feature). Where lengths differ it is right-padded with
            zeros, and there are ``lengths`` (batch,) and ``segments``, see
            :func:`cut_segments`.
        """
        starts, lengths = self.starts[part], self.lengths[part]
        n_timesteps = int(lengths[0]) if self.is_uniform else int(lengths.max())
        if self.is_uniform or bool((lengths == n_timesteps).all()):
            return {"x": self._view(n_timesteps).index_select(0, starts)}
        on_device = self.lengths_on_device[part]
        steps = torch.arange(n_timesteps, device=self.device)
        padding = steps >= on_device[:, None]  # (batch, time)
        index = (starts[:, None] + steps).clamp_(max=len(self.rows) - 1)
        x = self.rows[index]  # (batch, time, feature)
        return {
            "x": x.masked_fill_(padding[:, :, None], 0),
            "lengths": on_device,
            "segments": cut_segments(lengths),
        }

    def _view(self, n_timesteps: int) -> torch.Tensor:
        return every_run(self.rows, n_timesteps)


def every_run(rows: torch.Tensor, n_timesteps: int) -> torch.Tensor:
    """Every run of ``n_timesteps`` rows, (row, time, feature), nothing copied."""
    n_rows, n_features = rows.shape
    return rows.as_strided(
        (n_rows - n_timesteps + 1, n_timesteps, n_features),
        (n_features, n_features, 1),
    )

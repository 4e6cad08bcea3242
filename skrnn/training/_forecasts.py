"""Windows into a panel, and what follows them, as a data set."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import torch

from ..modules import Affine, normalize_windows
from ..windows import Origins, Windows
from ._arrays import to_tensor
from ._datasets import Targets
from ._windows import WindowDataset

_CHUNK = 8192  # windows whose level is found at once


class ForecastDataset(WindowDataset):
    """Windows into the rows of a panel with the rows that follow them.

    Memory is that of the rows, and a few values for each window.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_columns)
        The targets, then everything else that is known of a row.
    origins : Origins
    horizon, n_targets : int
    future : sequence of int
        Columns whose future is known.
    normalization : {"last", "mean", "none"}
        See :func:`~skrnn.modules.normalize_windows`.
    typical : ndarray of shape (n_series, n_targets)
        What ``normalization`` expects of a window of each series.
    units : ndarray of shape (n_series, n_targets), default=None
        If given, the targets are counts: that many times their value in ``rows``.
    device : torch.device
    """

    def __init__(
        self,
        rows: np.ndarray,
        origins: Origins,
        *,
        horizon: int,
        n_targets: int,
        future: Any,
        normalization: str,
        typical: np.ndarray,
        units: np.ndarray | None,
        device: torch.device,
    ) -> None:
        windows = Windows(rows, origins.starts, origins.lengths)
        super().__init__(windows, device=device)
        self.ends = to_tensor(origins.ends, device)  # (sample,)
        self.horizon = horizon
        self.n_targets = n_targets
        self.future = to_tensor(np.asarray(future, dtype=np.int64), device)
        typical = typical[origins.series]  # (sample, target)
        self.affine = self._normalized(normalization, to_tensor(typical, device))
        per_sample = None if units is None else units[origins.series]
        self.units = None if per_sample is None else to_tensor(per_sample, device)

    def _normalized(self, normalization: str, typical: torch.Tensor) -> Affine:
        parts = []
        for first in range(0, len(self), _CHUNK):
            part = slice(first, first + _CHUNK)
            inputs = super().gather(part)
            y, lengths = inputs["x"][..., : self.n_targets], inputs.get("lengths")
            parts.append(normalize_windows(normalization, y, lengths, typical[part]))
        return Affine(*(torch.cat(values) for values in zip(*parts, strict=True)))

    def in_order(self, order: np.ndarray | None) -> Self:
        if order is None:
            return self
        other = super().in_order(order)
        on_device = torch.from_numpy(order).to(self.device)
        other.ends = self.ends[on_device]
        other.affine = self.affine.take(on_device)
        if self.units is not None:
            other.units = self.units[on_device]
        return other

    def targets_of(self, part: slice) -> Targets:
        """What follows, normalised as the window or counted, (batch, step * target)."""
        ends = self.ends[part]
        y = self._view(self.horizon).index_select(0, ends)[..., : self.n_targets]
        if self.units is None:
            y = self.affine.take(part).apply(y)  # (batch, step, target)
        else:
            y = (y * self.units[part][:, None]).round()
        return y.flatten(1), None, float(len(ends))

    def gather(self, part: slice) -> dict[str, Any]:
        """The inputs of a :class:`~skrnn.modules.ForecastNetwork`, longest first."""
        inputs = super().gather(part)
        affine = self.affine.take(part)
        y = inputs["x"][..., : self.n_targets]  # (batch, time, target)
        y.copy_(affine.apply_padded(y, inputs.get("lengths")))
        if len(self.future):
            ahead = self._view(self.horizon).index_select(0, self.ends[part])
            inputs["future"] = ahead.index_select(2, self.future)
        if self.units is not None:
            inputs["log_scale"] = (affine.scale * self.units[part]).log()
        return inputs

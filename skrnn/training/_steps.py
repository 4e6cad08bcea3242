"""Windows with a target at each of their steps, as a data set."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import torch

from ..windows import Steps, Windows
from ._arrays import to_tensor
from ._datasets import Targets
from ._windows import WindowDataset, every_run


class StepDataset(WindowDataset):
    """Windows with targets at each step, each of which counts as a sample in the loss.

    Targets, weights and outputs of a batch stand sample after sample, the steps of each
    in order of time. Memory is that of the rows of targets.

    Parameters
    ----------
    windows : Windows
    targets : Steps, default=None
        As many for each sample as it has steps. None to predict.
    weights : ndarray of shape (n_samples,), default=None
        Weight of each step of a sample.
    device, mean_weight, carries
        See :class:`DeviceDataset`.
    """

    def __init__(
        self,
        windows: Windows,
        targets: Steps | None = None,
        weights: np.ndarray | None = None,
        *,
        device: torch.device,
        mean_weight: float | None = None,
        carries: str | None = None,
    ) -> None:
        super().__init__(
            windows,
            None,
            weights,
            device=device,
            mean_weight=mean_weight,
            carries=carries,
        )
        self.n_outputs_before = np.cumsum(self.lengths) - self.lengths
        self.target_rows = self.row_weights = None
        if targets is not None:
            self.target_rows = to_tensor(targets.rows, device)  # (row, output)
            self.target_starts = to_tensor(targets.windows.starts, device)
            if targets.weights is not None:
                self.row_weights = to_tensor(targets.weights[:, np.newaxis], device)

    @property
    def all_targets(self) -> torch.Tensor | None:
        return self.target_rows

    def __getitem__(self, index: int) -> Any:
        """One sample as (rows, targets)."""
        rows, _ = super().__getitem__(index)
        return rows, self.targets_of(slice(index, index + 1))[0]

    def in_order(self, order: np.ndarray | None) -> Self:
        other = super().in_order(order)
        if order is not None:
            if not self.is_uniform:
                other.n_outputs_before = self.n_outputs_before[order]
            if self.target_rows is not None:
                on_device = torch.from_numpy(order).to(self.device)
                other.target_starts = self.target_starts[on_device]
        return other

    def targets_of(self, part: slice) -> Targets:
        """Targets (step, output), weights (step,), and the divisor of the loss."""
        y = None if self.target_rows is None else self._at(self.target_rows, part)
        weights = None
        if self.weights is not None:
            of_samples = self.lengths_on_device[part]
            weights = self.weights[part].repeat_interleave(of_samples)
        if self.row_weights is not None:
            of_rows = self._at(self.row_weights, part)[:, 0]
            weights = of_rows if weights is None else weights * of_rows
        n_steps = int(self.lengths[part].sum())
        if self.mean_weight is not None:
            return y, weights, n_steps * self.mean_weight
        return y, weights, float(n_steps if weights is None else weights.sum())

    @property
    def n_predictions(self) -> int:
        return int(self.lengths.sum())

    def places_of(self, part: slice, order: np.ndarray | None) -> slice | np.ndarray:
        lengths = self.lengths[part]
        if order is None:
            first = int(self.n_outputs_before[part.start])
            return slice(first, first + int(lengths.sum()))
        within = np.arange(lengths.sum()) - np.repeat(
            np.cumsum(lengths) - lengths, lengths
        )
        return np.repeat(self.n_outputs_before[part], lengths) + within

    def _at(self, rows: torch.Tensor, part: slice) -> torch.Tensor:
        """The rows of the steps of some samples, (step, value)."""
        starts, lengths = self.target_starts[part], self.lengths[part]
        longest = int(lengths.max(initial=1))
        if (lengths == longest).all():
            runs = every_run(rows, longest).index_select(0, starts)
            return runs.view(-1, rows.shape[1])  # (sample, time, value) as one
        steps = torch.arange(longest, device=self.device)
        is_step = steps < self.lengths_on_device[part][:, None]  # (sample, time)
        return rows[(starts[:, None] + steps)[is_step]]

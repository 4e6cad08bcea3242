"""Data sets of windows into shared rows: with one target, step targets, forecasts.

They need only the memory of the rows, even if the windows overlap.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ..engine import Samples
from ..modules import Affine, Segments, normalize_windows
from ..windows import Origins, StepTargets, WindowArrays, Windows
from ._datasets import DeviceDataset, Targets, as_array, to_tensor

_PADDING = 0.08  # share of a segment's work that may be padding
_SHORTEST_SEGMENT = 32  # steps; shorter ones cost more to start than they save
_LONGEST = 2**24  # steps that the engine counts in float32
_CHUNK = 8192  # windows whose level is found at once


class WindowDataset(DeviceDataset):
    """Windows with their targets, see :class:`DeviceDataset`."""

    _per_sample = (*DeviceDataset._per_sample, "starts")
    _per_length = (*DeviceDataset._per_length, "lengths_on_device")

    def __init__(
        self,
        windows: Windows,
        targets: np.ndarray | None = None,
        weights: np.ndarray | None = None,
        *,
        device: torch.device,
        **options: Any,
    ) -> None:
        super().__init__(windows.lengths, targets, weights, device=device, **options)
        self.rows = to_tensor(windows.rows, device)  # (row, feature)
        self.starts = to_tensor(windows.starts, device)  # (sample,)
        self.lengths_on_device = to_tensor(windows.lengths, device)

    def __getitem__(self, index: int) -> Any:
        """One sample as (rows, target), for callbacks that look at samples."""
        start = int(self.starts[index])
        rows = self.rows[start : start + int(self.lengths[index])]
        return rows, None if self.targets is None else self.targets[index]

    def for_engine(self) -> Samples | None:
        if self.device.type != "cpu" or self.carries is not None:
            return None
        if self.lengths.max(initial=0) >= _LONGEST:
            return None
        return Samples(*self.windows, **self.point_targets())

    @property
    def windows(self) -> WindowArrays:
        """The windows on the host."""
        lengths = np.ascontiguousarray(self.lengths, dtype=np.int64)
        return WindowArrays(as_array(self.rows), as_array(self.starts), lengths)

    def gather(self, part: slice) -> dict[str, Any]:
        """The module's inputs for some samples, the longest first.

        ``x`` is (batch, time, feature). If lengths differ it is padded with zeros after
        each end, and there are ``lengths`` (batch,) and :func:`cut_segments`.
        """
        starts, lengths = self.starts[part], self.lengths[part]
        n_timesteps = int(lengths[0]) if self.is_uniform else int(lengths.max())
        if self.is_uniform or bool((lengths == n_timesteps).all()):
            return {"x": _every_run(self.rows, n_timesteps).index_select(0, starts)}
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


class StepDataset(WindowDataset):
    """Windows with targets at each step, each of which counts as a sample in the loss.

    Targets, weights and outputs of a batch are ordered by sample, then by time.

    A sample has as many targets as steps; its weight is that of each step.
    """

    _per_sample = (*WindowDataset._per_sample, "target_starts")
    _per_length = (*WindowDataset._per_length, "n_outputs_before")

    def __init__(
        self,
        windows: Windows,
        targets: StepTargets | None = None,
        weights: np.ndarray | None = None,
        *,
        device: torch.device,
        **options: Any,
    ) -> None:
        super().__init__(windows, None, weights, device=device, **options)
        self.n_outputs_before = np.cumsum(self.lengths) - self.lengths
        self.target_rows = self.row_weights = None
        self.target_starts: Any = None
        if targets is not None:
            self.target_rows = to_tensor(targets.rows, device)  # (row, output)
            self.target_starts = to_tensor(targets.windows.starts, device)
            if targets.weights is not None:
                self.row_weights = to_tensor(targets.weights[:, np.newaxis], device)

    @property
    def all_targets(self) -> torch.Tensor | None:
        return self.target_rows

    def for_engine(self) -> Samples | None:
        return None

    def __getitem__(self, index: int) -> Any:
        """One sample as (rows, targets)."""
        rows, _ = super().__getitem__(index)
        return rows, self.targets_of(slice(index, index + 1))[0]

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

    def places_of(self, part: slice) -> slice | np.ndarray:
        lengths, before = self.lengths[part], self.n_outputs_before[part]
        if self.order is None:
            return slice(int(before[0]), int(before[0] + lengths.sum()))
        n_earlier = np.cumsum(lengths) - lengths  # outputs of this part
        return np.arange(lengths.sum()) + np.repeat(before - n_earlier, lengths)

    def _at(self, rows: torch.Tensor, part: slice) -> torch.Tensor:
        """The rows of the steps of some samples, (step, value)."""
        starts, lengths = self.target_starts[part], self.lengths[part]
        longest = int(lengths.max(initial=1))
        if (lengths == longest).all():
            runs = _every_run(rows, longest).index_select(0, starts)
            return runs.view(-1, rows.shape[1])  # (sample, time, value) as one
        steps = torch.arange(longest, device=self.device)
        is_step = steps < self.lengths_on_device[part][:, None]  # (sample, time)
        return rows[(starts[:, None] + steps)[is_step]]


class ForecastDataset(WindowDataset):
    """Windows into the rows of a panel, with the rows that follow them.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_columns)
        The targets, then all other known values of a row.
    origins : Origins
    horizon, n_targets : int
    future : sequence of int
        Columns whose future is known.
    normalization : {"last", "mean", "none"}
        See :func:`~skrnn.modules.normalize_windows`.
    typical : ndarray of shape (n_series, n_targets)
        The typical value that ``normalization`` expects for each series.
    units : ndarray of shape (n_series, n_targets), default=None
        If given, the targets are counts: that many times their value in ``rows``.
    device : torch.device
    """

    _per_sample = (*WindowDataset._per_sample, "ends", "center", "scale", "units")

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
        expected = to_tensor(typical[origins.series], device)  # (sample, target)
        self.center, self.scale = self._normalized(normalization, expected)
        per_sample = None if units is None else units[origins.series]
        self.units = None if per_sample is None else to_tensor(per_sample, device)

    def for_engine(self) -> Samples | None:
        if self.device.type != "cpu" or self.units is not None:
            return None
        windows = self.windows
        return Samples(
            *windows,
            center=as_array(self.center),
            scale=as_array(self.scale),
            targets=windows[0],
            target_starts=as_array(self.ends),
            n_target_steps=self.horizon,
            n_target_columns=self.n_targets,
        )

    def _normalized(self, normalization: str, typical: torch.Tensor) -> Affine:
        parts = []
        for first in range(0, len(self), _CHUNK):
            part = slice(first, first + _CHUNK)
            inputs = super().gather(part)
            y, lengths = inputs["x"][..., : self.n_targets], inputs.get("lengths")
            parts.append(normalize_windows(normalization, y, lengths, typical[part]))
        return Affine(*(torch.cat(values) for values in zip(*parts, strict=True)))

    def _affine(self, part: slice) -> Affine:
        return Affine(self.center[part], self.scale[part])  # (batch, target)

    def targets_of(self, part: slice) -> Targets:
        """The targets, normalised like the window or counts, (batch, step * target)."""
        ends = self.ends[part]
        after = _every_run(self.rows, self.horizon).index_select(0, ends)
        y = after[..., : self.n_targets]  # (batch, step, target)
        if self.units is None:
            y = self._affine(part).apply(y)
        else:
            y = (y * self.units[part][:, None]).round()
        return y.flatten(1), None, float(len(ends))

    def gather(self, part: slice) -> dict[str, Any]:
        """The inputs of a :class:`~skrnn.modules.ForecastNetwork`, longest first."""
        inputs = super().gather(part)
        affine = self._affine(part)
        y = inputs["x"][..., : self.n_targets]  # (batch, time, target)
        y.copy_(affine.apply_padded(y, inputs.get("lengths")))
        if len(self.future):
            runs = _every_run(self.rows, self.horizon)
            ahead = runs.index_select(0, self.ends[part])
            inputs["future"] = ahead.index_select(2, self.future)
        if self.units is not None:
            inputs["log_scale"] = (affine.scale * self.units[part]).log()
        return inputs


def cut_segments(lengths: np.ndarray) -> Segments | None:
    """Stretches of time in which a batch, longest first, is computed at one width.

    Sequences that have ended drop out from one segment to the next, so that at most a
    small share of the work is padding. For each (n_alive, stop), the first ``n_alive``
    samples are computed up to step ``stop``. None means one stretch for all.
    """
    ends, counts = np.unique(lengths, return_counts=True)  # ascending
    if ends[-1] <= _SHORTEST_SEGMENT or len(ends) == 1:
        return None
    alive = len(lengths) - np.cumsum(counts)  # left after each end
    segments: Segments = []
    first, n_alive, padding = 0, len(lengths), 0
    for i, end in enumerate(ends[:-1].tolist()):
        padding += (n_alive - int(alive[i])) * (int(ends[i + 1]) - end)
        work = n_alive * (int(ends[i + 1]) - first)
        if padding > _PADDING * work and end - first >= _SHORTEST_SEGMENT:
            segments.append((n_alive, end))
            first, n_alive, padding = end, int(alive[i]), 0
    segments.append((n_alive, int(ends[-1])))
    return segments if len(segments) > 1 else None


def _every_run(rows: torch.Tensor, n_timesteps: int) -> torch.Tensor:
    """Every run of ``n_timesteps`` rows, (row, time, feature), nothing copied."""
    n_rows, n_features = rows.shape
    return rows.as_strided(
        (n_rows - n_timesteps + 1, n_timesteps, n_features),
        (n_features, n_features, 1),
    )

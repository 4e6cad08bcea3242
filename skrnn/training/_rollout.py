"""Forecasts further ahead than the network's horizon, block by block."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from ..engine import Samples
from ..modules import ForecastNetwork, is_padding, normalize_windows
from ._datasets import to_tensor
from ._engine import trunk_of
from ._memory import compute_in_parts
from ._net import DeviceNet
from ._window_datasets import cut_segments

BATCH_SIZE = 2048  # samples that are rolled together


@dataclass(frozen=True)
class RollInputs:
    """The inputs that forecasts start from, one sample for each origin.

    Windows look into the rows until a batch of them is rolled.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_columns)
    starts, ends : ndarray of int, shape (n_samples,)
        The window of a sample is ``rows[start:end]``.
    ahead : ndarray of shape (n_samples, n_steps, n_columns)
        The known values of the steps after it; targets there are overwritten.
    typical, units : ndarray of shape (n_samples, n_targets), or None
        See :class:`ForecastDataset`.
    """

    rows: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    ahead: np.ndarray
    typical: np.ndarray
    units: np.ndarray | None

    def __len__(self) -> int:
        return len(self.ends)

    def windows(self, window_length: int) -> np.ndarray:
        """The newest rows last, zeros before them, (sample, time, column)."""
        back = self.ends[:, None] + np.arange(-window_length, 0)
        is_missing = back < self.starts[:, None]
        windows = self.rows[np.where(is_missing, 0, back)]
        windows[is_missing] = 0
        return windows

    def take(self, index: Any) -> RollInputs:
        """Some of the samples."""
        units = None if self.units is None else self.units[index]
        starts, ends, ahead = self.starts[index], self.ends[index], self.ahead[index]
        return RollInputs(self.rows, starts, ends, ahead, self.typical[index], units)


@dataclass(frozen=True)
class Rolled:
    """Parameters of the distribution at each step, and their units.

    ``parameters`` (n_samples, n_steps, n_targets, n_parameters) and the ``values``
    (n_samples, n_steps, n_targets) chosen from them are in units of the normalised
    window: ``value * scale + center``, all of one shape, is in those of the rows.
    """

    parameters: np.ndarray
    values: np.ndarray
    center: np.ndarray
    scale: np.ndarray


Choose = Callable[[np.ndarray], np.ndarray]


def roll(
    net: DeviceNet,
    inputs: RollInputs,
    n_steps: int,
    *,
    window_length: int,
    future: Any,
    normalization: str,
    choose: Choose,
    n_threads: int | str,
) -> Rolled:
    """Forecast ``n_steps`` steps, each block from the values chosen in earlier ones.

    ``choose`` takes the parameters of a block (n_samples, horizon, n_targets,
    n_parameters) and gives the values (n_samples, horizon, n_targets) that take the
    place of observations: a mean, or a draw.
    """
    parts = []

    def roll_part(part: slice) -> None:
        some = inputs.take(part)
        rolling = _Rolling(net, some, window_length, future, normalization)
        parts.append(rolling.run(n_steps, choose))

    compute_in_parts(net, len(inputs), lambda first: BATCH_SIZE, roll_part, n_threads)
    return Rolled(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


class _Rolling:
    """Samples that are rolled forward together."""

    def __init__(
        self,
        net: DeviceNet,
        inputs: RollInputs,
        window_length: int,
        future: Any,
        normalization: str,
    ) -> None:
        device = torch.device(net.device)
        self.net = net
        self.module: ForecastNetwork = net.module_
        self.window_length = window_length
        self.normalization = normalization
        windows = to_tensor(inputs.windows(window_length), device)
        ahead = to_tensor(inputs.ahead, device)
        self.rows = torch.cat([windows, ahead], dim=1)  # (batch, time, column)
        self.lengths = inputs.ends - inputs.starts
        self.typical = to_tensor(inputs.typical, device)  # (batch, target)
        self.units = None if inputs.units is None else to_tensor(inputs.units, device)
        self.trunk = trunk_of(net)
        self.future = to_tensor(np.asarray(future, dtype=np.int64), device)

    def run(self, n_steps: int, choose: Choose) -> list[np.ndarray]:
        """All steps, as the fields of :class:`Rolled`."""
        blocks = [
            self._block(first, min(self.module.horizon, n_steps - first), choose)
            for first in range(0, n_steps, self.module.horizon)
        ]
        return [np.concatenate(part, axis=1) for part in zip(*blocks, strict=True)]

    def _block(self, first: int, n_steps: int, choose: Choose) -> list[np.ndarray]:
        module, n_targets = self.module, self.module.n_targets
        window = self.rows[:, first : first + self.window_length]
        lengths = np.minimum(self.lengths + first, self.window_length)
        inputs = _oldest_first(window, lengths)
        y = inputs["x"][..., :n_targets]  # (batch, time, target)
        padding = inputs.get("lengths")
        affine = normalize_windows(self.normalization, y, padding, self.typical)
        normalized = affine.apply_padded(y, padding)
        inputs["x"] = torch.cat([normalized, inputs["x"][..., n_targets:]], dim=2)
        begin = first + self.window_length
        if len(self.future):
            ahead = self.rows[:, begin : begin + n_steps].index_select(2, self.future)
            missing = module.horizon - n_steps
            inputs["future"] = functional.pad(ahead, (0, 0, 0, missing))
        if self.units is not None:
            inputs["log_scale"] = (affine.scale * self.units).log()
        raw = self.net.criterion_.predictions(self._outputs(**inputs))
        shape = (len(raw), module.horizon, n_targets, module.n_parameters)
        parameters = raw.view(shape)[:, :n_steps]  # (batch, step, target, parameter)
        if self.units is not None:  # values are counts
            affine = affine._replace(scale=1 / self.units)
        on_host = parameters.cpu().numpy()
        chosen = choose(on_host)
        values = affine.invert(torch.from_numpy(chosen).to(self.rows))
        self.rows[:, begin : begin + n_steps, :n_targets] = values
        spread = (len(raw), n_steps, n_targets)
        center = affine.center[:, None].expand(spread).cpu().numpy()
        scale = affine.scale[:, None].expand(spread).cpu().numpy()
        return [on_host, chosen, center, scale]

    def _outputs(
        self,
        x: torch.Tensor,
        future: torch.Tensor | None = None,
        log_scale: torch.Tensor | None = None,
        lengths: torch.Tensor | None = None,
        **options: Any,
    ) -> torch.Tensor:
        """The outputs of the module, whose trunk the engine runs if it can."""
        if self.trunk is None:
            return self.module(x, future, log_scale, lengths, **options)
        n_samples, n_steps, n_features = x.shape
        starts = np.arange(0, n_samples * n_steps, n_steps)
        whole = np.full(n_samples, n_steps)
        samples = Samples(
            x.reshape(-1, n_features).numpy(),  # (batch * time, feature)
            starts,
            whole if lengths is None else lengths.numpy(),
        )
        steps = torch.from_numpy(self.trunk.predict(samples))
        return self.module.decode(steps, future, log_scale)


def _oldest_first(window: torch.Tensor, lengths: np.ndarray) -> dict[str, Any]:
    """Windows with their missing rows after them, as a network reads them.

    ``window`` (batch, time, column) has its newest row last.
    """
    longest = int(lengths.max())
    window = window[:, -longest:]
    if (lengths == longest).all():
        return {"x": window}
    on_device = torch.from_numpy(lengths).to(window.device)
    steps = torch.arange(longest, device=window.device)
    index = steps + (longest - on_device)[:, None]  # (batch, time)
    x = window.gather(1, index.clamp(max=longest - 1)[:, :, None].expand_as(window))
    x = x.masked_fill(is_padding(x, on_device), 0)
    is_sorted = bool((np.diff(lengths) <= 0).all())
    segments = cut_segments(lengths) if is_sorted else None
    return {"x": x, "lengths": on_device, "segments": segments}

"""What the cells of a trained network compute."""

from __future__ import annotations

import numpy as np
import torch

from ._datasets import DeviceDataset
from ._memory import work_in_parts
from ._net import DeviceNet
from ._threads import choose_threads, limit_threads


def gate_activations(
    net: DeviceNet, data: DeviceDataset, layer: int, n_threads: int | str
) -> dict[str, np.ndarray]:
    """Gates and states of a layer by name, (n_samples, n_timesteps, n_units).

    Steps that a sequence does not have are NaN.
    """
    module = net.module_
    longest = int(data.lengths.max())
    found: dict[str, np.ndarray] = {}
    n_most = 0  # steps; fewer than there are where convolutions leave some out

    def look_at(part: slice) -> None:
        nonlocal n_most
        inputs = data.gather(part)
        gates, lengths = module.gates(inputs["x"], inputs.get("lengths"), layer)
        for name, values in gates.items():
            _, n_steps, n_units = values.shape
            n_most = max(n_most, n_steps)
            if name not in found:
                shape = len(data), longest, n_units
                found[name] = np.full(shape, np.nan, _dtype_of(values))
            found[name][part, :n_steps] = values.cpu().numpy()
            if lengths is not None:
                is_missing = np.arange(n_steps) >= lengths.cpu().numpy()[:, None]
                found[name][part, :n_steps][is_missing] = np.nan

    def size_at(first: int) -> int:
        return data.prediction_size(first, module.width)

    threads = choose_threads(n_threads, module, min(len(data), size_at(0)))
    with limit_threads(threads), torch.inference_mode():
        work_in_parts(len(data), size_at, look_at)
    return {name: values[:, :n_most] for name, values in found.items()}


def _dtype_of(values: torch.Tensor) -> np.dtype:
    return values.new_empty(0).cpu().numpy().dtype

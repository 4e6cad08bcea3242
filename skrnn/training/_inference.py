"""Computations of a trained net: predictions, losses, gates."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import torch

from ._batches import BatchLoader
from ._datasets import DeviceDataset
from ._engine_outputs import features, raw_outputs
from ._memory import compute_in_parts
from ._net import DeviceNet
from ._threads import choose_threads, limit_threads

_LOSS_BATCH = 200


def predict(net: DeviceNet, data: DeviceDataset, n_threads: int | str) -> np.ndarray:
    """Predictions of shape (n_samples, n_outputs), computed batch by batch.

    With predictions at each step, those of a sample are adjacent: (n_steps of all
    samples, n_outputs).

    Sequences of unequal length are taken longest first, so that those of a batch have
    similar lengths. Pieces of one series continue from part to part.
    """
    decode = net.criterion_.predictions
    found = _computed(net, data, n_threads, raw_outputs, net.module_)
    return decode(torch.from_numpy(found)).numpy()


def features_of(
    net: DeviceNet, data: DeviceDataset, n_threads: int | str
) -> np.ndarray:
    """What the output layer reads of each sample, (n_samples, n_read)."""

    def by_torch(**inputs: torch.Tensor) -> torch.Tensor:
        return net.module_.features(**inputs)[0]

    return _computed(net, data, n_threads, features, by_torch)


def _computed(
    net: DeviceNet,
    data: DeviceDataset,
    n_threads: int | str,
    by_engine: Callable[..., np.ndarray | None],
    by_torch: Callable[..., torch.Tensor],
) -> np.ndarray:
    """Outputs for all samples, from the engine if it can, else from torch."""
    order = None
    if not data.is_uniform:
        order = np.argsort(-data.lengths, kind="stable")
    outputs = by_engine(net, data, order)
    if outputs is not None:
        return outputs if order is None else _in_places(outputs, order)
    data = data.in_order(order)
    found = np.empty(0)
    memory = data.new_memory()

    def compute_part(part: slice) -> None:
        nonlocal found, memory
        raw = by_torch(**data.gather_after(part, memory)).cpu().numpy()
        if part.start == 0:  # one array: a list of parts would fragment the heap
            found = np.empty((data.n_predictions, raw.shape[1]), raw.dtype)
        found[data.places_of(part)] = raw
        memory = None if memory is None else memory.next()

    size_at = partial(data.prediction_size, width=net.module_.width)
    compute_in_parts(net, len(data), size_at, compute_part, n_threads)
    return found


def _in_places(values: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Values in the order of the samples that they belong to."""
    placed = np.empty_like(values)
    placed[order] = values
    return placed


def predict_loss(net: DeviceNet, data: DeviceDataset, n_threads: int | str) -> float:
    """The loss of a net on data with targets, as validation records it."""
    module = net.module_
    module.eval()
    losses, sizes = [], []
    batch_size = min(_LOSS_BATCH, len(data))
    with limit_threads(choose_threads(n_threads, module, batch_size)):
        for inputs, targets in BatchLoader(data, batch_size):
            step = net.validation_step((inputs, targets))
            losses.append(float(step["loss"]))
            sizes.append(len(step["y_pred"]))
    return float(np.average(losses, weights=sizes))


def gate_activations(
    net: DeviceNet, data: DeviceDataset, layer: int, n_threads: int | str
) -> dict[str, np.ndarray]:
    """Gates and states of a layer by name, (n_samples, n_timesteps, n_units).

    Steps beyond the end of a sequence are NaN.
    """
    longest = int(data.lengths.max())
    found: dict[str, np.ndarray] = {}
    n_most = 0  # steps; convolutions may leave some out

    def look_at(part: slice) -> None:
        nonlocal n_most
        inputs = data.gather(part)
        gates, lengths = net.module_.gates(inputs["x"], inputs.get("lengths"), layer)
        for name, values in gates.items():
            _, n_steps, n_units = values.shape
            n_most = max(n_most, n_steps)
            on_host = values.cpu().numpy()
            if name not in found:
                found[name] = np.full(
                    (len(data), longest, n_units), np.nan, on_host.dtype
                )
            found[name][part, :n_steps] = on_host
            if lengths is not None:
                is_missing = np.arange(n_steps) >= lengths.cpu().numpy()[:, None]
                found[name][part, :n_steps][is_missing] = np.nan

    size_at = partial(data.prediction_size, width=net.module_.width)
    compute_in_parts(net, len(data), size_at, look_at, n_threads)
    return {name: values[:, :n_most] for name, values in found.items()}

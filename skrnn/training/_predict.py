"""Predict with a net, and tell its loss."""

from __future__ import annotations

import numpy as np
import torch

from ._batches import BatchLoader
from ._datasets import DeviceDataset
from ._memory import work_in_parts
from ._net import DeviceNet
from ._threads import choose_threads, limit_threads

_LOSS_BATCH = 200


def predict(net: DeviceNet, data: DeviceDataset, n_threads: int | str) -> np.ndarray:
    """Predictions of shape (n_samples, n_outputs), computed batch by batch.

    Where there is one at each step, those of a sample stand together: (n_steps of all
    samples, n_outputs).

    Sequences of unequal length are taken longest first, so that a batch holds its
    like. Pieces of one series go on from part to part.
    """
    module = net.module_
    order = None if data.is_uniform else np.argsort(-data.lengths, kind="stable")
    data = data.in_order(order)
    predictions = np.empty(0)
    memory = data.new_memory()

    def predict_part(part: slice) -> None:
        nonlocal predictions, memory
        outputs = module(**data.gather_after(part, memory))
        raw = net.criterion_.predictions(outputs).cpu().numpy()
        if part.start == 0:  # one array: a list of parts would fragment the heap
            predictions = np.empty((data.n_predictions, raw.shape[1]), raw.dtype)
        predictions[data.places_of(part, order)] = raw
        memory = None if memory is None else memory.next()

    def size_at(first: int) -> int:
        return data.prediction_size(first, module.width)

    threads = choose_threads(n_threads, module, min(len(data), size_at(0)))
    with limit_threads(threads), torch.inference_mode():
        work_in_parts(len(data), size_at, predict_part)
    return predictions


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

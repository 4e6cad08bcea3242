"""Checks that several processes fit one network on the same data."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ..modules import BatchNorm
from ._datasets import DeviceDataset
from ._fingerprint import described
from ._net import DeviceNet
from ._processes import processes_of
from ._settings import Settings
from ._state import weights_of
from ._stopping import Progress

_SAMPLES_COMPARED = 256


def join_processes(
    net: DeviceNet,
    training: DeviceDataset,
    validation: DeviceDataset | None,
    settings: Settings,
    random_state: np.random.RandomState,
    progress: Progress,
) -> None:
    """Let the net train together with the nets of other processes, if there are any.

    Targets, weights, lengths, parameters and random numbers are compared in full, the
    inputs of some samples.

    All processes raise if the network cannot be fitted in shares, or something differs.
    """
    net.processes_ = processes = processes_of(settings.device)
    if processes.count == 1:
        return
    _check_divisible(net, settings)
    parameters = described(vars(settings.without_callbacks()))
    differing = processes.differing(
        {
            "the samples to train on": _marks(training),
            "the samples to validate on": _marks(validation),
            "the parameters": repr(parameters),
            "the weights to start from": list(weights_of(net).values()),
            "the random numbers": random_state.get_state(legacy=False),
        }
    )
    if differing:
        raise ValueError(
            f"{' and '.join(differing)} are not the same in all {processes.count} "
            'processes; with device="accelerate" each process must call fit with the '
            "same data and parameters, in the same order (each takes its own share of "
            "every batch); set random_state, and the seed of the code that makes the "
            "data"
        )
    progress.best = processes.broadcast(progress.best)
    for layer in net.dropouts():
        layer.rank = processes.rank


def _check_divisible(net: DeviceNet, settings: Settings) -> None:
    """Raise if a batch cannot be computed in shares."""
    what = f'device="accelerate" with {net.processes_.count} processes'
    if settings.solver == "lbfgs":
        raise ValueError(
            f'{what} does not support solver="lbfgs", which does not use batches; use '
            'another solver such as "adam", or launch one process'
        )
    if any(isinstance(module, BatchNorm) for module in net.module_.modules()):
        raise ValueError(
            f'{what} does not support batch_norm=True or conv_norm="batch", because '
            "each process would average over its own share only; set layer_norm=True "
            "or conv_norm=None, or launch one process"
        )


def _marks(data: DeviceDataset | None) -> Any:
    """Arrays that identify a data set."""
    if data is None:
        return None
    index = np.linspace(0, len(data) - 1, min(len(data), _SAMPLES_COMPARED), dtype=int)
    samples = [[_array(part) for part in data[int(i)]] for i in index]
    return [data.lengths, _array(data.all_targets), data.weights_on_host, samples]


def _array(tensor: torch.Tensor | None) -> np.ndarray | None:
    return None if tensor is None else tensor.cpu().numpy()

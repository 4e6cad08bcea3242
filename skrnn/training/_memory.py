"""Computations in parts that fit into the memory of a device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from ._datasets import DeviceDataset
from ._net import DeviceNet
from ._settings import Settings
from ._threads import choose_threads, limit_threads


def compute_in_parts(
    net: DeviceNet,
    n_samples: int,
    size_at: Callable[[int], int],
    work: Callable[[slice], None],
    n_threads: int | str,
) -> None:
    """Run a computation of a trained net on all samples, one part after the other.

    ``size_at`` gives the largest size of a part that begins with a sample. If the
    memory of the device is too small for a part, it and later parts are halved, so that
    ``work`` may be called again with the first half of one.

    Raises
    ------
    torch.OutOfMemoryError
        If there is no memory for a single sample.
    """
    first, limit = 0, n_samples
    threads = choose_threads(n_threads, net.module_, min(n_samples, size_at(0)))
    with limit_threads(threads), torch.inference_mode():
        while first < n_samples:
            size = min(limit, size_at(first), n_samples - first)
            if _fits(work, slice(first, first + size), is_last_try=size == 1):
                first += size
            else:
                limit = size // 2


def explain_lack(net: DeviceNet, training: DeviceDataset, settings: Settings) -> str:
    """The advice after training ran out of memory; tries which batch sizes fit."""
    if settings.solver == "lbfgs":
        return (
            f'{net.device} ran out of memory: solver="lbfgs" takes all '
            f'{len(training)} samples at once; use solver="adam", or device="cpu"'
        )
    batch_size = net.batch_size
    where = f"{net.device} ran out of memory with batch_size={batch_size}"
    if net.processes_.count > 1:  # trying would make them wait for each other
        return f"{where}, shared by {net.processes_.count} processes; set a smaller one"
    size = batch_size // 2
    longest = training.in_order(np.argsort(-training.lengths, kind="stable"))

    def step(part: slice) -> None:
        net.train_step_single((longest.gather(part), longest.targets_of(part)))

    while size > 0 and not _fits(step, slice(0, size)):
        size //= 2
    if size == 0:
        return (
            f'{where}, and not even batch_size=1 fits; use device="cpu", a smaller '
            "network or shorter windows"
        )
    return f'{where}; batch_size={size} fits: set it, or use device="cpu"'


def _fits(work: Callable[[slice], Any], part: slice, is_last_try: bool = False) -> bool:
    """Do the work; if memory runs out, free it and return False."""
    try:
        work(part)
    except torch.OutOfMemoryError:
        if is_last_try:
            raise
    else:
        return True
    if torch.cuda.is_available():  # here, where nothing holds the tensors any more
        torch.cuda.empty_cache()
    return False

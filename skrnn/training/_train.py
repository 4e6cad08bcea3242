"""Build a net, and train it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from skorch.callbacks import GradientNormClipping
from torch import nn

from ._agreement import join_processes
from ._batches import BatchLoader
from ._checkpoint import Checkpoint
from ._datasets import DeviceDataset
from ._lanes import auto_lanes
from ._loop import Loop
from ._net import DeviceNet
from ._outcome import Outcome, outcome_of
from ._progress import progress_callbacks
from ._schedules import has_fixed_length, schedule_callbacks
from ._settings import Settings
from ._shuffling import Shuffling
from ._skorch_params import further_params, user_callbacks
from ._solvers import SINGLE_STEP_SOLVERS, optimizer_of
from ._stopping import Convergence, Progress
from ._threads import choose_threads, limit_threads

_AUTO_BATCH = 200
_EPOCHS_KEPT = 1000  # in the history, under partial_fit


def build_net(
    module: type[nn.Module],
    module_params: dict[str, Any],
    loss: nn.Module,
    settings: Settings,
    score: Callable[..., float] | None,
    device: torch.device,
) -> DeviceNet:
    """An initialised net, ready to train or to be given weights."""
    optimizer, optimizer_params = optimizer_of(settings)
    prefixed = {f"module__{name}": value for name, value in module_params.items()}
    prefixed |= {
        f"optimizer__{name}": value for name, value in optimizer_params.items()
    }
    options: dict[str, Any] = {
        "module": module,
        "criterion": loss,
        "optimizer": optimizer,
        "lr": settings.learning_rate_init,
        "score": score,
        "uses_closure": settings.solver not in SINGLE_STEP_SOLVERS,
        "max_epochs": settings.max_iter,
        "iterator_train": BatchLoader,
        "iterator_valid": BatchLoader,
        "train_split": None,
        "verbose": 0,
        "device": device,
        **prefixed,
    }
    net = DeviceNet(**options, **further_params(settings, options))
    with torch.inference_mode(False):  # else the weights could never be trained
        return net.initialize()


def train(
    net: DeviceNet,
    training: DeviceDataset,
    validation: DeviceDataset | None,
    settings: Settings,
    random_state: np.random.RandomState,
    progress: Progress,
    *,
    n_epochs: int,
    n_samples_seen: int = 0,
    incremental: bool = False,
    checkpoint: Checkpoint | None = None,
) -> Outcome:
    """Run up to ``n_epochs`` epochs; on an error the net is as it was before.

    With a ``checkpoint`` training goes on from where it says, and writes to it.

    Raises
    ------
    ValueError
        If the loss is not finite.
    """
    net.matrices_ = None  # the user may have moved the module
    join_processes(net, training, validation, settings, random_state, progress)
    net.alpha = 0.0 if settings.solver == "adamw" else settings.alpha
    net.batch_size = _batch_size(settings, training)
    net.max_epochs = n_epochs
    if not net.processes_.is_main:
        settings = replace(settings, verbose=0)
    if incremental and has_fixed_length(settings):
        for group in net.optimizer_.param_groups:  # the schedule has run its course
            group["lr"] = settings.learning_rate_init
    n, n_batches = len(training), -(-len(training) // net.batch_size)
    counts = (n, n_batches, n_samples_seen)
    schedule = schedule_callbacks(settings, *counts, incremental=incremental)
    stopping = _convergence(settings, progress, incremental)
    shuffling = Shuffling(random_state) if settings.shuffle else None
    net.callbacks = [
        *schedule,
        *_clipping(settings),
        *user_callbacks(settings),
        *progress_callbacks(settings.verbose, n_epochs),
        ("skrnn_convergence", stopping),
    ]
    if checkpoint is not None:
        checkpoint.shuffling = shuffling
        net.callbacks.append(("skrnn_checkpoint", checkpoint))
    net.initialize_callbacks()
    first = len(net.history)
    how = (n_epochs, incremental, shuffling, checkpoint)
    loop = Loop(net, training, validation, settings, *how)
    with limit_threads(choose_threads(settings.n_threads, net.module_, net.batch_size)):
        ending = loop.run()
        stopping.restore_best(net)
    net.optimizer_.zero_grad()
    net.module_.eval()
    outcome = outcome_of(ending, net.history[first:])
    if incremental:  # as often as there is data, and for as long
        del net.history[:-_EPOCHS_KEPT]
    return outcome


def _convergence(
    settings: Settings, progress: Progress, incremental: bool
) -> Convergence:
    return Convergence(
        settings.tol,
        settings.n_iter_no_change,
        settings.early_stopping and not incremental,
        settings.learning_rate == "adaptive" and settings.solver != "lbfgs",
        progress,
        stops=_may_stop(settings),
        is_told=settings.verbose > 1,
    )


def _may_stop(settings: Settings) -> bool:
    """Whether our rule ends training, and not the solver's or the schedule's.

    A schedule of fixed length runs to its end, and L-BFGS until its gradient vanishes,
    if no held-out data stops it.
    """
    return settings.early_stopping or not (
        has_fixed_length(settings) or settings.solver == "lbfgs"
    )


def _clipping(settings: Settings) -> list[tuple[str, Any]]:
    if settings.max_grad_norm is None:
        return []
    return [("skrnn_clipping", GradientNormClipping(settings.max_grad_norm))]


def _batch_size(settings: Settings, training: DeviceDataset) -> int:
    if training.carries is not None and settings.batch_size == "auto":
        return auto_lanes(len(training))
    return batch_size_of(settings, len(training))


def batch_size_of(settings: Settings, n_samples: int) -> int:
    """Samples in a batch; the last one of an epoch may have fewer."""
    if settings.solver == "lbfgs":
        return n_samples
    if settings.batch_size == "auto":
        return min(_AUTO_BATCH, n_samples)
    return min(int(settings.batch_size), n_samples)

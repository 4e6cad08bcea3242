"""Train a net for up to a number of epochs, all or nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from types import FrameType
from typing import Any

import numpy as np
import torch
from skorch.helper import predefined_split

from .._warnings import warn
from ._batches import Shuffling
from ._callbacks import progress_callbacks, user_callbacks
from ._checkpoint import Checkpoint
from ._datasets import DeviceDataset
from ._engine import CompiledEpochs
from ._gradients import Gradients
from ._lbfgs import CONVERGED, LIMIT, STOPPED, lbfgs_loop
from ._memory import explain_lack
from ._net import DeviceNet
from ._process_checks import join_processes
from ._schedules import batch_rates_of, has_fixed_length, schedule_callbacks
from ._settings import Settings
from ._stopping import Convergence, Diverged, Ending, Outcome, Progress, StopTraining
from ._threads import choose_threads, limit_threads

_AUTO_BATCH = 200
_EPOCHS_KEPT = 1000  # in the history of partial_fit
_LOOPS = ("joblib", "sklearn", "sktime")  # packages whose functions call many fits
_SINGLE = {"base", "_base", "pipeline", "_pipeline", "_target"}  # but not these modules


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
    keeps_interrupted: bool = True,
) -> Outcome:
    """Run up to ``n_epochs`` epochs; on an error the net is as it was before.

    With a ``checkpoint`` training resumes from what it holds, and writes to it. After
    Ctrl-C what was learnt is kept, unless the call is ``incremental`` or one of many,
    or is told not to: then the interrupt is raised again.

    Raises
    ------
    ValueError
        If the loss is not finite.
    """
    join_processes(net, training, validation, settings, random_state, progress)
    if not net.processes_.is_main:
        settings = replace(settings, verbose=0)
    net.alpha = 0.0 if settings.solver == "adamw" else settings.alpha
    net.max_grad_norm = settings.max_grad_norm
    net.batch_size = _batch_size(settings, len(training))
    net.max_epochs = n_epochs
    if incremental and has_fixed_length(settings):
        for group in net.optimizer_.param_groups:  # the schedule has run its course
            group["lr"] = settings.learning_rate_init
    n_batches = -(-len(training) // net.batch_size)
    net.batch_rates_ = batch_rates_of(settings, n_batches, incremental=incremental)
    shuffling = Shuffling(random_state) if settings.shuffle else None
    stopping = Convergence(settings, progress, incremental)
    net.callbacks = [
        *_callbacks_before(net, settings, len(training), n_samples_seen, incremental),
        ("skrnn_convergence", stopping),
    ]
    if checkpoint is not None:
        checkpoint.shuffling = shuffling
        net.callbacks.append(("skrnn_checkpoint", checkpoint))
    net.initialize_callbacks()
    first = len(net.history)
    data = training, validation
    with limit_threads(choose_threads(settings.n_threads, net.module_, net.batch_size)):
        with _all_or_nothing(net, *data, shuffling, checkpoint):
            passes_on = incremental or not keeps_interrupted
            ending = _train(net, *data, settings, passes_on, checkpoint)
        stopping.restore_best(net)
    net.optimizer_.zero_grad()
    net.module_.eval()
    outcome = Outcome.of(ending, net.history[first:])
    if incremental:  # the number of calls has no limit
        del net.history[:-_EPOCHS_KEPT]
    return outcome


@contextmanager
def _all_or_nothing(
    net: DeviceNet,
    training: DeviceDataset,
    validation: DeviceDataset | None,
    shuffling: Shuffling | None,
    checkpoint: Checkpoint | None,
) -> Iterator[None]:
    """Give skorch the data for the block; on an error the net is as it was before."""
    before = net.snapshot()
    net.iterator_train__shuffling = shuffling
    net.iterator_train__processes = net.processes_
    net.train_split = None if validation is None else predefined_split(validation)
    try:
        net.notify("on_train_begin", X=training, y=None)
        yield
    except BaseException as error:
        net.rewind(before)  # before a callback saves what has failed
        if checkpoint is not None and isinstance(error, Diverged):
            checkpoint.discard()
        with suppress(Exception):  # a second error would hide the first one
            net.notify("on_train_end", X=training, y=None)
        raise
    finally:
        net.train_split = net.iterator_train__shuffling = None  # they hold data
        net.epochs_ = None
    try:
        net.notify("on_train_end", X=training, y=None)
    except BaseException:
        net.rewind(before)
        raise


def _train(
    net: DeviceNet,
    training: DeviceDataset,
    validation: DeviceDataset | None,
    settings: Settings,
    passes_on: bool,
    checkpoint: Checkpoint | None,
) -> Ending:
    """Run all epochs, or those that a checkpoint leaves to do."""
    is_watched = bool(settings.callbacks)
    net.gradients_ = Gradients(net.module_, net.criterion_, net.alpha, net.processes_)
    net.epochs_ = CompiledEpochs.of(net, training, settings.n_threads, is_watched)
    n_epochs = net.max_epochs
    if checkpoint is not None:
        n_before = len(net.history)
        saved = checkpoint.resume(net)
        n_epochs -= len(net.history) - n_before
        if settings.verbose > 1 and n_epochs < net.max_epochs:
            print(f"Epoch {len(net.history)} is read from a checkpoint")
        if saved is not None:
            return saved
    try:
        with torch.inference_mode(False), torch.enable_grad():  # not the caller's
            ending = _run_epochs(net, training, validation, settings, n_epochs)
    except KeyboardInterrupt:
        _keep_unless_passed_on(net, passes_on)
        if "train_loss" not in net.history[-1]:
            del net.history[-1:]  # an epoch that has begun and not ended
        ending = Ending("interrupted")
    net.check_weights()
    if checkpoint is not None:
        try:
            checkpoint.end(net, ending)
        except KeyboardInterrupt:
            _keep_unless_passed_on(net, passes_on)
    return ending


def _run_epochs(
    net: DeviceNet,
    training: DeviceDataset,
    validation: DeviceDataset | None,
    settings: Settings,
    n_epochs: int,
) -> Ending:
    try:
        if settings.solver != "lbfgs":
            net.fit_loop(training, None, epochs=n_epochs)
            return Ending("max_iter")
        result = lbfgs_loop(net, training, validation, settings, n_epochs)
        kinds = {CONVERGED: "converged", STOPPED: "converged", LIMIT: "max_iter"}
        kind = kinds.get(result.status, "failed")
        return Ending(kind, float(result.fun), str(result.message))
    except StopTraining:
        return Ending("converged")
    except torch.OutOfMemoryError:
        pass  # its traceback holds what the failed step has computed: let it go
    raise torch.OutOfMemoryError(explain_lack(net, training, settings))


def _keep_unless_passed_on(net: DeviceNet, passes_on: bool) -> None:
    """Warn that what was learnt is kept; raise an interrupt again for the caller."""
    if passes_on or net.processes_.count > 1 or _is_one_of_many():
        raise  # several processes are at different steps
    warn("Training interrupted by user. What was learnt so far is kept.")


def _is_one_of_many() -> bool:
    """Whether a search, a cross-validation or an ensemble has called this fit.

    They would continue with the next fit if only this one ended. The call stack shows
    it; functions of scikit-learn and sktime that pass on a single fit, such as a
    pipeline, do not count.
    """
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        package, *names = str(frame.f_globals.get("__name__", "")).split(".")
        if package in _LOOPS and _SINGLE.isdisjoint(names):
            return True
        frame = frame.f_back
    return False


def _callbacks_before(
    net: DeviceNet, settings: Settings, n: int, n_seen: int, incremental: bool
) -> list[Any]:
    """The callbacks that precede the rule of stopping and the checkpoint."""
    return [
        *schedule_callbacks(settings, n, n_seen, incremental=incremental),
        *user_callbacks(settings.callbacks),
        *progress_callbacks(settings.verbose, net.max_epochs),
    ]


def _batch_size(settings: Settings, n_samples: int) -> int:
    """Samples in a batch; the last one of an epoch may have fewer."""
    if settings.solver == "lbfgs":
        return n_samples
    if settings.batch_size == "auto":
        return min(_AUTO_BATCH, n_samples)
    return min(int(settings.batch_size), n_samples)

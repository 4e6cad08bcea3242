"""Build a net, train it, predict with it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from skorch.callbacks import GradientNormClipping
from skorch.helper import predefined_split
from torch import nn

from ._agreement import join_processes
from ._batches import BatchLoader
from ._checkpoint import Checkpoint, CheckpointWriter
from ._datasets import DeviceDataset
from ._interrupts import is_one_of_many
from ._lbfgs import CONVERGED, LIMIT, STOPPED, lbfgs_loop
from ._memory import explain_lack, work_in_parts
from ._net import DeviceNet
from ._progress import progress_callbacks
from ._schedules import has_fixed_length, schedule_callbacks
from ._settings import Settings
from ._shuffling import Shuffling
from ._skorch_params import further_params, user_callbacks
from ._solvers import SINGLE_STEP_SOLVERS, optimizer_of
from ._stopping import Convergence, Progress, StopTraining
from ._threads import choose_threads, limit_threads

_AUTO_BATCH = 200


@dataclass(frozen=True)
class Ending:
    """How training ended: "converged", "max_iter", "interrupted" or "failed".

    ``loss`` is the last one where no epoch tells it, ``message`` what a solver says.
    """

    kind: str
    loss: float | None = None
    message: str = ""


class _Resumption:
    """A checkpoint, if there is one, seen from training."""

    def __init__(self, checkpoint: Checkpoint | None, parts: dict[str, Any]) -> None:
        self.checkpoint = checkpoint
        self.parts = parts

    def callbacks(self) -> list[tuple[str, Any]]:
        if self.checkpoint is None:
            return []
        return [("skrnn_checkpoint", CheckpointWriter(self.checkpoint, self.parts))]

    def resume(self, net: DeviceNet) -> Ending | None:
        """Bring the net to where it was; how training ended, if it did."""
        if self.checkpoint is None:
            return None
        ending = self.checkpoint.resume(net, self.parts)
        return None if ending is None else Ending(**ending)

    def end(self, net: DeviceNet, ending: Ending) -> None:
        """Write that training has ended, unless it was broken off."""
        if self.checkpoint is not None and ending.kind != "interrupted":
            self.checkpoint.write(net, self.parts, asdict(ending))


@dataclass(frozen=True)
class Outcome:
    """The ending, and the figures of each epoch."""

    ending: Ending
    losses: list[float]
    scores: list[float]

    @property
    def loss(self) -> float | None:
        return self.losses[-1] if self.losses else self.ending.loss


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
    verbose = settings.verbose if net.processes_.is_main else 0
    net.alpha = 0.0 if settings.solver == "adamw" else settings.alpha
    batch_size = batch_size_of(settings, len(training))
    n_batches = -(-len(training) // batch_size)
    stopping = Convergence(
        settings.tol,
        settings.n_iter_no_change,
        settings.early_stopping and not incremental,
        settings.learning_rate == "adaptive" and settings.solver != "lbfgs",
        progress,
        stops=_may_stop(settings),
        is_told=verbose > 1,
    )
    if incremental and has_fixed_length(settings):
        for group in net.optimizer_.param_groups:  # the schedule has run its course
            group["lr"] = settings.learning_rate_init
    schedule = schedule_callbacks(
        settings, len(training), n_batches, n_samples_seen, incremental=incremental
    )
    net.callbacks = [
        *schedule,
        *_clipping(settings),
        *user_callbacks(settings),
        *progress_callbacks(verbose, n_epochs),
        ("skrnn_convergence", stopping),
    ]
    shuffling = Shuffling(random_state) if settings.shuffle else None
    resumption = _Resumption(checkpoint, {"shuffling": shuffling})
    net.callbacks += resumption.callbacks()
    net.initialize_callbacks()
    net.batch_size = batch_size
    net.max_epochs = n_epochs
    net.iterator_train__shuffling = shuffling
    net.iterator_train__processes = net.processes_
    net.train_split = None if validation is None else predefined_split(validation)
    first = len(net.history)
    n_threads = choose_threads(settings.n_threads, net.module_, batch_size)
    with limit_threads(n_threads):
        ending = _run(
            net,
            training,
            validation,
            settings,
            n_epochs,
            resumption,
            incremental=incremental,
        )
        stopping.restore_best(net)
    net.train_split = net.iterator_train__shuffling = None  # they hold data
    net.optimizer_.zero_grad()
    net.module_.eval()
    return _outcome(ending, net.history[first:])


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


def _outcome(ending: Ending, epochs: Any) -> Outcome:
    return Outcome(
        ending,
        [epoch["train_loss"] for epoch in epochs if "train_loss" in epoch],
        [epoch["valid_score"] for epoch in epochs if "valid_score" in epoch],
    )


def _run(
    net: DeviceNet,
    training: DeviceDataset,
    validation: DeviceDataset | None,
    settings: Settings,
    n_epochs: int,
    resumption: _Resumption,
    *,
    incremental: bool,
) -> Ending:
    before = net.snapshot()
    try:
        net.notify("on_train_begin", X=training, y=None)
        ending = resumption.resume(net)
        net.choose_gradient(training, is_watched=bool(settings.callbacks))
        if ending is None:
            n_epochs -= len(net.history) - before["n_epochs"]
            ending = _fit_loop(
                net, training, validation, settings, n_epochs, incremental=incremental
            )
            net.check_weights()
            resumption.end(net, ending)
    except BaseException:
        net.rewind(before)  # before a callback saves what has failed
        net.notify("on_train_end", X=training, y=None)
        raise
    try:
        net.notify("on_train_end", X=training, y=None)
    except BaseException:
        net.rewind(before)
        raise
    return ending


def _fit_loop(
    net: DeviceNet,
    training: DeviceDataset,
    validation: DeviceDataset | None,
    settings: Settings,
    n_epochs: int,
    *,
    incremental: bool,
) -> Ending:
    with torch.inference_mode(False), torch.enable_grad():  # whatever the caller's
        try:
            if settings.solver == "lbfgs":
                result = lbfgs_loop(net, training, validation, settings, n_epochs)
                return _ending_of(result)
            net.fit_loop(training, None, epochs=n_epochs)
            return Ending("max_iter")
        except StopTraining:
            return Ending("converged")
        except KeyboardInterrupt:
            if incremental or net.processes_.count > 1 or is_one_of_many():
                raise  # of several processes, each is at another step
            warnings.warn(
                "Training interrupted by user. What was learnt so far is kept.",
                stacklevel=9,
            )
            return Ending("interrupted")
        except torch.OutOfMemoryError:
            pass  # its traceback holds what the failed step has computed: let it go
        raise torch.OutOfMemoryError(explain_lack(net, training, settings))


def _ending_of(result: Any) -> Ending:
    kinds = {CONVERGED: "converged", STOPPED: "converged", LIMIT: "max_iter"}
    kind = kinds.get(result.status, "failed")
    return Ending(kind, float(result.fun), str(result.message))


def batch_size_of(settings: Settings, n_samples: int) -> int:
    """Samples in a batch; the last one of an epoch may have fewer."""
    if settings.solver == "lbfgs":
        return n_samples
    if settings.batch_size == "auto":
        return min(_AUTO_BATCH, n_samples)
    return min(int(settings.batch_size), n_samples)


def predict(net: DeviceNet, data: DeviceDataset, n_threads: int | str) -> np.ndarray:
    """Predictions of shape (n_samples, n_outputs), computed batch by batch.

    Sequences of unequal length are taken longest first, so that a batch holds its
    like.
    """
    module = net.module_
    order = None if data.is_uniform else np.argsort(-data.lengths, kind="stable")
    data = data.in_order(order)
    predictions = np.empty(0)

    def predict_part(part: slice) -> None:
        nonlocal predictions
        raw = net.criterion_.predictions(module(**data.gather(part))).cpu().numpy()
        if part.start == 0:  # one array: a list of parts would fragment the heap
            predictions = np.empty((len(data), raw.shape[1]), raw.dtype)
        predictions[part if order is None else order[part]] = raw

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
    batch_size = min(_AUTO_BATCH, len(data))
    with limit_threads(choose_threads(n_threads, module, batch_size)):
        for inputs, targets in BatchLoader(data, batch_size):
            step = net.validation_step((inputs, targets))
            losses.append(float(step["loss"]))
            sizes.append(len(step["y_pred"]))
    return float(np.average(losses, weights=sizes))

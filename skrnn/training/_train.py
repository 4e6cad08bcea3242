"""Build a net, train it, predict with it, take it apart and put it together."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from skorch.callbacks import GradientNormClipping
from skorch.helper import predefined_split

from ..modules import RecurrentNetwork
from ._batches import BatchLoader, WindowDataset
from ._net import WindowNet
from ._progress import progress_callbacks
from ._schedules import has_fixed_length, schedule_callbacks
from ._settings import Settings
from ._skorch_params import further_params, user_callbacks
from ._solvers import SINGLE_STEP_SOLVERS, optimizer_of, starting_rate
from ._stopping import Convergence, StopTraining
from ._threads import choose_threads, limit_threads, longest_side

_AUTO_BATCH = 200
_PREDICT_VALUES = 2**21  # hidden values of one prediction batch, about 8 MB


@dataclass(frozen=True)
class Outcome:
    """How a training ended: "converged", "max_iter" or "interrupted"."""

    ended: str
    losses: list[float]
    scores: list[float]


def build_net(
    module_params: dict[str, Any],
    loss: torch.nn.Module,
    settings: Settings,
    score: Callable[..., float],
    device: torch.device,
) -> WindowNet:
    """An initialised net, ready to train or to be given weights."""
    optimizer, optimizer_params = optimizer_of(settings)
    prefixed = {f"module__{name}": value for name, value in module_params.items()}
    prefixed |= {
        f"optimizer__{name}": value for name, value in optimizer_params.items()
    }
    options: dict[str, Any] = {
        "module": RecurrentNetwork,
        "criterion": loss,
        "optimizer": optimizer,
        "lr": starting_rate(settings),
        "alpha": 0.0 if settings.solver == "adamw" else settings.alpha,
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
    net = WindowNet(**{**options, **further_params(settings)})
    with torch.inference_mode(False):  # else the weights could never be trained
        return net.initialize()


def train(
    net: WindowNet,
    training: WindowDataset,
    validation: WindowDataset | None,
    settings: Settings,
    random_state: np.random.RandomState,
    *,
    n_epochs: int,
    n_samples_seen: int = 0,
    incremental: bool = False,
) -> Outcome:
    """Run up to ``n_epochs`` epochs; on an error the net is as it was before.

    Raises
    ------
    ValueError
        If the loss is not finite.
    """
    batch_size = _batch_size(settings, len(training))
    n_batches = -(-len(training) // batch_size)
    stopping = Convergence(
        settings.tol,
        settings.n_iter_no_change,
        settings.early_stopping and not incremental,
        settings.learning_rate == "adaptive" and settings.solver != "lbfgs",
        stops=not incremental and _may_stop(settings),
    )
    if incremental and has_fixed_length(settings):
        for group in net.optimizer_.param_groups:  # the schedule has run its course
            group["lr"] = starting_rate(settings)
    schedule = (
        []
        if incremental
        else schedule_callbacks(settings, len(training), n_batches, n_samples_seen)
    )
    net.callbacks = [
        *schedule,
        *_clipping(settings),
        *user_callbacks(settings),
        *progress_callbacks(settings.verbose, n_epochs),
        ("skrnn_convergence", stopping),
    ]
    net.initialize_callbacks()
    net.mean_weight_ = training.mean_weight
    net.batch_size = batch_size
    net.max_epochs = n_epochs
    net.iterator_train__random_state = random_state if settings.shuffle else None
    net.train_split = None if validation is None else predefined_split(validation)
    first = len(net.history)
    with limit_threads(choose_threads(settings.n_threads, net.module_)):
        ended = _run(net, training, n_epochs)
        stopping.restore_best(net)
    net.train_split = None  # it holds the data
    net.optimizer_.zero_grad()
    net.module_.eval()
    return _outcome(ended, net.history[first:])


def _may_stop(settings: Settings) -> bool:
    """A schedule of fixed length runs to its end, if no held-out data stops it."""
    return settings.early_stopping or not has_fixed_length(settings)


def _clipping(settings: Settings) -> list[tuple[str, Any]]:
    if settings.max_grad_norm is None:
        return []
    return [("skrnn_clipping", GradientNormClipping(settings.max_grad_norm))]


def _outcome(ended: str, epochs: Any) -> Outcome:
    return Outcome(
        ended,
        [epoch["train_loss"] for epoch in epochs if "train_loss" in epoch],
        [epoch["valid_score"] for epoch in epochs if "valid_score" in epoch],
    )


def _run(net: WindowNet, training: WindowDataset, n_epochs: int) -> str:
    before = net.snapshot()
    net.notify("on_train_begin", X=training, y=None)
    ended = "max_iter"
    try:
        ended = _fit_loop(net, training, n_epochs)
        net.check_weights()
    except BaseException:
        net.rewind(before)
        raise
    finally:
        net.notify("on_train_end", X=training, y=None)
    return ended


def _fit_loop(net: WindowNet, training: WindowDataset, n_epochs: int) -> str:
    try:
        with torch.inference_mode(False), torch.enable_grad():  # whatever the caller's
            net.fit_loop(training, None, epochs=n_epochs)
    except StopTraining:
        return "converged"
    except KeyboardInterrupt:
        warnings.warn(
            "Training interrupted by user. What was learnt so far is kept.",
            stacklevel=6,
        )
        return "interrupted"
    return "max_iter"


def _batch_size(settings: Settings, n_samples: int) -> int:
    if settings.solver == "lbfgs":
        return n_samples
    if settings.batch_size == "auto":
        return min(_AUTO_BATCH, n_samples)
    return min(int(settings.batch_size), n_samples)


def predict(net: WindowNet, data: WindowDataset, n_threads: int | str) -> np.ndarray:
    """Predictions of shape (n_samples, n_outputs), computed batch by batch.

    Sequences of unequal length are taken longest first, so that a batch holds its
    like.
    """
    module = net.module_
    width = longest_side(module)
    order = None if data.is_uniform else np.argsort(-data.lengths, kind="stable")
    data = data.in_order(order)
    predictions = np.empty(0)
    first = 0
    with limit_threads(choose_threads(n_threads, module)), torch.inference_mode():
        while first < len(data):
            stop = first + _batch_to_predict(int(data.lengths[first]), width)
            part = slice(first, stop)
            inputs = data.gather(part)
            raw = net.criterion_.predictions(module(**inputs)).cpu().numpy()
            if first == 0:  # one array: a list of parts would fragment the heap
                predictions = np.empty((len(data), raw.shape[1]), raw.dtype)
            predictions[part if order is None else order[part]] = raw
            first += len(raw)
    return predictions


def _batch_to_predict(longest: int, width: int) -> int:
    return max(1, min(4096, _PREDICT_VALUES // (longest * width)))


def weights_of(net: WindowNet) -> dict[str, np.ndarray]:
    """The weights as NumPy arrays, from whatever device."""
    state = net.module_.state_dict()
    return {name: value.detach().cpu().numpy().copy() for name, value in state.items()}


def set_weights(net: WindowNet, weights: dict[str, np.ndarray]) -> None:
    """Give a net the weights that :func:`weights_of` returned."""
    with torch.inference_mode(False):
        tensors = {name: torch.from_numpy(np.array(w)) for name, w in weights.items()}
        net.module_.load_state_dict(tensors)
    net.module_.eval()

"""A trial on most of the samples, before the fit to all of them.

It finds out on the others how many epochs help, and how far to trust the network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from ..training import (
    Progress,
    Settings,
    features_of,
    predict_loss,
    processes_of,
    trial_cycles,
)
from ._convergence_warnings import loss_of_constant
from ._normalization import learn_normalization
from ._readout import Base, Readout, read_by
from ._samples import Samples, trial_parts

_SEED_LIMIT = 2**31 - 1
_CLEARLY = 0.99  # of the best loss so far
_LEARNS = 0.8  # of the loss of the shares of the classes
# of the fit to all samples that follows: shares of the epochs and the rate of the trial
_EPOCHS_AFTER_TRIAL, RATE_AFTER_TRIAL = 0.3, 0.5


class Found(NamedTuple):
    """What a trial has found; None if it was not asked for, or is not known.

    Parameters
    ----------
    n_epochs : int or None
        How many epochs are best.
    share : ndarray of shape (n_outputs,) or None
        Of the network in the read-out, see :class:`Readout`.
    weights : dict or None
        Of the trial's network after these epochs, to continue with.
    losses : list of float
        Of its epochs.
    """

    n_epochs: int | None = None
    share: np.ndarray | None = None
    weights: dict[str, np.ndarray] | None = None
    losses: Sequence[float] = ()

    def epochs_to_come(self) -> int:
        """Epochs of the fit to all samples."""
        n_epochs = int(self.n_epochs or 0)
        if self.weights is None:
            return n_epochs
        return max(1, round(_EPOCHS_AFTER_TRIAL * n_epochs))


def try_out(
    estimator: Any,
    samples: Samples,
    given: Samples | None,
    module_params: dict[str, Any],
    settings: Settings,
) -> Found:
    """Train a network on most of the samples, and judge it by the others.

    It is trained in cycles, each twice as long as the one before, in which the learning
    rate falls as ``settings`` say. The last one is left out if the one before it has
    not lowered the held-out loss.

    Parameters
    ----------
    estimator : BaseRecurrent
        Not changed, but for its generator.
    samples : Samples
    given : Samples or None
        To judge by; then the network is trained on all others.
    module_params : dict
    settings : Settings

    Returns
    -------
    found : Found
        The network with the smallest held-out loss; of classifiers only a number of
        epochs, see :func:`_tried_on_classes`. Nothing if the samples are too few.
    """
    parts: tuple[Samples, Samples] | None
    if given is not None:
        parts = samples, given
    else:
        split = estimator.validation_split, estimator._random_state
        parts = trial_parts(samples, estimator._reader, estimator._task, *split)
    if parts is None:
        return Found()
    trial = _Trial(estimator, *parts, module_params, settings)
    if estimator._task.classes is not None:
        return _tried_on_classes(trial)
    best, found = np.inf, Found()
    for i, n_epochs in enumerate(trial.cycles):
        trial.train(n_epochs)
        loss, share = trial.judged()
        if loss < _CLEARLY * best or i == 0:
            best, found = loss, trial.found(share)
        elif i == len(trial.cycles) - 2:
            break
    return found


def _tried_on_classes(trial: _Trial) -> Found:
    """Fewer epochs if all of them end worse than the shares of the classes.

    Log losses choose too few epochs: a network that is too sure may still be right more
    often. The trial ends as soon as the network has clearly learnt something.
    """
    best, n_best, loss = np.inf, 0, np.inf
    shares = trial.loss_of_constant()
    for n_epochs in trial.cycles:
        trial.train(n_epochs)
        loss, _ = trial.judged()
        if loss < _LEARNS * shares:
            return Found()
        if loss < best:
            best, n_best = loss, len(trial.losses)
    return Found() if loss < shares else Found(n_best)


class _Trial:
    """A network like that of the estimator, which is trained on a part."""

    def __init__(
        self,
        estimator: Any,
        training: Samples,
        held_out: Samples,
        module_params: dict[str, Any],
        settings: Settings,
    ) -> None:
        self.training, self.held_out = training, held_out
        quiet = replace(settings, callbacks=None, verbose=0, early_stopping=False)
        self.estimator = other = object.__new__(type(estimator))
        other.__dict__.update(estimator.__dict__)
        seed = estimator._random_state.randint(_SEED_LIMIT)
        other._random_state = np.random.RandomState(seed)
        other._start(module_params, quiet)
        learn_normalization(other.net_.module_, training, warns=False)
        other.t_ = 1  # so that it is not learnt again
        self.settings = other._planned(quiet, len(training))
        self.data = other._training_data(training)
        self.n_cycles = 0
        self.base: Base | None = None
        self.losses: list[float] = []
        n, budget = len(training), estimator._task.budget
        has_norms = other._has_norms
        self.cycles = trial_cycles(settings, n, budget, has_norms=has_norms)

    def train(self, n_epochs: int) -> None:
        """Train for one more cycle, with a new state of the solver."""
        other, settings = self.estimator, replace(self.settings, max_iter=n_epochs)
        if self.n_cycles:  # and masks that differ from those of the last cycle
            params = {"seed": other._new_seed()}
            model = other._model
            other._model = model.rebuilt(settings, other.device, module_params=params)
        self.n_cycles += 1
        state, progress = other._random_state, Progress()
        outcome = other._model.train(
            self.data,
            None,
            settings,
            state,
            progress,
            n_epochs=n_epochs,
            keeps_interrupted=False,
        )
        self.losses += outcome.losses

    def found(self, share: np.ndarray | None) -> Found:
        """The network as it is now."""
        weights = self.estimator._model.weights
        return Found(len(self.losses), share, weights, list(self.losses))

    def loss_of_constant(self) -> float:
        """The loss of the best constant on the held-out samples."""
        other = self.estimator
        return loss_of_constant(other._task, other.net_, self.held_out)

    def judged(self) -> tuple[float, np.ndarray | None]:
        """The held-out loss, and the share of the network that it was found with."""
        other, net = self.estimator, self.estimator.net_
        processes = processes_of(other.device)  # rounding may differ between them
        if net.module_.path is None:
            held_out = other._validation_data(self.held_out)
            loss = predict_loss(net, held_out, other.n_threads)
            return processes.broadcast(loss), None
        if self.base is None:  # it does not depend on the weights
            self.base = _base_of(other, self.training)
        readout = Readout(self.base, _states_of(other, self.training))
        judges = read_by(net, self.held_out)
        rows, states = self.base.rows_of(judges), _states_of(other, judges)
        share = readout.share_for(rows, states)
        share = np.array([processes.broadcast(one) for one in share.tolist()])
        return processes.broadcast(readout.loss_of(rows, states, share)), share


def fit_readout(
    estimator: Any, training: Samples, held_out: Samples | None, share: Any
) -> None:
    """Fit the output layer of the estimator's network anew.

    ``share`` (n_outputs,) is that of the network; if it is None, held-out samples say
    it. Without any the network is not trusted.
    """
    net = estimator.net_
    readout = Readout(_base_of(estimator, training), _states_of(estimator, training))
    if share is None and held_out is not None:
        judges = read_by(net, held_out)
        rows = readout.base.rows_of(judges)
        share = readout.share_for(rows, _states_of(estimator, judges))
    readout.write(np.zeros(training.targets.shape[1]) if share is None else share)


def _base_of(estimator: Any, training: Samples) -> Base:
    module, loss = estimator.net_.module_, estimator.net_.criterion_
    return Base(module, read_by(estimator.net_, training), loss)


def _states_of(estimator: Any, samples: Samples) -> np.ndarray:
    """What the output layer reads of the samples that a read-out reads."""
    net = estimator.net_
    inputs = estimator._prediction_data(read_by(net, samples).inputs)
    states = features_of(net, inputs, estimator.n_threads)
    if not np.isfinite(states).all():
        raise ValueError(
            "training diverged: the recurrent layers have states that are infinite or "
            f"NaN. Lower learning_rate_init (now {estimator.learning_rate_init:g}), or "
            "set max_grad_norm=1.0"
        )
    return states

"""Warnings of a fit: meaningless scores, training that has not converged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning

from .._warnings import warn
from ..training import Outcome, Settings, has_fixed_length
from ._normalization import normalized_targets
from ._samples import Samples

_SCALE = (
    "Scale X and y, and X_val and y_val in the same way: for instance with "
    "StandardScaler in a pipeline, and with TransformedTargetRegressor around it"
)
_SCALE_X = (
    "Scale X, for instance with StandardScaler in a pipeline or SequenceScaler, or "
    "lower learning_rate_init"
)
_LOWER_RATE = (
    "Lower learning_rate_init, or raise max_iter or n_iter_no_change, if the loss "
    "still falls"
)
_TOO_SOON = (
    "or training may have stopped too soon: raise n_iter_no_change or "
    "learning_rate_init"
)
_FAR = 20.0  # standard deviations of y; trends and growth stay below
_WIDER, _NARROWER = 20.0, 100.0  # ratios to the spread of y; calm is common
_FEWEST_FOR_SPREAD, _ROUNDING = 10, 1e-6
_CLEARLY = 2.0
_LEAST_GAIN = 0.02  # of few samples; of many, what a single weight gains from noise
_UPDATES_TO_LEARN = 300  # a network has learnt something by then, if it can
_FEW = 30
_FAR_FROM_SETTLED = 10.0  # times the error of a constant, after any number of epochs
_TINY = 1e-300
_SAMPLES_OF_CHANCE = 10.0  # means of few samples differ by chance
_DEVIATIONS_OF_CHANCE = 3.0  # of an accuracy
_IGNORE_OVERFLOW = np.errstate(over="ignore", invalid="ignore")  # inf is handled


@dataclass(frozen=True)
class Fitted:
    """The samples and settings of a fit, and its outcome."""

    task: Any  # Task; ``loss`` and ``quantile`` are those of regressions
    settings: Settings
    net: Any
    training: Samples
    held_out: Samples | None
    outcome: Outcome

    @property
    def score(self) -> float:
        """The validation score of the weights that are kept."""
        scores = self.outcome.scores
        return max(scores) if self.settings.early_stopping else scores[-1]

    @property
    def is_normalized(self) -> bool:
        """Whether the network itself scales what it reads and learns."""
        return bool(self.net.is_normalized)

    @property
    def has_settled(self) -> bool:
        """Whether neither a schedule nor a callback cut the epochs short.

        After few of them a network that learns well may still be worse than a constant.
        """
        if self.outcome.ending.kind == "max_iter":
            return self.has_had_time or not has_fixed_length(self.settings)
        return len(self.outcome.losses) > self.settings.n_iter_no_change

    @property
    def has_had_time(self) -> bool:
        """Whether a recurrent network was updated often enough to learn something."""
        if self.task.as_sklearn:
            return False
        if self.settings.max_iter_is_found:  # more have been tried
            return True
        n_batches = -(-len(self.training) // self.settings.batch_size)
        return n_batches * len(self.outcome.losses) >= _UPDATES_TO_LEARN


@_IGNORE_OVERFLOW
def needs_loss_for_score(
    task: Any, training: Samples, held_out: Samples, how: str, *, stops: bool
) -> bool:
    """Warn of held-out samples that cannot show how good a network is.

    Parameters
    ----------
    task : Task
    training, held_out : Samples
    how : {"given", "auto", "last", "random"}
        How they were held out: given by the user, or by ``validation_split``.
    stops : bool
        Whether their score may end training.

    Returns
    -------
    needs_loss : bool
        Whether the loss must be the score, because R2 is meaningless for a constant
        target.
    """
    if task.classes is not None:
        if how == "given" and stops:
            _warn_of_single_class(task, training, held_out)
        return False
    known, targets = training.table()[0], held_out.table()[0]
    if how == "given":
        _warn_of_scale(known, targets)
    is_constant = (targets == targets[:1]).all(axis=0)
    have_stopped = is_constant & (known != known[:1]).any(axis=0)
    if not (have_stopped.any() or is_constant.all()):
        return False
    if task.as_sklearn and how in ("auto", "random"):
        if have_stopped.any():
            _warn_of_r2(is_constant)
        return False
    warn(
        f"{_what_is_constant(is_constant)}: validation_scores_ therefore holds minus "
        "the loss on the held-out samples. For R2 scores, pass X_val and a y_val that "
        "varies"
    )
    return True


def _warn_of_single_class(task: Any, training: Samples, held_out: Samples) -> None:
    seen = task.classes_in(held_out.targets)
    if len(seen) > 1 or len(task.classes_in(training.targets)) == len(seen):
        return
    warn(
        f"all samples of y_val belong to the class {seen.tolist()[0]!r}: a network "
        "that always predicts it has the best validation score; pass a y_val with all "
        "classes"
    )


def _warn_of_r2(is_constant: np.ndarray) -> None:
    """Warn of samples on which R2 decides, as in scikit-learn."""
    warn(
        f"{_what_is_constant(is_constant)}. As in scikit-learn, R2 still decides which "
        "epoch is kept, and that may be a poor one; pass X_val and a y_val that varies"
    )


def _what_is_constant(is_constant: np.ndarray) -> str:
    what = "The held-out target is constant"
    if len(is_constant) > 1:
        columns = np.flatnonzero(is_constant).tolist()
        what = f"The held-out target is constant in the outputs {columns}"
    return f"{what}, so R2 does not depend on the predictions"


def _warn_of_scale(known: np.ndarray, given: np.ndarray) -> None:
    """Warn if y_val seems to be in other units than y."""
    mean, spread = known.mean(axis=0, dtype="f8"), known.std(axis=0, dtype="f8")
    mean_given, spread_given = given.mean(axis=0, dtype="f8"), given.std(0, dtype="f8")
    is_odd = np.abs(mean_given - mean) > _FAR * spread
    is_odd |= spread_given > _WIDER * spread
    if len(given) >= _FEWEST_FOR_SPREAD:
        moves = spread_given > _ROUNDING * spread
        is_odd |= moves & (_NARROWER * spread_given < spread)
    is_odd &= spread > 0
    if not is_odd.any():
        return
    first = int(np.argmax(is_odd))
    output = f" of output {first}" if known.shape[1] > 1 else ""
    warn(
        f"y_val{output} has mean {mean_given[first]:.4g} and standard deviation "
        f"{spread_given[first]:.4g}, but y has {mean[first]:.4g} and "
        f"{spread[first]:.4g}, as if they were in different units. Transform y_val "
        "like y (TransformedTargetRegressor transforms y alone), or leave out X_val "
        "and y_val to hold out a part of X and y"
    )


@_IGNORE_OVERFLOW
def warn_unless_converged(fitted: Fitted) -> None:
    """Warn if training ended before it converged, or worse than a constant."""
    if fitted.outcome.ending.kind == "interrupted":
        return
    parts = [_unfinished(fitted), _worse_than_constant(fitted)]
    if any(parts):
        warn(". ".join(part for part in parts if part), ConvergenceWarning)


def _unfinished(fitted: Fitted) -> str:
    ending, settings = fitted.outcome.ending, fitted.settings
    if ending.kind == "converged" or has_fixed_length(settings):
        return ""
    if settings.solver == "lbfgs":
        scale = "" if fitted.is_normalized else ", or scale X and y"
        return (
            f"lbfgs failed to converge after {len(fitted.outcome.losses)} "
            f"iteration(s): {ending.message}. Raise max_iter (now "
            f"{settings.max_iter}){scale}"
        )
    remedy = "" if settings.early_stopping else ", or set early_stopping=True"
    return (
        f"Stochastic Optimizer: Maximum iterations ({settings.max_iter}) reached "
        f"and the optimization hasn't converged yet. Raise max_iter{remedy}"
    )


def _worse_than_constant(fitted: Fitted) -> str:
    """The warning if a constant predicts clearly better, else None."""
    training, held_out, scores = fitted.training, fitted.held_out, fitted.outcome.scores
    if fitted.task.as_sklearn and fitted.task.classes is not None:
        return _worse_than_one_class(fitted)
    if fitted.task.classes is not None:
        return _worse_than_shares(fitted) or _worse_in_training(fitted)
    if scores and fitted.net.score is None:  # the target is constant
        return ""
    if not scores or held_out is None:
        return _worse_in_training(fitted)
    score = fitted.score
    chance = 1.1 + _SAMPLES_OF_CHANCE / held_out.n_targets
    clearly = chance if fitted.has_settled else _FAR_FROM_SETTLED
    if held_out.n_targets < _FEW:  # they may be close together by chance
        clearly = max(clearly, _CLEARLY * _error_of_constant(training, held_out))
    # the score is that of the network before the read-out
    has_readout = getattr(fitted.net.module_, "path", None) is not None
    tells_little = has_readout and held_out.n_targets < _FEW
    if tells_little or 1 - score < clearly:  # the squared error of the mean is 1
        return _worse_in_training(fitted)
    advice = "The " if fitted.is_normalized else f"{_SCALE}. If they are scaled, the "
    return (
        f"R2 on the held-out samples is {score:.3g}: the mean of their targets would "
        f"be better than the predictions. {advice}held-out targets may lie at a level "
        f"that training has not seen, {_TOO_SOON}"
    )


def _error_of_constant(training: Samples, held_out: Samples) -> float:
    """The squared error of the mean of training, that of the held-out mean being 1."""
    known, targets = training.table()[0], held_out.table()[0].astype("f8")
    errors = np.square(targets - known.mean(axis=0, dtype="f8")).mean(axis=0)
    return float(np.mean(errors / np.maximum(targets.var(axis=0), _TINY)))


def _worse_than_one_class(fitted: Fitted) -> str:
    if not fitted.outcome.scores or fitted.held_out is None:
        return ""
    targets, weights = fitted.held_out.table()
    kinds = np.unique(targets > 0, axis=0, return_inverse=True)[1].ravel()
    share = np.bincount(kinds, weights).max() / weights.sum()
    n = len(targets)
    expected = (share * n + 1) / (n + 2)  # below 1 even if all are alike
    chance = _DEVIATIONS_OF_CHANCE * np.sqrt(expected * (1 - expected) / n)
    score = fitted.score
    if score >= share - chance:
        return ""
    return (
        f"Accuracy on the held-out samples is {score:.3g}: always predicting the most "
        f"frequent class gives {share:.3g}. Scale X, for instance with "
        "StandardScaler in a pipeline or SequenceScaler. If it is scaled, the held-out "
        f"samples may be unlike those of training, {_TOO_SOON}"
    )


def _worse_than_shares(fitted: Fitted) -> str:
    """The warning if the shares of the classes predict the held-out ones better."""
    if not fitted.outcome.scores or fitted.held_out is None:
        return ""
    loss = -fitted.score
    constant = loss_of_constant(fitted.task, fitted.net, fitted.held_out)
    chance = 1.1 + _SAMPLES_OF_CHANCE / fitted.held_out.n_targets
    clearly = chance if fitted.has_settled else _FAR_FROM_SETTLED
    if not 0 < clearly * constant < loss:
        return ""
    return (
        f"The loss on the held-out samples is {loss:.3g}: predicting for each of them "
        f"the shares of the classes gives {constant:.3g}. The network is too sure of "
        "itself: set early_stopping=True, or raise dropout or alpha. The held-out "
        "samples may also be unlike those of training"
    )


def _worse_in_training(fitted: Fitted) -> str:
    """The warning if a constant predicts the training samples better, or as well."""
    if fitted.outcome.loss is None:
        return ""
    loss = fitted.outcome.loss - fitted.net.penalty()
    constant = loss_of_constant(fitted.task, fitted.net, fitted.training)
    clearly = _CLEARLY if fitted.has_settled else _FAR_FROM_SETTLED
    if 0 < clearly * constant < loss:
        advice = _SCALE if fitted.task.classes is None else _SCALE_X
        return (
            f"The training loss ends at {fitted.outcome.loss:.3g}: a constant "
            f"prediction gives {constant:.3g}. "
            f"{_LOWER_RATE if fitted.is_normalized else advice}"
        )
    least = min(_LEAST_GAIN, 1 / fitted.training.n_targets)
    if fitted.task.as_sklearn or constant == 0 or loss < (1 - least) * constant:
        return ""
    return _learnt_nothing(fitted, loss, constant)


def _learnt_nothing(fitted: Fitted, loss: float, constant: float) -> str:
    """The warning, unless training was too short to tell."""
    settings = fitted.settings
    has_converged = fitted.outcome.ending.kind == "converged" and fitted.has_settled
    if not (has_converged or fitted.has_had_time):
        return ""
    name = "n_iter_no_change" if has_converged else "max_iter"
    rate, limit = f"{settings.learning_rate_init:g}", getattr(settings, name)
    more = f"learning_rate_init (now {rate}) or {name} (now {limit})"
    if settings.max_iter_is_found:  # both are those after the trial
        more = "learning_rate_init or max_iter"
    return (
        f"The network has learnt nothing: the training loss ends at {loss:.4g}, and "
        f"the best constant prediction gives {constant:.4g}. Raise {more}, lower "
        "dropout or alpha, and check that X holds what y depends on"
    )


def loss_of_constant(task: Any, net: Any, samples: Samples) -> float:
    """The loss of a network if one prediction serves all samples.

    It is the mean, or the quantile that the loss asks for; for classes their shares.
    """
    targets, weights = samples.table()
    if task.classes is None and (targets == targets[:1]).all():
        return 0.0  # whatever sums round to
    layer = getattr(net.module_, "output_normalization", None)
    if layer is not None:  # as in the losses of training
        targets = normalized_targets(layer, targets)
    constant = _best_constant(task, targets, weights)
    raw = torch.from_numpy(np.broadcast_to(constant, targets.shape).astype("f8"))
    y, w = torch.from_numpy(targets.astype("f8")), torch.from_numpy(weights)
    arguments = (raw, y, w, float(weights.sum()))
    criterion = net.criterion_
    return float(criterion.reported(criterion(*arguments), *arguments))


def _best_constant(task: Any, targets: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The outputs (n_outputs,) of the network that serve all targets best."""
    mean = np.average(targets, axis=0, weights=weights)
    if task.classes is not None:
        return _scores_of_shares(task, mean)
    if task.loss == "squared_error":
        return mean
    if task.loss == "poisson":
        return np.log(np.maximum(mean, _TINY))
    level = task.quantile if task.loss == "quantile" else 0.5
    return np.quantile(targets, level, axis=0)


def _scores_of_shares(task: Any, shares: np.ndarray) -> np.ndarray:
    """The outputs that predict the shares of the classes, smoothed as targets are."""
    n_classes = len(shares) if task.is_exclusive else 2
    shares = shares * (1 - task.label_smoothing) + task.label_smoothing / n_classes
    if task.is_exclusive:
        return np.log(np.maximum(shares, _TINY))
    return np.log(np.maximum(shares, _TINY)) - np.log(np.maximum(1 - shares, _TINY))

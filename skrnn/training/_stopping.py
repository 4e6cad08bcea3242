"""When training ends, which weights are kept, and how it went."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from skorch.callbacks import Callback

from ._schedules import has_fixed_length
from ._settings import Settings

SMALLEST_RATE = 1e-6
RATE_DIVISOR = 5.0


class StopTraining(Exception):
    """Raised at the end of an epoch to leave the loop; the net is kept as it is."""


class Diverged(ValueError):
    """Raised if training leads to infinite values or NaN."""


def how_it_diverged(history: Any, prefix: str, losses: list[float]) -> str:
    """Where the losses of an epoch become infinite or NaN, and what that means."""
    if prefix == "valid":
        return "the loss on the held-out samples was not finite"
    is_finite = np.isfinite(losses)
    if is_finite.all():
        return "its mean loss was too large for a float"
    first = int(np.argmin(is_finite))
    what = f"the loss was {losses[first]} in batch {first + 1}"
    earlier = [
        epoch["train_loss"] for epoch in history[:-1] if "train_loss" in epoch
    ] + losses[:first]
    if not earlier:
        return f"{what}, before any step: values of X or y are too large"
    return f"{what}, after {earlier[-1]:.3g}: a sign of exploding gradients"


@dataclass(frozen=True)
class Ending:
    """How training ended: "converged", "max_iter", "interrupted" or "failed".

    ``loss`` is the last loss, if no epoch has recorded it; ``message`` is the solver's.
    """

    kind: str
    loss: float | None = None
    message: str = ""


@dataclass(frozen=True)
class Outcome:
    """The ending, and the figures of each epoch."""

    ending: Ending
    losses: list[float]
    scores: list[float]

    @classmethod
    def of(cls, ending: Ending, epochs: Any) -> Outcome:
        """The outcome, with the figures of the epochs of a history."""
        losses = [epoch["train_loss"] for epoch in epochs if "train_loss" in epoch]
        scores = [epoch["valid_score"] for epoch in epochs if "valid_score" in epoch]
        return cls(ending, losses, scores)

    @property
    def loss(self) -> float | None:
        return self.losses[-1] if self.losses else self.ending.loss


@dataclass
class Progress:
    """The best loss or score so far, and for how many epochs it has not improved."""

    of_scores: bool = False  # on held-out data, and not of losses in training
    best: float = -np.inf  # larger is better: a score, or minus the loss
    n_without: int = 0


class Convergence(Callback):
    """scikit-learn's stopping rule, and the best weights on held-out data.

    Stops once more than ``n_iter_no_change`` epochs in a row did not improve by
    ``tol``: on the validation score with ``early_stopping``, else on the training
    loss. A relative ``tol`` is a fraction of the best loss, or of 1 - R2, so that a fit
    that becomes ever more exact continues. With "adaptive" the learning rate is divided
    by 5 instead, until it is under 1e-6. Without held-out data, a schedule of fixed
    length runs to its end, and L-BFGS until its gradient vanishes.

    ``progress`` holds the progress of earlier epochs and is continued here. An
    ``incremental`` fit has no held-out data.
    """

    def __init__(
        self, settings: Settings, progress: Progress, incremental: bool
    ) -> None:
        self.settings = settings
        self.progress = progress
        self.early_stopping = settings.early_stopping and not incremental

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        self.best_weights_: dict[str, torch.Tensor] | None = None
        if self.early_stopping and self.progress.best > -np.inf:
            self.best_weights_ = _copy_of_weights(net.module_)  # kept by the last fit

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        epoch, progress = net.history[-1], self.progress
        merit = epoch["valid_score"] if self.early_stopping else -epoch["train_loss"]
        if merit < progress.best + self._least_gain(net):
            progress.n_without += 1
        else:
            progress.n_without = 0
        if merit > progress.best:
            progress.best = merit
            if self.early_stopping:
                self.best_weights_ = _copy_of_weights(net.module_)
        if progress.n_without > self.settings.n_iter_no_change and self._may_stop():
            self._stop_or_slow_down(net)

    def restore_best(self, net: Any) -> None:
        """Put back the weights with the best validation score."""
        if self.best_weights_ is not None:
            net.module_.load_state_dict(self.best_weights_)

    def state_dict(self) -> dict[str, Any]:
        """The state for :meth:`load_state_dict`, to continue from here."""
        return {"progress": asdict(self.progress), "best_weights": self.best_weights_}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for name, value in state["progress"].items():
            setattr(self.progress, name, value)
        best = state["best_weights"]
        if best is not None:
            best = {name: torch.from_numpy(weight) for name, weight in best.items()}
        self.best_weights_ = best

    def _least_gain(self, net: Any) -> float:
        """By how much an epoch has to be better than the best one."""
        best, tol = self.progress.best, self.settings.tol
        if not self.settings.tol_is_relative or not np.isfinite(best):
            return tol
        return tol * abs(self._perfect_score(net) - best)

    def _perfect_score(self, net: Any) -> float:
        """1 for R2, 0 for minus a loss."""
        return 1.0 if self.early_stopping and net.score is not None else 0.0

    def _may_stop(self) -> bool:
        settings = self.settings
        runs_on = settings.solver == "lbfgs" or has_fixed_length(settings)
        return settings.early_stopping or not runs_on

    def _stop_or_slow_down(self, net: Any) -> None:
        groups, settings = net.optimizer_.param_groups, self.settings
        adapts = settings.learning_rate == "adaptive" and settings.solver != "lbfgs"
        if not adapts or groups[0]["lr"] <= SMALLEST_RATE:
            self._print(net, "Stopping.")
            raise StopTraining
        self.progress.n_without = 0
        for group in groups:
            group["lr"] /= RATE_DIVISOR
        self._print(net, f"Setting learning rate to {groups[0]['lr']:f}")

    def _print(self, net: Any, consequence: str) -> None:
        if self.settings.verbose > 1:
            what = "Validation score" if self.early_stopping else "Training loss"
            of_what = " of 1 - R2" if self._perfect_score(net) else " of itself"
            print(
                f"{what} did not improve by more than tol={self.settings.tol:g}"
                f"{of_what * self.settings.tol_is_relative} for "
                f"{self.settings.n_iter_no_change} consecutive epochs. {consequence}"
            )


def _copy_of_weights(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in module.state_dict().items()}

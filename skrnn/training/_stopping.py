"""When to stop, and which weights to keep."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from skorch.callbacks import Callback

from ._trees import map_leaves

SMALLEST_RATE = 1e-6
RATE_DIVISOR = 5.0


class StopTraining(Exception):
    """Raised at the end of an epoch to leave the loop; the net is kept as it is."""


class Diverged(ValueError):
    """Training has led to numbers that are not finite."""


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
    loss. With ``adaptive`` the learning rate is divided by 5 instead, until it is
    under 1e-6.

    Parameters
    ----------
    progress : Progress
        Where earlier epochs have led; carried on here.
    is_told : bool
        Whether to print what happens.
    """

    def __init__(
        self,
        tol: float,
        n_iter_no_change: float,
        early_stopping: bool,
        adaptive: bool,
        progress: Progress,
        stops: bool = True,
        is_told: bool = False,
    ) -> None:
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.adaptive = adaptive
        self.progress = progress
        self.stops = stops
        self.is_told = is_told

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        self.best_weights_: dict[str, torch.Tensor] | None = None
        if self.early_stopping and self.progress.best > -np.inf:
            self.best_weights_ = _copy_of_weights(net.module_)  # kept by the last fit

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        epoch, progress = net.history[-1], self.progress
        merit = epoch["valid_score"] if self.early_stopping else -epoch["train_loss"]
        if merit < progress.best + self.tol:
            progress.n_without += 1
        else:
            progress.n_without = 0
        if merit > progress.best:
            progress.best = merit
            if self.early_stopping:
                self.best_weights_ = _copy_of_weights(net.module_)
        if self.stops and progress.n_without > self.n_iter_no_change:
            self._stop_or_slow_down(net)

    def restore_best(self, net: Any) -> None:
        """Put back the weights with the best validation score."""
        if self.best_weights_ is not None:
            net.module_.load_state_dict(self.best_weights_)

    def state_dict(self) -> dict[str, Any]:
        """Where the search for the best stands, with the best weights."""
        best = map_leaves(
            self.best_weights_, torch.Tensor, lambda weight: weight.cpu().numpy().copy()
        )
        return {"progress": asdict(self.progress), "best_weights": best}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where :meth:`state_dict` was taken."""
        for name, value in state["progress"].items():
            setattr(self.progress, name, value)
        self.best_weights_ = map_leaves(
            state["best_weights"], np.ndarray, torch.from_numpy
        )

    def _stop_or_slow_down(self, net: Any) -> None:
        groups = net.optimizer_.param_groups
        if not self.adaptive or groups[0]["lr"] <= SMALLEST_RATE:
            self._tell("Stopping.")
            raise StopTraining
        self.progress.n_without = 0
        for group in groups:
            group["lr"] /= RATE_DIVISOR
        self._tell(f"Setting learning rate to {groups[0]['lr']:f}")

    def _tell(self, consequence: str) -> None:
        if self.is_told:
            what = "Validation score" if self.early_stopping else "Training loss"
            print(
                f"{what} did not improve by more than tol={self.tol:g} for "
                f"{self.n_iter_no_change} consecutive epochs. {consequence}"
            )


def _copy_of_weights(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in module.state_dict().items()}

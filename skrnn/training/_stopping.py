"""When to stop, and which weights to keep."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from skorch.callbacks import Callback

SMALLEST_RATE = 1e-6
RATE_DIVISOR = 5.0


class StopTraining(Exception):
    """Raised at the end of an epoch to leave the loop; the net is kept as it is."""


class Convergence(Callback):
    """scikit-learn's stopping rule, and the best weights on held-out data.

    Stops once more than ``n_iter_no_change`` epochs in a row did not improve by
    ``tol``: on the validation score with ``early_stopping``, else on the training
    loss. With ``adaptive`` the learning rate is divided by 5 instead, until it is
    under 1e-6.
    """

    def __init__(
        self,
        tol: float,
        n_iter_no_change: float,
        early_stopping: bool,
        adaptive: bool,
        stops: bool = True,
    ) -> None:
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.adaptive = adaptive
        self.stops = stops

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        self.n_without_progress_ = 0
        self.best_ = -np.inf
        self.best_weights_: dict[str, torch.Tensor] | None = None

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        epoch = net.history[-1]
        merit = epoch["valid_score"] if self.early_stopping else -epoch["train_loss"]
        if merit < self.best_ + self.tol:
            self.n_without_progress_ += 1
        else:
            self.n_without_progress_ = 0
        if merit > self.best_:
            self.best_ = merit
            if self.early_stopping:
                self.best_weights_ = _copy_of_weights(net.module_)
        if self.stops and self.n_without_progress_ > self.n_iter_no_change:
            self._stop_or_slow_down(net)

    def restore_best(self, net: Any) -> None:
        """Put back the weights with the best validation score."""
        if self.best_weights_ is not None:
            net.module_.load_state_dict(self.best_weights_)

    def _stop_or_slow_down(self, net: Any) -> None:
        groups = net.optimizer_.param_groups
        if not self.adaptive or groups[0]["lr"] <= SMALLEST_RATE:
            raise StopTraining
        self.n_without_progress_ = 0
        for group in groups:
            group["lr"] /= RATE_DIVISOR


def _copy_of_weights(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in module.state_dict().items()}

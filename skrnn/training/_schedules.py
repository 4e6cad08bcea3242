"""Learning rates over the course of training."""

from __future__ import annotations

from typing import Any

from skorch.callbacks import Callback, LRScheduler
from torch.optim.lr_scheduler import CosineAnnealingLR, OneCycleLR
from torch.optim.lr_scheduler import LRScheduler as LRPolicy

from ._settings import Settings

SCHEDULES = ("constant", "invscaling", "adaptive", "cosine", "onecycle")


def has_fixed_length(settings: Settings) -> bool:
    """Whether the schedule is planned over max_iter epochs."""
    return settings.solver != "lbfgs" and settings.learning_rate in (
        "cosine",
        "onecycle",
    )


class InverseScaling(Callback):
    """scikit-learn's "invscaling": the rate falls with the number of samples seen.

    An epoch has ``n_samples``, and ``n_samples_seen`` came before; if it ``continues``,
    the first epoch here begins at the rate after those.
    """

    def __init__(
        self, settings: Settings, n_samples: int, n_samples_seen: int, continues: bool
    ) -> None:
        self.settings = settings
        self.n_samples = n_samples
        self.n_samples_seen = n_samples_seen
        self.continues = continues

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        self.n_seen_ = self.n_samples_seen
        if self.continues:
            self._set_rate(net)

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        self.n_seen_ += self.n_samples
        self._set_rate(net)

    def state_dict(self) -> dict[str, Any]:
        """The state for :meth:`load_state_dict`, to continue from here."""
        return {"n_seen": self.n_seen_}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.n_seen_ = state["n_seen"]

    def _set_rate(self, net: Any) -> None:
        rate, power = self.settings.learning_rate_init, self.settings.power_t
        for group in net.optimizer_.param_groups:
            group["lr"] = rate / (self.n_seen_ + 1) ** power


class PlannedSchedule(LRScheduler):
    """skorch's scheduler, which can resume in the middle."""

    def state_dict(self) -> dict[str, Any]:
        """The state for :meth:`load_state_dict`, to continue from here."""
        return {"policy": self.lr_scheduler_.state_dict(), "batch": self.batch_idx_}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.lr_scheduler_.load_state_dict(state["policy"])
        self.batch_idx_ = state["batch"]


def schedule_callbacks(
    settings: Settings,
    n_samples: int,
    n_batches: int,
    n_samples_seen: int = 0,
    *,
    incremental: bool = False,
) -> list[tuple[str, Any]]:
    """The callback that moves the learning rate, if any ("adaptive" is in stopping).

    An incremental fit continues "invscaling", and has no end to plan for.
    """
    name = settings.learning_rate
    if settings.solver == "lbfgs":  # its line search sets the step
        return []
    if name == "invscaling":
        scaling = InverseScaling(settings, n_samples, n_samples_seen, incremental)
        return [("skrnn_learning_rate", scaling)]
    if incremental or not has_fixed_length(settings):
        return []
    if name == "cosine":
        policy: type[LRPolicy] = CosineAnnealingLR
        step_every = "epoch"
        options: dict[str, Any] = {"T_max": settings.max_iter}
    else:
        policy, step_every = OneCycleLR, "batch"
        options = {
            "max_lr": settings.learning_rate_init,
            "total_steps": settings.max_iter * n_batches + 1,
            "cycle_momentum": False,
        }
    callback = PlannedSchedule(
        policy, event_name=None, step_every=step_every, last_epoch=-1, **options
    )
    return [("skrnn_learning_rate", callback)]

"""Learning rates over the course of training."""

from __future__ import annotations

from functools import partial
from typing import Any

from skorch.callbacks import LRScheduler
from torch.optim.lr_scheduler import (
    CosineAnnealingLR,
    LambdaLR,
    OneCycleLR,
)
from torch.optim.lr_scheduler import (
    LRScheduler as LRPolicy,
)

from ._settings import Settings

SCHEDULES = ("constant", "invscaling", "adaptive", "cosine", "onecycle")


def has_fixed_length(settings: Settings) -> bool:
    """Whether the schedule is laid out over max_iter epochs."""
    return settings.solver != "lbfgs" and settings.learning_rate in (
        "cosine",
        "onecycle",
    )


def schedule_callbacks(
    settings: Settings, n_samples: int, n_batches: int, n_samples_seen: int = 0
) -> list[tuple[str, Any]]:
    """The callback that moves the learning rate, if any ("adaptive" is in stopping)."""
    name = settings.learning_rate
    if settings.solver == "lbfgs":  # its line search sets the step
        return []
    if name == "invscaling":
        policy: type[LRPolicy] = LambdaLR
        step_every = "epoch"
        options: dict[str, Any] = {
            "lr_lambda": partial(
                _inverse_scaling, n_samples, n_samples_seen, settings.power_t
            )
        }
    elif name == "cosine":
        policy, step_every = CosineAnnealingLR, "epoch"
        options = {"T_max": settings.max_iter}
    elif name == "onecycle":
        policy, step_every = OneCycleLR, "batch"
        options = {
            "max_lr": settings.learning_rate_init,
            "total_steps": settings.max_iter * n_batches + 1,
            "cycle_momentum": False,
        }
    else:
        return []
    callback = LRScheduler(
        policy, event_name=None, step_every=step_every, last_epoch=-1, **options
    )
    return [("skrnn_learning_rate", callback)]


def _inverse_scaling(
    n_samples: int, n_samples_seen: int, power_t: float, epoch: int
) -> float:
    """scikit-learn's: the rate falls with the number of samples seen."""
    return 1.0 / (n_samples_seen + epoch * n_samples + 1) ** power_t

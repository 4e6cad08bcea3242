"""Learning rates over the course of training."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from skorch.callbacks import Callback
from torch.optim import Optimizer

from ._settings import Settings

SCHEDULES = ("constant", "invscaling", "adaptive", "cosine", "onecycle")

_SHARE_OF_RISE = 0.3  # of the batches of "onecycle"
_RISE = 25.0  # the highest rate over the first one
_FALL = 1e4  # the first rate over the last one


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


class CosineDecay(Callback):
    """The schedule "cosine": the rate falls to zero over ``n_epochs``."""

    def __init__(self, n_epochs: int) -> None:
        self.n_epochs = n_epochs

    def rate_of(self, epoch: int, first: float) -> float:
        """The rate of an epoch, counted from 0, whose rate is ``first``."""
        return first * (1 + math.cos(math.pi * epoch / self.n_epochs)) / 2

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        self.n_done_ = 0
        self.first_ = [group["lr"] for group in net.optimizer_.param_groups]

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        self.n_done_ += 1
        for group, first in zip(net.optimizer_.param_groups, self.first_, strict=True):
            group["lr"] = self.rate_of(self.n_done_, first)

    def state_dict(self) -> dict[str, Any]:
        """The state for :meth:`load_state_dict`, to continue from here."""
        return {"n_done": self.n_done_, "first": self.first_}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.n_done_, self.first_ = state["n_done"], state["first"]


class OneCycle:
    """The rates of "onecycle": they rise to ``highest``, and fall to almost zero.

    The first batch has 1/25 of ``highest``, which is reached after three tenths of
    ``n_batches``; the end has 1/250,000 of it. Both ways follow a cosine, as in torch's
    ``OneCycleLR``. ``n_done`` batches have been trained on.

    References
    ----------
    .. [1] L. Smith and N. Topin, "Super-convergence", 2017.
       https://arxiv.org/abs/1708.07120
    """

    def __init__(self, highest: float, n_batches: int) -> None:
        self.highest = highest
        self.n_batches = n_batches
        self.n_done = 0

    def rate_of(self, batch: int) -> float:
        """The rate of a batch, counted from 0; one more follows the last."""
        lowest = self.highest / _RISE
        peak = _SHARE_OF_RISE * (self.n_batches + 1) - 1  # in batches, not whole
        if batch <= peak:
            return _half_wave(lowest, self.highest, batch / peak)
        share = (batch - peak) / (self.n_batches - peak)
        return _half_wave(self.highest, lowest / _FALL, share)

    def next_rates(self, n_batches: int) -> np.ndarray:
        """Rates of the next batches, (n_batches,)."""
        places = range(self.n_done, self.n_done + n_batches)
        return np.array([self.rate_of(batch) for batch in places])

    def advance(self, optimizer: Optimizer, n_batches: int = 1) -> None:
        """Give the optimiser the rate that follows the next ``n_batches``."""
        self.n_done += n_batches
        for group in optimizer.param_groups:
            group["lr"] = self.rate_of(self.n_done)

    def state_dict(self) -> dict[str, Any]:
        """The state for :meth:`load_state_dict`, to continue from here."""
        return {"n_done": self.n_done}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.n_done = state["n_done"]


def _half_wave(first: float, last: float, share: float) -> float:
    """Between ``first`` and ``last``, after a share of the way, along a cosine."""
    return last + (first - last) / 2.0 * (math.cos(math.pi * share) + 1)


def batch_rates_of(
    settings: Settings, n_batches: int, *, incremental: bool = False
) -> OneCycle | None:
    """The learning rates of batches, if they differ within an epoch of ``n_batches``.

    An incremental fit has no end to plan for.
    """
    is_planned = settings.learning_rate == "onecycle" and has_fixed_length(settings)
    if incremental or not is_planned:
        return None
    return OneCycle(settings.learning_rate_init, settings.max_iter * n_batches)


def schedule_callbacks(
    settings: Settings,
    n_samples: int,
    n_samples_seen: int = 0,
    *,
    incremental: bool = False,
) -> list[tuple[str, Any]]:
    """The callback that moves the learning rate after epochs, if any.

    "adaptive" is in stopping, "onecycle" in :func:`batch_rates_of`.

    An incremental fit continues "invscaling", and has no end to plan for.
    """
    name = settings.learning_rate
    if settings.solver == "lbfgs":  # its line search sets the step
        return []
    if name == "invscaling":
        scaling = InverseScaling(settings, n_samples, n_samples_seen, incremental)
        return [("skrnn_learning_rate", scaling)]
    if name == "cosine" and not incremental:
        return [("skrnn_learning_rate", CosineDecay(settings.max_iter))]
    return []

"""The settings of a training."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any


@dataclass(frozen=True)
class Settings:
    """Settings of the training of a network.

    Fields are the parameters of the same name, if an estimator has one.
    """

    solver: Any
    alpha: float
    batch_size: Any  # a number, but "auto" until it is planned
    learning_rate: str
    learning_rate_init: float
    max_iter: Any  # likewise
    tol: float
    verbose: int
    max_grad_norm: float | None
    early_stopping: bool
    n_iter_no_change: Any  # likewise
    n_threads: int | str
    callbacks: Any
    net_params: dict[str, Any] | None
    power_t: float
    shuffle: bool
    momentum: float
    nesterovs_momentum: bool
    beta_1: float
    beta_2: float
    epsilon: float
    device: str  # as the user names it
    max_fun: int = 15_000  # only MLPs set it
    steps_as_sklearn: bool = False  # even if torch's differ
    tol_is_relative: bool = False  # to the best value so far
    max_iter_is_found: bool = False  # by a trial

    def without_callbacks(self) -> Settings:
        """The same settings without callbacks, to store with a fitted net."""
        return replace(self, callbacks=None)

    @classmethod
    def of(cls, estimator: Any) -> Settings:
        """The settings among the parameters of an estimator."""
        # not get_params: __init__ of a user's subclass may take fewer
        names = [one.name for one in fields(cls) if hasattr(estimator, one.name)]
        values = {name: getattr(estimator, name) for name in names}
        values["device"] = str(values["device"])  # it may be a torch.device
        return cls(**values)

"""From a solver's name to a torch optimiser."""

from __future__ import annotations

from typing import Any

import torch
from torch.optim import Optimizer

from ._settings import Settings

SINGLE_STEP_SOLVERS = ("adam", "adamw", "sgd", "rmsprop", "adagrad", "adadelta")
SOLVERS = (*SINGLE_STEP_SOLVERS, "lbfgs")


def optimizer_of(settings: Settings) -> tuple[type[Optimizer], dict[str, Any]]:
    """Optimiser class and its keyword arguments, the learning rate aside.

    Raises
    ------
    ValueError
        If the solver is neither a known name nor a ``torch.optim.Optimizer`` class.
    """
    solver = settings.solver
    if isinstance(solver, type) and issubclass(solver, Optimizer):
        return solver, {}
    adam = {"betas": (settings.beta_1, settings.beta_2), "eps": settings.epsilon}
    momentum = {"momentum": settings.momentum}
    nesterov = settings.nesterovs_momentum and settings.momentum > 0
    table: dict[str, tuple[type[Optimizer], dict[str, Any]]] = {
        "adam": (torch.optim.Adam, {**adam, "fused": True}),
        "adamw": (
            torch.optim.AdamW,
            {**adam, "weight_decay": settings.alpha, "fused": True},
        ),
        "sgd": (torch.optim.SGD, {**momentum, "nesterov": nesterov, "fused": True}),
        "rmsprop": (torch.optim.RMSprop, {"eps": settings.epsilon}),
        "adagrad": (torch.optim.Adagrad, {}),
        "adadelta": (torch.optim.Adadelta, {}),
        "lbfgs": (
            torch.optim.LBFGS,
            {"max_iter": 1, "line_search_fn": "strong_wolfe"},
        ),
    }
    if solver not in table:
        raise ValueError(
            f"solver must be one of {list(SOLVERS)} or a torch.optim.Optimizer class, "
            f"got {solver!r}"
        )
    return table[solver]


def starting_rate(settings: Settings) -> float:
    """``learning_rate_init``, but 1 for L-BFGS, whose line search sets the step."""
    return 1.0 if settings.solver == "lbfgs" else settings.learning_rate_init

"""From a solver's name to a torch optimiser."""

from __future__ import annotations

from typing import Any

import torch
from torch.optim import Optimizer

from ._optimizers import SGD, Adam
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
        "adam": (
            Adam if settings.steps_as_sklearn else torch.optim.Adam,
            {**adam, "fused": True},
        ),
        "adamw": (
            torch.optim.AdamW,
            {**adam, "weight_decay": settings.alpha, "fused": True},
        ),
        "sgd": (
            SGD if settings.steps_as_sklearn else torch.optim.SGD,
            {**momentum, "nesterov": nesterov, "fused": True},
        ),
        "rmsprop": (torch.optim.RMSprop, {"eps": settings.epsilon}),
        "adagrad": (torch.optim.Adagrad, {}),
        "adadelta": (torch.optim.Adadelta, {}),
        "lbfgs": (torch.optim.SGD, {}),  # never steps: SciPy has its own
    }
    if solver not in table:
        raise ValueError(
            f"solver must be one of {list(SOLVERS)} or a torch.optim.Optimizer class, "
            f"got {solver!r}"
        )
    return table[solver]

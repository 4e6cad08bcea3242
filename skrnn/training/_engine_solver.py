"""The state of a torch optimiser, as the compiled engine reads it and moves it on."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.optim.optimizer import (
    _global_optimizer_post_hooks,
    _global_optimizer_pre_hooks,
)

from ..engine import SolverPart
from ._optimizers import SGD, Adam, AdamW, TorchAdam, TorchSGD

_NAMES: dict[type, str] = {
    **dict.fromkeys((Adam, TorchAdam, torch.optim.Adam), "adam"),
    **dict.fromkeys((AdamW, torch.optim.AdamW), "adamw"),
    **dict.fromkeys((SGD, TorchSGD, torch.optim.SGD), "sgd"),
}


def can_step(optimizer: torch.optim.Optimizer, parameters: list[Any]) -> bool:
    """Whether the engine takes the steps that this optimiser would take."""
    groups = optimizer.param_groups
    if type(optimizer) not in _NAMES or len(groups) != 1:
        return False
    own = optimizer._optimizer_step_pre_hooks, optimizer._optimizer_step_post_hooks
    if any((*own, _global_optimizer_pre_hooks, _global_optimizer_post_hooks)):
        return False
    if "step" in vars(optimizer):  # by a scheduler, which counts calls, or by the user
        return False
    group = groups[0]
    decays = group["weight_decay"] and _NAMES[type(optimizer)] != "adamw"
    options = ("amsgrad", "maximize", "dampening", "differentiable")
    if decays or any(group.get(option) for option in options):
        return False
    if not isinstance(group["lr"], float) or len(_step_counts(optimizer)) > 1:
        return False
    return all(map(_is, group["params"], parameters))


def _step_counts(optimizer: torch.optim.Optimizer) -> set[float]:
    """How often each parameter has moved: less often if it was frozen for a while."""
    states = [optimizer.state.get(p, {}) for p in optimizer.param_groups[0]["params"]]
    return {float(state.get("step", 0)) for state in states}


def _is(one: Any, other: Any) -> bool:
    return one is other


class CompiledSolver:
    """An optimiser of torch whose steps the engine takes, with its own state."""

    def __init__(self, optimizer: Any) -> None:
        self.optimizer = optimizer
        self.group = optimizer.param_groups[0]
        self.name = _NAMES[type(optimizer)]
        self.states = [optimizer.state[p] for p in self.group["params"]]
        self.steps: list[np.ndarray] = []
        self.is_as_sklearn = type(optimizer) in (Adam, SGD)

    def part(self, alpha: float, max_grad_norm: float | None) -> SolverPart:
        """The solver for the next batches."""
        group = self.group
        options: dict[str, Any] = {"alpha": alpha, "max_norm": max_grad_norm or 0.0}
        if self.name == "sgd":
            options |= {
                "momentum": group["momentum"],
                "is_nesterov": group["nesterov"],
                "rescales": self.is_as_sklearn,
                "last_rate": group.get("last_lr", 0.0),
                "n_steps": int(self._has_velocity()),
                "first": self._arrays("momentum_buffer") if group["momentum"] else (),
            }
            return SolverPart("sgd", **options)
        self._begin_adam()
        self.steps = [state["step"].numpy() for state in self.states]
        beta_1, beta_2 = group["betas"]
        return SolverPart(
            self.name,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=group["epsilon"] if self.is_as_sklearn else group["eps"],
            corrects_epsilon=self.is_as_sklearn,
            decay=group["weight_decay"],
            n_steps=int(self.states[0]["step"]),
            first=self._arrays("exp_avg"),
            second=self._arrays("exp_avg_sq"),
            **options,
        )

    def advance(self, rates: np.ndarray, part: Any) -> None:
        """Note a step at each of these rates, also in the engine's ``part``."""
        group = self.group
        if self.name != "sgd":
            part.n_steps += len(rates)
            for step in self.steps:
                step += len(rates)
            if self.is_as_sklearn:
                self.optimizer.advance(len(rates))
            return
        part.n_steps = 1
        positive = rates[rates > 0]
        if self.is_as_sklearn and len(positive):
            part.last_rate = group["last_lr"] = float(positive[-1])

    def _begin_adam(self) -> None:
        """The state that torch makes before its first step."""
        for p, state in zip(self.group["params"], self.states, strict=True):
            if not state:
                state["step"] = torch.zeros((), dtype=torch.float32)
                state["exp_avg"] = torch.zeros_like(p.detach())
                state["exp_avg_sq"] = torch.zeros_like(p.detach())

    def _has_velocity(self) -> bool:
        return any(s.get("momentum_buffer") is not None for s in self.states)

    def _arrays(self, name: str) -> list[np.ndarray]:
        for p, state in zip(self.group["params"], self.states, strict=True):
            if state.get(name) is None:
                state[name] = torch.zeros_like(p.detach())
        return [state[name].numpy() for state in self.states]

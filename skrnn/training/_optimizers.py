"""The torch optimiser of each solver, some with scikit-learn's update rules."""

from __future__ import annotations

import copy
import math
from inspect import unwrap
from typing import TYPE_CHECKING, Any

import torch
from torch.optim import Optimizer

from ._settings import Settings

SINGLE_STEP_SOLVERS = ("adam", "adamw", "sgd", "rmsprop", "adagrad", "adadelta")
SOLVERS = (*SINGLE_STEP_SOLVERS, "lbfgs")
_IMMUTABLE = (str, bool, int, float, type(None))


_Base: Any = Optimizer if TYPE_CHECKING else object


class Uncompiled(_Base):
    """An optimiser that nobody compiles, as a base before a class of torch.

    Its methods are torch's own without the decorators for ``torch.compile``, which
    import ``torch._dynamo``: a second of the first fit of a process.
    """

    add_param_group = unwrap(Optimizer.add_param_group)
    load_state_dict = unwrap(Optimizer.load_state_dict)
    state_dict = unwrap(Optimizer.state_dict)
    zero_grad = unwrap(Optimizer.zero_grad)

    def step(self, closure: Any = None) -> Any:
        with torch.set_grad_enabled(self.defaults["differentiable"]):
            return unwrap(super().step)(self, closure)


class TorchAdam(Uncompiled, torch.optim.Adam):
    """torch's Adam."""


class AdamW(Uncompiled, torch.optim.AdamW):
    """torch's AdamW."""


class TorchSGD(Uncompiled, torch.optim.SGD):
    """torch's SGD."""


class RMSprop(Uncompiled, torch.optim.RMSprop):
    """torch's RMSprop."""


class Adagrad(Uncompiled, torch.optim.Adagrad):
    """torch's Adagrad."""


class Adadelta(Uncompiled, torch.optim.Adadelta):
    """torch's Adadelta."""


class Adam(TorchAdam):
    """Adam with ``eps`` added after the correction of the bias, not before.

    scikit-learn does so, and the paper in its last line of section 2; torch adds it to
    the corrected root of the second moment.
    """

    def __init__(self, params: Any, **options: Any) -> None:
        super().__init__(params, **options)
        for group in self.param_groups:
            group |= {"epsilon": group["eps"], "n_steps": 0}

    def step(self, closure: Any = None) -> Any:
        self.advance()
        return super().step(closure)

    def advance(self, n_steps: int = 1) -> None:
        """Count steps, and correct ``eps`` for the last of them."""
        for group in self.param_groups:
            group["n_steps"] += n_steps
            correction = 1 - group["betas"][1] ** group["n_steps"]
            group["eps"] = group["epsilon"] / math.sqrt(correction)


class SGD(TorchSGD):
    """SGD whose velocity keeps the learning rate of each step, as in scikit-learn.

    torch multiplies all of the momentum by the newest rate. The two are the same while
    the rate is constant.
    """

    def step(self, closure: Any = None) -> Any:
        for group in self.param_groups:
            last, rate = group.get("last_lr", group["lr"]), group["lr"]
            if rate > 0:
                group["last_lr"] = rate
                if rate != last:
                    self._rescale(group, last / rate)
        return super().step(closure)

    def _rescale(self, group: dict[str, Any], factor: float) -> None:
        for parameter in group["params"]:
            buffer = self.state[parameter].get("momentum_buffer")
            if buffer is not None:
                buffer.mul_(factor)


def optimizer_of(settings: Settings) -> tuple[type[Optimizer], dict[str, Any]]:
    """Optimiser class and its keyword arguments, without the learning rate."""
    solver, as_sklearn = settings.solver, settings.steps_as_sklearn
    if isinstance(solver, type) and issubclass(solver, Optimizer):
        return solver, {}
    adam = {
        "betas": (settings.beta_1, settings.beta_2),
        "eps": settings.epsilon,
        "fused": True,
    }
    sgd = {
        "momentum": settings.momentum,
        "nesterov": settings.nesterovs_momentum and settings.momentum > 0,
        "fused": True,
    }
    table: dict[str, tuple[type[Optimizer], dict[str, Any]]] = {
        "adam": (Adam if as_sklearn else TorchAdam, adam),
        "adamw": (AdamW, {**adam, "weight_decay": settings.alpha}),
        "sgd": (SGD if as_sklearn else TorchSGD, sgd),
        "rmsprop": (RMSprop, {"eps": settings.epsilon}),
        "adagrad": (Adagrad, {}),
        "adadelta": (Adadelta, {}),
        "lbfgs": (TorchSGD, {}),  # never used: SciPy takes the steps
    }
    if solver not in table:
        raise ValueError(
            f"solver must be one of {list(SOLVERS)} or a torch.optim.Optimizer class, "
            f"got {solver!r}"
        )
    return table[solver]


def load_state(optimizer: Optimizer, state: dict[str, Any]) -> None:
    """Like ``optimizer.load_state_dict``, but keep the dtypes of the state.

    torch casts the whole state to the dtype of the weights, which rounds what NAdam and
    ASGD keep in another dtype.
    """
    optimizer.load_state_dict(state)
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    for place, values in state["state"].items():
        own = optimizer.state[parameters[place]]
        for name, value in values.items():
            if isinstance(value, torch.Tensor) and own[name].dtype != value.dtype:
                own[name] = value.clone().to(own[name].device)


def copied(state: Any) -> Any:
    """A copy of a ``state_dict``, made more quickly than by ``copy.deepcopy``."""
    if isinstance(state, torch.Tensor):
        return state.detach().clone()
    if isinstance(state, dict):
        return {key: copied(value) for key, value in state.items()}
    if type(state) is list:
        return [copied(value) for value in state]
    return state if isinstance(state, _IMMUTABLE) else copy.deepcopy(state)

"""Build a net from settings, and from what users pass to skorch directly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from ._batches import BatchLoader
from ._net import DeviceNet
from ._optimizers import SINGLE_STEP_SOLVERS, optimizer_of
from ._settings import Settings

_PARAMETERS = {  # the estimator's, by the key of skorch (or the start of several keys)
    "alpha": "alpha",
    "batch_size": "batch_size",
    "callbacks": "callbacks",
    "callbacks__": "callbacks",
    "criterion": "loss, if the estimator has it",
    "criterion__": "loss",
    "device": "device",
    "iterator_": "batch_size and shuffle",
    "lr": "learning_rate_init",
    "max_epochs": "max_iter",
    "module": "hidden_layer_sizes and the class of the estimator",
    "module__": "of that name, for instance dropout",
    "optimizer": "solver",
    "optimizer__betas": "beta_1 and beta_2",
    "optimizer__eps": "epsilon",
    "optimizer__lr": "learning_rate_init",
    "optimizer__momentum": "momentum",
    "optimizer__nesterov": "nesterovs_momentum",
    "optimizer__weight_decay": "alpha",
    "train_split": "early_stopping, or X_val and y_val in fit",
    "verbose": "verbose",
    "warm_start": "warm_start",
}
_COMPILE_KEYS = {"compile__mode", "compile__dynamic", "compile__fullgraph"}


def build_net(
    module: type[nn.Module],
    module_params: dict[str, Any],
    loss: nn.Module,
    settings: Settings,
    score: Callable[..., float] | None,
    device: torch.device,
) -> DeviceNet:
    """An initialised net, ready to train or to be given weights.

    Raises
    ------
    ValueError
        If the solver is unknown, or ``net_params`` sets an argument that the estimator
        decides, or that can make ``torch.compile`` run a program.
    """
    optimizer, optimizer_params = optimizer_of(settings)
    options: dict[str, Any] = {
        "module": module,
        "criterion": loss,
        "optimizer": optimizer,
        "lr": settings.learning_rate_init,
        "score": score,
        "uses_closure": settings.solver not in SINGLE_STEP_SOLVERS,
        "max_epochs": settings.max_iter,
        "iterator_train": BatchLoader,
        "iterator_valid": BatchLoader,
        "train_split": None,
        "verbose": 0,
        "device": device,
        **{f"module__{name}": value for name, value in module_params.items()},
        **{f"optimizer__{name}": value for name, value in optimizer_params.items()},
    }
    net_params = settings.net_params or {}
    for key in net_params:
        _check_net_param(key, key in options)
    net = DeviceNet(**options, **net_params)
    with torch.inference_mode(False):  # inference tensors could never be trained
        return net.initialize() if net_params else _assembled(net, module_params)


def _assembled(net: DeviceNet, module_params: dict[str, Any]) -> DeviceNet:
    """Like ``initialize``, of a new net on whose arguments skorch has no say.

    It takes less than half of the time: skorch looks for the arguments of each part
    among all, checks their names, and moves every weight to its device.
    """
    net.initialize_virtual_params()
    net.callbacks_ = []
    is_elsewhere = torch.device(net.device).type != "cpu"
    with net._current_init_context("module"):
        module = net.module(**module_params)
        net.module_ = module.to(net.device) if is_elsewhere else module
    with net._current_init_context("criterion"):
        loss = net.criterion
        net.criterion_ = loss.to(net.device) if is_elsewhere else loss
    net._initialize_optimizer()
    net.initialize_history()
    net.initialized_ = True
    return net


def _check_net_param(key: str, is_decided: bool) -> None:
    """Raise if ``net_params`` may not set a key of skorch.

    Options of the optimiser that its solver leaves open may be set.
    """
    names = [name for name in _PARAMETERS if name.endswith("_")]
    name = next((name for name in names if key.startswith(name)), key)
    is_open = key.startswith("optimizer__") and key != "optimizer__lr"
    if name in _PARAMETERS and (is_decided or not is_open):
        parameter = _PARAMETERS[name]
        raise ValueError(
            f"net_params cannot set {key!r}; use the parameter {parameter}"
        )
    if is_decided or key == "optimizer__foreach":
        raise ValueError(
            f"net_params cannot set {key!r}, which the estimator decides itself"
        )
    if key.startswith("compile__") and key not in _COMPILE_KEYS:
        raise ValueError(
            f"net_params cannot set {key!r}: it could run a program, also from a "
            f"file that you load; allowed are {', '.join(sorted(_COMPILE_KEYS))}"
        )

"""Take a net apart into NumPy arrays, and put it together again."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ._net import DeviceNet
from ._optimizers import load_state
from ._trees import map_leaves

_OF_THE_SHAPE_OF_WEIGHTS = {
    "exp_avg",
    "exp_avg_sq",
    "max_exp_avg_sq",
    "momentum_buffer",
    "square_avg",
    "grad_avg",
    "acc_delta",
    "sum",
}


def weights_of(net: DeviceNet) -> dict[str, np.ndarray]:
    """The weights as NumPy arrays, from whatever device."""
    state = net.module_.state_dict()
    return {name: value.detach().cpu().numpy().copy() for name, value in state.items()}


def set_weights(net: DeviceNet, weights: dict[str, np.ndarray]) -> None:
    """Give a net the weights that :func:`weights_of` returned.

    Raises
    ------
    ValueError
        If they are those of another network.
    """
    _check_weights(net.module_, weights)
    with torch.inference_mode(False):
        tensors = {name: torch.from_numpy(np.array(w)) for name, w in weights.items()}
        net.module_.load_state_dict(tensors)
    net.module_.eval()


def momenta_of(net: DeviceNet) -> dict[str, Any]:
    """What training goes on from besides the weights, as NumPy arrays."""
    is_on_host = torch.device(net.device).type == "cpu"  # generators differ elsewhere
    masks = [layer.get_state() if is_on_host else None for layer in net.dropouts()]
    return {
        "optimizer": map_leaves(net.optimizer_.state_dict(), torch.Tensor, _to_array),
        "dropout": map_leaves(masks, torch.Tensor, _to_array),
    }


def set_momenta(net: DeviceNet, momenta: dict[str, Any]) -> None:
    """Give a net what :func:`momenta_of` returned.

    Raises
    ------
    ValueError
        If they are those of another network.
    """
    _check_momenta(net.optimizer_, momenta["optimizer"]["state"])
    with torch.inference_mode(False):
        state = map_leaves(momenta["optimizer"], np.ndarray, _to_tensor)
        load_state(net.optimizer_, state)
        if torch.device(net.device).type != "cpu":
            return
        masks = map_leaves(momenta["dropout"], np.ndarray, _to_tensor)
        for layer, mask in zip(net.dropouts(), masks, strict=True):
            layer.restart_from(mask)


def _check_weights(module: torch.nn.Module, weights: dict[str, np.ndarray]) -> None:
    expected = {name: tuple(v.shape) for name, v in module.state_dict().items()}
    given = {name: np.shape(weight) for name, weight in weights.items()}
    if given != expected:
        names = sorted(set(expected) | set(given))
        name = next(n for n in names if given.get(n) != expected.get(n))
        raise ValueError(
            f"the weights do not fit the network: {name} has shape {given.get(name)}, "
            f"expected {expected.get(name)}"
        )


def _check_momenta(optimizer: torch.optim.Optimizer, state: dict[int, Any]) -> None:
    """Kernels of torch write to them without looking at their shapes."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    for place, values in state.items():
        shape = tuple(parameters[place].shape)
        for name in _OF_THE_SHAPE_OF_WEIGHTS & set(values):
            value = values[name]
            if value is None:
                continue
            if np.shape(value) != shape or np.asarray(value).dtype.kind != "f":
                raise ValueError(
                    f"{name} of the solver has shape {np.shape(value)}, but the "
                    f"weights that it belongs to {shape}"
                )


def _to_array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy().copy()


def _to_tensor(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.array(array))  # a copy: the array may be a file's

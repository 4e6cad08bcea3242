"""Take a net apart into NumPy arrays, and put it together again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from ._net import DeviceNet
from ._optimizers import load_state

_OF_THE_SHAPE_OF_WEIGHTS = {"exp_avg", "exp_avg_sq", "max_exp_avg_sq", "square_avg"} | {
    *("grad_avg", "acc_delta", "momentum_buffer", "sum")
}


def weights_of(net: DeviceNet) -> dict[str, np.ndarray]:
    """The weights as NumPy arrays, from any device."""
    return to_arrays(net.module_.state_dict())


def set_weights(net: DeviceNet, weights: dict[str, np.ndarray]) -> None:
    """Give a net the weights that :func:`weights_of` returned, if they fit it."""
    _check_weights(net.module_, weights)
    with torch.inference_mode(False):
        tensors = {name: torch.from_numpy(np.array(w)) for name, w in weights.items()}
        net.module_.load_state_dict(tensors)
    net.module_.eval()


def momenta_of(net: DeviceNet) -> dict[str, Any]:
    """The state that training resumes from besides the weights, as NumPy arrays."""
    return to_arrays({"optimizer": net.optimizer_.state_dict(), "draws": net.draws()})


def set_momenta(net: DeviceNet, momenta: dict[str, Any]) -> None:
    """Give a net what :func:`momenta_of` returned, if it fits."""
    _check_momenta(net.optimizer_, momenta["optimizer"]["state"])
    with torch.inference_mode(False):
        load_state(net.optimizer_, _to_tensors(momenta["optimizer"]))
    net.set_draws(momenta["draws"])


def to_arrays(tree: Any) -> Any:
    """A tree of dicts, lists and tuples with copies of its tensors as arrays."""
    return _map_leaves(tree, torch.Tensor, lambda t: t.detach().cpu().numpy().copy())


def _to_tensors(tree: Any) -> Any:
    # copy: the arrays may belong to a file
    return _map_leaves(
        tree, np.ndarray, lambda array: torch.from_numpy(np.array(array))
    )


def _map_leaves(tree: Any, kind: type, change: Callable[[Any], Any]) -> Any:
    """A tree with its leaves of one kind changed."""
    if isinstance(tree, kind):
        return change(tree)
    if isinstance(tree, dict):
        return {key: _map_leaves(value, kind, change) for key, value in tree.items()}
    if type(tree) in (list, tuple):
        return type(tree)(_map_leaves(value, kind, change) for value in tree)
    return tree


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
    """Raise if shapes differ: torch's kernels write without checking them."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    for place, values in state.items():
        shape = tuple(parameters[place].shape)
        for name in _OF_THE_SHAPE_OF_WEIGHTS & set(values):
            value = values[name]
            if value is None:
                continue
            if np.shape(value) != shape or np.asarray(value).dtype.kind != "f":
                raise ValueError(
                    f"{name} of the solver has shape {np.shape(value)}, but its "
                    f"weights have shape {shape}"
                )

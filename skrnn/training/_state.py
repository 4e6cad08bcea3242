"""Take a net apart into NumPy arrays, and put it together again."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ._net import DeviceNet
from ._trees import map_leaves


def weights_of(net: DeviceNet) -> dict[str, np.ndarray]:
    """The weights as NumPy arrays, from whatever device."""
    state = net.module_.state_dict()
    return {name: value.detach().cpu().numpy().copy() for name, value in state.items()}


def set_weights(net: DeviceNet, weights: dict[str, np.ndarray]) -> None:
    """Give a net the weights that :func:`weights_of` returned."""
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
    """Give a net what :func:`momenta_of` returned."""
    with torch.inference_mode(False):
        state = map_leaves(momenta["optimizer"], np.ndarray, _to_tensor)
        net.optimizer_.load_state_dict(state)
        if torch.device(net.device).type != "cpu":
            return
        masks = map_leaves(momenta["dropout"], np.ndarray, _to_tensor)
        for layer, mask in zip(net.dropouts(), masks, strict=True):
            layer.restart_from(mask)


def _to_array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy().copy()


def _to_tensor(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.array(array))  # a copy: the array may be a file's

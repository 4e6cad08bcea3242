"""Predictions along one series, row by row."""

from __future__ import annotations

import numpy as np
import torch

from ..modules import NetworkState
from ._arrays import to_tensor
from ._net import DeviceNet
from ._threads import choose_threads, limit_threads

_LARGEST_PART = 2**13  # rows at once


def threads_to_follow(net: DeviceNet, n_threads: int | str) -> int | str:
    """``"auto"`` decided for a network, which takes longer than a small step of it."""
    if n_threads == "auto" and not net.module_.is_worth_sharing(1):
        return 1
    return n_threads


def follow(
    net: DeviceNet, rows: np.ndarray, state: NetworkState | None, n_threads: int | str
) -> tuple[np.ndarray, NetworkState | None]:
    """Predictions after each row (n_rows, n_outputs), and the state after all of them.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_features)
        What follows in the series.
    state : NetworkState or None
        After the rows before; None if there were none. It is not changed.
    """
    module = net.module_
    parts = []
    with limit_threads(choose_threads(n_threads, module, 1)), torch.inference_mode():
        for first in range(0, len(rows), _LARGEST_PART):
            part = to_tensor(rows[first : first + _LARGEST_PART], net.device)
            outputs, state = module.follow(part[None], state)  # (1, time, feature)
            parts.append(net.criterion_.predictions(outputs).cpu().numpy())
    return parts[0] if len(parts) == 1 else np.concatenate(parts), state

"""From NumPy arrays to tensors on a device."""

from __future__ import annotations

import numpy as np
import torch


def to_tensor(array: np.ndarray, device: torch.device) -> torch.Tensor:
    """A tensor on ``device``; on the CPU it shares the memory of the array."""
    array = np.ascontiguousarray(array)
    if not array.flags.writeable:
        array = _without_readonly_flag(array)
    with torch.inference_mode(False):  # whatever the caller's mode, fit it for training
        try:
            return torch.from_numpy(array).to(device)
        except torch.OutOfMemoryError as error:
            raise torch.OutOfMemoryError(
                f"{device} has no room for the data ({array.nbytes / 2**20:.0f} MiB); "
                'use device="cpu", or partial_fit on parts of them'
            ) from error


class _Writeable:
    """Shows an array's memory without its read-only flag."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array  # keeps the memory alive
        interface = dict(array.__array_interface__)
        interface["data"] = (interface["data"][0], False)
        self.__array_interface__ = interface


def _without_readonly_flag(array: np.ndarray) -> np.ndarray:
    """The same memory, so that torch, which cannot hold the flag, does not warn.

    Only ever read here. A warnings filter would do the same, but not in threads.
    """
    return np.asarray(_Writeable(array))

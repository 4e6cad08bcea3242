"""Choose the device that a network runs on."""

from __future__ import annotations

import os
from typing import Any

import torch

from .._warnings import warn
from ._processes import launched_state

_EXPECTED = (
    '"auto", "cpu", "cuda", "cuda:<number>", "mps", "accelerate" or a torch.device'
)


def resolve_device(device: str | torch.device, dtype: str) -> torch.device:
    """The device meant by a ``device`` parameter, if it can be used here.

    ``"auto"`` takes CUDA, then MPS (which has no float64), then the CPU;
    ``"accelerate"`` the device of this process among those of a launch.

    Raises
    ------
    ValueError
        If the name is unknown, or the device is absent or cannot hold ``dtype``.
    ImportError
        If accelerate is needed and not installed.
    """
    if isinstance(device, str) and device == "auto":
        return _best_device(dtype)
    if isinstance(device, str) and device == "accelerate":
        device = _device_of_process(dtype)
    try:
        resolved = torch.device(device)
    except RuntimeError:
        resolved = None
    if resolved is None or resolved.type not in ("cpu", "cuda", "mps"):
        raise ValueError(
            f"device must be {_EXPECTED}, got {device!r}; here there are "
            f"{available_devices()}"
        )
    if resolved.type == "mps" and dtype == "float64":
        raise ValueError(
            'device="mps" cannot compute in float64; use dtype="float32" (for an MLP '
            'X.astype("float32")), or device="cpu"'
        )
    if not _is_available(resolved):
        raise ValueError(
            f"device={str(device)!r} is not available; here there are "
            f'{available_devices()}. device="auto" takes the best of them'
        )
    return resolved


def as_text(parameter: Any) -> Any:
    """The name of a device or path, for files, which only hold data."""
    is_named = isinstance(parameter, (torch.device, os.PathLike))
    return str(parameter) if is_named else parameter


def device_after_loading(device: str | torch.device, dtype: str) -> torch.device:
    """Like :func:`resolve_device`, but replace an absent device, with a warning."""
    try:
        return resolve_device(device, dtype)
    except (ValueError, ImportError):
        found = _best_device(dtype)
        warn(
            f"the estimator was saved with device={str(device)!r}, which is not "
            f"available here; it was loaded on {str(found)!r}",
        )
        return found


def available_devices() -> list[str]:
    """Names of the devices that can be used here."""
    names = ["cpu"]
    if torch.cuda.is_available():
        names += [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        names.append("mps")
    return names


def _best_device(dtype: str) -> torch.device:
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available() and dtype != "float64":
        return torch.device("mps")
    return torch.device("cpu")


def _device_of_process(dtype: str) -> torch.device:
    device = launched_state().device
    if device.type == "mps":  # it is never one of several
        return _best_device(dtype)
    return torch.device("cpu") if device.type == "cpu" else device  # without a number


def _is_available(device: torch.device) -> bool:
    number = device.index or 0
    name = f"cuda:{number}" if device.type == "cuda" else device.type
    return name in available_devices() and (number == 0 or device.type == "cuda")

"""Which device a network runs on."""

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
    """The device meant by a ``device`` parameter, checked to be there.

    ``"auto"`` takes CUDA, then MPS (which has no float64), then the CPU;
    ``"accelerate"`` the device of this process among those of a launch.

    Raises
    ------
    ValueError
        If the name is unknown, the device is not there, or it cannot hold ``dtype``.
    ImportError
        If accelerate is asked for and not installed.
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
    if not _is_there(resolved):
        raise ValueError(
            f"device={str(device)!r} is not available; here there are "
            f'{available_devices()}. device="auto" takes the best of them'
        )
    return resolved


def as_text(parameter: Any) -> Any:
    """A device or a path by its name, for a file, which holds data alone."""
    is_named = isinstance(parameter, (torch.device, os.PathLike))
    return str(parameter) if is_named else parameter


def device_after_loading(device: str | torch.device, dtype: str) -> torch.device:
    """As :func:`resolve_device`, but an absent device is replaced, with a warning."""
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
    if device.type == "mps":  # which is never one of several
        return _best_device(dtype)
    return torch.device("cpu") if device.type == "cpu" else device  # without a number


def _is_there(device: torch.device) -> bool:
    if device.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        return (device.index or 0) < count
    if device.type == "mps":
        return torch.backends.mps.is_available()
    return (device.index or 0) == 0

"""The training engine, and the only room that imports skorch."""

from ._batches import BatchLoader, WindowDataset
from ._device import available_devices, device_after_loading, resolve_device
from ._schedules import SCHEDULES, has_fixed_length
from ._settings import Settings
from ._solvers import SOLVERS
from ._train import (
    Outcome,
    build_net,
    predict,
    set_weights,
    train,
    weights_of,
)

__all__ = [
    "SCHEDULES",
    "SOLVERS",
    "BatchLoader",
    "Outcome",
    "Settings",
    "WindowDataset",
    "available_devices",
    "build_net",
    "device_after_loading",
    "has_fixed_length",
    "predict",
    "resolve_device",
    "set_weights",
    "train",
    "weights_of",
]

"""The training engine, and the only room that imports skorch."""

from ._batches import BatchLoader, Shuffling
from ._build import build_net
from ._callbacks import saved_callbacks
from ._checkpoint import Checkpoint, open_checkpoint
from ._datasets import DeviceDataset, TableDataset
from ._device import (
    as_text,
    available_devices,
    device_after_loading,
    resolve_device,
)
from ._inference import (
    follow,
    gate_activations,
    predict,
    predict_loss,
    threads_to_follow,
)
from ._model import Model
from ._optimizers import SOLVERS
from ._processes import processes_of
from ._rollout import BATCH_SIZE, Rolled, RollInputs, roll
from ._schedules import SCHEDULES, has_fixed_length
from ._settings import Settings
from ._state import momenta_of, set_momenta, set_weights, weights_of
from ._stopping import Outcome, Progress
from ._threads import choose_threads, limit_threads
from ._train import batch_size_of, train
from ._window_datasets import ForecastDataset, StepDataset, WindowDataset

__all__ = [
    "BATCH_SIZE",
    "SCHEDULES",
    "SOLVERS",
    "BatchLoader",
    "Checkpoint",
    "DeviceDataset",
    "ForecastDataset",
    "Model",
    "Outcome",
    "Progress",
    "RollInputs",
    "Rolled",
    "Settings",
    "Shuffling",
    "StepDataset",
    "TableDataset",
    "WindowDataset",
    "as_text",
    "available_devices",
    "batch_size_of",
    "build_net",
    "choose_threads",
    "device_after_loading",
    "follow",
    "gate_activations",
    "has_fixed_length",
    "limit_threads",
    "momenta_of",
    "open_checkpoint",
    "predict",
    "predict_loss",
    "processes_of",
    "resolve_device",
    "roll",
    "saved_callbacks",
    "set_momenta",
    "set_weights",
    "threads_to_follow",
    "train",
    "weights_of",
]

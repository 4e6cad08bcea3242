"""The training engine, and the only room that imports skorch."""

from ._batches import BatchLoader, Shuffling
from ._callbacks import saved_callbacks
from ._checkpoint import Checkpoint, open_checkpoint
from ._datasets import DeviceDataset, TableDataset
from ._device import (
    as_text,
    available_devices,
)
from ._inference import (
    features_of,
    gate_activations,
    predict,
    predict_loss,
)
from ._linear_path import (
    figures_of,
    levels_of,
    parts_of,
    path_outputs,
    with_path,
)
from ._model import Model
from ._optimizers import SOLVERS
from ._processes import processes_of
from ._recipe import CLASSES, NUMBERS, RECIPE, Budget, planned, trial_cycles
from ._ridge import Linear, linear_fit, ridge
from ._rollout import BATCH_SIZE, Rolled, RollInputs, roll
from ._schedules import SCHEDULES, has_fixed_length
from ._settings import Settings
from ._stopping import Outcome, Progress
from ._streams import follower_of
from ._threads import choose_threads, limit_threads
from ._window_datasets import ForecastDataset, StepDataset, WindowDataset

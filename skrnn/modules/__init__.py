"""torch.nn modules: recurrent stacks, losses. No data handling, no scikit-learn."""

from ._dropout import Dropout
from ._layers import ACTIVATIONS, CELLS, Segments
from ._log_loss import LogLoss
from ._losses import LOSSES, PointLoss
from ._pooling import POOLINGS
from ._recurrent import PADDING, RecurrentNetwork

__all__ = [
    "ACTIVATIONS",
    "CELLS",
    "LOSSES",
    "PADDING",
    "POOLINGS",
    "Dropout",
    "LogLoss",
    "PointLoss",
    "RecurrentNetwork",
    "Segments",
]

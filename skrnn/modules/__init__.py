"""torch.nn modules: networks and losses. No data handling, no scikit-learn."""

from ._activations import MLP_ACTIVATIONS
from ._architecture import (
    CELLS,
    CONV_PADDINGS,
    GATE_ACTIVATIONS,
    MERGE_MODES,
    POOLINGS,
    RECURRENT_INITIALIZERS,
    Architecture,
)
from ._dropout import Dropout
from ._forecast import ForecastNetwork
from ._initializers import INITIALIZERS, draw_layer
from ._layers import Segments
from ._likelihoods import N_PARAMETERS, DistributionLoss
from ._log_loss import LogLoss
from ._losses import LOSSES, PointLoss
from ._mlp import BatchNorm, MLPNetwork
from ._normalization import Affine, normalize_windows
from ._outline import LayerOutline
from ._pooling import is_padding
from ._recurrent import RecurrentNetwork
from ._sparse import SparseRows
from ._start import PADDING
from ._state import Memory, NetworkState

__all__ = [
    "BatchNorm",
    "CELLS",
    "CONV_PADDINGS",
    "GATE_ACTIVATIONS",
    "INITIALIZERS",
    "LOSSES",
    "MERGE_MODES",
    "MLP_ACTIVATIONS",
    "N_PARAMETERS",
    "PADDING",
    "POOLINGS",
    "RECURRENT_INITIALIZERS",
    "Affine",
    "Architecture",
    "DistributionLoss",
    "Dropout",
    "ForecastNetwork",
    "LayerOutline",
    "LogLoss",
    "MLPNetwork",
    "Memory",
    "NetworkState",
    "PointLoss",
    "RecurrentNetwork",
    "Segments",
    "SparseRows",
    "draw_layer",
    "is_padding",
    "normalize_windows",
]

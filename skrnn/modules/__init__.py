"""torch.nn modules: networks and losses. No data handling, no scikit-learn."""

from ._activations import MLP_ACTIVATIONS
from ._dropout import Dropout
from ._forecast import ForecastNetwork
from ._initializers import INITIALIZERS, draw_layer
from ._layers import ACTIVATIONS, CELLS, Segments
from ._likelihoods import N_PARAMETERS, DistributionLoss
from ._log_loss import LogLoss
from ._losses import LOSSES, PointLoss
from ._mlp import BatchNorm, MLPNetwork
from ._normalization import Affine, normalize_windows
from ._outline import LayerOutline
from ._pooling import POOLINGS, is_padding
from ._recurrent import PADDING, RecurrentNetwork
from ._sparse import SparseRows

__all__ = [
    "ACTIVATIONS",
    "BatchNorm",
    "CELLS",
    "INITIALIZERS",
    "LOSSES",
    "MLP_ACTIVATIONS",
    "N_PARAMETERS",
    "PADDING",
    "POOLINGS",
    "Affine",
    "DistributionLoss",
    "Dropout",
    "ForecastNetwork",
    "LayerOutline",
    "LogLoss",
    "MLPNetwork",
    "PointLoss",
    "RecurrentNetwork",
    "Segments",
    "SparseRows",
    "draw_layer",
    "is_padding",
    "normalize_windows",
]

"""torch.nn modules: networks and losses. No data handling, no scikit-learn."""

from ._activations import MLP_ACTIVATIONS
from ._architecture import (
    CELLS,
    CONV_NORMS,
    CONV_PADDINGS,
    CONV_POOLINGS,
    GATE_ACTIVATIONS,
    MERGE_MODES,
    POOLINGS,
    RECURRENT_INITIALIZERS,
    Architecture,
)
from ._changes import Changes
from ._compiled import (
    batch_norms,
    description_of,
    draws_masks,
    dropout_part,
    dropouts_of,
    is_as_built,
    learn_as_built,
    loss_part,
    normalization_layers,
    normalizations_of,
    running_figures,
    stream_description_of,
)
from ._dropout import Dropout
from ._forecast import ForecastNetwork
from ._initial_weights import INITIALIZERS, draw_layer
from ._layers import Segments
from ._losses import LOSSES, N_PARAMETERS, DistributionLoss, LogLoss, PointLoss
from ._mlp import MLPNetwork, SparseRows
from ._network_state import Memory, NetworkState
from ._normalization import Affine, BatchNorm, Normalization, normalize_windows
from ._outline import LayerOutline
from ._pooling import is_padding
from ._recurrent import RecurrentNetwork
from ._squash import Squash

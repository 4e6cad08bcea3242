"""torch.nn modules: recurrent stacks, losses. No data handling, no scikit-learn."""

from ._dropout import Dropout
from ._layers import ACTIVATIONS, CELLS
from ._losses import LOSSES, PointLoss
from ._recurrent import RecurrentNetwork

__all__ = ["ACTIVATIONS", "CELLS", "LOSSES", "Dropout", "PointLoss", "RecurrentNetwork"]

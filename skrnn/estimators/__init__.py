"""Networks as scikit-learn estimators."""

from .._public import set_public_module
from ._architecture import architecture_of, check_layer_sizes
from ._mlp import MLPClassifier, MLPRegressor
from ._network_parameters import (
    COUNT,
    SHARE,
    ConvolutionParameters,
    GRUParameters,
    LayerParameters,
    LSTMParameters,
    PrecisionParameters,
    RNNParameters,
)
from ._recurrent_estimators import (
    GRUClassifier,
    GRURegressor,
    LSTMClassifier,
    LSTMRegressor,
    RNNClassifier,
    RNNRegressor,
)
from ._stream import Stream
from ._summary import NetworkSummary
from ._training_parameters import TrainingParameters

__all__ = [
    "COUNT",
    "SHARE",
    "ConvolutionParameters",
    "GRUClassifier",
    "GRUParameters",
    "GRURegressor",
    "LSTMClassifier",
    "LSTMParameters",
    "LSTMRegressor",
    "LayerParameters",
    "MLPClassifier",
    "MLPRegressor",
    "NetworkSummary",
    "PrecisionParameters",
    "RNNClassifier",
    "RNNParameters",
    "RNNRegressor",
    "Stream",
    "TrainingParameters",
    "architecture_of",
    "check_layer_sizes",
]

set_public_module(globals())

"""Networks as scikit-learn estimators."""

from ._architecture import architecture_of
from ._constraints import ARCHITECTURE_CONSTRAINTS, TRAINING_CONSTRAINTS
from ._gru import GRUClassifier, GRURegressor
from ._layer_sizes import check_layer_sizes
from ._lstm import LSTMClassifier, LSTMRegressor
from ._mlp_classifier import MLPClassifier
from ._mlp_regressor import MLPRegressor
from ._rnn import RNNClassifier, RNNRegressor
from ._stream import Stream
from ._summary import NetworkSummary

__all__ = [
    "ARCHITECTURE_CONSTRAINTS",
    "TRAINING_CONSTRAINTS",
    "GRUClassifier",
    "GRURegressor",
    "LSTMClassifier",
    "LSTMRegressor",
    "MLPClassifier",
    "MLPRegressor",
    "NetworkSummary",
    "RNNClassifier",
    "RNNRegressor",
    "Stream",
    "architecture_of",
    "check_layer_sizes",
]

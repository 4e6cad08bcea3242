"""Networks as scikit-learn estimators."""

from ._gru_classifier import GRUClassifier
from ._gru_regressor import GRURegressor
from ._lstm_classifier import LSTMClassifier
from ._lstm_regressor import LSTMRegressor
from ._mlp_classifier import MLPClassifier
from ._mlp_regressor import MLPRegressor
from ._rnn_classifier import RNNClassifier
from ._rnn_regressor import RNNRegressor

__all__ = [
    "GRUClassifier",
    "GRURegressor",
    "LSTMClassifier",
    "LSTMRegressor",
    "MLPClassifier",
    "MLPRegressor",
    "RNNClassifier",
    "RNNRegressor",
]

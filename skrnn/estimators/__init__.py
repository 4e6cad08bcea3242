"""The scikit-learn faces of the networks."""

from ._gru_regressor import GRURegressor
from ._lstm_regressor import LSTMRegressor
from ._rnn_regressor import RNNRegressor

__all__ = ["GRURegressor", "LSTMRegressor", "RNNRegressor"]

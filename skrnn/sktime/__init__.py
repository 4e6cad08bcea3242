"""Forecasters and adapters for sktime; the only room that imports it."""

from .._public import set_public_module
from ._gru_forecaster import GRUForecaster
from ._lstm_forecaster import LSTMForecaster
from ._mlp_forecaster import MLPForecaster
from ._rnn_forecaster import RNNForecaster
from ._time_series import TimeSeriesClassifier, TimeSeriesRegressor

__all__ = [
    "GRUForecaster",
    "LSTMForecaster",
    "MLPForecaster",
    "RNNForecaster",
    "TimeSeriesClassifier",
    "TimeSeriesRegressor",
]

set_public_module(globals())

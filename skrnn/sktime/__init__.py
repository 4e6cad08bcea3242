"""Forecasters and adapters for sktime; the only room that imports it."""

from .._public import set_public_module
from ._forecasters import GRUForecaster, LSTMForecaster, MLPForecaster, RNNForecaster
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

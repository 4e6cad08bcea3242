"""skrnn: recurrent neural networks as first-class scikit-learn citizens."""

from .datasets import load_stocks
from .estimators import GRURegressor, LSTMRegressor, RNNRegressor
from .preprocessing import SlidingWindow, make_supervised
from .windows import Windows

__version__ = "0.1.0"

__all__ = [
    "GRURegressor",
    "LSTMRegressor",
    "RNNRegressor",
    "SlidingWindow",
    "Windows",
    "load_stocks",
    "make_supervised",
]

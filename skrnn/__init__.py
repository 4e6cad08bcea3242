"""skrnn: neural networks, above all recurrent ones, for scikit-learn."""

from ._public import set_public_module
from .datasets import (
    load_electricity,
    load_fashion_mnist,
    load_household_power,
    load_reviews,
    load_stocks,
)
from .estimators import (
    GRUClassifier,
    GRURegressor,
    LSTMClassifier,
    LSTMRegressor,
    MLPClassifier,
    MLPRegressor,
    RNNClassifier,
    RNNRegressor,
)
from .files import TRUSTED_TYPES
from .preprocessing import SequenceScaler, SlidingWindow, TextSequencer, make_supervised
from .windows import Windows

__version__ = "0.1.0"

__all__ = [
    "GRUClassifier",
    "GRURegressor",
    "LSTMClassifier",
    "LSTMRegressor",
    "MLPClassifier",
    "MLPRegressor",
    "RNNClassifier",
    "RNNRegressor",
    "SequenceScaler",
    "SlidingWindow",
    "TRUSTED_TYPES",
    "TextSequencer",
    "Windows",
    "load_electricity",
    "load_fashion_mnist",
    "load_household_power",
    "load_reviews",
    "load_stocks",
    "make_supervised",
]

set_public_module(globals())

"""Transformers and functions that bring series into shape."""

from ._sequence_scaler import SequenceScaler
from ._sliding_window import SlidingWindow
from ._supervised import make_supervised

__all__ = ["SequenceScaler", "SlidingWindow", "make_supervised"]

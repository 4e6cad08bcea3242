"""Transformers and functions that bring series into shape."""

from ._sliding_window import SlidingWindow
from ._supervised import make_supervised

__all__ = ["SlidingWindow", "make_supervised"]

"""Transformers and functions that bring series into shape."""

from ._sequence_scaler import SequenceScaler
from ._sliding_window import SlidingWindow
from ._supervised import make_supervised
from ._text_sequencer import TextSequencer

__all__ = ["SequenceScaler", "SlidingWindow", "TextSequencer", "make_supervised"]

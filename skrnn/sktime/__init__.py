"""Forecasters and adapters for sktime; the only room that imports it."""

from ._gru_forecaster import GRUForecaster

__all__ = ["GRUForecaster"]

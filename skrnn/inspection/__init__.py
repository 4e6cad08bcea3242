"""Displays of what networks have learnt, by scikit-learn's convention."""

from .._public import set_public_module
from ._forecast import ForecastDisplay
from ._gates import GateDisplay
from ._gradients import GradientNormDisplay, gradient_norms
from ._loss_curve import LossCurveDisplay

__all__ = [
    "ForecastDisplay",
    "GateDisplay",
    "GradientNormDisplay",
    "LossCurveDisplay",
    "gradient_norms",
]

set_public_module(globals())

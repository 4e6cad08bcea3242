"""The parts of a recurrent network that an estimator asks for."""

from __future__ import annotations

from typing import Any

from ..modules import Architecture
from ._layer_sizes import check_layer_sizes


def architecture_of(
    estimator: Any, hidden_layer_sizes: tuple[int, ...]
) -> Architecture:
    """The architecture among the parameters of an estimator or forecaster.

    Raises
    ------
    ValueError
        If parts do not go together.
    """
    params = estimator.get_params(deep=False)
    if params["conv_filters"] is not None:
        sizes = check_layer_sizes(params["conv_filters"], 1, "conv_filters")
        params["conv_filters"] = sizes
    architecture = Architecture.of(estimator._cell, params)
    architecture.check(type(estimator).__name__, hidden_layer_sizes)
    return architecture

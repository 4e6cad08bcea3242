"""The layers and parts of a network, from the parameters of an estimator."""

from __future__ import annotations

from dataclasses import fields
from numbers import Integral
from typing import Any

import numpy as np

from ..modules import Architecture


def architecture_of(
    estimator: Any, hidden_layer_sizes: tuple[int, ...]
) -> Architecture:
    """The architecture among the parameters of an estimator or forecaster.

    Raises
    ------
    ValueError
        If parts exclude each other.
    """
    # not get_params: __init__ of a user's subclass may take fewer
    names = [one.name for one in fields(Architecture) if hasattr(estimator, one.name)]
    params = {name: getattr(estimator, name) for name in names}
    if params["conv_filters"] is not None:
        sizes = check_layer_sizes(params["conv_filters"], 1, "conv_filters")
        params["conv_filters"] = sizes
    architecture = Architecture.of(estimator._cell, params)
    architecture.check(hidden_layer_sizes)
    return architecture


def check_layer_sizes(
    sizes: Any, fewest: int, name: str = "hidden_layer_sizes"
) -> tuple[int, ...]:
    """Units of each layer; there must be at least ``fewest`` layers.

    Raises
    ------
    ValueError
        If they are not positive integers, or too few.
    """
    given = np.atleast_1d(np.asarray(sizes, dtype=object)).tolist()
    are_integers = all(isinstance(size, Integral) for size in given)
    if len(given) >= fewest and are_integers and all(size > 0 for size in given):
        return tuple(int(size) for size in given)
    none = "" if fewest else ", or () for none"
    raise ValueError(
        f"{name} must be > 0, got {given}: one positive integer for each layer, such "
        f"as (32,) or (21, 10){none}"
    )

"""The sizes of hidden layers."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np


def check_layer_sizes(hidden_layer_sizes: Any, fewest: int) -> tuple[int, ...]:
    """Units of each hidden layer, of which there are ``fewest`` or more.

    Raises
    ------
    ValueError
        If they are no positive integers, or too few.
    """
    sizes = np.atleast_1d(np.asarray(hidden_layer_sizes, dtype=object)).tolist()
    are_integers = all(isinstance(size, Integral) for size in sizes)
    if len(sizes) >= fewest and are_integers and all(size > 0 for size in sizes):
        return tuple(int(size) for size in sizes)
    none = "" if fewest else ", or () for none"
    raise ValueError(
        f"hidden_layer_sizes must be > 0, got {sizes}: one positive integer for each "
        f"layer, such as (32,) or (21, 10){none}"
    )

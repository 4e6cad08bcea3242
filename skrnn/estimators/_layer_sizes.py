"""The sizes of layers."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np


def check_layer_sizes(
    sizes: Any, fewest: int, name: str = "hidden_layer_sizes"
) -> tuple[int, ...]:
    """Units of each layer, of which there are ``fewest`` or more.

    Raises
    ------
    ValueError
        If they are no positive integers, or too few.
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

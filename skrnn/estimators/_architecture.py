"""The layers and parts of a network, from the parameters of an estimator."""

from __future__ import annotations

from dataclasses import fields
from numbers import Integral
from typing import Any

import numpy as np

from ..modules import POOLINGS, Architecture

_OF_EACH = ("conv_kernel_size", "conv_strides")  # a number for each convolution


_MOST_STEPS = 50  # that conv_strides="auto" leaves
_KERNEL_SIZE = 8  # of conv_kernel_size="auto", if the stride is not longer than half


def architecture_of(
    estimator: Any, hidden_layer_sizes: tuple[int, ...], longest: int
) -> Architecture:
    """The architecture among the parameters of an estimator or forecaster.

    ``longest`` is the number of steps of the longest training sequence.

    Raises
    ------
    ValueError
        If parts exclude each other.
    """
    # not get_params: __init__ of a user's subclass may take fewer
    names = [one.name for one in fields(Architecture) if hasattr(estimator, one.name)]
    params = {name: getattr(estimator, name) for name in names}
    _check_poolings(params["pooling"])
    if params["conv_filters"] is not None:
        sizes = check_layer_sizes(params["conv_filters"], 1, "conv_filters")
        params["conv_filters"] = sizes
        params |= _convolutions(params, 1 if _keeps_steps(estimator) else longest)
    else:  # they are ignored
        params |= {name: 1 for name in _OF_EACH if params[name] == "auto"}
    architecture = Architecture.of(estimator._cell, params)
    architecture.check(hidden_layer_sizes)
    return architecture


def _keeps_steps(estimator: Any) -> bool:
    """Whether each step has an output."""
    names = ("return_sequences", "stateful")
    return any(getattr(estimator, name, False) for name in names)


def _check_poolings(pooling: Any) -> None:
    """Raise unless they are one or several different ones."""
    names = [pooling] if isinstance(pooling, str) else list(pooling)
    is_known = all(isinstance(name, str) and name in POOLINGS for name in names)
    if not (names and is_known and len(set(names)) == len(names)):
        raise ValueError(
            f"pooling must be one of {POOLINGS}, or a tuple of different ones, such as "
            f'("last", "max"), got {pooling!r}'
        )


def _convolutions(params: dict[str, Any], longest: int) -> dict[str, Any]:
    """Kernel sizes and strides of the convolutions, as numbers."""
    n = len(params["conv_filters"])
    sizes, strides = (params[name] for name in _OF_EACH)
    if sizes != "auto":
        sizes = check_layer_sizes(sizes, 1, "conv_kernel_size")
    if strides == "auto":
        stride = -(-longest // _MOST_STEPS)
        stride = stride if sizes == "auto" else min(stride, sizes[0])
        strides = (stride, *[1] * (n - 1))
    strides = check_layer_sizes(strides, 1, "conv_strides")
    if sizes == "auto":
        sizes = tuple(max(_KERNEL_SIZE, 2 * stride) for stride in strides)
    return dict(zip(_OF_EACH, (sizes, strides), strict=True))


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

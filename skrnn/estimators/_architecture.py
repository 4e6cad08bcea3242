"""The layers and parts of a network, from the parameters of an estimator."""

from __future__ import annotations

from dataclasses import fields
from math import prod
from numbers import Integral
from typing import Any

import numpy as np

from ..modules import CONV_POOLINGS, POOLINGS, Architecture

_MAY_BE_AUTO = ("conv_kernel_size", "conv_strides", "conv_dilation", "conv_pool_size")
_MOST_STEPS = 50  # that "auto" leaves to the recurrent layers
_MOST_BEFORE_POOLING = 200  # that conv_strides="auto" leaves to be pooled
# what a classifier's "auto" is, if there is one class for each sequence
SHAPE = {
    "pooling": ("last", "max", "mean"),
    "conv_filters": (64, 64, 64),
    "conv_padding": "same",
    "conv_pooling": ("mean", "max"),
    "dropout": 0.5,
}
_KERNEL_SIZES = (8, 5, 3)  # of conv_kernel_size="auto", of stride 1


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
    params = parts_of(estimator)
    _check_poolings("pooling", params["pooling"], POOLINGS)
    if params["conv_filters"] is not None:
        sizes = check_layer_sizes(params["conv_filters"], 1, "conv_filters")
        params["conv_filters"] = sizes
        if params["conv_pooling"] is not None:
            _check_poolings("conv_pooling", params["conv_pooling"], CONV_POOLINGS)
        params |= _convolutions(params, longest, _keeps_steps(estimator))
    else:  # they are ignored
        params |= {name: 1 for name in _MAY_BE_AUTO if params[name] == "auto"}
    architecture = Architecture.of(estimator._cell, params)
    architecture.check(hidden_layer_sizes)
    return architecture


def parts_of(estimator: Any) -> dict[str, Any]:
    """The parameters of the parts, with those of classifiers in the places of "auto".

    A class for each step, or a state that is carried on, needs a network that reads no
    further than the present step; and tokens need no filters.
    """
    # not get_params: __init__ of a user's subclass may take fewer
    names = [one.name for one in fields(Architecture) if hasattr(estimator, one.name)]
    params = {name: getattr(estimator, name) for name in names}
    keeps_steps = _keeps_steps(estimator)
    has_filters = not keeps_steps and getattr(estimator, "embedding_dim", None) is None
    found = {
        "pooling": "last" if keeps_steps else SHAPE["pooling"],
        "conv_filters": SHAPE["conv_filters"] if has_filters else None,
        "conv_padding": "causal" if keeps_steps else SHAPE["conv_padding"],
        "conv_pooling": None if keeps_steps else SHAPE["conv_pooling"],
        "dropout": 0.0 if estimator.solver == "lbfgs" else SHAPE["dropout"],
    }
    for name, value in found.items():
        if isinstance(params.get(name), str) and params[name] == "auto":
            params[name] = value
    return params


def _keeps_steps(estimator: Any) -> bool:
    """Whether each step has an output."""
    names = ("return_sequences", "stateful")
    return any(getattr(estimator, name, False) for name in names)


def _check_poolings(parameter: str, pooling: Any, known: tuple[str, ...]) -> None:
    """Raise unless they are one or several different ones."""
    names = [pooling] if isinstance(pooling, str) else list(pooling)
    is_known = all(isinstance(name, str) and name in known for name in names)
    if not (names and is_known and len(set(names)) == len(names)):
        raise ValueError(
            f"{parameter} must be one of {known}, or a tuple of different ones, such "
            f"as {known[::2] if len(known) > 2 else known}, got {pooling!r}"
        )


def _convolutions(
    params: dict[str, Any], longest: int, keeps_steps: bool
) -> dict[str, Any]:
    """The numbers of the convolutions that may be "auto"."""
    n = len(params["conv_filters"])
    given: Any = {
        name: value if value == "auto" else _one_for_each(value, n, name)
        for name, value in ((name, params[name]) for name in _MAY_BE_AUTO)
    }
    sizes, strides, dilations, pool_size = given.values()
    if strides == "auto":
        is_pooled = params["conv_pool_size"] != 1
        most = _MOST_BEFORE_POOLING if is_pooled else _MOST_STEPS
        stride = 1 if keeps_steps else -(-longest // most)
        stride = stride if sizes == "auto" else min(stride, sizes[0])
        strides = (stride, *[1] * (n - 1))
    if sizes == "auto":
        least = (*_KERNEL_SIZES[:n], *[_KERNEL_SIZES[-1]] * (n - len(_KERNEL_SIZES)))
        sizes = tuple(map(max, least, (2 * stride for stride in strides)))
    n_steps = -(-longest // prod(strides))
    if dilations == "auto":
        limits = [max(1, n_steps // (2 * size)) for size in sizes]
        dilations = tuple(min(2**i, limit) for i, limit in enumerate(limits))
    if pool_size == "auto":
        pool_size = (1 if keeps_steps else -(-n_steps // _MOST_STEPS),)
    found = sizes, strides, dilations, *pool_size
    return dict(zip(_MAY_BE_AUTO, found, strict=True))


def _one_for_each(value: Any, n: int, name: str) -> tuple[int, ...]:
    """A number for each of n convolutions, if there is one for all of them."""
    if name == "conv_pool_size":
        return (int(value),)
    sizes = check_layer_sizes(value, 1, name)
    return sizes * n if np.ndim(value) == 0 else sizes


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

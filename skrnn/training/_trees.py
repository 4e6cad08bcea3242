"""Trees of dicts and lists, taken apart into arrays and what JSON can say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

_PLAIN = (str, bool, int, float, type(None))


def map_leaves(tree: Any, kind: type, change: Callable[[Any], Any]) -> Any:
    """A tree of dicts, lists and tuples with its leaves of one kind changed."""
    if isinstance(tree, kind):
        return change(tree)
    if isinstance(tree, dict):
        return {key: map_leaves(value, kind, change) for key, value in tree.items()}
    if type(tree) in (list, tuple):
        return type(tree)(map_leaves(value, kind, change) for value in tree)
    return tree


def split_arrays(tree: Any) -> tuple[Any, dict[str, np.ndarray]]:
    """A tree as JSON knows it, and its arrays by name.

    Raises
    ------
    TypeError
        If a leaf is neither an array of numbers nor a string, a number, a bool or None,
        or a key neither a string nor a number.
    """
    arrays: dict[str, np.ndarray] = {}
    return _encode(tree, "it", arrays), arrays


def join_arrays(plain: Any, arrays: dict[str, np.ndarray]) -> Any:
    """The tree that :func:`split_arrays` took apart."""
    if isinstance(plain, list):
        return [join_arrays(value, arrays) for value in plain]
    if not isinstance(plain, dict):
        return plain
    kind, value = next(iter(plain.items()))
    if kind == "array":
        return arrays[value]
    if kind == "tuple":
        return tuple(join_arrays(part, arrays) for part in value)
    return {key: join_arrays(part, arrays) for key, part in value}


def _encode(tree: Any, name: str, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(tree, np.ndarray) and tree.dtype.kind in "biuf":
        key = f"{len(arrays)} {name}"
        arrays[key] = tree
        return {"array": key}
    if isinstance(tree, np.generic):
        tree = tree.item()
    if isinstance(tree, dict):  # as pairs: keys may be numbers
        odd = [key for key in tree if not isinstance(key, (str, int))]
        if odd:
            raise TypeError(f"{name} has the key {odd[0]!r}, which cannot be stored")
        items = tree.items()
        return {"dict": [[k, _encode(v, f"{name}/{k}", arrays)] for k, v in items]}
    if isinstance(tree, (list, tuple)):
        parts = [_encode(part, f"{name}/{i}", arrays) for i, part in enumerate(tree)]
        return parts if isinstance(tree, list) else {"tuple": parts}
    if not isinstance(tree, _PLAIN):
        raise TypeError(f"{name} is a {type(tree).__name__}, which cannot be stored")
    return tree

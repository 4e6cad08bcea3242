"""Tell whether data and parameters are those of an earlier fit."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from numbers import Integral
from typing import Any

import numpy as np
from scipy.sparse import issparse

_CHUNK = 2**24  # values read at once: of rows that lie on a disk, say
_NO_MATTER = ("checkpoint", "checkpoint_every", "device", "n_threads", "verbose")


def digest(data: Any) -> str:
    """A checksum of arrays, sparse matrices, and dataclasses, dicts or lists of them.

    Names are part of it, copies are not: equal values give equal checksums.
    """
    total = hashlib.sha256()
    for name, array in _arrays_in(data, ""):
        total.update(f"{name} {array.dtype.str} {array.shape};".encode())
        step = max(1, _CHUNK // max(1, array[:1].size))
        for first in range(0, len(array), step):
            total.update(np.ascontiguousarray(array[first : first + step]).data)
    return total.hexdigest()


def described(params: dict[str, Any]) -> dict[str, str]:
    """Parameters that decide what a fit learns, each as a text.

    A ``random_state`` counts if it is a number; a generator moves on.
    """
    texts = {
        name: _text(value) for name, value in params.items() if name not in _NO_MATTER
    }
    if not isinstance(params.get("random_state"), Integral):
        texts.pop("random_state", None)
    return texts


def _arrays_in(data: Any, name: str) -> Iterator[tuple[str, np.ndarray]]:
    if data is None:
        return
    if issparse(data):
        parts = {"data": data.data, "indices": data.indices, "indptr": data.indptr}
        yield from _arrays_in({**parts, "shape": data.shape}, name)
    elif is_dataclass(data):
        named = {field.name: getattr(data, field.name) for field in fields(data)}
        yield from _arrays_in(named, name)
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from _arrays_in(value, f"{name}.{key}")
    elif isinstance(data, list):
        for i, value in enumerate(data):
            yield from _arrays_in(value, f"{name}.{i}")
    else:
        yield name, np.atleast_1d(data)


def _text(value: Any) -> str:
    """A text that is the same in each process, as an address is not."""
    if isinstance(value, dict):
        items = sorted((_text(key), _text(part)) for key, part in value.items())
        return "{" + ", ".join(f"{key}: {part}" for key, part in items) + "}"
    if isinstance(value, (list, tuple)):
        return "(" + ", ".join(_text(part) for part in value) + ")"
    if isinstance(value, np.ndarray):
        return f"array {digest(value)}"
    if isinstance(value, np.generic):
        return _text(value.item())
    if isinstance(value, type):
        return f"{value.__module__}.{value.__qualname__}"
    if isinstance(value, (str, int, float, bool, type(None))):
        return repr(value)
    return _text(type(value))

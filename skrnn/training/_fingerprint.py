"""Check whether data and parameters are those of an earlier fit."""

from __future__ import annotations

import copy
import functools
import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields, is_dataclass
from numbers import Real
from types import CodeType, FunctionType
from typing import Any

import numpy as np
import torch
from scipy.sparse import issparse
from skorch.callbacks import Callback

_CHUNK = 2**24  # values read at once: the rows may lie on a disk
_DEPTH = 6  # of objects in objects
_NO_MATTER = ("checkpoint", "checkpoint_every", "device", "n_threads", "verbose")


def digest(data: Any) -> str:
    """A checksum of arrays, sparse matrices, texts, and dataclasses or lists of them.

    An array and its copy give equal checksums. Overlapping windows and copies of them
    do not, because they are held out of training in different ways.
    """
    total = hashlib.sha256()
    for name, array in _arrays_in(data, ""):
        total.update(f"{name} {array.dtype.str} {array.shape};".encode())
        step = max(1, _CHUNK // max(1, array[:1].size))
        for first in range(0, len(array), step):
            part = np.ascontiguousarray(array[first : first + step])
            total.update(part.reshape(-1).view(np.uint8).data)
    return total.hexdigest()


def described(params: dict[str, Any]) -> dict[str, str]:
    """Parameters that determine what a fit learns, each as a text."""
    return {
        name: _text(value) for name, value in params.items() if name not in _NO_MATTER
    }


def check_same(theirs: dict[str, Any], mine: dict[str, Any], where: str) -> None:
    """Raise if a saved fit is not this one.

    Both have the keys "estimator", "parameters", see :func:`described`, and "data", see
    :func:`digest`; ``where`` names what holds the saved one.
    """
    remedy = (
        "Undo the changes to resume, delete the folder to start again, or give each "
        'fit its own folder with "{fit}" in the path'
    )
    if theirs["estimator"] != mine["estimator"]:
        raise ValueError(
            f"{where} belongs to a {theirs['estimator']}, not to a "
            f"{mine['estimator']}. {remedy}"
        )
    before, now = theirs["parameters"], mine["parameters"]
    changed = _differing(before, now)
    if changed:
        changes = ", ".join(
            f"{name}={before.get(name, 'absent')} there, {now.get(name, 'absent')} here"
            for name in changed
        )
        if "callbacks" in changed:
            remedy += (
                ". A fit may have changed a callback; pass a new one, or let it store "
                'what it records in attributes that end in "_"'
            )
        raise ValueError(
            f"{where} belongs to a fit with other parameters: {changes}. {remedy}"
        )
    changed = _differing(theirs["data"], mine["data"])
    if changed:
        names = ", ".join(changed)
        raise ValueError(
            f"{where} belongs to a fit on other data: {names} differ. {remedy}"
        )


def _differing(theirs: dict[str, str], mine: dict[str, str]) -> list[str]:
    names = sorted({*theirs, *mine})
    return [name for name in names if theirs.get(name) != mine.get(name)]


def _arrays_in(data: Any, name: str) -> Iterator[tuple[str, np.ndarray]]:
    if data is None:
        return
    if issparse(data):
        parts = {"data": data.data, "indices": data.indices, "indptr": data.indptr}
        data = {**parts, "shape": np.array(data.shape)}
    elif is_dataclass(data):
        data = {field.name: getattr(data, field.name) for field in fields(data)}
    elif isinstance(data, (list, tuple)):
        data = dict(enumerate(data))
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _arrays_in(value, f"{name}.{key}")
    elif isinstance(data, str):
        yield name, np.frombuffer(data.encode(), np.uint8)
    else:
        yield name, np.atleast_1d(data)


def _text(value: Any, depth: int = 0) -> str:
    """A text that is the same in each process, unlike an address."""
    deeper = functools.partial(_text, depth=depth + 1)
    if isinstance(value, (str, bytes, bool, type(None))):
        return repr(value)
    if isinstance(value, Real):
        return f"{float(value):g}" if float(value) == value else repr(value)
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
    if isinstance(value, np.ndarray):
        return f"array {digest(value)}" if value.dtype != object else deeper([*value])
    if depth > _DEPTH:
        return "..."
    if isinstance(value, dict):
        items = sorted((deeper(key), deeper(part)) for key, part in value.items())
        return "{" + ", ".join(f"{key}: {part}" for key, part in items) + "}"
    if isinstance(value, (set, frozenset)):
        return "{" + ", ".join(sorted(map(deeper, value))) + "}"
    if isinstance(value, (list, tuple)):
        return "(" + ", ".join(map(deeper, value)) + ",)"
    if isinstance(value, (type, FunctionType)):
        name = f"{value.__module__}.{value.__qualname__}"
    else:
        name = deeper(type(value))
    held = _held_by(value)
    return f"{name} {deeper(held)}" if held else name


def _held_by(value: Any) -> Any:
    """The content that distinguishes an object from others of its type.

    For a function, that is its code and what it refers to, because lambdas share one
    name. For a callback, it is what it was given, but not what training leaves in it,
    in attributes whose names end in "_" as in scikit-learn. Parts of a callback that
    cannot be copied, such as a lock or an open file, count by their type only.
    """
    if isinstance(value, type):
        return None
    if isinstance(value, np.random.RandomState):
        return digest(value.get_state(legacy=False))[:8]  # its state
    if isinstance(value, functools.partial):
        return value.func, value.args, value.keywords
    if isinstance(value, CodeType):
        return value.co_code, value.co_names, value.co_consts
    if isinstance(value, FunctionType):
        cells = [cell.cell_contents for cell in value.__closure__ or ()]
        return value.__code__, value.__defaults__, cells
    if not isinstance(value, Callback):
        return getattr(value, "__dict__", None)
    held = {n: part for n, part in vars(value).items() if not n.endswith("_")}
    if type(value).__module__.startswith("skorch."):
        with suppress(Exception):  # not all can be rebuilt from their attributes
            held = vars(type(value)(**held))
    return {n: part if _can_be_copied(part) else type(part) for n, part in held.items()}


def _can_be_copied(value: Any) -> bool:
    try:
        copy.deepcopy(value)
    except Exception:
        return False
    return True

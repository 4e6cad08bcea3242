"""Tell whether data and parameters are those of an earlier fit."""

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

_CHUNK = 2**24  # values read at once: of rows that lie on a disk, say
_DEPTH = 6  # of objects in objects
_NO_MATTER = ("checkpoint", "checkpoint_every", "device", "n_threads", "verbose")


def digest(data: Any) -> str:
    """A checksum of arrays, sparse matrices, texts, and dataclasses or lists of them.

    An array and its copy give equal checksums; overlapping windows and copies of them,
    which are held out of training in other ways, do not.
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
    """Parameters that decide what a fit learns, each as a text."""
    return {
        name: _text(value) for name, value in params.items() if name not in _NO_MATTER
    }


def check_same(theirs: dict[str, Any], mine: dict[str, Any], where: str) -> None:
    """Raise if a fit that has been saved is not the one at hand.

    Parameters
    ----------
    theirs, mine : dict
        Of the keys "estimator", "parameters" and "data", see :func:`described` and
        :func:`digest`.
    where : str
        What holds the saved fit.
    """
    remedy = (
        "Take them back to resume, delete the folder to begin anew, or give each "
        'fit a folder of its own by "{fit}" in the path'
    )
    if theirs["estimator"] != mine["estimator"]:
        raise ValueError(
            f"{where} is of a {theirs['estimator']}, not of a {mine['estimator']}. "
            f"{remedy}"
        )
    changed = _differing(theirs["parameters"], mine["parameters"])
    if changed:
        changes = ", ".join(
            f"{name}={theirs['parameters'].get(name, 'absent')} there, "
            f"{mine['parameters'].get(name, 'absent')} here"
            for name in changed
        )
        if "callbacks" in changed:
            remedy += (
                ". A callback that has taken part in a fit may have changed; pass a "
                'new one, or let it note what it sees in attributes that end in "_"'
            )
        raise ValueError(
            f"{where} is of a fit with other parameters: {changes}. {remedy}"
        )
    changed = _differing(theirs["data"], mine["data"])
    if changed:
        names = ", ".join(changed)
        raise ValueError(f"{where} is of a fit on other data: {names} differ. {remedy}")


def _differing(theirs: dict[str, str], mine: dict[str, str]) -> list[str]:
    names = sorted({*theirs, *mine})
    return [name for name in names if theirs.get(name) != mine.get(name)]


def _arrays_in(data: Any, name: str) -> Iterator[tuple[str, np.ndarray]]:
    if data is None:
        return
    if issparse(data):
        parts = {"data": data.data, "indices": data.indices, "indptr": data.indptr}
        yield from _arrays_in({**parts, "shape": np.array(data.shape)}, name)
    elif is_dataclass(data):
        named = {field.name: getattr(data, field.name) for field in fields(data)}
        yield from _arrays_in(named, name)
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from _arrays_in(value, f"{name}.{key}")
    elif isinstance(data, (list, tuple)):
        for i, value in enumerate(data):
            yield from _arrays_in(value, f"{name}.{i}")
    elif isinstance(data, str):
        yield name, np.frombuffer(data.encode(), np.uint8)
    else:
        yield name, np.atleast_1d(data)


def _text(value: Any, depth: int = 0) -> str:
    """A text that is the same in each process, as an address is not."""
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
    if isinstance(value, type):
        return f"{value.__module__}.{value.__qualname__}"
    return _text_of_object(value, deeper)


def _text_of_object(value: Any, deeper: Any) -> str:
    """Its kind, and what it holds."""
    if isinstance(value, np.random.RandomState):
        return f"a generator at {digest(value.get_state(legacy=False))[:8]}"
    if isinstance(value, functools.partial):
        return f"partial {deeper([value.func, value.args, value.keywords])}"
    if isinstance(value, CodeType):
        return deeper([value.co_code, value.co_names, value.co_consts])
    if isinstance(value, FunctionType):
        cells = [cell.cell_contents for cell in value.__closure__ or ()]
        name = f"{value.__module__}.{value.__qualname__}"
        return f"{name} {deeper([value.__code__, value.__defaults__, cells])}"
    name = deeper(type(value))
    is_callback = isinstance(value, Callback)
    held = _held_by(value) if is_callback else getattr(value, "__dict__", None)
    return f"{name} {deeper(held)}" if held else name


def _held_by(callback: Callback) -> dict[str, Any]:
    """What a callback was given, without what training leaves in it.

    The names of that end in "_", as in scikit-learn. What cannot be copied, such as a
    lock or an open file, counts by its kind alone.
    """
    held = {n: value for n, value in vars(callback).items() if not n.endswith("_")}
    if type(callback).__module__.startswith("skorch."):
        with suppress(Exception):  # some cannot be made from what they hold
            held = vars(type(callback)(**held))
    return {n: v if _can_be_copied(v) else type(v) for n, v in held.items()}


def _can_be_copied(value: Any) -> bool:
    try:
        copy.deepcopy(value)
    except Exception:
        return False
    return True

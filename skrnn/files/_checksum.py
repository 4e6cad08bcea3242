"""The mark on a state: its format, and a checksum of its content."""

from __future__ import annotations

import hashlib
import inspect
import sys
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from ._plain import plain, restored

FORMAT = 2
_MARK = "_skrnn_file"


def pack(state: dict[str, Any]) -> dict[str, Any]:
    """A state as data, with a mark by which :func:`unpack` knows it."""
    packed = plain(state)
    version = sys.modules["skrnn"].__version__  # it imports this file
    mark = {"format": FORMAT, "version": version, "checksum": _checksum(packed)}
    return {**packed, _MARK: mark}


def unpack(state: Any, owner: Any) -> dict[str, Any]:
    """The state that :func:`pack` was given.

    Raises
    ------
    ValueError
        If the state has a newer format, or differs from what was saved.
    """
    name = type(owner).__name__
    if not isinstance(state, dict):
        raise ValueError(f"the file holds no state of {name}; it is damaged")
    _refuse_methods(state, type(owner))
    mark: Any = state.get(_MARK)
    packed = {key: value for key, value in state.items() if key != _MARK}
    _check_format(mark, name)
    if mark["checksum"] != _checksum_told(packed, name):
        raise ValueError(
            f"the weights or other values of {name} in this file are not those that "
            "were saved: the file is damaged; save the estimator again, or use "
            "another copy of the file"
        )
    return _restored(packed, owner)


def _restored(packed: dict[str, Any], owner: Any) -> dict[str, Any]:
    try:
        return {**_later_parameters(type(owner)), **restored(packed)}
    except Exception as error:
        raise cannot_be_built(type(owner).__name__, error) from error


def _later_parameters(kind: Any) -> dict[str, Any]:
    """Values of the parameters that were added after the file was saved."""
    if not hasattr(kind, "get_params"):
        return {}
    parameters = inspect.signature(kind).parameters.values()
    found = {p.name: p.default for p in parameters if p.default is not p.empty}
    stated = fields(kind) if is_dataclass(kind) else ()
    before = {one.name: one.metadata.get("before", ...) for one in stated}
    return found | {name: value for name, value in before.items() if value is not ...}


def cannot_be_built(name: str, error: Exception) -> ValueError:
    """The error for a file whose content does not fit together."""
    return ValueError(
        f"{name} cannot be built from this file, which is damaged or was not written "
        f"by skrnn: {type(error).__name__}: {error}"
    )


def _refuse_methods(state: dict[str, Any], kind: type) -> None:
    """Raise if a file replaces methods of a class by values of its own."""
    if kind.__module__.partition(".")[0] != "skrnn":  # a user's class
        return
    taken = [key for key in state if callable(getattr(kind, str(key), None))]
    if taken:
        raise ValueError(
            f"the file has values for {taken}, which are methods of {kind.__name__}; "
            "it is damaged or was not written by skrnn"
        )


def _check_format(mark: Any, name: str) -> None:
    number = mark.get("format") if isinstance(mark, dict) else None
    if type(number) is not int or number < 1 or "checksum" not in mark:
        raise ValueError(f"the file does not say how {name} was saved; it is damaged")
    if number != FORMAT:
        remedy = "install a newer skrnn" if number > FORMAT else "fit and save it again"
        raise ValueError(
            f"{name} was saved by skrnn {mark.get('version')} in file format {number}, "
            f"but this version reads format {FORMAT}; {remedy}"
        )


def _checksum_told(packed: dict[str, Any], name: str) -> str:
    try:
        return _checksum(packed)
    except Exception as error:  # such as endlessly nested lists
        raise cannot_be_built(name, error) from error


def _checksum(state: dict[str, Any]) -> str:
    digest = hashlib.sha256()
    _add(digest, state)
    return digest.hexdigest()


def _add(digest: Any, value: Any) -> None:
    """Lists and tuples count as equal; objects that are not data are skipped."""
    if isinstance(value, np.ndarray) and value.dtype != object:
        digest.update(f"array {value.dtype.str} {value.shape} ".encode())
        digest.update(np.ascontiguousarray(value).reshape(-1).view(np.uint8).data)
    elif isinstance(value, np.generic):
        digest.update(f"scalar {value.dtype.str} ".encode() + value.tobytes())
    elif isinstance(value, dict):
        digest.update(f"dict {len(value)} ".encode())
        for key in sorted(value, key=str):
            digest.update(f"{key!r} ".encode(errors="surrogatepass"))
            _add(digest, value[key])
    elif isinstance(value, list | tuple | np.ndarray):
        digest.update(f"list {len(value)} ".encode())
        for item in value:
            _add(digest, item)
    else:
        digest.update(_word(value))


def _word(value: Any) -> bytes:
    if isinstance(value, bool) or value is None:
        return f"{value} ".encode()
    if isinstance(value, int):  # members of an IntEnum count as integers
        return f"int {int(value)} ".encode()
    if isinstance(value, float):
        return f"float {float(value)!r} ".encode()
    if isinstance(value, str):
        return f"str {str(value)!r} ".encode(errors="surrogatepass")
    return b"bytes " + value if isinstance(value, bytes) else b"object "


class PackedState:
    """Copies and files of the object hold data with a checksum; see :func:`pack`."""

    def __getstate__(self) -> dict[str, Any]:
        state: Any = super().__getstate__()  # a dict: estimators have no slots
        return pack(state)

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = unpack(state, self)
        assign = getattr(super(), "__setstate__", self.__dict__.update)
        assign(state)

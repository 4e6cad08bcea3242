"""A folder that holds one state, complete at every moment."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from safetensors import SafetensorError
from safetensors.numpy import load, save

from .._warnings import warn

_NAME = "checkpoint.json"
_OURS = re.compile(r"[0-9a-f]{16}\.safetensors(\.part)?|checkpoint\.json\.part")
_PATIENCE = 30  # seconds
_DAMAGES = (ValueError, KeyError, TypeError, FileNotFoundError, SafetensorError)
_PLAIN = (str, bool, int, float, type(None))


class StateFolder:
    """A state in two files: one in JSON, and its arrays as safetensors.

    ``checkpoint.json`` names the file of the arrays, with its checksum, and holds a
    checksum of its own. It is replaced atomically after the arrays have reached the
    disk, so that a reader finds either the last state or the one before it.

    The folder is made if it does not exist. If another process is using it, this one
    ``waits``, or raises a ValueError.
    """

    def __init__(self, path: str | os.PathLike, waits: bool = False) -> None:
        if not str(path).strip():
            raise ValueError('checkpoint must name a folder, got ""')
        self.path = Path(path).expanduser().absolute()  # even after a chdir
        self._lock = FileLock(self.path / ".lock")
        try:
            with self.explained():
                self.path.mkdir(parents=True, exist_ok=True)
                self._lock.acquire(timeout=_PATIENCE if waits else 0)
        except Timeout as error:
            if not waits:
                raise ValueError(
                    f"another fit is using the folder {self.path}; give each fit its "
                    'own folder, for instance by "{fit}" in the path: '
                    'checkpoint="runs/{fit}"'
                ) from error
            warn(f"waiting for another process that runs the same fit in {self.path}")
            self._lock.acquire()

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Explain errors of the disk."""
        try:
            yield
        except Timeout:
            raise
        except (OSError, ValueError) as error:  # ValueError: a null character
            raise OSError(
                getattr(error, "errno", None),
                f"the folder {self.path} of a checkpoint cannot be written: {error}",
            ) from error

    def clear(self) -> None:
        """Remove the state."""
        (self.path / _NAME).unlink(missing_ok=True)
        self._remove_others("")

    def close(self) -> None:
        """Let others use the folder."""
        self._lock.release()

    def read(self) -> Any:
        """The state, or None; raise if it is not as it was written."""
        file = self.path / _NAME
        if not file.exists():
            return None
        try:
            text = file.read_text("utf-8")
            state = json.loads(text)["state"]
            if text != _sealed(state):
                raise ValueError(f"the checksum of {_NAME} differs")
            data = (self.path / state["arrays"]).read_bytes()
            if _checksum(data) != state["sha256"]:
                raise ValueError(f"the checksum of {state['arrays']} differs")
            return _joined(state["tree"], load(data))
        except _DAMAGES as error:
            raise ValueError(
                f"the checkpoint in {self.path} is damaged ({error}); delete the "
                "folder to start again"
            ) from error

    def write(self, state: Any) -> None:
        """Replace the state; if that fails, the state before it stays.

        Raises
        ------
        OSError, TypeError
            If it cannot be written, or holds more than arrays of numbers, strings,
            numbers, bools and None, with keys that are strings or numbers.
        """
        arrays: dict[str, np.ndarray] = {}
        tree = _split(state, "it", arrays)
        data = save({name: np.asarray(a, order="C") for name, a in arrays.items()})
        checksum = _checksum(data)
        file = f"{checksum[:16]}.safetensors"
        text = _sealed({"arrays": file, "sha256": checksum, "tree": tree})
        self._put(file, data)
        self._put(_NAME, text.encode())
        self._remove_others(file)

    def _put(self, name: str, data: bytes) -> None:
        """Write a file atomically."""
        part = self.path / f"{name}.part"
        try:
            with part.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self.path / name)
        except OSError:
            with suppress(OSError):
                part.unlink()
            raise
        if os.name != "nt":  # which cannot open a folder to bring its names to the disk
            descriptor = os.open(self.path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _remove_others(self, current: str) -> None:
        """Remove the files of earlier states and of interrupted writes."""
        for file in self.path.iterdir():
            if _OURS.fullmatch(file.name) and file.name != current:
                with suppress(OSError):  # the next write tries again
                    file.unlink(missing_ok=True)


def _sealed(state: Any) -> str:
    """A state as JSON, with a checksum."""
    text = json.dumps(state)
    return f'{{"sha256": "{_checksum(text.encode())}",\n"state": {text}}}\n'


def _checksum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _split(tree: Any, name: str, arrays: dict[str, np.ndarray]) -> Any:
    """A tree of dicts, lists and tuples for JSON; its arrays go into a dict."""
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
        return {"dict": [[k, _split(v, f"{name}/{k}", arrays)] for k, v in items]}
    if isinstance(tree, (list, tuple)):
        parts = [_split(part, f"{name}/{i}", arrays) for i, part in enumerate(tree)]
        return parts if isinstance(tree, list) else {"tuple": parts}
    if not isinstance(tree, _PLAIN):
        raise TypeError(f"{name} is a {type(tree).__name__}, which cannot be stored")
    return tree


def _joined(plain: Any, arrays: dict[str, np.ndarray]) -> Any:
    """The tree that :func:`_split` took apart."""
    if isinstance(plain, list):
        return [_joined(value, arrays) for value in plain]
    if not isinstance(plain, dict):
        return plain
    kind, value = next(iter(plain.items()))
    if kind == "array":
        return arrays[value]
    if kind == "tuple":
        return tuple(_joined(part, arrays) for part in value)
    return {key: _joined(part, arrays) for key, part in value}

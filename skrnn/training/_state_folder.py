"""A folder that holds one state, whole at every instant."""

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
from ._trees import join_arrays, split_arrays

_NAME = "checkpoint.json"
_OURS = re.compile(r"[0-9a-f]{16}\.safetensors(\.part)?|checkpoint\.json\.part")
_PATIENCE = 30  # seconds
_HEAD = '{"sha256": "'
_MIDDLE = '",\n"state": '
_END = "}\n"


class StateFolder:
    """A state in two files: what JSON can say, and its arrays as safetensors.

    ``checkpoint.json`` names the file of the arrays, with its checksum, and holds a
    checksum of its own. It is replaced in one step, after the arrays have reached the
    disk, so that whoever reads finds the last state or the one before it.

    Parameters
    ----------
    path : path-like
        Made if it is not there.
    waits : bool
        Whether to wait for another process that is using the folder.

    Raises
    ------
    ValueError
        If another process is using the folder, unless this one waits.
    OSError
        If the folder cannot be made.
    """

    def __init__(self, path: str | os.PathLike, waits: bool = False) -> None:
        if not str(path).strip():
            raise ValueError('checkpoint must name a folder, got ""')
        self.path = Path(path).expanduser().absolute()  # wherever the process goes
        self._lock = FileLock(self.path / ".lock")
        try:
            with self.explained():
                self.path.mkdir(parents=True, exist_ok=True)
                self._lock.acquire(timeout=_PATIENCE if waits else 0)
        except Timeout as error:
            if waits:
                self._wait()
                return
            raise ValueError(
                f"another fit is using the folder {self.path}; give each fit one of "
                'its own, for instance by "{fit}" in the path: '
                'checkpoint="runs/{fit}"'
            ) from error

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Say of an error of the disk what it means."""
        try:
            yield
        except Timeout:
            raise
        except (OSError, ValueError) as error:  # the latter of a null character
            raise OSError(
                getattr(error, "errno", None),
                f"the folder {self.path} of a checkpoint cannot be written: {error}",
            ) from error

    def clear(self) -> None:
        """Remove the state."""
        (self.path / _NAME).unlink(missing_ok=True)
        self._remove_others("")

    def _wait(self) -> None:
        warn(
            f"waiting for another process that fits the same in {self.path}",
        )
        self._lock.acquire()

    def close(self) -> None:
        """Let others use the folder."""
        self._lock.release()

    def read(self) -> Any:
        """The state, None if there is none.

        Raises
        ------
        ValueError
            If a file is not as it was written.
        """
        file = self.path / _NAME
        if not file.exists():
            return None
        try:
            return self._decoded(file.read_text("utf-8"))
        except (
            ValueError,
            KeyError,
            TypeError,
            FileNotFoundError,
            SafetensorError,
        ) as error:
            raise ValueError(
                f"the checkpoint in {self.path} is damaged ({error}); delete the "
                "folder to begin anew"
            ) from error

    def write(self, state: Any) -> None:
        """Replace the state.

        Raises
        ------
        OSError
            If it cannot be written; the state before it stays.
        TypeError
            If it holds what cannot be stored.
        """
        plain, arrays = split_arrays(state)
        data = save({name: np.asarray(a, order="C") for name, a in arrays.items()})
        checksum = hashlib.sha256(data).hexdigest()
        file = f"{checksum[:16]}.safetensors"
        text = json.dumps({"arrays": file, "sha256": checksum, "tree": plain})
        head = hashlib.sha256(text.encode()).hexdigest()
        self._put(file, data)
        self._put(_NAME, f"{_HEAD}{head}{_MIDDLE}{text}{_END}".encode())
        self._remove_others(file)

    def _decoded(self, text: str) -> Any:
        checksum = text[len(_HEAD) : len(_HEAD) + 64]
        body = text[len(_HEAD) + 64 + len(_MIDDLE) : -len(_END)]
        if text != f"{_HEAD}{checksum}{_MIDDLE}{body}{_END}":
            raise ValueError(f"{_NAME} is not of the expected form")
        _check(_NAME, body.encode(), checksum)
        content = json.loads(body)
        data = (self.path / content["arrays"]).read_bytes()
        _check(content["arrays"], data, content["sha256"])
        return join_arrays(content["tree"], load(data))

    def _put(self, name: str, data: bytes) -> None:
        """Write a file so that it is there as a whole or not at all."""
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
        self._flush_folder()

    def _flush_folder(self) -> None:
        """Bring the names of the files to the disk, where folders can be opened."""
        if os.name == "nt":
            return
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _remove_others(self, current: str) -> None:
        """Files of earlier states, and what an interrupted write has left."""
        for file in self.path.iterdir():
            if _OURS.fullmatch(file.name) and file.name != current:
                with suppress(OSError):  # the next writing tries again
                    file.unlink(missing_ok=True)


def _check(name: str, data: bytes, checksum: str) -> None:
    if hashlib.sha256(data).hexdigest() != checksum:
        raise ValueError(f"the checksum of {name} differs")

"""Files in the idx format of the MNIST family."""

from __future__ import annotations

import gzip
import struct
import zlib
from typing import Any

import numpy as np

_UNSIGNED_BYTES = b"\x00\x00\x08"


def read_idx(folder: Any, name: str) -> np.ndarray:
    """The array of bytes in the file ``name`` or ``name``.gz of a folder.

    Raises
    ------
    FileNotFoundError
        If there is neither.
    ValueError
        If it is no idx file of unsigned bytes, or holds less than it says.
    """
    content = _read(folder, name)
    is_whole = len(content) > 3 and len(content) >= 4 + 4 * content[3]
    if content[:3] != _UNSIGNED_BYTES or not is_whole:
        raise ValueError(
            f"{name} in {folder} is no idx file of unsigned bytes: it begins with "
            f"{content[:4]!r}"
        )
    n_axes = content[3]
    shape = struct.unpack_from(f">{n_axes}I", content, 4)
    values = np.frombuffer(content, np.uint8, offset=4 + 4 * n_axes)
    if len(values) != np.prod(shape):
        raise ValueError(
            f"{name} in {folder} should hold {np.prod(shape)} values of shape {shape}, "
            f"but holds {len(values)}; the file may be damaged"
        )
    return values.reshape(shape).copy()  # writeable


def _read(folder: Any, name: str) -> bytes:
    plain, packed = folder / name, folder / f"{name}.gz"
    if packed.is_file():
        try:
            return gzip.decompress(packed.read_bytes())
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(
                f"{name}.gz in {folder} cannot be read: {error}"
            ) from error
    if plain.is_file():
        return plain.read_bytes()
    raise FileNotFoundError(
        f"neither {name}.gz nor {name} is in {str(folder)!r}; the Debian package "
        "dataset-fashion-mnist has them, load_fashion_mnist() needs no files"
    )

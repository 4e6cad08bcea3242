"""Images of clothes, and the idx files that hold them."""

from __future__ import annotations

import gzip
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils import Bunch

from ._files import data_folder, read_description

_CLASSES = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"]
_CLASSES += ["Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
_UNSIGNED_BYTES = b"\x00\x00\x08"  # an idx file begins with its type
_FILES = {"train": "train", "test": "t10k"}
_SUBSETS = {"train": ["train"], "test": ["test"], "all": ["train", "test"]}


def load_fashion_mnist(
    folder: Any = None, *, subset: str = "all", return_X_y: bool = False
) -> Any:
    """Load images of ten kinds of clothes, 28 x 28 grey values.

    ============ ====================================================
    Images       4,000 (3,000 to train, 1,000 to test); 70,000 (60,000
                 and 10,000) from a folder with the files of all
    Features     784 grey values, 0 to 255, row by row
    Classes      10, equally frequent
    ============ ====================================================

    Parameters
    ----------
    folder : str or path, default=None
        The folder with the four idx files of the full set, compressed or not. The
        Debian package ``dataset-fashion-mnist`` puts them into
        ``/usr/share/datasets/fashion-mnist``. None takes the subset that ships with
        skrnn: the first 300 training images and 100 test images of each class.
    subset : {"all", "train", "test"}, default="all"
        Which images to load; "all" puts the training images first.
    return_X_y : bool, default=False
        If True, return ``(data, target)`` instead of a Bunch.

    Returns
    -------
    fashion : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        data : ndarray of uint8, shape (n_images, 784)
            The grey values. Scale them before a network: ``data / 255``.
        target : ndarray of int64, shape (n_images,)
            The class, 0 to 9.
        images : ndarray of uint8, shape (n_images, 28, 28)
            The same values, as pictures.
        target_names : list of str
            Names of the classes.
        DESCR : str
            Source and licence.
    (data, target) : tuple
        If ``return_X_y``.

    Raises
    ------
    FileNotFoundError
        If a file is not in ``folder``.
    ValueError
        If ``subset`` is unknown, or a file is not an idx file or is truncated.

    Examples
    --------
    >>> from skrnn.datasets import load_fashion_mnist
    >>> fashion = load_fashion_mnist()
    >>> fashion.data.shape, fashion.target_names[fashion.target[0]]
    ((4000, 784), 'Ankle boot')
    """
    if not isinstance(subset, str) or subset not in _SUBSETS:
        raise ValueError(f"subset must be one of {list(_SUBSETS)}, got {subset!r}")
    bundled = data_folder() / "fashion_mnist"
    place = bundled if folder is None else Path(folder).expanduser()
    parts = [_FILES[part] for part in _SUBSETS[subset]]
    images = [_read_idx(place, f"{part}-images-idx3-ubyte") for part in parts]
    labels = [_read_idx(place, f"{part}-labels-idx1-ubyte") for part in parts]
    for part, pictures, classes in zip(parts, images, labels, strict=True):
        if classes.ndim != 1 or pictures.shape != (len(classes), 28, 28):
            raise ValueError(
                f"{part} in {place} has images of shape {pictures.shape} and labels of "
                f"shape {classes.shape}; expected an image of 28 x 28 for each label"
            )
        if classes.max(initial=0) >= len(_CLASSES):
            raise ValueError(
                f"{part} in {place} has the label {classes.max()}; expected 0 to 9"
            )
    pictures = np.concatenate(images) if len(images) > 1 else images[0]
    data = pictures.reshape(len(pictures), -1)
    target = np.concatenate(labels).astype(np.int64)
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        images=pictures,
        target_names=list(_CLASSES),
        DESCR=read_description("fashion_mnist"),
    )


def _read_idx(folder: Any, name: str) -> np.ndarray:
    """The array of bytes in the file ``name`` or ``name.gz`` of a folder."""
    content = _read(folder, name)
    is_whole = len(content) > 3 and len(content) >= 4 + 4 * content[3]
    if content[:3] != _UNSIGNED_BYTES or not is_whole:
        raise ValueError(
            f"{name} in {folder} is not an idx file of unsigned bytes: it begins "
            f"with {content[:4]!r}"
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
        f"neither {name}.gz nor {name} is in {str(folder)!r}; install the Debian "
        "package dataset-fashion-mnist, or call load_fashion_mnist() for the subset "
        "that ships with skrnn"
    )

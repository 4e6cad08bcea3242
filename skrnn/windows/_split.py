"""Splits that respect time, and whether one is called for."""

from __future__ import annotations

import numpy as np

from ._windows import Windows

_PAIRS_LOOKED_AT = 64


def time_ordered_split(
    n_samples: int, validation_fraction: float, gap: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the training samples and of the last ones, held out.

    Parameters
    ----------
    n_samples : int
        Number of samples, ordered in time.
    validation_fraction : float
        Share that is held out, rounded up to whole samples.
    gap : int, default=0
        Samples dropped between the two parts. With targets that reach ``h`` steps
        ahead, ``gap=h - 1`` keeps every training target out of the held-out part.

    Returns
    -------
    train, validation : ndarray of int
        Increasing indices; all of ``train`` come before all of ``validation``.

    Raises
    ------
    ValueError
        If nothing is left to train on.

    Examples
    --------
    >>> from skrnn.windows import time_ordered_split
    >>> train, validation = time_ordered_split(10, 0.3, gap=1)
    >>> train.tolist(), validation.tolist()
    ([0, 1, 2, 3, 4, 5], [7, 8, 9])
    """
    n_validation = int(np.ceil(validation_fraction * n_samples))
    n_train = n_samples - n_validation - gap
    if n_train < 1:
        raise ValueError(
            f"nothing is left to train on: n_samples={n_samples}, of which "
            f"{n_validation} are held out (validation_fraction="
            f"{validation_fraction}) and {gap} dropped as a gap; lower "
            "validation_fraction or pass more samples"
        )
    return np.arange(n_train), np.arange(n_samples - n_validation, n_samples)


def overlap(windows: Windows) -> bool:
    """Whether neighbouring samples show the same observations.

    True if windows share rows, and also if most windows of a copied array repeat the
    one before them moved by one step: a random split of such samples leaks.

    Parameters
    ----------
    windows : Windows
        The samples, in their order.

    Returns
    -------
    overlapping : bool

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.windows import Windows, overlap
    >>> rows = np.arange(6.0).reshape(-1, 1)
    >>> overlap(Windows(rows, [0, 1, 2], [3, 3, 3]))
    True
    >>> overlap(Windows(rows, [0, 3], [3, 3]))
    False
    """
    if len(windows) < 2:
        return False
    order = np.argsort(windows.starts, kind="stable")
    starts, ends = windows.starts[order], (windows.starts + windows.lengths)[order]
    if (starts[1:] < ends[:-1]).any():
        return True
    pairs = np.unique(np.linspace(0, len(windows) - 2, _PAIRS_LOOKED_AT, dtype=int))
    repeated = [_is_moved_by_one(windows[i], windows[i + 1]) for i in pairs]
    return sum(repeated) * 2 > len(repeated)


def _is_moved_by_one(before: np.ndarray, after: np.ndarray) -> bool:
    if len(before) != len(after) or len(before) < 2:
        return False
    return bool(np.array_equal(before[1:], after[:-1]))

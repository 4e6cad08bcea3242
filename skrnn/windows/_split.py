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


def split_windows_in_time(
    windows: Windows, validation_fraction: float, gap: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Hold out the last windows, those of each series where several share rows.

    Windows that share rows are ordered by the row at which they end, whatever their
    place among the samples, and each run of rows (each series of a panel) gives its
    own share. Windows that share none are taken to be in order of time.

    Parameters
    ----------
    windows : Windows
    validation_fraction : float
        Share that is held out.
    gap : int, default=0
        Rows (samples, where none share rows) dropped between the two parts.

    Returns
    -------
    train, validation : ndarray of int
        Indices of samples.

    Raises
    ------
    ValueError
        If nothing is left to train on.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.windows import Windows, split_windows_in_time
    >>> rows = np.zeros((12, 1))
    >>> panel = Windows.from_series(rows, 2, series_lengths=[6, 6])
    >>> split_windows_in_time(panel, 0.4)[1].tolist()
    [3, 4, 8, 9]
    """
    runs = _runs(windows)
    if len(runs) == len(windows):  # no two windows share a row
        return time_ordered_split(len(windows), validation_fraction, gap)
    ends = windows.starts + windows.lengths
    train, validation = [], []
    for run in runs:
        share = validation_fraction * len(run)
        n_validation = int(np.ceil(share)) if len(runs) == 1 else round(share)
        if n_validation == 0:
            train.append(run)
            continue
        first = ends[run[len(run) - n_validation]]
        train.append(run[ends[run] + gap < first])
        validation.append(run[ends[run] >= first])
    if sum(map(len, train)) == 0 or not validation:
        return time_ordered_split(len(windows), validation_fraction, gap)
    return np.sort(np.concatenate(train)), np.sort(np.concatenate(validation))


def _runs(windows: Windows) -> list[np.ndarray]:
    """Samples grouped by the run of rows that they share, in order of their end."""
    order = np.lexsort((windows.starts, windows.starts + windows.lengths))
    by_start = order[np.argsort(windows.starts[order], kind="stable")]
    starts = windows.starts[by_start]
    reach = np.maximum.accumulate(starts + windows.lengths[by_start])
    borders = np.flatnonzero(starts[1:] >= reach[:-1]) + 1
    ends = windows.starts + windows.lengths
    parts = np.split(by_start, borders)
    return [part[np.argsort(ends[part], kind="stable")] for part in parts]


def overlap(windows: Windows) -> bool:
    """Whether neighbouring samples show the same observations.

    True if windows share rows, and also if most windows of a copied array begin with
    the end of the one before (or after), equally long: a random split of such samples
    leaks. Token ids are not compared, since texts repeat words anyway.

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
    if windows.n_tokens is not None:
        return False
    pairs = np.unique(np.linspace(0, len(windows) - 2, _PAIRS_LOOKED_AT, dtype=int))
    neighbours = [(windows[i], windows[i + 1]) for i in pairs]
    onward = sum(_continues(before, after) for before, after in neighbours)
    backward = sum(_continues(after, before) for before, after in neighbours)
    return max(onward, backward) * 3 > len(pairs) * 2  # chance goes both ways


def _continues(first: np.ndarray, then: np.ndarray) -> bool:
    """Whether the end of one window is the beginning of the other, at any shift."""
    if len(first) != len(then):
        return False
    needed = min(2, len(first) - 1)
    for shift in np.flatnonzero((first == then[0]).all(axis=1)).tolist():
        n_shared = len(first) - shift
        if shift > 0 and n_shared >= needed > 0:
            shared = first[shift:]
            if np.array_equal(shared, then[:n_shared]) and _is_telling(shared, then):
                return True
    return False


def _is_telling(shared: np.ndarray, window: np.ndarray) -> bool:
    """Whether the same rows are no chance: many of them, or none found elsewhere."""
    n_different = len(np.unique(shared, axis=0))
    if len(np.unique(window, axis=0)) == len(window):
        return True
    return n_different > 1 and 2 * len(shared) >= len(window)  # silence tells nothing

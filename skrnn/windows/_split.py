"""Splits into training and held-out samples that respect time."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._overlap import overlap, share_rows, starts_if_shared
from ._windows import Windows


def time_ordered_split(
    n_samples: int, validation_fraction: float, gap: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the training samples and of the last ones, held out.

    The held-out share is rounded up to whole samples. ``gap`` samples between the two
    parts are dropped: with targets that reach ``h`` steps ahead, ``gap=h - 1`` keeps
    every training target out of the held-out part.

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
    windows: Windows, validation_fraction: float, gap: int = 0, *, strata: Any = None
) -> tuple[np.ndarray, np.ndarray]:
    """Hold out the last windows of each run of windows that overlap.

    Windows that share rows, and copies of such windows, are ordered by the row at which
    they end; their order among the samples does not matter. Each run (each series of a
    panel, each recording) gives its own share. Windows that do not overlap are assumed
    to be in order of time.

    ``gap`` rows (samples, if none overlap) between the two parts are dropped.
    ``strata`` is the class of each window. If the last windows of the runs lack a
    class, each stretch of a run with a single class gives its own share. Some stretches
    that are too short for that are held out as a whole. ``strata`` is ignored if
    classes alternate from window to window.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.windows import Windows, split_windows_in_time
    >>> rows = np.zeros((12, 1))
    >>> panel = Windows.from_series(rows, 2, series_lengths=[6, 6])
    >>> split_windows_in_time(panel, 0.4)[1].tolist()
    [3, 4, 8, 9]
    """
    runs, ends = _runs(windows)
    if len(runs) == len(windows):  # no two windows overlap
        return time_ordered_split(len(windows), validation_fraction, gap)
    shares = [validation_fraction * len(run) for run in runs]
    counts = [round(share) for share in shares]
    if len(runs) == 1:
        counts = [int(np.ceil(shares[0]))]
    split = _last_of_each(runs, counts, ends, gap)
    n_owed = validation_fraction * len(windows)
    fewest = min(2.0, n_owed)  # a score needs two
    if len(split[0]) == 0 or len(split[1]) < max(n_owed / 2, fewest):
        split = time_ordered_split(len(windows), validation_fraction, gap)
    if strata is None:
        return split
    codes = np.unique(strata, return_inverse=True)[1]
    missing = _n_missing(codes, split)
    if not any(missing):
        return split
    stretches = [
        part
        for run in runs  # cut where another class begins
        for part in np.split(run, np.flatnonzero(np.diff(codes[run])) + 1)
    ]
    if len(stretches) - len(runs) > n_owed:
        return split  # parts of alternating classes overlap in most of their rows
    counts = _shares_by_class(stretches, codes, validation_fraction)
    by_class = _last_of_each(stretches, counts, ends, gap)
    return by_class if _n_missing(codes, by_class) < missing else split


def _last_of_each(
    runs: list[np.ndarray], counts: list[int], ends: np.ndarray, gap: int
) -> tuple[np.ndarray, np.ndarray]:
    """Training samples, and the last ``counts`` samples of each run."""
    train, validation = [np.arange(0)], [np.arange(0)]
    for run, count in zip(runs, counts, strict=True):
        if count == 0:
            train.append(run)
            continue
        first = ends[run[len(run) - count]]
        train.append(run[ends[run] + gap < first])
        validation.append(run[ends[run] >= first])
    return np.sort(np.concatenate(train)), np.sort(np.concatenate(validation))


def _n_missing(
    codes: np.ndarray, split: tuple[np.ndarray, np.ndarray]
) -> tuple[int, int]:
    """How many classes the training part lacks (the worse case), and the held-out."""
    n_classes = int(codes.max()) + 1
    train, validation = (len(np.unique(codes[part])) for part in split)
    return n_classes - train, n_classes - validation


def _shares_by_class(
    stretches: list[np.ndarray], codes: np.ndarray, validation_fraction: float
) -> list[int]:
    """Number of samples to hold out of each stretch, so that every class has some."""
    counts = [0] * len(stretches)
    of_class: dict[int, list[int]] = {}
    for place, stretch in enumerate(stretches):
        of_class.setdefault(int(codes[stretch[0]]), []).append(place)
    for places in of_class.values():
        owed = 0.0  # by stretches too short to give a sample
        for place in places:
            size = len(stretches[place])
            share = validation_fraction * size
            counts[place] = min(round(share), size - 1)
            owed += share if counts[place] == 0 else 0
            if counts[place] == 0 and place != places[0] and 2 * owed >= size:
                counts[place] = size
                owed -= size
        if not any(counts[place] for place in places):
            longest = max(places, key=lambda place: len(stretches[place]))
            last = places[-1] if len(stretches[longest]) == 1 else longest
            if len(places) > 1 or len(stretches[last]) > 1:
                counts[last] = 1
    return counts


def _runs(windows: Windows) -> tuple[list[np.ndarray], np.ndarray]:
    """Samples grouped by the run of rows that they share, in order of their end.

    Also returns the end of each sample; for copies, the end that it would have if the
    samples shared rows.
    """
    starts, lengths = windows.starts, windows.lengths
    if not share_rows(windows) and overlap(windows):
        starts = starts_if_shared(windows)
    ends = starts + lengths
    order = np.lexsort((starts, ends))
    by_start = order[np.argsort(starts[order], kind="stable")]
    reach = np.maximum.accumulate(ends[by_start])
    borders = np.flatnonzero(starts[by_start][1:] >= reach[:-1]) + 1
    parts = np.split(by_start, borders)
    return [part[np.argsort(ends[part], kind="stable")] for part in parts], ends

"""Samples that are consecutive pieces of one series."""

from __future__ import annotations

import numpy as np

from ._windows import Windows

_REMEDY = (
    "cut a series into pieces of T rows, one after the other: "
    "rows[: n * T].reshape(n, T, -1), with n = len(rows) // T"
)


def check_consecutive(windows: Windows) -> None:
    """Raise unless the samples, in their order, are pieces of one series.

    Raises
    ------
    ValueError
        If they differ in length, share rows, or leave out rows between them.
    """
    starts, lengths = windows.starts, windows.lengths
    expected = "stateful=True reads the samples as consecutive pieces of one series"
    unequal = np.flatnonzero(lengths != lengths[0])
    if len(unequal):
        i = int(unequal[0])
        raise ValueError(
            f"{expected}, all of one length, but sample 0 has {lengths[0]} rows and "
            f"sample {i} has {lengths[i]} (rows that are missing do not count); "
            f"{_REMEDY}"
        )
    steps = starts[1:] - starts[:-1] - lengths[:-1]
    if not steps.any():
        return
    i = int(np.flatnonzero(steps)[0])
    how = (
        f"{steps[i]} rows between samples {i} and {i + 1} are missing: impute them"
        if steps[i] > 0
        else f"samples {i} and {i + 1} share rows, as sliding windows do, or stand "
        "in another order"
    )
    raise ValueError(f"{expected}, but {how}; {_REMEDY}")


def joined(windows: Windows) -> Windows:
    """Consecutive pieces as the one sequence that they make up."""
    n_rows = int(windows.lengths.sum())
    return Windows(
        windows.rows, windows.starts[:1], np.array([n_rows]), windows.n_tokens
    )

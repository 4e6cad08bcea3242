"""Copies of overlapping windows: by how many rows each goes on from the one before."""

from __future__ import annotations

import numpy as np

from ._windows import Windows

_PAIRS_LOOKED_AT = 64


def shifts_seen(windows: Windows) -> np.ndarray:
    """By how many rows some samples begin later than the one before them.

    Negative if they begin earlier, 0 if they do not overlap. All of them go the way
    that most go: chance goes both ways.
    """
    pairs = np.unique(np.linspace(0, len(windows) - 2, _PAIRS_LOOKED_AT, dtype=int))
    neighbours = [(windows[i], windows[i + 1]) for i in pairs]
    onward = np.array([_shift(before, after) for before, after in neighbours])
    backward = np.array([_shift(after, before) for before, after in neighbours])
    if np.count_nonzero(onward) >= np.count_nonzero(backward):
        return onward
    return -backward


def starts_if_shared(windows: Windows) -> np.ndarray:
    """Where copies of overlapping windows would start if they shared rows.

    Samples that do not go on from the one before begin a new run, far from the others.
    """
    shifts, goes_on = _all_shifts(windows)
    place = np.concatenate([[0], np.cumsum(np.where(goes_on, shifts, 0))])
    run = np.concatenate([[0], np.cumsum(~goes_on)])
    apart = np.ptp(place) + 2 * windows.n_timesteps
    return place - place.min() + run * apart


def _all_shifts(windows: Windows) -> tuple[np.ndarray, np.ndarray]:
    """By how many rows each sample begins later than the one before, if it goes on."""
    seen = shifts_seen(windows)
    usual, counts = np.unique(seen[seen != 0], return_counts=True)
    usual = usual[np.argsort(-counts, kind="stable")]
    sign = -1 if (usual < 0).any() else 1
    shifts = np.zeros(len(windows) - 1, dtype=np.int64)
    goes_on = np.zeros(len(windows) - 1, dtype=bool)
    longest = windows.n_timesteps - _n_needed(windows.n_timesteps)
    further = [sign * n for n in range(1, longest + 1) if sign * n not in usual]
    for shift in (*usual.tolist(), 0, *further):
        unknown = np.flatnonzero(~goes_on)
        if len(unknown) == 0:
            break
        found = unknown[_go_on(windows, unknown, shift, sign)]
        if shift in further:  # which may be chance
            found = np.array([i for i in found if _is_told(windows, i, shift)], int)
        shifts[found], goes_on[found] = shift, True
    return shifts, goes_on


def _go_on(windows: Windows, pairs: np.ndarray, shift: int, sign: int) -> np.ndarray:
    """Whether the later of samples ``i`` and ``i + 1`` begins so many rows on."""
    first, then = (pairs, pairs + 1) if sign > 0 else (pairs + 1, pairs)
    rows, shift = np.asarray(windows.rows), abs(shift)
    n_first, n_then = windows.lengths[first], windows.lengths[then]
    start, begin = windows.starts[first] + shift, windows.starts[then]
    n_shared = n_first - shift
    agrees = (n_shared > 0) & (n_then >= n_shared)  # it ends no earlier
    for step in range(int(n_shared.max(initial=0))):
        open_ = np.flatnonzero(agrees & (step < n_shared))
        if len(open_) == 0:
            break
        same = rows[start[open_] + step] == rows[begin[open_] + step]
        agrees[open_[~same.all(axis=1)]] = False
    return agrees


def _is_told(windows: Windows, i: int, shift: int) -> bool:
    """Whether the rows that samples ``i`` and ``i + 1`` share are not chance."""
    first, then = (i, i + 1) if shift > 0 else (i + 1, i)
    return _is_telling(windows[first][abs(shift) :], windows[then])


def _shift(first: np.ndarray, then: np.ndarray) -> int:
    """At which row of a window the other begins, equally long; 0 if at none."""
    if len(first) != len(then):
        return 0
    needed = _n_needed(len(first))
    for shift in np.flatnonzero((first == then[0]).all(axis=1)).tolist():
        n_shared = len(first) - shift
        if shift > 0 and n_shared >= needed > 0:
            shared = first[shift:]
            if np.array_equal(shared, then[:n_shared]) and _is_telling(shared, then):
                return shift
    return 0


def _n_needed(n_timesteps: int) -> int:
    """Rows that windows must share to be taken for overlapping ones."""
    return min(2, n_timesteps - 1)


def _is_telling(shared: np.ndarray, window: np.ndarray) -> bool:
    """Whether the same rows are not chance: many of them, or none found elsewhere."""
    n_different = len(np.unique(shared, axis=0))
    if len(np.unique(window, axis=0)) == len(window):
        return True
    return n_different > 1 and 2 * len(shared) >= len(window)  # silence tells nothing

"""Relations between samples: overlapping windows, their copies, consecutive pieces."""

from __future__ import annotations

import numpy as np

from ._windows import Windows

_PAIRS_LOOKED_AT = 64
_LARGEST_AT_ONCE = 10_000  # values of a window; pairs of larger ones would fill memory
_REMEDY = (
    "cut a series into pieces of T rows, one after the other: "
    "rows[: n * T].reshape(n, T, -1), with n = len(rows) // T"
)


def overlap(windows: Windows) -> bool:
    """Whether neighbouring samples show the same observations.

    True if windows share rows, or if most windows of a copied array begin with the end
    of the one before (or after), equally long: a random split of such samples leaks.
    Token ids are not compared, because texts repeat words anyway.

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
    if share_rows(windows):
        return True
    if windows.n_tokens is not None:
        return False
    shifts = shifts_seen(windows)
    return bool(np.count_nonzero(shifts) * 3 > len(shifts) * 2)


def share_rows(windows: Windows) -> bool:
    """Whether any two windows have a row in common."""
    order = np.argsort(windows.starts, kind="stable")
    starts, ends = windows.starts[order], (windows.starts + windows.lengths)[order]
    return bool((starts[1:] < ends[:-1]).any())


def check_consecutive(windows: Windows) -> None:
    """Raise unless the samples, in their order, are equal pieces of one series."""
    starts, lengths = windows.starts, windows.lengths
    expected = "stateful=True reads the samples as consecutive pieces of one series"
    unequal = np.flatnonzero(lengths != lengths[0])
    if len(unequal):
        i = int(unequal[0])
        raise ValueError(
            f"{expected}, all of one length, but sample 0 has {lengths[0]} rows and "
            f"sample {i} has {lengths[i]} (missing rows do not count); "
            f"{_REMEDY}"
        )
    steps = starts[1:] - starts[:-1] - lengths[:-1]
    if not steps.any():
        return
    i = int(np.flatnonzero(steps)[0])
    how = (
        f"{steps[i]} rows between samples {i} and {i + 1} are missing: impute them"
        if steps[i] > 0
        else f"samples {i} and {i + 1} share rows, as sliding windows do, or are "
        "not in order"
    )
    raise ValueError(f"{expected}, but {how}; {_REMEDY}")


def joined(windows: Windows) -> Windows:
    """Consecutive pieces joined into one sequence."""
    n_rows = int(windows.lengths.sum())
    return Windows(
        windows.rows, windows.starts[:1], np.array([n_rows]), windows.n_tokens
    )


def shifts_seen(windows: Windows) -> np.ndarray:
    """The number of rows by which some samples begin later than the one before.

    Negative if they begin earlier, 0 if they do not overlap. Only the direction of most
    of them counts, because chance matches occur in both.
    """
    pairs = np.unique(np.linspace(0, len(windows) - 2, _PAIRS_LOOKED_AT, dtype=int))
    onward = np.zeros(len(pairs), dtype=np.int64)
    backward = onward.copy()
    for k in np.flatnonzero(_may_overlap(windows, pairs)):
        before, after = windows[pairs[k]], windows[pairs[k] + 1]
        onward[k], backward[k] = _shift(before, after), _shift(after, before)
    if np.count_nonzero(onward) >= np.count_nonzero(backward):
        return onward
    return -backward


def starts_if_shared(windows: Windows) -> np.ndarray:
    """Where copies of overlapping windows would start if they shared rows.

    Samples that do not continue the one before begin a new run, far from the others.
    """
    shifts, continues = _all_shifts(windows)
    place = np.concatenate([[0], np.cumsum(np.where(continues, shifts, 0))])
    run = np.concatenate([[0], np.cumsum(~continues)])
    apart = np.ptp(place) + 2 * windows.n_timesteps
    return place - place.min() + run * apart


def _all_shifts(windows: Windows) -> tuple[np.ndarray, np.ndarray]:
    """By how many rows each sample begins after the one before, and whether it does."""
    seen = shifts_seen(windows)
    usual, counts = np.unique(seen[seen != 0], return_counts=True)
    usual = usual[np.argsort(-counts, kind="stable")]
    sign = -1 if (usual < 0).any() else 1
    shifts = np.zeros(len(windows) - 1, dtype=np.int64)
    continues = np.zeros(len(windows) - 1, dtype=bool)
    longest = windows.n_timesteps - _n_needed(windows.n_timesteps)
    further = [sign * n for n in range(1, longest + 1) if sign * n not in usual]
    for shift in (*usual.tolist(), 0, *further):
        unknown = np.flatnonzero(~continues)
        if len(unknown) == 0:
            break
        found = unknown[_continue(windows, unknown, shift, sign)]
        if shift in further:  # which may be chance
            found = np.array([i for i in found if _do_share(windows, i, shift)], int)
        shifts[found], continues[found] = shift, True
    return shifts, continues


def _continue(windows: Windows, pairs: np.ndarray, shift: int, sign: int) -> np.ndarray:
    """Whether the later of samples ``i`` and ``i + 1`` begins ``shift`` rows later."""
    first, then = (pairs, pairs + 1) if sign > 0 else (pairs + 1, pairs)
    rows, shift = np.asarray(windows.rows), abs(shift)
    n_first, n_then = windows.lengths[first], windows.lengths[then]
    start, begin = windows.starts[first] + shift, windows.starts[then]
    n_shared = n_first - shift
    agrees = (n_shared > 0) & (n_then >= n_shared)  # it does not end earlier
    for step in range(int(n_shared.max(initial=0))):
        open_ = np.flatnonzero(agrees & (step < n_shared))
        if len(open_) == 0:
            break
        same = rows[start[open_] + step] == rows[begin[open_] + step]
        agrees[open_[~same.all(axis=1)]] = False
    return agrees


def _do_share(windows: Windows, i: int, shift: int) -> bool:
    """Whether samples ``i`` and ``i + 1`` share more rows than by chance."""
    first, then = (i, i + 1) if shift > 0 else (i + 1, i)
    return _is_telling(windows[first][abs(shift) :], windows[then])


def _may_overlap(windows: Windows, pairs: np.ndarray) -> np.ndarray:
    """Whether the first row of one sample of ``i`` and ``i + 1`` is in the other."""
    n_values = windows.n_timesteps * windows.n_features
    if not windows.is_uniform or n_values > _LARGEST_AT_ONCE:
        return np.ones(len(pairs), dtype=bool)
    steps = np.arange(windows.n_timesteps)
    before = windows.starts[pairs, np.newaxis] + steps  # (pair, time)
    after = windows.starts[pairs + 1, np.newaxis] + steps
    x, z = windows.rows[before], windows.rows[after]  # (pair, time, feature)
    onward = (x[:, 1:] == z[:, :1]).all(axis=2).any(axis=1)
    return onward | (z[:, 1:] == x[:, :1]).all(axis=2).any(axis=1)


def _shift(first: np.ndarray, then: np.ndarray) -> int:
    """The row of a window at which an equally long one begins; 0 if there is none."""
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
    """The number of rows that windows must share to count as overlapping."""
    return min(2, n_timesteps - 1)


def _is_telling(shared: np.ndarray, window: np.ndarray) -> bool:
    """Whether equal rows are no coincidence: many of them, or unique ones."""
    n_different = len(np.unique(shared, axis=0))
    if len(np.unique(window, axis=0)) == len(window):
        return True
    return n_different > 1 and 2 * len(shared) >= len(window)  # silence tells nothing

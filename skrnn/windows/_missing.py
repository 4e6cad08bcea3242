"""Windows that begin before there was anything to observe, or end after it."""

from __future__ import annotations

import numpy as np


def drop_missing_ends(
    rows: np.ndarray,
    starts: np.ndarray,
    lengths: np.ndarray,
    *,
    trailing: bool = False,
    name: str = "X",
) -> tuple[np.ndarray, np.ndarray]:
    """Cut off leading, and if ``trailing`` also last, rows that are NaN throughout.

    Only sequences that share no rows may be padded at their end: in a series, a last
    row that is missing is an observation that is missing. Costs O(n_rows + n_windows)
    however much the windows overlap. ``name`` is that of the argument, for errors.

    Raises
    ------
    ValueError
        If a window has no observed row, or holds NaN or infinity between its ends.
    """
    if rows.dtype.kind != "f" or len(starts) == 0 or _all_finite(rows):
        return starts, lengths
    ends = starts + lengths
    blank = np.isnan(rows).all(axis=1)
    starts = _next_filled(blank)[starts]
    if (starts >= ends).any():
        window = int(np.flatnonzero(starts >= ends)[0])
        raise ValueError(
            f"Input {name} contains NaN: window {window} has no observed row at all; "
            "drop it together with its target"
        )
    if trailing:
        ends = _last_filled(blank)[ends - 1] + 1
    flawed_before = np.concatenate([[0], np.cumsum(~np.isfinite(rows).all(axis=1))])
    flawed = flawed_before[ends] > flawed_before[starts]
    if flawed.any():
        window = int(np.flatnonzero(flawed)[0])
        _raise_flawed(rows[starts[window] : ends[window]], window, name)
    return starts, ends - starts


def _all_finite(rows: np.ndarray) -> bool:
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(rows.sum(dtype=np.float64)))


def _next_filled(blank: np.ndarray) -> np.ndarray:
    """For each row the first row at or after it that is not blank."""
    own = np.where(blank, len(blank), np.arange(len(blank)))
    return np.minimum.accumulate(own[::-1])[::-1]


def _last_filled(blank: np.ndarray) -> np.ndarray:
    """For each row the last row at or before it that is not blank."""
    return np.maximum.accumulate(np.where(blank, -1, np.arange(len(blank))))


def _raise_flawed(rows: np.ndarray, window: int, name: str) -> None:
    if np.isnan(rows).any():
        raise ValueError(
            f"Input {name} contains NaN: window {window} has a missing value after its "
            "first observed row. Only leading rows that are NaN in every feature mean "
            "'no history yet', and last ones the end of a sequence that shares no rows "
            "with others; drop rows at the start of a series in which some are "
            "missing, and impute others (pandas ffill or interpolate, sklearn.impute) "
            "before windowing"
        )
    raise ValueError(
        f"Input {name} contains infinity or a value too large for {rows.dtype}: in "
        f"window {window}; replace it, or scale the features before windowing"
    )

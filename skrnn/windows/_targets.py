"""Targets as windows: what comes right after each input window."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._checks import check_positive
from ._series import series_windows, too_long_a_window
from ._windows import Windows


def windows_with_targets(
    rows: Any,
    window_length: int,
    horizon: int,
    *,
    step_length: int = 1,
    series_lengths: Any = None,
) -> tuple[Windows, Windows]:
    """Input windows, and as windows into the same rows the targets that follow them.

    Only pairs that lie wholly inside one series are returned, so that no target is
    taken from another series or from beyond the end.

    Parameters
    ----------
    rows : array of shape (n_rows, n_features)
        One series, or several stacked one after the other.
    window_length : int
        Rows in an input window.
    horizon : int
        Rows in a target window, which begins at the row after the input window.
    step_length : int, default=1
        Rows from one window to the next.
    series_lengths : array-like of int, shape (n_series,), default=None
        Rows of each series of the panel; None means one series.

    Returns
    -------
    inputs, targets : Windows
        Of equal length, both looking into ``rows``.

    Raises
    ------
    ValueError
        If no series is as long as ``window_length + horizon``.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.windows import windows_with_targets
    >>> inputs, targets = windows_with_targets(np.arange(6.0).reshape(-1, 1), 3, 2)
    >>> inputs[1].ravel(), targets[1].ravel()
    (array([1., 2., 3.]), array([4., 5.]))
    """
    check_positive("window_length", window_length)
    check_positive("horizon", horizon)
    longest = len(rows) if series_lengths is None else int(np.max(series_lengths))
    if longest < window_length + horizon:
        error = too_long_a_window(window_length + horizon, longest)
        raise ValueError(f"with horizon={horizon} counted in, {error}") from None
    starts, _ = series_windows(
        len(rows), window_length + horizon, step_length, series_lengths
    )
    inputs = Windows(rows, starts, np.full(len(starts), window_length))
    targets = Windows(rows, starts + window_length, np.full(len(starts), horizon))
    return inputs, targets

"""Pairs of features and targets from series."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..windows import Series, reading, refuse_mask, series_of, unmasked


def make_supervised(
    rows: Any, target: Any, horizon: int = 1, *, return_future: bool = False
) -> tuple[Any, ...]:
    """Pair each row with the values of the target that follow it.

    ``y[t]`` is ``target[t + 1], ..., target[t + horizon]``, not yet known at row ``t``.
    The last ``horizon`` rows of each series have no complete target and are left out.

    Parameters
    ----------
    rows : {array-like, DataFrame} of shape (n_rows, n_features)
        Observations in order of time. An (instance, time) MultiIndex makes them a
        panel; no target is taken from another instance.
    target : label, list of str, or array-like of shape (n_rows,) or (n_rows, n_targets)
        Column(s) of ``rows``, or values aligned with them.
    horizon : int, default=1
        Number of steps ahead.
    return_future : bool, default=False
        If True, also return the rows left out, whose targets lie in the future.

    Returns
    -------
    X : same type as ``rows``, shape (n_samples, n_features)
        The rows with a complete target.
    y : ndarray, Series or DataFrame of shape (n_samples,) or \
            (n_samples, horizon * n_targets)
        A pandas object with the index of ``X`` if ``rows`` is one. Several columns are
        ordered by step, then by target.
    X_future : same type as ``rows``, shape (n_rows - n_samples, n_features)
        Rows to predict from; only if ``return_future``.

    Raises
    ------
    ValueError
        If ``horizon`` is not a positive integer, or no series is longer; if a column is
        missing, or target and rows are not aligned; or if the index of rows is not in
        order or belongs to several series in one table.

    See Also
    --------
    SlidingWindow : Give each row its history.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.preprocessing import make_supervised
    >>> series = np.arange(5.0)
    >>> X, y = make_supervised(series.reshape(-1, 1), series, horizon=2)
    >>> X.ravel(), y.tolist()
    (array([0., 1., 2.]), [[1.0, 2.0], [2.0, 3.0], [3.0, 4.0]])
    """
    if not hasattr(rows, "iloc"):
        with reading("rows"):
            rows = np.asarray(unmasked(rows))
        if rows.ndim == 0:
            raise ValueError(
                "rows must be of shape (n_rows, n_features), got a single value"
            )
    if not isinstance(horizon, (int, np.integer)) or horizon < 1:
        raise ValueError(f"horizon must be an integer of at least 1, got {horizon!r}")
    names, values = _target_values(rows, target)
    series = series_of(rows, len(rows))
    known = _rows_with_target(series, len(rows), horizon)
    steps = np.flatnonzero(known)[:, np.newaxis] + np.arange(1, horizon + 1)
    y = values[steps].reshape(len(steps), -1)  # (sample, step * target)
    y = _like(rows, y, known, names, horizon, one_column=np.ndim(values) == 1)
    X = rows[known]
    return (X, y, rows[~known]) if return_future else (X, y)


def _target_values(rows: Any, target: Any) -> tuple[list[Any], np.ndarray]:
    """Names and values (n_rows,) or (n_rows, n_targets) of the target."""
    is_label = isinstance(target, (str, int, np.integer))
    if is_label or (
        isinstance(target, list) and all(isinstance(t, str) for t in target)
    ):
        columns = [target] if is_label else target
        absent = [c for c in columns if c not in getattr(rows, "columns", ())]
        if absent or not columns:
            raise ValueError(
                f"target column(s) {absent} are not in rows; there are "
                f"{list(getattr(rows, 'columns', []))}"
            )
        return columns, rows[target].to_numpy()
    are_frames = hasattr(rows, "iloc") and hasattr(target, "iloc")
    if are_frames and not target.index.equals(rows.index):
        raise ValueError(
            "target and rows have different indices; align them with "
            "target.reindex(rows.index)"
        )
    refuse_mask("target", target)
    with reading("target"):
        values = np.asarray(target)
    if values.ndim not in (1, 2) or len(values) != len(rows):
        raise ValueError(
            f"target must have one value (or one row of values) for each of the "
            f"{len(rows)} rows, got shape {values.shape}"
        )
    name = getattr(target, "name", None)
    if values.ndim == 1:
        return ["target" if name is None else name], values
    return list(getattr(target, "columns", range(values.shape[1]))), values


def _rows_with_target(series: list[Series], n_rows: int, horizon: int) -> np.ndarray:
    longest = max((one.n_rows for one in series), default=0)
    if longest <= horizon:
        raise ValueError(
            f"horizon={horizon} needs more than {horizon} rows in a series, the "
            f"longest has {longest}; lower horizon or pass more rows"
        )
    known = np.zeros(n_rows, dtype=bool)
    for one in series:
        known[one.rows.start : max(one.rows.start, one.rows.stop - horizon)] = True
    return known


def _like(
    rows: Any,
    y: np.ndarray,
    known: np.ndarray,
    names: list[Any],
    horizon: int,
    one_column: bool,
) -> Any:
    """``y`` in the container of ``rows``, a single column as 1-D."""
    single = one_column and horizon == 1
    if not hasattr(rows, "iloc"):
        return y[:, 0] if single else y
    import pandas as pd

    index = rows.index[known]
    if single:
        return pd.Series(y[:, 0], index=index, name=names[0])
    steps = range(1, horizon + 1)
    columns = [f"{name}+{step}" for step in steps for name in names]
    return pd.DataFrame(y, index=index, columns=columns)

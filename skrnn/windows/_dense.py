"""Rows and starts of dense arrays and of sliding views."""

from __future__ import annotations

from typing import Any

import numpy as np


def dense_windows(X: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, starts and lengths of a 2-D or 3-D array; a view wherever one exists."""
    if X.ndim == 2:
        X = X[:, :, np.newaxis]  # (sample, time, 1)
    if X.ndim != 3:
        raise ValueError(
            "expected a 3-D array (n_samples, n_timesteps, n_features) or a 2-D array "
            f"(n_samples, n_timesteps), got {X.ndim}-D of shape {X.shape}"
        )
    n_samples, n_timesteps, n_features = X.shape
    step = _row_step(X)
    if step is None:
        rows = X.reshape(n_samples * n_timesteps, n_features)
        step = n_timesteps
    else:
        n_rows = (n_samples - 1) * step + n_timesteps
        rows = np.lib.stride_tricks.as_strided(
            X, (n_rows, n_features), X.strides[1:], writeable=False
        )
    starts = np.arange(n_samples, dtype=np.int64) * step
    return rows, starts, np.full(n_samples, n_timesteps, dtype=np.int64)


def share_rows(X: np.ndarray) -> bool:
    """Whether the windows of an array overlap in memory, as those of a view do."""
    X = X[:, :, np.newaxis] if X.ndim == 2 else X
    step = _row_step(X)
    if step is not None:
        return step < X.shape[1]
    if len(X) != 1 or X.strides[0] != X.strides[1]:
        return False  # the one window of a view has the stride of its rows
    return X.shape[2] == 1 or X.strides[1] == X.shape[2] * X.strides[2]


def _row_step(X: np.ndarray) -> int | None:
    """Rows from one window to the next, if all windows lie in one run of rows."""
    n_samples, n_timesteps, _ = X.shape
    sample_stride, row_stride, _ = X.strides
    if n_samples < 2 or n_timesteps < 2 or row_stride <= 0 or sample_stride <= 0:
        return None
    step, rest = divmod(sample_stride, row_stride)
    return step if rest == 0 and step <= n_timesteps else None


def gather_dense(
    rows: Any, starts: np.ndarray, lengths: np.ndarray, width: int
) -> np.ndarray:
    """Windows as (sample, time, feature), each at the end of ``width`` steps."""
    ends = starts + lengths
    index = ends[:, np.newaxis] + np.arange(-width, 0)  # (sample, time)
    missing = index < starts[:, np.newaxis]
    dense = np.asarray(rows[np.where(missing, 0, index)])
    dense = dense.astype(np.result_type(rows.dtype, np.float32), copy=False)
    dense[missing] = np.nan
    return dense

"""The one door for data: whatever the user gives becomes windows and arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.validation import (
    _check_feature_names,
    _check_sample_weight,
    check_array,
    validate_data,
)

from ..windows import Windows


@dataclass(frozen=True)
class Samples:
    """Validated data: windows, targets (n_samples, n_outputs), weights or None."""

    windows: Windows
    targets: np.ndarray
    weights: np.ndarray | None

    def __len__(self) -> int:
        return len(self.windows)

    def take(self, index: np.ndarray) -> Samples:
        """The samples at ``index``, looking into the same rows."""
        weights = None if self.weights is None else self.weights[index]
        return Samples(self.windows[index], self.targets[index], weights)


def check_samples(
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any,
    check_target: Callable[[Any], np.ndarray],
    *,
    reset: bool,
) -> Samples:
    """Validate the arguments of ``fit``; samples of weight zero are left out."""
    if y is None:
        raise ValueError(
            f"This {type(estimator).__name__} estimator requires y to be passed, but "
            "the target y is None"
        )
    windows = check_windows(estimator, X, reset=reset)
    targets = check_target(y)
    if len(targets) != len(windows):
        raise ValueError(
            f"X has {len(windows)} samples, y has {len(targets)}: one target for each "
            "window is needed. SlidingWindow gives one window for each row; "
            "make_supervised aligns rows with later targets"
        )
    if sample_weight is None:
        return Samples(windows, targets, None)
    weights = _check_sample_weight(
        sample_weight, targets, dtype=windows.dtype, ensure_non_negative=True
    )
    samples = Samples(windows, targets, weights)
    return samples if weights.all() else samples.take(np.flatnonzero(weights))


def check_windows(estimator: Any, X: Any, *, reset: bool) -> Windows:
    """The windows in X, of the estimator's dtype, checked against those of ``fit``.

    Sets ``n_features_in_``, ``n_timesteps_in_`` and ``feature_names_in_`` on
    ``estimator`` if ``reset``, compares with them otherwise.
    """
    dtype = np.dtype(estimator.dtype if reset else estimator._fitted_dtype)
    sequences = _as_sequences(X)
    if sequences is not None or isinstance(X, Windows):
        windows = (
            _converted(X, dtype)
            if isinstance(X, Windows)
            else Windows.from_sequences(sequences, dtype)
        )
        # lengths may differ here, so those at hand say nothing about what is expected
        n_timesteps = windows.n_timesteps if reset and windows.is_uniform else None
        return _check_layout(estimator, X, windows, n_timesteps, reset)
    if _n_axes(X) >= 3:
        array = _check_3d(estimator, X)
        windows = Windows.from_array(array, dtype)
        return _check_layout(estimator, X, windows, array.shape[1], reset)
    return _check_table(estimator, X, dtype, reset)


def _as_sequences(X: Any) -> list[Any] | None:
    """The arrays of a list (or object array) of sequences; None for anything else."""
    if hasattr(X, "iloc") and X.ndim == 1:  # a Series of arrays
        X = X.to_numpy()
    is_object_array = isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 1
    if not (isinstance(X, (list, tuple)) or is_object_array) or len(X) == 0:
        return None
    dimensions = {_n_axes(item) for item in X}
    if dimensions == {1}:  # equal lengths make it a table, given as lists
        return list(X) if len({len(item) for item in X}) > 1 else None
    return None if dimensions == {0} else list(X)


def _n_axes(X: Any) -> int:
    """Number of axes, -1 for nested lists of unequal length."""
    if hasattr(X, "ndim"):
        return int(X.ndim)
    try:
        return np.asarray(X).ndim
    except ValueError:
        return -1


def _check_3d(estimator: Any, X: Any) -> np.ndarray:
    array = check_array(
        X,
        allow_nd=True,
        ensure_2d=False,
        ensure_all_finite=False,
        estimator=estimator,
        input_name="X",
    )
    if array.ndim > 3:
        raise ValueError(
            "expected X of shape (n_samples, n_timesteps, n_features), got "
            f"{array.ndim}-D of shape {array.shape}; move further axes into the "
            "features with X.reshape(n_samples, n_timesteps, -1)"
        )
    if 0 in array.shape:
        raise ValueError(
            f"X of shape {array.shape} (n_samples, n_timesteps, n_features) is empty; "
            "a minimum of 1 is required on each axis"
        )
    return array


def _check_table(estimator: Any, X: Any, dtype: np.dtype, reset: bool) -> Windows:
    """A 2-D X: sequences of one feature, its columns the time steps."""
    was_table = getattr(estimator, "_is_fitted_on_table", True)
    if reset or was_table:
        X = validate_data(estimator, X, reset=reset, dtype=dtype)
    else:
        X = check_array(X, dtype=dtype, estimator=estimator, input_name="X")
    windows = Windows.from_array(X)
    if reset:
        estimator._is_fitted_on_table = True
        estimator.n_timesteps_in_ = X.shape[1]
        return windows
    if not was_table:
        _compare(estimator, windows, X.shape[1], X.shape)
    return windows


def _check_layout(
    estimator: Any, X: Any, windows: Windows, n_timesteps: int | None, reset: bool
) -> Windows:
    """Note, or compare, the number of features and of time steps."""
    if reset:
        _check_feature_names(estimator, np.empty((1, 1)), reset=True)  # forget names
        estimator._is_fitted_on_table = False
        estimator.n_features_in_ = windows.n_features
        estimator.n_timesteps_in_ = n_timesteps
    else:
        _compare(estimator, windows, n_timesteps, getattr(X, "shape", "of a list"))
    return windows


def _compare(
    estimator: Any, windows: Windows, n_timesteps: int | None, shape: Any
) -> None:
    name = type(estimator).__name__
    n_features = 1 if estimator._is_fitted_on_table else estimator.n_features_in_
    if windows.n_features != n_features:
        raise ValueError(
            f"X has {windows.n_features} features a time step (shape {shape}), but "
            f"{name} is expecting {n_features} features as input, as in fit. Axis "
            "order is (n_samples, n_timesteps, n_features)"
        )
    expected = estimator.n_timesteps_in_
    if None not in (expected, n_timesteps) and expected != n_timesteps:
        raise ValueError(
            f"X has {n_timesteps} time steps (shape {shape}), but {name} was fitted on "
            f"{expected}. Use the same window_length, or pass a list of sequences if "
            "lengths are meant to differ"
        )


def _converted(windows: Windows, dtype: np.dtype) -> Windows:
    if len(windows) == 0:
        raise ValueError(
            "Found Windows with 0 sample(s) while a minimum of 1 is required"
        )
    with np.errstate(over="ignore"):
        rows = np.asarray(windows.rows).astype(dtype, copy=False)
    return windows.with_rows(rows)

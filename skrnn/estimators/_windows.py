"""The door for sequences: whatever the user gives becomes windows."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_array, validate_data

from .._feature_names import check_feature_names
from .._warnings import warn
from ..windows import (
    Windows,
    as_sequences,
    feature_names,
    instances_of,
    is_panel,
    n_axes,
    reading,
    unmasked,
)
from ._remarks import (
    warn_of_newest_first,
    warn_of_rows_in_time,
    warn_of_single_steps,
)
from ._tokens import refuse_text, token_windows


def check_windows(estimator: Any, X: Any, *, reset: bool) -> Windows:
    """The windows in X, of the estimator's dtype, checked against those of ``fit``.

    Sets ``n_features_in_``, ``n_timesteps_in_``, ``n_tokens_`` and
    ``feature_names_in_`` on ``estimator`` if ``reset``, compares with them otherwise.
    """
    refuse_text(X)
    X = unmasked(X)
    if reset:
        estimator._reads_tokens = estimator.embedding_dim is not None
        estimator.n_tokens_ = None
    if estimator._reads_tokens:
        windows = _numeric_windows(estimator, X, np.dtype(np.float64), reset)
        n_tokens = getattr(X, "n_tokens", None) if reset else estimator.n_tokens_
        windows = token_windows(windows, n_tokens)
        if reset:
            estimator.n_tokens_ = windows.n_tokens
        return windows
    if getattr(X, "n_tokens", None) is not None:
        raise ValueError(
            f"X holds ids of {X.n_tokens} tokens, as TextSequencer makes them, which "
            "are no measurements; give the network an embedding, for instance "
            "embedding_dim=32"
        )
    dtype = np.dtype(estimator.dtype if reset else estimator._fitted_dtype)
    return _numeric_windows(estimator, X, dtype, reset)


def _numeric_windows(estimator: Any, X: Any, dtype: np.dtype, reset: bool) -> Windows:
    """The windows in X, whatever its form."""
    if is_panel(X):
        windows = Windows.from_frame(X, dtype)
        return _check_layout(estimator, X, windows, None, reset)
    sequences = as_sequences(X)
    if sequences is not None or isinstance(X, Windows):
        if sequences is None:
            windows = _converted(X, dtype)
        else:
            windows = Windows.from_sequences(sequences, dtype)
        # lengths may differ here, so those at hand say nothing about what is expected
        n_timesteps = windows.n_timesteps if reset and windows.is_uniform else None
        return _check_layout(estimator, X, windows, n_timesteps, reset)
    if n_axes(X) >= 3:
        array = _check_3d(estimator, X)
        windows = Windows.from_array(array, dtype)
        return _check_layout(estimator, X, windows, array.shape[1], reset)
    return _check_table(estimator, X, dtype, reset)


def check_aligned(X: Any, y: Any, n_windows: int, n_targets: int) -> None:
    """One target for each window, and of a panel in the same order."""
    if not is_panel(X):
        if n_targets != n_windows:
            raise ValueError(
                f"X has {n_windows} samples, y has {n_targets}: one target for each "
                f"sequence is needed{_why_unequal(X)}"
            )
        return
    if n_targets != n_windows:
        raise ValueError(
            f"X has {n_windows} samples, the instances of its MultiIndex, y has "
            f"{n_targets}: one target for each instance is needed. For a target at "
            "each row put SlidingWindow before the network; if the rows are windows "
            "already, drop the index with X.to_numpy()"
        )
    instances, index = instances_of(X), getattr(y, "index", None)
    if index is None or callable(index) or instances.equals(index):
        return
    if len(instances.intersection(index)) == 0:
        return  # other names, such as numbers
    raise ValueError(
        "y names other instances than X, or in another order; use "
        "y.loc[X.index.droplevel(-1).unique()], or y.to_numpy() if it is in the order "
        "of X in spite of its index"
    )


def _why_unequal(X: Any) -> str:
    """What may be behind a y of another length, where the form of X tells."""
    if n_axes(X) == 2:
        return (
            "; a 2-D X holds one sequence a row. If several rows make up a sequence, "
            "give X an (instance, time) MultiIndex: X.set_index([instance, time]), and "
            'keep it through a pipeline by set_output(transform="pandas")'
        )
    if n_axes(X) == 3:
        return (
            ". SlidingWindow gives one window for each row; make_supervised aligns "
            "rows with later targets"
        )
    return ""


def _check_3d(estimator: Any, X: Any) -> np.ndarray:
    with reading("X"):
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
    if not (was_table or reset) and hasattr(X, "shape") and n_axes(X) == 2:
        _notice_single_sequence(estimator, X)
    floats = [dtype, np.float64, np.float32]  # which a sliding view may stay a view in
    given = X
    options: dict = {"dtype": floats, "ensure_all_finite": "allow-nan"}
    with reading("X"):
        if reset or was_table:
            X = validate_data(estimator, X, reset=reset, **options)
        else:
            X = check_array(X, estimator=estimator, input_name="X", **options)
    if np.isnan(X).any():
        remedy = (
            "pad token ids with 0: np.nan_to_num(X)"
            if estimator._reads_tokens
            else "if it pads sequences of unequal length, add an axis for the feature: "
            "np.asarray(X)[:, :, np.newaxis]; else impute it, for instance with "
            "sklearn.impute.SimpleImputer"
        )
        raise ValueError(
            f"Input X contains NaN, which {type(estimator).__name__} does not read in "
            f"a 2-D X; {remedy}"
        )
    windows = Windows.from_array(X, dtype)
    if reset:
        warn_of_newest_first(given)
        if not (estimator._is_stateful or estimator._reads_tokens):
            warn_of_rows_in_time(given)
        estimator._is_fitted_on_table = True
        estimator.n_timesteps_in_ = X.shape[1]
        return windows
    if not was_table:
        _compare(estimator, windows, X.shape[1], f"shape {X.shape}")
    return windows


def _notice_single_sequence(estimator: Any, X: Any) -> None:
    """A 2-D X given to a network that was fitted on sequences."""
    n_features = estimator.n_features_in_
    if X.shape[1] != n_features:
        return
    if n_features > 1:
        raise ValueError(
            f"X has 1 features a time step (shape {X.shape}, read as {X.shape[0]} "
            f"sequences), but {type(estimator).__name__} is expecting {n_features} "
            "features as input. If X is a single sequence, put it into a list: [X]"
        )
    if X.shape[0] > 1 and estimator.n_timesteps_in_ is None:
        warn(
            f"X of shape {X.shape} is read as {X.shape[0]} sequences of one step; if "
            "it is a single sequence, put it into a list: [X]",
        )


def _check_layout(
    estimator: Any, X: Any, windows: Windows, n_timesteps: int | None, reset: bool
) -> Windows:
    """Note, or compare, the features, their names, and the number of time steps."""
    names = feature_names(X if hasattr(X, "columns") else windows)
    if reset:
        check_feature_names(estimator, names, reset=True)
        estimator._is_fitted_on_table = False
        estimator.n_features_in_ = windows.n_features
        estimator.n_timesteps_in_ = n_timesteps
        if not estimator._is_stateful:
            warn_of_single_steps(X, windows)
    else:
        given = f"shape {X.shape}" if hasattr(X, "shape") else "in a list"
        _compare(estimator, windows, n_timesteps, given)
        if not estimator._is_fitted_on_table:  # else the names are those of time steps
            check_feature_names(estimator, names, reset=False)
    return windows


def _compare(
    estimator: Any, windows: Windows, n_timesteps: int | None, given: str
) -> None:
    name = type(estimator).__name__
    n_features = 1 if estimator._is_fitted_on_table else estimator.n_features_in_
    if windows.n_features != n_features:
        raise ValueError(
            f"X has {windows.n_features} features a time step ({given}), but "
            f"{name} is expecting {n_features} features as input, as in fit. Axis "
            "order is (n_samples, n_timesteps, n_features)"
        )
    # pieces of one series may be of any length: the state goes on
    expected = None if estimator._is_stateful else estimator.n_timesteps_in_
    if None not in (expected, n_timesteps) and expected != n_timesteps:
        raise ValueError(
            f"X has {n_timesteps} time steps ({given}), but {name} was fitted on "
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

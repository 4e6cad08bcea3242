"""Warnings of a fit about its training and its data."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning

from .._warnings import warn
from ..training import Outcome, Settings, has_fixed_length
from ..windows import (
    Windows,
    feature_names,
    is_panel,
    looks_like_series,
    n_axes,
)
from ._samples import Samples
from ._scores import worse_than_constant

_MANY_FEATURES = 8

# lag_1, lag1, v_lag_1d, "Lag 1", target_lag-1, t-1, x(t-1), shift_1; not flag_1
_LAG = re.compile(r"(?<![a-z])(?:(?:lag|shift)[ _-]?|t ?- ?)(\d+)", re.IGNORECASE)


def warn_of_column(y: np.ndarray) -> None:
    """Warn that a y of one column is read as 1-D, in scikit-learn's words."""
    if y.ndim == 2:
        text = (
            "A column-vector y was passed when a 1d array was expected. Please change "
            "the shape of y to (n_samples,), for example using ravel()."
        )
        warn(text, DataConversionWarning)


def warn_of_one_hot(labels: np.ndarray) -> None:
    """Warn that an indicator (n_samples, n_labels) may mean one class a sample."""
    if labels.shape[1] > 1 and (labels.sum(axis=1) == 1).all():
        warn(
            f"y of shape {labels.shape} is read as an indicator of labels, each of "
            "which is predicted on its own, but every row has a single 1. If each "
            "sample has one class, pass its number: np.argmax(y, axis=1)"
        )


def warn_of_newest_first(X: Any) -> None:
    """Warn if the names of the columns say that lags come newest first.

    The lags of each feature are looked at on their own; SlidingWindow puts the oldest
    first.
    """
    lags: dict[str, list[int]] = {}
    for name in map(str, getattr(X, "columns", ())):
        if found := _LAG.search(name):
            feature = name[: found.start()] + name[found.end() :]
            lags.setdefault(feature, []).append(int(found[1]))
    several = [ks for ks in lags.values() if len(ks) > 1]
    if several and all(ks == sorted(set(ks)) for ks in several):
        first, *_, last = (name for name in map(str, X.columns) if _LAG.search(name))
        warn(
            f"the columns of X hold lags, the newest first ({first!r} to {last!r}), "
            "but the network reads them from left to right as time steps, the oldest "
            "first; reverse them: X[X.columns[::-1]], or let SlidingWindow make the "
            "windows"
        )


def warn_of_rows_in_time(X: Any) -> None:
    """Warn if a table whose columns are read as time steps looks like a series."""
    if looks_like_series(X):
        warn(
            f"the index of X holds times, and its columns have names such as "
            f"{list(X.columns[:2])}, but a network reads each row of a table as a "
            "sequence of one feature, whose time steps are the columns. If the rows "
            "are the time steps, put SlidingWindow before it, which gives each row its "
            "history: make_pipeline(SlidingWindow(10), network); if the columns are, "
            "pass X.to_numpy()"
        )


def warn_of_single_steps(X: Any, windows: Windows) -> None:
    """Warn if sequences of one step seem to have time and features swapped.

    Read-only views and Windows of one step come from SlidingWindow(1), and features
    that have names, or few of them, are features.
    """
    is_view = isinstance(X, np.ndarray) and not X.flags.writeable
    if windows.n_timesteps > 1 or is_view or isinstance(X, Windows) or is_panel(X):
        return
    if windows.n_features > _MANY_FEATURES and feature_names(windows) is None:
        mend = "np.swapaxes(X, 1, 2)" if n_axes(X) == 3 else "[x.T for x in X]"
        warn(
            f"each sequence in X has one time step of {windows.n_features} features; "
            "axis order is (n_samples, n_timesteps, n_features). If the last axis is "
            f"time, swap the two: {mend}"
        )


def warn_unless_converged(
    estimator: Any,
    outcome: Outcome,
    settings: Settings,
    samples: Samples,
    held_out: Samples | None,
) -> None:
    """Warn if training ended before it converged, or worse than a constant."""
    if outcome.ending.kind == "interrupted":
        return
    parts = [
        _unfinished(estimator, outcome, settings),
        worse_than_constant(estimator, samples, held_out, outcome),
    ]
    if any(parts):
        warn(". ".join(part for part in parts if part), ConvergenceWarning)


def _unfinished(estimator: Any, outcome: Outcome, settings: Settings) -> str:
    ending = outcome.ending
    if ending.kind == "converged" or has_fixed_length(settings):
        return ""
    if settings.solver == "lbfgs":
        return (
            f"lbfgs failed to converge after {estimator.n_iter_} iteration(s): "
            f"{ending.message}. Raise max_iter (now {estimator.max_iter}), or scale X "
            "and y"
        )
    remedy = "" if estimator.early_stopping else ", or set early_stopping=True"
    return (
        f"Stochastic Optimizer: Maximum iterations ({estimator.max_iter}) reached "
        f"and the optimization hasn't converged yet. Raise max_iter{remedy}"
    )

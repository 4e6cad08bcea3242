"""The reader of sequences: any form of X becomes windows."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_array, validate_data

from .._feature_names import check_feature_names
from .._warnings import warn
from ..windows import (
    Form,
    Windows,
    check_consecutive,
    feature_names,
    form_of,
    instances_of,
    is_panel,
    looks_like_series,
    n_axes,
    overlap,
    read_windows,
    reading,
    split_windows_in_time,
    time_ordered_split,
    unmasked,
)
from ._reader import Reader
from ._stateful import check_one_series, warn_of_rows, warn_of_sliding
from ._tokens import refuse_text, refuse_token_ids, token_windows

_MANY_FEATURES = 8

# lag_1, lag1, v_lag_1d, "Lag 1", target_lag-1, t-1, x(t-1), shift_1; not flag_1
_LAG = re.compile(r"(?<![a-z])(?:(?:lag|shift)[ _-]?|t ?- ?)(\d+)", re.IGNORECASE)


@dataclass
class SequenceReader(Reader):
    """Reads sequences of any form as windows.

    ``learn`` fills in what it finds in X. ``n_features`` counts the features of a time
    step: a table holds sequences of one feature, whose time steps are the columns.
    """

    dtype: str
    reads_tokens: bool
    is_stateful: bool  # the samples are pieces of one series
    is_table: bool = True
    n_features: int = 1
    n_timesteps: int | None = None  # None if sequences may differ in length
    n_tokens: int | None = None
    longest: int = 1  # time steps of a sequence of the first fit

    @classmethod
    def learn(cls, owner: Any, X: Any, **options: Any) -> tuple[Self, Windows]:
        reader = cls(**options)
        return reader, reader._windows(owner, X, is_first=True)

    def read(self, owner: Any, X: Any) -> Windows:
        return self._windows(owner, X, is_first=False)

    def continued(self, **options: Any) -> Self:
        return replace(self, is_stateful=options["is_stateful"])

    def _windows(self, owner: Any, X: Any, is_first: bool) -> Windows:
        refuse_text(X)
        X = unmasked(X)
        n_tokens = getattr(X, "n_tokens", None)
        if n_tokens is not None and not self.reads_tokens:
            refuse_token_ids(n_tokens)
        form, content = form_of(X)
        if form == "table":
            windows = self._table(owner, content, is_first)
        else:
            windows = self._sequences(owner, X, form, content, is_first)
        if self.reads_tokens:
            windows = token_windows(windows, n_tokens if is_first else self.n_tokens)
            if is_first:
                self.n_tokens = windows.n_tokens
        if is_first:
            self.longest = windows.n_timesteps
        if self.is_stateful:
            check_one_series(X)
            check_consecutive(windows)
        return windows

    @property
    def dtype_read(self) -> np.dtype:
        """The dtype in which X is read; token ids become integers later."""
        return np.dtype(np.float64 if self.reads_tokens else self.dtype)

    def _sequences(
        self, owner: Any, X: Any, form: Form, content: Any, is_first: bool
    ) -> Windows:
        """Windows of any form but a table."""
        if form == "windows" and len(content) == 0:
            raise ValueError(
                "Found Windows with 0 sample(s) while a minimum of 1 is required"
            )
        if form == "array":
            content = _checked_array(owner, content)
        windows = read_windows(form, content, self.dtype_read)
        n_timesteps = None
        if form == "array":
            n_timesteps = content.shape[1]
        elif form != "panel" and is_first and windows.is_uniform:
            # later sequences may differ in length, so the first one's is not required
            n_timesteps = windows.n_timesteps
        names = feature_names(X if hasattr(X, "columns") else windows)
        if is_first:
            check_feature_names(owner, names, reset=True)
            owner.n_features_in_ = windows.n_features
            self.is_table = False
            self.n_features, self.n_timesteps = windows.n_features, n_timesteps
            if not self.is_stateful:
                _warn_of_single_steps(X, windows)
            return windows
        given = f"shape {X.shape}" if hasattr(X, "shape") else "in a list"
        self._compare(owner, windows, n_timesteps, given)
        if not self.is_table:  # otherwise the names belong to time steps
            check_feature_names(owner, names, reset=False)
        return windows

    def _table(self, owner: Any, X: Any, is_first: bool) -> Windows:
        """A 2-D X: sequences of one feature, its columns the time steps."""
        if not self.is_table and hasattr(X, "shape") and n_axes(X) == 2:
            self._notice_single_sequence(owner, X)
        given, dtype = X, self.dtype_read
        floats = [dtype, np.float64, np.float32]  # which leave a sliding view a view
        options: dict = {"dtype": floats, "ensure_all_finite": "allow-nan"}
        with reading("X"):
            if self.is_table:
                X = validate_data(owner, X, reset=is_first, **options)
            else:
                X = check_array(X, estimator=owner, input_name="X", **options)
        if np.isnan(X).any():
            self._refuse_nan(owner)
        windows = Windows.from_array(X, dtype)
        if is_first:
            _warn_of_newest_first(given)
            if not (self.is_stateful or self.reads_tokens):
                _warn_of_rows_in_time(given)
            self.n_timesteps = X.shape[1]
        elif not self.is_table:
            self._compare(owner, windows, X.shape[1], f"shape {X.shape}")
        return windows

    def _refuse_nan(self, owner: Any) -> None:
        remedy = (
            "pad token ids with 0: np.nan_to_num(X)"
            if self.reads_tokens
            else "if NaN pads shorter sequences, add an axis for the feature: "
            "np.asarray(X)[:, :, np.newaxis]; otherwise impute it, for instance with "
            "sklearn.impute.SimpleImputer"
        )
        raise ValueError(
            f"Input X contains NaN, which {type(owner).__name__} does not accept in a "
            f"2-D X; {remedy}"
        )

    def _notice_single_sequence(self, owner: Any, X: Any) -> None:
        """A 2-D X given to a network that was fitted on sequences."""
        if X.shape[1] != self.n_features:
            return
        if self.n_features > 1:
            raise ValueError(
                f"X has 1 features a time step (shape {X.shape}, read as {X.shape[0]} "
                f"sequences), but {type(owner).__name__} is expecting "
                f"{self.n_features} features as input. If X is a single sequence, put "
                "it into a list: [X]"
            )
        if X.shape[0] > 1 and self.n_timesteps is None:
            warn(
                f"X of shape {X.shape} is read as {X.shape[0]} sequences of one step; "
                "if it is a single sequence, put it into a list: [X]",
            )

    def _compare(
        self, owner: Any, windows: Windows, n_timesteps: int | None, given: str
    ) -> None:
        """Raise if the features or the time steps differ from those of fit."""
        name = type(owner).__name__
        if windows.n_features != self.n_features:
            raise ValueError(
                f"X has {windows.n_features} features a time step ({given}), but "
                f"{name} is expecting {self.n_features} features as input, as in fit. "
                "Axis order is (n_samples, n_timesteps, n_features)"
            )
        # pieces of one series may be of any length: the state is carried on
        expected = None if self.is_stateful else self.n_timesteps
        if None not in (expected, n_timesteps) and expected != n_timesteps:
            raise ValueError(
                f"X has {n_timesteps} time steps ({given}), but {name} was fitted on "
                f"{expected}. Use the same window_length, or pass a list of sequences "
                "if lengths are meant to differ"
            )

    @property
    def attributes(self) -> dict[str, Any]:
        return {"n_timesteps_in_": self.n_timesteps, "n_tokens_": self.n_tokens}

    @property
    def keeps_weightless(self) -> bool:
        return self.is_stateful  # later states depend on their rows

    def check_aligned(self, X: Any, y: Any, inputs: Windows, targets: Any) -> None:
        n_windows, n_targets = len(inputs), len(targets)
        if not is_panel(X):
            if n_targets != n_windows:
                raise ValueError(
                    f"X has {n_windows} samples, y has {n_targets}: one target for "
                    f"each sequence is needed{_why_unequal(X)}"
                )
            return
        if n_targets != n_windows:
            raise ValueError(
                f"X has {n_windows} samples, the instances of its MultiIndex, y has "
                f"{n_targets}: one target for each instance is needed. For a target at "
                "each row put SlidingWindow before the network; if the rows are "
                "windows already, drop the index with X.to_numpy()"
            )
        instances, index = instances_of(X), getattr(y, "index", None)
        if index is None or callable(index) or instances.equals(index):
            return
        if len(instances.intersection(index)) == 0:
            return  # names of another kind, such as numbers
        raise ValueError(
            "y names other instances than X, or has them in another order; use "
            "y.loc[X.index.droplevel(-1).unique()], or y.to_numpy() if its values are "
            "in the order of X"
        )

    def warn_of_samples(self, X: Any, inputs: Windows) -> None:
        if self.is_stateful:
            warn_of_rows(X)
            warn_of_sliding(inputs)

    def split_in_time(
        self,
        inputs: Windows,
        split: str,
        fraction: float,
        *,
        n_steps_ahead: int,
        has_steps: bool = False,
        strata: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray] | None:
        n_rows = n_steps_ahead - 1  # by which targets reach ahead
        if self.is_stateful:  # counted in pieces of the series
            return time_ordered_split(
                len(inputs), fraction, -(-n_rows // inputs.n_timesteps)
            )
        if split == "random" or (split == "auto" and not overlap(inputs)):
            return None
        if has_steps and overlap(inputs):  # targets are as long as windows
            n_rows += inputs.n_timesteps - 1
        return split_windows_in_time(inputs, fraction, n_rows, strata=strata)


def _why_unequal(X: Any) -> str:
    """A likely reason why y has another length, if the form of X suggests one."""
    if n_axes(X) == 2:
        return (
            "; a 2-D X holds one sequence per row. If a sequence has several rows, "
            "give X an (instance, time) MultiIndex: X.set_index([instance, time]), "
            'and keep it through a pipeline by set_output(transform="pandas")'
        )
    if n_axes(X) == 3:
        return (
            ". SlidingWindow gives one window for each row; make_supervised aligns "
            "rows with later targets"
        )
    return ""


def _checked_array(owner: Any, X: Any) -> np.ndarray:
    if type(X) is np.ndarray and X.ndim == 3 and X.dtype.kind == "f" and X.size:
        return X  # scikit-learn would find nothing, and take longer than a prediction
    with reading("X"):
        array = check_array(
            X,
            allow_nd=True,
            ensure_2d=False,
            ensure_all_finite=False,
            estimator=owner,
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


def _warn_of_newest_first(X: Any) -> None:
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


def _warn_of_rows_in_time(X: Any) -> None:
    """Warn if a table whose columns are read as time steps looks like a series."""
    if looks_like_series(X):
        warn(
            "the index of X holds times, and its columns have names such as "
            f"{list(X.columns[:2])}, but a network reads each row of a table as a "
            "sequence whose time steps are the columns. If the rows are the time "
            "steps, put SlidingWindow before it, which gives each row its history: "
            "make_pipeline(SlidingWindow(10), network); if the columns are, pass "
            "X.to_numpy()"
        )


def _warn_of_single_steps(X: Any, windows: Windows) -> None:
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

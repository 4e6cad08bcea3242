"""The door for the rows of a stream."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..modules import PADDING
from ..windows import has_time, is_panel, reading, series_of, unmasked


class StreamRows:
    """What the rows of a stream must look like: as those in ``fit``.

    Parameters
    ----------
    model : BaseRecurrent
        Fitted.
    """

    def __init__(self, model: Any) -> None:
        self.name = type(model).__name__
        self.reads_tokens = bool(model._reads_tokens)
        self.n_tokens = int(model.n_tokens_ or 0)
        self.dtype = np.dtype(model._fitted_dtype)
        is_table = model._is_fitted_on_table
        self.n_features = 1 if is_table else int(model.n_features_in_)
        names = None if is_table else getattr(model, "feature_names_in_", None)
        self.feature_names = None if names is None else list(names)

    def of_one(self, x: Any) -> np.ndarray:
        """One row, of shape (1, n_features)."""
        row = self._numbers(x, "x")
        if row.ndim == 0 or (row.ndim == 1 and len(row) == self.n_features):
            row = row.reshape(1, -1)  # (1, feature)
        if row.shape != (1, self.n_features):
            raise ValueError(
                f"x has shape {np.shape(x)}, but {self.name} reads rows of "
                f"{self.n_features} features; step takes one row (n_features,), and "
                "predict takes several (n_rows, n_features)"
            )
        return self._checked(row)

    def of_table(self, X: Any) -> np.ndarray:
        """Rows of one series, of shape (n_rows, n_features)."""
        if is_panel(X):
            raise ValueError(
                "X has an (instance, time) MultiIndex, and a stream follows one "
                "series; make a stream for each, from X.loc[instance]"
            )
        if has_time(X):
            series_of(X, len(X))  # raises if the rows are not in order of time
        rows = self._numbers(X, "X")
        if rows.ndim == 1 and self.n_features == 1:
            rows = rows[:, None]  # (row, feature)
        if rows.ndim != 2 or rows.shape[1] != self.n_features or not len(rows):
            raise ValueError(
                f"X has shape {np.shape(X)}, but {self.name} reads rows of "
                f"{self.n_features} features; expected one series (n_rows, "
                f"n_features), here (n_rows, {self.n_features}), of at least one row"
            )
        return self._checked(rows)

    def _numbers(self, X: Any, name: str) -> np.ndarray:
        """X as an array of the network's dtype, of any shape."""
        if not isinstance(X, np.ndarray):
            self._check_names(X, name)
        with reading(name):
            dtype = np.float64 if self.reads_tokens else self.dtype
            return np.asarray(unmasked(X), dtype)

    def _check_names(self, X: Any, name: str) -> None:
        """Raise if a DataFrame or a row of one has other columns than in fit."""
        found = getattr(X, "columns", None)
        if found is None and hasattr(X, "iloc") and self.n_features > 1:
            found = X.index
        if found is None or self.feature_names is None:
            return
        if list(found) != self.feature_names:
            raise ValueError(
                f"{name} has the columns {list(found)}, but {self.name} was fitted on "
                f"{self.feature_names}: select them in this order"
            )

    def _checked(self, rows: np.ndarray) -> np.ndarray:
        if self.reads_tokens:
            return self._tokens(rows)
        is_finite = np.isfinite(rows)
        if is_finite.all():
            return rows
        row, column = (int(where[0]) for where in np.nonzero(~is_finite))
        which = f" of row {row}" if len(rows) > 1 else ""
        raise ValueError(
            f"feature {column}{which} is {rows[row, column]} as {self.dtype}; a stream "
            "reads finite numbers: leave out the row, or impute it, for instance with "
            "the row before it"
        )

    def _tokens(self, rows: np.ndarray) -> np.ndarray:
        ids = rows[:, 0]
        is_wrong = ~((ids > PADDING) & (ids < self.n_tokens) & (ids == np.floor(ids)))
        if is_wrong.any():
            raise ValueError(
                f"token id {ids[is_wrong][0]:g}: a stream of {self.name} reads ids, "
                f"integers from {PADDING + 1} to {self.n_tokens - 1}, one a row; leave "
                f"padding ({PADDING}) out"
            )
        return rows.astype(np.int64)

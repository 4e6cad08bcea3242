"""Sample-aligned sliding windows for a Pipeline."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import (
    _check_feature_names_in,
    check_is_fitted,
    validate_data,
)

from .._warnings import warn
from ..arguments import Vocabulary
from ..files import PackedState
from ..windows import (
    Series,
    Windows,
    has_time,
    is_panel,
    next_time_by,
    reading,
    series_of,
    too_long_a_window,
    unmasked,
)


def _gives_lags(transformer: SlidingWindow) -> bool:
    return bool(transformer.flatten)


class SlidingWindow(Vocabulary, PackedState, TransformerMixin, BaseEstimator):
    """Turn each row into the window of rows that ends there.

    Remembers the last ``window_length - 1`` rows of ``fit``, as history for rows that
    come right after them. Row ``t`` becomes the window that ends at row ``t``: ``n``
    rows give ``n`` windows and ``y`` does not change, so that the transformer works in
    a :class:`~sklearn.pipeline.Pipeline`, and ``window_length`` can be searched like
    any other parameter.

    Parameters
    ----------
    window_length : int, default=10
        Rows in a window, including the row itself.
    flatten : bool, default=False
        If False, windows of shape ``(window_length, n_features)`` for the recurrent
        estimators. If True, one flat row of lags for any other estimator, oldest
        first; lag 0 is the row itself.
    context : {"auto", "always", "never"}, default="auto"
        Whether ``transform`` puts the rows that ``fit`` remembers before the new ones.
        ``"auto"`` does so if the pandas index of the new rows comes right after the
        last one of ``fit``: by one step of a regular calendar, or else by at most the
        largest gap of the series in ``fit``. Rows already seen get no context, nor do
        arrays, which have no index. ``fit_transform`` never adds context.

    Attributes
    ----------
    n_features_in_ : int
        Number of features seen in ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if X had string column names.
    history_ : dict
        For each instance (None for a single series) a dict: its last ``rows``, of shape
        (at most window_length - 1, n_features_in_); their ``last_time``; ``next_by``,
        the latest time of a row that still comes right after; and the ``kind`` of time.

    Raises
    ------
    ValueError
        If ``window_length`` is longer than the longest series in ``fit``; if the index
        is not in order or belongs to several series in one table; if a panel comes
        without its index; or if X holds infinity or other columns than in ``fit``.

    See Also
    --------
    make_supervised : Pair rows with what follows them.
    skrnn.windows.Windows : The form of a panel's windows.

    Notes
    -----
    Axis order is (sample, time, feature). The first windows of a series lack history:
    their missing rows are NaN, which the recurrent estimators read as a shorter
    sequence. NaN in X stays NaN.

    A single series becomes a read-only *view* of shape ``(n_samples, window_length,
    n_features)`` on one copy of the rows, without memory for the windows. A panel, a
    DataFrame with an (instance, time) MultiIndex, becomes a
    :class:`~skrnn.windows.Windows`, because no strided view can skip from one series to
    the next; ``np.asarray`` of it is the 3-D array.

    ``context="auto"`` needs the index, so earlier steps must keep it:
    ``pipeline.set_output(transform="pandas")``.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.preprocessing import SlidingWindow
    >>> X = np.arange(4.0).reshape(-1, 1)
    >>> SlidingWindow(window_length=3, flatten=True).fit_transform(X)
    array([[nan, nan,  0.],
           [nan,  0.,  1.],
           [ 0.,  1.,  2.],
           [ 1.,  2.,  3.]])
    >>> SlidingWindow(window_length=3).fit_transform(X).shape
    (4, 3, 1)
    """

    _parameter_constraints: dict = {
        "window_length": [Interval(Integral, 1, None, closed="left")],
        "flatten": ["boolean"],
        "context": [StrOptions({"auto", "always", "never"})],
    }

    def __init__(
        self, window_length: int = 10, flatten: bool = False, context: str = "auto"
    ) -> None:
        self.window_length = window_length
        self.flatten = flatten
        self.context = context

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> SlidingWindow:
        """Remember the last rows of each series.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            Rows in order of time. A MultiIndex whose last level is the time makes them
            a panel.
        y : array-like, default=None
            Only its index is read, to detect that an earlier step dropped the index of
            X.

        Returns
        -------
        self : SlidingWindow
        """
        self._check_index_is_kept(X, y)
        rows = self._check_rows(X, reset=True)
        series = series_of(X, len(rows))
        longest = max((one.n_rows for one in series), default=0)
        if longest < self.window_length:
            raise too_long_a_window(self.window_length, longest)
        self.history_ = {one.key: self._remembered(rows, one) for one in series}
        return self

    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> Any:
        """Fit, and :meth:`transform` the same rows without any context."""
        self.fit(X, y, **fit_params)
        return self._windows(X, context="never", warns=False)  # fit has checked them

    def transform(self, X: Any) -> Any:
        """Return the window that ends at each row.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            Rows in order of time.

        Returns
        -------
        windows : ndarray of shape (n_samples, window_length, n_features), or Windows
            A read-only view for a single series, Windows for a panel. With
            ``flatten=True`` an ndarray of shape (n_samples, window_length *
            n_features), or a DataFrame after ``set_output(transform="pandas")``.
        """
        check_is_fitted(self)
        return self._windows(X, context=self.context)

    @available_if(_gives_lags)
    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the lags, ``"<feature>_lag<k>"``; only with ``flatten=True``.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the features; None takes those seen in ``fit``.

        Returns
        -------
        names : ndarray of str, shape (window_length * n_features_in_,)
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        lags = range(self.window_length - 1, -1, -1)
        return np.array([f"{name}_lag{lag}" for lag in lags for name in names], object)

    def set_output(self, *, transform: str | None = None) -> SlidingWindow:
        """Choose "default", "pandas" or "polars" for flat lags, not for windows."""
        if transform is not None:
            config = getattr(self, "_sklearn_output_config", {})
            self._sklearn_output_config = {**config, "transform": transform}
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def _check_rows(self, X: Any, reset: bool) -> np.ndarray:
        with reading("X"):
            return validate_data(
                self,
                unmasked(X),
                reset=reset,
                dtype=[np.float64, np.float32],
                ensure_all_finite="allow-nan",
            )

    def _check_index_is_kept(self, X: Any, y: Any) -> None:
        """Raise or warn if an earlier step has dropped the index that y still has."""
        if hasattr(X, "index") or not has_time(y):
            return
        lost = (
            f"y has a {type(y.index).__name__}, but X came without an index: a step "
            "before SlidingWindow dropped it. Keep it with "
            'pipeline.set_output(transform="pandas")'
        )
        if is_panel(y):
            raise ValueError(
                f"{lost}; otherwise windows would cross the series of the panel"
            )
        if self.context == "auto":
            warn(
                f'{lost}, so that later rows get their history, or set context="never" '
                "if they need none"
            )

    def _remembered(self, rows: np.ndarray, one: Series) -> dict[str, Any]:
        first = max(one.rows.start, one.rows.stop - (self.window_length - 1))
        return {
            "rows": rows[first : one.rows.stop].copy(),
            "last_time": None if one.times is None else one.times[-1],
            "next_by": next_time_by(one),
            "kind": one.kind,
        }

    def _windows(self, X: Any, context: str, warns: bool = True) -> Any:
        rows = self._check_rows(X, reset=False)
        series = series_of(X, len(rows), warns)
        if not is_panel(X):
            view = self._view(rows, self._context(series[0], context))
            return view.reshape(len(view), -1) if self.flatten else view
        windows = self._panel_windows(rows, series, context)
        if self.flatten:
            return windows.to_array(self.window_length).reshape(len(windows), -1)
        return windows

    def _context(self, one: Series, context: str) -> np.ndarray:
        """The remembered rows to put before a series, oldest first."""
        history = self.history_.get(one.key)
        if history is None or context == "never":
            return np.empty((0, self.n_features_in_))
        if context == "always" or _follows(history, one):
            n_rows = min(len(history["rows"]), self.window_length - 1)
            return history["rows"][len(history["rows"]) - n_rows :]
        return np.empty((0, self.n_features_in_))

    def _view(self, rows: np.ndarray, tail: np.ndarray) -> np.ndarray:
        n_missing = self.window_length - 1 - len(tail)
        missing = np.full((n_missing, rows.shape[1]), np.nan, dtype=rows.dtype)
        padded = np.concatenate([missing, tail.astype(rows.dtype), rows])
        view = np.lib.stride_tricks.sliding_window_view(
            padded, self.window_length, axis=0
        )  # (sample, feature, time)
        return view.swapaxes(1, 2)  # (sample, time, feature)

    def _panel_windows(
        self, rows: np.ndarray, series: list[Series], context: str
    ) -> Windows:
        tails = [self._context(one, context).astype(rows.dtype) for one in series]
        pairs = list(zip(tails, (rows[one.rows] for one in series), strict=True))
        parts = [part for pair in pairs for part in pair]
        is_new = np.repeat(np.tile([False, True], len(series)), [*map(len, parts)])
        windows = Windows.from_series(
            np.concatenate(parts),
            self.window_length,
            series_lengths=[len(tail) + len(new) for tail, new in pairs],
            complete=False,
        )
        return windows[is_new]


def _follows(history: dict[str, Any], one: Series) -> bool:
    """Whether a series comes right after the remembered rows."""
    if history["next_by"] is None or one.times is None or one.n_rows == 0:
        return False
    first_time, last_time = one.times[0], history["last_time"]
    try:
        if one.kind != history["kind"]:
            raise TypeError
        return bool(last_time < first_time <= history["next_by"])
    except TypeError as error:
        raise ValueError(
            f"the index of X begins at {first_time!r} ({one.kind}), which cannot be "
            f"compared with {last_time!r} ({history['kind']}), where fit ended; give "
            'both the same kind of index and time zone, or set context="never"'
        ) from error

"""Scaling of sequences, per feature."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context, clone
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler
from sklearn.utils._param_validation import HasMethods, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from .._feature_names import check_feature_names
from .._warnings import warn
from ..arguments import Vocabulary
from ..files import PackedState
from ..windows import (
    Form,
    Windows,
    constant_columns,
    feature_names,
    form_of,
    looks_like_series,
    read_rows,
    reading,
    unmasked,
)

_FLOATS_OR_NAN: dict = {
    "dtype": "numeric",  # rows become floats later: a view would be copied here
    "ensure_all_finite": "allow-nan",
}
_SCALERS = {"standard": StandardScaler, "min-max": MinMaxScaler, "robust": RobustScaler}


class SequenceOutput:
    """A transformer whose output does not fit into a DataFrame."""

    def set_output(self, *, transform: str | None = None) -> Self:
        """Do nothing, so that ``pipeline.set_output`` reaches the other steps."""
        return self


def _can_undo(transformer: SequenceScaler) -> bool:
    is_per_sequence = getattr(
        transformer, "_is_fitted_per_sequence", transformer.per_sequence
    )
    method = transformer.method
    has_inverse = isinstance(method, str) or hasattr(method, "inverse_transform")
    return has_inverse and not is_per_sequence


class SequenceScaler(
    Vocabulary, PackedState, SequenceOutput, TransformerMixin, BaseEstimator
):
    """Scale each feature of sequences, over their rows.

    Learns for each feature, from all rows of all sequences, what a scikit-learn scaler
    learns for a column of a table. scikit-learn's own scalers refuse 3-D arrays and
    lists of sequences. The output has the form of the input.

    Parameters
    ----------
    method : {"standard", "min-max", "robust"} or scikit-learn scaler, \
            default="standard"
        "standard" for mean 0 and standard deviation 1, "min-max" for the range from 0
        to 1, "robust" for median 0 and interquartile range 1; or a transformer of
        tables, such as ``MinMaxScaler((-1, 1))``, which is cloned.
    per_sequence : bool, default=False
        If True, each sequence is scaled by its own rows, and nothing is learnt. Its
        level and scale are lost: only the shape remains. Windows that share rows are
        copied.

    Attributes
    ----------
    scaler_ : object
        The fitted scikit-learn scaler; with ``per_sequence`` an unfitted one.
    n_features_in_ : int
        Features of a time step; for a 2-D X its columns, as in scikit-learn.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, if X was one or several DataFrames with string columns.

    Raises
    ------
    ValueError
        If X holds infinity or token ids, sequences differ in their number of features,
        or the features of X differ from those of ``fit``.

    See Also
    --------
    sklearn.preprocessing.StandardScaler : For tables; before SlidingWindow use this.
    skrnn.preprocessing.TextSequencer : For texts.

    Notes
    -----
    Axis order is (sample, time, feature). A 2-D X is read as sequences of one feature,
    so all of its values are scaled alike. NaN stays NaN. A row that several windows
    share counts once; rows outside all windows, such as those of other folds, do not
    count. A feature that is constant up to rounding is centred but not divided, like
    constant features in scikit-learn; a warning names it, except with ``per_sequence``.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.preprocessing import SequenceScaler
    >>> X = [np.array([[0.0, 5.0], [2.0, 7.0]]), np.array([[4.0, 9.0]])]
    >>> SequenceScaler("min-max").fit_transform(X)
    [array([[0. , 0. ],
           [0.5, 0.5]]), array([[1., 1.]])]
    """

    _is_fitted_on_table: bool

    _parameter_constraints: dict = {
        "method": [StrOptions(set(_SCALERS)), HasMethods(["fit", "transform"])],
        "per_sequence": ["boolean"],
    }

    def __init__(self, method: Any = "standard", *, per_sequence: bool = False) -> None:
        self.method = method
        self.per_sequence = per_sequence

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any = None) -> SequenceScaler:
        """Learn the scale of each feature.

        Parameters
        ----------
        X : array of shape (n_samples, n_timesteps, n_features), \
                {array-like, DataFrame} of shape (n_samples, n_timesteps), \
                list of arrays of shape (n_timesteps_i, n_features), \
                DataFrame with an (instance, time) MultiIndex, or Windows
            The sequences.
        y : None
            Not used; present for the scikit-learn interface.

        Returns
        -------
        self : SequenceScaler
        """
        windows = self._windows(*form_of(unmasked(X)), feature_names(X), reset=True)
        is_name = isinstance(self.method, str)
        self.scaler_ = _SCALERS[self.method]() if is_name else clone(self.method)
        if hasattr(self.scaler_, "set_output"):
            self.scaler_.set_output(transform="default")  # always arrays
        self._is_fitted_per_sequence = self.per_sequence
        if not self.per_sequence:
            rows = windows.rows[windows.is_row_used]
            self._warn_of_constants(rows)
            self.scaler_.fit(_without_rounding(rows))
        return self

    def transform(self, X: Any) -> Any:
        """Scale the sequences.

        Parameters
        ----------
        X : array, DataFrame, list of arrays or Windows
            The sequences, as in :meth:`fit`.

        Returns
        -------
        X : ndarray, DataFrame, list of ndarray or Windows
            The scaled sequences, in float32 or float64 and in the form of the input: a
            sliding view becomes a view of scaled rows. But a 2-D DataFrame becomes an
            array, and a Series, object array or nested frame becomes a list.
        """
        check_is_fitted(self)
        names = feature_names(X)
        form, X = form_of(unmasked(X))
        windows = self._windows(form, X, names, reset=False)
        if self._is_fitted_per_sequence:
            return _in_the_form_of(form, X, _scale_each(windows, self.scaler_))
        return _in_the_form_of(form, X, _through(self.scaler_.transform, windows))

    @available_if(_can_undo)
    def inverse_transform(self, X: Any) -> Any:
        """Undo :meth:`transform`, in the form of X; not available with per_sequence."""
        check_is_fitted(self)
        names = feature_names(X)
        if names is None:  # transform may have made an array of a frame
            names = getattr(self, "feature_names_in_", None)
        form, X = form_of(unmasked(X))
        windows = self._windows(form, X, names, reset=False)
        scaled = _through(self.scaler_.inverse_transform, windows)
        return _in_the_form_of(form, X, scaled)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _warn_of_constants(self, rows: np.ndarray) -> None:
        places = np.flatnonzero(constant_columns(rows))
        if len(rows) < 2 or len(places) == 0:
            return
        names = places.tolist()
        if not self._is_fitted_on_table and hasattr(self, "feature_names_in_"):
            names = self.feature_names_in_[places].tolist()
        warn(
            f"the features {names} of X are constant in the {len(rows)} rows of fit, "
            "so their scale is unknown: they are not divided, and may be far from 1 if "
            "they change later. Leave them out, or fit on rows in which they vary"
        )

    def _windows(self, form: Form, X: Any, names: Any, reset: bool) -> Windows:
        """The sequences, including NaN, checked against those of ``fit``."""
        if getattr(X, "n_tokens", None) is not None:
            raise ValueError(
                "X holds token ids, which have no scale; leave SequenceScaler out "
                "after TextSequencer"
            )
        is_table = form == "table"
        if is_table and (reset or self._is_fitted_on_table):
            self._is_fitted_on_table = True
            if reset and looks_like_series(X):
                warn(
                    "the index of X holds times, and its columns have names such as "
                    f"{list(X.columns[:2])}, but SequenceScaler scales a table as one "
                    "feature, whose time steps are the columns. If the rows are the "
                    "time steps, use StandardScaler and put SlidingWindow after it; "
                    "if the columns are, pass X.to_numpy()"
                )
            with reading("X"):
                X = validate_data(self, X, reset=reset, **_FLOATS_OR_NAN)
        windows = _as_windows(form, X)
        if is_table and reset:
            return windows
        if reset:
            self._is_fitted_on_table = False
            self.n_features_in_ = windows.n_features
        expected = 1 if self._is_fitted_on_table else self.n_features_in_
        if windows.n_features != expected:
            raise ValueError(
                f"X has {windows.n_features} features a time step, but SequenceScaler "
                f"is expecting {expected} features as input, as in fit. Axis order is "
                "(n_samples, n_timesteps, n_features); a single sequence goes into a "
                "list: [X]"
            )
        if not (is_table or self._is_fitted_on_table):  # columns of tables are steps
            check_feature_names(self, names, reset=reset)
        return windows


def _as_windows(form: Form, X: Any) -> Windows:
    """Any form of sequences, including NaN."""
    if form in ("array", "table"):
        with reading("X"):
            X = check_array(X, allow_nd=True, **_FLOATS_OR_NAN)
    rows, starts, lengths = read_rows(form, X)
    rows = np.asarray(rows)
    if rows.dtype not in (np.float32, np.float64):
        rows = rows.astype(np.float64)
    return Windows(rows, starts, lengths)


def _in_the_form_of(form: Form, X: Any, windows: Windows) -> Any:
    """Scaled windows in the form of the X they came from."""
    rows = windows.rows
    if form == "windows":
        return windows
    if form == "panel":
        if X.ndim == 1:
            return type(X)(rows[:, 0], index=X.index, name=X.name)
        return type(X)(rows, index=X.index, columns=X.columns)
    if form == "list":
        return [windows[i] for i in range(len(windows))]
    shape = np.asarray(X).shape
    if len(rows) == shape[0] * shape[1]:
        return rows.reshape(shape)
    step = int(windows.starts[1] - windows.starts[0])  # a sliding view stays one
    strides = (step * rows.strides[0], *rows.strides)[: len(shape)]
    return np.lib.stride_tricks.as_strided(rows, shape, strides, writeable=False)


def _without_rounding(rows: np.ndarray) -> np.ndarray:
    """Rows whose constant columns are exactly constant, as scalers expect."""
    is_constant = constant_columns(rows)
    level = np.fmin.reduce(rows[:, is_constant], axis=0)
    rows[:, is_constant] = np.where(np.isnan(rows[:, is_constant]), np.nan, level)
    return rows


def _through(function: Callable[..., np.ndarray], windows: Windows) -> Windows:
    """The windows with their rows transformed by a function of tables."""
    used = windows.is_row_used
    rows = np.array(windows.rows)
    rows[used] = _same_shape(function(rows[used]), rows[used])
    return Windows(rows, windows.starts, windows.lengths)


def _same_shape(scaled: Any, rows: np.ndarray) -> np.ndarray:
    if not isinstance(scaled, np.ndarray) or scaled.shape != rows.shape:
        raise ValueError(
            f"method must give a dense array of the shape of its input, {rows.shape}, "
            f"got {type(scaled).__name__} of shape {getattr(scaled, 'shape', None)}; "
            "use a scaler"
        )
    return scaled


def _scale_each(windows: Windows, scaler: Any) -> Windows:
    """Each window scaled by its own rows, all windows of one length together."""
    starts = np.cumsum(windows.lengths) - windows.lengths
    rows = np.empty((windows.lengths.sum(), windows.n_features), windows.dtype)
    for length in np.unique(windows.lengths).tolist():
        like = np.flatnonzero(windows.lengths == length)
        steps = np.arange(length)
        block = windows.rows[windows.starts[like] + steps[:, np.newaxis]]
        columns = _without_rounding(block.reshape(length, -1))  # (time, sample*feature)
        scaled = _same_shape(clone(scaler).fit_transform(columns), columns)
        rows[starts[like] + steps[:, np.newaxis]] = scaled.reshape(block.shape)
    return Windows(rows, starts, windows.lengths)

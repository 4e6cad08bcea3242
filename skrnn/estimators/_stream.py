"""One series, followed row by row."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ..training import follower_of
from ..windows import PADDING, has_time, is_panel, reading, series_of, unmasked
from ._stateful import check_causal
from ._tasks import finite


def _is_of_classifier(stream: Any) -> bool:
    """Return True or raise, for ``available_if``."""
    if not hasattr(stream._model, "predict_proba"):
        raise AttributeError("only the stream of a classifier has probabilities")
    return True


class Stream:
    """A fitted recurrent network that follows one series.

    The ``stream`` method of an estimator makes one. It holds the state of the network
    after the rows that it has read. A prediction after one more row therefore takes the
    same time and memory, however many rows came before. It equals the prediction of
    ``predict`` for the whole history up to rounding.

    Parameters
    ----------
    model : RNN, GRU or LSTM estimator
        Fitted. The stream keeps a copy of its network: a later ``fit`` or
        ``partial_fit`` of the estimator does not change it.
    X : {array-like, DataFrame} of shape (n_rows, n_features), default=None
        Rows to begin with: the history of the series.

    Attributes
    ----------
    n_rows : int
        Rows read so far.
    n_features : int
        Number of values in a row; 1 (a token id) with ``embedding_dim``.

    Raises
    ------
    ValueError
        If the network reads ahead of the newest row, because it is bidirectional or has
        convolutions that are not causal. Here and in the methods, if a row holds NaN,
        infinity or another number of features; the stream then stays as it was.
    sklearn.exceptions.NotFittedError
        If the model is not fitted.

    See Also
    --------
    skrnn.LSTMRegressor.stream : Makes one.

    Notes
    -----
    Streams are independent of each other. ``copy.deepcopy`` gives one that continues
    from the same rows on its own, to try out a possible future; copies share the
    weights. A pickle holds the weights and the state as arrays, and resumes on the
    estimator's device, or on the best one of a machine that does not have it. A stream
    chooses once, when it is made or unpickled, whether the compiled engine or torch
    computes its steps.

    The layers start from a state of zeros. A network trained on windows has only seen
    the states after a few rows; ``stateful=True`` trains it on the states of a long
    series. Pooling continues with the stream: "mean" is the mean over all rows so far.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import GRURegressor
    >>> wave = np.sin(np.arange(201) / 3)
    >>> X, y = wave[:-1].reshape(20, 10, 1), wave[10::10]
    >>> model = GRURegressor(8, stateful=True, shuffle=False, learning_rate="cosine",
    ...     max_iter=9, random_state=0).fit(X, y)
    >>> stream = model.stream(wave[:199])
    >>> bool(abs(stream.step(wave[199]) - model.predict(X)[-1]) < 1e-5)
    True
    """

    def __init__(self, model: Any, X: Any = None) -> None:
        check_is_fitted(model)
        parts = model.net_.module_.architecture  # set_params may differ
        check_causal(parts, "a stream answers after each row")
        self._model = copy.copy(model)  # rebuilds a net of its own
        self._follower = follower_of(self._model.net_, model.n_threads)
        self._state: Any = None  # of the follower, None at the start
        self.n_rows = 0
        if X is not None:
            self._read(_rows(self._model, X))

    @property
    def n_features(self) -> int:
        return self._model._reader.n_features

    def step(self, x: Any) -> Any:
        """Read one more row, and predict.

        Parameters
        ----------
        x : array-like of shape (n_features,) or (1, n_features), number, Series or \
                DataFrame of one row
            A number is a row of one feature. Column names must be those of ``fit``, if
            there were any.

        Returns
        -------
        y : float, ndarray of shape (n_outputs,), or class
            The prediction for the whole series up to this row: one row of ``predict``.
        """
        return self._model._task.decode(self._read_one(x))[0]

    def predict(self, X: Any) -> np.ndarray:
        """Read more rows, and predict after each of them.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_rows, n_features)
            The next rows of the series, oldest first. For one feature also 1-D.

        Returns
        -------
        y : ndarray of shape (n_rows,) or (n_rows, n_outputs)
            The same as one call of :meth:`step` for each row, but faster.
        """
        return self._model._task.decode(self._read(_rows(self._model, X)))

    @available_if(_is_of_classifier)
    def step_proba(self, x: Any) -> np.ndarray:
        """Read one more row, and predict the probability of each class.

        Parameters
        ----------
        x : array-like of shape (n_features,) or (1, n_features), number, Series or \
                DataFrame of one row
            As in :meth:`step`.

        Returns
        -------
        probabilities : ndarray of shape (n_classes,) or (n_labels,)
        """
        return self._model._task.probabilities(self._read_one(x))[0]

    @available_if(_is_of_classifier)
    def predict_proba(self, X: Any) -> np.ndarray:
        """Read more rows, and predict the probability of each class after each of them.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_rows, n_features)
            As in :meth:`predict`.

        Returns
        -------
        probabilities : ndarray of shape (n_rows, n_classes) or (n_rows, n_labels)
        """
        return self._model._task.probabilities(self._read(_rows(self._model, X)))

    def reset_state(self) -> Stream:
        """Forget all rows, the history included.

        Returns
        -------
        self : Stream
        """
        self._state, self.n_rows = None, 0
        return self

    def _read(self, rows: np.ndarray) -> np.ndarray:
        """The outputs after each row; raise if they are not finite."""
        raw, state = self._follower.read(rows, self._state)
        finite(raw)
        self._state, self.n_rows = state, self.n_rows + len(rows)
        return raw

    def _read_one(self, x: Any) -> np.ndarray:
        """The outputs after one row; the common forms of it take a shorter way."""
        found = self._follower.read_one(x, self._state)
        if found is None:
            return self._read(_row(self._model, x))
        raw, self._state = found
        self.n_rows += 1
        return raw

    def __copy__(self) -> Stream:
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)  # states are replaced, never changed
        return other

    def __deepcopy__(self, memo: Any) -> Stream:
        return copy.copy(self)

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        del state["_follower"]
        if self._state is not None:
            state["_state"] = self._follower.portable(self._state)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._follower = follower_of(self._model.net_, self._model.n_threads)
        if self._state is not None:
            self._state = self._follower.restored(self._state, self.n_rows)

    def __repr__(self) -> str:
        name = type(self._model).__name__
        return f"Stream({name}, n_rows={self.n_rows}, n_features={self.n_features})"


def _row(model: Any, x: Any) -> np.ndarray:
    """One row, of shape (1, n_features)."""
    n_features = model._reader.n_features
    row = _numbers(model, x, "x")
    if row.ndim == 0 or (row.ndim == 1 and len(row) == n_features):
        row = row.reshape(1, -1)  # (1, feature)
    if row.shape != (1, n_features):
        raise ValueError(
            f"x has shape {np.shape(x)}, but {type(model).__name__} reads rows of "
            f"{n_features} features; step takes one row (n_features,), and predict "
            "takes several (n_rows, n_features)"
        )
    return _checked(model, row)


def _rows(model: Any, X: Any) -> np.ndarray:
    """Rows of one series, of shape (n_rows, n_features)."""
    if is_panel(X):
        raise ValueError(
            "X has an (instance, time) MultiIndex, but a stream follows one series; "
            "make a stream for each, from X.loc[instance]"
        )
    if has_time(X):
        series_of(X, len(X))  # raises if the rows are not in order of time
    n_features = model._reader.n_features
    rows = _numbers(model, X, "X")
    if rows.ndim == 1 and n_features == 1:
        rows = rows[:, None]  # (row, feature)
    if rows.ndim != 2 or rows.shape[1] != n_features or not len(rows):
        raise ValueError(
            f"X has shape {np.shape(X)}, but {type(model).__name__} reads rows of "
            f"{n_features} features; expected one series (n_rows, n_features), here "
            f"(n_rows, {n_features}), of at least one row"
        )
    return _checked(model, rows)


def _numbers(model: Any, X: Any, name: str) -> np.ndarray:
    """X as an array of any shape, in the dtype that the network reads."""
    reader = model._reader
    if not (isinstance(X, np.ndarray) or reader.is_table):
        _check_names(model, X, name)
    with reading(name):
        return np.asarray(unmasked(X), reader.dtype_read)


def _check_names(model: Any, X: Any, name: str) -> None:
    """Raise if the columns of a DataFrame, or of a row of one, differ from fit."""
    found = getattr(X, "columns", None)
    if found is None and hasattr(X, "iloc") and model._reader.n_features > 1:
        found = X.index
    expected = getattr(model, "feature_names_in_", None)
    if found is None or expected is None or list(found) == list(expected):
        return
    raise ValueError(
        f"{name} has the columns {list(found)}, but {type(model).__name__} was fitted "
        f"on {list(expected)}; select them in this order"
    )


def _checked(model: Any, rows: np.ndarray) -> np.ndarray:
    """The rows; raise unless they hold finite numbers, or token ids."""
    if model._reader.reads_tokens:
        return _checked_tokens(model, rows)
    is_finite = np.isfinite(rows)
    if is_finite.all():
        return rows
    row, column = (int(where[0]) for where in np.nonzero(~is_finite))
    which = f" of row {row}" if len(rows) > 1 else ""
    raise ValueError(
        f"feature {column}{which} is {rows[row, column]} as {rows.dtype}; a stream "
        "reads finite numbers; leave out the row, or impute it, for instance with the "
        "row before it"
    )


def _checked_tokens(model: Any, rows: np.ndarray) -> np.ndarray:
    ids, n_tokens = rows[:, 0], model._reader.n_tokens
    is_wrong = ~((ids > PADDING) & (ids < n_tokens) & (ids == np.floor(ids)))
    if is_wrong.any():
        raise ValueError(
            f"token id {ids[is_wrong][0]:g}: a stream of {type(model).__name__} reads "
            f"one id per row, integers from {PADDING + 1} to {n_tokens - 1}; leave out "
            f"padding ({PADDING})"
        )
    return rows.astype(np.int64)

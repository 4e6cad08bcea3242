"""Our sequence estimators as sktime's classifiers and regressors of time series."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sktime.classification.base import BaseClassifier
from sktime.datatypes import convert
from sktime.regression.base import BaseRegressor

from .._feature_names import check_feature_names
from ..arguments import Vocabulary
from ..estimators import LSTMClassifier, LSTMRegressor, RNNClassifier, RNNRegressor
from ..files import PackedState
from ..preprocessing import SequenceScaler
from ..windows import feature_names

_QUICK: dict[str, Any] = {"max_iter": 3, "random_state": 0}


class _Adapter(Vocabulary, PackedState):
    """Adapts an estimator of sequences; put it before a base class of sktime."""

    _quick_class: ClassVar[type]  # a network for sktime's checks
    feature_names_in_: np.ndarray
    is_fitted: bool  # of sktime

    _tags = {
        "authors": ["The skrnn developers"],
        "maintainers": ["The skrnn developers"],
        "X_inner_mtype": ["numpy3D", "df-list"],
        "capability:multivariate": True,
        "capability:unequal_length": True,
        "capability:categorical_in_X": False,
        "property:randomness": "stochastic",
    }

    def __init__(self, estimator: Any = None) -> None:
        self.estimator = estimator
        super().__init__()

    @staticmethod
    @abstractmethod
    def _default() -> Any:
        """The estimator for ``estimator=None``."""

    def _convert_X(self, X: Any, X_mtype: str) -> Any:
        """Sequences (sample, time, feature), a list if lengths differ.

        Sets the names of the variables, or compares them with those seen in ``fit``.
        """
        names = None
        if X_mtype != "numpy3D":
            frames = convert(
                X, from_type=X_mtype, to_type="df-list", as_scitype="Panel"
            )
            if not X_mtype.startswith("numpy"):  # otherwise sktime invents the names
                names = feature_names(frames)
        check_feature_names(self, names, reset=not self.is_fitted)
        if X_mtype == "numpy3D":
            return np.swapaxes(X, 1, 2)
        sequences = [frame.to_numpy() for frame in frames]
        is_even = len({len(sequence) for sequence in sequences}) == 1
        return np.stack(sequences) if is_even else sequences

    def _fit(self, X: Any, y: np.ndarray) -> Self:
        estimator = self._default() if self.estimator is None else clone(self.estimator)
        is_single = y.ndim == 2 and y.shape[1] == 1
        self.estimator_ = estimator.fit(X, y[:, 0] if is_single else y)
        return self

    def _predict(self, X: Any) -> np.ndarray:
        return np.asarray(self.estimator_.predict(X))

    @classmethod
    def get_test_params(cls, parameter_set: str = "default") -> list[dict[str, Any]]:
        """Return parameters that make sktime's checks fast.

        Parameters
        ----------
        parameter_set : str, default="default"
            There is only one set of parameters.

        Returns
        -------
        params : list of dict
        """
        network = cls._quick_class(3, **_QUICK)
        pipeline = make_pipeline(SequenceScaler(), cls._quick_class(4, **_QUICK))
        return [{"estimator": network}, {"estimator": pipeline}]


class TimeSeriesClassifier(_Adapter, BaseClassifier):
    """One of our sequence classifiers as a time series classifier of sktime.

    Learns the class of each series of a panel.

    Parameters
    ----------
    estimator : classifier, default=None
        Takes sequences (sample, time, feature): ``GRUClassifier()``, a pipeline that
        ends in one, or any scikit-learn classifier that takes 3-D arrays. None is
        ``LSTMClassifier(random_state=0)``.

    Attributes
    ----------
    estimator_ : classifier
        The fitted clone of ``estimator``.
    classes_ : ndarray of shape (n_classes,)
        The classes, sorted.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the variables, if X had string columns.

    Raises
    ------
    ValueError
        In ``fit`` and ``predict``, as ``estimator`` does, or if variables have other
        names than in ``fit``.

    See Also
    --------
    TimeSeriesRegressor : The same for numbers.

    Notes
    -----
    sktime's 3-D arrays are (instance, variable, time); the estimator gets (sample,
    time, feature). Series of unequal length reach it as a list of arrays. All
    randomness comes from ``estimator``: set its ``random_state``.

    Examples
    --------
    >>> from sktime.datasets import load_unit_test
    >>> from skrnn.sktime import TimeSeriesClassifier
    >>> X, y = load_unit_test("train", return_type="numpy3D")
    >>> TimeSeriesClassifier().fit(X, y).predict(X).shape
    (20,)
    """

    _tags = {"capability:predict_proba": True}
    _quick_class = RNNClassifier

    @staticmethod
    def _default() -> Any:
        return LSTMClassifier(random_state=0)

    def _predict_proba(self, X: Any) -> np.ndarray:
        return self.estimator_.predict_proba(X)


class TimeSeriesRegressor(_Adapter, BaseRegressor):
    """One of our sequence regressors as a time series regressor of sktime.

    Learns one or several numbers from each series of a panel. sktime's
    ``make_reduction`` can use it with all of its strategies.

    Parameters
    ----------
    estimator : regressor, default=None
        Takes sequences (sample, time, feature): ``GRURegressor()``, a pipeline that
        ends in one, or any scikit-learn regressor that takes 3-D arrays. None is
        ``LSTMRegressor(random_state=0)``.

    Attributes
    ----------
    estimator_ : regressor
        The fitted clone of ``estimator``.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the variables, if X had string columns.

    Raises
    ------
    ValueError
        In ``fit`` and ``predict``, as ``estimator`` does, or if variables have other
        names than in ``fit``.

    See Also
    --------
    TimeSeriesClassifier : The same for classes.
    GRUForecaster : Forecasts without a reduction: faster, and with intervals.

    Notes
    -----
    As for :class:`TimeSeriesClassifier`: the estimator gets (sample, time, feature),
    and a list of arrays if lengths differ. All randomness comes from ``estimator``.

    Examples
    --------
    >>> from sktime.datasets import load_unit_test
    >>> from skrnn.sktime import TimeSeriesRegressor
    >>> X, y = load_unit_test("train", return_type="numpy3D")
    >>> TimeSeriesRegressor().fit(X, y.astype(float)).predict(X).shape
    (20,)
    """

    _tags = {
        "y_inner_mtype": ["numpy2D", "numpy1D"],
        "capability:multioutput": True,
    }
    _quick_class = RNNRegressor

    @staticmethod
    def _default() -> Any:
        return LSTMRegressor(random_state=0)

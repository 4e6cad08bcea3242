"""TimeSeriesClassifier."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline, make_pipeline
from sktime.classification.base import BaseClassifier

from ..arguments import Vocabulary
from ..estimators import LSTMClassifier, RNNClassifier
from ..files import PackedState
from ..preprocessing import SequenceScaler
from ._panel import sequences_of


class TimeSeriesClassifier(Vocabulary, PackedState, BaseClassifier):
    """One of our sequence classifiers as a time series classifier of sktime.

    Learns the class of each series of a panel.

    Parameters
    ----------
    estimator : classifier, default=None
        Takes sequences (sample, time, feature): ``GRUClassifier()``, a pipeline with
        ``SequenceScaler`` before it, or any other of scikit-learn that takes 3-D
        arrays. None is an LSTM behind a ``SequenceScaler``.

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
        In ``fit`` and ``predict``, as ``estimator`` does.

    See Also
    --------
    TimeSeriesRegressor : The same for numbers.

    Notes
    -----
    sktime's 3-D arrays are (instance, variable, time); the estimator gets (sample,
    time, feature). Series of unequal length reach it as a list of arrays. Randomness
    is that of ``estimator``: give it a ``random_state``.

    Examples
    --------
    >>> from sktime.datasets import load_unit_test
    >>> from skrnn.sktime import TimeSeriesClassifier
    >>> X, y = load_unit_test("train", return_type="numpy3D")
    >>> TimeSeriesClassifier().fit(X, y).predict(X).shape
    (20,)
    """

    _tags = {
        "authors": ["The skrnn developers"],
        "maintainers": ["The skrnn developers"],
        "X_inner_mtype": ["numpy3D", "df-list"],
        "capability:multivariate": True,
        "capability:unequal_length": True,
        "capability:categorical_in_X": False,
        "capability:predict_proba": True,
        "property:randomness": "stochastic",
    }

    def __init__(self, estimator: Any = None) -> None:
        self.estimator = estimator
        super().__init__()

    def _convert_X(self, X: Any, X_mtype: str) -> Any:
        return sequences_of(self, X, X_mtype)

    def _fit(self, X: Any, y: np.ndarray) -> TimeSeriesClassifier:
        estimator = _default() if self.estimator is None else clone(self.estimator)
        self.estimator_ = estimator.fit(X, y)
        return self

    def _predict(self, X: Any) -> np.ndarray:
        return self.estimator_.predict(X)

    def _predict_proba(self, X: Any) -> np.ndarray:
        return self.estimator_.predict_proba(X)

    @classmethod
    def get_test_params(cls, parameter_set: str = "default") -> list[dict[str, Any]]:
        """Return parameters with which sktime's checks are quick.

        Parameters
        ----------
        parameter_set : str, default="default"
            There is only one set of parameters.

        Returns
        -------
        params : list of dict
        """
        quick: dict[str, Any] = {
            "learning_rate": "cosine",
            "max_iter": 3,
            "random_state": 0,
        }
        network = RNNClassifier(3, **quick)
        pipeline = make_pipeline(SequenceScaler(), RNNClassifier(4, **quick))
        return [{"estimator": network}, {"estimator": pipeline}]


def _default() -> Pipeline:
    network = LSTMClassifier(
        learning_rate="cosine",
        learning_rate_init=0.01,
        max_iter=100,
        max_grad_norm=1.0,
        random_state=0,
    )
    return make_pipeline(SequenceScaler(), network)

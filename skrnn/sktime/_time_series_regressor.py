"""TimeSeriesRegressor."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sktime.regression.base import BaseRegressor

from ..arguments import Vocabulary
from ..estimators import LSTMRegressor, RNNRegressor
from ..files import PackedState
from ..preprocessing import SequenceScaler
from ._panel import sequences_of


class TimeSeriesRegressor(Vocabulary, PackedState, BaseRegressor):
    """One of our sequence regressors as a time series regressor of sktime.

    Learns a number, or several, from each series of a panel. With it
    ``make_reduction`` of sktime forecasts by all of its strategies.

    Parameters
    ----------
    estimator : regressor, default=None
        Takes sequences (sample, time, feature): ``GRURegressor()``, a pipeline with
        ``SequenceScaler`` before it, or any other of scikit-learn that takes 3-D
        arrays. None is an LSTM behind a ``SequenceScaler``, with a
        target scaled by ``StandardScaler``.

    Attributes
    ----------
    estimator_ : regressor
        The fitted clone of ``estimator``.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the variables, if X had string columns.

    Raises
    ------
    ValueError
        In ``fit`` and ``predict``, as ``estimator`` does.

    See Also
    --------
    TimeSeriesClassifier : The same for classes.
    GRUForecaster : Forecasts without a reduction: quicker, and with intervals.

    Notes
    -----
    sktime's 3-D arrays are (instance, variable, time); the estimator gets (sample,
    time, feature). Series of unequal length reach it as a list of arrays. Randomness
    is that of ``estimator``: give it a ``random_state``.

    Examples
    --------
    >>> from sktime.datasets import load_unit_test
    >>> from skrnn.sktime import TimeSeriesRegressor
    >>> X, y = load_unit_test("train", return_type="numpy3D")
    >>> TimeSeriesRegressor().fit(X, y.astype(float)).predict(X).shape
    (20,)
    """

    _tags = {
        "authors": ["The skrnn developers"],
        "maintainers": ["The skrnn developers"],
        "X_inner_mtype": ["numpy3D", "df-list"],
        "y_inner_mtype": ["numpy2D", "numpy1D"],
        "capability:multioutput": True,
        "capability:multivariate": True,
        "capability:unequal_length": True,
        "capability:categorical_in_X": False,
        "property:randomness": "stochastic",
    }

    def __init__(self, estimator: Any = None) -> None:
        self.estimator = estimator
        super().__init__()

    def _convert_X(self, X: Any, X_mtype: str) -> Any:
        return sequences_of(self, X, X_mtype)

    def _fit(self, X: Any, y: np.ndarray) -> TimeSeriesRegressor:
        estimator = _default() if self.estimator is None else clone(self.estimator)
        is_single = y.ndim == 2 and y.shape[1] == 1
        self.estimator_ = estimator.fit(X, y[:, 0] if is_single else y)
        return self

    def _predict(self, X: Any) -> np.ndarray:
        return np.asarray(self.estimator_.predict(X))

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
        network = RNNRegressor(3, **quick)
        pipeline = make_pipeline(SequenceScaler(), RNNRegressor(4, **quick))
        return [{"estimator": network}, {"estimator": pipeline}]


def _default() -> TransformedTargetRegressor:
    network = LSTMRegressor(
        learning_rate="cosine",
        learning_rate_init=0.01,
        max_iter=100,
        max_grad_norm=1.0,
        random_state=0,
    )
    pipeline = make_pipeline(SequenceScaler(), network)
    return TransformedTargetRegressor(pipeline, transformer=StandardScaler())

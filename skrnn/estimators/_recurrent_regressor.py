"""The family of recurrent regressors."""

from __future__ import annotations

from typing import Any

from sklearn.metrics import r2_score

from ._recurrent import BaseRecurrent
from ._regression import Regression
from ._steps import truth_and_answers


class BaseRecurrentRegressor(Regression, BaseRecurrent):
    """What RNNRegressor, GRURegressor and LSTMRegressor share."""

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return R2, the share of the variance of y that the predictions explain.

        Parameters
        ----------
        X : array, DataFrame, list of arrays or Windows
            The sequences, as in :meth:`predict`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The true targets; with return_sequences at each step, as in :meth:`fit`.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample, or of each of its steps.

        Returns
        -------
        score : float
            At most 1; that of several outputs is their mean. With return_sequences all
            steps of all samples count alike.
        """
        if not self._has_steps:
            return super().score(X, y, sample_weight)
        truth, answers, weights = truth_and_answers(
            y, self.predict(X), sample_weight, is_single=False
        )
        return float(r2_score(truth, answers, sample_weight=weights))

"""The family of recurrent classifiers."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score

from ._classification import Classification
from ._labels import check_labels
from ._recurrent import BaseRecurrent
from ._steps import truth_and_answers


class BaseRecurrentClassifier(Classification, BaseRecurrent):
    """What RNNClassifier, GRUClassifier and LSTMClassifier share."""

    def decision_function(self, X: Any) -> Any:
        """Return the scores from which classes and probabilities are taken.

        Parameters
        ----------
        X : array, DataFrame, list of arrays or Windows
            The sequences, as in :meth:`predict`.

        Returns
        -------
        scores : ndarray of shape (n_samples,), (n_samples, n_classes) or \
                (n_samples, n_labels)
            The raw outputs of the network, of its ``dtype``. For two classes, one score
            a sample: above 0 it is for ``classes_[1]``. With return_sequences the
            scores of each step, shaped as by :meth:`predict_proba`.
        """
        return self._predicted(X, self._scores)

    def _scores(self, raw: np.ndarray) -> np.ndarray:
        is_binary = self.n_outputs_ == 1 and not self._is_multilabel
        return raw[:, 0] if is_binary else raw

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy of the predictions.

        Parameters
        ----------
        X : array, DataFrame, list of arrays or Windows
            The sequences, as in :meth:`predict`.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            The true classes; with return_sequences at each step, as in :meth:`fit`.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample, or of each of its steps.

        Returns
        -------
        score : float
            Share of the samples that are right (of several labels, all of them), or,
            with return_sequences, of the steps.
        """
        if not self._has_steps:
            return super().score(X, y, sample_weight)
        truth, answers, weights = truth_and_answers(
            y, self.predict(X), sample_weight, is_single=True
        )
        labels = check_labels(truth)
        return float(accuracy_score(labels, answers, sample_weight=weights))

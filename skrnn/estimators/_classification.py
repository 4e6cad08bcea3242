"""What makes a network a classifier."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
from scipy.special import expit, log_expit, log_softmax, softmax
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call, unique_labels

from ..modules import LogLoss
from ..windows import Steps, refuse_mask
from ._base import BaseNetwork, is_stochastic
from ._guard import unchanged_on_error
from ._labels import (
    check_labels,
    class_codes,
    one_hot,
    weigh_classes,
    weigh_label_sets,
)
from ._remarks import warn_of_one_hot
from ._samples import Samples, checked_weights
from ._steps import with_class_weights
from ._training_parameters import ClassificationParameters


class Classification(ClassificationParameters, ClassifierMixin, BaseNetwork):
    """Targets are classes, one a sample, or an indicator of several labels."""

    _loss_class = LogLoss
    _fewest_classes: ClassVar[int] = 2

    def predict(self, X: Any) -> Any:
        """Predict the class of each sequence.

        Parameters
        ----------
        X : array of shape (n_samples, n_timesteps, n_features), \
                {array-like, DataFrame} of shape (n_samples, n_timesteps), \
                list of arrays of shape (n_timesteps_i, n_features), \
                DataFrame with an (instance, time) MultiIndex, or Windows
            The sequences, with as many features, and as an array as many time steps,
            as in :meth:`fit`.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            The most probable of ``classes_``; for multilabel targets 1 where a label
            is more probable than not, else 0. With return_sequences of shape
            (n_samples, n_timesteps); where sequences differ in length, a list of
            arrays.
        """
        return self._predicted(X, self._answer)

    def _answer(self, scores: np.ndarray) -> np.ndarray:
        """What the network computes, as ``predict`` gives it."""
        if self._is_multilabel:
            return (scores > 0).astype(np.int64)
        if len(self.classes_) == 1:
            return self.classes_.repeat(len(scores))
        return self.classes_[class_codes(scores)]

    def predict_proba(self, X: Any) -> Any:
        """Predict the probability of each class.

        Parameters
        ----------
        X : array, DataFrame, list of arrays or Windows
            The sequences, as in :meth:`predict`.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            Of the network's ``dtype``, in the order of ``classes_``. Each row sums to
            1, but for multilabel targets, where each column is the probability of a
            label. With return_sequences of shape (n_samples, n_timesteps, n_classes);
            where sequences differ in length, a list of arrays.
        """
        return self._predicted(X, self._probabilities)

    def predict_log_proba(self, X: Any) -> Any:
        """Predict the logarithm of the probability of each class.

        Parameters
        ----------
        X : array, DataFrame, sparse matrix, list of arrays or Windows
            The samples, as in :meth:`predict`.

        Returns
        -------
        log_probabilities : ndarray, shaped as by :meth:`predict_proba`
            Finite also where a probability is too small for a float.
        """
        in_logarithms = {"independent": log_expit, "exclusive": log_softmax}
        return self._predicted(X, partial(self._probabilities, **in_logarithms))

    @available_if(is_stochastic)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None
    ) -> Any:
        """Train for one more epoch on the given samples.

        The optimiser goes on from where it stands, at a constant learning rate or with
        "invscaling". The network, the loss, the solver and its learning rate stay those
        of the first call.

        Parameters
        ----------
        X : array, DataFrame, list of arrays or Windows
            The sequences, as in :meth:`fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            The classes, or an indicator of labels; with return_sequences the class at
            each step, as in :meth:`fit`.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample in the loss.
        classes : array-like of shape (n_classes,), default=None
            All classes that later calls may bring; needed in the first call. For
            multilabel targets the numbers of the columns.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight 'balanced' is not supported for partial_fit, which sees "
                "a part of the samples only. Take the weights of all of them, "
                "compute_class_weight('balanced', classes=classes, y=y), and pass them "
                "as a dict: class_weight=dict(zip(classes, weights))"
            )
        with unchanged_on_error(self):
            _check_partial_fit_first_call(self, classes)
            return self._partial_fit(X, y, sample_weight, classes=classes)

    def _probabilities(
        self,
        scores: np.ndarray,
        independent: Callable = expit,
        exclusive: Callable = softmax,
    ) -> np.ndarray:
        """Scores through the function of one output, or through that of all."""
        if self._is_multilabel:
            return independent(scores)
        if len(self.classes_) == 1:
            return exclusive(scores, axis=1)  # all of it
        if self.n_outputs_ == 1:
            return independent(np.hstack([-scores, scores]))
        return exclusive(scores, axis=1)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        refuse_mask("y", y)  # scikit-learn's scores would ignore the mask
        return super().score(X, y, sample_weight)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _check_target(self, y: Any, reset: bool, **known: Any) -> np.ndarray:
        labels = check_labels(y)
        if reset:
            self._learn_classes(labels, known.get("classes"))
        else:
            if known.get("is_warm"):
                self._check_warm_start(labels)
            self._compare_classes(labels)
        if self._is_multilabel:
            return labels.astype(self._fitted_dtype)
        return one_hot(labels, self.classes_, self._fitted_dtype)

    def _learn_classes(self, labels: np.ndarray, classes: Any) -> None:
        self._is_multilabel = labels.ndim == 2
        if self._is_multilabel:
            warn_of_one_hot(labels)
            self.classes_ = np.arange(labels.shape[1])
            if classes is not None and not np.array_equal(classes, self.classes_):
                raise ValueError(
                    f"classes is {classes!r}, but y is an indicator of "
                    f"{labels.shape[1]} labels, which are the numbers of its columns: "
                    f"pass classes=np.arange({labels.shape[1]})"
                )
            return
        self.classes_ = unique_labels(labels if classes is None else classes)
        if len(self.classes_) < self._fewest_classes:
            raise ValueError(
                f"{type(self).__name__} needs samples of at least 2 classes in the "
                f"data, but the data contains only one class: {self.classes_[:1]}"
            )
        self._compare_classes(labels)

    def _compare_classes(self, labels: np.ndarray) -> None:
        if (labels.ndim == 2) != self._is_multilabel:
            one, several = "one class", "an indicator of labels"
            was, given = (several, one) if self._is_multilabel else (one, several)
            raise ValueError(
                f"y gives each sample {given}, but {type(self).__name__} was fitted on "
                f"{was} a sample"
            )
        if self._is_multilabel:
            return  # the number of columns is compared with n_outputs_
        classes = unique_labels(labels)
        unseen = np.setdiff1d(classes, self.classes_)
        if len(unseen):
            raise ValueError(
                "`y` has classes not in `self.classes_`. `self.classes_` has "
                f"{self.classes_}. 'y' has {classes}."
            )

    def _check_warm_start(self, labels: np.ndarray) -> None:
        """Raise if ``fit`` cannot go on with these labels."""

    def _weigh(self, samples: Samples) -> Samples:
        targets, own, by_class = samples.targets, samples.weights, self.class_weight
        if by_class is None:
            return samples
        if isinstance(targets, Steps):
            weighted = with_class_weights(targets, own, by_class, self.classes_)
            checked_weights(by_class, weighted.weights, targets.dtype)
            return replace(samples, targets=weighted)
        if self._is_multilabel:
            weights = weigh_label_sets(by_class, targets, own)
        else:
            codes = class_codes(targets)
            weights = weigh_classes(by_class, codes, self.classes_, own)
        weights = checked_weights(by_class, weights, targets.dtype)
        return replace(samples, weights=weights)

    def _loss_params(self) -> dict[str, Any]:
        return {
            "is_exclusive": self.n_outputs_ > 1 and not self._is_multilabel,
            "label_smoothing": float(self.label_smoothing),
        }

    def _n_steps_ahead(self) -> int:
        return 1

    def _strata(self, targets: Any) -> np.ndarray | None:
        if self._is_multilabel or isinstance(targets, Steps):
            return None
        return self.classes_[class_codes(targets)]

    def _classes_in(self, targets: Any) -> np.ndarray:
        """The classes, or labels, that are among the targets."""
        if isinstance(targets, Steps):
            targets = targets.rows[targets.windows.is_row_used]
        if self._is_multilabel:
            return np.flatnonzero(targets.any(axis=0))
        return self.classes_[np.unique(class_codes(targets))]

    def _scorer(self) -> Callable[[np.ndarray, np.ndarray, Any], float]:
        return _subset_accuracy if self._is_multilabel else _accuracy


def _accuracy(y: np.ndarray, scores: np.ndarray, weights: Any) -> float:
    return float(np.average(class_codes(scores) == class_codes(y), weights=weights))


def _subset_accuracy(y: np.ndarray, scores: np.ndarray, weights: Any) -> float:
    is_right = ((scores > 0) == (y > 0)).all(axis=1)
    return float(np.average(is_right, weights=weights))

"""Classification: targets are classes, or an indicator of several labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, issparse
from scipy.special import expit, log_expit, log_softmax, softmax
from sklearn.base import _fit_context
from sklearn.metrics import accuracy_score
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call, unique_labels
from sklearn.utils.validation import check_is_fitted

from .._bases import ClassifierMixin
from .._warnings import warn
from ..modules import LogLoss
from ..windows import StepTargets, refuse_mask
from ._base import BaseNetwork
from ._labels import (
    check_labels,
    check_same_classes,
    class_codes,
    one_hot,
    weigh_classes,
    weigh_label_sets,
    with_class_weights,
)
from ._rollback import unchanged_on_error
from ._tasks import Task, truth_and_answers
from ._training_parameters import ClassificationParameters, is_stochastic


@dataclass(kw_only=True)
class ClassificationTask(Task):
    """One of several classes, or any of several labels."""

    label_smoothing: float
    is_multilabel: bool = False
    is_sparse: bool = False  # whether y, and so predictions, are sparse

    _is_single = True

    def _learn(self, y: Any, classes: Any) -> np.ndarray:
        labels = check_labels(y)
        self.is_multilabel = labels.ndim == 2
        self.is_sparse = self.as_sklearn and self.is_multilabel and issparse(y)
        if self.is_multilabel:
            _warn_of_one_hot(labels)
            self.classes = np.arange(labels.shape[1])
            if classes is not None and not np.array_equal(classes, self.classes):
                raise ValueError(
                    f"classes is {classes!r}, but y is an indicator of "
                    f"{labels.shape[1]} labels, whose classes are the numbers of its "
                    f"columns; pass classes=np.arange({labels.shape[1]})"
                )
        else:
            self.classes = unique_labels(labels if classes is None else classes)
            if len(self.classes) < (1 if self.as_sklearn else 2):
                raise ValueError(
                    f"{self.name} needs samples of at least 2 classes in the data, but "
                    f"the data contains only one class: {self.classes[:1]}"
                )
        targets = self._encoded(labels)
        self.n_outputs = targets.shape[1]
        return targets

    def _encode(self, y: Any) -> np.ndarray:
        return self._encoded(check_labels(y))

    def _encode_all(self, y: Any) -> np.ndarray:
        labels = check_labels(y)
        if self.as_sklearn:
            check_same_classes(labels, self.classes)
        return self._encoded(labels)

    def _encoded(self, labels: np.ndarray) -> np.ndarray:
        """Targets for labels, checked against those of the task."""
        if (labels.ndim == 2) != self.is_multilabel:
            one, several = "one class", "an indicator of labels"
            was, given = (several, one) if self.is_multilabel else (one, several)
            raise ValueError(
                f"y gives each sample {given}, but {self.name} was fitted on {was} per "
                "sample"
            )
        if self.is_multilabel:
            return labels.astype(self.dtype)
        classes = unique_labels(labels)
        if len(np.setdiff1d(classes, self.classes)):
            raise ValueError(
                "`y` has classes not in `self.classes_`. `self.classes_` has "
                f"{self.classes}. 'y' has {classes}."
            )
        return one_hot(labels, self.classes, self.dtype)

    @property
    def attributes(self) -> dict[str, Any]:
        return {"n_outputs_": self.n_outputs, "classes_": self.classes}

    @property
    def is_exclusive(self) -> bool:
        """Whether each class has an output and exactly one class is right."""
        return self.n_outputs > 1 and not self.is_multilabel

    def loss_params(self) -> dict[str, Any]:
        params = {
            "is_exclusive": self.is_exclusive,
            "label_smoothing": self.label_smoothing,
        }
        return {**params, "clips": True} if self.as_sklearn else params

    def new_loss(self) -> LogLoss:
        return LogLoss(**self.loss_params())

    @property
    def out_activation(self) -> str:
        return "softmax" if self.is_exclusive else "logistic"

    def scorer(self) -> Callable[[np.ndarray, np.ndarray, Any], float] | None:
        if not self.as_sklearn:  # minus the loss: accuracies of few samples have ties
            return None
        return _subset_accuracy if self.is_multilabel else _accuracy

    @property
    def n_steps_ahead(self) -> int:
        return 1

    def strata(self, targets: Any) -> np.ndarray | None:
        if self.as_sklearn:  # for two classes only
            return targets > 0 if self.n_outputs == 1 else None
        if self.is_multilabel or isinstance(targets, StepTargets):
            return None
        return self.classes[class_codes(targets)]

    def weigh(self, targets: Any, weights: Any, class_weight: Any) -> tuple[Any, Any]:
        if class_weight is None:
            return targets, weights
        if isinstance(targets, StepTargets):
            targets = with_class_weights(targets, weights, class_weight, self.classes)
            _check_weights(class_weight, targets.weights)
            return targets, weights
        if self.is_multilabel:
            weights = weigh_label_sets(class_weight, targets, weights)
        else:
            codes = class_codes(targets)
            weights = weigh_classes(class_weight, codes, self.classes, weights)
        weights = np.asarray(weights, targets.dtype)
        _check_weights(class_weight, weights)
        return targets, weights

    def classes_in(self, targets: Any) -> np.ndarray:
        """The classes, or labels, that the targets hold."""
        if isinstance(targets, StepTargets):
            targets = targets.rows[targets.windows.is_row_used]
        if self.is_multilabel:
            return np.flatnonzero(targets.any(axis=0))
        return self.classes[np.unique(class_codes(targets))]

    def warn_of_split(
        self, whole: Any, training: Any, held_out: Any, *, can_draw: bool
    ) -> None:
        all_of_them = self.classes_in(whole)
        unseen, unscored = (
            np.setdiff1d(all_of_them, self.classes_in(part)).tolist()
            for part in (training, held_out)
        )
        if unseen:
            what = f"no sample of the classes {unseen} is left to train on"
        elif unscored and not self.is_multilabel:
            what = (
                f"none of them belongs to the classes {unscored}, so the validation "
                "score ignores these classes"
            )
        else:
            return
        remedy = "give X_val and y_val"
        if can_draw:
            remedy += (
                ', or set validation_split="random", which draws from all classes (but '
                "if windows overlap, the two parts then share rows)"
            )
        warn(f"early_stopping holds out the last samples, and {what}; {remedy}")

    def scores(self, raw: np.ndarray) -> np.ndarray:
        """Outputs in the shape of ``decision_function``."""
        return raw[:, 0] if self.n_outputs == 1 and not self.is_multilabel else raw

    def decode(self, raw: np.ndarray) -> Any:
        if self.is_multilabel:
            labels = (raw > 0).astype(np.int64)
            return csr_matrix(labels) if self.is_sparse else labels
        if len(self.classes) == 1:
            return self.classes.repeat(len(raw))
        return self.classes[class_codes(raw)]

    def probabilities(
        self,
        raw: np.ndarray,
        independent: Callable = expit,
        exclusive: Callable = softmax,
    ) -> np.ndarray:
        """Outputs through a logistic function each, or through a softmax."""
        if self.is_multilabel:
            return independent(raw)
        if self.n_outputs == 1 and len(self.classes) == 2:
            return independent(np.hstack([-raw, raw]))
        return exclusive(raw, axis=1)  # a single class gets all of it

    def log_probabilities(self, raw: np.ndarray) -> np.ndarray:
        """Logarithms of the probabilities, exact for small ones too."""
        return self.probabilities(raw, log_expit, log_softmax)


class Classification(ClassificationParameters, ClassifierMixin, BaseNetwork):
    """Targets are classes, one per sample, or an indicator of several labels."""

    _task_class = ClassificationTask

    def _task_options(self) -> dict[str, Any]:
        return {"label_smoothing": float(self.label_smoothing)}

    def predict(self, X: Any) -> Any:
        """Predict the class of each sample.

        Parameters
        ----------
        X : array, DataFrame, sparse matrix, list of arrays or Windows
            The samples, in any form that :meth:`fit` takes. The number of features, and
            in an array of sequences the number of time steps, must be that of
            :meth:`fit`.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            The most probable class of ``classes_``. For multilabel targets, 1 for each
            label whose probability is above one half, else 0; MLPs return a sparse
            matrix if y was sparse in ``fit``. With return_sequences the shape is
            (n_samples, n_timesteps); if sequences differ in length, a list of arrays is
            returned.
        """
        return self._predicted(X, ClassificationTask.decode)

    def predict_proba(self, X: Any) -> Any:
        """Predict the probability of each class.

        Parameters
        ----------
        X : array, DataFrame, sparse matrix, list of arrays or Windows
            The samples, as in :meth:`predict`.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            The columns are in the order of ``classes_``. The dtype is that of the
            network; for MLPs, that of X. Each row sums to 1, except for multilabel
            targets, where each column is the probability of a label. With
            return_sequences the shape is (n_samples, n_timesteps, n_classes); if
            sequences differ in length, a list of arrays is returned.
        """
        return self._predicted(X, ClassificationTask.probabilities)

    def predict_log_proba(self, X: Any) -> Any:
        """Predict the logarithm of the probability of each class.

        Parameters
        ----------
        X : array, DataFrame, sparse matrix, list of arrays or Windows
            The samples, as in :meth:`predict`.

        Returns
        -------
        log_probabilities : ndarray, of the shape that :meth:`predict_proba` returns
            Finite even if a probability is too small for a float.
        """
        return self._predicted(X, ClassificationTask.log_probabilities)

    @available_if(is_stochastic)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None
    ) -> Any:
        """Train for one more epoch on the given samples.

        The optimiser continues from its current state. Recurrent networks use a
        constant learning rate, or "invscaling". Later calls keep the network, the loss,
        the solver and the learning rate of the first call.

        Parameters
        ----------
        X : array, DataFrame, sparse matrix, list of arrays or Windows
            The samples, as in :meth:`fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            The classes, or an indicator of labels; with return_sequences the class at
            each step, as in :meth:`fit`.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample in the loss.
        classes : array-like of shape (n_classes,), default=None
            All classes that may occur in this or a later call; needed in the first
            call. For multilabel targets, the numbers of the columns.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight 'balanced' is not supported for partial_fit, which sees "
                "only a part of the samples. Compute the weights of all samples with "
                "compute_class_weight('balanced', classes=classes, y=y), and pass "
                "them as a dict: class_weight=dict(zip(classes, weights))"
            )
        with unchanged_on_error(self):
            _check_partial_fit_first_call(self, classes)
            return self._partial_fit(X, y, sample_weight, classes)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy of the predictions.

        Parameters
        ----------
        X : array, DataFrame, sparse matrix, list of arrays or Windows
            The samples, as in :meth:`predict`.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            The true classes; with return_sequences, at each step, as in :meth:`fit`.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample, or of each of its steps.

        Returns
        -------
        score : float
            Share of the samples that are right; with several labels, all of them must
            be. With return_sequences, share of the steps.
        """
        check_is_fitted(self)
        refuse_mask("y", y)  # scikit-learn's scores would ignore the mask
        if not self._task.has_steps:
            return super().score(X, y, sample_weight)
        truth, answers, weights = truth_and_answers(
            y, self.predict(X), sample_weight, is_single=True
        )
        labels = check_labels(truth)
        return float(accuracy_score(labels, answers, sample_weight=weights))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def _warn_of_one_hot(labels: np.ndarray) -> None:
    """Warn that an indicator (n_samples, n_labels) may mean one class per sample."""
    if labels.shape[1] > 1 and (labels.sum(axis=1) == 1).all():
        warn(
            f"y of shape {labels.shape} is read as an indicator of independent labels, "
            "but every row has a single 1. If each sample has one class, pass the "
            "number of the class: np.argmax(y, axis=1)"
        )


def _check_weights(class_weight: Any, weights: np.ndarray) -> None:
    """Raise if the weights of the classes do not allow a loss."""
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise ValueError(
            f"class_weight={class_weight!r} gives samples weights from "
            f"{weights.min()} to {weights.max()}; expected finite weights of 0 or more"
        )


def _accuracy(y: np.ndarray, scores: np.ndarray, weights: Any) -> float:
    return float(np.average(class_codes(scores) == class_codes(y), weights=weights))


def _subset_accuracy(y: np.ndarray, scores: np.ndarray, weights: Any) -> float:
    is_right = ((scores > 0) == (y > 0)).all(axis=1)
    return float(np.average(is_right, weights=weights))

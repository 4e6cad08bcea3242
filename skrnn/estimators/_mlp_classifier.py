"""MLPClassifier."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, issparse
from sklearn.base import _fit_context
from sklearn.utils.metaestimators import available_if

from ..arguments import parameters
from ._base import is_stochastic
from ._classification import Classification
from ._labels import check_same_classes
from ._mlp import BaseMLP


@parameters
class MLPClassifier(Classification, BaseMLP):
    """Multi-layer perceptron for classification.

    scikit-learn's ``MLPClassifier`` with the same parameters, attributes and results,
    on any device, and with more of most: solvers, schedules, activations, dropout,
    norms, class weights. The outputs are turned into probabilities by a softmax (a
    logistic function for two classes or several labels). Minimised is the
    cross-entropy.

    {parameters}

    {attributes}

    {raises}

    See Also
    --------
    MLPRegressor : The same network for numbers.
    GRUClassifier : For sequences.
    sklearn.neural_network.MLPClassifier : The original, on NumPy.

    Notes
    -----
    In float64 on a CPU it follows the original to rounding: from the same random_state
    come the same weights, batches, losses and predictions. It differs where that would
    be wrong or unclear: a loss that is not finite is an error; a class of weight zero
    in a whole batch skips the batch; one class alone has a single column of
    probabilities; ``predict_log_proba`` is finite where a probability underflows. Scale
    X: a network learns from values near 1.

    References
    ----------
    .. [1] G. Hinton, "Connectionist learning procedures", Artificial Intelligence
       40(1), 1989. https://doi.org/10.1016/0004-3702(89)90049-0
    .. [2] D. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR 2015.
       https://arxiv.org/abs/1412.6980

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.model_selection import train_test_split
    >>> from skrnn import MLPClassifier
    >>> X, y = make_classification(n_samples=100, random_state=1)
    >>> X_train, X_test, y_train, y_test = train_test_split(
    ...     X, y, stratify=y, random_state=1)
    >>> model = MLPClassifier(random_state=1, max_iter=300, tol=1e-3)
    >>> model.fit(X_train, y_train).predict(X_test[:5]).tolist()
    [1, 0, 1, 0, 1]
    >>> model.score(X_test, y_test)
    0.88
    """

    loss = "log_loss"  # no parameter, as in scikit-learn
    _fewest_classes = 1

    def predict(self, X: Any) -> np.ndarray:
        """Predict the class of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            The most probable of ``classes_``; for multilabel targets 1 where a label
            is more probable than not, else 0, as a sparse matrix if y was one in the
            first fit.
        """
        prediction = super().predict(X)
        return csr_matrix(prediction) if self._has_sparse_target else prediction

    def predict_proba(self, X: Any) -> np.ndarray:
        """Predict the probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            In the order of ``classes_``, float32 if X was in ``fit``. Each row sums to
            1, but for multilabel targets, where each column is the probability of a
            label.
        """
        return super().predict_proba(X)

    @available_if(is_stochastic)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None
    ) -> Any:
        """Train for one more epoch on the given samples.

        The optimiser goes on from where it stands. The network, the loss, the solver
        and its learning rate stay those of the first call.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            The classes, or an indicator of labels.
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
        return super().partial_fit(X, y, sample_weight, classes)

    def _check_target(self, y: Any, reset: bool, **known: Any) -> np.ndarray:
        targets = super()._check_target(y, reset, **known)
        if reset:
            self._has_sparse_target = issparse(y) and self._is_multilabel
        return targets

    def _loss_params(self) -> dict[str, Any]:
        return {**super()._loss_params(), "clips": True}

    def _check_warm_start(self, labels: np.ndarray) -> None:
        check_same_classes(labels, self.classes_)

    def _out_activation(self) -> str:
        return "softmax" if self._fitted_loss_params["is_exclusive"] else "logistic"

    def _strata(self, targets: Any) -> np.ndarray | None:
        """As scikit-learn: of two classes only."""
        return targets > 0 if self.n_outputs_ == 1 else None

"""MLPRegressor."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils.metaestimators import available_if

from ..arguments import parameters, revised, text_of
from ._base import is_stochastic
from ._mlp import BaseMLP
from ._regression import Regression
from ._remarks import warn_of_column
from ._training_parameters import RegressionParameters


@parameters
class MLPRegressor(BaseMLP, Regression):
    """Multi-layer perceptron for regression.

    scikit-learn's ``MLPRegressor`` with the same parameters, attributes and results, on
    any device, and with more of most: losses, solvers, schedules, activations, dropout,
    norms.

    {parameters}

    {attributes}

    {raises}

    See Also
    --------
    MLPClassifier : The same network for classes.
    GRURegressor : For sequences.
    sklearn.neural_network.MLPRegressor : The original, on NumPy.

    Notes
    -----
    In float64 on a CPU it follows the original to rounding: from the same random_state
    come the same weights, batches, losses and predictions. It differs where that would
    be wrong or unclear: a loss that is not finite is an error, and so are negative
    counts. Of several outputs, ``loss_curve_`` holds the mean squared error, halved,
    though the sum is minimised: so does the original. Scale X and y: a network learns
    from values near 1.

    References
    ----------
    .. [1] G. Hinton, "Connectionist learning procedures", Artificial Intelligence
       40(1), 1989. https://doi.org/10.1016/0004-3702(89)90049-0
    .. [2] D. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR 2015.
       https://arxiv.org/abs/1412.6980

    Examples
    --------
    >>> from sklearn.datasets import make_regression
    >>> from sklearn.model_selection import train_test_split
    >>> from skrnn import MLPRegressor
    >>> X, y = make_regression(n_samples=200, n_features=20, random_state=1)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=1)
    >>> model = MLPRegressor(random_state=1, max_iter=2000, tol=0.1)
    >>> model.fit(X_train, y_train).predict(X_test[:2]).round(1).tolist()
    [29.0, -290.8]
    >>> round(model.score(X_test, y_test), 2)
    0.98
    """

    loss: str = revised(
        RegressionParameters,
        "loss",
        default="squared_error",
        kw_only=False,
        text=f"{text_of(RegressionParameters, 'loss')} The losses of several outputs "
        "are added up.",
    )

    def predict(self, X: Any) -> np.ndarray:
        """Predict the target of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            float32 if X was in ``fit``, else float64.
        """
        return super().predict(X)

    @available_if(is_stochastic)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Train for one more epoch on the given samples.

        The optimiser goes on from where it stands. The network, the loss, the solver
        and its learning rate stay those of the first call.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample in the loss.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        return super().partial_fit(X, y, sample_weight)

    def _check_target(self, y: Any, reset: bool, **known: Any) -> np.ndarray:
        targets = super()._check_target(y, reset, **known)
        is_single = targets.shape[1] == 1
        if is_single:
            warn_of_column(np.asarray(y))  # as scikit-learn: a column is 1-D
        if reset:
            self._target_ndim = 1 if is_single else 2
            self._target_dtype = self._fitted_dtype
        return targets

    def _loss_params(self) -> dict[str, Any]:
        return {**super()._loss_params(), "sums_outputs": True}

    def _out_activation(self) -> str:
        return "exp" if self._fitted_loss_params["loss"] == "poisson" else "identity"

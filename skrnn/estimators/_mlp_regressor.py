"""MLPRegressor."""

from __future__ import annotations

from ..arguments import parameters, revised, text_of
from ._mlp import BaseMLP
from ._regression import Regression
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

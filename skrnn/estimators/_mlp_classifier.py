"""MLPClassifier."""

from __future__ import annotations

from ..arguments import parameters
from ._classification import Classification
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

"""MLPRegressor."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils.metaestimators import available_if

from ._base import is_stochastic
from ._mlp import BaseMLP
from ._regression import REGRESSION_CONSTRAINTS, Regression
from ._remarks import warn_of_column


class MLPRegressor(Regression, BaseMLP):
    """Multi-layer perceptron for regression.

    scikit-learn's ``MLPRegressor`` with the same parameters, attributes and results, on
    any device, and with more of most: losses, solvers, schedules, activations, dropout,
    norms.

    Parameters
    ----------
    loss : str, default="squared_error"
        What is minimised: "squared_error", half the squared error; "absolute_error";
        "huber", which turns from squared to absolute at an error of 1; "poisson", half
        the Poisson deviance with a log link, for counts; "quantile", the pinball loss.
        Over several outputs it is added up.
    hidden_layer_sizes : int or array-like of int, default=(100,)
        Units of each hidden layer; ``()`` for none: a linear
        model, the single neuron.
    activation : str, default="relu"
        Of the hidden layers: "identity", "logistic", "tanh" or "relu" as in
        scikit-learn, "softplus", "elu", "gelu", "selu", "silu" or "leaky_relu" as in
        torch.
    solver : str or torch.optim.Optimizer class, default="adam"
        The optimiser: "adam", "sgd" or "lbfgs" as in scikit-learn, the last one SciPy's
        over all samples at once; or "adamw", "rmsprop", "adagrad" or "adadelta", which
        wants learning_rate_init=1.
    alpha : float, default=0.0001
        Strength of the L2 penalty ``alpha / 2 * sum(W ** 2)``, divided by the sum of
        the sample weights of the batch (its size without weights); biases are not
        penalised. With "adamw" it is the decoupled decay of all weights instead.
    batch_size : int or "auto", default="auto"
        Samples in a batch; "auto" is ``min(200, n_samples)``. "lbfgs" takes all.
    learning_rate : str, default="constant"
        Schedule of the learning rate: "constant"; "invscaling" divides by
        ``t ** power_t`` after ``t`` samples; "adaptive" divides by 5 where training
        would stop; "cosine" falls to 0 over max_iter epochs; "onecycle" rises to
        learning_rate_init and falls again over max_iter epochs. The last two run all of
        max_iter epochs unless early_stopping ends them. As in scikit-learn, "adam"
        takes "invscaling" and "adaptive" for "constant"; "lbfgs" needs none.
    learning_rate_init : float, default=0.001
        Learning rate at the start ("onecycle": at the top). Too large diverges.
    power_t : float, default=0.5
        Exponent of "invscaling".
    max_iter : int, default=200
        Largest number of epochs; of iterations with "lbfgs".
    shuffle : bool, default=True
        Draw a new order of the samples in each epoch.
    random_state : int, RandomState instance or None, default=None
        Source of the initial weights, the validation split, the order of samples and
        the dropout masks, in scikit-learn's order: the same seed gives scikit-learn's
        weights and batches. The same integer gives the same bits on a CPU.
    tol : float, default=0.0001
        Training stops once the loss (with early_stopping the validation score) has
        not improved by tol for more than n_iter_no_change epochs in a row. With
        "lbfgs" it is the largest gradient at which to stop.
    verbose : bool or int, default=False
        Print the loss, and the validation score, of each epoch.
    warm_start : bool, default=False
        Let ``fit`` go on from the weights of the last fit.
    momentum : float, default=0.9
        Of "sgd", in [0, 1].
    nesterovs_momentum : bool, default=True
        Whether the momentum of "sgd" is Nesterov's.
    early_stopping : bool, default=False
        Hold out part of the samples, stop once their R2 no longer improves, and
        keep the weights with which it was best. Without effect on "lbfgs".
    validation_fraction : float, default=0.1
        Share of the samples held out by early_stopping, in [0, 1).
    beta_1 : float, default=0.9
        Decay of the first moment in "adam" and "adamw", in [0, 1).
    beta_2 : float, default=0.999
        Decay of the second moment in "adam" and "adamw", in [0, 1).
    epsilon : float, default=1e-8
        Added to the root of the second moment in "adam"; likewise in the others.
    n_iter_no_change : int or inf, default=10
        See tol.
    max_fun : int, default=15000
        Largest number of evaluations of the loss by "lbfgs".
    dropout : float, default=0.0
        Share of the outputs of each hidden layer that is zeroed in training, in
        [0, 1). Raise it against overfitting.
    batch_norm : bool, default=False
        Normalise what goes into each activation over the batch, in prediction by the
        running means of training.
    layer_norm : bool, default=False
        Normalise what goes into each activation over the units of the layer.
    weight_initializer : {"glorot", "he", "normal", "orthogonal"}, default="glorot"
        Where the weights start: "glorot" uniform, biases as well, as in scikit-learn;
        "he" normal with variance ``2 / n_inputs``, suits relu; "normal" with variance
        1; "orthogonal". The last three start from biases of zero.
    quantile : float, default=0.5
        The quantile to predict with loss="quantile", in (0, 1).
    max_grad_norm : float or None, default=None
        Norm to which gradients are clipped; not with "lbfgs".
    validation_split : {"auto", "last", "random"}, default="auto"
        Which samples early_stopping holds out: "last" takes the last ones, as rows
        in order of time need, with a gap of ``n_outputs - 1`` rows so that no
        training target reaches into them; "random" (and
        "auto") draws them as scikit-learn does.
    device : str or torch.device, default="auto"
        Where to compute: "cpu", "cuda", "cuda:<number>" or "mps"; "auto" takes CUDA,
        then MPS (for float32), then the CPU. "accelerate" shares each batch among the
        processes of ``accelerate launch``.
    n_threads : int or "auto", default="auto"
        CPU threads of torch during fit and predict; set back afterwards. "auto" is one
        where a batch is too little work to be shared, else torch's setting.
    callbacks : list of skorch callbacks, default=None
        Called during training, and not copied: read what they recorded after fit.
    net_params : dict, default=None
        Further arguments of the skorch net, such as
        ``{"optimizer__amsgrad": True}``; not those that have a parameter here.
    checkpoint : path-like, default=None
        A folder where ``fit`` writes how far it has come. Called again with the same
        data and parameters it goes on from there, on a CPU to the same bits. "{fit}"
        in the path becomes a name of the fit's own, for searches. None writes nothing.
    checkpoint_every : int or str, default="10s"
        Epochs, or a duration such as "30s" or "5min", between two writings.

    Attributes
    ----------
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, if X was a DataFrame with string columns.
    coefs_ : list of ndarray
        Weights of each layer, of shape (n_inputs, n_outputs). On the CPU they share the
        memory of the network; a list of the same shapes can be assigned.
    intercepts_ : list of ndarray
        Biases of each layer, of shape (n_outputs,).
    n_layers_ : int
        Layers of units, input and output included.
    n_outputs_ : int
        Outputs of the network.
    out_activation_ : str
        What is applied to the outputs: "identity", or "exp" with loss="poisson".
    loss_ : float
        The last training loss.
    best_loss_ : float or None
        Smallest value of ``loss_curve_``; None with early_stopping.
    loss_curve_ : list of float
        Training loss of each epoch, the penalty included; warm_start and partial_fit
        append to it.
    validation_scores_ : list of float, or None
        R2 on the held-out samples after each epoch, if there were any; minus the loss
        on them if the target of X_val is constant.
    best_validation_score_ : float or None
        The largest of them.
    n_iter_ : int
        Epochs of the last call that trained.
    t_ : int
        Training samples seen.
    device_ : torch.device
        Where the network is.
    net_ : skorch.NeuralNet
        The trained net; ``net_.module_`` is the PyTorch module.

    Raises
    ------
    ValueError
        In ``fit``, if a parameter is out of its range, X and y do not fit together or
        hold NaN or infinity, the device is not there, or training diverges; in
        ``predict``, if X has other features than in ``fit``.
    sklearn.exceptions.NotFittedError
        In ``predict``, before ``fit``.

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

    _parameter_constraints: dict = {
        **BaseMLP._parameter_constraints,
        **REGRESSION_CONSTRAINTS,
    }

    def __init__(
        self,
        loss: str = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",
        *,
        solver: Any = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: Any = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15_000,
        dropout: float = 0.0,
        batch_norm: bool = False,
        layer_norm: bool = False,
        weight_initializer: str = "glorot",
        quantile: float = 0.5,
        max_grad_norm: float | None = None,
        validation_split: str = "auto",
        device: Any = "auto",
        n_threads: int | str = "auto",
        callbacks: Any = None,
        net_params: dict[str, Any] | None = None,
        checkpoint: Any = None,
        checkpoint_every: int | str = "10s",
    ) -> None:
        self.loss = loss
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.dropout = dropout
        self.batch_norm = batch_norm
        self.layer_norm = layer_norm
        self.weight_initializer = weight_initializer
        self.quantile = quantile
        self.max_grad_norm = max_grad_norm
        self.validation_split = validation_split
        self.device = device
        self.n_threads = n_threads
        self.callbacks = callbacks
        self.net_params = net_params
        self.checkpoint = checkpoint
        self.checkpoint_every = checkpoint_every

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

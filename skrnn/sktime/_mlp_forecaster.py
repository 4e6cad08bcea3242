"""MLPForecaster."""

from __future__ import annotations

from typing import Any

from ._base import NetworkForecaster


class MLPForecaster(NetworkForecaster):
    r"""Multi-layer perceptron that forecasts time series.

    Learns, from windows of ``window_length`` rows, the ``horizon`` rows after each. All
    steps are decoded from what the network knows after the newest row, so that the
    first step uses it as much as the last one. One network serves one series, all
    columns of a multivariate one, or all series of a panel or hierarchy.

    Parameters
    ----------
    window_length : int, default=24
        Rows that the network looks back over. A season or two is a good start; more
        rows cost time in proportion. Rows before the
        start of a series count as zero.
    horizon : int or "auto", default="auto"
        Steps decoded at once. Forecasts further ahead are rolled forward, each block
        going on from the one before: 1 is the recursive strategy, the last step of fh
        or more the direct one. "auto" is the last step of the ``fh`` given to ``fit``
        (at most half of the longest series), and 1 without it; after ``pretrain`` it is
        that of the pretrained network.
    hidden_layer_sizes : int or tuple of int, default=(32,)
        Hidden units of each hidden layer. More units learn more and cost more,
        quadratically.
    activation : str, default="relu"
        "relu", "tanh", "logistic", "identity", "elu", "selu", "gelu",
        "leaky_relu", "silu" or "softplus".
    dropout : float, default=0.0
        Share of the outputs of each layer that is zeroed in training, in [0, 1). Raise
        it against overfitting.
    normalize : {"window", "series"} or None, default="window"
        What brings series to one level and size. "window" puts the last value of each
        window at 0 and divides by the deviation within the window, drawn a little
        towards the usual one of the series, so that trends go on beyond the levels seen
        in training. "series" takes mean and deviation of each series, for series that
        return to a level. None changes nothing. Counts (loss="negative_binomial") are
        divided by a mean and not centred, unless None. Columns of X are always scaled;
        one that is constant in the training rows is ignored, with a warning.
    step_length : int, default=1
        Rows from one training window to the next; more is quicker and learns less.
        Windows are counted back from the end of each series, so ``predict`` begins
        where a window would. If the step shares a factor with the season, the network
        sees only some times of the day: of 24 hours, that of the last row. Forecasts
        that begin at other times (after ``update``, rolled beyond the horizon, within
        the sample) are then worse, and a warning says so; intervals are measured at the
        time of the forecast. A step such as 23 covers all times.
    past_columns : list of str, default=None
        Columns of X whose future is not known when forecasting. They enter the window
        only, and ``predict`` does not need them, but forecasts cannot be rolled
        forward over steps for which they are not known: these count as average.
    loss : str, default="absolute_error"
        What is minimised. "absolute_error" forecasts the median, "squared_error" the
        mean, "huber" something between; intervals are then taken from how far
        forecasts were off on rows held out (split-conformal). "normal", "student_t"
        and "negative_binomial" (whole numbers of 0 or more) give the distribution of
        each value, "quantile" its quantiles, the median being the forecast; these are
        recalibrated on rows held out.
    quantiles : sequence of float, default=(0.05, 0.25, 0.5, 0.75, 0.95)
        Levels learnt by loss="quantile": three or more, as many below 0.5 as above,
        and 0.5 itself. Others are interpolated as in a normal distribution.
    n_samples : int, default=200
        Paths drawn where forecasts with a distribution are rolled forward, and by
        ``predict_proba``.
    fine_tune : bool, default=True
        Whether ``fit`` after ``pretrain`` trains on; False forecasts the new series
        with the pretrained network as it is. ``set_params`` forgets what was
        pretrained.
    solver : str or torch.optim.Optimizer class, default="adam"
        "adam", "adamw", "sgd", "rmsprop", "adagrad", "adadelta" or "lbfgs".
    alpha : float, default=0.0001
        Strength of the L2 penalty ``alpha / 2 * sum(W ** 2)`` over the batch size.
    batch_size : int or "auto", default="auto"
        Windows in a batch; "auto" is a twentieth of the windows, from 16 to 256.
    learning_rate : str, default="constant"
        Schedule: "constant", "invscaling", "adaptive", "cosine" or "onecycle". The
        last two are laid out over max_iter epochs, which only early_stopping ends
        sooner.
    learning_rate_init : float, default=0.005
        Learning rate at the start ("onecycle": at the top). Too large diverges.
    max_iter : int, default=200
        Largest number of epochs.
    random_state : int, RandomState instance or None, default=None
        Source of the initial weights, the order of windows, the dropout masks and the
        sampled paths. The same integer gives the same bits on a CPU.
    tol : float, default=0.0001
        Training stops once the loss (with early_stopping that on held-out windows) has
        not improved by tol for more than n_iter_no_change epochs in a row.
    verbose : int, default=0
        1 shows a progress bar with the loss, 2 prints the loss of each epoch.
    max_grad_norm : float or None, default=1.0
        Gradients with a larger L2 norm are scaled down to it. Not with "lbfgs", which
        wants None.
    early_stopping : bool, default=True
        Stop when the loss on held-out windows no longer improves, and keep the weights
        with which it was best. If no series is long enough to hold windows out, the
        training loss decides.
    validation_fraction : float, default=0.1
        Share of the windows of each series, its last ones, held out for early_stopping
        and for intervals. No row forecast in training is forecast there. 0 holds
        nothing out: the training loss decides, and intervals come from errors in
        training, which are too small.
    n_iter_no_change : int or inf, default=20
        See tol.
    device : str or torch.device, default="auto"
        "cpu", "cuda", "cuda:<number>" or "mps"; "auto" takes CUDA, then MPS, then CPU.
        "accelerate" shares each batch among the processes of ``accelerate launch``.
    dtype : {"float32", "float64"}, default="float32"
        Precision of the network.
    n_threads : int or "auto", default="auto"
        CPU threads of torch during fit and predict; set back afterwards. "auto" is one
        for small networks.
    callbacks : list of skorch callbacks, default=None
        Called during training, and not copied: read what they recorded after fit.
    net_params : dict, default=None
        Further arguments of the skorch net.
    checkpoint : path-like, default=None
        A folder where ``fit`` writes how far it has come. Called again with the same
        data and parameters it goes on from there, on a CPU to the same bits. "{fit}"
        in the path becomes a name of the fit's own, for searches. None writes nothing.
    checkpoint_every : int or str, default="10s"
        Epochs, or a duration such as "30s" or "5min", between two writings.

    Attributes
    ----------
    horizon_ : int
        Steps decoded at once.
    loss_curve_ : list of float
        Training loss of each epoch of the last training; empty if there was none.
    validation_scores_ : list of float, or None
        Minus the loss on held-out windows after each epoch, if there were any.
    n_iter_ : int
        Epochs of the last training.
    device_ : torch.device
        Where the network is.
    net_ : skorch.NeuralNet
        The trained net; ``net_.module_`` is the PyTorch module.
    pretrained_model_ : object
        What ``pretrain`` learnt, from which every later ``fit`` starts.

    Raises
    ------
    ValueError
        In ``fit`` and ``update``, if a parameter is out of its range, no series is long
        enough, y or X hold NaN, y is not whole numbers of 0 or more with
        loss="negative_binomial", or training diverges; in ``predict``, if rows of X
        that are needed are missing.

    Warns
    -----
    sklearn.exceptions.ConvergenceWarning
        If max_iter ends training.
    UserWarning
        If ``update`` goes back in time, whereby rows are forgotten.

    See Also
    --------
    RNNForecaster : Without gates.
    GRUForecaster : With gates.
    LSTMForecaster : With gates and a separate cell state.
    TimeSeriesRegressor : For ``make_reduction`` of sktime.

    Notes
    -----
    The normalised rows of the window, the oldest first, are the input of the first
    layer; rows that do not exist are zero. With hidden_layer_sizes=() it is a linear
    network, with normalize="window" much like the NLinear of [1]_.

    Each step of the horizon is a linear function of that state. Columns of X whose
    future is known enter at their own step, linearly and together with a context from
    the state [2]_.

    Axis order is (sample, time, feature). Windows never cross series, and each series
    is forecast, and stamped, from its own last row. Memory grows with the rows, not
    with rows times window length.

    References
    ----------
    .. [1] A. Zeng et al., "Are transformers effective for time series forecasting?",
       AAAI, 2023. https://arxiv.org/abs/2205.13504
    .. [2] R. Wen et al., "A multi-horizon quantile recurrent forecaster", 2017.
       https://arxiv.org/abs/1711.11053

    Examples
    --------
    >>> from sktime.datasets import load_airline
    >>> from skrnn.sktime import MLPForecaster
    >>> y = load_airline()
    >>> forecaster = MLPForecaster(12, random_state=0)
    >>> forecast = forecaster.fit(y[:-12], fh=range(1, 13)).predict()
    >>> bool(abs(forecast / y[-12:] - 1).mean() < 0.15)
    True
    """

    _cell = "mlp"

    def __init__(
        self,
        window_length: int = 24,
        horizon: int | str = "auto",
        *,
        hidden_layer_sizes: Any = (32,),
        activation: str = "relu",
        dropout: float = 0.0,
        normalize: str | None = "window",
        step_length: int = 1,
        past_columns: Any = None,
        loss: str = "absolute_error",
        quantiles: Any = (0.05, 0.25, 0.5, 0.75, 0.95),
        n_samples: int = 200,
        fine_tune: bool = True,
        solver: Any = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.005,
        max_iter: int = 200,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: int = 0,
        max_grad_norm: float | None = 1.0,
        early_stopping: bool = True,
        validation_fraction: float = 0.1,
        n_iter_no_change: float = 20,
        device: Any = "auto",
        dtype: Any = "float32",
        n_threads: int | str = "auto",
        callbacks: Any = None,
        net_params: dict[str, Any] | None = None,
        checkpoint: Any = None,
        checkpoint_every: int | str = "10s",
    ) -> None:
        self.window_length = window_length
        self.horizon = horizon
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.dropout = dropout
        self.normalize = normalize
        self.step_length = step_length
        self.past_columns = past_columns
        self.loss = loss
        self.quantiles = quantiles
        self.n_samples = n_samples
        self.fine_tune = fine_tune
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.max_grad_norm = max_grad_norm
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.device = device
        self.dtype = dtype
        self.n_threads = n_threads
        self.callbacks = callbacks
        self.net_params = net_params
        self.checkpoint = checkpoint
        self.checkpoint_every = checkpoint_every
        super().__init__()

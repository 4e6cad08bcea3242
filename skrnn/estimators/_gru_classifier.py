"""GRUClassifier."""

from ._recurrent_classifier import BaseRecurrentClassifier


class GRUClassifier(BaseRecurrentClassifier):
    r"""Gated recurrent unit network for classification.

    Learns, from a whole sequence, the class that it belongs to; or, with a 0-1 matrix
    as y, the labels that it bears. The state after the last row of the sequence (see
    ``pooling``) goes through a linear layer, whose outputs a softmax (a logistic
    function for two classes or several labels) turns into probabilities. Minimised is
    the cross-entropy.

    Parameters
    ----------
    hidden_layer_sizes : int or tuple of int, default=(32,)
        Hidden units of each recurrent layer, the first reading the input and each
        other the states of the one before. More units learn more and cost more,
        quadratically.
    activation : str, default="tanh"
        Activation of the candidate state; any that the MLPs have. "tanh" is quickest.
    bidirectional : bool, default=False
        Read each sequence forwards and backwards in time; doubles the weights. Both
        directions stay inside the window, so nothing later than it is seen.
    dropout : float, default=0.0
        Share of the outputs of each layer, the last included, that is zeroed in
        training, in [0, 1). Raise it against overfitting.
    pooling : {"last", "mean", "max", "attention"}, default="last"
        What is read of the last layer: the state after the last step (in each
        direction), the mean or the largest state over all steps, or a mean whose
        weights are learnt. "last" suits what depends on the newest steps; the others
        what may show anywhere in a long sequence.
    embedding_dim : int or None, default=None
        Length of the vector learnt for each token, if X holds token ids as from
        :class:`~skrnn.preprocessing.TextSequencer`: integers, one a step, 0 being
        padding, which is left out. None reads X as measurements.
    merge_mode : {"concat", "sum", "mul", "ave"}, default="concat"
        How the two directions of a bidirectional layer are joined: side by side, or by
        their sum, product or mean.
    recurrent_activation : {"logistic", "hard_sigmoid"}, default="logistic"
        Activation of the gates of a GRU or an LSTM.
    reset_after : bool, default=True
        Of a GRU: whether the reset gate comes after the product with the recurrent
        weights, as fused layers have it, or before it (False), as textbooks do.
    peephole : bool, default=False
        Of an LSTM: let the gates see the cell, each unit its own.
    projection_size : int or None, default=None
        Of an LSTM: project the hidden state to so many values, fewer than the hidden
        units, in each layer.
    layer_norm : bool, default=False
        Normalise, at each step, what the input and the state give to the gates.
    residual : bool, default=False
        Add to the output of each layer after the first what it reads; the layers must
        be of one size.
    input_dropout : float, default=0.0
        Share of the inputs (of the embedding, if there is one) that is zeroed in
        training, in [0, 1).
    recurrent_dropout : float, default=0.0
        Share of the state that no step of a sequence sees of the step before, in
        training, in [0, 1): the same units at all steps.
    zoneout : float, default=0.0
        Probability with which a unit keeps its state over a step of training, in
        [0, 1); predictions take the mean of both.
    unit_forget_bias : bool, default=False
        Of an LSTM: start with a bias of 1 at the forget gate, so that it remembers.
    chrono_steps : int or None, default=None
        Of a GRU or an LSTM: start with gates that keep the state of each unit for
        between one and so many steps, at least 3: as far back as what matters may lie.
    recurrent_initializer : {"uniform", "orthogonal", "identity"}, default="uniform"
        What the recurrent weights of each gate start from: uniform within
        ``1 / sqrt(hidden units)``, an orthogonal matrix, or the identity.
    conv_filters : int, tuple of int or None, default=None
        Filters of a convolution over time in front of the recurrent layers, or of each
        of several; None has none.
    conv_kernel_size : int, default=3
        Steps that each convolution sees at once.
    conv_padding : {"causal", "same", "valid"}, default="causal"
        Which steps these are: up to each step, around it, or around it without the
        steps at the ends that lack neighbours.
    conv_activation : str, default="relu"
        Activation of the convolutions; any that the MLPs have.
    return_sequences : bool, default=False
        Learn and predict a target at each step, from the steps up to it (with
        ``bidirectional`` from those after it, too): y holds as many steps as X. Each
        step counts as a sample in the loss and the scores. Needs pooling="last".
    stateful : bool, default=False
        Read the samples, in their order, as consecutive pieces of one series: each goes
        on from the state in which the one before has ended. In training as many run
        side by side as ``batch_size``, and each epoch begins anew. Needs
        ``shuffle=False``; early_stopping holds out the last samples.
    class_weight : dict, list of dict, "balanced" or None, default=None
        Weight of each class in the loss and the validation score, times sample_weight.
        "balanced" is inverse to the frequency of the classes in y. For multilabel
        targets "balanced", or a list with a dict of the weights of 0 and 1 for each
        label.
    label_smoothing : float, default=0.0
        Share of each target spread evenly over the classes, in [0, 1). A little, such
        as 0.1, keeps probabilities away from 0 and 1.
    solver : str or torch.optim.Optimizer class, default="adam"
        The optimiser: "adam", "adamw", "sgd", "rmsprop", "adagrad", "adadelta" or
        "lbfgs", SciPy's, which takes one full-batch step with line search an epoch,
        stops where no slope is above tol, and needs memory for all windows at once.
        "adadelta" wants learning_rate_init=1.
    alpha : float, default=0.0001
        Strength of the L2 penalty ``alpha / 2 * sum(W ** 2)``, divided by the size of
        the batch times the mean sample weight; biases and embeddings are not penalised.
        With "adamw" it is the decoupled decay of all weights instead.
    batch_size : int or "auto", default="auto"
        Windows in a batch; "auto" is ``min(200, n_samples)``, and with stateful=True
        at most a tenth of n_samples.
    learning_rate : str, default="constant"
        Schedule of the learning rate: "constant"; "invscaling" divides by
        ``t ** power_t`` after ``t`` samples; "adaptive" divides by 5 where training
        would stop; "cosine" falls to 0 over max_iter epochs; "onecycle" rises to
        learning_rate_init and falls again over max_iter epochs. Those two run all of
        max_iter epochs unless early_stopping ends them. "lbfgs" needs none.
    learning_rate_init : float, default=0.001
        Learning rate at the start ("onecycle": at the top). Too large diverges.
    power_t : float, default=0.5
        Exponent of "invscaling".
    max_iter : int, default=200
        Largest number of epochs.
    shuffle : bool, default=True
        Draw a new order of the samples in each epoch.
    random_state : int, RandomState instance or None, default=None
        Source of the initial weights, the order of samples, the dropout masks and
        the random validation split. The same integer gives the same bits on a CPU.
    tol : float, default=0.0001
        Training stops once the loss (with early_stopping the validation score) has
        not improved by tol for more than n_iter_no_change epochs in a row.
    verbose : int, default=0
        1 shows a progress bar with the loss, 2 prints the loss of each epoch.
    warm_start : bool, default=False
        Let ``fit`` go on from the weights of the last fit.
    momentum : float, default=0.9
        Of "sgd", in [0, 1].
    nesterovs_momentum : bool, default=True
        Whether the momentum of "sgd" is Nesterov's.
    beta_1 : float, default=0.9
        Decay of the first moment of "adam" and "adamw", in [0, 1).
    beta_2 : float, default=0.999
        Decay of the second moment of "adam" and "adamw", in [0, 1).
    epsilon : float, default=1e-8
        Added to the denominator of "adam", "adamw" and "rmsprop".
    max_grad_norm : float or None, default=None
        Gradients with a larger L2 norm are scaled down to it. A value near 1 mends
        training that diverges. Not with "lbfgs".
    early_stopping : bool, default=False
        Hold out a part of the samples, stop when their accuracy no longer improves,
        and keep the weights with which it was best.
    validation_fraction : float, default=0.1
        Share of the samples held out by early_stopping, in (0, 1).
    validation_split : {"auto", "last", "random"}, default="auto"
        Which samples early_stopping holds out. "random" draws them, with the classes
        in proportion; "last" takes the last ones (of each run of windows that overlap,
        and if these lack a class, of each stretch of one class). "auto" takes the
        last where windows overlap, and draws where they do not. With return_sequences
        draws ignore the classes, and between overlapping windows lies a gap of the
        length of a window, less 1.
    n_iter_no_change : int or inf, default=10
        See tol.
    device : str or torch.device, default="auto"
        Where to compute: "cpu", "cuda", "cuda:<number>" or "mps"; "auto" takes CUDA,
        then MPS, then the CPU. "accelerate" shares each batch among the processes of
        ``accelerate launch``.
    dtype : {"float32", "float64"}, default="float32"
        Precision of data, weights and predictions.
    n_threads : int or "auto", default="auto"
        CPU threads of torch during fit and predict; set back afterwards. "auto" is one
        for networks with no layer over 256 units.
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
        Features of a time step; for a 2-D X its columns, as in scikit-learn.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, if X was one or several DataFrames with string columns.
    n_timesteps_in_ : int or None
        Time steps of a window; None if they varied.
    n_tokens_ : int or None
        Number of token ids, padding included, with embedding_dim.
    classes_ : ndarray of shape (n_classes,)
        The classes, sorted; for multilabel targets the numbers of the labels.
    n_outputs_ : int
        Outputs of the network: 1 for two classes, else one a class or label.
    loss_curve_ : list of float
        Training loss of each epoch, the penalty included; warm_start and partial_fit
        append to it.
    validation_scores_ : list of float, or None
        Accuracy on the held-out samples after each epoch, if there were any; with
        multilabel targets a sample counts if all its labels are right.
    best_loss_ : float
        Smallest value of ``loss_curve_``.
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
        ``predict``, if X has other features or time steps than in ``fit``.
    sklearn.exceptions.NotFittedError
        In ``predict``, before ``fit``.

    See Also
    --------
    RNNClassifier : Without gates.
    LSTMClassifier : With a separate cell state.
    GRURegressor : The same network for numbers.
    skrnn.preprocessing.SequenceScaler : Scales each feature inside a Pipeline.
    skrnn.preprocessing.TextSequencer : Turns texts into sequences of token ids.

    Notes
    -----
    With the row :math:`x_t` and the state :math:`h_t`, per layer [1]_, the reset gate
    applied after the matrix product:

    .. math::

        r_t &= \sigma(W_{xr} x_t + b_{xr} + W_{hr} h_{t-1} + b_{hr}) \\
        z_t &= \sigma(W_{xz} x_t + b_{xz} + W_{hz} h_{t-1} + b_{hz}) \\
        n_t &= \tanh(W_{xn} x_t + b_{xn} + r_t (W_{hn} h_{t-1} + b_{hn})) \\
        h_t &= (1 - z_t) n_t + z_t h_{t-1}

    Axis order is (sample, time, feature). Scale X: a network learns from values near
    1. Sequences of unequal length are trained in batches of similar length, which
    nowhere depend on what else is in the batch. Memory grows with the rows, time with
    the rows times the square of the hidden units. A pickle holds weights, not the state
    of the optimiser.

    References
    ----------
    .. [1] K. Cho et al., "Learning phrase representations using RNN encoder-decoder for
       statistical machine translation", EMNLP, 2014.
       https://doi.org/10.3115/v1/D14-1179

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import GRUClassifier
    >>> lengths = np.arange(12, 42)
    >>> X = [np.sin(np.arange(n) / (1 + 2 * (n % 2)))[:, None] for n in lengths]
    >>> y = np.where(lengths % 2, "slow", "fast")
    >>> model = GRUClassifier(8, learning_rate="cosine", learning_rate_init=0.02,
    ...     pooling="mean", batch_size=10, max_iter=80, random_state=0)
    >>> model.fit(X, y).predict(X[:3]).tolist()
    ['fast', 'slow', 'fast']
    """

    _cell = "gru"

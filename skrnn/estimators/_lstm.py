"""LSTMRegressor and LSTMClassifier."""

from ..arguments import parameters
from ._network_parameters import LSTMParameters
from ._recurrent import BaseRecurrent, BaseRecurrentClassifier
from ._regression import Regression


@parameters
class LSTMRegressor(LSTMParameters, Regression, BaseRecurrent):
    r"""Long short-term memory network for regression.

    Reads a sequence of rows and predicts one or several numbers: the next value of a
    series, or whatever target y belongs to the sequence. The state after the last row
    goes through a linear layer.

    X holds the sequences, as an array (n_samples, n_timesteps, n_features), a sliding
    view, a list of arrays of unequal length, or a DataFrame with an (instance, time)
    MultiIndex. :class:`~skrnn.SlidingWindow` cuts rows into windows inside a Pipeline,
    :func:`~skrnn.make_supervised` also gives the targets::

        X, y = make_supervised(rows, target, horizon=1)
        model = make_pipeline(StandardScaler(), SlidingWindow(24), LSTMRegressor(32))
        model.fit(X, y).predict(X)

    Scale X and y: a network learns best from values near 1. If it has not learnt
    enough, raise ``max_iter`` or ``learning_rate_init`` first, then
    ``hidden_layer_sizes``.

    {parameters}

    {attributes}

    {raises}

    See Also
    --------
    RNNRegressor : Without gates.
    GRURegressor : Fewer weights, no cell state.
    LSTMClassifier : The same network for classes.
    skrnn.SlidingWindow : Makes the windows inside a Pipeline.

    Notes
    -----
    With the row :math:`x_t`, the state :math:`h_t` and the cell :math:`c_t`, each layer
    computes [1]_:

    {equations}

    Axis order is (sample, time, feature). Windows are gathered batch by batch from the
    rows that they share, so memory grows with the number of rows, not with rows times
    window length. Time grows with samples times window length times the square of the
    hidden units. A pickle holds the weights, not the state of the optimiser.

    References
    ----------
    {cell_reference}

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import LSTMRegressor
    >>> wave = np.sin(np.arange(120) / 3)
    >>> X = np.lib.stride_tricks.sliding_window_view(wave[:-1], 12)
    >>> model = LSTMRegressor(8, learning_rate="cosine", learning_rate_init=0.02,
    ...     max_iter=100, random_state=0)
    >>> model.fit(X, wave[12:]).score(X, wave[12:]) > 0.99
    True
    """


@parameters
class LSTMClassifier(LSTMParameters, BaseRecurrentClassifier):
    r"""Long short-term memory network for classification.

    Reads a sequence of rows and predicts the class that it belongs to or, if y is a
    matrix of 0 and 1, its labels. The state after the last row (see ``pooling``) goes
    through a linear layer, then a softmax (a logistic function for two classes or
    several labels). The loss is the cross-entropy.

    X holds the sequences, as an array (n_samples, n_timesteps, n_features), a list of
    arrays of unequal length, or a DataFrame with an (instance, time) MultiIndex::

        model = make_pipeline(SequenceScaler(), LSTMClassifier(32, pooling="mean"))
        model.fit(X, y).predict_proba(X)

    Scale X: a network learns best from values near 1. If it has not learnt enough,
    raise ``max_iter`` or ``learning_rate_init`` first, then ``hidden_layer_sizes``.

    {parameters}

    {attributes}

    {raises}

    See Also
    --------
    RNNClassifier : Without gates.
    GRUClassifier : Fewer weights, no cell state.
    LSTMRegressor : The same network for numbers.
    skrnn.SequenceScaler : Scales each feature inside a Pipeline.
    skrnn.TextSequencer : Turns texts into sequences of token ids.

    Notes
    -----
    With the row :math:`x_t`, the state :math:`h_t` and the cell :math:`c_t`, each layer
    computes [1]_:

    {equations}

    Axis order is (sample, time, feature). Sequences of unequal length are trained in
    batches of similar length; the result for one does not depend on the others in its
    batch. Memory grows with the number of rows, time with rows times the square of the
    hidden units. A pickle holds the weights, not the state of the optimiser.

    References
    ----------
    {cell_reference}

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import LSTMClassifier
    >>> lengths = np.arange(12, 42)
    >>> X = [np.sin(np.arange(n) / (1 + 2 * (n % 2)))[:, None] for n in lengths]
    >>> y = np.where(lengths % 2, "slow", "fast")
    >>> model = LSTMClassifier(8, learning_rate="cosine", learning_rate_init=0.02,
    ...     pooling="mean", batch_size=10, max_iter=80, random_state=0)
    >>> model.fit(X, y).predict(X[:3]).tolist()
    ['fast', 'slow', 'fast']
    """

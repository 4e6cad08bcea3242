"""The recurrent estimators: RNN, GRU and LSTM, each for numbers and for classes."""

from __future__ import annotations

from typing import Any, ClassVar

from ..arguments import parameters
from ._classification import Classification, ClassificationTask
from ._network_parameters import GRUParameters, LSTMParameters, RNNParameters
from ._recipe_parameters import (
    RecurrentClassifierParameters,
    RecurrentRegressorParameters,
)
from ._recurrent import BaseRecurrent
from ._regression import Regression


class BaseRecurrentRegressor(RecurrentRegressorParameters, Regression, BaseRecurrent):
    """The base of RNNRegressor, GRURegressor and LSTMRegressor."""

    _attributes: ClassVar[dict[str, str]] = {
        "n_iter_ : int": "Number of epochs of the last call that trained, those of a "
        "trial included if its network was trained further."
    }
    _passages: ClassVar[dict[str, str]] = {
        "use": """
        Reads a sequence of rows and predicts one or several numbers: the next value of
        a series, or any other target y of the sequence. A linear layer turns the state
        after the last row into the prediction.

        X holds the sequences, as an array (n_samples, n_timesteps, n_features), a
        sliding view, a list of arrays of unequal length, or a DataFrame with an
        (instance, time) MultiIndex. :class:`~skrnn.SlidingWindow` cuts rows into
        windows inside a Pipeline, :func:`~skrnn.make_supervised` also gives the
        targets::

            X, y = make_supervised(rows, target, horizon=1)
            model = make_pipeline(SlidingWindow(24), {name}())
            model.fit(X, y).predict(X)

        X and y may have any units: the network scales them (``normalize``). What is
        linear in the last rows is found in closed form (``readout``), and a trial finds
        how long to train (``max_iter``). If it underfits, raise ``hidden_layer_sizes``
        or ``max_iter``. The network of a textbook has ``normalize=None, readout=None``.
        """,
        "cost": """
        Axis order is (sample, time, feature). Windows are gathered batch by batch from
        the rows that they share, so memory grows with the number of rows, not with rows
        times window length. Training time grows with samples times window length times
        the square of the hidden units. Of many samples ``max_iter="auto"`` makes fewer
        epochs. A pickle holds the weights, but not the state of
        the optimiser.
        """,
        "example": """
        Examples
        --------
        >>> import numpy as np
        >>> from skrnn import {name}
        >>> wave = np.sin(np.arange(120) / 3)
        >>> X = np.lib.stride_tricks.sliding_window_view(wave[:-1], 12)
        >>> {name}(random_state=0).fit(X, wave[12:]).score(X, wave[12:]) > 0.99
        True
        """,
    }


class BaseRecurrentClassifier(Classification, BaseRecurrent):
    """The base of RNNClassifier, GRUClassifier and LSTMClassifier."""

    _attributes: ClassVar[dict[str, str]] = {
        "validation_scores_ : list of float, or None": "Minus the loss of the held-out "
        "samples after each epoch, if there were any.",
    }
    _texts: ClassVar[dict[str, str]] = {
        "early_stopping": "Hold out a part of the samples, stop when their loss no "
        "longer falls, and keep the weights of the best epoch."
    }
    _passages: ClassVar[dict[str, str]] = {
        "use": """
        Reads a sequence of rows and predicts the class that it belongs to or, if y is a
        matrix of 0 and 1, its labels. Convolutions find shapes (``conv_filters``), and
        a recurrent layer reads in which order they come. A linear layer and a softmax
        (a logistic function for two classes or several labels) turn what both have
        found (``conv_pooling``, ``pooling``) into probabilities. The loss is the
        cross-entropy.

        X holds the sequences, as an array (n_samples, n_timesteps, n_features), a list
        of arrays of unequal length, or a DataFrame with an (instance, time)
        MultiIndex::

            model = {name}().fit(X, y)
            model.predict_proba(X)

        X may have any units: the network scales it (``normalize``). If it underfits,
        raise ``max_iter`` or ``hidden_layer_sizes``, or lower ``dropout``. The network
        of a textbook has ``normalize=None, conv_filters=None, pooling="last",
        dropout=0.0, label_smoothing=0.0``, and is quicker by far.
        """,
        "cost": """
        Axis order is (sample, time, feature). Sequences of unequal length are trained
        in batches of similar length; the result for one does not depend on the others
        in its batch. Memory grows with the number of rows, training time with rows
        times the square of the hidden units. A pickle holds the weights, but not the
        state of the optimiser.
        """,
        "example": """
        Examples
        --------
        >>> import numpy as np
        >>> from skrnn import {name}
        >>> lengths = np.arange(12, 42)
        >>> X = [np.sin(np.arange(n) / (1 + 2 * (n % 2)))[:, None] for n in lengths]
        >>> y = np.where(lengths % 2, "slow", "fast")
        >>> {name}(random_state=0).fit(X, y).predict(X[:3]).tolist()
        ['fast', 'slow', 'fast']
        """,
    }

    def decision_function(self, X: Any) -> Any:
        """Return the scores that decide on classes and probabilities.

        Parameters
        ----------
        X : array, DataFrame, list of arrays or Windows
            The sequences, as in :meth:`predict`.

        Returns
        -------
        scores : ndarray of shape (n_samples,), (n_samples, n_classes) or \
                (n_samples, n_labels)
            The raw outputs of the network, in its ``dtype``. For two classes there is
            one score per sample; above 0 it means ``classes_[1]``. With
            return_sequences there are scores for each step, as in
            :meth:`predict_proba`.
        """
        return self._predicted(X, ClassificationTask.scores)


@parameters
class RNNRegressor(RNNParameters, BaseRecurrentRegressor):
    """Plain (Elman) recurrent network for regression.

    {use}

    {parameters}

    {attributes}

    {raises}

    See Also
    --------
    GRURegressor : Its gates let the state last longer.
    LSTMRegressor : Gates and a separate cell state.
    RNNClassifier : The same network for classes.
    skrnn.SlidingWindow : Makes the windows inside a Pipeline.

    Notes
    -----
    {equations}

    {cost}

    References
    ----------
    {cell_reference}

    {example}
    """


@parameters
class RNNClassifier(
    RecurrentClassifierParameters, RNNParameters, BaseRecurrentClassifier
):
    """Plain (Elman) recurrent network for classification.

    {use}

    {parameters}

    {attributes}

    {raises}

    See Also
    --------
    GRUClassifier : Its gates let the state last longer.
    LSTMClassifier : Gates and a separate cell state.
    RNNRegressor : The same network for numbers.
    skrnn.SequenceScaler : Other scales, inside a Pipeline.
    skrnn.TextSequencer : Turns texts into sequences of token ids.

    Notes
    -----
    {equations}

    {cost}

    References
    ----------
    {cell_reference}

    {example}
    """


@parameters
class GRURegressor(GRUParameters, BaseRecurrentRegressor):
    """Gated recurrent unit network for regression.

    {use}

    {parameters}

    {attributes}

    {raises}

    See Also
    --------
    RNNRegressor : Without gates.
    LSTMRegressor : With a separate cell state.
    GRUClassifier : The same network for classes.
    skrnn.SlidingWindow : Makes the windows inside a Pipeline.

    Notes
    -----
    {equations}

    {cost}

    References
    ----------
    {cell_reference}

    {example}
    """


@parameters
class GRUClassifier(
    RecurrentClassifierParameters, GRUParameters, BaseRecurrentClassifier
):
    """Gated recurrent unit network for classification.

    {use}

    {parameters}

    {attributes}

    {raises}

    See Also
    --------
    RNNClassifier : Without gates.
    LSTMClassifier : With a separate cell state.
    GRURegressor : The same network for numbers.
    skrnn.SequenceScaler : Other scales, inside a Pipeline.
    skrnn.TextSequencer : Turns texts into sequences of token ids.

    Notes
    -----
    {equations}

    {cost}

    References
    ----------
    {cell_reference}

    {example}
    """


@parameters
class LSTMRegressor(LSTMParameters, BaseRecurrentRegressor):
    """Long short-term memory network for regression.

    {use}

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
    {equations}

    {cost}

    References
    ----------
    {cell_reference}

    {example}
    """


@parameters
class LSTMClassifier(
    RecurrentClassifierParameters, LSTMParameters, BaseRecurrentClassifier
):
    """Long short-term memory network for classification.

    {use}

    {parameters}

    {attributes}

    {raises}

    See Also
    --------
    RNNClassifier : Without gates.
    GRUClassifier : Fewer weights, no cell state.
    LSTMRegressor : The same network for numbers.
    skrnn.SequenceScaler : Other scales, inside a Pipeline.
    skrnn.TextSequencer : Turns texts into sequences of token ids.

    Notes
    -----
    {equations}

    {cost}

    References
    ----------
    {cell_reference}

    {example}
    """

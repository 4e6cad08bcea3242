"""The parameters of networks: layers and cells. Each is declared only here."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval, Options, StrOptions

from ..arguments import parameter, parameters
from ..modules import (
    CONV_NORMS,
    CONV_PADDINGS,
    CONV_POOLINGS,
    GATE_ACTIVATIONS,
    MERGE_MODES,
    MLP_ACTIVATIONS,
    POOLINGS,
    RECURRENT_INITIALIZERS,
)

SHARE = Interval(Real, 0, 1, closed="left")
COUNT = Interval(Integral, 1, None, closed="left")
_ACTIVATIONS = tuple(MLP_ACTIVATIONS)
_FLOATS = {np.float32, np.float64}


@parameters
class LayerParameters:
    """Layers."""

    hidden_layer_sizes: Any = parameter(
        default=(32,),
        allowed=["array-like", COUNT],
        kind="int or tuple of int",
        kw_only=False,
        text="Number of units in each layer: 32, or (64, 32) for two layers. More "
        "units can learn more; training time grows with their square.",
    )
    activation: str = parameter(
        default="tanh",
        allowed=[_ACTIVATIONS],
        kind="str",
        text="Activation function of the layers: "
        + ", ".join(f'"{name}"' for name in _ACTIVATIONS[:-1])
        + f' or "{_ACTIVATIONS[-1]}".',
    )
    dropout: float = parameter(
        default=0.0,
        allowed=[SHARE],
        text="Fraction of the outputs of each layer that is set to zero in training, "
        "in [0, 1). Raise it, to 0.2 for instance, if the network overfits.",
    )


@parameters
class RecurrentParameters(LayerParameters):
    """Layers."""

    bidirectional: bool = parameter(
        default=False,
        allowed=["boolean"],
        text="Read each sequence both forwards and backwards. This doubles the number "
        "of weights. Neither direction reads beyond the end of the sequence.",
    )
    merge_mode: str = parameter(
        default="concat",
        allowed=[MERGE_MODES],
        text="How the outputs of the two directions are combined: side by side, or by "
        "their sum, product or mean.",
    )
    pooling: Any = parameter(
        default="last",
        allowed=[POOLINGS, tuple, list],
        kind='{"last", "mean", "max", "attention"} or tuple of them',
        text="What the output layer reads: the state after the last step; the mean or "
        'the maximum of the states of all steps; or, with "attention", a mean with '
        'learnt weights. "last" suits targets that depend on the newest steps, the '
        "others suit patterns that may occur anywhere in a long sequence. A tuple, "
        'such as ("last", "mean", "max"), reads several of them side by side.',
    )
    layer_norm: bool = parameter(
        default=False,
        allowed=["boolean"],
        text="Normalise the inputs of the gates at each step.",
    )
    residual: bool = parameter(
        default=False,
        allowed=["boolean"],
        text="Add the input of each layer after the first to its output. All layers "
        "must have the same size.",
    )
    input_dropout: float = parameter(
        default=0.0,
        allowed=[SHARE],
        text="Fraction of the inputs (or of the embedding) that is set to zero in "
        "training, in [0, 1).",
    )
    recurrent_dropout: float = parameter(
        default=0.0,
        allowed=[SHARE],
        text="Fraction of the state that is hidden from the next step in training, in "
        "[0, 1). The same units are hidden at all steps of a sequence.",
    )
    zoneout: float = parameter(
        default=0.0,
        allowed=[SHARE],
        text="Probability that a unit keeps its state over a step of training, in "
        "[0, 1). Predictions use the expected value.",
    )
    recurrent_initializer: str = parameter(
        default="uniform",
        allowed=[RECURRENT_INITIALIZERS],
        text="Initial recurrent weights of each gate: uniform within ``1 / sqrt(n)`` "
        "for ``n`` hidden units, a random orthogonal matrix, or the identity.",
    )


@parameters
class ConvolutionParameters:
    """Convolutions before the recurrent layers."""

    conv_filters: Any = parameter(
        default=None,
        allowed=["array-like", COUNT, None],
        kind="int, tuple of int or None",
        text="Number of filters of a convolution over time; a tuple for several "
        "convolutions. None uses no convolution.",
    )
    conv_kernel_size: Any = parameter(
        default=3,
        allowed=[COUNT, tuple, list, ("auto",)],
        kind='int, tuple of int or "auto"',
        text="Number of steps that a filter spans; a tuple for the filters of each "
        'convolution. "auto" is 8, then 5, then 3 for all others, or twice the stride '
        "if that is more.",
    )
    conv_strides: Any = parameter(
        default=1,
        allowed=[COUNT, tuple, list, ("auto",)],
        kind='int, tuple of int or "auto"',
        text="Number of steps of which a convolution makes one; a tuple for each "
        "convolution. More makes long sequences faster to learn, and easier to "
        'remember. "auto" leaves at most 50 steps of the longest training sequence, '
        "or 200 if conv_pool_size is not 1: the first convolution has a stride of "
        "``ceil(n_timesteps / 50)``, but at most conv_kernel_size, and the others of "
        "1. It is 1 if each step needs an output (return_sequences, stateful).",
    )
    conv_dilation: Any = parameter(
        default=1,
        allowed=[COUNT, tuple, list, ("auto",)],
        kind='int, tuple of int or "auto"',
        text="Number of steps from one value that a filter reads to the next; a tuple "
        "for each convolution. With more, as many weights see a longer stretch. "
        '"auto" is 1, 2, 4, ..., but so small that a filter spans about half of the '
        "steps of the longest training sequence at most.",
    )
    conv_padding: str = parameter(
        default="causal",
        allowed=[CONV_PADDINGS],
        text='Which steps a filter sees: the steps up to each step ("causal"), the '
        'steps around it ("same"), or the steps around it without padding ("valid"), '
        "which shortens the sequence.",
    )
    conv_norm: str | None = parameter(
        default=None,
        allowed=[CONV_NORMS, None],
        text='"batch" normalises the output of each filter before its activation: in '
        "training over the steps of all samples of a batch, in predictions by running "
        "means of these figures. Deep stacks of convolutions learn faster with it. "
        'Not with conv_padding="valid".',
    )
    conv_activation: str = parameter(
        default="relu",
        allowed=[_ACTIVATIONS],
        kind="str",
        text="Activation function of the convolutions.",
    )
    conv_pooling: Any = parameter(
        default=None,
        allowed=[CONV_POOLINGS, tuple, list, None],
        kind='{"mean", "max"}, tuple of them or None',
        text="What the output layer reads of the last convolution, beside the states "
        "of the recurrent layers: the mean or the maximum of each filter over all "
        "steps, or both. It shows which shapes occur, wherever they are. None reads "
        "the states alone.",
    )
    conv_pool_size: Any = parameter(
        default=1,
        allowed=[COUNT, ("auto",)],
        kind='int or "auto"',
        text="Number of steps of the last convolution of which the recurrent layers "
        "read one, the maximum of each filter. Unlike conv_strides it leaves all steps "
        'to the convolutions and to conv_pooling. "auto" leaves at most 50 steps of '
        "the longest training sequence, or is 1 if each step needs an output.",
    )


@parameters
class RNNParameters(RecurrentParameters):
    """Layers."""

    _cell: ClassVar[str] = "rnn"
    _texts: ClassVar[dict[str, str]] = {
        "activation": 'Activation function of the hidden state. "tanh" and "relu" are '
        'fastest, but "relu" may diverge on long sequences. The MLPs list the others.'
    }
    _passages: ClassVar[dict[str, str]] = {
        "equations": r"""
        With the row :math:`x_t` and the state :math:`h_t`, each layer computes [1]_:

        .. math:: h_t = \tanh(W_x x_t + b_x + W_h h_{t-1} + b_h)

        Gradients shrink or grow geometrically with the distance in time: prefer a GRU
        or an LSTM if more than some ten steps matter.
        """,
        "cell_reference": """
        .. [1] J. L. Elman, "Finding structure in time", Cognitive Science 14(2), 1990.
           https://doi.org/10.1207/s15516709cog1402_1
        """,
    }


@parameters
class GatedParameters(RecurrentParameters):
    """Gates."""

    recurrent_activation: str = parameter(
        default="logistic",
        allowed=[GATE_ACTIVATIONS],
        text="Activation function of the gates.",
    )
    chrono_steps: int | None = parameter(
        default=None,
        allowed=[Interval(Integral, 3, None, closed="left"), None],
        text="Initialise the gates so that they remember for up to this many steps, "
        "at least 3. Set it to the distance over which the network has to remember, "
        "if that is long. None uses the usual initial gates.",
    )


@parameters
class GRUParameters(GatedParameters):
    """Cell."""

    _cell: ClassVar[str] = "gru"
    _texts: ClassVar[dict[str, str]] = {
        "activation": 'Activation function of the candidate state. "tanh" is fastest; '
        "the MLPs list the others."
    }
    _passages: ClassVar[dict[str, str]] = {
        "equations": r"""
        With the row :math:`x_t` and the state :math:`h_t`, each layer computes [1]_, if
        reset_after is True:

        .. math::

            r_t &= \sigma(W_{xr} x_t + b_{xr} + W_{hr} h_{t-1} + b_{hr}) \\
            z_t &= \sigma(W_{xz} x_t + b_{xz} + W_{hz} h_{t-1} + b_{hz}) \\
            n_t &= \tanh(W_{xn} x_t + b_{xn} + r_t (W_{hn} h_{t-1} + b_{hn})) \\
            h_t &= (1 - z_t) n_t + z_t h_{t-1}
        """,
        "cell_reference": """
        .. [1] K. Cho et al., "Learning phrase representations using RNN encoder-decoder
           for statistical machine translation", EMNLP, 2014.
           https://doi.org/10.3115/v1/D14-1179
        """,
    }

    reset_after: bool = parameter(
        default=True,
        allowed=["boolean"],
        text="Whether the reset gate is applied after the product with the recurrent "
        "weights, as in the fast layers of torch and Keras, or before it (False), as "
        "in most textbooks.",
    )


@parameters
class LSTMParameters(GatedParameters):
    """Cell."""

    _cell: ClassVar[str] = "lstm"
    _texts: ClassVar[dict[str, str]] = {
        "activation": "Activation function of the candidate and of the cell state. "
        '"tanh" is fastest; the MLPs list the others.'
    }
    _passages: ClassVar[dict[str, str]] = {
        "equations": r"""
        With the row :math:`x_t`, the state :math:`h_t` and the cell :math:`c_t`, each
        layer computes [1]_:

        .. math::

            i_t &= \sigma(W_{xi} x_t + b_{xi} + W_{hi} h_{t-1} + b_{hi}) \\
            f_t &= \sigma(W_{xf} x_t + b_{xf} + W_{hf} h_{t-1} + b_{hf}) \\
            g_t &= \tanh(W_{xg} x_t + b_{xg} + W_{hg} h_{t-1} + b_{hg}) \\
            o_t &= \sigma(W_{xo} x_t + b_{xo} + W_{ho} h_{t-1} + b_{ho}) \\
            c_t &= f_t c_{t-1} + i_t g_t, \qquad h_t = o_t \tanh(c_t)
        """,
        "cell_reference": """
        .. [1] S. Hochreiter and J. Schmidhuber, "Long short-term memory", Neural
           Computation 9(8), 1997. https://doi.org/10.1162/neco.1997.9.8.1735
        """,
    }

    peephole: bool = parameter(
        default=False,
        allowed=["boolean"],
        text="Let the gates read the cell state: each unit reads its own.",
    )
    projection_size: int | None = parameter(
        default=None,
        allowed=[COUNT, None],
        text="Project the hidden state of each layer to this many values, fewer than "
        "it has units. None projects nothing.",
    )
    unit_forget_bias: bool = parameter(
        default=False,
        allowed=["boolean"],
        text="Start with a bias of 1 at the forget gate, so that the cell remembers "
        "from the start.",
    )


@parameters
class PrecisionParameters:
    """Computing."""

    dtype: Any = parameter(
        default="float32",
        allowed=[StrOptions({"float32", "float64"}), Options(type, _FLOATS)],
        kind='{"float32", "float64"}',
        text="Precision of data, weights and predictions.",
    )


@parameters
class SequenceParameters(ConvolutionParameters, PrecisionParameters):
    """Sequences."""

    _attributes: ClassVar[dict[str, str]] = {
        "n_features_in_ : int": "Number of features of a time step; for a 2-D X the "
        "number of columns, as in scikit-learn.",
        "feature_names_in_ : ndarray of shape (n_features_in_,)": "Names of the "
        "columns, if X was one or several DataFrames with string columns.",
        "n_timesteps_in_ : int or None": "Number of time steps of a window; None if it "
        "varied.",
        "n_tokens_ : int or None": "Number of token ids, padding included, with "
        "embedding_dim.",
    }

    normalize: str | None = parameter(
        default=None,
        allowed=[("standard", "changes", "robust"), None],
        text='How the network brings its inputs near 1. "standard" takes each feature '
        "less its mean, divided by its standard deviation, over all steps of the "
        "training sequences; the targets of a regressor are learnt likewise (except "
        'with loss="poisson"), so losses are in units of their standard deviation. '
        'Predictions are in the units of y. "changes" does the same and reads each '
        "feature twice: its change from the step before, divided by the root mean "
        "square of the changes in the training sequences (0 at the first step), and "
        "its standardised level, clipped to the range that the training sequences "
        'have. "robust" standardises as well, but squashes each feature with heavy '
        "tails first, such as counts of rare events: if its kurtosis over those steps "
        "is above 50, it is read as ``asinh((x - median) / d)``, with d the median of "
        "the distances ``|x - median|`` that are not zero. ``partial_fit`` and "
        "``warm_start`` keep the figures of the first call. None reads X and y as they "
        "are. Token ids are never normalised.",
    )
    embedding_dim: int | None = parameter(
        default=None,
        allowed=[COUNT, None],
        text="Length of the vector that is learnt for each token. Set it if X holds "
        "token ids, as :class:`~skrnn.TextSequencer` makes them: one integer for each "
        "step, 0 for padding. None reads X as measurements.",
    )
    return_sequences: bool = parameter(
        default=False,
        allowed=["boolean"],
        text="Learn and predict a target at every step instead of one for each "
        "sequence. y then has as many steps as X, and every step counts as a sample in "
        'the loss and the scores. Needs pooling="last".',
    )
    stateful: bool = parameter(
        default=False,
        allowed=["boolean"],
        text="Treat the samples, in their order, as consecutive pieces of one long "
        "series: the state at the end of one is the start of the next. In training, "
        "``batch_size`` stretches of the series run side by side (with "
        '"auto" at most a tenth of the samples), and every epoch starts again from '
        "the beginning. Needs ``shuffle=False``; early_stopping holds out the last "
        "samples.",
    )

"""The forecasters: RNN, GRU, LSTM and MLP."""

from ..arguments import parameters
from ..estimators import GRUParameters, LSTMParameters, RNNParameters
from ._base import NetworkForecaster
from ._forecaster_parameters import (
    MLPForecasterParameters,
    RecurrentForecasterParameters,
)


@parameters
class RNNForecaster(RecurrentForecasterParameters, RNNParameters, NetworkForecaster):
    """Plain (Elman) recurrent network that forecasts time series.

    {strategy}

    {parameters}

    {attributes}

    {raises}

    See Also
    --------
    GRUForecaster : With gates.
    LSTMForecaster : With gates and a separate cell state.
    MLPForecaster : Reads the window at once; faster, and often as good.
    TimeSeriesRegressor : For ``make_reduction`` of sktime.

    Notes
    -----
    {equations}

    {decoder}

    {axes}

    References
    ----------
    {cell_reference}
    {decoder_reference}

    {example}
    """


@parameters
class GRUForecaster(RecurrentForecasterParameters, GRUParameters, NetworkForecaster):
    """Gated recurrent unit network that forecasts time series.

    {strategy}

    {parameters}

    {attributes}

    {raises}

    See Also
    --------
    RNNForecaster : Without gates.
    LSTMForecaster : With gates and a separate cell state.
    MLPForecaster : Reads the window at once; faster, and often as good.
    TimeSeriesRegressor : For ``make_reduction`` of sktime.

    Notes
    -----
    {equations}

    {decoder}

    {axes}

    References
    ----------
    {cell_reference}
    {decoder_reference}

    {example}
    """


@parameters
class LSTMForecaster(RecurrentForecasterParameters, LSTMParameters, NetworkForecaster):
    """Long short-term memory network that forecasts time series.

    {strategy}

    {parameters}

    {attributes}

    {raises}

    See Also
    --------
    RNNForecaster : Without gates.
    GRUForecaster : With gates, without a cell state.
    MLPForecaster : Reads the window at once; faster, and often as good.
    TimeSeriesRegressor : For ``make_reduction`` of sktime.

    Notes
    -----
    {equations}

    {decoder}

    {axes}

    References
    ----------
    {cell_reference}
    {decoder_reference}

    {example}
    """


@parameters
class MLPForecaster(MLPForecasterParameters, NetworkForecaster):
    """Multi-layer perceptron that forecasts time series.

    {strategy}

    {parameters}

    {attributes}

    {raises}

    See Also
    --------
    GRUForecaster : Reads the window row by row.
    LSTMForecaster : With gates and a separate cell state.
    TimeSeriesRegressor : For ``make_reduction`` of sktime.

    Notes
    -----
    The normalised rows of the window, the oldest first, are the input of the first
    layer; rows that do not exist are zero. With hidden_layer_sizes=() it is a linear
    network, with normalize="window" much like the NLinear of [1]_.

    {axes}

    References
    ----------
    .. [1] A. Zeng et al., "Are transformers effective for time series forecasting?",
       AAAI, 2023. https://arxiv.org/abs/2205.13504
    .. [2] R. Wen et al., "A multi-horizon quantile recurrent forecaster", 2017.
       https://arxiv.org/abs/1711.11053

    {example}
    """

"""MLPForecaster."""

from ..arguments import parameters
from ._base import NetworkForecaster
from ._forecaster_parameters import MLPForecasterParameters


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

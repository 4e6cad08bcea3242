"""GRUForecaster."""

from ..arguments import parameters
from ..estimators import GRUParameters
from ._base import NetworkForecaster
from ._forecaster_parameters import RecurrentForecasterParameters


@parameters
class GRUForecaster(RecurrentForecasterParameters, GRUParameters, NetworkForecaster):
    r"""Gated recurrent unit network that forecasts time series.

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
    With the normalised row :math:`x_t` and the state :math:`h_t`, each layer computes
    [1]_, if reset_after is True:

    {equations}

    Each step of the horizon is a linear function of that state. Columns of X whose
    future is known enter at their own step, linearly and together with a context from
    the state [2]_.

    {axes}

    References
    ----------
    {cell_reference}
    .. [2] R. Wen et al., "A multi-horizon quantile recurrent forecaster", 2017.
       https://arxiv.org/abs/1711.11053

    Examples
    --------
    >>> from sktime.datasets import load_airline
    >>> from skrnn.sktime import GRUForecaster
    >>> y = load_airline()
    >>> forecaster = GRUForecaster(12, random_state=0)
    >>> forecast = forecaster.fit(y[:-12], fh=range(1, 13)).predict()
    >>> bool(abs(forecast / y[-12:] - 1).mean() < 0.15)
    True
    """

"""The parameters of forecasters; the estimators declare the others."""

from __future__ import annotations

from typing import Any, ClassVar

from sklearn.utils._param_validation import StrOptions

from ..arguments import parameter, parameters, revised
from ..estimators import (
    COUNT,
    SHARE,
    ConvolutionParameters,
    LayerParameters,
    PrecisionParameters,
    TrainingParameters,
)
from ._plan import LOSSES


@parameters
class ForecasterParameters(TrainingParameters, PrecisionParameters):
    """Forecasting."""

    _attributes: ClassVar[dict[str, str]] = {
        "horizon_ : int": "Number of steps that are decoded at once.",
        "loss_curve_ : list of float": "Training loss of each epoch of the last "
        "training; empty if there was none.",
        "validation_scores_ : list of float, or None": "Minus the loss of the held-out "
        "windows after each epoch, if there were any.",
        "n_iter_ : int": "Number of epochs of the last training.",
        "device_ : torch.device": "The device that holds the network.",
        "net_ : skorch.NeuralNet": "The trained net; ``net_.module_`` is the PyTorch "
        "module.",
        "pretrained_model_ : object": "The model that ``pretrain`` learnt; every "
        "later ``fit`` starts from it.",
    }
    _texts: ClassVar[dict[str, str]] = {
        "batch_size": 'Number of windows in a batch. "auto" is a twentieth of the '
        "windows, but from 16 to 256.",
        "random_state": "Source of the initial weights, the order of windows, the "
        "dropout masks and the sampled paths. The same integer gives the same bits on "
        "a CPU.",
        "tol": "Training stops when the loss (with early_stopping that of the held-out "
        "windows) has not improved by tol for more than n_iter_no_change epochs in a "
        "row.",
    }
    _passages: ClassVar[dict[str, str]] = {
        "strategy": """
        Learns to forecast the ``horizon`` rows after each window of ``window_length``
        rows. All steps are decoded at once from what the network has read, so that the
        first step uses the newest row as much as the last step does. One network serves
        a single series, all columns of a multivariate one, or all series of a panel or
        hierarchy.
        """,
        "raises": """
        Raises
        ------
        ValueError
            In ``fit`` and ``update``, if a parameter is out of its range, no series is
            long enough, y or X hold NaN, or training diverges; with
            loss="negative_binomial", also if y holds other values than whole numbers of
            0 or more. In ``predict``, if X lacks rows that are needed.

        Warns
        -----
        sklearn.exceptions.ConvergenceWarning
            If max_iter ends training.
        UserWarning
            If ``update`` goes back in time and therefore forgets rows.
        """,
        "axes": """
        Axis order is (sample, time, feature). Windows never cross series, and each
        series is forecast, and stamped, from its own last row. Memory grows with the
        number of rows, not with rows times window length.
        """,
        "decoder": """
        Rows are normalised first (see ``normalize``). Each step of the horizon is a
        linear function of the state after the last row. Columns of X whose future is
        known enter at their own step, linearly and together with a context from the
        state [2]_.
        """,
        "decoder_reference": """
        .. [2] R. Wen et al., "A multi-horizon quantile recurrent forecaster", 2017.
           https://arxiv.org/abs/1711.11053
        """,
        "example": """
        Examples
        --------
        >>> from sktime.datasets import load_airline
        >>> from skrnn.sktime import {name}
        >>> y = load_airline()
        >>> forecaster = {name}(12, random_state=0)
        >>> forecast = forecaster.fit(y[:-12], fh=range(1, 13)).predict()
        >>> bool(abs(forecast / y[-12:] - 1).mean() < 0.15)
        True
        """,
    }

    window_length: int = parameter(
        default=24,
        allowed=[COUNT],
        kw_only=False,
        text="Number of rows that the network looks back over. One or two seasons are "
        "a good start. Training time is proportional to it. Series may be shorter.",
    )
    horizon: int | str = parameter(
        default="auto",
        allowed=[StrOptions({"auto"}), COUNT],
        kind='int or "auto"',
        kw_only=False,
        text="Number of steps that are decoded at once. Forecasts further ahead are "
        "rolled forward, each block continuing from the one before. 1 is the "
        "recursive strategy; the last step of fh, or more, is the direct strategy. "
        '"auto" is the last step of the ``fh`` given to ``fit`` (at most half of the '
        "longest series), and 1 without it; after ``pretrain`` it is that of the "
        "pretrained network.",
    )
    hidden_layer_sizes: Any = revised(
        LayerParameters, "hidden_layer_sizes", default=(32,), kw_only=True
    )
    normalize: str | None = parameter(
        default="window",
        allowed=[("window", "series"), None],
        text='How series are brought to a common level and size. "window" shifts each '
        "window so that its last value is 0 and divides by its deviation, so that "
        'trends may continue beyond the levels seen in training. "series" uses the '
        "mean and deviation of each series, for series that return to a level. None "
        'changes nothing. Counts (loss="negative_binomial") are divided by a mean and '
        "not centred, unless None. Columns of X are always scaled; a column that is "
        "constant in training is ignored, with a warning.",
    )
    step_length: int = parameter(
        default=1,
        allowed=[COUNT],
        text="Number of rows from one training window to the next; more is faster and "
        "learns less. Windows are counted back from the end of each series, so that "
        "``predict`` begins where a window would. Choose a step that has no factor in "
        "common with the season (23, not 24, for hourly rows): otherwise the network "
        "sees only some times of the day and is worse at others; a warning reports "
        "this.",
    )
    past_columns: Any = parameter(
        default=None,
        allowed=["array-like", None],
        kind="list of str",
        text="Columns of X whose future is not known when forecasting. ``predict`` "
        "does not need them. If forecasts are rolled forward over steps for which "
        "they are unknown, they count as average there.",
    )
    loss: str = parameter(
        default="absolute_error",
        allowed=[tuple(LOSSES)],
        kind="str",
        text='"absolute_error" forecasts the median, "squared_error" the mean, '
        '"huber" something in between; prediction intervals then come from the errors '
        'on held-out rows (split-conformal). "normal", "student_t" and '
        '"negative_binomial" (for whole numbers of 0 or more) learn the distribution '
        'of each value, and "quantile" learns its quantiles. The median is then the '
        "forecast, and intervals are recalibrated on held-out rows.",
    )
    quantiles: Any = parameter(
        default=(0.05, 0.25, 0.5, 0.75, 0.95),
        allowed=["array-like"],
        kind="sequence of float",
        text='Levels that loss="quantile" learns: three or more, as many below 0.5 as '
        "above, and 0.5 itself. Others are interpolated as in a normal distribution.",
    )
    n_samples: int = parameter(
        default=200,
        allowed=[COUNT],
        text="Number of paths that are drawn if forecasts with a distribution are "
        "rolled forward, and by ``predict_proba``.",
    )
    fine_tune: bool = parameter(
        default=True,
        allowed=["boolean"],
        text="Whether ``fit`` after ``pretrain`` continues training. False forecasts "
        "the new series with the unchanged pretrained network. ``set_params`` forgets "
        "the pretrained network.",
    )
    learning_rate_init: float = revised(
        TrainingParameters, "learning_rate_init", default=0.005
    )
    max_grad_norm: float | None = revised(
        TrainingParameters, "max_grad_norm", default=1.0
    )
    early_stopping: bool = revised(
        TrainingParameters,
        "early_stopping",
        default=True,
        text="Stop when the loss of the held-out windows no longer improves, and keep "
        "the weights of the best epoch. If no series is long enough to hold out "
        "windows, the training loss decides.",
    )
    validation_fraction: float = revised(
        TrainingParameters,
        "validation_fraction",
        default=0.1,
        allowed=[SHARE],
        text="Fraction of the windows of each series, its last ones, that is held out "
        "for early_stopping and for intervals, in [0, 1). No held-out row is a target "
        "in training. 0 holds nothing out: the training loss decides when to stop, "
        "and intervals are too narrow, because training errors are too small.",
    )
    n_iter_no_change: float = revised(
        TrainingParameters, "n_iter_no_change", default=20
    )


@parameters
class RecurrentForecasterParameters(ForecasterParameters, ConvolutionParameters):
    """Forecasting."""


@parameters
class MLPForecasterParameters(ForecasterParameters, LayerParameters):
    """Forecasting."""

    _cell: ClassVar[str] = "mlp"

    activation: str = revised(LayerParameters, "activation", default="relu")

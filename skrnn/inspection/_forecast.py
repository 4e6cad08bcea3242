"""A forecast, the history before it, and the truth."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import signature
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.utils import check_scalar

from ._display import axes_or_new, check_matplotlib, styled
from ._forecast_data import (
    check_same_times,
    naive_forecast,
    one_fan,
    one_series,
    times_of,
)


class ForecastDisplay:
    """History, forecast, intervals, a naive forecast, and the truth if it is known.

    Use :meth:`from_estimator` or :meth:`from_predictions` to create one: they choose
    one series and compute the naive forecast. All parameters are kept as attributes.

    Parameters
    ----------
    y_history : Series of shape (n_rows,)
    y_pred : Series of shape (n_steps,)
    y_true : Series, default=None
    intervals : DataFrame of shape (n_steps, 2 * n_coverages), default=None
        Prediction intervals, with columns (coverage, "lower" or "upper").
    y_naive : Series, default=None
        A simple forecast to compare with.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    history_line_, forecast_line_ : matplotlib Line2D
    true_line_, naive_line_ : matplotlib Line2D or None
    bands_ : dict of float to matplotlib PolyCollection
        The band of each coverage, the widest first.

    See Also
    --------
    LossCurveDisplay : How a forecaster was trained.

    Examples
    --------
    >>> import pandas as pd
    >>> from skrnn.inspection import ForecastDisplay
    >>> y = pd.Series([1.0, 2.0, 3.0])
    >>> forecast = pd.Series([4.0, 5.0], index=[3, 4])
    >>> display = ForecastDisplay.from_predictions(y, forecast)
    >>> print(display.forecast_line_.get_ydata(), display.y_naive.tolist())
    [4. 5.] [3.0, 3.0]
    """

    def __init__(
        self,
        y_history: pd.Series,
        y_pred: pd.Series,
        *,
        y_true: pd.Series | None = None,
        intervals: pd.DataFrame | None = None,
        y_naive: pd.Series | None = None,
    ) -> None:
        self.y_history = y_history
        self.y_pred = y_pred
        self.y_true = y_true
        self.intervals = intervals
        self.y_naive = y_naive

    def plot(
        self,
        ax: Any = None,
        *,
        n_history: int | None = None,
        history_kw: dict[str, Any] | None = None,
        forecast_kw: dict[str, Any] | None = None,
        true_kw: dict[str, Any] | None = None,
        naive_kw: dict[str, Any] | None = None,
        interval_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Draw the series.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.
        n_history : int, default=None
            Number of rows to draw from the end of the history; None draws all.
        history_kw, forecast_kw, true_kw, naive_kw : dict, default=None
            Keywords for matplotlib's ``plot`` of each line.
        interval_kw : dict, default=None
            Keywords for matplotlib's ``fill_between`` of each interval.
        """
        check_matplotlib(f"{type(self).__name__}.plot")
        n_all = len(self.y_history)
        if n_history is None:
            n_history = n_all
        check_scalar(n_history, "n_history", (int, np.integer), min_val=1)
        history = self.y_history.iloc[max(0, n_all - n_history) :]
        ax = axes_or_new(ax)
        self.history_line_ = _line(
            ax, history, history_kw, color="black", linewidth=1, label="history"
        )
        self.true_line_ = _line(
            ax, self.y_true, true_kw, color="black", linestyle="--", label="truth"
        )
        self.naive_line_ = _line(
            ax, self.y_naive, naive_kw, color="gray", linestyle=":", label="naive"
        )
        self.forecast_line_ = _line(
            ax, self.y_pred, forecast_kw, color="C0", label="forecast"
        )
        self._plot_bands(ax, interval_kw)
        ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _plot_bands(self, ax: Any, given: dict[str, Any] | None) -> None:
        self.bands_ = {}
        if self.intervals is None:
            return
        times = times_of(self.intervals.index)
        # the band of a single step has no width
        edge = {"linewidth": 6 if len(times) == 1 else 0}
        color = self.forecast_line_.get_color()
        coverages = list(self.intervals.columns.unique(0))
        shades = np.linspace(0.15, 0.4, len(coverages))
        for coverage, shade in zip(coverages, shades, strict=True):
            bounds = self.intervals[coverage]
            label = f"{coverage:.0%} interval"
            style = styled(given, "band", color=color, alpha=shade, label=label, **edge)
            self.bands_[float(coverage)] = ax.fill_between(
                times, bounds["lower"], bounds["upper"], **style
            )

    @classmethod
    def from_estimator(
        cls,
        forecaster: Any,
        y: Any = None,
        fh: Any = None,
        X: Any = None,
        *,
        coverage: float | Sequence[float] | None = (0.5, 0.9),
        y_true: Any = None,
        season_length: int | None = 1,
        instance: Any = None,
        variable: Any = None,
        ax: Any = None,
        **plot_options: Any,
    ) -> Self:
        """Draw what a fitted forecaster forecasts.

        Parameters
        ----------
        forecaster : forecaster instance
            One of :mod:`skrnn.sktime`, or any other with sktime's ``predict`` and
            ``predict_interval``.
        y : Series or DataFrame, default=None
            The history; None takes what the forecaster remembers from ``fit``.
        fh : int, list of int, array, ForecastingHorizon, default=None
            Steps to forecast; None takes those given to ``fit``.
        X : DataFrame, default=None
            Covariates of the steps to forecast, as in ``predict``.
        coverage : float or sequence of float, default=(0.5, 0.9)
            Coverage of the intervals, if the forecaster has them; None draws no
            intervals.
        y_true, season_length, instance, variable
            See :meth:`from_predictions`.
        ax, **plot_options
            See :meth:`plot`.

        Raises
        ------
        ValueError
            If ``y`` is None and the forecaster does not remember the series; also as in
            :meth:`from_predictions`.
        """
        check_matplotlib(f"{cls.__name__}.from_estimator")
        if "fh" not in signature(forecaster.predict).parameters:
            raise TypeError(
                f"{type(forecaster).__name__} forecasts no horizon fh, unlike the "
                "forecasters of skrnn.sktime; pass its predictions, with their times, "
                "to ForecastDisplay.from_predictions"
            )
        y_pred = forecaster.predict(fh=fh, X=X)
        intervals = None
        if coverage is not None and _has_intervals(forecaster):
            asked = [float(c) for c in np.atleast_1d(np.asarray(coverage))]
            if asked:
                intervals = forecaster.predict_interval(fh=fh, X=X, coverage=asked)
        return cls.from_predictions(
            _remembered(forecaster) if y is None else y,
            y_pred,
            y_true=y_true,
            intervals=intervals,
            season_length=season_length,
            instance=instance,
            variable=variable,
            ax=ax,
            **plot_options,
        )

    @classmethod
    def from_predictions(
        cls,
        y_history: Any,
        y_pred: Any,
        *,
        y_true: Any = None,
        intervals: Any = None,
        season_length: int | None = 1,
        instance: Any = None,
        variable: Any = None,
        ax: Any = None,
        **plot_options: Any,
    ) -> Self:
        """Draw a given forecast.

        Parameters
        ----------
        y_history, y_pred : Series or DataFrame
            The index holds periods, dates or numbers; for a panel it is an (instance,
            time) MultiIndex.
        y_true : Series or DataFrame, default=None
        intervals : DataFrame, default=None
            The result of ``predict_interval`` or ``predict_quantiles``.
        season_length : int, default=1
            Number of rows in a season, sktime's ``sp``: the naive forecast repeats the
            last season; 1 repeats the last value. None draws no naive forecast.
        instance : label or tuple, default=None
            Which series of a panel to draw.
        variable : label, default=None
            Which of several columns to draw.
        ax, **plot_options
            See :meth:`plot`.

        Raises
        ------
        TypeError
            If the data are neither a Series nor a DataFrame.
        ValueError
            If there are several series and none is chosen, or the kinds of times
            differ.
        """
        check_matplotlib(f"{cls.__name__}.from_predictions")
        given = {"y_history": y_history, "y_pred": y_pred, "y_true": y_true}
        series = {
            name: one_series(data, name, instance, variable)
            for name, data in given.items()
            if data is not None
        }
        fan = None if intervals is None else one_fan(intervals, instance, variable)
        check_same_times({**series, **({} if fan is None else {"intervals": fan})})
        naive = None
        if season_length is not None:
            check_scalar(season_length, "season_length", (int, np.integer), min_val=1)
            index = series["y_pred"].index
            naive = naive_forecast(series["y_history"], index, int(season_length))
        display = cls(**series, intervals=fan, y_naive=naive)
        return display.plot(ax, **plot_options)


def _line(ax: Any, series: pd.Series | None, given: Any, **defaults: Any) -> Any:
    if series is None:
        return None
    if len(series) == 1:  # a line needs two points
        defaults["marker"] = "o"
    style = styled(given, "line", **defaults)
    return ax.plot(times_of(series.index), series.to_numpy(), **style)[0]


def _has_intervals(forecaster: Any) -> bool:
    if not hasattr(forecaster, "predict_interval"):
        return False
    if not hasattr(forecaster, "get_tag"):
        return True
    return bool(forecaster.get_tag("capability:pred_int", True, raise_error=False))


def _remembered(forecaster: Any) -> Any:
    """The series of ``fit`` and ``update``, as sktime or our forecasters keep it."""
    y = getattr(forecaster, "_y", None)
    if y is None:
        y = getattr(getattr(forecaster, "_history", None), "y_frame", None)
    if y is None:
        raise ValueError(
            f"{type(forecaster).__name__} does not remember the series it was fitted "
            "to; pass it as y"
        )
    return y

"""Forecast airline passengers with intervals, in sktime's own workflows.

Four things, each a few lines of sktime with a network from skrnn in them:

1. ``ForecastingGridSearchCV`` chooses the window of a multi-layer perceptron on the
   years up to 1958.
2. ``evaluate`` with an expanding window forecasts six months ahead from each month from
   1959 on. The networks are trained once, on 1949 to 1958, and only shown what has
   come; ETS and Theta, which can do nothing with new rows otherwise, are fitted anew
   each month. The LSTM knows month and year.
3. A fan of prediction intervals for 1959 and 1960, made at the end of 1958.
4. One network for a panel: five quarterly series of the US economy at once.

    python examples/forecast_airline.py

prints the tables and writes ``output/forecast_airline.png``.
"""

from __future__ import annotations

import logging
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.preprocessing import FunctionTransformer
from sktime.datasets import load_airline, load_uschange
from sktime.forecasting.compose import TransformedTargetForecaster
from sktime.forecasting.ets import AutoETS
from sktime.forecasting.model_evaluation import evaluate
from sktime.forecasting.model_selection import ForecastingGridSearchCV
from sktime.forecasting.naive import NaiveForecaster
from sktime.forecasting.theta import ThetaForecaster
from sktime.performance_metrics.forecasting import MeanAbsolutePercentageError
from sktime.split import ExpandingWindowSplitter
from sktime.transformations.series.adapt import TabularToSeriesAdaptor

from skrnn.sktime import LSTMForecaster, MLPForecaster

AHEAD = range(1, 7)
N_TRAIN = 120  # months up to 1958-12
SEEDS = [0, 1, 2]
COVERAGES = [0.95, 0.8, 0.5]
PICTURE = Path("output") / "forecast_airline.png"


def in_logarithms(forecaster):
    """Passengers grow by a factor each year, so let the network see logarithms."""
    logarithm = TabularToSeriesAdaptor(FunctionTransformer(np.log, np.exp))
    return TransformedTargetForecaster([("log", logarithm), ("net", forecaster)])


def month_and_year(index: pd.PeriodIndex) -> pd.DataFrame:
    months = {f"month {m}": (index.month == m) * 1.0 for m in range(1, 12)}
    return pd.DataFrame({**months, "year": index.year * 1.0}, index)


def choose_window(y: pd.Series) -> int:
    search = ForecastingGridSearchCV(
        in_logarithms(MLPForecaster(random_state=0)),
        ExpandingWindowSplitter(fh=AHEAD, initial_window=84, step_length=6),
        {"net__window_length": [6, 12, 24]},
        scoring=MeanAbsolutePercentageError(),
    ).fit(y[:N_TRAIN], fh=AHEAD)
    for window_length, score in search.cv_results_[
        ["params", "mean_test_MeanAbsolutePercentageError"]
    ].itertuples(index=False):
        print(f"  {window_length}: {100 * score:.2f} %")
    return search.best_params_["net__window_length"]


def rolling_errors(forecaster, y, X=None, strategy="refit") -> tuple[float, float]:
    """MAPE of the sixth month ahead, and of all six, in percent."""
    results = evaluate(
        forecaster,
        ExpandingWindowSplitter(fh=AHEAD, initial_window=N_TRAIN, step_length=1),
        y,
        X,
        strategy=strategy,
        scoring=MeanAbsolutePercentageError(),
        return_data=True,
        error_score="raise",
    )
    errors = [
        (pred / test - 1).abs().to_numpy()
        for pred, test in zip(results["y_pred"], results["y_test"], strict=True)
    ]
    return 100 * np.mean([e[-1] for e in errors]), 100 * np.mean(errors)


def compare(y: pd.Series, window_length: int) -> None:
    X = month_and_year(y.index)
    lstm = {"window_length": 12, "hidden_layer_sizes": 20, "learning_rate_init": 0.003}
    networks = {
        f"MLP, window {window_length}": (
            lambda seed: MLPForecaster(window_length, random_state=seed),
            None,
        ),
        "LSTM, month and year": (
            lambda seed: LSTMForecaster(**lstm, random_state=seed),
            X,
        ),
    }
    others = {
        "seasonal naive": NaiveForecaster(sp=12),
        "ETS": AutoETS(error="mul", trend="add", seasonal="mul", sp=12),
        "Theta": ThetaForecaster(sp=12),
    }
    print("MAPE from 1959-01 on: 6th month ahead, all six")
    for name, forecaster in others.items():
        print(
            "  {:24s} {:5.2f} % {:5.2f} %".format(name, *rolling_errors(forecaster, y))
        )
    for name, (network, covariates) in networks.items():
        errors = [
            rolling_errors(
                in_logarithms(network(seed)), y, covariates, "no-update_params"
            )
            for seed in SEEDS
        ]
        print("  {:24s} {:5.2f} % {:5.2f} %".format(name, *np.mean(errors, axis=0)))


def fan(axes, y: pd.Series, forecast: pd.Series, intervals: pd.DataFrame) -> None:
    """What was known, what was forecast, and what came."""
    times = forecast.index.to_timestamp()
    for coverage in COVERAGES:
        band = intervals.xs(coverage, level=1, axis=1).to_numpy()
        axes.fill_between(times, band[:, 0], band[:, 1], color="C0", alpha=0.2, lw=0)
    axes.plot(times, forecast, "C0")
    axes.plot(y.index.to_timestamp(), y, "k", lw=1)


def economy() -> pd.DataFrame:
    """Five quarterly series as a panel: an (series, quarter) index."""
    target, others = load_uschange()
    wide = others.drop(columns="Quarter", errors="ignore").assign(Consumption=target)
    wide.index = pd.period_range("1970Q1", periods=len(wide), freq="Q")
    long = wide.stack().swaplevel().sort_index().to_frame("change")
    return long.rename_axis(["series", "quarter"])


def main() -> None:
    y = load_airline().astype(float)
    print("window, chosen on the years to 1958 (MAPE of six months ahead):")
    window_length = choose_window(y)
    compare(y, window_length)

    figure = plt.figure(figsize=(11, 7), layout="constrained")
    top, bottom = figure.subfigures(2, 1)
    axes = top.subplots()
    forecaster = in_logarithms(MLPForecaster(window_length, random_state=0))
    forecaster.fit(y[:N_TRAIN], fh=range(1, 25))
    fan(axes, y, forecaster.predict(), forecaster.predict_interval(coverage=COVERAGES))
    axes.set(title="Airline passengers (thousands), forecast at the end of 1958")

    panel = economy()
    quarters = panel.index.get_level_values("quarter")
    known = panel[quarters < "2013Q1"]
    forecaster = MLPForecaster(8, normalize="series", random_state=0)
    forecaster.fit(known, fh=range(1, 13))
    forecast, intervals = (
        forecaster.predict(),
        forecaster.predict_interval(coverage=COVERAGES),
    )
    names = panel.index.unique("series")
    for axes, name in zip(bottom.subplots(1, len(names)), names, strict=True):
        shown = panel.loc[name, "change"]["2006Q1":]
        fan(axes, shown, forecast.loc[name, "change"], intervals.loc[name])
        axes.set(title=name)
        axes.tick_params(axis="x", rotation=45)
    bottom.suptitle("Five series of the US economy (change in %), one network")
    PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(PICTURE, dpi=150)
    print(f"picture: {PICTURE}")


if __name__ == "__main__":
    logging.captureWarnings(True)  # sktime announces its next release, again and again
    main()

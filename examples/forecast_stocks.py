"""Forecast tomorrow's close of a stock with RNN, GRU and LSTM, tuned by grid search.

Five daily price columns, in dollars, go through ``SlidingWindow -> network``; the
target is the next trading day's close. Networks have their defaults. ``GridSearchCV``
chooses the cell and the window length with ``TimeSeriesSplit`` on the first 80 % of the
days. The last 20 % are looked at once, for the table and the picture.

Daily prices are close to a random walk: tomorrow is today plus noise. Nothing here
beats "tomorrow = today" by a margin that a trader could use, and the table says so. If
held-out days find nothing in the states of a network that helps, its read-out is a
ridge regression, and the three networks forecast alike.

    python examples/forecast_stocks.py

prints the tables and writes ``output/forecast_stocks.png``. With ``--symbol IBM`` the
test prices lie far above all training prices.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error, root_mean_squared_error
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import (
    GRURegressor,
    LSTMRegressor,
    RNNRegressor,
    SlidingWindow,
    load_stocks,
    make_supervised,
)

PRICES = ["Open", "High", "Low", "Close", "Adj Close"]
SINCE = {"MSFT": "2003-02-18", "IBM": "2000-03-01"}  # MSFT split on that day
NETWORKS = {"RNN": RNNRegressor, "GRU": GRURegressor, "LSTM": LSTMRegressor}
WINDOW_LENGTHS = [5, 10, 20]
SEEDS = [0, 1, 2]
LINES = {"Persistence": "C7--", "Ridge": "C1", "RNN": "C2", "GRU": "C3", "LSTM": "C4"}
PICTURE = Path("output") / "forecast_stocks.png"


def network(name: str, seed: int = 0) -> BaseEstimator:
    return NETWORKS[name](random_state=seed)


def search(X: pd.DataFrame, y: pd.Series) -> GridSearchCV:
    """Choose the cell and the window length on days before those of each fold."""
    return GridSearchCV(
        Pipeline([("window", SlidingWindow()), ("net", network("GRU"))]),
        {
            "net": [network(name) for name in NETWORKS],
            "window__window_length": WINDOW_LENGTHS,
        },
        cv=TimeSeriesSplit(n_splits=3),
        scoring="neg_root_mean_squared_error",
        refit=False,
        n_jobs=2,
    ).fit(X, y)


def search_table(searched: GridSearchCV) -> pd.DataFrame:
    """Cross-validated RMSE, a row per cell and a column per window length."""
    results = pd.DataFrame(searched.cv_results_)
    cells = {cls.__name__: name for name, cls in NETWORKS.items()}
    results["cell"] = [cells[type(net).__name__] for net in results["param_net"]]
    results["rmse"] = -results["mean_test_score"]
    results["window_length"] = results["param_window__window_length"]
    table = results.pivot(index="cell", columns="window_length", values="rmse")
    return table.astype(float).loc[list(NETWORKS)]


def fit_all(
    windows: pd.Series,
    best_cell: str,
    X_train: pd.DataFrame,
    y_train: pd.Series,
    X_test: pd.DataFrame,
) -> tuple[dict[str, np.ndarray], dict]:
    """Forecasts of the test days (n_seeds, n_days) by name, and a net of each cell."""
    forecasts = {"Persistence": X_test["Close"].to_numpy()[np.newaxis]}
    ridge = make_pipeline(
        SlidingWindow(windows[best_cell], flatten=True),
        SimpleImputer(),  # the first windows lack history
        StandardScaler(),
        Ridge(alpha=1e-3),
    ).fit(X_train, y_train)
    forecasts["Ridge"] = np.array([ridge.predict(X_test)])
    nets = {}
    for name in NETWORKS:
        models = [
            make_pipeline(SlidingWindow(windows[name]), network(name, seed))
            for seed in SEEDS
        ]
        forecasts[name] = np.array(
            [model.fit(X_train, y_train).predict(X_test) for model in models]
        )
        nets[name] = models[0][-1]
    return forecasts, nets


def errors(y: pd.Series, forecasts: np.ndarray, naive: np.ndarray) -> dict[str, float]:
    """Errors in dollars, the mean over the rows of forecasts, and the skill."""
    rmse = [root_mean_squared_error(y, forecast) for forecast in forecasts]
    mae = [mean_absolute_error(y, forecast) for forecast in forecasts]
    skill = 1 - np.mean(rmse) / root_mean_squared_error(y, naive)
    return {"RMSE ($)": np.mean(rmse), "MAE ($)": np.mean(mae), "skill": skill}


def draw(
    symbol: str,
    y: pd.Series,
    forecasts: dict[str, np.ndarray],
    results: pd.DataFrame,
    nets: dict,
) -> None:
    """The end of the test days with every forecast, the errors, and the training."""
    figure = plt.figure(figsize=(11, 8), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=[3, 2])
    axes = top.subplots()
    days = y.index[-60:]
    axes.plot(days, y[days], "k.-", label="next day's close", linewidth=1)
    for name, values in forecasts.items():
        axes.plot(days, values[0][-60:], LINES[name], label=name, linewidth=1)
    axes.set(
        title=f"{symbol}: last 60 test days, one day ahead (networks: seed {SEEDS[0]})",
        xlabel="day on which the forecast is made",
        ylabel="US dollars",
    )
    axes.legend(ncols=3)
    loss, error = bottom.subplots(1, 2)
    for name, net in nets.items():
        loss.plot(range(1, net.n_iter_ + 1), net.loss_curve_, LINES[name], label=name)
    loss.set(xlabel="epoch", ylabel="training loss", yscale="log")
    loss.set_title("Training: a trial on 85 % of the days, then all days")
    loss.legend()
    colors = [LINES[name][:2] for name in results.index]
    bars = error.bar(results.index, results["RMSE ($)"], color=colors)
    error.bar_label(bars, fmt="%.3f")
    error.set(ylabel="RMSE in dollars", title="All test days")
    error.margins(y=0.15)
    PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(PICTURE, dpi=110)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description="Forecast tomorrow's close.")
    parser.add_argument("--symbol", choices=list(SINCE), default="MSFT")
    symbol = parser.parse_args().symbol
    start = time.perf_counter()
    prices = load_stocks(symbol).frame.loc[SINCE[symbol] :, PRICES]
    X, y = make_supervised(prices, "Close", horizon=1)
    n_train = int(0.8 * len(X))
    X_train, X_test = X.iloc[:n_train], X.iloc[n_train:]
    y_train, y_test = y.iloc[:n_train], y.iloc[n_train:]
    print(
        f"{symbol}, {len(X)} days: {len(X_train)} to learn and tune on, "
        f"{len(X_test)} from {X_test.index[0]:%Y-%m-%d} to test\n"
    )

    searched = search(X_train, y_train)
    table = search_table(searched)
    print("Cross-validated RMSE in dollars, by cell and window length (training days)")
    print(table.round(3).to_string(), "\n")
    best_cell = table.min(axis=1).idxmin()

    windows = table.idxmin(axis=1)
    forecasts, nets = fit_all(windows, best_cell, X_train, y_train, X_test)
    naive = X_test["Close"].to_numpy()
    results = pd.DataFrame(
        {name: errors(y_test, values, naive) for name, values in forecasts.items()}
    ).T
    used = {"Ridge": windows[best_cell], **windows}
    results.insert(0, "window_length", [used.get(name, 1) for name in results.index])
    print(f"Test days; networks are the mean of {len(SEEDS)} seeds")
    print("Persistence: tomorrow = today. Skill: 1 - RMSE / RMSE of persistence")
    print((results.round(3) + 0.0).to_string(), "\n")  # no "-0.000"
    print(
        f"Chosen on the training days: {best_cell}, {windows[best_cell]} days. A skill"
    )
    print("near 0 means: no better than today's price. Daily closes are close to a")
    print("random walk.")
    draw(symbol, y_test, forecasts, results, nets)
    print(f"\n{PICTURE} drawn; {time.perf_counter() - start:.0f} s in all")


if __name__ == "__main__":
    main()

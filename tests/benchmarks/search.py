"""A grid search with our estimators beside the same search over stock skorch nets.

48 candidates (cell, hidden units, learning rate, window length, batch size) x 5 folds
in time, on the prices of `examples/forecast_stocks.py`: five scaled columns of MSFT,
the next day's close. Both sides train the same networks on the same windows for the
same number of epochs; stock skorch has fused Adam. Run

    python tests/benchmarks/search.py

and it prints a Markdown table; `--candidates 6 --folds 2 --epochs 5` is a short one.
The sides, two jobs each:

- "skorch": stock skorch, processes of loky, scikit-learn's default
- "skrnn": our estimators, the same
- "skrnn, threads": our estimators in two threads of one process
- "skrnn, torch": our estimators, forced to run on torch (with --sides)
- "skrnn, one job": without parallel fits (with --sides)

Each search runs in a process of its own, and they take turns. Seconds are those of
`GridSearchCV.fit`, which starts the workers, and each of them imports its libraries;
with --warm, a small search comes first and is not timed. CPU seconds are those of the
process and of its workers.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
import warnings
from typing import Any

import joblib
import numpy as np
import psutil
import torch
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from skorch import NeuralNetRegressor
from torch import nn

from skrnn import GRURegressor, LSTMRegressor, RNNRegressor, load_stocks

PRICES = ["Open", "High", "Low", "Close", "Adj Close"]
SINCE = "2003-02-18"  # MSFT split on that day
LONGEST = 20
CELLS = {"RNN": RNNRegressor, "GRU": GRURegressor, "LSTM": LSTMRegressor}
GRID = {
    "cell": list(CELLS),
    "hidden": [16, 32],
    "rate": [0.001, 0.003],
    "window": [10, LONGEST],
    "batch": [32, 200],
}
SIDES = {  # estimators, backend of joblib, number of jobs
    "skorch": ("skorch", "loky", 2),
    "skrnn": ("skrnn", "loky", 2),
    "skrnn, threads": ("skrnn", "threading", 2),
    "skrnn, torch": ("skrnn", "loky", 2),
    "skrnn, one job": ("skrnn", "loky", 1),
}
Result = dict[str, float]


class LastSteps(TransformerMixin, BaseEstimator):
    """The last steps of each window (sample, time, feature)."""

    def __init__(self, n_steps: int = LONGEST) -> None:
        self.n_steps = n_steps

    def fit(self, X: np.ndarray, y: np.ndarray | None = None) -> LastSteps:
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        return X[:, -self.n_steps :]

    def __sklearn_is_fitted__(self) -> bool:
        return True


class Plain(nn.Module):
    def __init__(self, cell: str = "GRU", hidden: int = 32) -> None:
        super().__init__()
        self.layer = getattr(nn, cell)(len(PRICES), hidden, batch_first=True)
        self.head = nn.Linear(hidden, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.layer(x)[0][:, -1]).squeeze(1)


def stock_windows() -> tuple[np.ndarray, np.ndarray]:
    """Windows of scaled prices (day, time, feature) and the next day's scaled close."""
    prices = load_stocks("MSFT").frame.loc[SINCE:, PRICES]
    prices = prices.iloc[: int(0.8 * len(prices))]  # the example's training days
    rows = StandardScaler().fit_transform(prices).astype("float32")
    view = np.lib.stride_tricks.sliding_window_view(rows[:-1], LONGEST, axis=0)
    close = rows[LONGEST:, PRICES.index("Close")]
    return np.ascontiguousarray(view.swapaxes(1, 2)), close.copy()


def stock_skorch(epochs: int) -> NeuralNetRegressor:
    return NeuralNetRegressor(
        Plain,
        optimizer=torch.optim.Adam,
        optimizer__fused=True,
        max_epochs=epochs,
        train_split=None,
        iterator_train__shuffle=True,
        verbose=0,
    )


def skorch_candidate(net: Any, cell: str, hidden: int, rate: float) -> dict[str, Any]:
    return {"net__module__cell": [cell], "net__module__hidden": [hidden]} | {
        "net__lr": [rate]
    }


def skrnn_candidate(net: Any, cell: str, hidden: int, rate: float) -> dict[str, Any]:
    return {"net": [net[cell]], "net__hidden_layer_sizes": [(hidden,)]} | {
        "net__learning_rate_init": [rate]
    }


def estimators(epochs: int) -> dict[str, Any]:
    options = {"alpha": 0.0, "max_iter": epochs, "tol": 0.0, "random_state": 0}
    options["n_iter_no_change"] = np.inf
    options |= {"learning_rate": "constant", "max_grad_norm": None}  # as stock skorch
    return {cell: estimator(**options) for cell, estimator in CELLS.items()}


def make_search(kind: str, jobs: int, options: argparse.Namespace) -> GridSearchCV:
    """The search of a fraction of the candidates, evenly taken from the grid."""
    nets = estimators(options.epochs)
    is_stock = kind == "skorch"
    net = stock_skorch(options.epochs) if is_stock else nets["GRU"]
    candidate = skorch_candidate if is_stock else skrnn_candidate
    points = list(itertools.product(*GRID.values()))
    chosen = np.linspace(0, len(points) - 1, options.candidates).round().astype(int)
    grid = []
    for cell, hidden, rate, window, batch in (points[i] for i in chosen):
        point = candidate(nets, cell, hidden, rate)
        point |= {"window__n_steps": [window], "net__batch_size": [batch]}
        grid.append(point)
    return GridSearchCV(
        Pipeline([("window", LastSteps()), ("net", net)]),
        grid,
        cv=TimeSeriesSplit(options.folds),
        scoring="neg_root_mean_squared_error",
        refit=False,
        n_jobs=jobs,
        error_score="raise",
    )


def cpu_seconds() -> float:
    """Of this process and of its workers."""
    process = psutil.Process()
    usages = [p.cpu_times() for p in (process, *process.children(recursive=True))]
    return sum(usage.user + usage.system for usage in usages)


def measure(side: str, options: argparse.Namespace) -> Result:
    """One search in this process."""
    kind, backend, jobs = SIDES[side]
    warnings.simplefilter("ignore")
    X, y = stock_windows()
    search = make_search(kind, jobs, options)
    with joblib.parallel_config(backend=backend):
        if options.warm:
            few = argparse.Namespace(candidates=4, folds=2, epochs=1)
            make_search(kind, jobs, few).fit(X[:200], y[:200])
        before, start = cpu_seconds(), time.perf_counter()
        search.fit(X, y)
        wall = time.perf_counter() - start
        cpu = cpu_seconds() - before
    error = -search.cv_results_["mean_test_score"]
    return {
        "wall": wall,
        "cpu": cpu,
        "median_error": float(np.median(error)),
        "best_error": float(error.min()),
    }


def search_in_process(side: str, arguments: list[str]) -> Result:
    environment = {k: v for k, v in os.environ.items() if k != "SKRNN_ENGINE"}
    environment |= {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    if side == "skrnn, torch":
        environment["SKRNN_ENGINE"] = "torch"
    done = subprocess.run(
        [sys.executable, __file__, "--measure", side, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        check=True,
    )
    result = json.loads(done.stdout.splitlines()[-1])
    print(json.dumps({"side": side, **result}), file=sys.stderr, flush=True)
    return result


def print_table(turns: list[dict[str, Result]]) -> None:
    first = next(iter(turns[0]))
    print(
        f"| search | wall (s) | CPU (s) | {first} / it, wall | {first} / it, CPU | "
        "RMSE, median | RMSE, best |\n|---|---|---|---|---|---|---|"
    )
    for side in turns[0]:
        row = [side]
        for clock in ("wall", "cpu"):
            row.append(f"{statistics.median(turn[side][clock] for turn in turns):.1f}")
        for clock in ("wall", "cpu"):
            ratios = [turn[first][clock] / turn[side][clock] for turn in turns]
            row.append(f"{statistics.median(ratios):.2f}")
        for error in ("median_error", "best_error"):
            row.append(f"{statistics.median(turn[side][error] for turn in turns):.4f}")
        print("| " + " | ".join(row) + " |")


def parse() -> argparse.Namespace:
    n_points = len(list(itertools.product(*GRID.values())))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=list(SIDES)[:3])
    parser.add_argument("--candidates", type=int, default=n_points)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--warm", action="store_true", help="workers have imported")
    parser.add_argument("--measure", choices=SIDES, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    options = parse()
    if options.measure:
        print(json.dumps(measure(options.measure, options)))
        return
    arguments = [
        f"--{name}={getattr(options, name)}" for name in ("candidates", "folds")
    ]
    arguments += [f"--epochs={options.epochs}", *["--warm"] * options.warm]
    turns = []
    for number in range(options.repeats):
        order = options.sides[:: -1 if number % 2 else 1]
        found = {side: search_in_process(side, arguments) for side in order}
        turns.append({side: found[side] for side in options.sides})
    print(
        f"{options.candidates} candidates x {options.folds} folds, {options.epochs} "
        f"epochs, {os.cpu_count()} cores; medians of {options.repeats} turns\n"
    )
    print_table(turns)


if __name__ == "__main__":
    main()

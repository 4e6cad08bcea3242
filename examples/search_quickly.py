"""Search 24 recurrent networks for the stock example, with the engine and without.

The same search runs twice, each time in a process of its own: by the compiled engine
and by torch alone (SKRNN_ENGINE). Both find the same scores up to rounding. Prints the
seconds of each and the best candidate, and leaves output/search_quickly.png.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline

from skrnn import GRURegressor, SlidingWindow, make_supervised
from skrnn.datasets import load_stocks

GRID = {
    "slidingwindow__window_length": [5, 10, 20],
    "gruregressor__hidden_layer_sizes": [8, 16],
    "gruregressor__learning_rate_init": [0.002, 0.005, 0.01, 0.02],
}
OUTPUT = Path(__file__).resolve().parents[1] / "output"


def search() -> dict:
    """Seconds of the search, and the mean score of each candidate."""
    close = load_stocks("IBM").data["Close"].to_numpy()[-1500:]
    returns = 100 * np.diff(np.log(close))[:, None].astype("float32")
    volatility = np.log(np.abs(returns[:, 0]) + 0.1)  # tomorrow's, from the days before
    X, y = make_supervised(returns, volatility)
    model = make_pipeline(
        SlidingWindow(10),
        GRURegressor(batch_size=100, max_iter=10, readout=None, random_state=0),
    )
    start = time.perf_counter()
    found = GridSearchCV(model, GRID, cv=TimeSeriesSplit(3)).fit(X, y)
    seconds = time.perf_counter() - start
    scores = found.cv_results_["mean_test_score"].tolist()
    fitted = found.best_estimator_[-1]
    return {
        "kernel": fitted.net_.kernel_,
        "seconds": seconds,
        "scores": scores,
        "best": found.best_params_,
    }


def in_a_process(engine: str) -> dict:
    """The search with one kind of code."""
    environment = {**os.environ, "SKRNN_ENGINE": engine, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, __file__, "--search"]
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    results = {"torch": in_a_process("torch"), "engine": in_a_process("")}
    for name, result in results.items():
        print(f"{name}: {result['seconds']:.1f} s ({result['kernel']})")
    ratio = results["torch"]["seconds"] / results["engine"]["seconds"]
    difference = np.subtract(*(result["scores"] for result in results.values()))
    print(f"{ratio:.1f} times as fast; scores differ by {abs(difference).max():.1e}")
    print("best:", results["engine"]["best"])
    figure, axes = plt.subplots(figsize=(6, 2.2), layout="constrained")
    seconds = [result["seconds"] for result in results.values()]
    bars = axes.barh(list(results), seconds, color=["tab:gray", "tab:blue"])
    axes.bar_label(bars, fmt="%.1f s", padding=3)
    axes.set_xlabel("seconds for 24 candidates, three folds each, on one core")
    axes.margins(x=0.12)
    OUTPUT.mkdir(exist_ok=True)
    figure.savefig(OUTPUT / "search_quickly.png", dpi=120)


if __name__ == "__main__":
    if "--search" in sys.argv:
        print(json.dumps(search()))
    else:
        main()

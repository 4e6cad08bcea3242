"""What a fit, a search and a prediction cost besides the arithmetic of the network.

Milliseconds of the processor, medians: of a fit (1000 windows of 10 x 5, LSTM of 8
units, batches of 32) outside the epochs of training; of a search over three networks;
of predictions for one window; and, in fresh processes, of the first fit and of imports.
Validation after each epoch counts as outside.

    python tests/benchmarks/fixed_costs.py

prints a Markdown table. To compare two commits on a shared machine, run them in turns.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported

import argparse
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
import torch
from sklearn.model_selection import GridSearchCV

from skrnn import GRUClassifier, LSTMRegressor

_FIRST_FIT = """
import time, warnings
import numpy as np, skrnn
warnings.simplefilter("ignore")
X = np.random.default_rng(0).standard_normal((1000, 10, 5)).astype("float32")
for _ in range(6):
    start = time.process_time()
    skrnn.LSTMRegressor(8, max_iter=1, batch_size=32).fit(X, X[:, 0, 0])
    print(1e3 * (time.process_time() - start))
"""
_IMPORTS = """
import time
import torch, sklearn.pipeline, sklearn.model_selection
start = time.process_time()
import skrnn
print(1e3 * (time.process_time() - start))
"""


class Stopwatch:
    """The time within some methods, in milliseconds of the processor."""

    def __init__(self) -> None:
        self.within: dict[str, float] = {}

    def watch(self, owner: Any, name: str, counts: Callable = lambda **_: True) -> None:
        """Add up the time of a method, in calls whose named arguments count."""
        method = getattr(owner, name)

        @wraps(method)
        def timed(*args: Any, **named: Any) -> Any:
            start = time.process_time()
            try:
                return method(*args, **named)
            finally:
                took = 1e3 * (time.process_time() - start)
                if counts(**named):
                    self.within[name] = self.within.get(name, 0.0) + took

        setattr(owner, name, timed)

    def run(self, work: Callable[[], object]) -> dict[str, float]:
        """The times of one run, that of all under "total"."""
        self.within.clear()
        start = time.process_time()
        work()
        return {"total": 1e3 * (time.process_time() - start), **self.within}


def medians(runs: list[dict[str, float]]) -> dict[str, float]:
    names = runs[0]
    return {name: statistics.median(run[name] for run in runs) for name in names}


def fits(watch: Stopwatch, X: Any, y: Any, repeats: int) -> list[tuple[str, float]]:
    options = {"batch_size": 32, "random_state": 0}
    plain = LSTMRegressor(8, max_iter=1, **options)
    stopped = LSTMRegressor(8, max_iter=2, early_stopping=True, **options)
    runs: list[list[dict[str, float]]] = [[], []]
    for turn in range(repeats + 3):
        for model, taken in zip([plain, stopped], runs, strict=True):
            found = watch.run(lambda m=model: m.fit(X, y))
            if turn > 2:  # the first ones warm up
                taken.append(found)
    outside = [
        statistics.median(run["total"] - run["run_single_epoch"] for run in taken)
        for taken in runs
    ]
    return [
        ("fit, outside the loop of batches", outside[0]),
        ("fit with early_stopping, 2 epochs, outside the loop", outside[1]),
    ]


def search(watch: Stopwatch, X: Any, y: Any, repeats: int) -> list[tuple[str, float]]:
    model = LSTMRegressor(8, max_iter=1, batch_size=32, random_state=0)
    grid = {"hidden_layer_sizes": [4, 8, 12]}
    found = GridSearchCV(model, grid, cv=3, refit=False)
    n_fits = 9
    taken = [watch.run(lambda: found.fit(X, y)) for _ in range(repeats // 4 + 2)][1:]
    each = {name: value / n_fits for name, value in medians(taken).items()}
    own = each["fit"] - each["run_single_epoch"]
    theirs = each["total"] - each["fit"] - each["score"]
    return [
        ("a fit in GridSearchCV: skrnn, outside the loop", own),
        ("a fit in GridSearchCV: score", each["score"]),
        ("a fit in GridSearchCV: scikit-learn (clones, splits)", theirs),
    ]


def predictions(X: Any, y: Any, repeats: int) -> list[tuple[str, float]]:
    options = {"max_iter": 1, "batch_size": 32, "random_state": 0}
    regressor = LSTMRegressor(8, **options).fit(X, y)
    classifier = GRUClassifier(8, **options).fit(X, y > 0)
    one = X[:1]
    network = regressor.net_.module_
    rows = torch.from_numpy(one)

    def bare() -> object:
        with torch.inference_mode():
            return network(x=rows)

    ways = {
        "predict of one window": lambda: regressor.predict(one),
        "its network alone": bare,
        "predict_proba of one window (GRU)": lambda: classifier.predict_proba(one),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(10 * repeats):
        for name, way in ways.items():
            start = time.process_time()
            for _ in range(10):
                way()
            times[name].append(1e2 * (time.process_time() - start))
    return [(name, statistics.median(taken)) for name, taken in times.items()]


def fresh(repeats: int) -> list[tuple[str, float]]:
    """Figures of processes that have computed nothing yet."""
    firsts, imports = [], []
    for _ in range(max(3, repeats // 8)):
        first, *later = outputs(_FIRST_FIT)
        firsts.append(first - statistics.median(later))
        imports += outputs(_IMPORTS)
    return [
        ("first fit of a process, beyond later ones", statistics.median(firsts)),
        ("import skrnn, beyond torch and sklearn", statistics.median(imports)),
    ]


def outputs(code: str) -> list[float]:
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return [float(line) for line in run.stdout.split()]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--repeats", type=int, default=40)
    repeats = parser.parse_args().repeats
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    X = rng.standard_normal((1000, 10, 5)).astype("float32")
    y = X[:, -1, 0].copy()
    rows = predictions(X, y, repeats)
    watch = Stopwatch()
    net = type(LSTMRegressor(2, max_iter=1).fit(X[:4], y[:4]).net_)
    watch.watch(net, "run_single_epoch", lambda training, **_: training)
    rows = [*fits(watch, X, y, repeats), *rows]
    watch.watch(LSTMRegressor, "fit")
    watch.watch(LSTMRegressor, "score")
    rows += [*search(watch, X, y, repeats), *fresh(repeats)]
    print("| what | ms |\n|---|---|")
    for name, figure in rows:
        print(f"| {name} | {figure:.2f} |")


if __name__ == "__main__":
    main()

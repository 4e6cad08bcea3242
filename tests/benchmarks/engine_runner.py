"""Timed fits of one way to train; engine.py talks to it, a process for each way.

    python engine_runner.py SIDE

reads requests from standard input, one JSON object a line, and answers each with
another: seconds of a fit of one epoch and of an epoch after the first. Only the
libraries of the chosen side are imported, so that each can live in an environment of
its own.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

N_FEATURES, RATE, ALPHA = 5, 1e-3, 1e-4
HIDDEN_OF_MLPS = 100
MOST_EPOCHS = 2_000
PRODUCT_SIZES, PRODUCTS = (256, 512), 8
Case = dict[str, Any]
Fit = Callable[[int], object]
Seconds = dict[str, float]


def windows_of(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Windows (sample, time, feature), copied one by one, and targets."""
    n, steps = case["samples"], case["steps"]
    series = np.random.default_rng(0).standard_normal((n + steps, N_FEATURES), "f4")
    view = np.lib.stride_tricks.sliding_window_view(series[:-1], steps, axis=0)
    return np.ascontiguousarray(view.swapaxes(1, 2)), series[steps:, 0].copy()


def table_of(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Rows (sample, feature) and targets of an MLP's case, in its precision."""
    from sklearn.datasets import load_iris, make_classification, make_regression

    from skrnn import load_fashion_mnist

    regression = case["model"] == "MLPRegressor"
    if case["data"] == "iris":
        X, y = load_iris(return_X_y=True)
    elif case["data"] == "Fashion-MNIST":
        X, y = load_fashion_mnist(subset="train", return_X_y=True)
        X = X / 255
    elif regression:
        X, y = make_regression(10_000, 20, noise=1.0, random_state=0)
        y = y / y.std()
    else:
        X, y = make_classification(10_000, 20, n_informative=10, random_state=0)
    y = y.astype(case["dtype"]) if regression else y
    return X.astype(case["dtype"]), y


class Skrnn:
    """The estimators of this package, as the environment lets them run."""

    def prepare(self, case: Case) -> Fit:
        import skrnn

        options = {
            "batch_size": case["batch"],
            "n_threads": 1,
            "device": "cpu",
            "tol": 0.0,
            "n_iter_no_change": np.inf,
            "random_state": 0,
        }
        if case["model"].startswith("MLP"):
            X, y = table_of(case)
            options["hidden_layer_sizes"] = (HIDDEN_OF_MLPS,)
            estimator = getattr(skrnn, case["model"])
        else:
            X, y = windows_of(case)
            options |= {"hidden_layer_sizes": (case["hidden"],), "alpha": ALPHA}
            options |= {"learning_rate": "constant", "max_grad_norm": None}
            estimator = getattr(skrnn, f"{case['model']}Regressor")
        return lambda epochs: estimator(max_iter=epochs, **options).fit(X, y)


class ScikitLearn:
    def prepare(self, case: Case) -> Fit:
        from sklearn import neural_network

        X, y = table_of(case)
        options = {
            "batch_size": case["batch"],
            "hidden_layer_sizes": (HIDDEN_OF_MLPS,),
            "tol": 0.0,
            "n_iter_no_change": 10**9,
            "random_state": 0,
        }
        estimator = getattr(neural_network, case["model"])
        return lambda epochs: estimator(max_iter=epochs, **options).fit(X, y)


def plain_module() -> Any:
    """The class of the network that the raw loop and stock skorch train."""
    from torch import nn

    class Plain(nn.Module):
        def __init__(self, cell: str, hidden: int) -> None:
            super().__init__()
            self.layer = getattr(nn, cell)(N_FEATURES, hidden, batch_first=True)
            self.head = nn.Linear(hidden, 1)

        def forward(self, x: Any) -> Any:
            return self.head(self.layer(x)[0][:, -1])

    return Plain


class Raw:
    """The best plain PyTorch loop: fused Adam, and losses are never read."""

    def prepare(self, case: Case) -> Fit:
        import torch
        from torch.nn.functional import mse_loss

        torch.set_num_threads(1)
        make, batch = plain_module(), case["batch"]
        X, y = (torch.from_numpy(values) for values in windows_of(case))
        y = y[:, None]

        def fit(epochs: int) -> None:
            module = make(case["model"], case["hidden"])
            optimizer = torch.optim.Adam(
                module.parameters(), lr=RATE, weight_decay=ALPHA / batch, fused=True
            )
            for _ in range(epochs):
                for index in torch.randperm(len(X)).split(batch):
                    inputs, targets = X.index_select(0, index), y.index_select(0, index)
                    optimizer.zero_grad()
                    mse_loss(module(inputs), targets).backward()
                    optimizer.step()

        return fit


class Skorch:
    """A stock skorch net with the same module and optimiser."""

    def prepare(self, case: Case) -> Fit:
        import torch
        from skorch import NeuralNetRegressor

        torch.set_num_threads(1)
        X, y = windows_of(case)
        options = {
            "module__cell": case["model"],
            "module__hidden": case["hidden"],
            "optimizer": torch.optim.Adam,
            "optimizer__fused": True,
            "optimizer__weight_decay": ALPHA / case["batch"],
            "lr": RATE,
            "batch_size": case["batch"],
            "train_split": None,
            "iterator_train__shuffle": True,
            "verbose": 0,
        }
        make = plain_module()
        return lambda epochs: NeuralNetRegressor(
            make, max_epochs=epochs, **options
        ).fit(X, y[:, None])


class Keras:
    """Keras on JAX: every fit continues to train one model, which is compiled once.

    Eigen computes in the calling thread, and the process may use only one core when JAX
    sizes its pools of threads.
    """

    def __init__(self) -> None:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        os.environ["KERAS_BACKEND"] = "jax"
        os.environ["JAX_PLATFORMS"] = "cpu"
        os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"

    def prepare(self, case: Case) -> Fit:
        import keras

        X, y = windows_of(case)
        layers = {"RNN": "SimpleRNN"}
        layer = getattr(keras.layers, layers.get(case["model"], case["model"]))
        keras.backend.clear_session()
        model = keras.Sequential(
            [keras.Input(X.shape[1:]), layer(case["hidden"]), keras.layers.Dense(1)]
        )
        model.compile(keras.optimizers.Adam(RATE), loss="mse", jit_compile=True)
        batch = case["batch"]
        return lambda epochs: model.fit(
            X, y[:, None], batch_size=batch, epochs=epochs, verbose=0
        )


SIDES = {
    "skrnn": Skrnn,
    "raw": Raw,
    "skorch": Skorch,
    "keras": Keras,
    "scikit-learn": ScikitLearn,
}


def timed(run: Callable[[], object]) -> Seconds:
    """Seconds of the wall clock, and CPU seconds of all threads of this process."""
    cpu, wall = time.process_time(), time.perf_counter()
    run()
    wall = time.perf_counter() - wall
    return {"cpu": time.process_time() - cpu, "wall": wall}


class Turns:
    """Measures the fits of one case, again and again."""

    def __init__(self, fit: Fit, seconds: float) -> None:
        self.fit = fit
        fit(1)  # warm up, compile
        one = timed(lambda: fit(1))["wall"]
        further = one if one > seconds else (timed(lambda: fit(3))["wall"] - one) / 2
        self.epochs = round(min(max(seconds / max(further, 1e-6), 1), MOST_EPOCHS))

    def measure(self) -> dict[str, Seconds]:
        """Seconds of a fit of one epoch, and of each epoch after the first."""
        first = timed(lambda: self.fit(1))
        longer = timed(lambda: self.fit(1 + self.epochs))
        further = {key: (longer[key] - first[key]) / self.epochs for key in first}
        return {"first": first, "epoch": further}


def products(dtype: str) -> dict[str, Any]:
    """Multiply-adds a second of products of square matrices, by library."""
    import torch
    from threadpoolctl import threadpool_info

    torch.set_num_threads(1)
    rates = {"NumPy": 0.0, "torch": 0.0}
    for size in PRODUCT_SIZES:
        a = np.random.default_rng(0).standard_normal((size, size)).astype(dtype)
        tensor = torch.from_numpy(a)
        out, target = np.empty_like(a), torch.empty_like(tensor)
        for library, product in {
            "NumPy": lambda a=a, out=out: np.dot(a, a, out=out),
            "torch": lambda a=tensor, out=target: torch.mm(a, a, out=out),
        }.items():
            product()
            fastest = min(timed(product)["cpu"] for _ in range(PRODUCTS))
            rates[library] = max(rates[library], size**3 / fastest)
    blas = [f"{i['prefix']} {i.get('architecture')}" for i in threadpool_info()]
    return {"rates": rates, "blas": sorted({b for b in blas if "blas" in b})}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("side", choices=[*SIDES, "products"])
    name = parser.parse_args().side
    warnings.simplefilter("ignore")
    answers, sys.stdout = sys.stdout, sys.stderr  # libraries may print
    side = None if name == "products" else SIDES[name]()
    known, turns = None, None
    for line in sys.stdin:
        request = json.loads(line)
        if side is None:
            answer: dict[str, Any] = products(request["case"]["dtype"])
        else:
            if request != known:
                known = request
                turns = Turns(side.prepare(request["case"]), request["seconds"])
            answer = turns.measure()
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()

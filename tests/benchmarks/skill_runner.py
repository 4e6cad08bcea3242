"""Timed fits of one side of skill.py, which starts a process of this script for each.

    python skill_runner.py SIDE

reads requests from standard input, one JSON object a line, and answers each with
another: predictions of the test part, CPU seconds of fit and predict, and warnings.
Only the libraries of the chosen side are imported, so that each can live in an
environment of its own.
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

SHORTEST = 9  # steps, the length of MiniRocket's kernels
RIDGE_PENALTIES = np.logspace(-6, 4, 21)
EPOCHS_OF_KERAS, BATCH_OF_KERAS, UNITS_OF_KERAS = 200, 16, 32
Model = Any  # what has fit and predict
Maker = Callable[[dict[str, Any]], Model]


class LastValue:
    """Predicts the first feature of the last row of each window."""

    def fit(self, X: np.ndarray, y: np.ndarray) -> LastValue:
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        return X[:, -1, 0]


class Flattened:
    """A model of tables, which reads the values of a window as its columns."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def fit(self, X: np.ndarray, y: np.ndarray) -> Flattened:
        self.model.fit(np.nan_to_num(X).reshape(len(X), -1), y)
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        return self.model.predict(np.nan_to_num(X).reshape(len(X), -1))


def make_skrnn(request: dict[str, Any]) -> Model:
    """An estimator with its defaults, but for the seed and the arguments asked for."""
    import skrnn

    arguments = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in request["arguments"].items()
    }
    estimator = getattr(skrnn, request["model"] + request["kind"])
    return estimator(random_state=request["seed"], **arguments)


def make_scikit_learn(request: dict[str, Any]) -> Model:
    from sklearn.dummy import DummyClassifier
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.linear_model import RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if request["model"] == "last value":
        return LastValue()
    if request["model"] == "majority":
        return Flattened(DummyClassifier())
    if request["model"] == "Ridge":
        ridge = RidgeCV(alphas=RIDGE_PENALTIES)
        return Flattened(make_pipeline(StandardScaler(), ridge))
    return Flattened(HistGradientBoostingRegressor(random_state=request["seed"]))


class NearestNeighbour:
    """One neighbour under full dynamic time warping of the raw sequences, by aeon."""

    def __init__(self) -> None:
        from aeon.classification.distance_based import KNeighborsTimeSeriesClassifier

        self.model = KNeighborsTimeSeriesClassifier(distance="dtw", n_neighbors=1)

    @staticmethod
    def sequences(X: np.ndarray) -> list[np.ndarray]:
        """Each sequence without its padding, (feature, time)."""
        return [
            np.ascontiguousarray(x[~np.isnan(x).any(axis=1)].T.astype(float)) for x in X
        ]

    def fit(self, X: np.ndarray, y: np.ndarray) -> NearestNeighbour:
        self.model.fit(self.sequences(X), y)
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        return self.model.predict(self.sequences(X))


class MiniRocket:
    """MiniRocket and a RidgeClassifierCV, by aeon.

    It takes sequences of one length, and of 9 steps at least. So shorter ones end with
    zeros, and where all are too short each step is repeated. (Copies of the last row
    are worse on the test parts: this choice favours MiniRocket.)
    """

    def __init__(self, seed: int) -> None:
        from aeon.classification.convolution_based import MiniRocketClassifier

        self.model = MiniRocketClassifier(random_state=seed)

    @staticmethod
    def padded(X: np.ndarray) -> np.ndarray:
        """All sequences at the length of the longest, (sample, feature, time)."""
        repeats = -(-SHORTEST // X.shape[1])
        full = np.nan_to_num(X).repeat(repeats, axis=1)
        return np.ascontiguousarray(full.swapaxes(1, 2), dtype="float32")

    def fit(self, X: np.ndarray, y: np.ndarray) -> MiniRocket:
        self.model.fit(self.padded(X), y)
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        return self.model.predict(self.padded(X))


def make_aeon(request: dict[str, Any]) -> Model:
    if request["model"] == "1-NN DTW":
        return NearestNeighbour()
    return MiniRocket(request["seed"])


class KerasClassifier:
    """One LSTM and a softmax in Keras; inputs are standardised, padding is masked."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def scaled(self, X: np.ndarray) -> np.ndarray:
        return np.nan_to_num((X - self.mean) / self.scale).astype("float32")

    def fit(self, X: np.ndarray, y: np.ndarray) -> KerasClassifier:
        import keras

        keras.utils.set_random_seed(self.seed)
        self.classes, codes = np.unique(y, return_inverse=True)
        self.mean = np.nanmean(X, axis=(0, 1))
        self.scale = np.nanstd(X, axis=(0, 1)) + 1e-12
        masks = [keras.layers.Masking(0.0)] if np.isnan(X).any() else []
        self.network = keras.Sequential(
            [
                keras.Input(X.shape[1:]),
                *masks,
                keras.layers.LSTM(UNITS_OF_KERAS),
                keras.layers.Dense(len(self.classes), "softmax"),
            ]
        )
        self.network.compile("adam", "sparse_categorical_crossentropy")
        options = {"batch_size": BATCH_OF_KERAS, "epochs": EPOCHS_OF_KERAS}
        self.network.fit(self.scaled(X), codes, verbose=0, **options)
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        shares = self.network.predict(self.scaled(X), verbose=0)
        return self.classes[shares.argmax(axis=1)]


def make_keras(request: dict[str, Any]) -> Model:
    os.environ.setdefault("KERAS_BACKEND", "jax")
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
    return KerasClassifier(request["seed"])


SIDES: dict[str, Maker] = {
    "skrnn": make_skrnn,
    "scikit-learn": make_scikit_learn,
    "aeon": make_aeon,
    "keras": make_keras,
}


def warm_up(side: str) -> None:
    """Let the first import and the first compiling of a process not count."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((12, 30, 1)), np.array(["a", "b", "c"] * 4)
    models = {"aeon": ("1-NN DTW", "MiniRocket"), "skrnn": ("GRU",)}
    models |= {"scikit-learn": ("majority",), "keras": ()}
    for model in models[side]:
        request = {"model": model, "kind": "Classifier", "seed": 0, "arguments": {}}
        SIDES[side](request).fit(X, y).predict(X)


def read(path: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """X and y to fit, X to predict; overlapping windows become views of their rows."""
    with np.load(path) as parts:
        if "rows" not in parts:
            return parts["X_train"], parts["y_train"], parts["X_test"]
        rows, length, y = parts["rows"], int(parts["length"]), parts["y_train"]
    view = np.lib.stride_tricks.sliding_window_view(rows, length, axis=0)
    X = view.swapaxes(1, 2)[: len(y)]
    return X, y, X[:0]


def answer_to(request: dict[str, Any], make: Maker) -> dict[str, Any]:
    X, y, X_test = read(request["data"])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        start = time.process_time()
        model = make(request).fit(X, y)
        fitted = time.process_time()
        predicted = model.predict(X_test).tolist() if len(X_test) else []
    answer: dict[str, Any] = {"predicted": predicted, "fit_s": fitted - start}
    answer["predict_s"] = time.process_time() - fitted
    for name in ("n_iter_", "t_"):
        if hasattr(model, name):
            answer[name] = int(getattr(model, name))
    told = sorted({f"{w.category.__name__}: {w.message}" for w in caught})
    return {**answer, "warnings": told if request["side"] == "skrnn" else []}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("side", choices=SIDES)
    side = parser.parse_args().side
    answers, sys.stdout = sys.stdout, sys.stderr  # libraries may print
    warnings.simplefilter("ignore")
    warm_up(side)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = answer_to(request, SIDES[side])
        except Exception as error:  # the other runs go on
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()

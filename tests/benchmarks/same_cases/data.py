"""Data and small estimators that the cases share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from skrnn import (
    GRUClassifier,
    GRURegressor,
    LSTMClassifier,
    LSTMRegressor,
    RNNClassifier,
    RNNRegressor,
)

Results = dict[str, Any]
Case = tuple[str, Callable[[], Results]]

QUICK = {
    "hidden_layer_sizes": (5,),
    "learning_rate_init": 0.02,
    "batch_size": 16,
    "max_iter": 3,
    "n_threads": 1,
    "device": "cpu",
    "random_state": 0,
}
REGRESSORS = {"rnn": RNNRegressor, "gru": GRURegressor, "lstm": LSTMRegressor}
CLASSIFIERS = {"rnn": RNNClassifier, "gru": GRUClassifier, "lstm": LSTMClassifier}
CELLS = list(REGRESSORS)
ACTIVATIONS = [
    "identity", "logistic", "tanh", "relu", "softplus", "elu", "gelu", "selu", "silu",
    "leaky_relu",
]  # fmt: skip
SOLVERS = ["adam", "adamw", "sgd", "rmsprop", "adagrad", "adadelta", "lbfgs"]
SCHEDULES = ["constant", "invscaling", "adaptive", "cosine", "onecycle"]

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(48 * 6, 3))
X = ROWS.reshape(48, 6, 3)
LENGTHS = RNG.integers(1, 6, 48, endpoint=True)
LISTED = [x[:n] for x, n in zip(X, LENGTHS, strict=True)]
Y = X[:, -1].sum(axis=1)
TWO = np.c_[Y, X[:, 0, 0]]
STEPS = X[:, :, 0].cumsum(axis=1)  # (sample, time)
COUNTS = RNG.poisson(3, 48).astype(float)
CLASSES = np.array(["low", "mid", "top"])[np.digitize(Y, [-1, 1])]
LABELS = (TWO > 0).astype(int)
WEIGHTS = RNG.integers(0, 3, 48).astype(float)
TABLE = X.reshape(48, 18)
IDS = [RNG.integers(1, 9, n) for n in LENGTHS]
TEXTS = [" ".join(np.array(list("abcdefghi"))[ids - 1]) + " on" for ids in IDS]
PANEL = pd.DataFrame(
    np.concatenate(LISTED),
    pd.MultiIndex.from_tuples(
        [(i, t) for i, n in enumerate(LENGTHS) for t in range(n)]
    ),
    columns=["a", "b", "c"],
)


def model_of(cls: Any, **params: Any) -> Any:
    """A quick estimator."""
    return cls(**{**QUICK, **params})


def learnt(model: Any, X: Any, y: Any = None) -> Results:
    """What a fitted estimator tells of its training and answers to X."""
    last = model[-1] if hasattr(model, "steps") else model
    names = ["loss_curve_", "validation_scores_", "best_loss_", "n_iter_", "t_"]
    names += ["coefs_", "classes_", "n_features_in_", "n_outputs_"]
    found = {name: getattr(last, name, None) for name in names}
    methods = ["predict", "predict_proba", "predict_log_proba", "decision_function"]
    for name in methods:
        if hasattr(model, name):
            found[name] = getattr(model, name)(X)
    if y is not None:
        found["score"] = model.score(X, y)
    return found


def fitted(model: Any, X: Any, y: Any, scored: bool = True, **fit: Any) -> Results:
    """The results of one fit."""
    return learnt(model.fit(X, y, **fit), X, y if scored else None)


def view_of(rows: np.ndarray, window_length: int) -> np.ndarray:
    """Sliding view (sample, time, feature)."""
    view = np.lib.stride_tricks.sliding_window_view(rows, window_length, axis=0)
    return view.swapaxes(1, 2)


def told(params: dict[str, Any]) -> str:
    """Parameters as a name of a case."""
    return " ".join(f"{name}={value}" for name, value in params.items())

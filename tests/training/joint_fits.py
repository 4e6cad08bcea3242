"""Fits that several processes do together, and the script that each of them runs.

Started with a folder as its argument, each process writes there what it has got.
"""

import sys
import warnings
from pathlib import Path
from unittest.mock import patch

import joblib
import numpy as np
import torch
from scipy.sparse import csr_array
from sklearn.exceptions import ConvergenceWarning
from skorch.callbacks import Callback

from skrnn import (
    GRUClassifier,
    GRURegressor,
    LSTMRegressor,
    MLPClassifier,
    MLPRegressor,
    RNNRegressor,
)
from skrnn.estimators import _tasks
from skrnn.training import Budget
from tests.bare import PLAIN_CLASSIFIER, PLAIN_REGRESSOR

RNG = np.random.RandomState(0)
N = 53  # in batches of 13 the last one is a single sample
X = RNG.randn(N, 6, 2)
Y = X.sum(axis=(1, 2)) + RNG.randn(N)
CLASSES = np.digitize(Y, [-1, 1])
WEIGHTS = RNG.randint(0, 4, N).astype(float)
RAGGED = [row[: 2 + i % 5] for i, row in enumerate(X)]
TABLE = X.reshape(N, -1)

QUICK = {"batch_size": 13, "max_iter": 4, "learning_rate_init": 0.02}
WINDOWS = {**QUICK, "random_state": 0, "dtype": "float64"}
PLAIN = {**WINDOWS, **PLAIN_REGRESSOR}
ROWS = {**QUICK, "random_state": 0, "hidden_layer_sizes": (7,)}
STOPPED = {"early_stopping": True, "n_iter_no_change": 2, "tol": 0.05, "max_iter": 40}


def windows(device):
    return LSTMRegressor((5, 3), device=device, **WINDOWS).fit(X, Y)


def weighted(device):
    """A penalty and weights, with which a batch is divided by other than its size."""
    model = GRURegressor(4, solver="sgd", alpha=0.5, device=device, **WINDOWS)
    return model.fit(X, Y, sample_weight=WEIGHTS)


def ragged(device):
    model = GRURegressor(4, learning_rate="onecycle", device=device, **WINDOWS)
    return model.fit(RAGGED, Y)


def clipped(device):
    """A solver of torch, which evaluates the loss through a closure."""
    options = {"solver": torch.optim.NAdam, "max_grad_norm": 0.1, "loss": "huber"}
    return RNNRegressor(4, device=device, **options, **WINDOWS).fit(X, Y)


def stopped(device):
    options = {**WINDOWS, **STOPPED, **PLAIN_CLASSIFIER, "class_weight": "balanced"}
    return GRUClassifier(4, device=device, **options).fit(X, CLASSES)


def continued(device):
    options = {**WINDOWS, "warm_start": True}
    model = LSTMRegressor(4, device=device, **options).fit(X, Y)
    return model.partial_fit(X, Y).fit(X, Y)


def steps(device):
    """A target at each step, with weights of samples and of classes."""
    options = {**WINDOWS, **PLAIN_CLASSIFIER, "class_weight": {0: 3.0}}
    options["return_sequences"] = True
    labels = [(one[:, 0] > 0).astype(int) for one in RAGGED]
    model = GRUClassifier(4, solver="sgd", alpha=0.5, device=device, **options)
    return model.fit(RAGGED, labels, WEIGHTS, RAGGED, labels)


def rows(device):
    model = MLPRegressor(solver="sgd", alpha=0.5, device=device, **ROWS)
    return model.fit(TABLE, Y, sample_weight=WEIGHTS)


def rows_stopped(device):
    return MLPClassifier(device=device, **{**ROWS, **STOPPED}).fit(TABLE, CLASSES)


def rows_continued(device):
    """Sparse rows, which stay on the host."""
    table = csr_array(np.maximum(TABLE, 0))
    model = MLPClassifier(device=device, **ROWS)
    model.partial_fit(table, CLASSES, classes=[0, 1, 2])
    return model.partial_fit(table, CLASSES)


def forecast(device):
    from skrnn.sktime import GRUForecaster  # seconds, that a launch may not need
    from tests.forecast_data import panel

    options = {"window_length": 8, "hidden_layer_sizes": 4, "learning_rate_init": 0.02}
    model = GRUForecaster(
        **options, batch_size=13, max_iter=4, random_state=0, dtype="float64",
        device=device,
    )  # fmt: skip
    return model.fit(panel(), fh=[1, 2]).update(panel())


def read_out(device):
    """A trial, and an output layer in closed form."""
    model = GRURegressor(4, readout="ridge", normalize="standard", device=device)
    twice = np.concatenate([X, X + 0.1])
    return model.set_params(**WINDOWS).fit(twice, np.concatenate([Y, Y]))


def found(device):
    """A trial finds the number of epochs, and its network is trained on."""
    options = {**WINDOWS, "max_iter": "auto", "device": device}
    twice = np.concatenate([X, X + 0.1])
    with patch.object(_tasks, "NUMBERS", Budget(epochs=6, updates=6)):
        return GRURegressor(4, **options).fit(twice, np.concatenate([Y, Y]))


EQUAL = [
    read_out, found, windows, weighted, ragged, clipped, stopped, continued, steps,
    rows, rows_stopped, rows_continued, forecast,
]  # fmt: skip


def dropped(device):
    return LSTMRegressor(5, dropout=0.5, device=device, **WINDOWS).fit(X, Y)


def unseeded(device):
    return LSTMRegressor(5, device=device, **{**WINDOWS, "random_state": None}).fit(
        X, Y
    )


def rows_unseeded(device):
    return MLPRegressor(device=device, **{**ROWS, "random_state": None}).fit(TABLE, Y)


def told(device):
    return LSTMRegressor(5, verbose=2, device=device, **WINDOWS).fit(X, Y)


RANDOM = [dropped, unseeded, rows_unseeded, told]


def other_targets(rank):
    return LSTMRegressor(3, device="accelerate", **PLAIN).fit(X, Y + rank)


def other_inputs(rank):
    return LSTMRegressor(3, device="accelerate", **PLAIN).fit(X + rank, Y)


def other_parameters(rank):
    options = {**PLAIN, "batch_size": 13 + rank}
    return LSTMRegressor(3, device="accelerate", **options).fit(X, Y)


def other_weights(rank):
    options = {**ROWS, "warm_start": True, "device": "accelerate"}
    model = MLPRegressor(**options).fit(TABLE, Y)
    model.intercepts_ = [bias + rank for bias in model.intercepts_]
    return model.fit(TABLE, Y)


def lbfgs(rank):
    options = {**WINDOWS, "solver": "lbfgs", "max_grad_norm": None}
    return LSTMRegressor(3, device="accelerate", **options).fit(X, Y)


def batch_norm(rank):
    options = {**ROWS, "device": "accelerate"}
    return MLPRegressor(batch_norm=True, **options).fit(TABLE, Y)


def diverging(rank):
    options = {**ROWS, "learning_rate_init": 1e200, "solver": "sgd"}
    return MLPRegressor(device="accelerate", **options).fit(TABLE, Y)


class CtrlC(Callback):
    def on_batch_end(self, net, **kwargs):
        raise KeyboardInterrupt("at another step in each process")


def interrupted(rank):
    options = {**WINDOWS, "callbacks": [CtrlC()]}
    return LSTMRegressor(3, device="accelerate", **options).fit(X, Y)


REFUSED = {
    other_targets: "the samples to train on are not the same in all",
    other_inputs: "the samples to train on are not the same in all",
    other_parameters: "the parameters are not the same in all",
    other_weights: "the weights to start from are not the same in all",
    lbfgs: 'does not support solver="lbfgs"',
    batch_norm: "does not support batch_norm=True",
    diverging: "training diverged",
    interrupted: "at another step in each process",
}


def learnt(model):
    """What a fit has led to, as arrays."""
    net = model.net_
    state = net.module_.state_dict()
    scores = model.validation_scores_
    return {
        "weights": np.concatenate([w.numpy().ravel() for w in state.values()]),
        "losses": np.array(model.loss_curve_),
        "scores": np.array([] if scores is None else scores),
        "ranks": [layer.rank for layer in net.dropouts() if layer.n_draws],
    }


def refusal(fit, rank):
    try:
        fit(rank)
    except (ValueError, KeyboardInterrupt) as error:
        return str(error)
    return "none"


def run(folder):
    """Do all of the fits, and write down what came out."""
    from accelerate import PartialState

    warnings.simplefilter("error")
    warnings.simplefilter("ignore", ConvergenceWarning)
    results = {fit.__name__: learnt(fit("accelerate")) for fit in EQUAL + RANDOM}
    state = PartialState()
    rank = state.process_index
    results |= {fit.__name__: refusal(fit, rank) for fit in REFUSED}
    results["count"] = state.num_processes
    model = windows("accelerate")
    if state.is_main_process:
        joblib.dump(model, folder / "model.joblib")
    joblib.dump(results, folder / f"process{rank}.joblib")
    state.destroy_process_group()


if __name__ == "__main__":
    run(Path(sys.argv[1]))

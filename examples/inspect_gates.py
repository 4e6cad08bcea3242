"""Remember the first of 100 steps, and see which networks can and why.

The first step of a sequence tells its class, one of four; 99 steps of noise follow. An
RNN, a GRU and an LSTM are trained on the same sequences with the same settings.

The upper pictures show the norm of the gradient of the output by each step, against its
distance from the last one. Before training it has fallen to 1e-21 at the first step in
all three, as torch starts them, and all they learn is some of the noise by heart. Gates
can pass the gradient on, but have to start open. ``unit_forget_bias=True`` carries it
over tens of steps in an LSTM. For a hundred, ``chrono_steps=100`` starts with gates
that keep the state of the units for 1 to 99 steps (C. Tallec, Y. Ollivier, "Can
recurrent neural networks warp time?", ICLR 2018, https://arxiv.org/abs/1804.11188).

Below is what the gates of the trained LSTM do on one sequence: units that remember have
their forget gate near 1, their input gate near 0, and a state whose colour stays.

    python examples/inspect_gates.py

prints accuracies on fresh sequences and draws ``output/inspect_gates.png``, in half a
minute. It needs matplotlib: ``pip install -e ".[plots]"``.
"""

from __future__ import annotations

import time
import warnings
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skrnn import GRUClassifier, LSTMClassifier, RNNClassifier
from skrnn.inspection import GateDisplay, GradientNormDisplay

N_STEPS, N_CLASSES = 100, 4
PICTURE = Path("output") / "inspect_gates.png"


def memory_task(n_samples: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The class is the column with a 2 in the first row; the rest is noise."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, N_CLASSES, n_samples)
    X = rng.normal(size=(n_samples, N_STEPS, N_CLASSES)).astype("float32")
    X[:, 0] = 2 * np.eye(N_CLASSES)[y]
    return X, y


def networks(max_iter: int = 20, learning_rate_init: float = 0.02) -> dict:
    settings = {
        "hidden_layer_sizes": 16,
        "normalize": None,
        "conv_filters": None,  # they and poolings would bring the first step nearer
        "pooling": "last",
        "dropout": 0.0,
        "label_smoothing": 0.0,
        "learning_rate": "constant",
        "learning_rate_init": learning_rate_init,
        "max_grad_norm": 1.0,
        "batch_size": 50,
        "max_iter": max_iter,
        "tol": 0.0,
        "n_iter_no_change": np.inf,
        "random_state": 0,
    }
    long = {**settings, "chrono_steps": N_STEPS}
    return {
        "RNN": RNNClassifier(**settings),
        "GRU": GRUClassifier(**settings),
        "LSTM": LSTMClassifier(**settings),
        "LSTM, forget bias 1": LSTMClassifier(**settings, unit_forget_bias=True),
        "GRU, long memory": GRUClassifier(**long),
        "LSTM, long memory": LSTMClassifier(**long),
    }


def main() -> None:
    X, y = memory_task(1000, seed=1)
    X_new, y_new = memory_task(1000, seed=2)
    models, starts = networks(), networks(max_iter=1, learning_rate_init=1e-12)
    print(f"accuracy on fresh sequences, chance is {1 / N_CLASSES}:")
    for name, model in models.items():
        starts[name].fit(
            X[:50], y[:50]
        )  # a step of no length: the weights at the start
        begin = time.perf_counter()
        model.fit(X, y)
        seconds = time.perf_counter() - begin
        print(f"{name:20} {model.score(X_new, y_new):.3f}  ({seconds:.1f} s)")
    draw(starts, models, X_new[:100])
    print(f"See {PICTURE}")


def draw(starts: dict, models: dict, X: np.ndarray) -> None:
    figure = plt.figure(figsize=(13, 14), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=[1, 2])
    pair = top.subplots(1, 2, sharey=True)
    for axes, networks_, title in (
        (pair[0], starts, "before training"),
        (pair[1], models, "after training"),
    ):
        display = GradientNormDisplay.from_estimators(networks_, X, ax=axes)
        axes.set_title(title)
        for name, line in display.lines_.items():
            family = name.split(",")[0]
            line.set_color({"RNN": "C3", "GRU": "C1", "LSTM": "C0"}[family])
            style = {"": "-", " forget bias 1": "-.", " long memory": "--"}
            line.set_linestyle(style[name.partition(",")[2]])
        axes.legend(fontsize="small")
    GateDisplay.from_estimator(
        models["LSTM, long memory"], X, sample=0, ax=bottom.subplots()
    )
    bottom.suptitle("Gates and states of the LSTM with long memory, on one sequence")
    PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(PICTURE, dpi=100)


if __name__ == "__main__":
    warnings.simplefilter("ignore", ConvergenceWarning)  # all epochs are wanted
    main()

"""The networks that lectures draw, one constructor call each, side by side.

From the plain RNN to convolutions under a bidirectional GRU: each learns to tell the
nine speakers of Japanese Vowels (UCI; it comes with sktime) apart, 270 recordings of 7
to 29 frames to train on and 370 to test with. All train in the same way, with 32 hidden
units a layer; nothing is tuned, and accuracies are means of three seeds. Differences of
less than a per cent mean little on 370 recordings. ``BARE`` turns off what classifiers
add by default to the network of a textbook; the last row has all of it.

    python examples/lecture_networks.py

prints the table and draws ``output/lecture_networks.png``. It needs sktime and
matplotlib: ``pip install -e ".[plots,sktime]"``.
"""

from __future__ import annotations

import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from sktime.datasets import load_japanese_vowels

from skrnn import GRUClassifier, LSTMClassifier, RNNClassifier

SEEDS = [0, 1, 2]
PICTURE = Path("output") / "lecture_networks.png"
TRAINING = {
    "batch_size": 32,
    "learning_rate": "onecycle",
    "learning_rate_init": 0.01,
    "max_iter": 20,
}
BARE = {
    "normalize": "standard",
    "conv_filters": None,
    "conv_norm": None,
    "conv_pooling": None,
    "pooling": "last",
    "dropout": 0.0,
    "label_smoothing": 0.0,
}
DEEP = (32, 32, 32)
NETWORKS: dict[str, tuple[type, dict]] = {
    "plain RNN": (RNNClassifier, {}),
    "RNN of rectifiers, identity": (
        RNNClassifier,
        {"activation": "relu", "recurrent_initializer": "identity"},
    ),
    "LSTM": (LSTMClassifier, {}),
    "LSTM, forget bias, peepholes": (
        LSTMClassifier,
        {"unit_forget_bias": True, "peephole": True},
    ),
    "LSTM, projected to 16": (LSTMClassifier, {"projection_size": 16}),
    "GRU": (GRUClassifier, {}),
    "GRU of the textbook": (GRUClassifier, {"reset_after": False}),
    "three LSTMs": (LSTMClassifier, {"hidden_layer_sizes": DEEP}),
    "three LSTMs, residual, normed": (
        LSTMClassifier,
        {"hidden_layer_sizes": DEEP, "residual": True, "layer_norm": True},
    ),
    "LSTM, zoneout, recurrent dropout": (
        LSTMClassifier,
        {"zoneout": 0.1, "recurrent_dropout": 0.2},
    ),
    "LSTM in both directions": (LSTMClassifier, {"bidirectional": True}),
    "the same, attention": (
        LSTMClassifier,
        {"bidirectional": True, "pooling": "attention"},
    ),
    "convolutions, GRU, attention": (
        GRUClassifier,
        {
            "conv_filters": (32, 32),
            "conv_kernel_size": 3,
            "conv_dilation": 1,
            "conv_padding": "same",
            "pooling": "attention",
        },
    ),
}


def load(split: str) -> tuple[list[np.ndarray], np.ndarray]:
    """Recordings (n_frames_i, 12) and their speakers."""
    frame, speakers = load_japanese_vowels(split=split, return_X_y=True)
    return [np.column_stack(row) for row in frame.to_numpy().tolist()], speakers


def main() -> None:
    X, y = load("train")
    X_test, y_test = load("test")
    print(f"{'network':34s} parameters  seconds  accuracy")
    found = {}
    networks = {name: (c, BARE | TRAINING | p) for name, (c, p) in NETWORKS.items()}
    networks["GRUClassifier()"] = GRUClassifier, {}
    for name, (cls, params) in networks.items():
        start, scores = time.perf_counter(), []
        for seed in SEEDS:
            model = cls(**params, random_state=seed).fit(X, y)
            scores.append(model.score(X_test, y_test))
        seconds = (time.perf_counter() - start) / len(SEEDS)
        count = model.summary().n_parameters
        found[name] = scores
        mean = np.mean(scores)
        print(f"{name:34s} {count:10d}  {seconds:7.1f}  {mean:8.3f}")
    draw(found)


def draw(found: dict[str, list[float]]) -> None:
    figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
    names = list(found)
    for place, name in enumerate(names):
        errors = 100 * (1 - np.array(found[name]))
        axes.barh(place, errors.mean(), color="tab:blue", alpha=0.6)
        axes.plot(errors, np.full(len(errors), place), "k.", markersize=4)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel("test recordings that are mistaken, per cent (dots: seeds)")
    axes.set_title("Nine speakers, one vowel: the networks of the lectures")
    axes.spines[["top", "right"]].set_visible(False)
    PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(PICTURE, dpi=120)
    print(f"\nDrawn: {PICTURE}")


if __name__ == "__main__":
    main()

"""The networks that lectures draw, one constructor call each, side by side.

From the plain RNN to convolutions under a bidirectional GRU: each learns to tell the
nine speakers of Japanese Vowels (UCI; it comes with sktime) apart, 270 recordings of 7
to 29 frames to train on and 370 to test with. All train in the same way, with 32 hidden
units a layer; nothing is tuned, and accuracies are means of three seeds. Differences of
less than a per cent mean little on 370 recordings.

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
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sktime.datasets import load_japanese_vowels

from skrnn import GRUClassifier, LSTMClassifier, RNNClassifier, SequenceScaler

SEEDS = [0, 1, 2]
PICTURE = Path("output") / "lecture_networks.png"
TRAINING = {
    "batch_size": 32,
    "learning_rate": "onecycle",
    "learning_rate_init": 0.01,
    "max_iter": 20,
}
NETWORKS = {
    "plain RNN": RNNClassifier(32),
    "RNN of rectifiers, identity": RNNClassifier(
        32, activation="relu", recurrent_initializer="identity"
    ),
    "LSTM": LSTMClassifier(32),
    "LSTM, forget bias, peepholes": LSTMClassifier(
        32, unit_forget_bias=True, peephole=True
    ),
    "LSTM, projected to 16": LSTMClassifier(32, projection_size=16),
    "GRU": GRUClassifier(32),
    "GRU of the textbook": GRUClassifier(32, reset_after=False),
    "three LSTMs": LSTMClassifier((32, 32, 32)),
    "three LSTMs, residual, normed": LSTMClassifier(
        (32, 32, 32), residual=True, layer_norm=True
    ),
    "LSTM, zoneout, recurrent dropout": LSTMClassifier(
        32, zoneout=0.1, recurrent_dropout=0.2
    ),
    "LSTM in both directions": LSTMClassifier(32, bidirectional=True),
    "the same, attention": LSTMClassifier(32, bidirectional=True, pooling="attention"),
    "convolutions, GRU, attention": GRUClassifier(
        32, conv_filters=(32, 32), conv_padding="same", pooling="attention"
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
    for name, network in NETWORKS.items():
        start, scores = time.perf_counter(), []
        for seed in SEEDS:
            model = clone(network).set_params(**TRAINING, random_state=seed)
            model = make_pipeline(SequenceScaler(), model).fit(X, y)
            scores.append(model.score(X_test, y_test))
        seconds = (time.perf_counter() - start) / len(SEEDS)
        count = model[-1].summary().n_parameters
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

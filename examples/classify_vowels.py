"""Tell nine speakers apart by one vowel each, from 7 to 29 frames of their voice.

Japanese Vowels (UCI; it comes with sktime): 640 recordings of twelve cepstral
coefficients a frame, of unequal length, 270 to train on and 370 to test with, as its
authors split them. The list of recordings goes into ``SequenceScaler ->
LSTMClassifier`` as it is. How the states are pooled and the dropout are chosen by
cross-validation on the training recordings; the test recordings are looked at once.

    python examples/classify_vowels.py

prints the accuracy and draws ``output/classify_vowels.png``. It needs sktime and
matplotlib: ``pip install -e ".[plots,sktime]"``.
"""

from __future__ import annotations

import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import Pipeline
from sktime.datasets import load_japanese_vowels

from skrnn import LSTMClassifier, SequenceScaler

SEEDS = [0, 1, 2]
PICTURE = Path("output") / "classify_vowels.png"


def load(split: str) -> tuple[list[np.ndarray], np.ndarray]:
    """Recordings (n_frames_i, 12) and their speakers."""
    frame, speakers = load_japanese_vowels(split=split, return_X_y=True)
    recordings = [np.column_stack(channels) for channels in frame.to_numpy().tolist()]
    return recordings, np.array([f"speaker {number}" for number in speakers])


def classifier(seed: int = 0) -> Pipeline:
    net = LSTMClassifier(
        hidden_layer_sizes=64,
        bidirectional=True,
        batch_size=16,
        learning_rate="onecycle",
        learning_rate_init=0.01,
        max_iter=60,
        random_state=seed,
    )
    return Pipeline([("scale", SequenceScaler()), ("net", net)])


def main() -> None:
    X, y = load("train")
    X_test, y_test = load("test")
    lengths = [len(x) for x in X + X_test]
    print(f"{len(X)} training and {len(X_test)} test recordings, ", end="")
    print(f"{min(lengths)} to {max(lengths)} frames of {X[0].shape[1]} features.")

    start = time.perf_counter()
    grid = {"net__pooling": ["last", "mean", "max"], "net__dropout": [0.0, 0.3]}
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    search = GridSearchCV(
        classifier(), grid, cv=folds, scoring="neg_log_loss", refit=False, n_jobs=2
    ).fit(X, y)
    print(f"Chosen on the training recordings: {search.best_params_}.")
    models = [
        classifier(seed).set_params(**search.best_params_).fit(X, y) for seed in SEEDS
    ]
    scores = [model.score(X_test, y_test) for model in models]
    print(f"Search and three fits took {time.perf_counter() - start:.0f} s.\n")
    each = ", ".join(f"{score:.3f}" for score in scores)
    print(f"Test accuracy {np.mean(scores):.3f} (seeds {SEEDS}: {each}).")
    print(f"Always the most frequent speaker: {most_frequent(y, y_test):.3f}.")
    draw(models, X_test, y_test, float(np.mean(scores)))
    print(f"\nSee {PICTURE}")


def most_frequent(y: np.ndarray, y_test: np.ndarray) -> float:
    speakers, counts = np.unique(y, return_counts=True)
    return float(np.mean(y_test == speakers[counts.argmax()]))


def draw(models: list, X: list[np.ndarray], y: np.ndarray, accuracy: float) -> None:
    """Confusion of all seeds together, in shares of each true speaker's recordings."""
    predictions = np.concatenate([model.predict(X) for model in models])
    figure, axes = plt.subplots(figsize=(7.5, 6.5), layout="constrained")
    ConfusionMatrixDisplay.from_predictions(
        np.tile(y, len(models)),
        predictions,
        normalize="true",
        values_format=".2f",
        cmap="Blues",
        xticks_rotation=45,
        ax=axes,
    )
    axes.set_title(f"Nine speakers, {len(y)} test recordings: accuracy {accuracy:.3f}")
    PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(PICTURE, dpi=120)


if __name__ == "__main__":
    main()

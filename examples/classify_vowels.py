"""Tell nine speakers apart by one vowel each, from 7 to 29 frames of their voice.

Japanese Vowels (UCI; it comes with sktime): 640 recordings of twelve cepstral
coefficients a frame, of unequal length, 270 to train on and 370 to test with, as its
authors split them. The list of recordings goes into ``LSTMClassifier()`` as it is.
Beside it stands a network of 64 units in both directions, without convolutions, whose
pooling and dropout are chosen by cross-validation on the training recordings. The test
recordings are looked at once.

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
from sktime.datasets import load_japanese_vowels

from skrnn import LSTMClassifier

SEEDS = [0, 1, 2]
PICTURE = Path("output") / "classify_vowels.png"


def load(split: str) -> tuple[list[np.ndarray], np.ndarray]:
    """Recordings (n_frames_i, 12) and their speakers."""
    frame, speakers = load_japanese_vowels(split=split, return_X_y=True)
    recordings = [np.column_stack(channels) for channels in frame.to_numpy().tolist()]
    return recordings, np.array([f"speaker {number}" for number in speakers])


def plain(seed: int = 0) -> LSTMClassifier:
    return LSTMClassifier(random_state=seed)


def classifier(seed: int = 0) -> LSTMClassifier:
    """The network to be tuned."""
    return LSTMClassifier(
        hidden_layer_sizes=64,
        bidirectional=True,
        conv_filters=None,
        label_smoothing=0.0,
        learning_rate="onecycle",
        learning_rate_init=0.01,
        max_iter=60,
        random_state=seed,
    )


def main() -> None:
    X, y = load("train")
    X_test, y_test = load("test")
    lengths = [len(x) for x in X + X_test]
    print(f"{len(X)} training and {len(X_test)} test recordings, ", end="")
    print(f"{min(lengths)} to {max(lengths)} frames of {X[0].shape[1]} features.")

    start = time.perf_counter()
    grid = {"pooling": ["last", "mean", "max"], "dropout": [0.0, 0.3]}
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    search = GridSearchCV(
        classifier(), grid, cv=folds, scoring="neg_log_loss", refit=False, n_jobs=2
    ).fit(X, y)
    print(f"Chosen on the training recordings: {search.best_params_}.")
    tuned = [
        classifier(seed).set_params(**search.best_params_).fit(X, y) for seed in SEEDS
    ]
    print(f"Search and three fits took {time.perf_counter() - start:.0f} s.")
    start = time.perf_counter()
    models = [plain(seed).fit(X, y) for seed in SEEDS]
    print(f"Three fits of the defaults took {time.perf_counter() - start:.0f} s.\n")
    print(f"Test accuracy, mean of the seeds {SEEDS}, and of each:")
    tell("LSTMClassifier()", [model.score(X_test, y_test) for model in models])
    tell("tuned, no convolutions", [model.score(X_test, y_test) for model in tuned])
    tell("always the most frequent speaker", [most_frequent(y, y_test)])
    draw(models, X_test, y_test)
    print(f"\nSee {PICTURE}")


def most_frequent(y: np.ndarray, y_test: np.ndarray) -> float:
    speakers, counts = np.unique(y, return_counts=True)
    return float(np.mean(y_test == speakers[counts.argmax()]))


def tell(name: str, scores: list[float]) -> None:
    each = ", ".join(f"{score:.3f}" for score in scores)
    print(f"  {name:33s} {np.mean(scores):.3f}  ({each})")


def draw(models: list, X: list[np.ndarray], y: np.ndarray) -> None:
    """Confusion of all seeds together, in shares of each true speaker's recordings."""
    predictions = np.concatenate([model.predict(X) for model in models])
    accuracy = np.mean(predictions == np.tile(y, len(models)))
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
    axes.set_title(f"LSTMClassifier(), {len(y)} test recordings: {accuracy:.3f} right")
    PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(PICTURE, dpi=120)


if __name__ == "__main__":
    main()

"""Accuracy and time of whole fits of MLPClassifier beside scikit-learn's.

Fashion-MNIST, 784-128-10, Adam, ten epochs over 60,000 images; both train from the same
seeds, in the same precision, and take turns. Run

    python tests/benchmarks/mlp.py --folder /usr/share/datasets/fashion-mnist

with the folder of the four idx files (the Debian package dataset-fashion-mnist has
them); without one, the 3,000 images that ship with skrnn are used. It prints Markdown
tables. engine.py times more cases, epoch by epoch.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
import warnings
from typing import Any

import numpy as np
import torch
from sklearn.neural_network import MLPClassifier as Original

from skrnn import MLPClassifier, load_fashion_mnist


def compare(
    X: np.ndarray, y: np.ndarray, options: dict[str, Any], repeats: int
) -> list[list[tuple[float, Any]]]:
    """Seconds and models of the original, and of ours, taking turns, a seed a turn."""
    sides: list[list[tuple[float, Any]]] = [[], []]
    for seed in range(repeats):
        for side, cls in zip(sides, (Original, MLPClassifier), strict=True):
            start = time.perf_counter()
            model = cls(random_state=seed, **options).fit(X, y)
            side.append((time.perf_counter() - start, model))
    return sides


def fashion(folder: str | None, repeats: int, epochs: int) -> None:
    X, y = load_fashion_mnist(folder, subset="train", return_X_y=True)
    X_test, y_test = load_fashion_mnist(folder, subset="test", return_X_y=True)
    print(
        "| precision | batch | scikit-learn (s) | skrnn (s) | times faster | "
        "accuracy, scikit-learn | accuracy, skrnn |\n|---|---|---|---|---|---|---|"
    )
    for dtype in ("float32", "float64"):
        train, test = ((images / 255).astype(dtype) for images in (X, X_test))
        for batch in (32, 200):
            options = {"hidden_layer_sizes": (128,), "max_iter": epochs}
            sides = compare(train, y, {**options, "batch_size": batch}, repeats)
            seconds = [statistics.median(s for s, _ in side) for side in sides]
            scores = [
                np.mean([m.score(test, y_test) for _, m in side]) for side in sides
            ]
            print(
                f"| {dtype} | {batch} | {seconds[0]:.2f} | {seconds[1]:.2f} | "
                f"{seconds[0] / seconds[1]:.2f} | {scores[0]:.4f} | {scores[1]:.4f} |",
                flush=True,
            )


def schedules(folder: str | None, repeats: int, epochs: int) -> None:
    """Accuracy in float32 with what is not in scikit-learn.

    The rate of "onecycle" was chosen among 0.003, 0.006 and 0.01 by the accuracy on the
    last 10,000 training images, of two seeds, in batches of 200.
    """
    X, y = load_fashion_mnist(folder, subset="train", return_X_y=True)
    X_test, y_test = load_fashion_mnist(folder, subset="test", return_X_y=True)
    train, test = ((images / 255).astype("float32") for images in (X, X_test))
    print("| batch | onecycle to 0.006: accuracy, skrnn |\n|---|---|")
    for batch in (32, 200):
        model = MLPClassifier(
            hidden_layer_sizes=(128,),
            batch_size=batch,
            learning_rate="onecycle",
            learning_rate_init=0.006,
            max_iter=epochs,
        )
        scores = [
            model.set_params(random_state=seed).fit(train, y).score(test, y_test)
            for seed in range(repeats)
        ]
        print(f"| {batch} | {np.mean(scores):.4f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", help="where the idx files of Fashion-MNIST are")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=10)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    MLPClassifier(max_iter=1).fit(np.eye(4), range(4))  # torch loads its parts
    print(
        f"torch {torch.__version__}, {torch.get_num_threads()} threads, "
        f"{platform.machine()}; medians of alternating fits\n"
    )
    fashion(options.folder, options.repeats, options.epochs)
    print()
    schedules(options.folder, options.repeats, options.epochs)


if __name__ == "__main__":
    main()

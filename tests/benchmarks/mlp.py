"""Fit times and accuracy of MLPClassifier beside scikit-learn's.

Fashion-MNIST, 784-128-10, Adam, ten epochs over 60,000 images, and iris at the default
settings; both train from the same seeds, in the same precision, and take turns. Run

    python tests/benchmarks/mlp.py --folder /usr/share/datasets/fashion-mnist

with the folder of the four idx files (the Debian package dataset-fashion-mnist has
them); without one, only iris is timed. It prints Markdown tables.
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
from sklearn.datasets import load_iris
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


def fashion(folder: str, repeats: int, epochs: int) -> None:
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
                f"| {dtype} | {batch} | {seconds[0]:.1f} | {seconds[1]:.1f} | "
                f"{seconds[0] / seconds[1]:.2f} | {scores[0]:.4f} | {scores[1]:.4f} |",
                flush=True,
            )


def schedules(folder: str, repeats: int, epochs: int) -> None:
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


def iris(repeats: int) -> None:
    X, y = load_iris(return_X_y=True)
    for name, options in (
        ("default", {}),
        ("batch_size=32", {"batch_size": 32}),
        ('solver="lbfgs"', {"solver": "lbfgs"}),
    ):
        sides = compare(X, y, options, repeats)
        seconds = [statistics.median(s for s, _ in side[1:]) for side in sides]
        print(
            f"| {name} | {seconds[0] * 1e3:.0f} | {seconds[1] * 1e3:.0f} | "
            f"{seconds[1] / seconds[0]:.2f} |",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", help="where the idx files of Fashion-MNIST are")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=10)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    print(
        f"torch {torch.__version__}, {torch.get_num_threads()} threads, "
        f"{platform.machine()}; medians of alternating fits\n"
    )
    print("| iris | scikit-learn (ms) | skrnn (ms) | skrnn / scikit-learn |")
    print("|---|---|---|---|")
    iris(4 * options.repeats)
    if options.folder:
        print()
        fashion(options.folder, options.repeats, options.epochs)
        print()
        schedules(options.folder, options.repeats, options.epochs)


if __name__ == "__main__":
    main()

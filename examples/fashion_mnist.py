"""Tell ten kinds of clothes apart from small grey images: the 784-128-10 network.

A hidden layer of 128 units and a softmax over ten classes, trained by Adam. Three
tenths of the training images are held out; their accuracy says when to stop, and the
weights with which it was best are kept. The test images are looked at once.

    python examples/fashion_mnist.py
    python examples/fashion_mnist.py --folder /usr/share/datasets/fashion-mnist

prints accuracies and draws ``output/fashion_mnist.png``. The first takes the 4,000
images that ship with skrnn, the second all 70,000 (the Debian package
dataset-fashion-mnist). It needs matplotlib: ``pip install -e ".[plots]"``.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix

from skrnn import MLPClassifier, load_fashion_mnist

PICTURE = Path("output") / "fashion_mnist.png"


def load(folder: str | None, subset: str) -> tuple[np.ndarray, np.ndarray]:
    """Grey values from 0 to 1 in single precision, and the classes."""
    X, y = load_fashion_mnist(folder, subset=subset, return_X_y=True)
    return X.astype(np.float32) / 255, y


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", help="where the idx files of all images are")
    folder = parser.parse_args().folder
    names = load_fashion_mnist().target_names
    X, y = load(folder, "train")
    X_test, y_test = load(folder, "test")
    print(f"{len(X):,} images to train on, {len(X_test):,} to test with.\n")

    start = time.perf_counter()
    model = MLPClassifier(
        hidden_layer_sizes=(128,),
        batch_size=32,
        early_stopping=True,
        validation_fraction=0.3,
        n_iter_no_change=5,
        max_iter=100,
        random_state=0,
    ).fit(X, y)
    print(model.summary())
    seconds = time.perf_counter() - start
    print(f"\n{model.n_iter_} epochs in {seconds:.0f} s, on {model.device_}.")
    linear = LogisticRegression(C=0.1, max_iter=300).fit(X[:3000], y[:3000])
    accuracy = model.score(X_test, y_test)
    print(f"Held-out accuracy, best epoch: {model.best_validation_score_:.3f}")
    print(f"Test accuracy:                 {accuracy:.3f}")
    linear_accuracy = linear.score(X_test, y_test)
    print(f"Logistic regression (3,000):   {linear_accuracy:.3f}")
    print(f"Always the same class:         {np.mean(y_test == 0):.3f}")

    prediction = model.predict(X_test)
    true, other, count = most_confused(y_test, prediction)
    print(f"\nMost often confused: {count} times a {names[true]} for a {names[other]}.")
    draw(model, X_test, y_test, prediction, names)
    print(f"See {PICTURE}")


def most_confused(y: np.ndarray, prediction: np.ndarray) -> tuple[int, int, int]:
    """True class, predicted class and how often."""
    counts = confusion_matrix(y, prediction)
    np.fill_diagonal(counts, 0)
    true, other = np.unravel_index(counts.argmax(), counts.shape)
    return int(true), int(other), int(counts.max())


def draw(
    model: MLPClassifier,
    X: np.ndarray,
    y: np.ndarray,
    prediction: np.ndarray,
    names: list[str],
) -> None:
    figure = plt.figure(figsize=(15, 6), layout="constrained")
    curves, matrix, images = figure.subfigures(1, 3, width_ratios=(4, 6, 4))
    draw_curves(model, curves)
    axes = matrix.subplots()
    ConfusionMatrixDisplay.from_predictions(
        y,
        prediction,
        display_labels=names,
        normalize="true",
        values_format=".2f",
        cmap="Blues",
        xticks_rotation=60,
        colorbar=False,
        ax=axes,
    )
    axes.set_title(f"Test accuracy {np.mean(prediction == y):.3f}")
    draw_mistakes(model, X, y, prediction, names, images)
    PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(PICTURE, dpi=110)


def draw_curves(model: MLPClassifier, figure: plt.Figure) -> None:
    upper, lower = figure.subplots(2, sharex=True)
    epochs = np.arange(1, model.n_iter_ + 1)
    upper.plot(epochs, model.loss_curve_)
    upper.set(ylabel="training loss")
    lower.plot(epochs, model.validation_scores_, color="tab:orange")
    best = int(np.argmax(model.validation_scores_))
    lower.plot(epochs[best], model.validation_scores_[best], "ko", label="kept")
    lower.set(xlabel="epoch", ylabel="held-out accuracy")
    lower.xaxis.get_major_locator().set_params(integer=True)
    lower.legend()


def draw_mistakes(
    model: MLPClassifier,
    X: np.ndarray,
    y: np.ndarray,
    prediction: np.ndarray,
    names: list[str],
    figure: plt.Figure,
) -> None:
    """The images that the network takes for something else with most confidence."""
    wrong = np.flatnonzero(prediction != y)
    confidence = model.predict_proba(X[wrong]).max(axis=1)
    surest = wrong[np.argsort(-confidence)[:9]]
    figure.suptitle("Wrong and sure of it")
    for axes, i in zip(figure.subplots(3, 3).flat, surest, strict=True):
        axes.imshow(X[i].reshape(28, 28), cmap="gray_r")
        axes.set_title(f"{names[y[i]]}\ntaken for {names[prediction[i]]}", fontsize=8)
        axes.axis("off")


if __name__ == "__main__":
    main()

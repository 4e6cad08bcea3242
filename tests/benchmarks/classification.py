"""Accuracy on time series of the UCR and UEA archives, as sktime ships them.

For each data set the default split into training and test samples is used. Cell,
pooling, dropout, scaling and the rows that make up a step are chosen on the training
samples alone, by the log loss of a stratified cross-validation: five times two folds
where there are fewer than 100 samples (learning from half of them tells candidates
apart that all but solve the training set), else three folds. The choice is then fitted
to all training samples with three seeds, and each fit scored once on the test samples.
All else is the same for every data set: 64 units in both directions, label smoothing
0.1, Adam with one learning-rate cycle up to 0.01, 100 epochs of batches of 16.

Run ``python tests/benchmarks/classification.py [NAME ...]``; it prints a Markdown table
and takes about 40 minutes on two cores for all.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.model_selection import GridSearchCV, RepeatedStratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sktime import datasets

from skrnn import GRUClassifier, LSTMClassifier, SequenceScaler

NETWORK = {
    "hidden_layer_sizes": 64,
    "bidirectional": True,
    "label_smoothing": 0.1,
    "batch_size": 16,
    "learning_rate": "onecycle",
    "learning_rate_init": 0.01,
    "max_grad_norm": 1.0,
    "max_iter": 100,
    "random_state": 0,
}
CELLS = {"GRU": GRUClassifier(**NETWORK), "LSTM": LSTMClassifier(**NETWORK)}
SEEDS = (0, 1, 2)


def shape_and_level(sequences: list[np.ndarray]) -> list[np.ndarray]:
    """Each sequence scaled by its own rows, its level and log scale beside it."""
    shapes = SequenceScaler(per_sequence=True).fit_transform(sequences)
    beside = [
        np.concatenate([x.mean(axis=0), np.log(x.std(axis=0) + 1e-6)])
        for x in sequences
    ]
    return [
        np.hstack([shape, np.tile(row, (len(shape), 1))])
        for shape, row in zip(shapes, beside, strict=True)
    ]


def stack_rows(sequences: list[np.ndarray], n_rows: int) -> list[np.ndarray]:
    """Shorter sequences: each step holds ``n_rows`` rows side by side.

    The oldest rows that do not fill a step are left out.
    """
    counts = [len(sequence) // n_rows for sequence in sequences]
    return [
        sequence[len(sequence) - count * n_rows :].reshape(count, -1)
        for sequence, count in zip(sequences, counts, strict=True)
    ]


OWN_SCALES = {
    "as it is": "passthrough",
    "own scale": SequenceScaler(per_sequence=True),
    "own scale, level beside": FunctionTransformer(shape_and_level),
}


@dataclass(frozen=True)
class Data:
    """How to load a data set, and what there is to choose from."""

    load: Callable[..., Any]
    rows_a_step: tuple[int, ...] = (1,)
    scales: tuple[str, ...] = ("as it is",)
    dropouts: tuple[float, ...] = (0.3, 0.5)
    n_splits: int = 2
    n_repeats: int = 5


DATA = {
    "JapaneseVowels": Data(datasets.load_japanese_vowels, n_splits=3, n_repeats=1),
    "BasicMotions": Data(datasets.load_basic_motions, (1, 5)),
    "ItalyPowerDemand": Data(datasets.load_italy_power_demand),
    "GunPoint": Data(datasets.load_gunpoint, (5, 10)),
    "ArrowHead": Data(datasets.load_arrow_head, (10, 25, 50)),
    "PLAID": Data(datasets.load_plaid, (20,), tuple(OWN_SCALES), (0.3,), 3, 1),
}


def load(name: str, split: str) -> tuple[list[np.ndarray], np.ndarray]:
    """Sequences (n_timesteps_i, n_channels) and their classes."""
    nested, y = DATA[name].load(split=split, return_X_y=True)
    rows = nested.itertuples(index=False)
    return [np.column_stack([np.asarray(x, float) for x in row]) for row in rows], y


def pipeline() -> Pipeline:
    return Pipeline(
        [
            ("own", "passthrough"),
            ("scale", SequenceScaler()),
            ("stack", FunctionTransformer(stack_rows)),
            ("net", GRUClassifier(**NETWORK)),
        ]
    )


def choose(data: Data, X: list[np.ndarray], y: np.ndarray) -> GridSearchCV:
    """The best candidate by cross-validation on the training samples."""
    grid = {
        "own": [OWN_SCALES[scale] for scale in data.scales],
        "stack__kw_args": [{"n_rows": n_rows} for n_rows in data.rows_a_step],
        "net": list(CELLS.values()),
        "net__pooling": ["last", "mean", "max"],
        "net__dropout": list(data.dropouts),
    }
    folds = RepeatedStratifiedKFold(
        n_splits=data.n_splits, n_repeats=data.n_repeats, random_state=0
    )
    search = GridSearchCV(
        pipeline(), grid, scoring="neg_log_loss", cv=folds, refit=False, n_jobs=2
    )
    return search.fit(X, y)


def in_words(chosen: dict[str, Any]) -> str:
    own = next(k for k, v in OWN_SCALES.items() if repr(v) == repr(chosen["own"]))
    cell = type(chosen["net"]).__name__.removesuffix("Classifier")
    n_rows = chosen["stack__kw_args"]["n_rows"]
    words = f"{cell}, {chosen['net__pooling']}, dropout {chosen['net__dropout']}"
    words += f", {n_rows} rows a step" if n_rows > 1 else ""
    return words if own == "as it is" else f"{words}, {own}"


def measure(name: str) -> None:
    X, y = load(name, "train")
    X_test, y_test = load(name, "test")
    start = time.perf_counter()
    search = choose(DATA[name], X, y)
    searched = time.perf_counter() - start
    scores = []
    start = time.perf_counter()
    for seed in SEEDS:
        model = pipeline().set_params(**search.best_params_)
        model.set_params(net__random_state=seed).fit(X, y)
        scores.append(model.score(X_test, y_test))
    seconds = (time.perf_counter() - start) / len(SEEDS)
    cells = [
        name,
        len(X),
        len(X_test),
        f"{np.mean(scores):.3f}",
        " ".join(f"{score:.3f}" for score in scores),
        in_words(search.best_params_),
        f"{-search.best_score_:.3f}",
        f"{seconds:.0f}",
        f"{searched:.0f}",
    ]
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(DATA))
    names = parser.parse_args().names or list(DATA)
    unknown = sorted(set(names) - set(DATA))
    if unknown:
        parser.error(f"unknown: {unknown}; there are {list(DATA)}")
    print("| data | train | test | accuracy | of each seed | chosen on train ", end="")
    print(
        "| log loss in CV | s to fit | s to choose |\n" + "|---" * 9 + "|", flush=True
    )
    for name in names:
        measure(name)


if __name__ == "__main__":
    main()

"""What X and y may be."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from sklearn.pipeline import make_pipeline

from skrnn import (
    GRUClassifier,
    GRURegressor,
    LSTMClassifier,
    LSTMRegressor,
    MLPRegressor,
    RNNClassifier,
    RNNRegressor,
    SequenceScaler,
    TextSequencer,
    Windows,
)

from .data import (
    CELLS,
    CLASSES,
    CLASSIFIERS,
    COUNTS,
    IDS,
    LABELS,
    LENGTHS,
    LISTED,
    PANEL,
    REGRESSORS,
    ROWS,
    STEPS,
    TABLE,
    TEXTS,
    TWO,
    WEIGHTS,
    Case,
    Results,
    X,
    Y,
    fitted,
    model_of,
    view_of,
)


def inputs() -> Iterator[Case]:
    """All forms of X, with each cell in turn, and X in the transformers."""
    padded = X.copy()
    padded[LENGTHS[:, None] <= np.arange(6)] = np.nan
    late = X.copy()
    late[3:9, :2] = np.nan
    frame = pd.DataFrame(X[:, :, 0], columns=[f"t{i}" for i in range(6)])
    forms = {
        "3-D": X,
        "3-D float32": X.astype("f4"),
        "3-D of integers": (X * 9).astype(int),
        "3-D Fortran": np.asfortranarray(X),
        "padded behind": padded,
        "padded ahead": late,
        "2-D": X[:, :, 0],
        "frame": frame,
        "polars": pl.DataFrame({name: frame[name].to_list() for name in frame}),
        "nested lists": X.tolist(),
        "list": LISTED,
        "list 1-D": [x[:, 0] for x in LISTED],
        "list of frames": [pd.DataFrame(x, columns=list("abc")) for x in LISTED],
        "panel": PANEL,
        "sliding view": view_of(ROWS[:53], 6),
        "copies of a view": np.array(view_of(ROWS[:53], 6)),
        "Windows": Windows.from_series(ROWS[:53], 6),
        "Windows apart": Windows.from_series(ROWS, 6, step_length=6),
        "Windows of a list": Windows.from_sequences(LISTED),
    }
    for i, (name, form) in enumerate(forms.items()):
        cell = CELLS[i % 3]
        model = model_of(REGRESSORS[cell], early_stopping=True, validation_fraction=0.2)
        yield f"X {cell} {name}", partial(fitted, model, form, Y)
        model = model_of(CLASSIFIERS[cell], dtype="float64")
        yield f"X classifier {cell} {name}", partial(fitted, model, form, CLASSES)
        yield f"SequenceScaler {name}", partial(scaled, form)
    tokens = np.zeros((48, 6), dtype=int)
    for row, ids in zip(tokens, IDS, strict=True):
        row[: len(ids)] = ids
    for i, (name, form) in enumerate({"list": IDS, "padded": tokens}.items()):
        model = model_of(CLASSIFIERS[CELLS[i]], embedding_dim=4, input_dropout=0.1)
        yield f"X tokens {name}", partial(fitted, model, form, CLASSES)
    model = model_of(GRUClassifier, embedding_dim=4, bidirectional=True)
    pipeline = make_pipeline(TextSequencer(), model)
    yield "X texts", partial(fitted, pipeline, TEXTS, CLASSES)


def scaled(form: Any) -> Results:
    """What SequenceScaler makes of X, and back."""
    alone = SequenceScaler("robust", per_sequence=True).fit_transform(form)
    scaler = SequenceScaler().fit(form)
    there = scaler.transform(form)
    return {"alone": alone, "there": there, "back": scaler.inverse_transform(there)}


def targets() -> Iterator[Case]:
    """All forms of y, weights and losses."""
    forms = {
        "2-D": TWO,
        "column": Y[:, None],
        "float32": Y.astype("f4"),
        "integers": COUNTS.astype(int),
        "Series": pd.Series(Y),
        "frame": pd.DataFrame(TWO, columns=["a", "b"]),
        "list": Y.tolist(),
    }
    for i, (name, y) in enumerate(forms.items()):
        model = model_of(REGRESSORS[CELLS[i % 3]])
        yield f"y {CELLS[i % 3]} {name}", partial(fitted, model, X, y)
    labels = {
        "two": CLASSES == "low",
        "negative": np.digitize(Y, [-1, 1]) - 1,
        "strings": CLASSES.tolist(),
        "Series": pd.Series(CLASSES),
        "multilabel": LABELS,
    }
    smooth = {"label_smoothing": 0.1, "early_stopping": True}
    for i, (name, y) in enumerate(labels.items()):
        model = model_of(CLASSIFIERS[CELLS[i % 3]], class_weight="balanced", **smooth)
        case = partial(fitted, model, LISTED, y, sample_weight=WEIGHTS)
        yield f"y classifier {CELLS[i % 3]} {name}", case
    model = model_of(GRUClassifier, class_weight={"low": 3, "mid": 1, "top": 0.5})
    yield "y classifier class_weight", partial(fitted, model, X, CLASSES)
    model = model_of(RNNClassifier, class_weight=[{0: 1, 1: 3}, {0: 2, 1: 1}])
    yield "y classifier multilabel class_weight", partial(fitted, model, X, LABELS)
    model, windows = model_of(LSTMClassifier, **smooth), view_of(ROWS[:53], 6)
    for name, y in {"sorted": np.sort(CLASSES), "mixed": CLASSES}.items():
        yield f"y classifier overlapping {name}", partial(fitted, model, windows, y)
    for loss in ("squared_error", "absolute_error", "huber", "poisson", "quantile"):
        model = model_of(LSTMRegressor, loss=loss, quantile=0.8)
        case = partial(fitted, model, X, COUNTS, sample_weight=WEIGHTS)
        yield f"loss {loss}", case
        model = model_of(MLPRegressor, loss=loss, quantile=0.8)
        yield f"loss mlp {loss}", partial(fitted, model, TABLE, COUNTS)
    yield from targets_of_steps()


def targets_of_steps() -> Iterator[Case]:
    """A target at each step."""
    listed = [s[:n] for s, n in zip(STEPS, LENGTHS, strict=True)]
    words = [np.where(s > 0, "up", "down") for s in listed]
    panel = pd.Series(np.concatenate(listed), PANEL.index)
    several = np.stack([STEPS, -STEPS], axis=2)
    held = {"early_stopping": True, "validation_fraction": 0.3}
    cases: dict[str, tuple[Any, Any, Any, dict[str, Any]]] = {
        "array": (LSTMRegressor, X, STEPS, held),
        "several": (GRURegressor, X, several, {"alpha": 0.1}),
        "list": (RNNRegressor, LISTED, listed, held),
        "panel": (GRURegressor, PANEL, panel, {}),
        "labels": (LSTMClassifier, LISTED, words, {"class_weight": "balanced"}),
        "both ways": (GRUClassifier, X, STEPS > 0, {"bidirectional": True, **held}),
    }
    for name, (cls, features, y, params) in cases.items():
        model = model_of(cls, return_sequences=True, **params)
        case = partial(fitted, model, features, y, sample_weight=WEIGHTS)
        yield f"steps {name}", case


def cases() -> Iterator[Case]:
    """All cases of this file."""
    yield from inputs()
    yield from targets()

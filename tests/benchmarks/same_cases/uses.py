"""States, streams, gates, files, pipelines, searches and pictures."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import skops.io
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import (
    TRUSTED_TYPES,
    GRUClassifier,
    GRURegressor,
    LSTMClassifier,
    LSTMRegressor,
    MLPClassifier,
    RNNClassifier,
    RNNRegressor,
    SequenceScaler,
    SlidingWindow,
    TextSequencer,
    Windows,
    load_electricity,
    load_reviews,
    load_stocks,
    make_supervised,
)
from skrnn.inspection import (
    GateDisplay,
    GradientNormDisplay,
    LossCurveDisplay,
    gradient_norms,
)

from .data import (
    CELLS,
    CLASSES,
    IDS,
    LABELS,
    LISTED,
    PANEL,
    REGRESSORS,
    ROWS,
    TABLE,
    TEXTS,
    Case,
    Results,
    X,
    Y,
    fitted,
    learnt,
    model_of,
    told,
)


def life() -> Iterator[Case]:
    """States, streams, gates, files, pipelines and searches."""
    own: dict[str, dict[str, Any]] = {
        "rnn": {"activation": "relu", "conv_filters": 3},
        "gru": {"reset_after": False, "zoneout": 0.1, "pooling": "mean"},
        "lstm": {"peephole": True, "hidden_layer_sizes": (5, 4)},
    }
    for cell in CELLS:
        for params in ({}, own[cell]):
            model = model_of(REGRESSORS[cell], **params)
            yield f"stream {cell} {told(params)}", partial(streamed, model)
            case = partial(looked_into, clone(model), X)
            yield f"gates {cell} {told(params)}", case
            last = {**params, "pooling": "last", "stateful": True, "shuffle": False}
            model = model_of(REGRESSORS[cell], **{**last, "batch_size": 4})
            yield f"stateful {cell} {told(params)}", partial(fitted, model, X, Y)
        model = model_of(REGRESSORS[cell], **{**last, "early_stopping": True})
        model.set_params(batch_size="auto")
        yield f"stateful {cell} early_stopping", partial(fitted, model, X, Y)
        for pooling in ("max", "attention"):
            model = model_of(REGRESSORS[cell], pooling=pooling)
            yield f"stream {cell} {pooling}", partial(streamed, model)
    yield "stream classifier", streamed_classes
    yield (
        "gates both ways",
        partial(looked_into, model_of(LSTMRegressor, bidirectional=True), LISTED),
    )
    for name, model in {
        "lstm": model_of(LSTMClassifier, projection_size=2, class_weight="balanced"),
        "gru": model_of(GRUClassifier, conv_filters=3),
        "scaled": make_pipeline(SequenceScaler(), model_of(RNNClassifier)),
    }.items():
        yield f"files {name}", partial(kept, model, LISTED, CLASSES)
    yield "files mlp", partial(kept, model_of(MLPClassifier), TABLE, LABELS)
    yield "pipeline windows", windowed
    yield "pipeline lags", lagged
    yield "search", searched
    yield "text", sequenced
    yield "data sets", data_sets
    yield "windows", joined_windows
    yield "pictures", pictures


def streamed(model: Any) -> Results:
    """A series that is followed row by row, and in parts."""
    stream = model.fit(X, Y).stream(ROWS[:20])
    steps = [stream.step(row) for row in ROWS[20:25]]
    other = copy.deepcopy(stream)
    parts = stream.predict(ROWS[25:40])
    stream.reset_state()
    anew = [stream.step(row) for row in ROWS[:3]]
    loaded = pickle.loads(pickle.dumps(other)).predict(ROWS[25:30])
    return {"steps": steps, "parts": parts, "anew": anew, "loaded": loaded}


def streamed_classes() -> Results:
    """Probabilities row by row, of token ids."""
    model = model_of(LSTMClassifier, embedding_dim=3).fit(IDS, CLASSES)
    stream = model.stream([1, 2, 3])
    return {
        "step": [stream.step(4), stream.step(5)],
        "step_proba": stream.step_proba(2),
        "predict": stream.predict([3, 4, 1]),
        "predict_proba": stream.predict_proba([3, 4, 1]),
    }


def looked_into(model: Any, features: Any) -> Results:
    """Activations of gates, gradients over time, and the summary."""
    model.fit(features, Y)
    distances, norms = gradient_norms(model, features, Y)
    gates = model.gate_activations(features, layer=0)
    summary = str(model.summary())
    return {"gates": gates, "distances": distances, "norms": norms, "text": summary}


def kept(model: Any, features: Any, y: Any) -> Results:
    """A model that comes out of two kinds of files."""
    model.fit(features, y)
    pickled = pickle.loads(pickle.dumps(model))
    read = skops.io.loads(skops.io.dumps(model), trusted=TRUSTED_TYPES)
    return {"pickled": learnt(pickled, features), "read": learnt(read, features)}


def windowed() -> Results:
    """Rows with dates, windows that remember, and a scaled target."""
    index = pd.date_range("2024-01-01", periods=90, freq="h")
    frame = pd.DataFrame(ROWS[:90], index, columns=list("abc"))
    rows, y, ahead = make_supervised(frame, "a", horizon=2, return_future=True)
    scaler = StandardScaler().set_output(transform="pandas")
    pipeline = make_pipeline(scaler, SlidingWindow(5), model_of(GRURegressor))
    model = TransformedTargetRegressor(pipeline, transformer=StandardScaler())
    model.fit(rows, y)
    window = SlidingWindow(5).fit(rows)
    read = skops.io.loads(skops.io.dumps(window), trusted=TRUSTED_TYPES)
    found = {"seen": model.predict(rows), "ahead": model.predict(ahead)}
    return {"y": y, **found, "read": read.transform(ahead)}


def lagged() -> Results:
    """Windows of a panel, and flat lags."""
    window = SlidingWindow(3)
    rows, y = make_supervised(PANEL, PANEL["a"])
    windows = window.fit_transform(rows)
    flat = SlidingWindow(3, flatten=True).set_output(transform="pandas")
    always = SlidingWindow(3, context="always").fit(ROWS[:9]).transform(ROWS[9:20])
    results = fitted(model_of(RNNRegressor, early_stopping=True), windows, y)
    return {
        "windows": windows,
        "flat": flat.fit_transform(ROWS),
        "names": list(flat.get_feature_names_out()),
        "always": always,
        **results,
    }


def searched() -> Results:
    """A search over a pipeline, and predictions across folds."""
    pipeline = make_pipeline(SequenceScaler("min-max"), model_of(GRUClassifier))
    grid = {"gruclassifier__pooling": ["last", "max"]}
    search = GridSearchCV(pipeline, grid, cv=KFold(2)).fit(X, CLASSES)
    scores = search.cv_results_["mean_test_score"]
    folds = cross_val_predict(model_of(LSTMRegressor), X, Y, cv=KFold(3))
    found = {"scores": scores, "best": str(search.best_params_), "folds": folds}
    return {**found, "predictions": search.predict_proba(X)}


def sequenced() -> Results:
    """Texts to ids and back."""
    sequencer = TextSequencer(max_features=6, min_df=1, max_length=4).fit(TEXTS)
    ids = sequencer.transform(TEXTS)
    chars = TextSequencer(analyzer="char").fit_transform(TEXTS)
    words = sequencer.inverse_transform(ids)
    return {"ids": ids, "words": [" ".join(text) for text in words], "chars": chars}


def data_sets() -> Results:
    """The small series that ship with the package."""
    loads = (load_electricity, load_reviews, load_stocks)
    return {load.__name__: load(return_X_y=True) for load in loads}


def joined_windows() -> Results:
    """Windows as arrays, in parts and in other rows."""
    windows = Windows.from_series(ROWS, 4, series_lengths=[100, 188], complete=False)
    return {
        "array": np.asarray(windows),
        "longer": windows.to_array(9),
        "part": windows[5:9],
        "chosen": windows[np.array([3, 1])],
        "negative": windows.with_rows(-ROWS),
        "text": repr(windows),
    }


def pictures() -> Results:
    """The lines that displays draw."""
    model = model_of(GRURegressor, early_stopping=True).fit(LISTED, Y)
    displays = {
        "loss": LossCurveDisplay.from_estimator(model),
        "gates": GateDisplay.from_estimator(model, LISTED, sample=3),
        "gradients": GradientNormDisplay.from_estimator(model, X, Y),
    }
    return {
        name: [line.get_xydata() for ax in display.figure_.axes for line in ax.lines]
        for name, display in displays.items()
    }


def cases() -> Iterator[Case]:
    """All cases of this file."""
    yield from life()

"""Warnings point at the line of the user, however deep they are raised."""

import copy
import io
import pickle
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import (
    TRUSTED_TYPES,
    GRURegressor,
    LSTMClassifier,
    MLPRegressor,
    SlidingWindow,
)
from skrnn.sktime import MLPForecaster

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(20, 4)), RNG.normal(size=20)
SERIES = pd.Series(RNG.normal(size=30), pd.period_range("2000", periods=30, freq="M"))
BRIEF = {"max_iter": 2, "learning_rate": "constant", "random_state": 0}
QUIET = {**BRIEF, "learning_rate": "cosine"}
ROWS = pd.DataFrame(X, pd.date_range("2000", periods=20), list("abcd"))


def _pipeline():
    return make_pipeline(StandardScaler(), GRURegressor(3, **BRIEF))


CALLS = {
    "alone": lambda: GRURegressor(3, **BRIEF).fit(X, Y),
    "labels": lambda: LSTMClassifier(3, **BRIEF).fit(X, Y > 0),
    "perceptron": lambda: MLPRegressor(hidden_layer_sizes=3, **BRIEF).fit(X, Y),
    "pipeline": lambda: _pipeline().fit(X, Y),
    "scaled target": lambda: TransformedTargetRegressor(_pipeline()).fit(X, Y),
    "search": lambda: GridSearchCV(GRURegressor(3, **BRIEF), {}, cv=2).fit(X, Y),
    "forecaster": lambda: MLPForecaster(3, **BRIEF).fit(SERIES, fh=[1]),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_warning_points_at_the_line_that_calls_us(name):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        CALLS[name]()
    lines = {w.filename for w in caught if w.category is ConvergenceWarning}
    assert lines == {__file__}


def _forecaster():
    return MLPForecaster(3, **QUIET).fit(SERIES[:20], fh=[1])


def _from_elsewhere():
    """An estimator in whose file there is a device that is not here."""
    model = MLPRegressor(hidden_layer_sizes=3, **QUIET).fit(X, Y)
    return model.set_params(device="cuda:7")


def _by_joblib():
    file = io.BytesIO()
    joblib.dump(_from_elsewhere(), file)
    file.seek(0)
    return joblib.load(file)


def _by_skops():
    return skops.io.loads(skops.io.dumps(_from_elsewhere()), trusted=TRUSTED_TYPES)


REMARKS = {
    "column of labels": (
        lambda: LSTMClassifier(3, **QUIET).fit(X, Y[:, np.newaxis] > 0),
        "A column-vector y was passed",
    ),
    "column of numbers": (
        lambda: MLPRegressor(hidden_layer_sizes=3, **QUIET).fit(X, Y[:, np.newaxis]),
        "A column-vector y was passed",
    ),
    "index lost": (
        lambda: make_pipeline(StandardScaler(), SlidingWindow(3)).fit(
            ROWS, pd.Series(Y, ROWS.index)
        ),
        "X came without an index",
    ),
    "update backwards": (
        lambda: _forecaster().update(SERIES[15:18]),
        "update went back in time",
    ),
    "gaps": (
        lambda: MLPForecaster(3, **QUIET).fit(
            pd.Series(Y, ROWS.index).drop(ROWS.index[7]), fh=[1]
        ),
        "distances differ",
    ),
    "one step a row": (
        lambda: (
            GRURegressor(3, **QUIET)
            .fit([X[:3, :1], X[3:9, :1]], [1, 2])
            .predict(X[:, :1])
        ),
        "sequences of one step",
    ),
    "held-out target that is constant": (
        lambda: GRURegressor(3, **QUIET).fit(X, Y, X_val=X, y_val=np.ones(20)),
        "target is constant",
    ),
    "y_val in other units": (
        lambda: TransformedTargetRegressor(
            MLPRegressor(hidden_layer_sizes=3, **QUIET), transformer=StandardScaler()
        ).fit(X, 1e6 + Y, X_val=X, y_val=1e6 + Y),
        "TransformedTargetRegressor transforms y alone",
    ),
    "pickle": (lambda: pickle.loads(pickle.dumps(_from_elsewhere())), "cuda:7"),
    "copy": (lambda: copy.deepcopy(_from_elsewhere()), "cuda:7"),
    "joblib": (_by_joblib, "cuda:7"),
    "skops": (_by_skops, "cuda:7"),
}


@pytest.mark.parametrize("name", REMARKS)
def test_other_warnings_do_so_too(name):
    call, text = REMARKS[name]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    assert [w.filename for w in caught if text in str(w.message)] == [__file__]

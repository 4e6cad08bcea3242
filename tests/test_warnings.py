"""Warnings point at the line of the user, however deep they are raised."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import GRURegressor, LSTMClassifier, MLPRegressor
from skrnn.sktime import MLPForecaster

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(20, 4)), RNG.normal(size=20)
SERIES = pd.Series(RNG.normal(size=30), pd.period_range("2000", periods=30, freq="M"))
BRIEF = {"max_iter": 2, "random_state": 0}


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

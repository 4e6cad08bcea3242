"""What a fit learns of X and of y: two records, of plain data."""

import inspect

import numpy as np
import pandas as pd
import pytest

import skrnn.estimators
from skrnn import LSTMClassifier, LSTMRegressor, MLPClassifier, MLPRegressor, Windows
from skrnn.windows import form_of

X = np.random.default_rng(0).normal(size=(12, 5, 2))
NUMBERS = X[:, -1]
LABELS = np.where(X[:, -1, 0] > 0, "high", "low")
QUICK = {"max_iter": 1, "random_state": 0, "learning_rate": "cosine"}
PLAIN = (bool, int, float, str, type(None), np.ndarray)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    ("model", "y"),
    [
        (LSTMRegressor(2, **QUICK), NUMBERS),
        (LSTMClassifier(2, **QUICK), LABELS),
        (MLPRegressor(hidden_layer_sizes=2, max_iter=1), NUMBERS),
        (MLPClassifier(2, max_iter=1), LABELS),
    ],
)
def test_records_are_plain_data(model, y):
    is_mlp = type(model).__name__.startswith("MLP")
    model.fit(X[:, :, 0] if is_mlp else X, y)
    for record in (model._reader, model._task):
        values = vars(record)
        assert all(isinstance(value, PLAIN) for value in values.values())
        assert vars(type(record)(**values)) == values


def test_a_reader_knows_the_form_of_fit():
    reader = LSTMRegressor(2, **QUICK).fit(X, NUMBERS)._reader
    assert (reader.is_table, reader.n_features, reader.n_timesteps) == (False, 2, 5)
    reader = LSTMRegressor(2, **QUICK).fit(X[:, :, 0], NUMBERS)._reader
    assert (reader.is_table, reader.n_features, reader.n_timesteps) == (True, 1, 5)
    reader = LSTMRegressor(2, **QUICK).fit(
        [x[i % 3 :] for i, x in enumerate(X)], NUMBERS
    )
    assert reader._reader.n_timesteps is None


@pytest.mark.parametrize(
    ("given", "form"),
    [
        (X, "array"),
        (X.tolist(), "list"),
        (X[:, :, 0], "table"),
        (X[:, :, 0].tolist(), "table"),
        (pd.DataFrame(X[:, :, 0]), "table"),
        (list(X), "list"),
        (pd.Series(list(X[:, :, 0])), "list"),
        (pd.concat({"a": pd.DataFrame(X[0])}), "panel"),
        (Windows.from_array(X), "windows"),
    ],
)
def test_forms_of_sequences(given, form):
    assert form_of(given)[0] == form


def test_what_a_base_class_implements_is_final():
    """Only what is abstract, or of another package, is implemented further down."""
    for name in skrnn.estimators.__all__:
        cls = getattr(skrnn.estimators, name)
        if not inspect.isclass(cls):
            continue
        ours = [base for base in cls.__mro__ if base.__module__.startswith("skrnn")]
        places = {}
        for base in ours:
            for method, value in vars(base).items():
                if inspect.isfunction(value) and not method.startswith("__"):
                    is_abstract = getattr(value, "__isabstractmethod__", False)
                    places.setdefault(method, []).append((base.__name__, is_abstract))
        for method, found in places.items():
            assert all(is_abstract for _, is_abstract in found[1:]), (method, found)

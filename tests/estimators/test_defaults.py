"""What recurrent estimators are and do if nothing is asked of them."""

import warnings

import numpy as np
import pytest
from sklearn.linear_model import RidgeCV

from skrnn import GRUClassifier, LSTMClassifier, RNNClassifier
from tests.common_estimators import (
    RECURRENT_CLASSIFIERS,
    RECURRENT_REGRESSORS,
    tones,
    windows_of,
)

SEQUENCES, Y = tones(60)
DENSE = np.stack([np.resize(x, (12, 1)) for x in SEQUENCES])
SHORT = {"hidden_layer_sizes": 4, "max_iter": 1, "random_state": 0}


def architecture_of(cls, X, y, **options):
    module = cls(**SHORT, **options).fit(X, y).net_.module_
    return module.architecture, module


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("cls", RECURRENT_REGRESSORS)
def test_prices_in_dollars_are_predicted_at_once(cls):
    rng, n = np.random.default_rng(0), np.arange(260)
    rows = 250_000 + 40_000 * np.sin(n / 9) + rng.normal(size=260) * 2000
    X, y = windows_of(rows[:, None], 12)
    model = cls(8, random_state=0).fit(X[:180], y[:180])
    flat = X[:, :, 0]
    ridge = RidgeCV(np.logspace(3, 12, 10)).fit(flat[:180], y[:180])
    ours, theirs = (
        np.mean((found - y[180:]) ** 2)
        for found in (model.predict(X[180:]), ridge.predict(flat[180:]))
    )
    assert ours < 1.06 * theirs  # 3 % of its root


@pytest.mark.filterwarnings("error")
def test_shapes_in_odd_units_are_told_apart_at_once():
    sequences = [1e6 + 1e4 * x for x in SEQUENCES]
    others, classes = tones(60, seed=1)
    model = RNNClassifier(random_state=0).fit(sequences, Y)
    assert model.score([1e6 + 1e4 * x for x in others], classes) > 0.95


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("cls", RECURRENT_CLASSIFIERS)
def test_classifiers_read_shapes(cls):
    parts, module = architecture_of(cls, DENSE, Y)
    assert parts.pooling == ("last", "max", "mean")
    assert parts.conv_filters == (64, 64, 64)
    assert parts.conv_padding == "same"
    assert parts.conv_pooling == ("mean", "max")
    assert parts.conv_norm == "batch"
    assert parts.kernel_sizes == (8, 5, 3)
    assert module.input_normalization is not None


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    ("X", "y", "options"),
    [
        (DENSE, DENSE[:, :, 0] > 0, {"return_sequences": True}),
        (DENSE, Y, {"stateful": True, "shuffle": False}),
    ],
    ids=["steps", "pieces"],
)
def test_classifiers_that_answer_at_each_step_read_no_further(X, y, options):
    parts, _ = architecture_of(LSTMClassifier, X, y, **options)
    assert (parts.pooling, parts.conv_filters) == ("last", None)
    parts, _ = architecture_of(LSTMClassifier, X, y, **options, conv_filters=3)
    assert (parts.conv_padding, parts.conv_pooling) == ("causal", None)
    assert parts.stride == 1
    model = LSTMClassifier(**SHORT, **options).fit(X, y)
    stream = model.stream()  # which nothing that reads ahead has
    expected = model.predict_proba(X[:1])[0]
    found = stream.predict_proba(X[0])
    expected = expected if y.ndim == 2 else expected[None]
    np.testing.assert_allclose(found[-len(expected) :], expected, atol=1e-6)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_tokens_have_no_filters():
    ids = np.arange(1, 241).reshape(60, 4) % 7 + 1
    parts, _ = architecture_of(GRUClassifier, ids, Y, embedding_dim=3)
    assert parts.conv_filters is None
    assert parts.pooling == ("last", "max", "mean")


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_what_is_asked_for_stays():
    asked = {
        "pooling": "max",
        "conv_filters": (3,),
        "conv_padding": "valid",
        "conv_norm": None,
        "conv_pooling": "max",
    }
    parts, _ = architecture_of(GRUClassifier, DENSE, Y, **asked)
    assert {name: getattr(parts, name) for name in asked} == asked


def test_a_classifier_that_reads_ahead_says_what_a_stream_needs():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = GRUClassifier(**SHORT).fit(DENSE, Y)
    with pytest.raises(ValueError, match="a stream answers after each row, which"):
        model.stream()

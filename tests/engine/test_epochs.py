"""A fit by the engine is the fit by torch: each epoch, from the same seed."""

import os
from contextlib import contextmanager
from unittest.mock import patch

import numpy as np
import pytest
from sklearn.base import clone

from skrnn import (
    GRUClassifier,
    GRURegressor,
    LSTMClassifier,
    LSTMRegressor,
    MLPClassifier,
    MLPRegressor,
    RNNClassifier,
    RNNRegressor,
)
from skrnn.engine import why_not
from skrnn.engine._library import variants
from tests.bare import plain
from tests.common_estimators import RECURRENT, ragged, wave, windows_of
from tests.forecast_data import FORECASTERS, panel

MARKS = [
    pytest.mark.skipif(not variants(), reason=why_not() or "no library"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]
pytestmark = MARKS

LIMITS = {"float32": 1e-5, "float64": 1e-10}
X, Y = windows_of(wave(120, 2), 6)
TABLE = X.reshape(len(X), -1)
CLASSES = np.digitize(Y, [-0.5, 0.5])
RAGGED = ragged(90, 9)
MEANS = np.array([sequence.mean() for sequence in RAGGED])
HEAVY = [np.column_stack([one, 1e3 * (one[:, 0] > 2.2)]) for one in RAGGED]
QUICK = {
    "hidden_layer_sizes": 5,
    "max_iter": 20,
    "batch_size": 30,
    "learning_rate_init": 0.01,
    "n_iter_no_change": 100,
    "random_state": 3,
}
SMOOTH = {**QUICK, "activation": "tanh"}  # of an mlp, which relu would let part
SGD = {"solver": "sgd", "learning_rate_init": 0.1}


def some(values, fast):
    """Values of a parameter, of which the others than the fast ones are slow tests."""
    return [
        value if value in fast else pytest.param(value, marks=pytest.mark.slow)
        for value in values
    ]


@contextmanager
def engine_of(name):
    with patch.dict(os.environ, SKRNN_ENGINE=name):
        yield


def fit_by(engine, model, X, y, **options):
    """A fit of a copy of the model, all of whose epochs ran there."""
    with engine_of(engine):
        fitted = clone(model).fit(X, y, **options)
    assert fitted.net_.kernel_ == engine
    return fitted


def weights_of(model):
    return [p.detach().numpy().copy() for p in model.net_.module_.parameters()]


def assert_close(found, expected, limit):
    """The same epochs, and about the same weights in the end."""
    assert found.n_iter_ == expected.n_iter_
    np.testing.assert_allclose(found.loss_curve_, expected.loss_curve_, rtol=limit)
    if expected.validation_scores_ is not None:
        scores = found.validation_scores_, expected.validation_scores_
        np.testing.assert_allclose(*scores, rtol=limit, atol=limit)
    for one, other in zip(weights_of(found), weights_of(expected), strict=True):
        np.testing.assert_allclose(one, other, atol=100 * limit)


def check(model, X, y, **options):
    """Both engines train the same; returns the model that the engine has trained."""
    dtype = getattr(model, "dtype", "float32")
    expected = fit_by("torch", model, X, y, **options)
    found = fit_by("compiled", model, X, y, **options)
    assert_close(found, expected, LIMITS[dtype])
    assert found.loss_curve_[-1] < found.loss_curve_[0]
    return found


@pytest.mark.parametrize("dtype", LIMITS)
@pytest.mark.parametrize("is_ragged", [False, True])
@pytest.mark.parametrize("cls", RECURRENT)
def test_recurrent_estimators(cls, is_ragged, dtype):
    data, y = (RAGGED, MEANS) if is_ragged else (X, Y)
    if cls in (RNNClassifier, GRUClassifier, LSTMClassifier):
        y = np.digitize(y, [-0.3, 0.3])
    # rounding grows in the deep networks that are the defaults of classifiers
    options = QUICK if dtype == "float64" else {**QUICK, **plain(cls)}
    model = check(cls(**options, dtype=dtype), data, y)
    assert model.net_.module_.head.weight.numpy(force=True).dtype == dtype


@pytest.mark.parametrize("dtype", LIMITS)
@pytest.mark.parametrize("parts", [{}, {"conv_filters": 4, "input_dropout": 0.1}])
def test_changes(parts, dtype):
    options = {**QUICK, **parts, "normalize": "changes", "dtype": dtype}
    check(GRURegressor(**options), RAGGED, MEANS)


@pytest.mark.parametrize("dtype", LIMITS)
@pytest.mark.parametrize("parts", [{}, {"conv_filters": 4, "input_dropout": 0.1}])
def test_heavy_tails(parts, dtype):
    options = {**QUICK, **parts, "normalize": "robust", "dtype": dtype}
    model = GRURegressor(**options)
    assert clone(model).fit(HEAVY, MEANS).net_.module_.squash.n_squashed == 1
    check(model, HEAVY, MEANS)


@pytest.mark.parametrize("dtype", LIMITS)
@pytest.mark.parametrize("cls", [MLPClassifier, MLPRegressor])
def test_mlps(cls, dtype):
    y = CLASSES if cls is MLPClassifier else Y
    check(cls(**SMOOTH), TABLE.astype(dtype), y)


@pytest.mark.parametrize("normalize", some(("window", "series", None), ("window",)))
@pytest.mark.parametrize("cls", FORECASTERS)
def test_forecasters(cls, normalize):
    y = panel().groupby(level=0).transform(lambda series: series / series.std())
    options = {**QUICK, "window_length": 8, "horizon": 3, "normalize": normalize}
    model = cls(**options, loss="squared_error")
    found = []
    for engine in ("torch", "compiled"):
        with engine_of(engine):
            found.append(model.clone().fit(y, fh=[1, 2, 3]))
        assert found[-1].net_.kernel_ == engine
    assert_close(*reversed(found), 1e-5)


SOLVERS = {
    "adam": {},
    "adam, betas": {"beta_1": 0.7, "beta_2": 0.95, "epsilon": 1e-3},
    "adamw": {"solver": "adamw", "alpha": 0.1},
    "sgd": {**SGD, "momentum": 0.0},
    "momentum": {**SGD, "momentum": 0.8, "nesterovs_momentum": False},
    "nesterov": {**SGD, "momentum": 0.8, "nesterovs_momentum": True},
}
SCHEDULES = {
    "constant": {},
    "invscaling": {"power_t": 0.1},
    "adaptive": {"tol": 0.3, "n_iter_no_change": 1},
    "cosine": {},
    "onecycle": {},
}


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("solver", some(SOLVERS, ("adam", "adamw", "nesterov")))
def test_solvers_and_schedules(solver, schedule):
    options = SOLVERS[solver] | SCHEDULES[schedule] | {"learning_rate": schedule}
    check(RNNRegressor(**QUICK | options, dtype="float64"), X, Y)
    is_of_sklearn = schedule not in ("cosine", "onecycle") and solver != "adamw"
    if is_of_sklearn and not (solver != "adam" and schedule == "adaptive"):
        check(MLPRegressor(**SMOOTH | options), TABLE, Y)


PARTS = {
    "limit of the norm": {"max_grad_norm": 0.05},
    "limit that is not reached": {"max_grad_norm": 1e6},
    "penalty": {"alpha": 0.5},
    "both": {"alpha": 0.5, "max_grad_norm": 0.05},
    "no penalty": {"alpha": 0.0},
    "one batch": {"batch_size": 1000},
    "last batch of one": {"batch_size": len(X) - 1},
    "batches of one": {"batch_size": 1, "max_iter": 3},
    "in order": {"shuffle": False},
    "dropout": {"dropout": 0.3, "input_dropout": 0.1, "hidden_layer_sizes": (4, 3)},
    "both directions": {"bidirectional": True, "merge_mode": "mul", "pooling": "mean"},
    "convolution": {"conv_filters": 3, "conv_activation": "tanh", "pooling": "max"},
    "strides": {
        "conv_filters": (3, 4),
        "conv_kernel_size": (4, 2),
        "conv_strides": (2, 1),
        "conv_activation": "tanh",
        "pooling": ("last", "mean", "max"),
        "dropout": 0.2,
    },
    "batch norms": {
        "conv_filters": (3, 4),
        "conv_kernel_size": (4, 3),
        "conv_dilation": (1, 2),
        "conv_norm": "batch",
        "conv_activation": "tanh",
        "conv_padding": "same",
        "conv_pooling": ("mean", "max"),
        "conv_pool_size": 2,
        "pooling": "mean",
        "dropout": 0.2,
        "batch_size": 8,
        "max_iter": 5,
    },
    "held out": {"early_stopping": True, "validation_fraction": 0.3},
    "stops": {"early_stopping": True, "n_iter_no_change": 2, "tol": 0.3},
    "absolute error": {"loss": "absolute_error"},
    "quantile": {"loss": "quantile", "quantile": 0.2},
    "huber": {"loss": "huber"},
}


@pytest.mark.parametrize("dtype", some(LIMITS, ("float64",)))
@pytest.mark.parametrize("part", PARTS)
def test_parts_of_a_fit(part, dtype):
    check(GRURegressor(**QUICK | PARTS[part], dtype=dtype), X, Y)


def test_several_outputs():
    check(LSTMRegressor(**QUICK), X, np.column_stack([Y, Y**2, -Y]))
    check(MLPRegressor(**SMOOTH), TABLE, np.column_stack([Y, Y**2, -Y]))
    labels = np.column_stack([Y > 0, Y > 0.5]).astype(int)
    check(MLPClassifier(**SMOOTH), TABLE, labels)
    check(GRUClassifier(**QUICK, dtype="float64"), X, Y > 0)
    check(GRURegressor(**QUICK, loss="poisson"), X, np.round(Y + 1))


@pytest.mark.parametrize("y", [CLASSES, CLASSES > 0], ids=["three", "two"])
def test_weights_of_classes(y):
    y, options = (
        y.astype(int),
        {**QUICK, "class_weight": "balanced", "dtype": "float64"},
    )
    check(GRUClassifier(**options, label_smoothing=0.1), X, y)
    check(LSTMClassifier(**options), X, y, sample_weight=np.linspace(0, 2, len(y)))


@pytest.mark.parametrize("is_ragged", [False, True])
@pytest.mark.parametrize("shuffle", [False, True])
def test_samples_without_weight(shuffle, is_ragged):
    data, y = (RAGGED, MEANS) if is_ragged else (X, Y)
    weights = np.linspace(0.5, 2, len(y))
    weights[20:100] = 0
    options = {**QUICK, "shuffle": shuffle, "dropout": 0.2}
    check(GRURegressor(**options), data, y, sample_weight=weights)
    schedule = {"learning_rate": "onecycle", "solver": "sgd"}
    check(RNNRegressor(**options | schedule), data, y, sample_weight=weights)


@pytest.mark.parametrize("solver", ["adam", "nesterov"])
def test_batches_without_weight_are_left_out(solver):
    """They draw no masks, and the solver takes no step."""
    weights = np.linspace(0.5, 2, len(Y))
    weights[20:100] = 0
    options = {**SMOOTH, "shuffle": False, "dropout": 0.2, **SOLVERS[solver]}
    model = check(MLPRegressor(**options), TABLE, Y, sample_weight=weights)
    n_batches = model.net_.history[-1]["train_batch_count"]
    assert n_batches == -(-len(Y) // 30) - 2
    assert model.net_.draws() == [20 * n_batches]


def test_data_to_validate_with():
    found = [
        fit_by(engine, GRURegressor(**QUICK, early_stopping=True), X[:80], Y[:80],
               X_val=X[80:], y_val=Y[80:])
        for engine in ("compiled", "torch")
    ]  # fmt: skip
    assert_close(*found, 1e-5)

"""Words of Keras, torch and others are errors that name ours, and the class called."""

import inspect
import re

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from skrnn import (
    GRUClassifier,
    LSTMRegressor,
    MLPClassifier,
    MLPRegressor,
    SequenceScaler,
    SlidingWindow,
    TextSequencer,
)
from skrnn.arguments._vocabulary import _BY_WORD, _arguments
from skrnn.arguments._words import ARGUMENTS
from skrnn.sktime import (
    GRUForecaster,
    LSTMForecaster,
    MLPForecaster,
    RNNForecaster,
    TimeSeriesClassifier,
    TimeSeriesRegressor,
)
from tests.common_estimators import MLPS, RECURRENT

FORECASTERS = [RNNForecaster, GRUForecaster, LSTMForecaster, MLPForecaster]
NETWORKS = [*RECURRENT, *MLPS, *FORECASTERS]
OTHERS = [
    SequenceScaler,
    SlidingWindow,
    TextSequencer,
    TimeSeriesClassifier,
    TimeSeriesRegressor,
]
X, Y = np.random.default_rng(0).normal(size=(12, 4)), np.arange(12.0)
SERIES = pd.Series(Y, pd.period_range("2000", periods=12, freq="M"))


def error_of(call, *args, **named):
    with pytest.raises((TypeError, ValueError)) as caught:
        call(*args, **named)
    return str(caught.value)


OURS = {
    "units": "hidden_layer_sizes",
    "hidden_size": "hidden_layer_sizes",
    "num_layers": "hidden_layer_sizes",
    "n_layers": "hidden_layer_sizes",
    "epochs": "max_iter",
    "n_epochs": "max_iter",
    "max_epochs": "max_iter",
    "optimizer": "solver",
    "lr": "learning_rate_init",
    "weight_decay": "alpha",
    "clipnorm": "max_grad_norm",
    "patience": "n_iter_no_change",
    "seed": "random_state",
    "validation_data": ("X_val", "validation_fraction"),
    "steps": ("make_supervised", "horizon"),
    "input_chunk_length": ("SlidingWindow", "window_length"),
    "output_chunk_length": ("make_supervised", "horizon"),
    "input_size": ("comes from X", "window_length"),
    "n_lags": ("SlidingWindow", "window_length"),
    "batch_first": "(sample, time, feature)",
    "input_shape": "comes from X",
    "return_state": "stateful",
    "go_backwards": "X[:, ::-1]",
    "hidden_layer_size": "hidden_layer_sizes",
    "learning_rate_int": "learning_rate_init",
}


@pytest.mark.parametrize("cls", NETWORKS)
@pytest.mark.parametrize("word", OURS)
def test_a_word_of_another_package_names_ours(cls, word):
    ours = OURS[word]
    if isinstance(ours, tuple):
        ours = ours[cls in FORECASTERS]
    start = f"{cls.__name__}() got an unexpected keyword argument {word!r}; "
    told = error_of(cls, **{word: 3})
    assert told.startswith(start)
    assert ours in told.removeprefix(start)


@pytest.mark.parametrize("cls", [*NETWORKS, *OTHERS])
def test_what_is_named_is_there(cls):
    """In the signature, that is: every word of the table is tried."""
    known = {name for place in ("__init__", "fit") for name in _arguments(cls, place)}
    for word, (ours, _) in _BY_WORD.items():
        if word not in _arguments(cls, "__init__"):
            told = error_of(cls, **{word: 3}).partition("; ")[2]
            if told.startswith("use "):
                assert re.split(r"\W", told)[1] in known, word
                assert any(told.startswith(f"use {one}") for one in ours), word


def test_each_word_is_explained_once():
    words = [word for words, _, _ in ARGUMENTS for word in words.split()]
    assert len(words) == len(set(words))


def test_all_unknown_words_are_told_at_once():
    told = error_of(GRUClassifier, units=3, epochs=2, foo=1, loss="mse")
    assert told == (
        "GRUClassifier() got unexpected keyword arguments 'units', 'epochs', 'foo', "
        "'loss'; for 'units' use hidden_layer_sizes=(32,), the units of each layer; "
        "for 'epochs' use max_iter=200, the largest number of epochs; for 'loss' "
        "classifiers minimise the cross-entropy of their classes"
    )


@pytest.mark.parametrize(
    ("cls", "word", "told"),
    [
        (SlidingWindow, "window", "use window_length=24"),
        (SlidingWindow, "lookback", "use window_length=24"),
        (SequenceScaler, "scaler", "use method"),
        (TextSequencer, "max_tokens", "use max_features"),
        (TimeSeriesRegressor, "units", "pass it to the network that"),
        (TimeSeriesClassifier, "n_epochs", "pass it to the network that"),
        (LSTMRegressor, "X_val", "pass it to fit"),
        (LSTMForecaster, "fh", "pass it to fit"),
        (MLPRegressor, "foo", "help(MLPRegressor) lists them all"),
    ],
)
def test_elsewhere(cls, word, told):
    assert told in error_of(cls, **{word: 3})


def test_arguments_in_order():
    told = error_of(LSTMRegressor, 10, 20, 2)  # as of torch's LSTM
    assert told == (
        "LSTMRegressor() takes 1 positional argument(s) (hidden_layer_sizes), but 3 "
        "were given; pass the others by name"
    )
    assert "(window_length, horizon), but 3" in error_of(GRUForecaster, 24, 12, 32)
    assert LSTMRegressor(5).hidden_layer_sizes == 5
    assert MLPRegressor("huber", 5, "tanh").activation == "tanh"


FIT = {
    "epochs": "use max_iter=200, the largest number of epochs, in {}(...)",
    "validation_split": (
        "use validation_fraction=0.1, with early_stopping=True, in {}(...)"
    ),
    "verbose": "pass it to {}(...)",
    "callbacks": "pass it to {}(...)",
    "batch_size": "pass it to {}(...)",
}


@pytest.mark.parametrize("cls", NETWORKS)
@pytest.mark.parametrize("word", FIT)
def test_words_of_fit(cls, word):
    name = cls.__name__
    told = error_of(cls().fit, X, Y, **{word: 3})
    assert told == (
        f"{name}.fit() got an unexpected keyword argument {word!r}; "
        f"{FIT[word].format(name)}"
    )


def test_validation_data_of_fit():
    told = error_of(LSTMRegressor().fit, X, Y, validation_data=(X, Y))
    assert told.endswith("; use X_val=X_val, y_val=y_val")
    told = error_of(LSTMForecaster().fit, SERIES, validation_data=SERIES)
    assert "validation_fraction" in told


@pytest.mark.parametrize("word", ["n", "steps", "h", "horizon"])
def test_words_of_predict(word):
    told = error_of(LSTMForecaster().predict, **{word: 3})
    assert told.endswith(f"argument {word!r}; use fh=range(1, 13)")
    told = error_of(LSTMForecaster().predict_interval, **{word: 3})
    assert told.startswith("LSTMForecaster.predict_interval() got an unexpected")
    assert told.endswith("use fh=range(1, 13)")


def test_words_of_other_methods():
    for word in ("alpha", "level"):
        told = error_of(GRUForecaster().predict_interval, fh=[1], **{word: 0.1})
        assert told.endswith("use coverage=0.9")
    assert "in MLPForecaster(...)" in error_of(MLPForecaster().update, SERIES, epochs=3)
    for method in ("predict_proba", "score"):  # Keras' evaluate
        told = error_of(getattr(GRUClassifier(), method), X, verbose=0)
        assert told.startswith(f"GRUClassifier.{method}() got an unexpected")
    with pytest.raises(TypeError, match=r"MLPClassifier\.predict\(\) got"):
        MLPClassifier().predict(X, verbose=0)
    with pytest.raises(NotFittedError):
        MLPClassifier().predict(X)


VALUES = [
    (LSTMRegressor, "loss", "mse", 'loss="squared_error"?'),
    (LSTMRegressor, "loss", nn.L1Loss(), 'loss="absolute_error"?'),
    (MLPRegressor, "loss", "mae", 'loss="absolute_error"?'),
    (MLPRegressor, "loss", "Mean Squared Error", 'loss="squared_error"?'),
    (MLPRegressor, "loss", "binary_crossentropy", "the classifiers"),
    (MLPRegressor, "loss", 3, "hidden_layer_sizes=3; pass them by name"),
    (MLPRegressor, "loss", (100, 50), "hidden_layer_sizes=(100, 50); pass them"),
    (LSTMRegressor, "loss", "squared_eror", 'loss="squared_error"?'),
    (GRUClassifier, "activation", "sigmoid", 'activation="logistic"?'),
    (MLPClassifier, "activation", "swish", 'activation="silu"?'),
    (MLPClassifier, "activation", None, 'activation="identity"?'),
    (MLPClassifier, "activation", nn.LeakyReLU(0.1), 'activation="leaky_relu"?'),
    (MLPClassifier, "activation", nn.ReLU, 'activation="relu"?'),
    (MLPClassifier, "activation", "ReLU", 'activation="relu"?'),
    (GRUClassifier, "recurrent_activation", "sigmoid", '="logistic"?'),
    (LSTMRegressor, "solver", "Adam", 'solver="adam"?'),
    (LSTMRegressor, "solver", "nadam", "solver=torch.optim.NAdam."),
    (LSTMRegressor, "learning_rate", 0.01, "learning_rate_init=0.01;"),
    (LSTMRegressor, "learning_rate", "one_cycle", 'learning_rate="onecycle"?'),
    (LSTMRegressor, "validation_split", 0.2, "validation_fraction=0.2,"),
    (LSTMRegressor, "early_stopping", 5, "n_iter_no_change=5, with"),
    (LSTMRegressor, "dtype", torch.float64, 'dtype="float64"?'),
    (LSTMRegressor, "pooling", "average", 'pooling="mean"?'),
    (LSTMRegressor, "merge_mode", "add", 'merge_mode="sum"?'),
    (LSTMRegressor, "batch_size", None, 'batch_size="auto"?'),
    (LSTMRegressor, "callbacks", print, "callbacks=[...]."),
    (LSTMRegressor, "n_threads", -1, 'n_threads="auto"'),
    (MLPRegressor, "weight_initializer", "he_normal", '="he"?'),
    (SequenceScaler, "method", "minmax", 'method="min-max"?'),
    (SlidingWindow, "context", "Always", 'context="always"?'),
    (LSTMForecaster, "loss", "mse", 'loss="squared_error"?'),
    (LSTMForecaster, "loss", "gaussian", 'loss="normal"?'),
    (LSTMForecaster, "horizon", [1, 2], "fh=[1, 2], in fit"),
    (LSTMForecaster, "normalize", True, 'normalize="window"?'),
    (LSTMForecaster, "normalize", False, "None changes nothing"),
    (LSTMForecaster, "normalize", "zscore", 'normalize="series"?'),
    (LSTMRegressor, "normalize", "zscore", 'normalize="standard"?'),
    (LSTMRegressor, "normalize", "differences", 'normalize="changes"?'),
    (LSTMRegressor, "normalize", "log1p", 'normalize="robust"?'),
    (MLPForecaster, "solver", "RMSprop", 'solver="rmsprop"?'),
    (MLPForecaster, "learning_rate", 0.01, "learning_rate_init=0.01;"),
]


@pytest.mark.parametrize(("cls", "name", "value", "told"), VALUES)
def test_a_value_of_another_package_names_ours(cls, name, value, told):
    model = cls(**{name: value})
    data = {"y": SERIES, "fh": [1]} if cls in FORECASTERS else {"X": X, "y": Y > 5}
    message = error_of(model.fit, **data)
    assert message.startswith(f"The {name!r} parameter of {cls.__name__} must be ")
    assert told in message.partition(" instead.")[2]


def test_a_value_that_is_only_wrong_is_told_as_ever():
    message = error_of(LSTMRegressor(alpha=-1).fit, X, Y)
    assert message.endswith("Got -1 instead.")
    message = error_of(LSTMRegressor(loss="foo").fit, X, Y)
    assert message.endswith("Got 'foo' instead.")


@pytest.mark.parametrize("cls", NETWORKS)
def test_set_params(cls):
    told = error_of(cls().set_params, units=3)
    assert told.endswith("; use hidden_layer_sizes=(32,), the units of each layer")
    assert "use hidden_layer_sizes" not in error_of(cls().set_params, foo=3)
    assert cls().set_params(max_iter=7).max_iter == 7


def test_set_params_below():
    adapter = TimeSeriesRegressor(LSTMRegressor())
    assert "use max_iter=200" in error_of(adapter.set_params, estimator__epochs=3)
    assert adapter.set_params(max_iter=3).estimator.max_iter == 3  # sktime's short form
    pipeline = make_pipeline(StandardScaler(), LSTMRegressor())
    grid = {"lstmregressor__units": [3, 4]}
    search = GridSearchCV(pipeline, grid, cv=2)
    assert "use hidden_layer_sizes" in error_of(search.fit, X, Y)


@pytest.mark.parametrize("cls", [*NETWORKS, *OTHERS])
def test_signatures_stay_what_they_were(cls):
    form = inspect.signature(cls)
    kinds = {parameter.kind for parameter in form.parameters.values()}
    assert kinds <= {
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        inspect.Parameter.KEYWORD_ONLY,
    }
    assert inspect.getfullargspec(cls.__init__).varkw is None
    assert set(cls().get_params(deep=False)) == set(form.parameters)
    if cls not in FORECASTERS:
        assert list(inspect.signature(cls.fit).parameters)[:3] == ["self", "X", "y"]
        assert type(clone(cls())) is cls


class Tuned(LSTMRegressor):
    """A class of a user, which takes a word of its own."""

    def __init__(self, units=3, **others):
        super().__init__(hidden_layer_sizes=units, **others)
        self.units = units

    def fit(self, X, y, epochs=None):
        self.epochs_ = epochs
        return self


def test_a_class_of_a_user_may_take_them():
    assert Tuned(units=5).fit(X, Y, epochs=4).epochs_ == 4
    assert error_of(Tuned, lr=1).startswith("Tuned() got an unexpected")
    assert error_of(Tuned().fit, X, Y, lr=1).startswith("Tuned.fit() got")


def test_methods_of_a_user_s_subclass_stay_what_they_are():
    class Own(LSTMRegressor):
        def fit(self, X, y, /):
            return super().fit(X, y)

        @staticmethod
        def score(first):
            return first

    X = np.zeros((4, 3, 1))
    options = {"learning_rate": "cosine", "max_iter": 1, "random_state": 0}
    assert Own(2, **options).fit(X, np.arange(4.0)).score(7) == 7

"""What mypy makes of the estimators: it reads this file, and unused ignores fail it."""

import numpy as np
import pytest

from skrnn import (
    GRURegressor,
    LSTMClassifier,
    MLPClassifier,
    MLPRegressor,
    RNNRegressor,
)
from skrnn.sktime import GRUForecaster, MLPForecaster


def test_right_arguments() -> None:
    rng = np.random.RandomState(0)
    GRURegressor((32, 32), dropout=0.1, loss="huber", max_iter=3, random_state=rng)
    LSTMClassifier(8, peephole=True, class_weight="balanced", conv_filters=[3])
    MLPRegressor("squared_error", (3,), "relu", alpha=0.1, verbose=True)
    MLPClassifier((3,), "relu", class_weight={0: 1.0})
    GRUForecaster(24, 12, past_columns=["a"], quantiles=(0.1, 0.5, 0.9))
    MLPForecaster(window_length=3, normalize=None)


def test_wrong_arguments() -> None:
    with pytest.raises(TypeError):
        GRURegressor(units=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        GRURegressor((3,), "tanh")  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        RNNRegressor(peephole=True)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        MLPClassifier(loss="squared_error")  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        GRUForecaster(24, 12, (32,))  # type: ignore[call-arg]
    GRURegressor(alpha="much")  # type: ignore[arg-type]


def test_what_is_learnt_may_be_read() -> None:
    X = np.zeros((4, 3, 1))
    model = GRURegressor(2, max_iter=1, learning_rate="cosine").fit(X, X[:, 0, 0])
    assert len(model.loss_curve_) == model.n_iter_ == 1
    assert model.n_features_in_ == 1
    with pytest.raises(AttributeError):
        _ = model.classes_

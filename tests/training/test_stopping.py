"""When training stops, and which samples are held out to decide it."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import r2_score

from skrnn import (
    GRURegressor,
    LSTMRegressor,
    RNNRegressor,
)
from tests.common_estimators import wave, windows_of

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = windows_of(wave(120, 2), 8)


def test_training_stops_without_progress_and_says_so_otherwise():
    patient = {"n_iter_no_change": 3, "random_state": 0}
    steady = {**patient, "learning_rate": "constant"}
    model = RNNRegressor(2, tol=10.0, max_iter=50, **steady).fit(X, Y)
    assert model.n_iter_ == len(model.loss_curve_) == 5  # the first epoch improves
    with pytest.warns(ConvergenceWarning, match="Maximum iterations"):
        RNNRegressor(2, max_iter=2, **steady).fit(X, Y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # these schedules run to the end by design
        for schedule in ("cosine", "onecycle"):
            model = RNNRegressor(2, max_iter=9, learning_rate=schedule, **patient)
            assert model.set_params(tol=10.0).fit(X, Y).n_iter_ == 9


def test_early_stopping_restores_the_best_weights():
    rng = np.random.default_rng(0)
    X_val, y_val = rng.standard_normal((40, 8, 2)), rng.standard_normal(40)
    options = {"learning_rate_init": 0.05, "max_iter": 40, "random_state": 0}
    model = LSTMRegressor(16, early_stopping=True, readout=None, **options)
    model.fit(X, Y, X_val=X_val, y_val=y_val)
    scores = model.validation_scores_
    assert np.argmax(scores) < len(scores) - 1
    assert r2_score(y_val, model.predict(X_val)) == pytest.approx(max(scores), abs=1e-5)


def test_held_out_windows_leak_no_target_into_training():
    horizon = 3
    series = wave(130)[:, 0]
    windows = np.lib.stride_tricks.sliding_window_view(series[:-horizon], 8)
    targets = np.lib.stride_tricks.sliding_window_view(series[8:], horizon)
    n_held_out = int(np.ceil(0.2 * len(windows)))
    model = GRURegressor(
        4, early_stopping=True, validation_fraction=0.2, max_iter=3, random_state=0
    )
    clean = model.fit(windows, targets).loss_curve_
    # every value at or after the first held-out target is changed
    first = len(windows) - n_held_out + 8
    poisoned = series.copy()
    poisoned[first:] *= 1e3
    poisoned_targets = np.lib.stride_tricks.sliding_window_view(poisoned[8:], horizon)
    assert model.fit(windows, poisoned_targets).loss_curve_ == clean
    earlier = series.copy()
    earlier[first - 1 :] *= 1e3  # one value more does reach the training targets
    earlier_targets = np.lib.stride_tricks.sliding_window_view(earlier[8:], horizon)
    assert model.fit(windows, earlier_targets).loss_curve_ != clean


def test_independent_samples_are_held_out_at_random():
    rng = np.random.default_rng(0)
    independent = rng.standard_normal((60, 5, 1))
    y = independent[:, -1, 0]
    last = y.copy()
    last[-12:] *= 1e3
    options = {"early_stopping": True, "validation_fraction": 0.2, "max_iter": 2}
    model = RNNRegressor(2, random_state=0, **options)
    clean = model.fit(independent, y).loss_curve_
    assert model.fit(independent, last).loss_curve_ != clean
    model.set_params(validation_split="last")
    clean = model.fit(independent, y).loss_curve_
    assert model.fit(independent, last).loss_curve_ == clean


def test_validation_set_without_early_stopping_is_only_watched():
    model = RNNRegressor(4, max_iter=3, readout=None, random_state=0)
    watched = model.fit(X, Y, X_val=X, y_val=Y)
    assert len(watched.validation_scores_) == 3
    assert watched.validation_scores_[-1] == pytest.approx(model.score(X, Y), abs=1e-5)
    with pytest.raises(ValueError, match="given together"):
        model.fit(X, Y, X_val=X)


def test_too_small_a_validation_set_is_refused():
    model = RNNRegressor(2, early_stopping=True, validation_fraction=0.01)
    with pytest.raises(ValueError, match="validation set is too small"):
        model.fit(X[:20], Y[:20])

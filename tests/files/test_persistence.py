"""Copies and files of fitted estimators."""

import copy
import pickle
import pickletools

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from skrnn import LSTMRegressor, SlidingWindow
from tests.common_estimators import RECURRENT_REGRESSORS, wave, windows_of

X, Y = windows_of(wave(100, 5), 10)
QUICK = {"max_iter": 3, "learning_rate": "cosine", "random_state": 0}


def through_pickle(model):
    return pickle.loads(pickle.dumps(model))


@pytest.mark.parametrize("duplicate", [through_pickle, copy.deepcopy])
@pytest.mark.parametrize("cls", RECURRENT_REGRESSORS)
def test_copies_predict_the_same(cls, duplicate):
    model = cls((6, 4), bidirectional=True, **QUICK).fit(X, Y, X_val=X, y_val=Y)
    other = duplicate(model)
    np.testing.assert_array_equal(other.predict(X), model.predict(X))
    assert other.loss_curve_ == model.loss_curve_
    assert other.device_ == model.device_
    other.partial_fit(X, Y)
    assert (other.predict(X) != model.predict(X)).any()
    other.set_params(warm_start=True).fit(X, Y)
    assert len(other.loss_curve_) == 7


def test_pipeline_goes_through_joblib(tmp_path):
    rows = wave(80, 3)
    pipeline = make_pipeline(SlidingWindow(5), LSTMRegressor(4, **QUICK))
    pipeline.fit(rows[:-1], rows[1:, 0])
    joblib.dump(pipeline, tmp_path / "model.joblib")
    other = joblib.load(tmp_path / "model.joblib")
    np.testing.assert_array_equal(other.predict(rows), pipeline.predict(rows))


def test_pickle_is_small_and_holds_no_torch_storage():
    data = pickle.dumps(LSTMRegressor(32, **QUICK).fit(X, Y))
    assert len(data) < 60_000
    names = [str(argument) for _, argument, _ in pickletools.genops(data)]
    assert not any("torch" in name or "skorch" in name for name in names)


def test_file_follows_the_device_that_is_there():
    model = LSTMRegressor(4, **QUICK).fit(X, Y)
    data = pickle.dumps(model.set_params(device="cuda:7"))
    with pytest.warns(UserWarning, match="'cuda:7', which is not available here"):
        loaded = pickle.loads(data)
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


def test_parameters_changed_after_fit_do_not_break_a_copy():
    model = LSTMRegressor(4, **QUICK).fit(X, Y)
    expected = model.predict(X)
    model.set_params(hidden_layer_sizes=(9, 9), dropout=0.5, dtype="float64")
    model.set_params(loss="poisson", solver="no such solver")
    np.testing.assert_array_equal(through_pickle(model).predict(X), expected)


def test_clone_is_unfitted_with_the_same_parameters():
    model = LSTMRegressor((3, 2), dropout=0.1, **QUICK).fit(X, Y)
    other = clone(model)
    assert other.get_params() == model.get_params()
    with pytest.raises(NotFittedError):
        other.predict(X)
    assert through_pickle(other).get_params() == model.get_params()

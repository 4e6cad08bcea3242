"""The scores of early stopping are scikit-learn's, to the last bit."""

import numpy as np
import pytest
from sklearn.metrics import r2_score

from skrnn import LSTMRegressor, MLPRegressor
from skrnn.estimators._regression import _r2

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_r2(dtype, is_weighted, n_outputs):
    rng = np.random.default_rng(0)
    for n_samples in (2, 3, 20, 1000):
        y = rng.standard_normal((n_samples, n_outputs)).astype(dtype)
        predicted = y + 0.1 * rng.standard_normal(y.shape).astype(dtype)
        weights = rng.random(n_samples).astype(dtype) if is_weighted else None
        constant, right = np.ones_like(y), y.copy()
        for truth, answer in [(y, predicted), (constant, y), (y, right)]:
            wide = truth.astype(np.float64)
            expected = r2_score(wide, answer, sample_weight=weights)
            assert _r2(truth, answer, weights) == expected


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(40,), (40, 1), (40, 3)])
def test_score(dtype, shape):
    """Whichever path is taken: lists go through scikit-learn's own checks."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, 5, 2)).astype("float32")
    y = rng.standard_normal(shape).astype(dtype)
    model = LSTMRegressor(3, max_iter=2, random_state=0).fit(X, y)
    assert model.score(X, y) == r2_score(y, model.predict(X))
    assert model.score(X, y.tolist()) == r2_score(y.tolist(), model.predict(X))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.score(X, y[1:])
    y[0] = np.nan
    with pytest.raises(ValueError, match="contains NaN"):
        model.score(X, y)


def test_r2_of_an_infinite_prediction_is_an_error():
    y = np.ones((3, 1))
    with pytest.raises(ValueError, match="contains infinity"):
        _r2(y, y * np.inf, None)


def test_targets_that_are_not_finite_are_scikit_learns_error():
    X, y = np.zeros((4, 1)), np.array([1.0, 2.0, np.nan, 3.0])
    with pytest.raises(ValueError, match="Input y contains NaN"):
        MLPRegressor().fit(X, y)
    y[2] = 1e300
    with pytest.raises(ValueError, match="infinity or a value too large"):
        MLPRegressor().fit(X.astype("float32"), y)

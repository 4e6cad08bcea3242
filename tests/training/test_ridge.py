"""Ridge regressions in closed form, against those of scikit-learn and brute force."""

import os
import subprocess
import sys

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.linear_model import QuantileRegressor, Ridge, RidgeCV

from skrnn.training import linear_fit, ridge
from skrnn.training._ridge import ALPHAS

RNG = np.random.default_rng(0)
X = RNG.standard_normal((60, 5)) * [1, 10, 0.01, 1, 1] + [0, 5, 0, -3, 100]
Y = (X / [1, 10, 0.01, 1, 1]) @ RNG.standard_normal((5, 2))
Y += RNG.standard_normal((60, 2)) * [0.1, 3.0]
W = RNG.uniform(0.1, 2, 60)


def standardised(x, weights=None):
    mean = np.average(x, axis=0, weights=weights)
    return (x - mean) / np.sqrt(np.average((x - mean) ** 2, axis=0, weights=weights))


def test_equals_the_one_of_scikit_learn():
    z = standardised(X)
    expected = RidgeCV(ALPHAS, alpha_per_target=True).fit(z, Y)
    found = ridge(X, Y)
    np.testing.assert_allclose(found.alphas, expected.alpha_)
    assert found.alphas[0] < found.alphas[1]  # more noise, more penalty
    np.testing.assert_allclose(found(X), expected.predict(z), rtol=1e-9)


@pytest.mark.parametrize("weights", [None, W], ids=["equal", "weighted"])
def test_left_out_errors_are_those_of_fits_without_the_sample(weights):
    found = ridge(X, Y[:, :1], weights, np.array([3.0]))
    z = standardised(X, weights)
    w = np.ones(60) if weights is None else weights / weights.mean()
    for i in (0, 17, 59):
        others = np.arange(60) != i
        fit = Ridge(3.0).fit(z[others], Y[others, 0], w[others])
        error = Y[i, 0] - fit.predict(z[[i]])[0]
        assert found.left_out[i, 0] == pytest.approx(error, rel=1e-9)


def test_only_the_ratios_of_fractions_count():
    found, scaled = ridge(X, Y, W), ridge(X, Y, 1e-6 * W)  # no whole numbers
    np.testing.assert_allclose(found.weights, scaled.weights, rtol=1e-9)
    np.testing.assert_allclose(found.alphas, scaled.alphas)


@pytest.mark.parametrize("loss", ["squared_error", "huber", "quantile"])
def test_whole_numbers_are_repeated_samples(loss):
    weights = np.arange(60) % 3 + 1
    repeated = np.repeat(np.arange(60), weights)
    found = linear_fit(X, Y, weights, loss, 0.7)
    expected = linear_fit(X[repeated], Y[repeated], None, loss, 0.7)
    np.testing.assert_allclose(found.alphas, expected.alphas)
    np.testing.assert_allclose(found(X), expected(X), rtol=1e-5)
    left_out = found.left_out[repeated]
    np.testing.assert_allclose(left_out, expected.left_out, rtol=1e-7)


def test_columns_that_do_not_vary_have_no_weight():
    noise = 1 + 1e-9 * RNG.standard_normal(60)
    found = ridge(np.column_stack([X, noise, np.zeros(60)]), Y)
    assert not found.weights[5:].any()
    np.testing.assert_allclose(found.weights[:5], ridge(X, Y).weights, rtol=1e-9)


def test_more_columns_than_samples():
    found = ridge(X[:4], Y[:4])
    assert np.isfinite(found(X)).all()


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_samples(n):
    found = ridge(X[:n], Y[:n])
    spread = np.ptp(Y[:n], axis=0)
    assert (np.abs(found(X[:n]) - Y[:n].mean(0)) <= spread + 1e-9).all()


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error"])
def test_without_columns_it_is_a_constant(loss):
    found = linear_fit(X[:, :0], Y, None, loss)
    constant = Y.mean(0) if loss == "squared_error" else np.median(Y, axis=0)
    np.testing.assert_allclose(found(X[:, :0]), np.tile(constant, (60, 1)), atol=0.1)


def test_a_constant_target():
    found = linear_fit(X, np.full((60, 1), 7.0), W, "huber")
    np.testing.assert_allclose(found(X), 7.0, rtol=1e-12)


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
def test_quantiles_are_near_those_of_linear_programming(quantile):
    x, y = standardised(RNG.standard_normal((300, 3))), RNG.exponential(1, (300, 1))
    y += x[:, :1]
    weights = RNG.uniform(0.1, 2, 300)

    def loss(prediction):
        errors = y[:, 0] - prediction
        each = np.maximum(quantile * errors, (quantile - 1) * errors)
        return np.average(each, weights=weights)

    best = QuantileRegressor(quantile=quantile, alpha=0).fit(x, y[:, 0], weights)
    found = linear_fit(x, y, weights, "quantile", quantile)
    assert loss(found(x)[:, 0]) < 1.01 * loss(best.predict(x))
    if quantile == 0.5:
        of_median = linear_fit(x, y, weights, "absolute_error")
        np.testing.assert_allclose(of_median(x), found(x), atol=0.05)


def test_huber_is_the_minimum_with_the_penalty_of_the_ridge():
    y = Y + 20.0 * (np.arange(60) % 9 == 0)[:, None]  # outliers
    found = linear_fit(X, y, W, "huber")
    z, w = standardised(X, W), W / W.mean()

    def objective(beta, i):
        size = np.abs(y[:, i] - z @ beta[1:] - beta[0])
        each = np.where(size < 1, 0.5 * size**2, size - 0.5)
        return w @ each + found.alphas[i] / 2 * (beta[1:] ** 2).sum()

    for i in range(2):
        best = minimize(objective, np.zeros(6), args=(i,), tol=1e-10)
        expected = best.x[0] + z @ best.x[1:]
        np.testing.assert_allclose(found(X)[:, i], expected, atol=0.01)
    of_squares = ridge(X, y, W)
    assert np.abs(found(X) - Y).mean() < 0.6 * np.abs(of_squares(X) - Y).mean()


def test_arrays_that_cannot_be_written():
    x, y, w = (np.broadcast_to(one, one.shape) for one in (X, Y, W))
    assert np.array_equal(ridge(x, y, w).weights, ridge(X, Y, W).weights)


def test_each_output_has_its_own_fit():
    both = linear_fit(X, Y, W, "absolute_error")
    for i in range(2):
        one = linear_fit(X, Y[:, [i]], W, "absolute_error")
        np.testing.assert_allclose(both.weights[:, [i]], one.weights, rtol=1e-9)


PROGRAM = """
import hashlib
import numpy as np
from skrnn.training import ridge
rng = np.random.default_rng(0)
x = rng.standard_normal((2000, 200))
found = ridge(x, rng.standard_normal((2000, 2)))
print(hashlib.md5(found.weights.tobytes()).hexdigest())
"""


def test_threads_change_no_bit():
    printed = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "OMP_NUM_THREADS": n, "OPENBLAS_NUM_THREADS": n},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for n in ("1", "2")
    }
    assert len(printed) == 1

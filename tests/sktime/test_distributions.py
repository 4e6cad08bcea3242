"""Distributions and quantiles of forecasts against SciPy."""

import numpy as np
import pytest
import torch
from scipy import stats

from skrnn.modules import DistributionLoss
from skrnn.sktime._distributions import distribution_of


@pytest.mark.parametrize("loss", ["normal", "student_t", "negative_binomial"])
def test_likelihoods_and_quantiles_are_those_of_scipy(loss):
    raw = torch.randn(50, 3 * (3 if loss == "student_t" else 2), dtype=torch.float64)
    criterion = DistributionLoss(loss)
    parameters = criterion.predictions(raw).view(50, 3, -1).numpy()
    y = np.random.default_rng(0).poisson(2.0, (50, 3)).astype(float)
    first, second, *third = np.moveaxis(parameters, 2, 0)
    frozen = {
        "normal": lambda: stats.norm(first, second),
        "student_t": lambda: stats.t(third[0], first, second),
        "negative_binomial": lambda: stats.nbinom(1 / second, 1 / (1 + second * first)),
    }[loss]()
    density = frozen.logpmf if loss == "negative_binomial" else frozen.logpdf
    expected = -density(y).mean()
    value = criterion(raw, torch.from_numpy(y), None, 50.0).item()
    assert value == pytest.approx(expected, rel=1e-9)
    distribution = distribution_of(loss, parameters, ())
    np.testing.assert_allclose(distribution.quantile(0.8), frozen.ppf(0.8))
    np.testing.assert_allclose(distribution.mean, frozen.mean())
    below = frozen.cdf(y)
    probability = distribution.probability(y)
    if loss == "negative_binomial":  # anywhere in the step at y
        assert ((frozen.cdf(y - 1) <= probability) & (probability <= below)).all()
    else:
        np.testing.assert_allclose(probability, below)
    np.testing.assert_allclose(distribution.variance, frozen.var(), rtol=1e-6)


def test_likelihood_of_large_counts_is_exact():
    criterion = DistributionLoss("negative_binomial")
    raw = torch.tensor([[np.log(1e7), -16.0]], dtype=torch.float32)
    mean, dispersion = criterion.predictions(raw).double().ravel().tolist()
    y = 1e7 + 4000
    expected = -stats.nbinom(1 / dispersion, 1 / (1 + dispersion * mean)).logpmf(y)
    value = criterion(raw, torch.tensor([[y]], dtype=torch.float32), None, 1.0)
    assert value.item() == pytest.approx(expected, rel=1e-4)
    assert dispersion < 2e-7  # a deviation not much larger than Poisson's


def test_quantiles_never_cross_and_go_on_as_a_normal():
    levels = (0.1, 0.25, 0.5, 0.75, 0.9)
    criterion = DistributionLoss("quantile", levels)
    raw = 3 * torch.randn(40, 5, dtype=torch.float64)
    parameters = criterion.predictions(raw).view(40, 1, 5).numpy()
    assert (np.diff(parameters) > 0).all()
    given = stats.norm.ppf(levels)[None, None] * 2 + 7  # of a normal distribution
    distribution = distribution_of("quantile", given, levels)
    for level in (0.01, 0.1, 0.3, 0.5, 0.83, 0.99):
        expected = stats.norm(7, 2).ppf(level)
        np.testing.assert_allclose(distribution.quantile(level), expected)
        np.testing.assert_allclose(
            distribution.probability(np.array([[expected]])), level
        )


def test_constant_quantile_forecasts_have_probabilities():
    """As a forecast of float32 quantiles has whose distances vanish."""
    parameters = np.full((3, 1, 5), 7.0)
    distribution = distribution_of("quantile", parameters, (0.1, 0.25, 0.5, 0.75, 0.9))
    y = np.array([[6.0], [7.0], [8.0]])
    np.testing.assert_array_equal(distribution.probability(y), [[0], [0.5], [1]])
    np.testing.assert_array_equal(distribution.quantile(0.99), 7)


def test_pinball_loss_by_hand():
    criterion = DistributionLoss("quantile", (0.1, 0.5, 0.9))
    raw = torch.zeros(1, 3, dtype=torch.float64)  # quantiles -ln 2, 0, ln 2
    log2 = np.log(2)
    expected = (0.1 * (1 + log2) + 0.5 * 1 + 0.9 * (1 - log2)) / 3
    y = torch.ones(1, 1, dtype=torch.float64)
    assert criterion(raw, y, None, 1.0).item() == pytest.approx(expected)

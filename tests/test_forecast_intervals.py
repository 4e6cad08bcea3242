"""Intervals, quantiles and paths hold what they say."""

import numpy as np
import pandas as pd
import pytest

from skrnn.sktime import GRUForecaster, MLPForecaster
from tests.forecast_data import (
    LOSSES,
    QUICK,
    counts,
)


def ar1(n_series, n_rows, seed, phi=0.8):
    rng = np.random.default_rng(seed)
    values = np.empty((n_series, n_rows))
    values[:, 0] = rng.normal(size=n_series) / np.sqrt(1 - phi**2)
    for t in range(1, n_rows):
        values[:, t] = phi * values[:, t - 1] + rng.normal(size=n_series)
    return values


@pytest.mark.parametrize(
    ("loss", "horizon", "normalize"),
    [
        ("absolute_error", 4, "window"),
        ("squared_error", 1, "series"),
        ("normal", 4, "window"),
        ("normal", 1, "series"),
        ("normal", 2, "series"),
        ("student_t", 2, "series"),
        ("quantile", 4, "series"),
    ],
)
def test_intervals_cover_what_they_say_at_each_step(loss, horizon, normalize):
    """Learnt from one long series; 1,000 origins in others, 4 steps from each."""
    train = pd.concat(
        {0: pd.DataFrame({"y": ar1(1, 12_000, seed=0)[0]})}, names=["series", "time"]
    )
    forecaster = MLPForecaster(
        10, horizon, hidden_layer_sizes=8, loss=loss, normalize=normalize,
        learning_rate="onecycle", learning_rate_init=0.01, max_iter=8,
        quantiles=(0.025, 0.1, 0.5, 0.9, 0.975), n_samples=400,
        validation_fraction=0.2, random_state=0,
    ).fit(train)  # fmt: skip
    values = ar1(1000, 14, seed=1)
    index = pd.MultiIndex.from_product([range(1, 1001), range(10)])
    others = pd.DataFrame({"y": values[:, :10].ravel()}, index)
    own = forecaster._model.scaling.series
    own.update(dict.fromkeys(range(1, 1001), own[0]))  # they are of one kind
    forecaster.update(others, update_params=False)
    fh = range(1, 5)
    intervals = forecaster.predict_interval(fh, coverage=[0.8, 0.95])[4:]
    actual = values[:, 10:]
    for coverage in (0.8, 0.95):
        lower = intervals[("y", coverage, "lower")].to_numpy().reshape(1000, 4)
        upper = intervals[("y", coverage, "upper")].to_numpy().reshape(1000, 4)
        covered = ((lower <= actual) & (actual <= upper)).mean(axis=0)
        assert (np.abs(covered - coverage) < 0.03).all(), covered
    variance = forecaster.predict_var(fh).to_numpy()[4:].reshape(1000, 4).mean(axis=0)
    point = forecaster.predict(fh).to_numpy()[4:].reshape(1000, 4)
    errors = ((actual - point) ** 2).mean(axis=0)
    if (loss, normalize) == ("normal", "window"):  # whose deviation is a noisy unit
        assert (errors < variance).all()
    else:
        np.testing.assert_allclose(variance, errors, rtol=0.2)


def test_paths_go_together_over_the_horizon():
    """The steps of a random walk are correlated, also within one block."""
    steps = np.random.default_rng(0).normal(size=(60, 70)).cumsum(axis=1)
    index = pd.MultiIndex.from_product([range(60), range(70)])
    y = pd.DataFrame({"y": steps.ravel()}, index)
    for loss, horizon in [("normal", 4), ("normal", 2), ("absolute_error", 4)]:
        forecaster = MLPForecaster(
            8, horizon, hidden_layer_sizes=16, loss=loss, n_samples=500,
            learning_rate="onecycle", max_iter=15, random_state=0,
        ).fit(y)  # fmt: skip
        joint = forecaster.predict_proba(fh=range(1, 5), marginal=False)
        paths = joint.spl.xs(0, level=1)["y"].to_numpy().reshape(500, 4)
        found = np.corrcoef(paths.T)
        k = np.arange(1, 5)
        expected = np.sqrt(np.minimum.outer(k, k) / np.maximum.outer(k, k))
        np.testing.assert_allclose(found, expected, atol=0.2)


@pytest.mark.parametrize("horizon", [1, 3])
@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_tells_its_uncertainty(loss, horizon):
    y = counts()
    forecaster = GRUForecaster(**QUICK, horizon=horizon, loss=loss, n_samples=60)
    forecaster.fit(y, fh=[-1, 1, 2, 3])
    quantiles = forecaster.predict_quantiles(alpha=[0.05, 0.5, 0.95])
    assert quantiles.shape == (4, 3)
    assert (np.diff(quantiles.to_numpy()) >= 0).all()
    intervals = forecaster.predict_interval(coverage=0.9).to_numpy()
    np.testing.assert_allclose(intervals, quantiles.iloc[:, [0, 2]].to_numpy())
    assert (forecaster.predict_var() > 0).all(axis=None)
    for marginal in (True, False):
        distribution = forecaster.predict_proba(marginal=marginal)
        assert distribution.shape == (4, 1)
        assert distribution.index.equals(quantiles.index)
        assert np.isfinite(distribution.mean()).all(axis=None)
    if loss == "negative_binomial":
        assert (quantiles == quantiles.round()).all(axis=None)
        assert (quantiles >= 0).all(axis=None)


def test_distribution_objects_have_mean_and_variance_of_the_forecast():
    y = counts()
    kinds = {
        "normal": "Normal",
        "student_t": "TDistribution",
        "negative_binomial": "NegativeBinomial",
        "quantile": "Empirical",
        "huber": "Empirical",
    }
    for loss, kind in kinds.items():
        forecaster = GRUForecaster(**QUICK, horizon=3, loss=loss).fit(y, fh=[1, 2, 3])
        distribution = forecaster.predict_proba()
        assert type(distribution).__name__ == kind
        if kind != "Empirical":
            np.testing.assert_allclose(distribution.mean(), forecaster.predict())
        expected = forecaster.predict_var()
        if loss == "negative_binomial":  # whose variance is not below its mean
            expected = np.maximum(expected, forecaster.predict())
        if loss not in ("huber", "student_t"):  # mean squared error; heavy tails
            np.testing.assert_allclose(distribution.var(), expected, rtol=0.1)


def test_errors_of_rolled_forecasts_do_not_know_past_columns_ahead():
    rng = np.random.default_rng(0)
    z = rng.normal(size=900)
    y = np.concatenate([[0], 3 * z[:-1] + rng.normal(size=899) / 10]).cumsum()
    y, X = pd.DataFrame({"y": y}), pd.DataFrame({"z": z})
    forecaster = MLPForecaster(
        4, 1, past_columns=["z"], hidden_layer_sizes=16, learning_rate="onecycle",
        learning_rate_init=0.01, max_iter=40, random_state=0, validation_fraction=0.2,
    ).fit(y[:700], X[:700])  # fmt: skip
    deviation = np.sqrt(forecaster.predict_var(fh=[1, 2, 3])["y"].to_numpy())
    assert deviation[0] < 1.5  # known from z
    np.testing.assert_allclose(deviation[1:], 3 * np.sqrt([1, 2]), rtol=0.3)


def test_heavy_tails_reach_the_distribution_object():
    y = pd.DataFrame({"y": np.random.default_rng(0).standard_t(1.3, size=600)})
    forecaster = MLPForecaster(
        8, 1, loss="student_t", normalize="series", hidden_layer_sizes=4,
        learning_rate="onecycle", max_iter=40, random_state=0,
    ).fit(y, fh=[1])  # fmt: skip
    found = forecaster.predict_proba().quantile([0.16, 0.25, 0.75, 0.84])
    expected = forecaster.predict_quantiles(alpha=[0.16, 0.25, 0.75, 0.84])
    np.testing.assert_allclose(found, expected, rtol=0.3)


@pytest.mark.parametrize("level", [0.0, 7.0])
def test_constant_counts(level):
    y = pd.DataFrame({"y": np.full(100, level)})
    forecaster = GRUForecaster(**QUICK, horizon=2, loss="negative_binomial").fit(y)
    intervals = forecaster.predict_interval(fh=[1, 2, 3, 4])
    assert np.isfinite(intervals).all(axis=None)
    assert (forecaster.predict_var(fh=[1, 3]) >= 0).all(axis=None)

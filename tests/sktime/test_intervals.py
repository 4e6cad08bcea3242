"""Intervals, quantiles and paths hold what they say."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
import torch
from pandas.testing import assert_frame_equal
from scipy.stats import norm

from skrnn.sktime import GRUForecaster, MLPForecaster
from skrnn.sktime._forecast_model import ForecastModel
from tests.forecast_data import (
    LOSSES,
    QUICK,
    counts,
    covariate_data,
    noise,
    panel,
)


def ar1(n_series, n_rows, seed, phi=0.8):
    rng = np.random.default_rng(seed)
    values = np.empty((n_series, n_rows))
    values[:, 0] = rng.normal(size=n_series) / np.sqrt(1 - phi**2)
    for t in range(1, n_rows):
        values[:, t] = phi * values[:, t - 1] + rng.normal(size=n_series)
    return values


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


DAILY = {
    "window_length": 24, "hidden_layer_sizes": 16, "normalize": "series",
    "learning_rate": "onecycle", "learning_rate_init": 0.01, "max_iter": 10,
    "random_state": 0,
}  # fmt: skip


def profile(hours):
    return 100 + 80 * np.sin(2 * np.pi * hours / 24) ** 3


def hourly(hours, seed=0):
    """The profile, and noise of deviation 3."""
    noise = np.random.default_rng(seed).normal(0, 3, np.shape(hours))
    return pd.DataFrame({"y": (profile(hours) + noise).ravel()})


def covered(intervals, hours):
    """The probability that what comes at these hours lies in its interval."""
    lower, upper = np.moveaxis(intervals, -1, 0)
    mean = profile(hours)
    return norm.cdf(upper, mean, 3) - norm.cdf(lower, mean, 3)


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["absolute_error", "normal"])
@pytest.mark.parametrize("step_length", [1, 5, 7, 24])
def test_each_hour_of_the_day_is_covered_whatever_the_step_length(step_length, loss):
    """Learnt from 800 days, 800 held out; 240 windows that end where forecasts do."""
    long = pd.concat({-1: hourly(np.arange(24 * 1600))}, names=["series"])
    max_iter = 8 if step_length == 1 else 40  # fewer windows, more epochs
    forecaster = MLPForecaster(
        **{**DAILY, "max_iter": max_iter}, horizon=24, step_length=step_length,
        loss=loss, validation_fraction=0.5,
    ).fit(long)  # fmt: skip
    others = range(240)
    begin = np.array([0 if step_length == 24 else i % 24 for i in others])
    hours = begin[:, np.newaxis] + np.arange(48)
    seen = hourly(hours[:, :24], seed=1)
    seen.index = pd.MultiIndex.from_product([others, range(24)], names=["series", None])
    own = forecaster._model.scaling.series
    own.update(dict.fromkeys(others, own[-1]))  # they are of one kind
    forecaster.update(seen, update_params=False)
    for coverage in (0.8, 0.9):
        found = forecaster.predict_interval(range(1, 25), coverage=coverage)[24:]
        intervals = found.to_numpy().reshape(240, 24, 2)
        share = covered(intervals, hours[:, 24:])
        by_hour = [share[hours[:, 24:] % 24 == hour].mean() for hour in range(24)]
        np.testing.assert_allclose(by_hour, coverage, atol=0.04)
        ideal = 2 * 3 * norm.ppf(0.5 + coverage / 2)
        assert ideal < np.diff(intervals).mean() < 1.25 * ideal


@pytest.mark.parametrize("horizon", [1, 6, 24, 36])
def test_the_step_length_ends_where_forecasts_begin(horizon):
    """A network that has learnt one time of the day forecasts from that one."""
    n = 24 * 200 + 5
    forecaster = MLPForecaster(
        **{**DAILY, "max_iter": 40}, horizon=horizon, step_length=24,
        validation_fraction=0.2,
    ).fit(hourly(np.arange(n)))  # fmt: skip
    ahead = n + np.arange(horizon)
    forecast = forecaster.predict(range(1, horizon + 1))["y"]
    np.testing.assert_allclose(forecast, profile(ahead), atol=4.5)
    intervals = forecaster.predict_interval(range(1, horizon + 1)).to_numpy()
    assert np.diff(intervals).mean() < 16  # of 90 %: 10 at best


def test_forecasts_between_the_steps_are_told_and_measured_as_they_are():
    n, fh = 24 * 400, range(1, 25)
    forecaster = MLPForecaster(
        **{**DAILY, "max_iter": 30}, horizon=24, step_length=24, validation_fraction=0.3
    ).fit(hourly(np.arange(n + 24))[:n])
    forecaster.predict_interval(fh)  # does not warn
    with pytest.warns(UserWarning, match="rows within the sample are requested"):
        forecaster.predict_residuals()
    with pytest.warns(UserWarning, match="begin every 24 rows, but others are needed"):
        within = forecaster.predict_interval(range(-239, 1)).to_numpy()
    assert 0.8 < covered(within, np.arange(n - 240, n)).mean() < 0.98
    forecaster.update(hourly(np.arange(n + 24))[n : n + 7], update_params=False)
    with pytest.warns(UserWarning, match="a series ends between two of them"):
        intervals = forecaster.predict_interval(fh).to_numpy()
    assert 0.8 < covered(intervals, n + 7 + np.arange(24)).mean() < 0.98
    forecaster.update(hourly(np.arange(n + 24))[n + 7 :], update_params=False)
    forecaster.predict_interval(fh)  # is back where it was trained
    rolling = MLPForecaster(**DAILY, horizon=6, step_length=24).fit(
        hourly(np.arange(n))
    )
    rolling.predict(range(1, 7))
    with pytest.warns(UserWarning, match="forecasts are rolled beyond horizon=6"):
        rolling.predict(fh)
    harmless = MLPForecaster(**DAILY, horizon=6, step_length=7).fit(
        hourly(np.arange(n))
    )  # learns all hours of the day
    harmless.predict(fh)
    harmless.predict_residuals()


def test_too_few_steps_held_out_are_told():
    forecaster = MLPForecaster(**QUICK, horizon=2, step_length=6).fit(noise(150))
    forecaster.predict([1, 2])
    with pytest.warns(UserWarning, match="step_length=6 leaves 3 held-out windows"):
        forecaster.predict_interval([1, 2])
    forecaster.predict_interval([1, 2])  # has been said
    of_many = MLPForecaster(**QUICK, horizon=2, step_length=6)
    of_many.fit(panel((150, 149, 148))).predict_interval([1, 2])  # share their errors


@pytest.fixture
def rolls(monkeypatch):
    """How many origins each roll has had."""
    sizes, roll = [], ForecastModel.roll

    def counted(model, inputs, *args, **options):
        sizes.append(len(inputs))
        return roll(model, inputs, *args, **options)

    monkeypatch.setattr(ForecastModel, "roll", counted)
    return sizes


@pytest.mark.parametrize("loss", ["absolute_error", "normal"])
def test_what_held_out_rows_tell_is_found_once(rolls, loss):
    y, X = covariate_data(150)
    forecaster = GRUForecaster(**QUICK, horizon=2, loss=loss).fit(y[:120], X[:120])
    forecaster.predict([1, 2], X[120:122])
    known = pickle.dumps(forecaster)
    first = forecaster.predict_interval([1, 2], X[120:122])
    assert pickle.dumps(forecaster) == known
    n_held_out = max(rolls)
    assert n_held_out > 5
    rolls.clear()
    assert_frame_equal(forecaster.predict_interval([1, 2], X[120:122]), first)
    forecaster.predict_interval([1], X[120:122], coverage=0.5)
    forecaster.predict_var([2], X[120:122])
    forecaster.predict_quantiles([1, 2], 9 * X[120:122], alpha=[0.1])
    forecaster.predict_proba([1, 2], X[120:122])
    forecaster.predict_interval([0, -3])
    assert max(rolls) < n_held_out
    copied = pickle.loads(known)
    assert_frame_equal(copied.predict_interval([1, 2], X[120:122]), first)


@pytest.mark.parametrize("update_params", [False, True])
@pytest.mark.parametrize("loss", ["absolute_error", "normal"])
def test_update_and_fit_find_anew_what_held_out_rows_tell(rolls, loss, update_params):
    y = noise(150)
    forecaster = GRUForecaster(**QUICK, horizon=2, loss=loss).fit(y[:120])
    forecaster.predict_interval([1, 2])
    forecaster.update(y[120:140], update_params=update_params)
    found = forecaster.predict_interval([1, 2])
    n_held_out = max(rolls)
    kept = pickle.loads(pickle.dumps(forecaster))  # without what has been found
    assert_frame_equal(found, kept.predict_interval([1, 2]))
    rolls.clear()
    forecaster.fit(y).predict_interval([1, 2])
    expected = GRUForecaster(**QUICK, horizon=2, loss=loss).fit(y)
    assert_frame_equal(
        forecaster.predict_interval([1, 2]), expected.predict_interval([1, 2])
    )
    assert max(rolls) > 5 < n_held_out


def test_weights_that_are_changed_by_hand_have_other_errors():
    forecaster = GRUForecaster(**QUICK, horizon=2).fit(noise(150))
    before = forecaster.predict_interval([1, 2])
    state = forecaster.net_.module_.state_dict()
    forecaster.net_.module_.load_state_dict({k: 9 * v for k, v in state.items()})
    kept = pickle.loads(pickle.dumps(forecaster))
    assert_frame_equal(
        forecaster.predict_interval([1, 2]), kept.predict_interval([1, 2])
    )
    assert not forecaster.predict_interval([1, 2]).equals(before)


@pytest.mark.slow
@pytest.mark.parametrize("horizon", [1, 3, 7])
def test_errors_are_those_of_their_step_whatever_else_was_asked_for(horizon):
    """In any order, from sixteen threads; what is kept does not grow."""
    y = noise(150)
    horizons = [[3], [1, 2], [1, 2, 3, 4, 5, 6, 7], [2, 5], [1], [-2, 1]]
    new = [GRUForecaster(**QUICK, horizon=horizon).fit(y) for _ in horizons]
    expected = [f.predict_interval(fh) for f, fh in zip(new, horizons, strict=True)]
    forecaster = GRUForecaster(**QUICK, horizon=horizon).fit(y)
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(forecaster.predict_interval, horizons * 16))
    for place, interval in enumerate(found):
        assert_frame_equal(interval, expected[place % len(horizons)])
    kept = forecaster._model.kept_for(forecaster._history)
    assert len(kept) <= 2
    assert all(len(errors.factors) <= 7 for errors in kept.values())


def test_intervals_follow_weights_that_are_changed_by_hand():
    forecasters = [
        MLPForecaster(**QUICK, horizon=1).fit(noise(80), fh=[1]) for _ in range(2)
    ]
    forecasters[0].predict_interval()  # fills what is kept
    for forecaster in forecasters:
        parameters = list(forecaster.net_.module_.parameters())
        vector = torch.nn.utils.parameters_to_vector(parameters)
        torch.nn.utils.vector_to_parameters(vector * 3, parameters)
    pd.testing.assert_frame_equal(*(f.predict_interval() for f in forecasters))


def test_rolled_distributions_are_wide_enough_between_the_windows():
    """Of loss="normal", where each day begins at another hour than was trained."""
    n = 24 * 60
    forecaster = MLPForecaster(
        **{**DAILY, "max_iter": 30}, horizon=6, step_length=24, loss="normal",
        validation_fraction=0.2,
    ).fit(hourly(np.arange(n)))  # fmt: skip
    with pytest.warns(UserWarning, match="forecasts are rolled beyond horizon=6"):
        intervals = forecaster.predict_interval(range(1, 25)).to_numpy()
    assert covered(intervals, n + np.arange(24)).mean() > 0.8

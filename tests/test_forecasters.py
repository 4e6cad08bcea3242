"""Forecasts are right: each series, each step, from the newest observation."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning
from sktime.forecasting.base import ForecastingHorizon

from skrnn.sktime import GRUForecaster, LSTMForecaster, MLPForecaster, RNNForecaster

FORECASTERS = [RNNForecaster, GRUForecaster, LSTMForecaster, MLPForecaster]
QUICK = {
    "window_length": 8,
    "hidden_layer_sizes": 6,
    "learning_rate": "onecycle",
    "learning_rate_init": 0.02,
    "max_iter": 4,
    "random_state": 0,
}
LOSSES = [
    "squared_error", "absolute_error", "huber", "normal", "student_t",
    "negative_binomial", "quantile",
]  # fmt: skip

pytestmark = pytest.mark.filterwarnings("ignore:.*remember_data:FutureWarning")


def months(n_rows, start="2000-01"):
    return pd.period_range(start, periods=n_rows, freq="M")


def noise(n_rows=80, seed=0, start="2000-01"):
    values = 50 + 10 * np.random.default_rng(seed).normal(size=n_rows).cumsum()
    return pd.DataFrame({"y": values}, months(n_rows, start))


def panel(sizes=(60, 45, 50), seed=0):
    """Series of different ends; the names are not in order."""
    names = ["c", "a", "b", "e", "d"][: len(sizes)]
    frames = [noise(size, seed + i) for i, size in enumerate(sizes)]
    return pd.concat(frames, keys=names, names=["series", "month"])


def counts(n_rows=80):
    y = np.random.default_rng(0).poisson(4, n_rows).astype(float)
    return pd.DataFrame({"y": y}, months(n_rows))


@pytest.mark.parametrize("horizon", [1, 5, 12])
@pytest.mark.parametrize("loss", ["absolute_error", "normal"])
def test_one_step_alone_is_that_of_many(horizon, loss):
    y = noise()
    forecaster = GRUForecaster(**QUICK, horizon=horizon, loss=loss, n_samples=50)
    forecaster.fit(y)
    all_steps = forecaster.predict(fh=range(1, 13))
    many = forecaster.predict_quantiles(fh=range(1, 13), alpha=[0.1, 0.9])
    for step in (3, 12):
        alone = forecaster.predict(fh=[step])
        pd.testing.assert_frame_equal(alone, all_steps.iloc[[step - 1]])
        quantiles = forecaster.predict_quantiles(fh=[step], alpha=[0.1, 0.9])
        pd.testing.assert_frame_equal(quantiles, many.iloc[[step - 1]])


@pytest.mark.parametrize("normalize", ["window", "series", None])
@pytest.mark.parametrize("cls", FORECASTERS)
def test_first_step_uses_the_newest_observation(cls, normalize):
    y = noise() / 50
    forecaster = cls(**QUICK, horizon=12, normalize=normalize).fit(y)
    before = forecaster.predict(fh=[1]).iloc[0, 0]
    forecaster.update(y.iloc[-1:] + 0.5, update_params=False)  # nothing else changes
    after = forecaster.predict(fh=[1]).iloc[0, 0]
    assert abs(after - before) > 1e-5


@pytest.mark.parametrize("loss", ["absolute_error", "normal"])
def test_order_of_series_changes_nothing(loss):
    y = panel()
    shuffled = y.loc[["b", "c", "a"]]
    forecasts = []
    for given in (y, shuffled):
        forecaster = GRUForecaster(**QUICK, horizon=2, loss=loss, n_samples=20)
        forecaster.fit(given, fh=[1, 2, 3])
        order = list(dict.fromkeys(given.index.get_level_values(0)))
        intervals = forecaster.predict_interval()
        for answer in (forecaster.predict(), intervals):
            assert list(dict.fromkeys(answer.index.get_level_values(0))) == order
        forecasts.append((forecaster.predict().loc[["a", "b", "c"]], intervals))
    pd.testing.assert_frame_equal(forecasts[0][0], forecasts[1][0])
    pd.testing.assert_frame_equal(
        forecasts[0][1].sort_index(), forecasts[1][1].sort_index()
    )


@pytest.mark.parametrize("start", ["period", "day", "number"])
def test_each_series_is_stamped_from_its_own_end(start):
    indices = {
        "period": (months(40), months(30, "1990-05")),
        "day": (
            pd.date_range("2000-01-01", periods=40),
            pd.date_range("1990-05-01", periods=30),
        ),
        "number": (pd.RangeIndex(40), pd.RangeIndex(100, 130)),
    }[start]
    frames = [pd.DataFrame({"y": np.arange(len(i)) % 7.0}, i) for i in indices]
    y = pd.concat(frames, keys=["late", "early"], names=["series", "time"])
    forecaster = GRUForecaster(**QUICK).fit(y, fh=[1, 3])
    forecast = forecaster.predict()
    for name, index in zip(["late", "early"], indices, strict=True):
        step = index[1] - index[0]
        expected = [index[-1] + step, index[-1] + 3 * step]
        assert list(forecast.loc[name].index) == expected
    quantiles = forecaster.predict_quantiles(alpha=[0.1])
    assert quantiles.index.equals(forecast.index)
    assert forecaster.predict_var().index.equals(forecast.index)


def test_a_date_is_another_step_for_each_series():
    y = panel((60, 57))
    forecaster = GRUForecaster(**QUICK, horizon=6).fit(y)
    by_step = forecaster.predict(fh=range(1, 6))
    date = pd.PeriodIndex(["2005-02"], freq="M")  # 2 after one end, 5 after the other
    by_date = forecaster.predict(fh=date)
    assert by_date.loc[("c", date[0]), "y"] == by_step.loc[("c", date[0]), "y"]
    assert by_date.loc[("a", date[0]), "y"] == by_step.loc[("a", date[0]), "y"]
    assert list(by_step.loc["a"].index)[4] == date[0]


@pytest.mark.parametrize("cls", FORECASTERS)
@pytest.mark.parametrize("level", [-3.0, 0.0, 1e6])
def test_a_constant_series_forecasts_itself(cls, level):
    y = pd.Series(level, months(40))
    forecaster = cls(**QUICK, horizon=3).fit(y)
    forecast = forecaster.predict(fh=range(1, 8))
    np.testing.assert_allclose(forecast, level, rtol=1e-5, atol=1e-5)
    assert forecaster.predict_interval().notna().all(axis=None)


@pytest.mark.parametrize("cls", FORECASTERS)
def test_a_line_is_continued(cls):
    y = pd.Series(5 + 2.0 * np.arange(80), months(80))
    forecaster = cls(12, 6, hidden_layer_sizes=8, random_state=0).fit(y)
    expected = 5 + 2.0 * np.arange(80, 92)
    np.testing.assert_allclose(forecaster.predict(fh=range(1, 13)), expected, atol=1)


@pytest.mark.parametrize("cls", FORECASTERS)
def test_a_sine_is_continued(cls):
    wave = 100 + 10 * np.sin(np.arange(212) * 2 * np.pi / 12)
    y = pd.Series(wave[:200], months(200))
    forecaster = cls(12, random_state=0).fit(y, fh=range(1, 13))
    np.testing.assert_allclose(forecaster.predict(), wave[200:], atol=1)


def test_held_out_rows_are_not_learnt_from():
    """Neither by the weights nor by the scaling, while they only are watched."""
    y = noise(100)
    changed = y.copy()
    changed.iloc[-9:] = 1000  # 9 of 90 windows are held out, and their targets
    nets = []
    for given in (y, changed):
        forecaster = GRUForecaster(**QUICK, horizon=3, early_stopping=False)
        forecaster.fit(given)
        assert forecaster.validation_scores_ is None
        nets.append(forecaster.net_.module_.state_dict())
    for name, weights in nets[0].items():
        assert (weights == nets[1][name]).all(), name


def test_early_stopping_keeps_the_best_weights():
    forecaster = MLPForecaster(
        6, 1, hidden_layer_sizes=64, n_iter_no_change=5, random_state=0
    ).fit(noise(60))
    scores = forecaster.validation_scores_
    assert len(scores) == forecaster.n_iter_ < 200
    assert np.argmax(scores) == len(scores) - 7  # 5 epochs without more, and one
    y = forecaster._history
    errors = y.y[-len(y.y) // 10 + 1 :]
    assert len(errors)
    worst = MLPForecaster(
        6, 1, hidden_layer_sizes=64, max_iter=len(scores), early_stopping=False,
        n_iter_no_change=np.inf, random_state=0,
    )  # fmt: skip
    with pytest.warns(ConvergenceWarning, match="max_iter"):
        worst.fit(noise(60))
    weights = worst.net_.module_.state_dict()
    best = forecaster.net_.module_.state_dict()
    assert any((weights[name] != best[name]).any() for name in best)


@pytest.mark.parametrize("loss", ["absolute_error", "normal"])
def test_rows_in_the_sample_are_forecast_from_those_before(loss):
    y = noise()
    forecaster = GRUForecaster(**QUICK, horizon=3, loss=loss).fit(y)
    within = forecaster.predict(fh=pd.PeriodIndex(["2003-05", "2006-08"], freq="M"))
    earlier = pickle.loads(pickle.dumps(forecaster))
    with pytest.warns(UserWarning, match="40 rows seen after it are forgotten"):
        earlier.update(y.loc["2003-03":"2003-04"], update_params=False)
    assert earlier.cutoff[0] == pd.Period("2003-04", "M")
    np.testing.assert_allclose(earlier.predict(fh=[1]), within.iloc[:1], rtol=1e-6)
    residuals = forecaster.predict_residuals()
    assert residuals.index.equals(y.index)
    assert residuals.notna().all(axis=None)
    expected = y.loc["2003-05", "y"] - within.iloc[0, 0]
    assert residuals.loc["2003-05", "y"] == pytest.approx(expected)
    with pytest.raises(ValueError, match="before the first row"):
        forecaster.predict(fh=[-200])


def covariate_data(n_rows=150):
    rng = np.random.default_rng(0)
    index = months(n_rows)
    X = pd.DataFrame(rng.normal(size=(n_rows, 2)), index, columns=["a", "b"])
    y = pd.DataFrame({"y": 100 + 5 * X["a"] + rng.normal(size=n_rows) / 10}, index)
    return y, X


@pytest.mark.parametrize("horizon", [1, 4])
@pytest.mark.parametrize("cls", [GRUForecaster, MLPForecaster])
def test_known_future_enters_at_its_own_step(cls, horizon):
    y, X = covariate_data()
    forecaster = cls(
        3, horizon, hidden_layer_sizes=8, normalize="series", random_state=0,
        learning_rate_init=0.01,
    ).fit(y[:-4], X[:-4])  # fmt: skip
    fh = range(1, 5)
    forecast = forecaster.predict(fh, X[-4:])
    np.testing.assert_allclose(forecast, y[-4:], atol=1.5)  # its deviation is 5
    changed = X[-4:].copy()
    changed.loc[changed.index[2], "a"] += 1
    moved = (forecaster.predict(fh, changed) - forecast)["y"].to_numpy()
    np.testing.assert_allclose(moved[:2], 0, atol=1e-9)
    assert moved[2] == pytest.approx(5, abs=1)
    if horizon == 4:
        assert moved[3] == 0


def test_past_columns_enter_the_window_only():
    rng = np.random.default_rng(0)
    index = months(200)
    X = pd.DataFrame(rng.normal(size=(200, 2)), index, columns=["past", "known"])
    lead = np.concatenate([[0], X["past"].to_numpy()[:-1]])
    y = pd.DataFrame({"y": 5 * lead + 3 * X["known"]}, index)
    forecaster = GRUForecaster(
        4, hidden_layer_sizes=8, normalize="series", past_columns=["past"],
        learning_rate_init=0.02, random_state=0,
    )  # fmt: skip
    forecaster.fit(y[:-1], X[:-1], fh=[1])
    forecast = forecaster.predict(X=X[["known"]][-1:])
    np.testing.assert_allclose(forecast, y[-1:], atol=1.5)
    alone = GRUForecaster(**QUICK, past_columns=["past", "known"])
    assert len(alone.fit(y, X).predict(fh=[1])) == 1
    with pytest.raises(ValueError, match=r"past_columns names \['other'\]"):
        GRUForecaster(**QUICK, past_columns=["other"]).fit(y, X)


@pytest.mark.parametrize("cls", FORECASTERS)
def test_several_targets_learn_from_each_other(cls):
    rng = np.random.default_rng(0)
    first = rng.normal(size=300)
    second = np.concatenate([[0], first[:-1]])  # follows one step later
    y = pd.DataFrame({"first": first, "second": second}, months(300))
    forecaster = cls(
        4, 1, hidden_layer_sizes=8, normalize="series", learning_rate_init=0.02,
        random_state=0,
    ).fit(y)  # fmt: skip
    forecast = forecaster.predict(fh=[1])
    assert forecast.loc[forecast.index[0], "second"] == pytest.approx(
        first[-1], abs=0.3
    )
    assert list(forecaster.predict_var(fh=[1]).columns) == ["first", "second"]


def test_short_series_are_windows_with_less_history():
    y = panel((60, 9, 3, 1))
    forecaster = GRUForecaster(**{**QUICK, "window_length": 12}, horizon=2)
    forecast = forecaster.fit(y).predict(fh=[1, 2, 3])
    assert len(forecast) == 12
    assert forecast.notna().all(axis=None)
    intervals = forecaster.predict_interval(fh=[1, 2, 3])
    assert intervals.notna().all(axis=None)
    single = MLPForecaster(24, 1, learning_rate="cosine", max_iter=2, random_state=0)
    assert single.fit(noise(6)).predict(fh=[1]).notna().all(axis=None)


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


def test_update_moves_the_window_and_nothing_else():
    y = noise(90)
    forecaster = LSTMForecaster(**QUICK, horizon=3).fit(y[:80])
    weights = forecaster.net_.module_.state_dict()
    for row in range(80, 90):
        forecaster.update(y[row : row + 1], update_params=False)
    assert forecaster.cutoff[0] == y.index[-1]
    for name, value in forecaster.net_.module_.state_dict().items():
        assert (value == weights[name]).all()
    at_once = LSTMForecaster(**QUICK, horizon=3).fit(y[:80])
    at_once.update(y[80:], update_params=False)
    pd.testing.assert_frame_equal(at_once.predict([1]), forecaster.predict([1]))


def test_update_of_some_series_and_of_new_ones():
    y = panel((60, 45))
    later = y.loc[["a"]].iloc[-3:].copy()
    later.index = pd.MultiIndex.from_product([["a"], months(3, "2003-10")])
    new = pd.concat([noise(20, 5)], keys=["n"])
    forecaster = GRUForecaster(**QUICK).fit(y)
    forecaster.update(pd.concat([later, new]), update_params=False)
    forecast = forecaster.predict(fh=[1])
    ends = {name: str(month) for name, month in forecast.index}
    assert ends == {"c": "2005-01", "a": "2004-01", "n": "2001-09"}


def test_update_trains_on_and_is_no_worse_on_held_out_rows():
    y = noise(120)
    options = {**QUICK, "max_iter": 40}
    forecaster = GRUForecaster(**options, horizon=1).fit(y[:90])
    before = {k: v.clone() for k, v in forecaster.net_.module_.state_dict().items()}
    forecaster.update(y[90:], update_params=True)
    after = forecaster.net_.module_.state_dict()
    assert any((before[name] != after[name]).any() for name in after)
    assert forecaster.n_iter_ >= 1
    useless = GRUForecaster(**{**options, "learning_rate_init": 1.0}, horizon=1)
    useless.fit(y[:90])
    kept = {k: v.clone() for k, v in useless.net_.module_.state_dict().items()}
    useless.update(y[90:91], update_params=True)
    assert useless.validation_scores_ is not None
    best = max(useless.validation_scores_)
    unchanged = all(
        (kept[n] == v).all() for n, v in useless.net_.module_.state_dict().items()
    )
    assert unchanged or best > -np.inf


def test_a_failing_update_leaves_the_forecaster_as_it_was():
    y = noise(90)
    forecaster = GRUForecaster(**QUICK).fit(y[:80])
    before = forecaster.predict(fh=[1])
    forecaster.set_config(warnings="off")
    with pytest.raises(ValueError, match="update takes X if, and only if"):
        forecaster.update(y[80:], pd.DataFrame({"x": 1.0}, y.index[80:]))
    bad = y[80:].copy()
    bad.iloc[0] = np.nan
    with pytest.raises(ValueError, match=r"missing|NaN"):
        forecaster.update(bad)
    np.testing.assert_array_equal(forecaster.predict(fh=[1]), before)


def test_pretrained_networks_forecast_other_series():
    y = panel((60, 60, 60, 60, 60))
    forecaster = GRUForecaster(**QUICK, horizon=3, fine_tune=False).pretrain(y)
    weights = forecaster.pretrained_model_.net.module_.state_dict()
    other = noise(30, seed=9)
    forecaster.fit(other, fh=[1, 2, 3])
    for name, value in forecaster.net_.module_.state_dict().items():
        assert (value == weights[name]).all()
    assert forecaster.predict_interval().shape == (3, 2)
    np.testing.assert_array_equal(
        forecaster.clone().fit(other, fh=[1, 2, 3]).predict(), forecaster.predict()
    )
    tuned = GRUForecaster(**QUICK, horizon=3, early_stopping=False).pretrain(y)
    tuned.fit(other)
    module = tuned.net_.module_.state_dict()
    assert any((module[name] != weights[name]).any() for name in module)
    again = pickle.loads(pickle.dumps(forecaster))
    np.testing.assert_array_equal(again.predict(), forecaster.predict())
    with pytest.raises(ValueError, match=r"n_targets=2 \(pretrained: 1\)"):
        forecaster.fit(pd.DataFrame({"y": other["y"], "z": other["y"]}))


def test_the_same_seed_gives_the_same_bits():
    y = panel()
    for options in ({"loss": "absolute_error"}, {"loss": "normal", "horizon": 1}):
        runs = [
            GRUForecaster(**QUICK, **options, dropout=0.2).fit(y, fh=[1, 2, 3])
            for _ in range(2)
        ]
        pd.testing.assert_frame_equal(*(run.predict() for run in runs))
        pd.testing.assert_frame_equal(*(run.predict_interval() for run in runs))
        pd.testing.assert_frame_equal(
            runs[0].predict_interval(), runs[0].predict_interval()
        )
    other = GRUForecaster(**{**QUICK, "random_state": 1}).fit(y, fh=[1, 2, 3])
    assert (other.predict() != runs[0].predict()).any(axis=None)


def test_saved_and_loaded(tmp_path):
    y = noise()
    forecaster = GRUForecaster(**QUICK, loss="normal", horizon=2, n_samples=20)
    forecaster.fit(y, fh=[1, 2, 3])
    forecaster.save(tmp_path / "model")
    loaded = GRUForecaster.load_from_path(tmp_path / "model.zip")
    for answer in ("predict", "predict_interval", "predict_var"):
        pd.testing.assert_frame_equal(
            getattr(loaded, answer)(), getattr(forecaster, answer)()
        )
    loaded.update(y[-1:], update_params=True)
    assert len(pickle.dumps(forecaster)) < 60_000


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_float64_and_lbfgs_and_threads():
    y = noise(60)
    forecaster = MLPForecaster(
        6, 2, hidden_layer_sizes=4, solver="lbfgs", max_grad_norm=None, max_iter=50,
        dtype="float64", n_threads=2, early_stopping=False, random_state=0,
    ).fit(y)  # fmt: skip
    assert forecaster.net_.module_.trunk.head.weight.dtype.itemsize == 8
    assert forecaster.predict(fh=[1, 2]).notna().all(axis=None)
    assert "MLPForecaster, float64 on cpu" in str(forecaster.summary())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window_length": 0}, "'window_length' parameter"),
        ({"horizon": "direct"}, "'horizon' parameter"),
        ({"horizon": 80}, r"horizon=80 needs a series of 81 rows"),
        ({"loss": "mse"}, "'loss' parameter"),
        ({"normalize": "minmax"}, "'normalize' parameter"),
        ({"quantiles": (0.1, 0.9), "loss": "quantile"}, "0.5 in their middle"),
        ({"quantiles": (0.5,), "loss": "quantile"}, "three or more"),
        ({"quantiles": (0, 0.5, 1), "loss": "quantile"}, "between 0 and 1"),
        ({"activation": "relu"}, "activation of GRUForecaster must be one of"),
        ({"hidden_layer_sizes": ()}, "hidden_layer_sizes must be > 0"),
        ({"loss": "negative_binomial"}, "models counts"),
        ({"device": "tpu"}, "device must be"),
        ({"learning_rate_init": 1e38, "max_grad_norm": None}, "diverged"),
    ],
)
def test_bad_parameters_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        GRUForecaster(**{**QUICK, **options}).fit(noise())


def test_bad_data_is_named():
    y, X = covariate_data(60)
    forecaster = GRUForecaster(**QUICK, horizon=2).fit(y[:-6], X[:-6])
    with pytest.raises(ValueError, match="predict needs the rows of X"):
        forecaster.predict(fh=[1])
    with pytest.raises(ValueError, match=r"lacks the columns \['b'\]"):
        forecaster.predict([1], X[["a"]][-6:])
    with pytest.raises(ValueError, match="step 3 ahead"):
        forecaster.predict([4], X.drop(X.index[-4])[-5:])
    assert len(forecaster.predict([2], X[-5:])) == 1  # only its own step is needed
    with pytest.raises(ValueError, match="no series has"):
        GRUForecaster(**QUICK).fit(y[:1])
    with pytest.raises(ValueError, match=r"not contained"):
        GRUForecaster(**QUICK).fit(y, X[:-1])


def test_update_knows_columns_by_name():
    t = np.arange(120)
    y = pd.DataFrame({"a": 1000 + np.sin(t), "b": np.cos(t)}, months(120))
    forecaster = GRUForecaster(**QUICK, normalize="series").fit(y[:100])
    other = pickle.loads(pickle.dumps(forecaster))
    forecaster.update(y[100:], update_params=False)
    other.update(y[100:][["b", "a"]], update_params=False)
    pd.testing.assert_frame_equal(forecaster.predict([1, 2]), other.predict([1, 2]))
    with pytest.raises(ValueError, match=r"y has the columns \['a', 'c'\]"):
        other.update(y[110:].rename(columns={"b": "c"}))
    single = GRUForecaster(**QUICK).fit(y["a"][:100])
    single.update(y["a"][100:].rename("other"), update_params=False)
    assert single.predict([1]).notna().all()


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


@pytest.mark.parametrize("kind", ["number", "period"])
def test_rows_in_a_sample_with_gaps_are_found_by_their_stamp(kind):
    kept = np.array([i for i in range(60) if i not in (40, 41, 50)])
    index = pd.Index(kept) if kind == "number" else months(60)[kept]
    y = pd.DataFrame({"y": noise(57)["y"].to_numpy()}, index)
    forecaster = GRUForecaster(**QUICK).fit(y, fh=[1])
    fh = ForecastingHorizon(index[[45]], is_relative=False)
    within = forecaster.predict(fh)
    assert len(forecaster.predict_residuals()) == 57
    with pytest.warns(UserWarning, match="forgotten"):
        forecaster.update(y[44:45], update_params=False)
    np.testing.assert_allclose(forecaster.predict([1]), within, rtol=1e-6)


def test_residuals_of_panels():
    y = panel((40, 35))
    forecaster = GRUForecaster(**QUICK).fit(y, fh=[1])
    residuals = forecaster.predict_residuals(y)
    assert residuals.index.equals(y.index)
    alone = forecaster.predict(fh=pd.PeriodIndex(["2002-05"], freq="M"))
    key = ("c", pd.Period("2002-05", "M"))
    assert residuals.loc[key, "y"] == pytest.approx((y - alone).loc[key, "y"])
    pd.testing.assert_frame_equal(forecaster.predict_residuals(), residuals)
    named = GRUForecaster(**QUICK).fit(noise()["y"].rename("foo"), fh=[1])
    assert named.predict_residuals().name == "foo"


def test_panels_of_dates_know_their_frequency():
    dates = pd.date_range("2020-01-01", periods=52, freq="MS")
    frames = [pd.DataFrame({"y": np.arange(n) % 5.0}, dates[:n]) for n in (45, 50)]
    y = pd.concat(frames, keys=["a", "b"], names=["series", "month"])
    forecaster = GRUForecaster(**QUICK).fit(y, fh=dates[50:])
    assert forecaster.horizon_ == 7
    assert list(forecaster.predict().loc["a"].index) == list(dates[50:])
    single = pd.concat([frames[1][-1:], frames[1]], keys=["a", "b"])
    forecast = GRUForecaster(**QUICK).fit(single, fh=[1]).predict()
    assert set(forecast.index.get_level_values(1)) == {dates[50]}


def test_names_of_series_may_be_tuples_and_categories():
    names = pd.Index([("a", 1)] * 30 + [("b", 2)] * 30, tupleize_cols=False)
    times = list(range(30)) * 2
    y = pd.DataFrame({"y": np.arange(60) % 7.0})
    y.index = pd.MultiIndex.from_arrays([names, times])
    forecast = GRUForecaster(**QUICK).fit(y, fh=[1]).predict()
    assert list(forecast.index) == [(("a", 1), 30), (("b", 2), 30)]


@pytest.mark.parametrize("level", [0.0, 7.0])
def test_constant_counts(level):
    y = pd.DataFrame({"y": np.full(100, level)})
    forecaster = GRUForecaster(**QUICK, horizon=2, loss="negative_binomial").fit(y)
    intervals = forecaster.predict_interval(fh=[1, 2, 3, 4])
    assert np.isfinite(intervals).all(axis=None)
    assert (forecaster.predict_var(fh=[1, 3]) >= 0).all(axis=None)


def test_an_outlier_does_not_set_the_scale():
    t = np.arange(400)
    y = 100 + np.sin(t * np.pi / 6)
    spoiled = y.copy()
    spoiled[20] += 1e6
    forecaster = MLPForecaster(24, 12, random_state=0)
    forecaster.fit(pd.DataFrame({"y": spoiled[:388]}), fh=range(1, 13))
    np.testing.assert_allclose(forecaster.predict()["y"], y[388:], atol=0.3)


def test_what_is_fitted_on_is_kept_from_changes():
    y = noise(60)
    forecaster = GRUForecaster(**QUICK).fit(y[:59])
    expected = forecaster.predict(fh=[1])
    y.iloc[:, 0] = 1e9
    forecaster.update(noise(60)[58:59], update_params=False)
    np.testing.assert_allclose(forecaster.predict(fh=[1]), expected)


def test_rows_that_were_trained_on_no_longer_count_as_held_out():
    y = panel((60, 60, 60))
    forecaster = GRUForecaster(**QUICK, horizon=1, fine_tune=False).pretrain(y)
    forecaster.fit(noise(40, 9))
    assert forecaster._model.calibration_starts[None] == noise(40).index[0]
    forecaster.update(noise(41, 9)[40:], update_params=True)
    assert forecaster._model.calibration_starts[None] > noise(40).index[30]

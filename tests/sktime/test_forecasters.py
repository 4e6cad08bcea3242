"""Forecasts are right: each series, each step, from the newest observation."""

import pickle

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from sktime.forecasting.base import ForecastingHorizon

from skrnn.engine import CompiledNetwork
from skrnn.sktime import GRUForecaster, MLPForecaster
from tests.common_engine import needs_engine
from tests.forecast_data import (
    FORECASTERS,
    QUICK,
    counts,
    covariate_data,
    months,
    noise,
    panel,
)


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


@needs_engine
@pytest.mark.parametrize("cls", FORECASTERS)
@pytest.mark.parametrize(
    ("y", "X", "params"),
    [
        (noise(), None, {"horizon": 1}),
        (panel((60, 5, 9)), None, {"horizon": 3, "normalize": "series"}),
        (counts(), None, {"loss": "negative_binomial", "n_samples": 20}),
        (*covariate_data(), {"loss": "normal", "horizon": 2, "n_samples": 20}),
    ],
)
def test_engine_and_torch_roll_alike(cls, y, X, params, monkeypatch):
    fh, known, after = range(1, 13), X, None
    if X is not None:
        y, known, after = y.iloc[:-12], X.iloc[:-12], X.iloc[-12:]
    forecaster = cls(**{**QUICK, "max_iter": 2, **params}).fit(y, known, fh)
    calls = []
    predict = CompiledNetwork.predict
    monkeypatch.setattr(
        CompiledNetwork, "predict", lambda *args: calls.append(1) or predict(*args)
    )
    forecasts = []
    for engine in ("", "torch"):
        monkeypatch.setenv("SKRNN_ENGINE", engine)
        forecasts.append(forecaster.predict(X=after))
        assert len(calls) == -(-12 // params.get("horizon", 12))
    spread = float(y.std().iloc[0])
    np.testing.assert_allclose(*forecasts, rtol=0, atol=2e-6 * spread)


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


@pytest.mark.slow
@pytest.mark.parametrize("cls", FORECASTERS)
def test_a_sine_is_continued(cls):
    wave = 100 + 10 * np.sin(np.arange(212) * 2 * np.pi / 12)
    y = pd.Series(wave[:200], months(200))
    forecaster = cls(12, random_state=0).fit(y, fh=range(1, 13))
    np.testing.assert_allclose(forecaster.predict(), wave[200:], atol=1)


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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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
    with pytest.warns(UserWarning, match="no series is long enough to hold out"):
        single.fit(noise(2))
    assert single.predict(fh=[1]).notna().all(axis=None)


@pytest.mark.parametrize("kind", ["number", "period"])
def test_rows_in_a_sample_with_gaps_are_found_by_their_stamp(kind):
    kept = np.array([i for i in range(60) if i not in (40, 41, 50)])
    index = pd.Index(kept) if kind == "number" else months(60)[kept]
    y = pd.DataFrame({"y": noise(57)["y"].to_numpy()}, index)
    with pytest.warns(UserWarning, match="2 of 56 distances differ"):
        forecaster = GRUForecaster(**QUICK).fit(y, fh=[1])
    fh = ForecastingHorizon(index[[45]], is_relative=False)
    within = forecaster.predict(fh)
    assert len(forecaster.predict_residuals()) == 57
    with pytest.warns(UserWarning, match="forgotten"):
        forecaster.update(y[44:45], update_params=False)
    np.testing.assert_allclose(forecaster.predict([1]), within, rtol=1e-6)


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


def test_an_outlier_does_not_set_the_scale():
    t = np.arange(400)
    y = 100 + np.sin(t * np.pi / 6)
    spoiled = y.copy()
    spoiled[20] += 1e6
    forecaster = MLPForecaster(24, 12, random_state=0)
    forecaster.fit(pd.DataFrame({"y": spoiled[:388]}), fh=range(1, 13))
    np.testing.assert_allclose(forecaster.predict()["y"], y[388:], atol=0.3)


@pytest.mark.parametrize("kind", ["gap", "duplicate"])
def test_dates_with_gaps_are_stamped_by_their_usual_step(kind):
    y = pd.DataFrame(
        {"y": np.arange(100) % 7.0}, pd.date_range("2024-01-01", periods=100, freq="h")
    )
    y = y.drop(y.index[-2]) if kind == "gap" else pd.concat([y, y[-1:]])
    with pytest.warns(UserWarning, match="not evenly spaced"):
        forecaster = GRUForecaster(**QUICK).fit(y, fh=[1, 2])
    ahead = pd.date_range("2024-01-05 04:00", periods=2, freq="h")
    assert list(forecaster.predict().index) == list(ahead)


EPS = np.finfo(float).eps
STILL = {
    "rounding": np.array([14.62, 14.62 * (1 + 3e-16)] * 55),
    "exact": np.full(110, 15.0),
    "huge": np.full(110, 1e9),
    "beyond squares": np.full(110, -1e300),
    "tiny": np.full(110, 1e-200),
    "nothing": np.zeros(110),
    "integer": np.full(110, 7),
    "single precision": np.float32(14.62) * np.float32([1, 1 + 2e-7] * 55),
}


def with_still_column(values, moved):
    """A series of 120 rows, and a column that moves in the last ten only."""
    y = pd.DataFrame({"y": np.sin(np.arange(120) / 3) + 9}, months(120))
    later = np.full(10, moved, values.dtype)
    return y, pd.DataFrame({"price": np.concatenate([values, later])}, y.index)


@pytest.mark.parametrize("past", [None, ["price"]])
@pytest.mark.parametrize(
    ("cls", "kind"),
    [(cls, "rounding") for cls in FORECASTERS]
    + [(MLPForecaster, kind) for kind in STILL if kind != "rounding"],
)
def test_a_column_that_stands_still_is_ignored(cls, kind, past):
    """However it moves later, forecasts are those with a column of zeros."""
    forecasts = []
    for values, moved in [
        (STILL[kind], 1.05 * STILL[kind].max() + 1),
        (np.zeros(110), 0),
    ]:
        y, X = with_still_column(values, moved)
        forecaster = cls(**QUICK, horizon=3, past_columns=past)
        with pytest.warns(
            UserWarning, match=r"the columns \['price'\] of X are constant"
        ):
            forecaster.fit(y[:110], X[:110])
        ahead = forecaster.predict_quantiles([1, 3], X[110:113], alpha=[0.1, 0.5, 0.9])
        forecaster.update(y[110:117], X[110:117], update_params=False)
        moved_on = forecaster.predict([1, 3], X[117:])
        forecasts.append(np.hstack([ahead, moved_on]))
    np.testing.assert_array_equal(*forecasts)


@pytest.mark.parametrize("cls", FORECASTERS)
def test_a_column_that_moves_in_held_out_rows_only_is_ignored(cls):
    y, X = with_still_column(np.full(110, 14.62), 15.9)
    with pytest.warns(UserWarning, match="are constant in the training rows"):
        forecaster = cls(**QUICK, horizon=3).fit(y, X)
    with pytest.warns(UserWarning, match="are constant in the training rows"):
        expected = cls(**QUICK, horizon=3).fit(y, 0 * X)
    assert forecaster.validation_scores_ == expected.validation_scores_
    assert_frame_equal(
        forecaster.predict([1, 2], X[:2].set_axis(months(122)[-2:])),
        expected.predict([1, 2], X[:2].set_axis(months(122)[-2:])),
    )


@pytest.mark.slow
def test_a_column_that_stood_still_in_pretrain_may_be_learnt_later():
    """Ignored until weights are trained on rows in which it moves, scaled by these."""
    y, X = covariate_data()
    still = X.assign(a=14.62)
    shops = pd.concat({1: y, 2: y + 1}, names=["shop", "month"])
    shops_X = pd.concat({1: still, 2: still}, names=["shop", "month"])
    options = {
        "window_length": 6,
        "horizon": 3,
        "random_state": 0,
        "max_iter": 80,
        "normalize": "series",
        "learning_rate": "onecycle",
        "learning_rate_init": 0.01,
    }
    kept = MLPForecaster(**options, fine_tune=False)
    learning = MLPForecaster(**options)
    for forecaster in (kept, learning):
        with pytest.warns(UserWarning, match=r"the columns \['a'\]"):
            forecaster.pretrain(shops, shops_X)
    with pytest.warns(UserWarning, match=r"the columns \['a'\]"):
        kept.fit(y[:140], X[:140])
    moved = X[140:143].assign(a=9.0)
    assert_frame_equal(
        kept.predict([1, 2, 3], X[140:143]), kept.predict([1, 2, 3], moved)
    )
    learning.fit(y[:140], X[:140])  # y is 100 + 5 * a
    np.testing.assert_allclose(
        learning.predict([1, 2, 3], X[140:143]), y[140:143], atol=1.5
    )
    with pytest.warns(UserWarning, match="are constant in the training rows"):
        updated = MLPForecaster(**options).fit(y[:70], still[:70])
    updated.update(y[70:140], X[70:140])
    assert np.isfinite(updated._model.scaling.X_scale).all()
    assert 0.3 < updated._model.scaling.X_scale[0] < 30


def test_a_column_that_differs_between_series_only_is_learnt():
    rng = np.random.default_rng(0)
    walks = rng.normal(size=(4, 60)).cumsum(axis=1)
    y = pd.concat({i: pd.DataFrame({"y": walk}) for i, walk in enumerate(walks)})
    X = pd.DataFrame({"size": np.repeat([0.0, 1, 2, 3], 60)}, y.index)
    forecaster = MLPForecaster(**QUICK, horizon=2).fit(y, X)  # does not warn
    np.testing.assert_allclose(forecaster._model.scaling.X_scale, np.std(range(4)))


def test_constants_of_many_rows_and_targets_are_seen_to_be_so():
    """Sums over 10,000 rows of three columns are off by thousands of roundings."""
    y = pd.DataFrame(np.full((10_000, 3), 14.62))
    assert np.ascontiguousarray(y).std(axis=0).max() > 100 * 14.62 * EPS
    options = {**QUICK, "max_iter": 1, "hidden_layer_sizes": 2}
    forecaster = MLPForecaster(**options, step_length=50).fit(y)
    _, scale, typical = forecaster._model.scaling.series[None]
    np.testing.assert_allclose(scale, 14.62e-6)
    np.testing.assert_allclose(typical, 1)


def test_windows_that_mostly_stand_still_are_not_typical():
    """The usual variance of windows is 0 here, up to rounding of its sums."""
    values = np.full(2000, 14.62)
    values[1000:1010] += np.random.default_rng(0).normal(size=10)
    forecaster = MLPForecaster(**QUICK, horizon=2).fit(pd.DataFrame({"y": values}))
    np.testing.assert_allclose(forecaster._model.scaling.series[None][2], 1)
    np.testing.assert_allclose(forecaster.predict([1, 2]), 14.62, rtol=1e-3)


def test_a_covariate_that_nearly_stands_still_is_ignored():
    y, _ = covariate_data(70)
    jitter = 1 + 1e-10 * np.random.default_rng(0).normal(size=70)
    X = pd.DataFrame({"price": 14.62 * jitter}, y.index)
    with pytest.warns(UserWarning, match=r"the columns \['price'\] of X are constant"):
        forecaster = MLPForecaster(**QUICK).fit(y[:60], X[:60], fh=[1, 2])
    np.testing.assert_array_equal(
        forecaster.predict(X=X[60:62] * 1.05), forecaster.predict(X=X[60:62])
    )

"""Layouts and containers that are easily taken for others: hints, and masks."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skrnn import (
    GRURegressor,
    LSTMClassifier,
    MLPRegressor,
    SequenceScaler,
    SlidingWindow,
)
from tests.common_estimators import RECURRENT_REGRESSORS, wave, windows_of

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
BRIEF = {"hidden_layer_sizes": 2, "random_state": 0, "learning_rate": "cosine"}


def quick(cls=GRURegressor, **parameters):
    return cls(**BRIEF | parameters)


# --- layouts that are taken for others


DAYS = pd.date_range("2024-01-01", periods=20)
TIMES = {
    "dates": DAYS,
    "periods": pd.period_range("2000", periods=20, freq="M"),
    "durations": pd.to_timedelta(np.arange(20), "h"),
}


def count_of(told, words):
    return sum(words in str(warning.message) for warning in told)


def table_of(columns, index=DAYS):
    values = np.random.default_rng(0).normal(size=(len(index), len(columns)))
    return pd.DataFrame(values, index, columns)


@pytest.mark.parametrize("kind", TIMES)
def test_a_table_of_rows_in_time_is_noticed(kind):
    table, y = table_of(["load", "heat"], TIMES[kind]), np.arange(20.0)
    model = quick(max_iter=1)
    search = GridSearchCV(model, {}, cv=2, refit=False)
    for fit in (
        model.fit,
        quick().partial_fit,
        LSTMClassifier(**BRIEF, max_iter=1).fit,
    ):
        with pytest.warns(UserWarning, match=r"\['load', 'heat'\], but a net") as told:
            fit(table, np.arange(20) % 2)
        assert "make_pipeline(SlidingWindow(10), network)" in str(told[0].message)
        assert told[0].filename == __file__
        assert count_of(told, "SlidingWindow") == 1
    with pytest.warns(UserWarning, match="put SlidingWindow before it") as told:
        search.fit(table, y)
    assert count_of(told, "SlidingWindow") == 2  # a fold each
    with pytest.warns(UserWarning, match="use StandardScaler and put SlidingWindow"):
        make_pipeline(SequenceScaler(), model).fit(table, y)
    make_pipeline(SlidingWindow(3), model).fit(table, y)
    model.fit(table.to_numpy(), y)
    with pytest.warns(UserWarning, match="stateful=True reads each row as a") as told:
        quick(max_iter=1, stateful=True, shuffle=False).fit(table, y)
    assert count_of(told, "SlidingWindow") == 0  # said in other words


@pytest.mark.parametrize(
    "columns",
    [
        ["load"],
        ["load_lag2", "load_lag1", "load_lag0"],
        ["00:00", "06:00", "12:00", "18:00"],
        [f"hour {i}" for i in range(24)],
        ["Jan", "Feb", "Mar"],
        [0, 1, 2],
        list(DAYS[:3]),
    ],
)
def test_columns_that_are_time_steps_are_not_complained_of(columns):
    table = table_of(columns)
    model = quick(max_iter=1).fit(table, np.arange(20.0))
    np.testing.assert_array_equal(
        model.predict(table),
        quick(max_iter=1).fit(table.to_numpy(), np.arange(20.0)).predict(table.values),
    )
    lags = SlidingWindow(3, flatten=True).set_output(transform="pandas")
    quick(max_iter=1).fit(lags.fit_transform(table_of(["x"]))[2:], np.arange(18.0))


def test_time_in_the_place_of_features_is_noticed():
    channels_first, y = np.zeros((20, 1, 30)), np.arange(20.0)
    model = quick(max_iter=1)
    for X in (channels_first, list(channels_first)):
        with pytest.warns(UserWarning, match="one time step of 30 features") as told:
            model.fit(X, y)
        assert "swap the two: np.swapaxes(X, 1, 2)" in str(told[0].message)
    model.fit(np.swapaxes(channels_first, 1, 2), y)
    assert (model.n_timesteps_in_, model.n_features_in_) == (30, 1)
    model.fit(channels_first[:, :, :8], y)  # a few features of one step
    one_row = [pd.DataFrame(x, columns=[f"f{i}" for i in range(30)]) for x in X]
    model.fit(one_row, y)
    model.fit(SlidingWindow(1).fit_transform(np.zeros((20, 30))), y)
    quick(max_iter=1, stateful=True, shuffle=False).fit(channels_first, y)


# --- lags, the newest first


X, Y = windows_of(wave(120, 2), 8)
TABLE = X[:, :, 0]
NEWEST_FIRST = [
    [f"lag_{k}" for k in range(1, 9)],  # skforecast
    [f"lag{k}" for k in (1, 2, 3, 7, 14, 21, 24, 48)],  # mlforecast
    [f"v_lag_{k}d" for k in range(1, 9)],  # feature-engine
    [f"{name}_lag_{k}" for k in range(1, 5) for name in "vw"],
    [f"{name}_lag_{k}" for name in "vw" for k in range(1, 5)],
    ["v_lag0", "v_lag1", "v_lag2", "hour", "day", "heat", "wind", "rain"],
    [f"v(t-{k})" for k in range(1, 9)],
    [f"Lag {k}" for k in range(1, 9)],
]


IN_ORDER = [
    *(names[::-1] for names in NEWEST_FIRST),
    [f"v_lag{k}" for k in range(7, -1, -1)],
    [f"{name}_lag{k}" for k in range(3, -1, -1) for name in "vw"],  # SlidingWindow's
    [f"lag_{k}" for k in (1, 3, 2, 4, 8, 5, 6, 7)],
    [f"lag_1_{statistic}" for statistic in "abcdefgh"],
    [f"flag_{k}" for k in range(8)],
    [f"step{k}" for k in range(8)],
    list("abcdefgh"),
    list(range(8)),
]


@pytest.mark.parametrize("names", NEWEST_FIRST)
@pytest.mark.parametrize("cls", RECURRENT_REGRESSORS)
def test_lags_with_the_newest_first_are_noticed(cls, names):
    with pytest.warns(UserWarning, match="the newest first") as caught:
        quick(cls, max_iter=3).fit(pd.DataFrame(TABLE, columns=names), Y)
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.parametrize("names", IN_ORDER)
def test_other_names_are_not(names):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        quick(max_iter=3).fit(pd.DataFrame(TABLE, columns=names), Y)


def test_lags_reversed_are_the_windows():
    """As skforecast makes them: lag_k at t is the value at t - k."""
    series = pd.Series(wave(60)[:, 0], pd.date_range("2024", periods=60))
    lags = pd.DataFrame({f"lag_{k}": series.shift(k) for k in range(1, 9)}).dropna()
    y = series[lags.index]
    windows = SlidingWindow(8).fit_transform(series.to_frame())[7:-1]
    np.testing.assert_array_equal(lags[lags.columns[::-1]], windows[:, :, 0])
    model = quick(max_iter=30).fit(lags[lags.columns[::-1]], y)
    expected = quick(max_iter=30).fit(windows, y).predict(windows)
    np.testing.assert_array_equal(model.predict(lags[lags.columns[::-1]]), expected)


# --- masked arrays


def test_what_a_mask_hides_is_missing():
    rows = np.random.default_rng(0).normal(size=(12, 4, 2))
    y = rows[:, -1, 0]
    no_history = np.zeros(rows.shape, bool)
    no_history[::2, 0] = True
    hidden = np.where(no_history, 1e6, rows)  # what the mask hides must not matter
    masked = np.ma.masked_array(hidden, no_history)
    model = quick(max_iter=3)
    expected = model.fit(np.where(no_history, np.nan, rows), y).predict(rows)
    for form in (masked, list(masked), pd.Series(list(masked))):
        np.testing.assert_array_equal(model.fit(form, y).predict(rows), expected)
        fewer = model.predict(form)
        np.testing.assert_allclose(fewer[0], model.predict([rows[0, 1:]])[0], rtol=1e-5)
    np.testing.assert_array_equal(  # a mask that hides nothing
        model.predict(np.ma.masked_array(rows)), model.predict(rows)
    )
    a_hole = np.ma.masked_array(rows, np.zeros(rows.shape, bool))
    a_hole[3, 2, 1] = np.ma.masked
    for call in (model.predict, model.gate_activations, lambda X: model.fit(X, y)):
        with pytest.raises(ValueError, match="NaN: window 3 has a missing value"):
            call(a_hole)
    with pytest.raises(ValueError, match="missing value"):
        model.fit(rows, y, X_val=a_hole, y_val=y)
    with pytest.raises(ValueError, match="feature 1 of row 2 is nan"):
        model.fit(rows, y).stream(a_hole[3])
    table = np.ma.masked_greater(rows[:, :, 0], 1.5)
    assert table.mask.any()
    for cls in (GRURegressor, MLPRegressor):
        for X in (table, list(table)):
            with pytest.raises(ValueError, match=r"NaN|nan"):
                cls(hidden_layer_sizes=2).fit(X, y)


@pytest.mark.parametrize("cls", [GRURegressor, MLPRegressor, LSTMClassifier])
def test_masked_targets_and_weights_are_refused(cls):
    X, y = np.random.default_rng(0).normal(size=(12, 4)), np.arange(12) % 2
    masked = np.ma.masked_array(y, y > 0)
    options = {"max_iter": 1, "random_state": 0}
    model = cls(hidden_layer_sizes=2, **options).fit(X, np.ma.masked_array(y))
    for call in (model.fit, model.score, model.partial_fit):
        with pytest.raises(ValueError, match=r"y holds 6 value\(s\) that are masked"):
            call(X, masked)
    with pytest.raises(ValueError, match="sample_weight holds 6 value"):
        model.fit(X, y, sample_weight=np.ma.masked_array(np.ones(12), y > 0))


def test_masked_targets_at_each_step_are_refused():
    X = np.zeros((6, 4, 1))
    y = [np.ma.masked_array(np.zeros(4), [False, True, False, False])] * 6
    with pytest.raises(ValueError, match=r"y holds 6 value\(s\) that are masked"):
        quick(return_sequences=True).fit(X, y)

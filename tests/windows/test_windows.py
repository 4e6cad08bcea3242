"""Windows of every form of input against brute force."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skrnn.windows import (
    Windows,
    windows_with_targets,
)

sizes = st.integers(1, 8)
finite = st.floats(-1e3, 1e3, allow_nan=False)


def assert_windows(windows, expected):
    assert len(windows) == len(expected)
    for index, sample in enumerate(expected):
        np.testing.assert_array_equal(windows[index], sample)


@given(
    st.tuples(sizes, sizes, sizes).flatmap(lambda s: arrays(float, s, elements=finite))
)
def test_dense_array_gives_its_samples(X):
    assert_windows(Windows.from_array(X), X)
    np.testing.assert_array_equal(np.asarray(Windows.from_array(X)), X)


@given(arrays(float, st.tuples(sizes, sizes), elements=finite))
def test_2d_array_is_sequences_of_one_feature(X):
    assert_windows(Windows.from_array(X), X[:, :, None])


@given(
    n_rows=st.integers(1, 30),
    n_features=st.integers(1, 3),
    window_length=sizes,
    step=st.integers(1, 10),
    reverse=st.booleans(),
)
def test_sliding_view_gives_its_samples(
    n_rows, n_features, window_length, step, reverse
):
    rows = np.arange(n_rows * n_features, dtype=float).reshape(n_rows, n_features)
    if window_length > n_rows:
        return
    view = np.lib.stride_tricks.sliding_window_view(rows, window_length, axis=0)
    view = view.swapaxes(1, 2)[::step]
    view = view[::-1] if reverse else view
    assert_windows(Windows.from_array(view), view.copy())


@pytest.mark.parametrize("step", [1, 2, 5])
def test_sliding_view_is_not_copied(step):
    rows = np.random.default_rng(0).standard_normal((50, 3))
    view = np.lib.stride_tricks.sliding_window_view(rows, 5, axis=0).swapaxes(1, 2)
    windows = Windows.from_array(view[::step])
    assert np.shares_memory(windows.rows, rows)
    assert windows.rows.shape == ((len(view[::step]) - 1) * step + 5, 3)


def test_dense_array_and_memmap_are_not_copied(tmp_path):
    dense = np.zeros((4, 5, 2))
    assert np.shares_memory(Windows.from_array(dense).rows, dense)
    on_disk = np.memmap(tmp_path / "rows", dtype="f4", mode="w+", shape=(20, 2))
    view = np.lib.stride_tricks.sliding_window_view(on_disk, 5, axis=0).swapaxes(1, 2)
    windows = Windows.from_array(view, dtype="f4")
    assert np.shares_memory(windows.rows, on_disk)
    assert np.shares_memory(Windows.from_series(on_disk, 5).rows, on_disk)


@given(
    st.lists(st.integers(1, 6), min_size=1, max_size=6),
    st.integers(1, 3),
)
def test_ragged_list_gives_its_sequences(lengths, n_features):
    rng = np.random.default_rng(0)
    sequences = [rng.standard_normal((length, n_features)) for length in lengths]
    assert_windows(Windows.from_sequences(sequences), sequences)


@given(
    n_samples=sizes,
    n_timesteps=sizes,
    n_features=st.integers(1, 3),
    data=st.data(),
)
def test_leading_nan_rows_are_no_history(n_samples, n_timesteps, n_features, data):
    X = np.random.default_rng(0).standard_normal((n_samples, n_timesteps, n_features))
    missing = data.draw(
        st.lists(
            st.integers(0, n_timesteps - 1), min_size=n_samples, max_size=n_samples
        )
    )
    for sample, count in zip(X, missing, strict=True):
        sample[:count] = np.nan
    windows = Windows.from_array(X)
    expected = [sample[count:] for sample, count in zip(X, missing, strict=True)]
    assert_windows(windows, expected)
    np.testing.assert_array_equal(windows.to_array(n_timesteps), X)


def test_nan_led_sliding_view_shares_its_rows():
    rows = np.concatenate([np.full((2, 1), np.nan), np.arange(5.0)[:, None]])
    view = np.lib.stride_tricks.sliding_window_view(rows, 3, axis=0).swapaxes(1, 2)
    windows = Windows.from_array(view)
    assert np.shares_memory(windows.rows, rows)
    assert windows.starts.tolist() == [2, 2, 2, 3, 4]
    assert windows.lengths.tolist() == [1, 2, 3, 3, 3]


@given(
    sizes_of_series=st.lists(st.integers(1, 12), min_size=1, max_size=4),
    window_length=st.integers(1, 6),
    step=st.integers(1, 4),
    complete=st.booleans(),
)
def test_panel_windows_never_cross_a_series(
    sizes_of_series, window_length, step, complete
):
    rows = np.arange(sum(sizes_of_series), dtype=float)[:, None]
    expected, first = [], 0
    for size in sizes_of_series:
        series = rows[first : first + size]
        first += size
        if complete:
            starts = range(0, size - window_length + 1, step)
            expected += [series[s : s + window_length] for s in starts]
        else:
            ends = range(1, size + 1, step)
            expected += [series[max(0, e - window_length) : e] for e in ends]
    if not expected:
        with pytest.raises(ValueError, match="longer than the series"):
            Windows.from_series(rows, window_length, series_lengths=sizes_of_series)
        return
    windows = Windows.from_series(
        rows,
        window_length,
        step_length=step,
        series_lengths=sizes_of_series,
        complete=complete,
    )
    assert_windows(windows, expected)
    assert windows.rows is rows


@given(
    sizes_of_series=st.lists(st.integers(1, 12), min_size=1, max_size=4),
    window_length=st.integers(1, 4),
    horizon=st.integers(1, 4),
    step=st.integers(1, 3),
)
def test_targets_follow_their_windows_in_the_same_series(
    sizes_of_series, window_length, horizon, step
):
    rows = np.arange(sum(sizes_of_series), dtype=float)[:, None]
    series_of_row = np.repeat(np.arange(len(sizes_of_series)), sizes_of_series)
    arguments = {"step_length": step, "series_lengths": sizes_of_series}
    if max(sizes_of_series) < window_length + horizon:
        with pytest.raises(ValueError, match="longer than the series"):
            windows_with_targets(rows, window_length, horizon, **arguments)
        return
    inputs, targets = windows_with_targets(rows, window_length, horizon, **arguments)
    total = window_length + horizon
    expected = []
    for number, size in enumerate(sizes_of_series):
        own = np.flatnonzero(series_of_row == number)
        expected += [own[s : s + total] for s in range(0, size - total + 1, step)]
    assert_windows(inputs, [rows[index[:window_length]] for index in expected])
    assert_windows(targets, [rows[index[window_length:]] for index in expected])
    assert inputs.rows is rows
    assert targets.rows is rows


def test_windows_cannot_be_moved_after_they_were_checked():
    starts = np.array([0, 1])
    windows = Windows(np.zeros((4, 1)), starts, [2, 2])
    starts[:] = 50
    assert windows.starts.tolist() == [0, 1]
    with pytest.raises(ValueError, match="read-only"):
        windows.starts[0] = 50


def test_windows_are_indexed_like_an_array():
    windows = Windows(np.arange(10.0)[:, None], [0, 2, 5], [2, 3, 4])
    assert windows.shape == (3, 4, 1)
    assert windows[[2, 0]].starts.tolist() == [5, 0]
    assert windows[np.array([True, False, True]), ...].lengths.tolist() == [2, 4]
    assert windows[1:].lengths.tolist() == [3, 4]
    np.testing.assert_array_equal(windows[-1].ravel(), [5, 6, 7, 8])
    with pytest.raises(IndexError, match="by sample only"):
        windows[:, 0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.zeros(3), [0], [1]), "rows must be 2-D"),
        ((np.zeros((3, 0)), [0], [1]), "at least one feature"),
        ((np.zeros((3, 1), complex), [0], [1]), "real numbers"),
        ((np.zeros((3, 1)), [0.5], [1]), "starts must be integers"),
        ((np.zeros((3, 1)), [0, 1], [1]), "equally long"),
        ((np.zeros((3, 1)), [0, 1], [1, 0]), "window 1 is empty"),
        ((np.zeros((3, 1)), [0, 2], [1, 2]), "window 1 covers rows 2 to 3"),
        ((np.zeros((3, 1)), [-1], [1]), "window 0 covers rows -1"),
    ],
)
def test_impossible_windows_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Windows(*arguments)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([[[1.0], [np.nan], [2.0]]], "after its first observed row"),
        ([[[1.0, np.nan], [1.0, 2.0]]], "after its first observed row"),
        ([[[np.nan], [np.nan]]], "no observed row at all"),
        ([[[np.nan], [np.inf]]], "infinity"),
        (np.zeros((2, 2, 2, 2)), "got 4-D"),
    ],
)
def test_unreadable_arrays_are_refused(X, message):
    with pytest.raises(ValueError, match=message):
        Windows.from_array(np.asarray(X))


@pytest.mark.parametrize(
    ("sequences", "message"),
    [
        ([], "at least one sequence"),
        ([np.zeros((2, 3)), np.zeros((2, 2))], "sequence 1 has 2"),
        ([np.zeros((2, 3)), np.zeros((0, 3))], "sequence 1 is empty"),
        ([np.zeros((2, 3, 4))], r"sequence 0 has shape \(2, 3, 4\)"),
        ([np.array(["a", "b"])], "not numbers"),
        ([np.array([1j, 2])], "Complex data not supported"),
    ],
)
def test_unreadable_lists_are_refused(sequences, message):
    with pytest.raises(ValueError, match=message):
        Windows.from_sequences(sequences)


def test_what_a_mask_hides_is_no_value_of_a_window():
    values = np.arange(24.0).reshape(4, 3, 2)
    hidden = np.zeros(values.shape, bool)
    hidden[1, 0] = True
    masked = np.ma.masked_array(values, hidden)
    whole = np.ma.masked_array(values.astype(int), hidden)
    for windows in (
        Windows.from_array(masked),
        Windows.from_array(whole),
        Windows.from_sequences(list(masked)),
    ):
        assert windows.lengths.tolist() == [3, 2, 3, 3]
        np.testing.assert_array_equal(windows[1], values[1, 1:])
    rows = np.ma.masked_array(values[0], hidden[1])
    assert np.isnan(Windows.from_series(rows, 2).rows[0]).all()
    assert np.isnan(Windows(rows, [0], [3]).rows).sum() == 2
    with pytest.raises(ValueError, match=r"got object; use rows\.astype\(float\)"):
        Windows.from_array(values.astype(object))


def padded(sequences, where):
    """A dense array (sample, time, feature), NaN where there is nothing."""
    longest = max(map(len, sequences))
    dense = np.full((len(sequences), longest, sequences[0].shape[1]), np.nan)
    for row, sequence in zip(dense, sequences, strict=True):
        start = 0 if where == "after" else longest - len(sequence)
        row[start : start + len(sequence)] = sequence
    return dense


def test_frame_without_instances_is_no_panel():
    with pytest.raises(ValueError, match="MultiIndex, got DataFrame; make one with"):
        Windows.from_frame(pd.DataFrame({"x": [1.0]}))


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_padding_on_either_side_is_found(data):
    lengths = data.draw(st.lists(st.integers(1, 6), min_size=1, max_size=8))
    sequences = [np.full((n, 1), i + 1.0) for i, n in enumerate(lengths)]
    for where in ("before", "after"):
        windows = Windows.from_array(padded(sequences, where))
        assert windows.lengths.tolist() == lengths
        for i, sequence in enumerate(sequences):
            np.testing.assert_array_equal(windows[i], sequence)


@given(st.data())
def test_rows_that_are_not_kept_drop_out_of_their_windows(data):
    n_rows = data.draw(st.integers(2, 20))
    rows = np.arange(n_rows)[:, None]
    starts = data.draw(st.lists(st.integers(0, n_rows - 1), min_size=1, max_size=9))
    lengths = [data.draw(st.integers(1, n_rows - start)) for start in starts]
    windows = Windows(rows, starts, lengths)
    used = windows.is_row_used
    assert set(np.flatnonzero(used)) == {
        int(r) for w in range(len(starts)) for r in windows[w][:, 0]
    }
    keep = np.array(
        data.draw(st.lists(st.booleans(), min_size=n_rows, max_size=n_rows))
    )
    expected = [
        rows[s : s + n][keep[s : s + n]] for s, n in zip(starts, lengths, strict=True)
    ]
    if min(map(len, expected)) == 0:
        with pytest.raises(ValueError, match="is empty"):
            windows.keep_rows(keep)
        return
    kept = windows.keep_rows(keep)
    for i, sequence in enumerate(expected):
        np.testing.assert_array_equal(kept[i], sequence)

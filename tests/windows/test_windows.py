"""Windows against brute force."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skrnn.windows import (
    Windows,
    overlap,
    split_windows_in_time,
    time_ordered_split,
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


@given(st.integers(2, 200), st.floats(0.01, 0.9), st.integers(0, 5))
def test_time_ordered_split_keeps_targets_apart(n_samples, fraction, gap):
    n_held_out = int(np.ceil(fraction * n_samples))
    if n_samples - n_held_out - gap < 1:
        with pytest.raises(ValueError, match="nothing is left to train on"):
            time_ordered_split(n_samples, fraction, gap)
        return
    train, held_out = time_ordered_split(n_samples, fraction, gap)
    assert len(held_out) == n_held_out
    assert held_out[-1] == n_samples - 1
    horizon = gap + 1
    last_target = train[-1] + horizon
    assert last_target < held_out[0] + 1  # the first held-out target's first step
    assert len(train) + gap + n_held_out == n_samples


def test_overlap_is_seen_in_views_and_in_copies():
    rows = np.random.default_rng(0).standard_normal((60, 2))
    view = np.lib.stride_tricks.sliding_window_view(rows, 6, axis=0).swapaxes(1, 2)
    fold = np.sort(np.random.default_rng(1).permutation(55)[:30])
    for windows in (view, view[10:40], view[::2], view[::3], view[::-1], view[fold]):
        assert overlap(Windows.from_array(windows))
        assert overlap(Windows.from_array(windows.copy()))
    short = np.lib.stride_tricks.sliding_window_view(rows, 2, axis=0).swapaxes(1, 2)
    assert overlap(Windows.from_array(short.copy()))
    independent = np.random.default_rng(0).standard_normal((30, 6, 2))
    assert not overlap(Windows.from_array(independent))
    assert not overlap(Windows.from_array(view[::6]))


def test_chance_repeats_are_no_overlap():
    rng = np.random.default_rng(0)
    events = [rng.integers(0, 2, n) for n in rng.integers(5, 20, 60)]
    assert not overlap(Windows.from_sequences(events))
    silence = np.zeros((2, 3))
    sounds = [
        np.vstack([silence, rng.standard_normal((6, 3)), silence]) for _ in range(40)
    ]
    assert not overlap(Windows.from_sequences(sounds))
    words = np.ones((60, 1), dtype=int)
    texts = Windows(words, np.arange(0, 60, 3), np.full(20, 3), n_tokens=2)
    assert not overlap(texts)
    steps = np.arange(20) >= rng.integers(5, 15, 60)[:, None]
    assert not overlap(Windows.from_array(steps.astype(float)))
    assert not overlap(Windows.from_array(rng.integers(0, 2, (200, 2))))
    assert not overlap(Windows.from_array(np.zeros((50, 2))))
    counts = np.lib.stride_tricks.sliding_window_view(rng.poisson(2, 90), 12)
    assert overlap(Windows.from_array(counts.copy()))


@given(
    sizes_of_series=st.lists(st.integers(10, 30), min_size=1, max_size=4),
    window_length=st.integers(2, 6),
    fraction=st.floats(0.1, 0.4),
    gap=st.integers(0, 3),
    seed=st.integers(0, 5),
)
def test_split_in_time_by_series_whatever_the_order(
    sizes_of_series, window_length, fraction, gap, seed
):
    rows = np.zeros((sum(sizes_of_series), 1))
    windows = Windows.from_series(
        rows, window_length, series_lengths=sizes_of_series, complete=False
    )
    windows = windows[np.random.default_rng(seed).permutation(len(windows))]
    ends = windows.starts + windows.lengths
    series = np.searchsorted(np.cumsum(sizes_of_series), ends)
    train, held_out = split_windows_in_time(windows, fraction, gap)
    rounded = np.ceil if len(sizes_of_series) == 1 else np.round
    for number, size in enumerate(sizes_of_series):
        own_train = np.sort(ends[train][series[train] == number])
        own_held_out = np.sort(ends[held_out][series[held_out] == number])
        last = sum(sizes_of_series[: number + 1])
        n_held_out = int(rounded(fraction * size))
        first = last - n_held_out + 1  # one window ends at each row of the series
        assert own_held_out.tolist() == list(range(first, last + 1))
        assert own_train.tolist() == list(range(last - size + 1, first - gap))


@pytest.mark.parametrize("step", [1, 3])
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("kind", ["dense", "list", "history"])
def test_copies_are_split_as_windows_that_share_rows(step, turned, kind):
    """Also with windows at the front that are shorter, as SlidingWindow gives them."""
    rows = np.random.default_rng(0).integers(0, 4, (95, 2)).astype(float)
    rows[10:20] = 1.0  # a sensor that stands still is no border
    options = {"series_lengths": [50, 33, 12], "complete": kind != "history"}
    shared = Windows.from_series(rows, 7, step_length=step, **options)
    shared = shared[::-1] if turned else shared
    dense = np.asarray(shared)
    copies = list(dense) if kind == "list" else dense
    make = Windows.from_sequences if kind == "list" else Windows.from_array
    for gap in (0, 2):
        expected = split_windows_in_time(shared, 0.2, gap)
        for part, other in zip(
            expected, split_windows_in_time(make(copies), 0.2, gap), strict=True
        ):
            np.testing.assert_array_equal(part, other)


def test_each_recording_gives_its_last_windows_also_if_some_are_missing():
    """In a fold of a cross-validation, say; recordings of 20, 10 and 10 windows."""
    series = [
        np.random.default_rng(i).standard_normal(n) for i, n in enumerate((24, 14, 14))
    ]
    X = np.concatenate([np.lib.stride_tricks.sliding_window_view(s, 5) for s in series])
    kept = np.delete(np.arange(40), [3, 4, 12, 25, 33])
    train, held_out = split_windows_in_time(Windows.from_array(X[kept]), 0.25)
    assert kept[held_out].tolist() == [16, 17, 18, 19, 28, 29, 38, 39]
    assert np.union1d(train, held_out).tolist() == list(range(35))


def of_one_series(n, window_length=4):
    return Windows.from_series(np.zeros((n + window_length - 1, 1)), window_length)


def split_by_class(windows, classes, fraction=0.2):
    train, held_out = split_windows_in_time(windows, fraction, strata=classes)
    assert len(np.intersect1d(train, held_out)) == 0
    return train.tolist(), held_out.tolist()


def test_classes_that_lack_at_the_end_are_held_out_where_they_are():
    windows = of_one_series(30)
    stretches = np.repeat(["a", "b", "c"], 10)
    train, held_out = split_by_class(windows, stretches)
    assert held_out == [8, 9, 18, 19, 28, 29]
    assert len(train) == 24
    rare = np.repeat(["a", "b"], [26, 4])  # all of them among the last fifth
    assert split_by_class(windows, rare)[1] == [21, 22, 23, 24, 25, 29]
    single = np.repeat(["a", "b"], [29, 1])  # cannot be on both sides: it is learnt
    assert split_by_class(windows, single)[1] == [23, 24, 25, 26, 27, 28]


def test_classes_that_alternate_do_not_scatter_what_is_held_out():
    alternating = np.resize(["a", "b", "b"], 30)
    alternating[4] = "c"  # held out it would be between windows of the same rows
    expected = list(range(24, 30))
    assert split_by_class(of_one_series(30), alternating)[1] == expected
    in_the_end = np.resize(["a", "b"], 30)
    assert split_by_class(of_one_series(30), in_the_end)[1] == expected


def test_recordings_too_short_to_be_split_are_held_out_as_wholes():
    """60 of them with 3 windows each, stored class by class."""
    windows = Windows.from_series(np.zeros((300, 1)), 3, series_lengths=[5] * 60)
    classes = np.repeat([0, 1, 2], 60)
    train, held_out = split_by_class(windows, classes, 0.1)
    np.testing.assert_array_equal(np.bincount(classes[held_out]), [6, 6, 6])
    recordings = np.arange(180) // 3
    assert not set(recordings[train]) & set(recordings[held_out])


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

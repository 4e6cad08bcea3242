"""Windows held out: no target of training is among them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrnn.windows import (
    Windows,
    overlap,
    split_windows_in_time,
    time_ordered_split,
)


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

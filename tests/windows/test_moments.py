"""Mean and deviation over the rows of windows, beside windows that are written out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skrnn.windows import (
    ChangeSizes,
    Moments,
    Windows,
    _moments,
    weights_of_changes,
    weights_of_rows,
)

derandomized = {"derandomize": True, "database": None, "deadline": None}


@st.composite
def weighted_windows(draw):
    """Windows over few rows, each with a whole weight, of which one is positive."""
    n_rows = draw(st.integers(1, 12))
    values = st.floats(-100, 100, width=32)
    rows = draw(arrays("f4", (n_rows, 2), elements=values))
    n = draw(st.integers(1, 6))
    starts = [draw(st.integers(0, n_rows - 1)) for _ in range(n)]
    lengths = [draw(st.integers(1, n_rows - start)) for start in starts]
    weights = [draw(st.integers(0, 3)) for _ in range(n)]
    weights[0] = max(weights[0], 1)
    return Windows(rows, starts, lengths), np.array(weights)


@settings(max_examples=200, **derandomized)
@given(weighted_windows(), st.sampled_from([1, 3, 1000]))
def test_moments_are_those_of_the_windows_written_out(drawn, chunk):
    windows, weights = drawn
    repeated = np.repeat(np.arange(len(windows)), weights)
    written = np.concatenate([windows[i] for i in repeated]).astype("f8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_moments, "_CHUNK", chunk)
        moments = Moments.of(windows.rows, weights_of_rows(windows, weights))
    np.testing.assert_allclose(moments.mean, written.mean(0), rtol=0, atol=1e-11)
    np.testing.assert_allclose(moments.deviation, written.std(0), rtol=0, atol=1e-7)
    np.testing.assert_array_equal(moments.low, written.min(0))
    np.testing.assert_array_equal(moments.high, written.max(0))


@settings(max_examples=100, **derandomized)
@given(weighted_windows())
def test_weights_of_rows_count_the_windows_that_cover_each(drawn):
    windows, weights = drawn
    expected = np.zeros(len(windows.rows))
    for start, length, weight in zip(
        windows.starts, windows.lengths, weights, strict=True
    ):
        expected[start : start + length] += weight
    np.testing.assert_array_equal(weights_of_rows(windows, weights), expected)
    ones = np.ones(len(windows))
    same = weights_of_rows(windows, None)
    np.testing.assert_array_equal(same, weights_of_rows(windows, ones))


def test_weights_that_round_leave_other_rows_at_zero():
    windows = Windows(np.ones((9, 1)), [0, 2, 4, 6], [3, 3, 3, 3])
    found = weights_of_rows(windows, np.array([0.1, 0.2, 0.3, 0.0]))
    np.testing.assert_allclose(found[:7], [0.1, 0.1, 0.3, 0.2, 0.5, 0.3, 0.3])
    np.testing.assert_array_equal(found[7:], 0)


def test_a_high_level_cancels_no_digits(monkeypatch):
    monkeypatch.setattr(_moments, "_CHUNK", 100)
    rows = 1e9 + np.arange(1000.0)[:, None] % 7
    moments = Moments.of(rows, np.ones(1000))
    np.testing.assert_allclose(moments.deviation, rows.std(0), rtol=1e-9)
    assert not moments.is_constant.any()


def test_constants_are_found_up_to_the_rounding_of_their_dtype():
    rows = np.array([[0.1 + 0.2, 5.0, 1.0], [0.3, 5.0, 1.0001]])
    assert Moments.of(rows, np.ones(2)).is_constant.tolist() == [True, True, False]
    large = np.float32([[1e6], [1e6 + 0.5]])
    assert Moments.of(large, np.ones(2)).is_constant.tolist() == [True]
    assert Moments.of(large.astype("f8"), np.ones(2)).is_constant.tolist() == [False]


def test_rows_are_read_in_parts_and_those_without_weight_are_not(monkeypatch):
    monkeypatch.setattr(_moments, "_CHUNK", 8)

    class Rows:
        """Rows of which no more than four may be read at once, and none twice."""

        shape, dtype, read = (20, 2), np.dtype("f4"), []

        def __len__(self):
            return 20

        def __getitem__(self, part):
            assert part.stop - part.start <= 4
            self.read += range(20)[part]
            return values[part]

    values = np.arange(40, dtype="f4").reshape(20, 2)
    values[8:13] = np.nan
    weights = np.ones(20)
    weights[8:13] = 0
    moments = Moments.of(Rows(), weights)
    np.testing.assert_allclose(moments.mean, np.nanmean(values, axis=0))
    assert Rows.read == [*range(8), *range(12, 20)]


@settings(max_examples=200, **derandomized)
@given(weighted_windows(), st.sampled_from([1, 3, 1000]))
def test_changes_are_those_of_the_windows_written_out(drawn, chunk):
    windows, weights = drawn
    repeated = np.repeat(np.arange(len(windows)), weights)
    each = [np.diff(windows[i].astype("f8"), axis=0) for i in repeated]
    written = np.concatenate(each)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_moments, "_CHUNK", chunk)
        of_changes = weights_of_changes(windows, weights)
        sizes = ChangeSizes.of(windows.rows, of_changes)
    assert of_changes.sum() == len(written)
    if len(written):
        expected = np.sqrt((written**2).mean(0))
        np.testing.assert_allclose(sizes.root_mean_square, expected, rtol=1e-12)
        np.testing.assert_array_equal(sizes.largest, np.abs(written).max(0))
    else:
        np.testing.assert_array_equal(sizes, 0)


def test_pieces_of_one_series_have_changes_between_them():
    windows = Windows(np.zeros((6, 1)), [1, 3], [2, 2])
    found = weights_of_changes(windows, None, is_one_series=True)
    assert found.tolist() == [0, 0, 1, 1, 1, 0]
    weights = weights_of_changes(windows, np.array([2.0, 0.5]), is_one_series=True)
    assert weights.tolist() == [0, 0, 2, 0.5, 0.5, 0]

"""Heavy tails: kurtosis and medians beside windows that are written out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skrnn.windows import (
    Moments,
    Squashing,
    Windows,
    _moments,
    _squashing,
    kurtosis_of,
    squashed,
    weights_of_rows,
)

from .test_moments import derandomized, weighted_windows


def squashing_of(values, weights=None, dtype="float64"):
    rows = np.asarray(values)
    rows = rows[:, None] if rows.ndim == 1 else rows
    weights = np.ones(len(rows)) if weights is None else weights
    moments = Moments.of(rows, weights)
    return Squashing.of(rows, weights, moments, dtype)


def rare(n=1000, *events):
    """Zeros, and these events at the end."""
    return np.concatenate([np.zeros(n - len(events)), events])


@settings(max_examples=200, **derandomized)
@given(weighted_windows(), st.sampled_from([1, 3, 1000]), st.sampled_from([1.2, 2.0]))
def test_figures_are_those_of_the_windows_written_out(drawn, chunk, heavy):
    windows, weights = drawn
    repeated = np.repeat(np.arange(len(windows)), weights)
    written = np.concatenate([windows[i] for i in repeated]).astype("f8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_moments, "_CHUNK", chunk)
        patch.setattr(_squashing, "HEAVY_KURTOSIS", heavy)  # few rows have no tails
        weights = weights_of_rows(windows, weights)
        moments = Moments.of(windows.rows, weights)
        found = Squashing.of(windows.rows, weights, moments, "float64")
        kurtosis = kurtosis_of(windows.rows, weights, moments)
    for i, column in enumerate(written.T):
        if moments.is_constant[i]:
            assert kurtosis[i] == 0
        else:
            deviations = column - column.mean()
            expected = (deviations**4).mean() / (deviations**2).mean() ** 2
            np.testing.assert_allclose(kurtosis[i], expected, rtol=1e-3)
        distances = np.abs(column - np.median(column))
        distances = distances[distances > 1e-6 * abs(np.median(column))]
        if kurtosis[i] <= heavy or not len(distances):
            assert found.scale[i] == found.center[i] == 0
            expected = moments
            read = column
        else:
            np.testing.assert_allclose(found.center[i], np.median(column), rtol=1e-12)
            np.testing.assert_allclose(found.scale[i], np.median(distances), rtol=1e-12)
            read = np.arcsinh((column - found.center[i]) / found.scale[i])
        np.testing.assert_allclose(found.moments.mean[i], read.mean(), atol=1e-11)
        np.testing.assert_allclose(found.moments.deviation[i], read.std(), atol=1e-7)
        np.testing.assert_allclose(found.moments.low[i], read.min(), atol=1e-12)
        np.testing.assert_allclose(found.moments.high[i], read.max(), atol=1e-12)


def test_counts_by_hand():
    found = squashing_of(rare(1000, 2.0, 4.0, 50.0))
    assert (found.center[0], found.scale[0]) == (0, 4)
    events = np.arcsinh([0.5, 1, 12.5])  # log(x + sqrt(x^2 + 1))
    np.testing.assert_allclose(events, [0.48121183, 0.88137359, 3.22047176])
    np.testing.assert_allclose(found.moments.mean[0], events.sum() / 1000)
    assert found.moments.high[0] == events[2]


def test_the_kurtosis_of_rare_events_is_near_their_return_period():
    n = 100_000
    rows, weights = rare(n, *np.ones(n // 1000))[:, None], np.ones(n)
    moments = Moments.of(rows, weights)
    p = 1e-3  # (1 - 3 p (1 - p)) / (p (1 - p))
    expected = (1 - 3 * p * (1 - p)) / (p * (1 - p))
    np.testing.assert_allclose(kurtosis_of(rows, weights, moments), expected)
    assert squashing_of(rows).scale[0] == 1


@pytest.mark.parametrize(("p", "is_heavy"), [(0.02, False), (0.018, True)])
def test_the_limit_is_a_kurtosis_of_50(p, is_heavy):
    n = 10_000  # the kurtosis of an event of chance p is 48 or 53
    found = squashing_of(rare(n, *np.ones(round(n * p))))
    assert (found.scale[0] > 0) == is_heavy


def test_other_columns_keep_their_bits():
    rng = np.random.default_rng(0)
    plain = rng.standard_normal((1000, 3)) + 7
    rows = np.column_stack([plain[:, 0], rare(1000, 9.0), plain[:, 1:], np.ones(1000)])
    moments = Moments.of(rows, np.ones(1000))
    found = Squashing.of(rows, np.ones(1000), moments, "float32")
    assert (found.scale > 0).tolist() == [False, True, False, False, False]
    kept = [0, 2, 3, 4]
    for part, before in zip(found.moments, moments, strict=True):
        np.testing.assert_array_equal(part[kept], before[kept])
    assert found.moments.is_constant.tolist() == [False] * 4 + [True]
    assert moments.high[1] == 9  # is not overwritten


def test_integers_and_an_even_number_of_values():
    values = np.repeat([3, 5, 900, 905], [301, 299, 1, 1])
    found = squashing_of(values)
    assert found.center[0] == 4  # between 3 and 5
    assert found.scale[0] == 1
    weights = np.r_[np.ones(301), np.zeros(299), 1, 1]
    found = squashing_of(values, weights)
    assert found.center[0] == 3
    assert found.scale[0] == (897 + 902) / 2


@pytest.mark.parametrize(("dtype", "noise"), [("float64", 1e-14), ("float32", 1e-7)])
def test_rounding_around_the_median_is_no_distance(dtype, noise):
    rng = np.random.default_rng(0)
    values = 5 * (1 + noise * rng.choice([-1, 0, 1], 1000))
    values[[3, 500]] = 6, 9
    found = squashing_of(values, dtype=dtype)
    np.testing.assert_allclose(found.scale, (1 + 4) / 2, rtol=1e-6)


def test_a_column_that_differs_from_its_median_by_rounding_alone_is_left():
    values = 1e7 + rare(1000, 15.0)  # 1.5e-6 of the level: no constant, but its half is
    assert squashing_of(values.astype("f4"), dtype="float32").scale[0] > 0
    values = 1e7 + rare(1000, 9.0)
    found = squashing_of(values, dtype="float32")
    assert found.scale[0] == found.center[0] == 0
    assert found.moments.high[0] == values.max()


@pytest.mark.parametrize("size", [1e-100, 1e100])
def test_any_unit(size):
    found = squashing_of(size * rare(1000, 2.0, 4.0, 50.0))
    np.testing.assert_allclose(found.scale[0], 4 * size)
    np.testing.assert_allclose(found.moments.high[0], np.arcsinh(12.5))


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_columns_without_a_finite_deviation_are_left(size):
    found = squashing_of(size * rare(1000, 2.0, 4.0, 50.0))
    assert found.scale[0] == 0


def test_the_largest_ratio_is_finite():
    values = rare(1000, 1e-35, 1e-35, 1e-35, 1e30)
    found = squashing_of(values.astype("f4"), dtype="float32")
    np.testing.assert_allclose(found.moments.high, np.arcsinh(1e18))
    found = squashed(np.array([[3e300, -3e300]]), np.array([0, 0]), np.full(2, 1e-30))
    assert found.tolist() == [[np.arcsinh(1e18), -np.arcsinh(1e18)]]


def test_rows_without_weight_are_not_read(monkeypatch):
    monkeypatch.setattr(_moments, "_CHUNK", 8)
    values = np.tile(rare(200, 7.0, 30.0)[:, None], 2)
    weights = np.ones(200)
    values[8:24] = np.nan
    weights[8:24] = 0

    class Rows:
        """Rows of which no more than four may be read at once."""

        shape, dtype = values.shape, values.dtype

        def __len__(self):
            return len(values)

        def __getitem__(self, part):
            assert part.stop - part.start <= 4
            assert weights[part].any()
            return values[part]

    found = Squashing.of(Rows(), weights, Moments.of(Rows(), weights), "float32")
    assert found.center.tolist() == [0, 0]
    assert found.scale.tolist() == [18.5, 18.5]


def test_windows_without_their_weight_do_not_count():
    rows = rare(1000, 1.0, 5.0)[:, None]
    windows = Windows(rows, [0, 998], [998, 2])
    weights = weights_of_rows(windows, np.array([1.0, 0.5]))
    found = Squashing.of(rows, weights, Moments.of(rows, weights), "float64")
    assert found.scale[0] == 3
    weights = weights_of_rows(windows, np.array([1.0, 0.0]))
    found = Squashing.of(rows, weights, Moments.of(rows, weights), "float64")
    assert found.scale[0] == 0

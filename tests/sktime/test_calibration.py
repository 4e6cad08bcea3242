"""Errors of held-out forecasts become intervals."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from skrnn.sktime._calibration import _conformal, errors_by_step


def test_conformal_ranks():
    errors = np.arange(1.0, 200.0)  # 199 of them
    for level, rank in [(0.05, 10), (0.1, 20), (0.5, 100), (0.9, 180), (0.95, 190)]:
        assert _conformal(errors, level) == rank
    assert _conformal(errors, 0.001) <= 1
    assert _conformal(errors, 0.9999) > _conformal(errors, 0.999) >= 199


def test_few_errors_count_to_both_sides():
    errors = np.array([-9.0, -5, -4, -3, -2, -1, 1, 2, 6])  # sizes 1 1 2 2 3 4 5 6 9
    assert _conformal(errors, 0.5) == 0
    assert _conformal(errors, 0.75) == 3  # rank 0.5 * 10 of the sizes
    assert _conformal(errors, 0.25) == -3
    assert _conformal(errors, 0.95) == 9
    assert _conformal(errors, 0.01) == -_conformal(errors, 0.99) < -9


@given(st.integers(5, 300), st.sampled_from([0.05, 0.1, 0.2, 0.8, 0.9]), st.randoms())
def test_conformal_holds_in_finite_samples(n, level, random):
    """An interval holds its share of new errors, or more by a few ranks."""
    rng = np.random.default_rng(random.getrandbits(32))
    errors = rng.permutation(np.arange(1.0, n + 2)) * rng.choice([-1, 1], n + 1)
    held = 0
    for i in range(n + 1):  # each in turn is the new one
        others = np.sort(np.delete(errors, i))
        low, high = sorted((_conformal(others, level), _conformal(others, 1 - level)))
        held += low <= errors[i] <= high
    coverage = abs(2 * level - 1)
    assert coverage - 1e-9 <= held / (n + 1) <= coverage + 4 / (n + 1) + 1e-9


def test_steps_with_few_errors_widen_from_the_one_before():
    errors = np.random.default_rng(0).normal(size=(8, 9, 1))
    for i in range(8):
        errors[i, 8 - i :] = np.nan  # step k is known for 8 - k origins
    by_step = errors_by_step(errors, power=1)
    assert [len(step[0]) for step in by_step.ascending] == [8, 7, 6, 5, 5, 5, 5, 5, 5]
    np.testing.assert_allclose(by_step.factors[3:5], [1, np.sqrt(5 / 4)])
    assert np.isfinite(by_step.paths).all()

"""Origins of forecasts, normalisation, distributions: against brute force."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from skrnn.modules import DistributionLoss, ForecastNetwork, normalize_windows
from skrnn.sktime._calibration import _conformal, errors_by_step
from skrnn.sktime._distributions import distribution_of
from skrnn.training import ForecastDataset
from skrnn.windows import hold_out_last_origins, origins_within

LENGTHS = st.lists(st.integers(1, 25), min_size=1, max_size=4)


@given(LENGTHS, st.integers(1, 8), st.integers(1, 6), st.integers(1, 4))
def test_origins_are_those_of_brute_force(sizes, window_length, horizon, step_length):
    origins = origins_within(sizes, window_length, horizon, step_length)
    expected, offset = [], 0
    for series, size in enumerate(sizes):
        last = offset + size - horizon
        first = offset + (window_length if size - horizon >= window_length else 1)
        from_end = range(offset + size, first - 1, -step_length)
        ends = [end for end in from_end if end <= last][::-1]
        ends = ends or list(range(last, first - 1, -step_length))[::-1]
        expected += [(series, max(offset, end - window_length), end) for end in ends]
        offset += size
    found = zip(origins.series, origins.starts, origins.ends, strict=True)
    assert [tuple(map(int, origin)) for origin in found] == expected


@given(LENGTHS, st.integers(1, 8), st.integers(1, 6), st.floats(0.05, 0.9))
def test_no_training_target_is_held_out(sizes, window_length, horizon, fraction):
    origins = origins_within(sizes, window_length, horizon)
    train, held_out = hold_out_last_origins(origins, fraction, horizon)
    assert len(train) > 0 or len(origins) == 0
    targets = [set(range(end, end + horizon)) for end in origins.ends]
    seen = set().union(*(targets[i] for i in train)) if len(train) else set()
    assert not any(targets[i] & seen for i in held_out)
    for series in np.unique(origins.series):
        own = np.flatnonzero(origins.series == series)
        kept = np.intersect1d(own, held_out)
        n_expected = int(np.ceil(fraction * len(own)))
        assert len(kept) in (0, n_expected)
        assert list(kept) in ([], list(own[len(own) - n_expected :]))


def dataset(rows, sizes, window_length=4, horizon=2, normalization="last", **options):
    origins = origins_within(sizes, window_length, horizon)
    n_series = len(sizes)
    return origins, ForecastDataset(
        rows,
        origins,
        horizon=horizon,
        n_targets=1,
        future=[1],
        normalization=normalization,
        typical=np.ones((n_series, 1)),
        device=torch.device("cpu"),
        **{"units": None, **options},
    )


@pytest.mark.parametrize("sizes", [[20], [12, 8], [15, 5]])
def test_batches_hold_windows_and_what_follows(sizes):
    rows = np.random.default_rng(0).normal(size=(20, 2))
    origins, data = dataset(rows, sizes)
    for i in range(len(data)):
        part = slice(i, i + 1)
        start, end = origins.starts[i], origins.ends[i]
        window = rows[start:end, 0]
        squares = ((window - window.mean()) ** 2).sum()
        scale = np.sqrt((squares + 4) / (end - start + 4))
        inputs, (y, weights, total) = data.gather(part), data.targets_of(part)
        assert (weights, total) == (None, 1.0)
        n = end - start
        expected = (window - window[-1]) / scale
        np.testing.assert_allclose(inputs["x"][0, :n, 0], expected, atol=1e-12)
        np.testing.assert_array_equal(inputs["x"][0, :n, 1], rows[start:end, 1])
        np.testing.assert_array_equal(inputs["future"][0, :, 0], rows[end : end + 2, 1])
        following = (rows[end : end + 2, 0] - window[-1]) / scale
        np.testing.assert_allclose(y[0], following, atol=1e-12)


def test_short_and_long_windows_are_batched_as_one_by_one():
    rows = np.random.default_rng(0).normal(size=(20, 2))
    _, data = dataset(rows, [14, 3, 3])
    together = data.gather(slice(0, len(data)))
    network = ForecastNetwork(
        "gru", 2, (3,), window_length=4, horizon=2, n_targets=1, n_future=1,
        dtype="float64",
    )  # fmt: skip
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn(parameter.shape, dtype=torch.float64) / 3)
        expected = torch.cat(
            [network(**data.gather(slice(i, i + 1))) for i in range(len(data))]
        )
        torch.testing.assert_close(network(**together), expected)


def test_perceptron_sees_the_newest_row_at_one_place():
    network = ForecastNetwork("mlp", 1, (4,), window_length=5, horizon=1, n_targets=1)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn(parameter.shape) / 3)
        short = torch.tensor([1.0, 2.0, 0.0])[None, :, None]
        padded = torch.tensor([0.0, 0.0, 0.0, 1.0, 2.0])[None, :, None]
        lengths = torch.tensor([2])
        torch.testing.assert_close(network(short, lengths=lengths), network(padded))


def test_untrained_network_forecasts_the_centre():
    for cell in ("rnn", "gru", "lstm", "mlp"):
        network = ForecastNetwork(
            cell, 3, (4,), window_length=5, horizon=6, n_targets=2, n_future=1
        )
        raw = network(torch.randn(7, 5, 3), future=torch.randn(7, 6, 1))
        assert raw.shape == (7, 12)
        assert (raw == 0).all()


def test_counts_are_divided_by_a_mean():
    y = torch.tensor([[2.0, 4.0, 6.0]]).T[None]  # one window of mean 4
    affine = normalize_windows("mean", y, None, torch.ones(1, 1))
    assert affine.scale.item() == pytest.approx((12 + 4 * 1) / (3 + 4))
    assert affine.center.item() == 0
    zeros = normalize_windows("mean", y * 0, None, torch.zeros(1, 1))
    assert zeros.scale.item() == 1


@pytest.mark.parametrize("loss", ["normal", "student_t", "negative_binomial"])
def test_likelihoods_and_quantiles_are_those_of_scipy(loss):
    raw = torch.randn(50, 3 * (3 if loss == "student_t" else 2), dtype=torch.float64)
    criterion = DistributionLoss(loss)
    parameters = criterion.predictions(raw).view(50, 3, -1).numpy()
    y = np.random.default_rng(0).poisson(2.0, (50, 3)).astype(float)
    first, second, *third = np.moveaxis(parameters, 2, 0)
    frozen = {
        "normal": lambda: stats.norm(first, second),
        "student_t": lambda: stats.t(third[0], first, second),
        "negative_binomial": lambda: stats.nbinom(1 / second, 1 / (1 + second * first)),
    }[loss]()
    density = frozen.logpmf if loss == "negative_binomial" else frozen.logpdf
    expected = -density(y).mean()
    value = criterion(raw, torch.from_numpy(y), None, 50.0).item()
    assert value == pytest.approx(expected, rel=1e-9)
    distribution = distribution_of(loss, parameters, ())
    np.testing.assert_allclose(distribution.quantile(0.8), frozen.ppf(0.8))
    np.testing.assert_allclose(distribution.mean, frozen.mean())
    below = frozen.cdf(y)
    probability = distribution.probability(y)
    if loss == "negative_binomial":  # anywhere in the step at y
        assert ((frozen.cdf(y - 1) <= probability) & (probability <= below)).all()
    else:
        np.testing.assert_allclose(probability, below)
    np.testing.assert_allclose(distribution.variance, frozen.var(), rtol=1e-6)


def test_likelihood_of_large_counts_is_exact():
    criterion = DistributionLoss("negative_binomial")
    raw = torch.tensor([[np.log(1e7), -16.0]], dtype=torch.float32)
    mean, dispersion = criterion.predictions(raw).double().ravel().tolist()
    y = 1e7 + 4000
    expected = -stats.nbinom(1 / dispersion, 1 / (1 + dispersion * mean)).logpmf(y)
    value = criterion(raw, torch.tensor([[y]], dtype=torch.float32), None, 1.0)
    assert value.item() == pytest.approx(expected, rel=1e-4)
    assert dispersion < 2e-7  # a deviation not much larger than Poisson's


def test_quantiles_never_cross_and_go_on_as_a_normal():
    levels = (0.1, 0.25, 0.5, 0.75, 0.9)
    criterion = DistributionLoss("quantile", levels)
    raw = 3 * torch.randn(40, 5, dtype=torch.float64)
    parameters = criterion.predictions(raw).view(40, 1, 5).numpy()
    assert (np.diff(parameters) > 0).all()
    given = stats.norm.ppf(levels)[None, None] * 2 + 7  # of a normal distribution
    distribution = distribution_of("quantile", given, levels)
    for level in (0.01, 0.1, 0.3, 0.5, 0.83, 0.99):
        expected = stats.norm(7, 2).ppf(level)
        np.testing.assert_allclose(distribution.quantile(level), expected)
        np.testing.assert_allclose(
            distribution.probability(np.array([[expected]])), level
        )


def test_constant_quantile_forecasts_have_probabilities():
    """As a forecast of float32 quantiles has whose distances vanish."""
    parameters = np.full((3, 1, 5), 7.0)
    distribution = distribution_of("quantile", parameters, (0.1, 0.25, 0.5, 0.75, 0.9))
    y = np.array([[6.0], [7.0], [8.0]])
    np.testing.assert_array_equal(distribution.probability(y), [[0], [0.5], [1]])
    np.testing.assert_array_equal(distribution.quantile(0.99), 7)


def test_pinball_loss_by_hand():
    criterion = DistributionLoss("quantile", (0.1, 0.5, 0.9))
    raw = torch.zeros(1, 3, dtype=torch.float64)  # quantiles -ln 2, 0, ln 2
    log2 = np.log(2)
    expected = (0.1 * (1 + log2) + 0.5 * 1 + 0.9 * (1 - log2)) / 3
    y = torch.ones(1, 1, dtype=torch.float64)
    assert criterion(raw, y, None, 1.0).item() == pytest.approx(expected)


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

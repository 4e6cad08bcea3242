"""Batches of forecast windows, one by one and together."""

import numpy as np
import pytest
import torch

from skrnn.modules import ForecastNetwork
from skrnn.training import ForecastDataset
from skrnn.windows import origins_within


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

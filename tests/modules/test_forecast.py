"""The network of the forecasters, and windows divided by their own scale."""

import pytest
import torch

from skrnn.modules import ForecastNetwork, normalize_windows


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

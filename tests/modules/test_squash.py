"""Squashed columns: numbers by hand, columns as they are, and padding."""

import copy

import numpy as np
import torch

from skrnn.modules import RecurrentNetwork, Squash


def layer(center, scale, dtype=torch.float64):
    squash = Squash(len(center), dtype)
    squash.learn(torch.tensor(center), torch.tensor(scale))
    return squash


SQUASH = layer([1.0, 0.0, 9.0], [2.0, 0.0, 0.5])
ROWS = torch.tensor([[[3.0, 1e3, 9.0], [1.0, -7.0, 8.0], [-5.0, 0.0, 9.5]]]).double()


def test_numbers_by_hand():
    # asinh(x) = log(x + sqrt(x^2 + 1))
    one, two, three = np.log([1 + 2**0.5, 2 + 5**0.5, 3 + 10**0.5])
    expected = [[one, 1e3, 0], [0, -7, -two], [-three, 0, one]]
    np.testing.assert_allclose(SQUASH(ROWS)[0], expected, rtol=1e-15)


def test_nothing_is_computed_if_no_column_is_heavy():
    squash = Squash(3, torch.float32)
    assert squash(ROWS) is ROWS
    squash = layer([1.0, 2.0], [0.0, 0.0])
    assert squash(ROWS) is ROWS


def test_figures_that_are_loaded_count():
    for found in (Squash(3, torch.float64), layer([0.0] * 3, [1.0] * 3)):
        found.load_state_dict(SQUASH.state_dict())
        assert found.n_squashed == 2
        assert torch.equal(found(ROWS), SQUASH(ROWS))
    assert torch.equal(copy.deepcopy(SQUASH)(ROWS), SQUASH(ROWS))
    found.load_state_dict(Squash(3, torch.float64).state_dict())
    assert found(ROWS) is ROWS


def test_gradients_of_other_columns_are_one():
    x = ROWS.clone().requires_grad_(True)
    SQUASH(x).sum().backward()
    ratio = (ROWS - SQUASH.center) / torch.tensor([2.0, 1.0, 0.5])
    expected = 1 / torch.tensor([2.0, 1.0, 0.5]) / (1 + ratio**2).sqrt()
    expected[:, :, 1] = 1
    torch.testing.assert_close(x.grad, expected.double())


def test_ratios_past_the_largest_number_are_finite():
    found = layer([0.0], [1e-35], torch.float32)(torch.tensor([[3e38], [-3e38]]))
    np.testing.assert_allclose(found[:, 0], np.arcsinh([1e18, -1e18]), rtol=1e-6)


def test_a_network_normalises_what_is_squashed_and_leaves_the_padding_zero():
    options = {"dtype": "float64", "pooling": "mean"}
    network = RecurrentNetwork("gru", 3, (3,), 1, normalize="robust", **options).eval()
    bare = RecurrentNetwork("gru", 3, (3,), 1, **options).eval()
    bare.load_state_dict(dict(network.named_parameters()))
    mean, scale = torch.tensor([0.5, 2.0, -1.0]), torch.tensor([1.0, 3.0, 0.2])
    network.input_normalization.learn(mean, scale)
    network.squash.learn(*SQUASH.figures)
    lengths = torch.tensor([3, 2])
    x = torch.cat([ROWS, ROWS])
    x[1, 2] = 0
    read = (SQUASH(x) - mean) / scale
    read[1, 2] = 0
    with torch.no_grad():
        np.testing.assert_array_equal(network(x, lengths), bare(read, lengths))
        alone = network(x[1:, :2])
        np.testing.assert_allclose(network(x, lengths)[1], alone[0], rtol=1e-13)


def test_tokens_are_not_squashed():
    options = {"embedding_dim": 3, "n_tokens": 5, "normalize": "robust"}
    assert RecurrentNetwork("gru", 1, (3,), 1, **options).squash is None

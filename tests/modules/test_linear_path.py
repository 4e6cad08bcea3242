"""The linear path beside the layers, by hand."""

import numpy as np
import pytest
import torch

from skrnn.modules import RecurrentNetwork
from skrnn.modules._linear_path import LinearPath, last_rows
from skrnn.training import levels_of, path_outputs, with_path
from skrnn.windows import WindowArrays

X = torch.arange(12.0).reshape(2, 3, 2)  # (batch, time, feature)


def test_last_rows_are_those_at_the_end():
    assert last_rows(X, None, 2).tolist() == [[[2, 3], [4, 5]], [[8, 9], [10, 11]]]
    assert last_rows(X, None, 4)[1].tolist() == [[0, 0], [6, 7], [8, 9], [10, 11]]
    lengths = torch.tensor([3, 1])
    assert last_rows(X, lengths, 2).tolist() == [[[2, 3], [4, 5]], [[0, 0], [6, 7]]]


def test_windows_have_the_same_last_rows():
    rows = X.reshape(6, 2).numpy()
    windows = WindowArrays(rows, np.array([0, 3]), np.array([3, 1]))
    found, is_missing = windows.last_rows(2)
    found[is_missing] = 0
    assert np.array_equal(found, last_rows(X, torch.tensor([3, 1]), 2))
    assert windows.take([0]).last_rows(3)[1] is None  # it lacks none
    first, is_missing = windows.take([0]).last_rows(4)
    assert is_missing.tolist() == [[True, False, False, False]]
    assert np.array_equal(first[0, 1:], rows[:3])


def test_outputs_are_products_with_the_last_rows():
    path = LinearPath(2, 2, 1, torch.float32)
    assert not path(X, None).any()
    path.learn(torch.tensor([[[1.0, 10.0], [100.0, 1000.0]]]))
    assert path(X, None).tolist() == [[5432.0], [12098.0]]
    assert path(X, torch.tensor([3, 1])).tolist() == [[5432.0], [7600.0]]
    path.learn(torch.tensor([[[1.0, -1.0]]]))  # of the last row alone
    assert path.weight.tolist() == [[[0, 0], [1, -1]]]
    assert path(X, None).tolist() == [[-1.0], [-1.0]]


def network(**options):
    return RecurrentNetwork("gru", 2, (3,), 2, path_rows=2, seed=0, **options).eval()


@pytest.mark.parametrize("normalize", [None, "standard", "changes"])
def test_a_path_counts_in_evaluation_mode_and_in_units_of_y(normalize):
    kinds = {"normalize": normalize}
    kinds["normalize_outputs"] = None if normalize is None else "standard"
    module = network(dtype="float64", **kinds)
    mean, scale = np.zeros(2), np.ones(2)
    center, size = np.zeros(2), np.ones(2)
    if normalize is not None:
        mean, scale = np.array([1.0, 2.0]), np.array([3.0, 4.0])
        center, size = np.array([100.0, 0.0]), np.array([10.0, 5.0])
        layers = module.input_normalization, module.output_normalization
        layers[0].learn(torch.tensor(mean), torch.tensor(scale))
        layers[1].learn(torch.tensor(center), torch.tensor(size))
    x = X.double()
    with torch.no_grad():
        before = module(x).numpy()
        weight = np.random.default_rng(0).standard_normal((2, 2, 2))
        module.path.learn(torch.tensor(weight))
        levels = (x.numpy()[:, -2:] - mean) / scale
        added = np.einsum("orf,brf->bo", weight, levels)
        np.testing.assert_allclose(module(x).numpy(), before + added * size, rtol=1e-12)
        in_training = module.train()(x).numpy()
    np.testing.assert_allclose(in_training * size + center, before, rtol=1e-12)
    rows = X.reshape(6, 2).numpy()
    windows = WindowArrays(rows, np.array([0, 3]), np.array([3, 3]))
    np.testing.assert_allclose(levels_of(module, windows, 2), levels, rtol=1e-12)
    np.testing.assert_allclose(path_outputs(module, windows), added, rtol=1e-12)
    found = with_path(module, windows, before)
    np.testing.assert_allclose(found, before + added * size, rtol=1e-12)


def test_gradients_do_not_reach_it():
    module = network()
    assert "path.weight" in dict(module.named_buffers())
    assert not any(name.startswith("path") for name, _ in module.named_parameters())


def test_padding_adds_nothing():
    module = network(normalize="standard")
    module.input_normalization.learn(torch.full((2,), 7.0), torch.ones(2))
    module.path.learn(torch.ones(2, 2, 2))
    short = torch.cat([X[:1, :1], torch.zeros(1, 2, 2)], dim=1)  # (1, time, feature)
    with torch.no_grad():
        padded = module(short, torch.tensor([1]))
        torch.testing.assert_close(padded, module(X[:1, :1]))

"""Masks of dropout are those of their formula, on every device and in every thread."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from skrnn import GRURegressor, MLPRegressor
from skrnn.modules import Dropout
from skrnn.modules._dropout import _is_kept, _is_kept_on_host, _keys

# hashes of elements, by (seed + 10007 * rank, draw, index), computed in integers
HASHES = {
    (0, 0, 0): 1097918755,
    (0, 0, 1): 2535495795,
    (0, 1, 0): 493555626,
    (1, 0, 0): 3912857735,
    (1, 2, 63999): 504886053,
    (2**31 - 1, 1000, 7): 1642993134,
    (5 + 10007, 3, 2): 1977318181,
}


def masks_of(layer, shape=(40, 50), n=3):
    return torch.stack([layer(torch.ones(shape)) for _ in range(n)])


def kept(n, keys, below):
    """What is kept of n values, (draw, value): on the CPU and on other devices."""
    on_host = _is_kept_on_host(n, np.array(keys, np.uint32), below)
    others = [_is_kept(n, *pair, below, torch.device("cpu")).numpy() for pair in keys]
    return on_host, np.array(others)


def correlation(a, b):
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


@pytest.mark.parametrize(("place", "hashed"), HASHES.items())
def test_hashes_are_those_of_the_formula(place, hashed):
    seed, draw, index = place
    for below, expected in ((hashed, False), (hashed + 1, True)):
        on_host, elsewhere = kept(index + 1, [_keys(seed, draw)], below)
        assert on_host[0, index] == elsewhere[0, index] == expected


@pytest.mark.parametrize("n", [0, 1, 105, 16_384, 40_000])
def test_all_devices_draw_the_same_bits(n):
    keys = [_keys(seed, draw) for seed in range(3) for draw in range(3)]
    on_host, elsewhere = kept(n, keys, 2**31)
    assert on_host.shape == (9, n)
    np.testing.assert_array_equal(on_host, elsewhere)


def test_masks_that_are_drawn_ahead_are_those_of_their_draws():
    shapes = [(30, 7)] * 60 + [(4, 5), (), (0, 3)] * 3 + [(30, 7)] * 2 + [(9, 5000)] * 2
    layer = Dropout(0.4, 3)
    for draw, shape in enumerate(shapes):
        on_host, _ = kept(int(np.prod(shape)), [_keys(3, draw)], int(0.6 * 2**32))
        mask = layer(torch.ones(shape, dtype=torch.float64))
        np.testing.assert_array_equal(mask.numpy() > 0, on_host.reshape(shape))
    layer.n_draws = 5  # before those that are kept
    first = layer(torch.ones(30, 7))
    layer.n_draws, layer.p = 5, 0.9
    assert first.count_nonzero() > layer(torch.ones(30, 7)).count_nonzero()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("p", [1e-18, 0.1, 0.5, 0.99])
def test_a_share_is_zeroed_and_the_others_are_scaled(p, dtype):
    x = torch.full((500, 200), 3.0, dtype=dtype, requires_grad=True)
    layer = Dropout(p, seed=4)
    dropped = layer(x)
    assert dropped.dtype == dtype
    factor = torch.tensor(1 / (1 - p), dtype=dtype)
    assert set(dropped.unique().tolist()) <= {0.0, float(3 * factor)}
    n = x.numel()
    share = float((dropped == 0).sum()) / n
    assert abs(share - p) <= 4 * (p * (1 - p) / n) ** 0.5
    dropped.sum().backward()
    assert torch.equal(x.grad * 3, dropped.detach())
    assert layer.eval()(x) is x
    assert layer.n_draws == 1


def test_a_mask_is_laid_out_over_the_shape_and_not_the_memory():
    x = torch.ones(30, 20)
    assert torch.equal(Dropout(0.3, 0)(x), Dropout(0.3, 0)(x.T.contiguous().T))


def test_masks_of_draws_seeds_processes_and_neighbours_are_independent():
    n = 2**16
    masks = []
    for seed in range(4):
        for rank in range(2):
            layer = Dropout(0.5, seed)
            layer.rank = rank
            masks += [mask.numpy() for mask in masks_of(layer, (n,), 4)]
    found = np.corrcoef(masks)[np.triu_indices(len(masks), 1)]
    assert np.abs(found).max() < 5 / n**0.5
    assert np.std(found) == pytest.approx(1 / n**0.5, rel=0.1)
    whole = np.array(masks)
    for distance in (1, 2, 8, 32, 320, 1024):
        z = correlation(whole[:, distance:], whole[:, :-distance]) * whole.size**0.5
        assert abs(z) < 4
    runs = 1 + (whole[:, 1:] != whole[:, :-1]).sum(1)
    assert np.abs(runs - n / 2).max() < 4.5 * n**0.5 / 2


def test_a_count_of_draws_is_all_that_continuing_needs():
    layer = Dropout(0.4, 7)
    masks = masks_of(layer, n=5)
    later = Dropout(0.4, 7)
    later.n_draws = 2
    assert torch.equal(masks_of(later), masks[2:])
    for copied in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        layer.n_draws = 5
        assert torch.equal(masks_of(copied), masks_of(layer))


def test_a_draw_without_gradients_leaves_later_ones_alone():
    layer = Dropout(0.5, 0)
    with torch.inference_mode():
        layer(torch.ones(3))
    x = torch.ones(3, requires_grad=True)
    dropped = layer(x)
    dropped.sum().backward()
    assert torch.equal(x.grad, dropped.detach())


def test_threads_side_by_side_draw_the_same_masks():
    def draw(seed):
        return masks_of(Dropout(0.5, seed), (200, 300))

    alone = [draw(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        for mask, expected in zip(pool.map(draw, range(4)), alone, strict=True):
            assert torch.equal(mask, expected)


@pytest.mark.parametrize("kind", ["dropout", "recurrent_dropout", "zoneout"])
def test_masks_of_a_fit_repeat_and_continue(kind):
    X = np.random.default_rng(0).random((60, 5, 2), dtype="float32")
    y = X[:, 0, 0]
    options = {"learning_rate": "cosine", "max_iter": 2, "random_state": 0, kind: 0.3}
    fits = [GRURegressor(4, **options).fit(X, y) for _ in range(2)]
    draws = fits[0].net_.draws()
    assert max(draws) > 0
    assert draws == fits[1].net_.draws()
    assert fits[0].loss_curve_ == fits[1].loss_curve_
    for fit in fits:
        fit.partial_fit(X, y)
    assert max(fits[0].net_.draws()) > max(draws)
    np.testing.assert_array_equal(*(fit.predict(X) for fit in fits))


def test_partial_fit_after_a_file_draws_the_masks_that_would_have_come():
    X = np.random.default_rng(0).random((60, 4))
    model = MLPRegressor(hidden_layer_sizes=6, dropout=0.4, random_state=0).partial_fit(
        X, X[:, 0]
    )
    loaded = pickle.loads(pickle.dumps(model))
    assert loaded.net_.draws() == model.net_.draws() == [1]
    for each in (model, loaded):
        each.partial_fit(X, X[:, 0])
    np.testing.assert_array_equal(model.predict(X), loaded.predict(X))


def test_a_rewound_net_draws_the_same_masks_once_more():
    X = np.random.default_rng(0).random((60, 5, 2), dtype="float32")
    options = {"learning_rate": "cosine", "max_iter": 2, "random_state": 0}
    net = GRURegressor(4, dropout=0.3, **options).fit(X, X[:, 0, 0]).net_
    layer, before = net.module_.dropout.train(), net.snapshot()
    masks = masks_of(layer)
    net.rewind(before)
    assert torch.equal(masks_of(layer.train()), masks)

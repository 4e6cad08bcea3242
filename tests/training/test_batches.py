"""Batches of sequences of unequal length: which go together, and what is computed."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from skrnn import (
    GRUClassifier,
    Windows,
)
from skrnn.modules import RecurrentNetwork
from skrnn.training import BatchLoader, Shuffling, WindowDataset
from skrnn.training._batches import plan_batches
from skrnn.training._window_datasets import cut_segments
from tests.bare import BARE_CLASSIFIER, PLAIN_CLASSIFIER
from tests.common_estimators import RECURRENT, ragged, tones

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X = ragged(60, 80, n_features=2)
Y = np.arange(60) % 3
PLAID_LIKE = np.random.default_rng(0).permutation(
    np.concatenate(
        [
            np.repeat([100, 200, 300, 434, 500], [60, 190, 100, 60, 90]),
            np.linspace(510, 1344, 37).astype(int),
        ]
    )
)


def quick(cls=GRUClassifier, **parameters):
    return cls(
        **{"hidden_layer_sizes": 6, "max_iter": 3, "random_state": 0} | parameters
    )


# --- which samples stand together


CPU = torch.device("cpu")


def batches_of(lengths, batch_size, seed):
    order, sizes = plan_batches(lengths, batch_size, np.random.RandomState(seed))
    return np.split(order, np.cumsum(sizes)[:-1])


@given(
    st.lists(st.integers(1, 200), min_size=1, max_size=60),
    st.integers(1, 70),
    st.integers(0, 5),
)
def test_each_sample_comes_once_an_epoch_and_one_batch_may_be_small(
    lengths, size, seed
):
    batches = batches_of(np.array(lengths), size, seed)
    assert sorted(np.concatenate(batches)) == list(range(len(lengths)))
    rest = len(lengths) % size
    assert sorted(map(len, batches)) == sorted(
        [size] * (len(lengths) // size) + ([rest] if rest else [])
    )
    for batch in batches:
        assert (np.diff(np.array(lengths)[batch]) <= 0).all()


def test_equal_lengths_are_shuffled_plainly():
    rows = np.arange(10.0)[:, None]
    data = WindowDataset(Windows(rows, np.arange(10), [1] * 10), device=CPU)
    for _ in range(2):  # one order in each epoch, from the samples' own
        batches = list(BatchLoader(data, 4, Shuffling(np.random.RandomState(3))))
        drawn = [inputs["x"][:, 0, 0].tolist() for inputs, _ in batches]
        expected = np.random.RandomState(3).permutation(10)
        np.testing.assert_array_equal(np.concatenate(drawn), expected)
        assert list(map(len, drawn)) == [4, 4, 2]
    unshuffled = [inputs["x"][:, 0, 0].tolist() for inputs, _ in BatchLoader(data, 4)]
    np.testing.assert_array_equal(np.concatenate(unshuffled), np.arange(10))


def test_unshuffled_batches_hold_the_samples_in_their_order():
    lengths = np.array([5, 9, 1, 7, 3])
    order, sizes = plan_batches(lengths, 2, None)
    assert sizes.tolist() == [2, 2, 1]
    assert order.tolist() == [1, 0, 3, 2, 4]


def test_any_sample_is_as_likely_at_one_place_as_at_another():
    lengths = np.arange(1, 51)
    n_epochs = 3000
    places = np.zeros((50, 13))
    in_the_small_batch = np.zeros(50)
    random_state = np.random.RandomState(0)
    for _ in range(n_epochs):
        order, sizes = plan_batches(lengths, 4, random_state)
        batch = np.repeat(np.arange(13), sizes)
        places[order, batch] += 1
        in_the_small_batch[order[batch == sizes.argmin()]] += 1
    assert sizes.tolist().count(2) == 1
    expected = n_epochs / 13  # the standard deviation of a count is 14.6
    assert abs(places - expected).max() < 5.5 * np.sqrt(expected)
    share = in_the_small_batch / n_epochs  # 2 of 50 on average
    assert share.mean() == pytest.approx(0.04)
    assert abs(share - 0.04).max() < 4 * np.sqrt(0.04 / n_epochs)


def test_company_changes_from_epoch_to_epoch():
    lengths = np.arange(100, 420)  # no two alike: only the jitter mixes them
    first, second = batches_of(lengths, 32, 0), batches_of(lengths, 32, 1)
    mates = [
        {frozenset((a, b)) for part in parts for a in part for b in part}
        for parts in (first, second)
    ]
    assert len(mates[0] & mates[1]) < 0.75 * len(mates[0])


@pytest.mark.parametrize("size", [16, 32, 64, 200, 537])
def test_padding_is_less_than_a_tenth_of_the_work(size):
    work = sum(work_of(PLAID_LIKE[batch]) for batch in batches_of(PLAID_LIKE, size, 0))
    assert 1 - PLAID_LIKE.sum() / work < 0.1


def work_of(lengths):
    """Steps computed for a batch, counted over its samples."""
    segments = cut_segments(lengths) or [(len(lengths), lengths.max())]
    firsts = [0, *(stop for _, stop in segments[:-1])]
    return sum(
        n_alive * (stop - first)
        for (n_alive, stop), first in zip(segments, firsts, strict=True)
    )


@given(st.lists(st.integers(1, 400), min_size=1, max_size=40))
def test_segments_leave_no_step_out(lengths):
    lengths = np.sort(lengths)[::-1]
    segments = cut_segments(lengths)
    if segments is None:
        return
    assert [stop for _, stop in segments] == sorted({stop for _, stop in segments})
    assert segments[-1][1] == lengths[0]
    first = 0
    for n_alive, stop in segments:
        assert n_alive == (lengths > first).sum()
        first = stop


# --- what is computed


@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_segments_change_neither_value_nor_gradient(cell, bidirectional, pooling):
    network = RecurrentNetwork(
        cell,
        2,
        [4, 3],
        2,
        bidirectional=bidirectional,
        pooling=pooling,
        dtype="float64",
        seed=1,
    )
    sequences = sorted(ragged(9, 100, 2, seed=4), key=len, reverse=True)
    alone = torch.cat([network(torch.tensor(sequence)[None]) for sequence in sequences])
    alone.square().sum().backward()
    expected = [p.grad.clone() for p in network.parameters()]
    network.zero_grad()
    data = WindowDataset(Windows.from_sequences(sequences), device=CPU)
    inputs, _ = next(iter(BatchLoader(data, 9)))
    assert len(inputs["segments"]) > 1
    together = network(**inputs)
    torch.testing.assert_close(together, alone, rtol=1e-10, atol=1e-12)
    together.square().sum().backward()
    for parameter, gradient in zip(network.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
@pytest.mark.parametrize("cls", RECURRENT)
def test_prediction_does_not_depend_on_the_company(cls, pooling, bidirectional):
    model = quick(
        cls, hidden_layer_sizes=(8, 5), pooling=pooling, bidirectional=bidirectional
    ).fit(X, Y)
    method = getattr(model, "predict_proba", model.predict)
    together = method(X)
    order = np.random.default_rng(1).permutation(60)
    permuted = method([X[i] for i in order])
    np.testing.assert_allclose(permuted, together[order], rtol=0, atol=1e-6)
    alone = np.concatenate([method([x]) for x in X])
    np.testing.assert_allclose(alone, together, rtol=0, atol=1e-6)


def test_bucketed_training_equals_a_plain_loop():
    model = quick(
        **{
            **BARE_CLASSIFIER,
            "dtype": "float64",
            "batch_size": 7,
            "alpha": 0.0,
            "solver": "sgd",
            "momentum": 0.0,
            "learning_rate_init": 0.1,
            "max_iter": 2,
        }
    ).fit(X, Y)
    still = {"dtype": "float64", "max_iter": 1, "learning_rate_init": 1e-300}
    fresh = quick(**PLAIN_CLASSIFIER, **still).fit(X, Y)
    module = fresh.net_.module_  # the same first weights
    seed = np.random.RandomState(0).randint(2**31 - 1)
    random_state = np.random.RandomState(seed)
    random_state.randint(2**31 - 1)  # the module's
    lengths = np.array([len(x) for x in X])
    for _ in range(2):
        order, sizes = plan_batches(lengths, 7, random_state)
        for batch in np.split(order, np.cumsum(sizes)[:-1]):
            module.zero_grad()
            raw = torch.cat([module(torch.tensor(X[i])[None]) for i in batch])
            torch.nn.functional.cross_entropy(raw, torch.tensor(Y[batch])).backward()
            with torch.no_grad():
                for parameter in module.parameters():
                    parameter -= 0.1 * parameter.grad
    expected = module.state_dict()
    for name, value in model.net_.module_.state_dict().items():
        torch.testing.assert_close(value, expected[name], rtol=1e-9, atol=1e-12)


def test_weights_count_where_length_goes_with_the_class():
    X = ragged(40, 60, 2, seed=2)
    X = [x[:10] if len(x) > 10 else np.resize(x, (10, 2)) for x in X[:20]] + [
        np.resize(x, (50, 2)) for x in X[20:]
    ]
    y = np.repeat([0, 1], 20)
    plain, heavy = (
        quick(
            class_weight=weight, batch_size=20, max_iter=20, learning_rate_init=0.02
        ).fit(X, y)
        for weight in (None, {0: 1, 1: 100})
    )
    assert (
        heavy.predict_proba(X)[:, 1].mean() > plain.predict_proba(X)[:, 1].mean() + 0.1
    )


def test_weighted_loss_is_the_mean_over_all_samples():
    weights = np.linspace(0.1, 5, 60)
    model = quick(**PLAIN_CLASSIFIER, batch_size=7, dtype="float64", alpha=0.0)
    model.set_params(max_iter=1, learning_rate_init=1e-300)
    model.fit(X, Y, sample_weight=weights)
    log_proba = model.predict_log_proba(X)[np.arange(60), Y]
    expected = np.average(-log_proba, weights=weights)
    assert model.loss_curve_[0] == pytest.approx(expected)


def test_partial_fit_weighs_later_calls_like_the_first():
    plain = {"solver": "sgd", "momentum": 0.0, "alpha": 0.0}
    options = {
        **BARE_CLASSIFIER,
        **plain,
        "dtype": "float64",
        "learning_rate_init": 0.1,
    }
    calls = [np.full(60, 4.0), None, np.full(60, 8.0)]  # 1, 1/4 and 2 of the first
    model = quick(**options)
    for weights in calls:
        model.partial_fit(X, Y, sample_weight=weights, classes=[0, 1, 2])
    expected = quick(**options)
    for rate in (0.1, 0.025, 0.2):  # a weight scales the step of plain SGD
        expected.set_params(learning_rate_init=rate)
        if hasattr(expected, "net_"):
            expected.net_.optimizer_.param_groups[0]["lr"] = rate
        expected.partial_fit(X, Y, classes=[0, 1, 2])
    np.testing.assert_allclose(model.predict_proba(X), expected.predict_proba(X))


def test_lbfgs_and_unshuffled_training_take_ragged_input():
    for options in ({"solver": "lbfgs"}, {"shuffle": False, "batch_size": 16}):
        options |= PLAIN_CLASSIFIER | {"max_iter": 5, "learning_rate_init": 0.01}
        model = quick(**options).fit(X, Y)
        assert model.loss_curve_[-1] < model.loss_curve_[0]


def test_long_and_short_learn_together():
    X, y = tones(60)
    X[0] = np.resize(X[0], (600, 1))
    model = quick(pooling="mean", hidden_layer_sizes=12, learning_rate_init=0.03)
    model.set_params(max_iter=40, batch_size=20).fit(X, y)
    assert model.score(X, y) > 0.9

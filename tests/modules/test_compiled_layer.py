"""The engine's layer as an operation of torch, against torch's own layers."""

import copy
import pickle
import resource
import sys
import threading

import numpy as np
import pytest
import torch
from sklearn.base import clone
from torch import nn
from torch.utils.checkpoint import checkpoint

from skrnn import GRUClassifier, GRURegressor, LSTMRegressor, RNNRegressor
from skrnn.engine import library, why_not
from skrnn.modules import RecurrentNetwork, _compiled_layer
from tests.common_estimators import ragged, wave, windows_of

pytestmark = pytest.mark.skipif(library("float64") is None, reason=why_not() or " ")
CELLS = {
    "rnn_tanh": {"cell": "rnn"},
    "rnn_relu": {"cell": "rnn", "activation": "relu"},
    "gru": {"cell": "gru"},
    "gru_reset_before": {"cell": "gru", "reset_after": False},
    "lstm": {"cell": "lstm"},
}
SIZES = [  # samples, steps, features, units
    (1, 1, 1, 1),
    (1, 7, 3, 4),
    (5, 1, 2, 3),
    (19, 9, 20, 8),
    (70, 6, 5, 33),
    (3, 400, 1, 6),  # without gradients it runs in parts
]


@pytest.fixture(params=CELLS)
def cell(request):
    return CELLS[request.param]


@pytest.fixture
def torch_alone(monkeypatch):
    """Calls a function as if there were no library."""

    def call(function, *args):
        with monkeypatch.context() as context:
            context.setenv("SKRNN_ENGINE", "torch")
            return function(*args)

    return call


@pytest.fixture
def runs(monkeypatch):
    """The numbers of samples that the engine ran."""
    found, original = [], _compiled_layer.CompiledLayer.run

    def run(layer, x, *args, **kwargs):
        found.append(len(x))
        return original(layer, x, *args, **kwargs)

    monkeypatch.setattr(_compiled_layer.CompiledLayer, "run", run)
    return found


def layer_of(cell, n_features=3, n_units=4, dtype="float64", **parts):
    parts = cell | parts
    sizes = n_features, [n_units], 1
    network = RecurrentNetwork(parts.pop("cell"), *sizes, dtype=dtype, seed=1, **parts)
    return network.layers[0]


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).double()


def lengths_of(n_samples, n_steps):
    generator = torch.Generator().manual_seed(2)
    lengths = torch.randint(1, n_steps + 1, (n_samples,), generator=generator)
    lengths[0] = n_steps
    return lengths.sort(descending=True).values


def states_and_gradients(layer, x, lengths, valid):
    """Valid states, and gradients of a loss that reads each in its own way."""
    x = x.clone().requires_grad_()
    states = layer(x, lengths) * valid
    loss = (states * normal(*states.shape, seed=1).to(x.dtype)).sum()
    return states, *torch.autograd.grad(loss, [x, *layer.parameters()])


@pytest.mark.parametrize("is_ragged", [False, True])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize(
    ("dtype", "tolerance"), [("float64", 1e-12), ("float32", 5e-6)]
)
def test_states_and_gradients_equal_torchs(
    cell, sizes, bidirectional, is_ragged, dtype, tolerance, torch_alone
):
    n_samples, n_steps, n_features, n_units = sizes
    layer = layer_of(cell, n_features, n_units, dtype, bidirectional=bidirectional)
    x = normal(n_samples, n_steps, n_features)
    lengths = lengths_of(n_samples, n_steps) if is_ragged else None
    valid = torch.ones(n_samples, n_steps, 1)
    if is_ragged:
        valid = (torch.arange(n_steps) < lengths[:, None])[:, :, None]
    exact = copy.deepcopy(layer).double()
    expected = torch_alone(states_and_gradients, exact, x, lengths, valid)
    x = x.to(getattr(torch, dtype))
    actual = states_and_gradients(layer, x, lengths, valid)
    for a, b in zip(actual, expected, strict=True):
        scale = b.abs().max().clamp(min=1e-3).item()
        torch.testing.assert_close(
            a.double() / scale, b / scale, rtol=0, atol=tolerance
        )
    with torch.no_grad():
        states = layer(x, lengths)
    assert not states[~valid.bool().expand_as(states)].any()
    torch.testing.assert_close(states, actual[0], rtol=0, atol=tolerance)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_last_state_alone_equals_that_of_all_states(cell, bidirectional):
    layer = layer_of(cell, bidirectional=bidirectional)
    x, lengths = normal(20, 9, 3).requires_grad_(), lengths_of(20, 9)
    inputs = [x, *layer.parameters()]
    last, expected = (
        layer.last(x, lengths, None),
        layer.final(layer(x, lengths), lengths),
    )
    assert torch.equal(last, expected)
    gradients = (
        torch.autograd.grad(y.square().sum(), inputs) for y in (last, expected)
    )
    for a, b in zip(*gradients, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)


def advanced(layer, x, *first):
    """States and the last state from a first one, and gradients of their squares."""
    states, last = layer.advance(x, first or None)
    loss = states.square().sum() + sum((3 * part.sin()).sum() for part in last)
    gradients = torch.autograd.grad(loss, [x, *first, *layer.parameters()])
    return states, *last, *gradients


def test_a_layer_goes_on_from_a_first_state(cell, torch_alone, runs):
    layer = layer_of(cell)
    x = normal(18, 5, 3).requires_grad_()
    n_parts = 2 if cell["cell"] == "lstm" else 1
    first = [normal(1, 18, 4, seed=i).requires_grad_() for i in range(n_parts)]
    expected = torch_alone(advanced, layer, x, *first)
    assert not runs
    for a, b in zip(advanced(layer, x, *first), expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-11)
    with torch.no_grad():
        states, last = layer.advance(x, tuple(first))
    for a, b in zip((states, *last), expected, strict=False):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-11)
    assert runs == [18, 18]


def test_pieces_of_a_series_give_the_states_of_the_whole(cell):
    layer, x = layer_of(cell), normal(2, 9, 3)
    states, last = layer.advance(x[:, :4], None)
    more, last = layer.advance(x[:, 4:], last)
    whole, end = layer.advance(x, None)
    torch.testing.assert_close(torch.cat([states, more], dim=1), whole)
    for a, b in zip(last, end, strict=True):
        torch.testing.assert_close(a, b)


def test_x_may_have_any_strides(cell, torch_alone):
    layer = layer_of(cell)
    steps = normal(5, 6, 3)[:, :1].expand(5, 6, 3)
    for x in (normal(3, 6, 5).permute(2, 1, 0), normal(4, 12, 6)[:, ::2, 1::2], steps):
        assert not x.is_contiguous()
        all_valid = torch.ones(1)
        expected = torch_alone(states_and_gradients, layer, x, None, all_valid)
        actual = states_and_gradients(layer, x, None, all_valid)
        for a, b in zip(actual, expected, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_torchs_check_of_gradients_passes(cell, bidirectional):
    layer = layer_of(cell, 2, 3, bidirectional=bidirectional)
    parameters = [p.detach().clone().requires_grad_() for p in layer.parameters()]
    names = [name for name, _ in layer.named_parameters()]

    def states(x, *parameters):
        values = dict(zip(names, parameters, strict=True))
        inputs = x, torch.tensor([5, 5, 2, 1])
        return torch.func.functional_call(layer, values, inputs)

    x = normal(4, 5, 2).requires_grad_()
    assert torch.autograd.gradcheck(states, (x, *parameters))


def test_a_retained_graph_gives_the_same_gradients_but_not_second_ones(cell):
    layer, x = layer_of(cell), normal(2, 5, 3).requires_grad_()
    loss = layer(x, None).square().sum()
    first, second = (torch.autograd.grad(loss, x, retain_graph=True) for _ in range(2))
    assert torch.equal(first[0], second[0])
    (gradient,) = torch.autograd.grad(loss, x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()


def test_weights_that_change_before_the_way_back_are_noticed():
    layer = layer_of(CELLS["lstm"])
    states = layer(normal(2, 5, 3))
    with torch.no_grad():
        layer.forward_in_time.weight_hh_l0.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        states.sum().backward()


def test_only_weights_that_learn_get_gradients():
    layer, x = layer_of(CELLS["gru"]), normal(2, 5, 3)
    frozen, free = layer.forward_in_time.weight_ih_l0, layer.forward_in_time.bias_ih_l0
    frozen.requires_grad_(False)
    layer(x).sum().backward()
    assert frozen.grad is None
    assert free.grad.abs().sum() > 0
    layer.requires_grad_(False)
    assert not layer(x).requires_grad


def test_hooks_on_parameters_are_called():
    layer = layer_of(CELLS["lstm"])
    seen = []
    layer.forward_in_time.weight_hh_l0.register_hook(seen.append)
    layer(normal(2, 5, 3)).sum().backward()
    assert torch.equal(seen[0], layer.forward_in_time.weight_hh_l0.grad)


def test_checkpoints_of_gradients_compute_the_same(cell):
    layer, x = layer_of(cell), normal(3, 5, 3).requires_grad_()
    inputs = [x, *layer.parameters()]
    expected = torch.autograd.grad(layer(x).square().sum(), inputs)
    states = checkpoint(layer, x, use_reentrant=False)
    for a, b in zip(
        torch.autograd.grad(states.square().sum(), inputs), expected, strict=True
    ):
        assert torch.equal(a, b)


def test_forward_without_a_way_back_leaves_no_memory():
    layer, x = layer_of(CELLS["lstm"], n_units=16), normal(200, 50, 3)
    for _ in range(20):
        layer(x)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(1000):
        layer(x[:, :5])
    layer(x)
    unit = 1 if sys.platform == "darwin" else 1024
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit < 2**25


def test_lengths_may_have_any_stride():
    layer, x = layer_of(CELLS["gru"]), normal(3, 5, 3)
    lengths = torch.tensor([5, 0, 4, 0, 1])
    assert torch.equal(layer(x, lengths[::2]), layer(x, torch.tensor([5, 4, 1])))


@pytest.mark.parametrize("lengths", [[9, 2], [5, -1]])
def test_lengths_that_no_sample_has_are_refused(lengths):
    layer, lengths = layer_of(CELLS["gru"]), torch.tensor(lengths)
    with (
        pytest.raises(ValueError, match="not between 0 and the 5 steps"),
        torch.no_grad(),
    ):
        layer(normal(2, 5, 3), lengths)
    with pytest.raises(ValueError, match="not between 0 and the 5 steps"):
        layer(normal(2, 5, 3), lengths)


def test_tensors_of_other_shapes_are_refused():
    layer, x = layer_of(CELLS["gru"]), normal(2, 5, 3)
    with pytest.raises(
        ValueError, match=r"shape \(2, 5, 3\), got torch.float64 of shape"
    ):
        layer(x[:, :, :2])
    with pytest.raises(ValueError, match=r"shape \(1, 2, 4\)"):
        layer.advance(x, (torch.zeros(1, 3, 4).double(),))
    with pytest.raises(ValueError, match="2 contiguous lengths"):
        layer(x, torch.tensor([5, 5, 5]))


def test_torch_runs_what_the_engine_does_not(runs, monkeypatch):
    monkeypatch.delenv("SKRNN_ENGINE", raising=False)  # no library is forced
    layer, x = layer_of(CELLS["gru"]), normal(2, 5, 3)
    handle = layer.forward_in_time.register_forward_hook(lambda *_: None)
    layer(x)
    handle.remove()
    torch.func.grad(lambda x: layer(x).sum())(x)
    with torch.autocast("cpu", torch.bfloat16):
        layer_of(CELLS["gru"], dtype="float32")(x.float())
    with pytest.raises(RuntimeError, match="to be larger than 0"):
        layer(x[:, :0])
    with pytest.raises(ValueError, match="dtype"):
        layer(x.float())
    wide = layer_of(CELLS["lstm"], n_units=129)
    assert wide.kernel == "fused"
    wide(normal(64, 5, 3))
    fairly_wide = layer_of(CELLS["lstm"], n_units=64)
    fairly_wide(normal(7, 5, 3))
    assert runs == []
    fairly_wide(normal(8, 5, 3))
    layer(x)
    assert runs == [8, 2]


def test_copies_and_state_dicts_run_the_same():
    layer, x = layer_of(CELLS["gru"]), normal(2, 5, 3)
    names = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]
    assert list(layer.forward_in_time.state_dict()) == names
    loaded = layer_of(CELLS["gru"])
    nn.init.zeros_(loaded.forward_in_time.weight_ih_l0)
    loaded.load_state_dict(layer.state_dict())
    for same in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer)), loaded):
        assert torch.equal(same(x), layer(x))


def test_threads_side_by_side_compute_the_same():
    layer = layer_of(CELLS["lstm"], n_units=16)
    xs = [normal(50, 20, 3, seed=i) for i in range(4)]

    def gradients(x):
        return torch.autograd.grad(layer(x).square().sum(), list(layer.parameters()))

    expected = [gradients(x) for x in xs]
    found = [None] * len(xs)

    def work(i):
        for _ in range(5):
            found[i] = gradients(xs[i])

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(xs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for a, b in zip(found, expected, strict=True):
        assert all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


X, Y = windows_of(wave(60), 6)
PIECES = wave(180, 2).reshape(30, 6, 2)
SUMS_OF_PIECES = PIECES.sum(axis=(1, 2))
IDS = np.arange(120).reshape(30, 4, 1) % 5 + 1
RAGGED = ragged(30, 9, 2)
SUMS = [sequence.sum() for sequence in RAGGED]
RUNNING = [sequence[:, 0].cumsum() for sequence in RAGGED]
ESTIMATORS = {
    "embedding": (GRUClassifier(6, embedding_dim=3), IDS, IDS[:, 0, 0] > 2),
    "attention": (LSTMRegressor(6, pooling="attention"), X, Y),
    "residual": (GRURegressor((5, 5), residual=True), X, Y),
    "stateful": (RNNRegressor(5, stateful=True, shuffle=False), PIECES, SUMS_OF_PIECES),
    "return_sequences": (
        LSTMRegressor(5, return_sequences=True, bidirectional=True),
        *(RAGGED, RUNNING),
    ),
    "solver": (GRURegressor(5, solver="rmsprop", bidirectional=True), RAGGED, SUMS),
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_estimators_learn_as_with_torch(name, torch_alone):
    model, x, y = ESTIMATORS[name]
    model.set_params(max_iter=4, batch_size=16, random_state=0, learning_rate="cosine")
    compiled, torchs = clone(model), clone(model)
    compiled.fit(x, y)
    torch_alone(torchs.fit, x, y)
    assert set(compiled.net_.module_.kernels) == {"compiled"}
    assert compiled.net_.kernel_ == "torch"  # not a compiled epoch
    np.testing.assert_allclose(compiled.loss_curve_, torchs.loss_curve_, rtol=1e-5)
    found, expected = compiled.predict(x), torch_alone(torchs.predict, x)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)

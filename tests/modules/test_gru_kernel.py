"""The loop over the steps of a GRU against torch's kernel."""

import copy
import pickle

import pytest
import torch
from torch import nn

from skrnn.modules import RecurrentNetwork


def gru_layer(n_features=3, n_hidden=4, dtype="float64"):
    network = RecurrentNetwork("gru", n_features, [n_hidden], 1, dtype=dtype, seed=1)
    return network.layers[0]


def normal(*shape, requires_grad=False):
    x = torch.randn(*shape, generator=torch.Generator().manual_seed(0)).double()
    return x.requires_grad_(requires_grad)


def states_and_gradients(function, layer, x):
    """Of a loss that reads every state in its own way."""
    states = function(x)
    inputs = [x, *layer.parameters()] if x.requires_grad else list(layer.parameters())
    return states, *torch.autograd.grad((states * normal(*states.shape)).sum(), inputs)


@pytest.mark.parametrize("input_requires_grad", [False, True])
@pytest.mark.parametrize(
    ("n_samples", "n_steps", "n_features", "n_hidden"),
    [
        (1, 1, 1, 1),
        (1, 7, 3, 4),
        (5, 1, 2, 3),
        (6, 9, 1, 8),
        (2, 3, 20, 5),
        (64, 70, 2, 40),  # more steps than one buffer of the gradient holds
    ],
)
def test_gru_loop_equals_torch(
    n_samples, n_steps, n_features, n_hidden, input_requires_grad
):
    layer = gru_layer(n_features, n_hidden)
    fused = layer.forward_in_time
    x = normal(n_samples, n_steps, n_features, requires_grad=input_requires_grad)
    expected = states_and_gradients(lambda x: fused(x)[0], layer, x)
    actual = states_and_gradients(lambda x: layer(x, None), layer, x)
    for a, b in zip(actual, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-10)


def test_gru_loop_takes_any_strides():
    layer = gru_layer()
    fused = layer.forward_in_time
    for x in (normal(3, 6, 5).permute(2, 1, 0), normal(4, 12, 6)[:, ::2, 1::2]):
        assert not x.is_contiguous()
        torch.testing.assert_close(layer(x, None), fused(x)[0], rtol=1e-10, atol=1e-12)


def test_gru_loop_passes_torchs_check_of_gradients():
    layer = gru_layer(2, 3)
    parameters = [p.detach().clone().requires_grad_() for p in layer.parameters()]
    names = [name for name, _ in layer.named_parameters()]

    def states(x, *parameters):
        values = dict(zip(names, parameters, strict=True))
        return torch.func.functional_call(layer, values, (x, None))

    x = normal(4, 5, 2, requires_grad=True)
    assert torch.autograd.gradcheck(states, (x, *parameters))


def test_gru_loop_can_be_gone_back_through_twice_but_not_differentiated_twice():
    layer = gru_layer()
    x = normal(2, 5, 3, requires_grad=True)
    loss = layer(x, None).square().sum()
    first, second = (torch.autograd.grad(loss, x, retain_graph=True) for _ in range(2))
    assert torch.equal(first[0], second[0])
    (gradient,) = torch.autograd.grad(loss, x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()


@pytest.fixture
def looped(monkeypatch):
    """The numbers of samples that the loop was called with."""
    from skrnn.modules import _layers

    calls, kernel = [], _layers.gru_states
    monkeypatch.setattr(
        _layers, "gru_states", lambda layer, x: calls.append(len(x)) or kernel(layer, x)
    )
    return calls


def test_gru_loop_runs_where_it_is_quicker(looped):
    layer = gru_layer()
    layer(normal(1, 5, 3), None)
    layer(normal(2, 5, 3), None, [(2, 3), (1, 5)])
    with torch.no_grad():
        for n_samples in (63, 64):
            x = normal(n_samples, 5, 3)
            expected = layer.forward_in_time(x)[0]
            torch.testing.assert_close(layer(x, None), expected, rtol=1e-10, atol=1e-12)
    gru_layer(n_hidden=257)(normal(1, 5, 3), None)
    assert looped == [1, 64]


def test_gru_loop_leaves_hooks_transforms_and_mixed_precision_to_torch(looped):
    layer = gru_layer()
    x = normal(2, 5, 3)
    handle = layer.forward_in_time.register_forward_hook(lambda *_: None)
    layer(x, None)
    handle.remove()
    torch.func.grad(lambda x: layer(x, None).sum())(x)
    with torch.autocast("cpu", torch.bfloat16):
        gru_layer(dtype="float32")(x.float(), None)
    assert looped == []
    layer(x, None)
    assert looped == [2]


def test_gru_loop_lives_with_copies_and_state_dicts():
    layer, x = gru_layer(), normal(2, 5, 3)
    names = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]
    assert list(layer.forward_in_time.state_dict()) == names
    loaded = gru_layer()
    nn.init.zeros_(loaded.forward_in_time.weight_ih_l0)
    loaded.load_state_dict(layer.state_dict())
    for same in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer)), loaded):
        assert torch.equal(same(x, None), layer(x, None))

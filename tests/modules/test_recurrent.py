"""Cells, layers and pooling against numbers worked by hand and against torch."""

import numpy as np
import pytest
import torch
from torch import nn

from skrnn.engine import why_not
from skrnn.modules import CELLS, RecurrentNetwork


def one_unit(cell, input_weights, state_weights, input_biases, state_biases):
    """A network of one unit whose output is its state."""
    network = RecurrentNetwork(cell, 1, [1], 1, dtype="float64")
    layer = network.layers[0].forward_in_time
    values = {
        "weight_ih_l0": np.reshape(input_weights, (-1, 1)),
        "weight_hh_l0": np.reshape(state_weights, (-1, 1)),
        "bias_ih_l0": np.asarray(input_biases),
        "bias_hh_l0": np.asarray(state_biases),
    }
    layer.load_state_dict({name: torch.tensor(v) for name, v in values.items()})
    nn.init.ones_(network.head.weight)
    nn.init.zeros_(network.head.bias)
    return network


def outputs(network, *steps):
    """The state after the first step, and after all of them."""
    x = torch.tensor(steps, dtype=torch.float64).reshape(1, -1, 1)
    with torch.no_grad():
        return [network(x[:, :n]).item() for n in range(1, len(steps) + 1)]


def test_rnn_step_by_hand():
    # h1 = tanh(0.5 * 2 + 0.1 + 0.2)              = tanh( 1.3)    =  0.861723
    # h2 = tanh(0.5 * -1 + 0.1 - 0.3 * h1 + 0.2)  = tanh(-0.458517) = -0.428875
    network = one_unit("rnn", [0.5], [-0.3], [0.1], [0.2])
    expected = [0.8617231593133063, -0.4288747123878076]
    np.testing.assert_allclose(outputs(network, 2.0, -1.0), expected, rtol=1e-12)


def test_gru_step_by_hand():
    # gates in the order r, z, n; s is the logistic function
    # r1 = s(1 * 1 + 0.1) = 0.750260      z1 = s(-0.5 * 1 + 0.1) = 0.401312
    # n1 = tanh(2 * 1 + 0.2 + r1 * 0.3) = 0.984467
    # h1 = (1 - z1) * n1 + z1 * 0 = 0.589388
    # r2 = s(-0.5 + 0.5 * h1 + 0.1) = 0.473698
    # z2 = s(0.25 + 0.1 + h1) = 0.718976
    # n2 = tanh(-1 + 0.2 + r2 * (-h1 + 0.3)) = -0.733879
    # h2 = (1 - z2) * n2 + z2 * h1 = 0.217519
    network = one_unit(
        "gru", [1.0, -0.5, 2.0], [0.5, 1.0, -1.0], [0.0, 0.1, 0.2], [0.1, 0.0, 0.3]
    )
    expected = [0.5893884035156274, 0.21751863549219735]
    np.testing.assert_allclose(outputs(network, 1.0, -0.5), expected, rtol=1e-12)


def test_lstm_step_by_hand():
    # gates in the order i, f, g, o; s is the logistic function
    # i1 = s(1 + 0.1) = 0.750260          g1 = tanh(0.5 + 0.1) = 0.537050
    # o1 = s(2 + 0.1) = 0.890903          c1 = i1 * g1 = 0.402927
    # h1 = o1 * tanh(c1) = 0.340726
    # i2 = s(-0.5 + 0.5 * h1 + 0.1) = 0.442842
    # f2 = s(0.5 + 1 + 0.25 * h1 + 0.1) = 0.843589
    # g2 = tanh(-0.25 - 0.5 * h1 + 0.1) = -0.309835
    # o2 = s(-1 + h1 + 0.1) = 0.363716
    # c2 = f2 * c1 + i2 * g2 = 0.202697   h2 = o2 * tanh(c2) = 0.072731
    network = one_unit(
        "lstm",
        [1.0, -1.0, 0.5, 2.0],
        [0.5, 0.25, -0.5, 1.0],
        [0.0, 1.0, 0.0, 0.0],
        [0.1, 0.1, 0.1, 0.1],
    )
    expected = [0.34072637716459464, 0.0727306421740098]
    np.testing.assert_allclose(outputs(network, 1.0, -0.5), expected, rtol=1e-12)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_bidirectional_equals_torch(cell):
    network = RecurrentNetwork(cell, 3, [5], 2, bidirectional=True, seed=1)
    layer = network.layers[0]
    torch_layer = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[cell](
        3, 5, batch_first=True, bidirectional=True
    )
    weights = dict(layer.forward_in_time.state_dict())
    backward = layer.backward_in_time.state_dict()
    weights |= {f"{name}_reverse": value for name, value in backward.items()}
    torch_layer.load_state_dict(weights)
    x = torch.randn(4, 7, 3, generator=torch.Generator().manual_seed(0))
    output, _ = torch_layer(x)
    state = torch.cat([output[:, -1, :5], output[:, 0, 5:]], dim=1)
    expected = network.head(state)
    torch.testing.assert_close(network(x), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_padding_changes_nothing(cell, bidirectional):
    network = RecurrentNetwork(
        cell, 2, [4, 3], 1, bidirectional=bidirectional, dtype="float64", seed=2
    )
    rng = np.random.default_rng(0)
    lengths = [1, 6, 3]
    sequences = [torch.tensor(rng.standard_normal((n, 2))) for n in lengths]
    alone = torch.cat([network(sequence[None]) for sequence in sequences])
    for filler in (0.0, 1e3):
        padded = torch.full((3, 6, 2), filler, dtype=torch.float64)
        for row, sequence in zip(padded, sequences, strict=True):
            row[: len(sequence)] = sequence
        together = network(padded, torch.tensor(lengths))
        torch.testing.assert_close(together, alone, rtol=1e-10, atol=1e-12)


def test_building_a_network_leaves_the_global_generator_alone():
    before = torch.random.get_rng_state()
    network = RecurrentNetwork("lstm", 2, [4, 4], 1, dropout=0.5)
    network(torch.ones(3, 5, 2))
    assert torch.equal(before, torch.random.get_rng_state())


def test_weights_start_within_torchs_bounds_and_follow_the_seed():
    first, same, other = (
        RecurrentNetwork("gru", 3, [16, 4], 2, seed=seed) for seed in (0, 0, 1)
    )
    for name, value in first.state_dict().items():
        assert torch.equal(value, same.state_dict()[name])
        assert not torch.equal(value, other.state_dict()[name])
        bound = {"layers.0": 16, "layers.1": 4, "head.wei": 4, "head.bia": 4}[name[:8]]
        assert value.abs().max() <= bound**-0.5


def test_dropout_scales_and_is_off_outside_training():
    network = RecurrentNetwork("rnn", 1, [2000], 1, dropout=0.25)
    x = torch.ones(1, 1, 1)
    state = network.layers[0](x, None)[:, -1]
    dropped = network.dropout(state)
    kept = dropped != 0
    assert abs(kept.float().mean().item() - 0.75) < 0.04
    torch.testing.assert_close(dropped[kept], state[kept] / 0.75)
    network.eval()
    assert torch.equal(network.dropout(state), state)


def test_layers_say_which_kernel_runs_them(monkeypatch):
    monkeypatch.delenv("SKRNN_ENGINE", raising=False)
    quickest = "fused" if why_not() else "compiled"
    assert RecurrentNetwork("lstm", 1, [3, 2], 1).kernels == [quickest] * 2
    assert RecurrentNetwork("gru", 1, [512, 513], 1).kernels == [quickest, "fused"]
    assert RecurrentNetwork("gru", 1, [3], 1).to("meta").kernels == ["fused"]


def test_pooling_reads_the_valid_steps_only():
    network = RecurrentNetwork("gru", 2, [3], 3, pooling="mean", seed=1)
    nn.init.eye_(network.head.weight)
    nn.init.zeros_(network.head.bias)
    x = torch.randn(1, 5, 2, generator=torch.Generator().manual_seed(0))
    states = network.layers[0].forward_in_time(x)[0]
    x[0, 3:] = 1e3
    short = torch.tensor([3])
    for pooling, expected in (
        ("mean", states[:, :3].mean(dim=1)),
        ("max", states[:, :3].amax(dim=1)),
        ("last", states[:, 2]),
    ):
        network.poolings = (pooling,)
        torch.testing.assert_close(network(x, short), expected)
        torch.testing.assert_close(network(x[:, :3]), expected)


def test_running_attention_of_scores_far_apart():
    """Beyond what exp can hold, where sums over all steps would be 0 / 0."""
    network = RecurrentNetwork("gru", 2, [3], 1, pooling="attention", seed=1).eval()
    x = torch.randn(1, 12, 2, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        network.attention.score.weight.mul_(20_000)
        scores = network.attention.score_of(network.layers[0](x))
        assert scores[:, :1].max() < scores.max() - 104  # exp(-104) is 0 in float32
        followed, state = network.outputs_along(x[:, :7], None)
        further, _ = network.outputs_along(x[:, 7:], state)
        expected = torch.cat([network(x[:, : t + 1]) for t in range(12)])
    torch.testing.assert_close(torch.cat([followed, further]), expected)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_outline_counts_what_torch_counts(cell, bidirectional):
    network = RecurrentNetwork(
        cell,
        3,
        [7, 4],
        2,
        bidirectional=bidirectional,
        embedding_dim=5,
        n_tokens=11,
        dropout=0.1,
    )
    outline = network.outline()
    names = ["embedding", "hidden 1", "hidden 2", "pooling", "output"]
    assert [layer.name for layer in outline] == names
    n_parameters = sum(p.numel() for p in network.parameters())
    assert sum(layer.n_parameters for layer in outline) == n_parameters
    width = 14 if bidirectional else 7
    assert outline[1].output_shape == f"(n_samples, n_timesteps, {width})"
    gates = {"rnn": 1, "gru": 3, "lstm": 4}[cell]
    per_direction = gates * (5 * 7 + 7 * 7 + 2 * 7)
    assert outline[1].n_parameters == per_direction * (1 + bidirectional)
    assert outline[-1] == (
        "output",
        "Linear",
        "(n_samples, 2)",
        2 * 4 * (1 + bidirectional) + 2,
    )

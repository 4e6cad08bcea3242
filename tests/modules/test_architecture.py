"""Every part of a recurrent network against a plain reference."""

import numpy as np
import pytest
import torch
from torch import nn

from skrnn import GRURegressor, LSTMRegressor, RNNRegressor
from skrnn.engine import why_not
from skrnn.modules import (
    MLP_ACTIVATIONS,
    Architecture,
    BatchNorm,
    Dropout,
    RecurrentNetwork,
    _cells,
    _layers,
)
from skrnn.modules._compiled_layer import CompiledLayer
from tests.common_estimators import ragged, wave, windows_of

from .network_reference import ACTIVATIONS, layer_states, network_output

LENGTHS = [7, 1, 4]
OPTIONS = [
    *[{"cell": "rnn", "activation": name} for name in MLP_ACTIVATIONS],
    {"cell": "gru", "activation": "relu"},
    {"cell": "lstm", "activation": "silu"},
    {"cell": "gru", "recurrent_activation": "hard_sigmoid"},
    {"cell": "lstm", "recurrent_activation": "hard_sigmoid", "activation": "relu"},
    {"cell": "gru", "reset_after": False},
    {"cell": "lstm", "peephole": True},
    {"cell": "lstm", "projection_size": 2},
    {"cell": "lstm", "projection_size": 2, "peephole": True, "bidirectional": True},
    *[{"cell": cell, "layer_norm": True} for cell in ("rnn", "gru", "lstm")],
    {"cell": "gru", "layer_norm": True, "reset_after": False},
    {"cell": "lstm", "layer_norm": True, "peephole": True, "projection_size": 2},
    *[{"cell": cell, "zoneout": 0.3} for cell in ("rnn", "gru", "lstm")],
    {"cell": "gru", "residual": True},
    {"cell": "lstm", "residual": True, "bidirectional": True},
    *[
        {"cell": "gru", "bidirectional": True, "merge_mode": mode}
        for mode in ("concat", "sum", "mul", "ave")
    ],
    {"cell": "rnn", "bidirectional": True, "merge_mode": "ave", "pooling": "max"},
    {"cell": "lstm", "pooling": "attention"},
    {"cell": "gru", "pooling": "attention", "bidirectional": True},
    *[
        {"cell": "gru", "conv_filters": (3, 2), "conv_padding": padding}
        for padding in ("causal", "same")
    ],
    {
        "cell": "lstm",
        "conv_filters": (2,),
        "conv_kernel_size": 4,
        "conv_padding": "same",
        "conv_activation": "tanh",
        "pooling": "mean",
    },
    {"cell": "gru", "pooling": ("last", "mean", "max", "attention")},
    {"cell": "lstm", "pooling": ("max", "last"), "bidirectional": True},
    {
        "cell": "rnn",
        "pooling": ("mean", "last"),
        "bidirectional": True,
        "merge_mode": "mul",
    },
    *[
        {
            "cell": "gru",
            "conv_filters": (3, 2),
            "conv_kernel_size": (4, 2),
            "conv_strides": strides,
            "conv_padding": padding,
            "pooling": ("last", "mean"),
        }
        for padding in ("causal", "same")
        for strides in (1, 2, (4, 1), (3, 2))
    ],
    {
        "cell": "lstm",
        "conv_filters": (2,),
        "conv_kernel_size": 5,
        "conv_strides": 2,
        "conv_padding": "same",
        "bidirectional": True,
    },
    *[
        {
            "cell": cell,
            "conv_filters": (3, 2),
            "conv_kernel_size": (2, 3),
            "conv_dilation": dilation,
            "conv_padding": padding,
            "conv_norm": "batch",
            "conv_pooling": pooling,
        }
        for padding in ("causal", "same")
        for cell, dilation, pooling in (
            ("gru", (1, 2), "mean"),
            ("lstm", 3, ("max", "mean")),
        )
    ],
    *[
        {
            "cell": "gru",
            "conv_filters": (3, 2),
            "conv_kernel_size": (4, 3),
            "conv_strides": (2, 1),
            "conv_dilation": (1, 2),
            "conv_padding": "same",
            "conv_norm": norm,
            "conv_pooling": "max",
            "conv_pool_size": size,
            "pooling": ("last", "max"),
        }
        for norm in (None, "batch")
        for size in (2, 3)
    ],
    {
        "cell": "rnn",
        "conv_filters": (3,),
        "conv_padding": "causal",
        "conv_pool_size": 4,
    },
]


def name_of(options):
    return ",".join(f"{value}" for value in options.values())


def network_of(options, sizes=(3, 3), **further):
    return RecurrentNetwork(
        n_features=2,
        hidden_layer_sizes=sizes,
        n_outputs=2,
        dtype="float64",
        seed=1,
        **options,
        **further,
    ).eval()


def spread(network, seed=0):
    """Weights larger than those to start from, so that no part is nearly linear."""
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += torch.from_numpy(rng.normal(0, 0.5, parameter.shape))
        for norm in [m for m in network.modules() if isinstance(m, BatchNorm)]:
            norm.running_mean += torch.from_numpy(rng.normal(size=norm.num_features))
            norm.running_var *= torch.from_numpy(rng.uniform(0.5, 2, norm.num_features))
    return network


def arrays_of(network):
    return {name: value.numpy() for name, value in network.state_dict().items()}


def padded(sequences):
    x = torch.full((len(sequences), max(map(len, sequences)), 2), 0.0).double()
    for row, sequence in zip(x, sequences, strict=True):
        row[: len(sequence)] = torch.from_numpy(sequence)
    return x, torch.tensor([len(sequence) for sequence in sequences])


def sequences_of(lengths=LENGTHS):
    rng = np.random.default_rng(3)
    return [rng.normal(0, 1, (n, 2)) for n in lengths]


@pytest.mark.parametrize("options", OPTIONS, ids=name_of)
def test_outputs_equal_those_of_the_reference(options):
    network = spread(network_of(options))
    weights, sequences = arrays_of(network), sequences_of()
    expected = [network_output(weights, x, 2, options) for x in sequences]
    with torch.no_grad():
        actual = network(*padded(sequences)).numpy()
    np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("options", OPTIONS, ids=name_of)
def test_gradients_equal_differences_of_the_reference(options):
    network = spread(network_of(options))
    weights, sequences = arrays_of(network), sequences_of([5])
    (network(*padded(sequences)) * torch.tensor([1.0, -2.0])).sum().backward()
    rng, step = np.random.default_rng(5), 1e-6
    for name, parameter in network.named_parameters():
        direction = rng.normal(0, 1, parameter.shape)

        def loss_at(distance, name=name, direction=direction):
            moved = {**weights, name: weights[name] + distance * direction}
            return network_output(moved, sequences[0], 2, options) @ [1.0, -2.0]

        expected = (loss_at(step) - loss_at(-step)) / (2 * step)
        actual = (parameter.grad.numpy() * direction).sum()
        assert actual == pytest.approx(expected, rel=2e-5, abs=1e-7), name


def test_valid_convolutions_leave_out_what_lacks_neighbours():
    options = {"cell": "gru", "conv_filters": (3, 2), "conv_padding": "valid"}
    network = spread(network_of(options))
    sequences = sequences_of([9, 5, 6])  # two kernels of 3 steps see 5 steps
    expected = [network_output(arrays_of(network), x, 2, options) for x in sequences]
    with torch.no_grad():
        actual = network(*padded(sequences)).numpy()
        np.testing.assert_allclose(actual, expected, rtol=1e-9)
        alone = network(torch.from_numpy(sequences[0])[None]).numpy()
        np.testing.assert_allclose(alone, expected[:1], rtol=1e-9)


def test_valid_convolutions_put_zeros_before_a_sequence_that_is_too_short():
    options = {"cell": "rnn", "conv_filters": (3,), "conv_padding": "valid"}
    network = spread(network_of(options))
    short = sequences_of([2])
    extended = [np.concatenate([np.zeros((1, 2)), short[0]])]
    expected = network_output(arrays_of(network), extended[0], 2, options)
    with torch.no_grad():
        ragged_batch = network(*padded([*sequences_of([8]), *short])).numpy()
        np.testing.assert_allclose(ragged_batch[1], expected, rtol=1e-9)
        np.testing.assert_allclose(network(*padded(short))[0], expected, rtol=1e-9)


def test_causal_convolutions_see_nothing_that_is_later():
    network = spread(
        network_of({"cell": "lstm", "conv_filters": (4,), "return_sequences": True})
    )
    x = torch.from_numpy(sequences_of([10])[0])[None]
    later = x.clone()
    later[:, 6:] += 5
    with torch.no_grad():
        before, after = network(x), network(later)
    assert torch.equal(before[:6], after[:6])
    assert not torch.isclose(before[6:], after[6:]).any()


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_recurrent_dropout_hides_the_same_units_at_all_steps(cell):
    network = spread(network_of({"cell": cell, "recurrent_dropout": 0.4}, sizes=(6,)))
    x = torch.from_numpy(np.stack(sequences_of([5, 5])))
    fused = network(x)
    layer = network.train().layers[0]
    assert network.kernels == ["steps"]
    states = layer(x)
    layer.recurrent_dropout.n_draws = 0  # draw the same masks once more
    masks = layer.recurrent_dropout(torch.ones(2, 6, dtype=torch.float64))
    assert set(masks.unique().tolist()) == {0.0, 1 / 0.6}
    w = {
        name.removeprefix("layers.0.forward_in_time."): value
        for name, value in arrays_of(network).items()
    }
    for sample in range(2):
        options = {"cell": cell}
        expected = layer_states(w, x[sample].numpy(), options, masks[sample].numpy())
        np.testing.assert_allclose(states[sample].detach(), expected, rtol=1e-9)
    assert torch.equal(network.eval()(x), fused)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_zoneout_leaves_units_as_they_were_in_training(cell, monkeypatch):
    network = spread(network_of({"cell": cell, "zoneout": 0.3}, sizes=(4,)))
    x = torch.from_numpy(sequences_of([6])[0])[None]
    layer, draws = network.train().layers[0], []
    zoneout = layer.forward_in_time.zoneout
    drop = type(zoneout).forward

    def recorded(values):
        dropped = drop(zoneout, values)
        draws.append(((dropped == 0) & (values != 0)).detach().numpy()[0])
        return dropped

    monkeypatch.setattr(zoneout, "forward", recorded)
    states = layer(x)[0].detach().numpy()
    n_states = 2 if cell == "lstm" else 1
    keep = [
        (draws[t], draws[t + n_states - 1]) for t in range(0, 6 * n_states, n_states)
    ]
    w = {
        name.removeprefix("layers.0.forward_in_time."): value
        for name, value in arrays_of(network).items()
    }
    expected = layer_states(w, x[0].numpy(), {"cell": cell}, keep=keep)
    np.testing.assert_allclose(states, expected, rtol=1e-9)
    assert 0.05 < np.mean(draws) < 0.6


def test_input_dropout_zeroes_inputs_in_training_only():
    network = network_of({"cell": "rnn", "input_dropout": 0.25}).train()
    seen = []
    network.layers[0].register_forward_pre_hook(
        lambda _, inputs: seen.append(inputs[0])
    )
    x = torch.ones(50, 20, 2, dtype=torch.float64)
    network(x)
    assert set(seen[0].unique().tolist()) == {0.0, 1 / 0.75}
    assert abs((seen[0] == 0).double().mean().item() - 0.25) < 0.03
    network.eval()(x)
    assert torch.equal(seen[1], x)


def test_projection_equals_torchs():
    network = spread(network_of({"cell": "lstm", "projection_size": 2}, sizes=(5,)))
    reference = nn.LSTM(2, 5, proj_size=2, batch_first=True, dtype=torch.float64)
    reference.load_state_dict(network.layers[0].forward_in_time.state_dict())
    x = torch.from_numpy(sequences_of([6])[0])[None]
    torch.testing.assert_close(network.layers[0](x), reference(x)[0])


@pytest.mark.parametrize(
    ("options", "in_training", "in_prediction"),  # "compiled" if there is a library
    [
        ({"cell": "lstm"}, "compiled", "compiled"),
        ({"cell": "gru"}, "compiled", "compiled"),
        ({"cell": "rnn", "activation": "relu"}, "compiled", "compiled"),
        ({"cell": "rnn", "activation": "elu"}, "steps", "steps"),
        ({"cell": "lstm", "projection_size": 2}, "fused", "fused"),
        ({"cell": "lstm", "unit_forget_bias": True}, "compiled", "compiled"),
        (
            {"cell": "lstm", "recurrent_initializer": "orthogonal"},
            "compiled",
            "compiled",
        ),
        ({"cell": "lstm", "residual": True, "dropout": 0.1}, "compiled", "compiled"),
        ({"cell": "lstm", "conv_filters": (3,)}, "compiled", "compiled"),
        ({"cell": "lstm", "pooling": "attention"}, "compiled", "compiled"),
        (
            {"cell": "gru", "bidirectional": True, "merge_mode": "sum"},
            "compiled",
            "compiled",
        ),
        ({"cell": "lstm", "recurrent_dropout": 0.1}, "steps", "compiled"),
        ({"cell": "gru", "recurrent_dropout": 0.1}, "steps", "compiled"),
        ({"cell": "lstm", "zoneout": 0.1}, "steps", "steps"),
        ({"cell": "lstm", "peephole": True}, "steps", "steps"),
        ({"cell": "lstm", "layer_norm": True}, "steps", "steps"),
        ({"cell": "gru", "reset_after": False}, "compiled", "compiled"),
        ({"cell": "lstm", "recurrent_activation": "hard_sigmoid"}, "steps", "steps"),
    ],
    ids=str,
)
@pytest.mark.parametrize("engine", ["compiled", "torch"])
def test_the_quickest_code_runs_that_has_all_parts(
    options, in_training, in_prediction, engine, monkeypatch
):
    monkeypatch.setenv("SKRNN_ENGINE", engine)
    if engine == "compiled" and why_not():
        pytest.skip(why_not())
    network = network_of(options)
    ran = set()
    places = [("fused", module, "forward") for module in (nn.LSTM, nn.GRU, nn.RNN)]
    places += [("steps", place, "unroll") for place in (_layers, _cells)]
    places += [("compiled", CompiledLayer, "run")]
    for name, place, method in places:
        monkeypatch.setattr(place, method, _noted(getattr(place, method), ran, name))
    x = torch.zeros(70, 3, 2, dtype=torch.float64)
    without = "fused" if network.architecture.is_of_torch else "steps"
    for is_training, expected in ((True, in_training), (False, in_prediction)):
        ran.clear()
        if engine == "torch" and expected == "compiled":
            expected = without
        network.train(is_training)(x)
        assert network.kernels == [expected] * 2
        assert ran == {expected}


def _noted(function, ran, name):
    def noting(*args, **kwargs):
        ran.add(name)
        return function(*args, **kwargs)

    return noting


def n_parameters(module):
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(
    ("options", "keras", "second_bias"),
    [
        # u units on d inputs; torch's RNN and LSTM have two biases, of which only the
        # sum matters, where Keras has one
        ({"cell": "rnn"}, lambda d, u: u * (d + u + 1), lambda u: u),
        ({"cell": "lstm"}, lambda d, u: 4 * u * (d + u + 1), lambda u: 4 * u),
        ({"cell": "gru"}, lambda d, u: 3 * u * (d + u + 2), lambda u: 0),
        (
            {"cell": "gru", "reset_after": False},
            lambda d, u: 3 * u * (d + u + 1),
            lambda u: 0,
        ),
        (
            {"cell": "gru", "zoneout": 0.1},
            lambda d, u: 3 * u * (d + u + 2),
            lambda u: 0,
        ),
        (
            {"cell": "lstm", "peephole": True},
            lambda d, u: 4 * u * (d + u + 1) + 3 * u,
            lambda u: 0,
        ),
        (
            {"cell": "rnn", "layer_norm": True},
            lambda d, u: u * (d + u + 2),
            lambda u: 0,
        ),
        (
            {"cell": "lstm", "layer_norm": True},
            lambda d, u: 4 * u * (d + u + 1) + 10 * u,
            lambda u: 0,
        ),
        (
            {"cell": "gru", "layer_norm": True},
            lambda d, u: 3 * u * (d + u + 2) + 6 * u,
            lambda u: 0,
        ),
        (
            {"cell": "lstm", "activation": "relu"},
            lambda d, u: 4 * u * (d + u + 1),
            lambda u: 0,
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_parameters_are_as_many_as_keras_documents(options, keras, second_bias):
    d, u, v = 5, 7, 4
    for ways in (1, 2):
        network = RecurrentNetwork(
            n_features=d,
            hidden_layer_sizes=[u, v],
            n_outputs=3,
            bidirectional=ways == 2,
            **options,
        )
        below, top = network.layers
        assert n_parameters(below) == ways * (keras(d, u) + second_bias(u))
        assert n_parameters(top) == ways * (keras(ways * u, v) + second_bias(v))
        assert n_parameters(network.head) == 3 * (ways * v + 1)


def test_the_network_of_the_household_lecture_has_the_parameters_of_keras():
    network = RecurrentNetwork(
        "lstm", 7, (21, 10), 10, conv_filters=(21,), conv_kernel_size=1
    )
    counts = {row.name: row.n_parameters for row in network.outline()}
    assert counts == {
        "convolution 1": 21 * (7 + 1),
        "hidden 1": 4 * 21 * (21 + 21 + 1) + 4 * 21,
        "hidden 2": 4 * 10 * (21 + 10 + 1) + 4 * 10,
        "pooling": 0,
        "output": 10 * 11,
    }
    assert sum(counts.values()) == n_parameters(network)


def test_initial_weights_are_what_is_asked_for():
    network = network_of(
        {
            "cell": "lstm",
            "recurrent_initializer": "orthogonal",
            "unit_forget_bias": True,
        },
        sizes=(6,),
    )
    layer = network.layers[0].forward_in_time
    for matrix in layer.weight_hh_l0.chunk(4):
        torch.testing.assert_close(matrix @ matrix.T, torch.eye(6).double())
    biases = (layer.bias_ih_l0 + layer.bias_hh_l0).view(4, 6)
    assert (biases[1] == 1).all()
    assert (biases[0].abs() < 2 * 6**-0.5).all()
    eye = network_of({"cell": "rnn", "recurrent_initializer": "identity"}, sizes=(6,))
    assert torch.equal(
        eye.layers[0].forward_in_time.weight_hh_l0, torch.eye(6).double()
    )
    plain, named = (
        arrays_of(network_of({"cell": "lstm", **options}))
        for options in ({}, {"recurrent_initializer": "uniform"})
    )
    assert all(np.array_equal(plain[name], named[name]) for name in plain)


@pytest.mark.parametrize("options", [{}, {"zoneout": 0.1}], ids=["fused", "steps"])
@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_gates_start_by_keeping_the_state_for_so_many_steps(cell, options):
    network = network_of({"cell": cell, "chrono_steps": 50, **options}, sizes=(400,))
    layer = network.layers[0].forward_in_time
    first, second, *_ = layer.bias_ih_l0.detach().chunk({"gru": 3, "lstm": 4}[cell])
    steps = second.exp()  # the gate is 1 - 1 / (1 + steps)
    assert 1 <= steps.min() < 2
    assert 48 < steps.max() <= 49
    assert abs(steps.mean() - 25) < 2
    assert torch.equal(first, -second) == (cell == "lstm")
    if layer.bias_hh_l0 is not None:
        assert (layer.bias_hh_l0.chunk(4 if cell == "lstm" else 3)[1] == 0).all()


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (LSTMRegressor(chrono_steps=9, unit_forget_bias=True), "only one of them"),
        (LSTMRegressor(chrono_steps=2), "'chrono_steps' parameter"),
        (LSTMRegressor(8, projection_size=8), "projection_size=8 must be smaller"),
        (LSTMRegressor((8, 4), residual=True), r"layers of one size.*\(8, 4\)"),
        (LSTMRegressor(8, residual=True), "two or more layers"),
        (
            GRURegressor((4, 4), residual=True, bidirectional=True, merge_mode="sum"),
            'needs merge_mode="concat"',
        ),
        (
            LSTMRegressor(
                8, projection_size=2, recurrent_initializer="identity", peephole=True
            ),
            "needs square matrices",
        ),
        (LSTMRegressor(conv_filters=(4, 0)), "conv_filters must be > 0"),
        (LSTMRegressor(conv_filters=()), "one positive integer for each layer"),
        (LSTMRegressor(conv_padding="full"), "'conv_padding' parameter"),
        (LSTMRegressor(pooling=("max", "max")), "a tuple of different ones"),
        (LSTMRegressor(pooling=("max", "sum")), "a tuple of different ones"),
        (LSTMRegressor(pooling=()), "a tuple of different ones"),
        (
            LSTMRegressor(conv_filters=(2, 2), conv_kernel_size=(3, 2, 1)),
            r"conv_kernel_size=\(3, 2, 1\) has 3 numbers.* makes 2 convolutions",
        ),
        (
            LSTMRegressor(conv_filters=2, conv_strides=(1, 2)),
            r"conv_strides=\(1, 2\) has 2 numbers.* makes 1 conv",
        ),
        (
            LSTMRegressor(conv_filters=2, conv_kernel_size=(0,)),
            "conv_kernel_size must be > 0",
        ),
        (
            LSTMRegressor(conv_filters=2, conv_strides=4),
            "set conv_kernel_size=4 or more",
        ),
        (
            LSTMRegressor(conv_filters=2, conv_strides=2, conv_padding="valid"),
            "may be the newest ones",
        ),
        (
            LSTMRegressor(conv_filters=(2, 2), conv_dilation=(1, 2, 4)),
            r"conv_dilation=\(1, 2, 4\) has 3 numbers.* makes 2 convolutions",
        ),
        (
            LSTMRegressor(conv_filters=2, conv_dilation=(0,)),
            "conv_dilation must be > 0",
        ),
        (
            LSTMRegressor(conv_filters=2, conv_strides=2, conv_dilation=2),
            "see only one of 2 steps; set its dilation to 1",
        ),
        (LSTMRegressor(conv_norm="layer"), "'conv_norm' parameter"),
        (
            LSTMRegressor(conv_filters=2, conv_norm="batch", conv_padding="valid"),
            'conv_padding="valid" drops steps after all convolutions',
        ),
        (LSTMRegressor(conv_pool_size=0), "'conv_pool_size' parameter"),
        (LSTMRegressor(conv_pooling="last"), "'conv_pooling' parameter"),
        (
            LSTMRegressor(conv_filters=2, conv_pooling=("max", "max")),
            r"conv_pooling must be one of \('mean', 'max'\), or a tuple of different",
        ),
        (LSTMRegressor(zoneout=1.0), "'zoneout' parameter"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_parts_that_do_not_go_together_are_refused(estimator, message):
    X, y = windows_of(wave(40), 5)
    with pytest.raises(ValueError, match=message):
        estimator.fit(X, y)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pooling": "mean"}, 'set pooling="last"'),
        (
            {"conv_filters": (2,), "conv_padding": "valid"},
            'use conv_padding="causal" or "same"',
        ),
        ({"pooling": ("last", "max")}, 'set pooling="last"'),
        ({"conv_filters": (2,), "conv_strides": (2,)}, "set conv_strides=1"),
        ({"conv_filters": (2,), "conv_pool_size": 2}, "and conv_pool_size=1"),
        ({"conv_filters": (2,), "conv_pooling": "max"}, "set conv_pooling=None"),
    ],
)
def test_an_output_at_each_step_needs_all_steps(options, message):
    with pytest.raises(ValueError, match=message):
        Architecture("gru", return_sequences=True, **options).check((4,))


def test_parts_are_plain_values_whatever_numpy_gives():
    params = {
        "conv_filters": np.array([3]),
        "zoneout": np.float32(0.5),
        "residual": np.True_,
        "projection_size": np.int64(2),
    }
    architecture = Architecture.of("lstm", params)
    kinds = [type(getattr(architecture, name)) for name in params]
    assert kinds == [tuple, float, bool, int]


@pytest.mark.parametrize("cls", [RNNRegressor, GRURegressor, LSTMRegressor])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_gate_activations_are_those_of_the_cells(cls, bidirectional):
    X = ragged(6, 9, 2)
    model = cls(
        (4, 3), bidirectional=bidirectional, dtype="float64", max_iter=1, random_state=0
    )
    model.fit(X, np.arange(6.0))
    gates = model.gate_activations(X)
    states = []
    hook = model.net_.module_.layers[1].register_forward_hook(
        lambda _, inputs, output: states.append(output.detach().numpy())
    )
    for i, x in enumerate(X):
        model.predict([x])
        both = np.hstack(
            [gates[name][i, : len(x)] for name in gates if name.startswith("hidden")]
        )
        np.testing.assert_allclose(both, states[-1][0], rtol=1e-9)
        assert np.isnan(gates["hidden"][i, len(x) :]).all()
    hook.remove()
    if cls is LSTMRegressor:
        i, f, g = gates["input"], gates["forget"], gates["candidate"]
        cell = gates["cell"]
        np.testing.assert_allclose(
            cell[:, 1:], f[:, 1:] * cell[:, :-1] + i[:, 1:] * g[:, 1:], rtol=1e-9
        )
        np.testing.assert_allclose(gates["output"] * np.tanh(cell), gates["hidden"])
    if cls is GRURegressor:
        z, n, h = gates["update"], gates["candidate"], gates["hidden"]
        expected = (1 - z[:, 1:]) * n[:, 1:] + z[:, 1:] * h[:, :-1]
        np.testing.assert_allclose(h[:, 1:], expected, rtol=1e-9)
    for wrong in (2, 0.5, None):
        with pytest.raises(ValueError, match="layer must be from -2 to 1"):
            model.gate_activations(X, layer=wrong)


def test_every_dropout_draws_masks_of_its_own():
    """With one seed for several, the same units would be left out in all of them."""
    kinds = ("dropout", "input_dropout", "recurrent_dropout", "zoneout")
    parts = dict.fromkeys(kinds, 0.5)
    network = RecurrentNetwork("gru", 2, [3, 3], 1, bidirectional=True, **parts)
    seeds = [part.seed for part in network.modules() if isinstance(part, Dropout)]
    assert len(seeds) == len(set(seeds)) == 8  # three in each layer, two around them


def test_activations_of_the_reference_are_all_there_are():
    assert set(MLP_ACTIVATIONS) <= set(ACTIVATIONS)

"""A compiled stream beside torch's, whose state and outputs it must have."""

import numpy as np
import pytest
import torch

from skrnn.engine import (
    CompiledNetwork,
    CompiledStream,
    NotFiniteError,
    Samples,
    variants,
    why_not,
)
from skrnn.modules import (
    RecurrentNetwork,
    Squash,
    description_of,
    normalization_layers,
    normalizations_of,
)

VARIANTS = variants()
pytestmark = pytest.mark.skipif(not VARIANTS, reason=why_not() or "no library")
CELLS = [
    ("rnn", {}),
    ("rnn", {"activation": "relu"}),
    ("gru", {}),
    ("gru", {"reset_after": False}),
    ("lstm", {}),
]
PARTS = [  # with sizes below, at and above the width of a vector
    ((6,), {}),
    ((33, 7), {}),
    ((16,), {"pooling": "mean"}),
    ((19, 40, 5), {"pooling": "max"}),
    ((19,), {"pooling": ("last", "mean", "max")}),
    ((5,), {"pooling": ("max", "last"), "conv_filters": (4,)}),
    ((6,), {"conv_filters": (4, 19, 3), "conv_kernel_size": (5, 1, 2)}),
    ((5,), {"conv_filters": (5,), "conv_kernel_size": 3, "conv_activation": "relu"}),
    (
        (33, 7),
        {"conv_filters": (3, 18), "conv_kernel_size": 4, "conv_activation": "tanh"},
    ),
    ((8, 16), {"conv_filters": (3,), "conv_kernel_size": 1, "pooling": "max"}),
    ((90,), {"conv_filters": (7,), "conv_kernel_size": 2, "pooling": "mean"}),
    ((6,), {"normalize": "standard", "normalize_outputs": "standard"}),
    ((16,), {"conv_filters": (5,), "normalize": "standard"}),
    ((6,), {"normalize": "changes", "normalize_outputs": "standard"}),
    ((19,), {"normalize": "changes", "pooling": ("last", "mean", "max")}),
    ((16, 5), {"conv_filters": (5, 3), "normalize": "changes"}),
    ((6,), {"normalize": "robust", "normalize_outputs": "standard"}),
    ((16,), {"conv_filters": (5,), "normalize": "robust"}),
]
TOLERANCES = {"float32": 1e-6, "float64": 1e-12}
RNG = np.random.default_rng(0)
ROWS = RNG.standard_normal((150, 3))


def network(cell="lstm", sizes=(6,), dtype="float64", n_outputs=2, **parts):
    module = RecurrentNetwork(cell, 3, sizes, n_outputs, dtype=dtype, seed=1, **parts)
    module.eval()
    with torch.no_grad():  # biases are zero at first
        for i, weight in enumerate(module.parameters()):
            weight += 0.1 * torch.sin(torch.arange(weight.numel()) + i).view_as(weight)
    for layer in normalization_layers(module).values():
        steps = torch.arange(layer.n_columns)
        bounds = (1.5 + torch.cos(steps), -1 - 0.1 * steps, 1 - 0.1 * steps)
        centered = torch.sin(steps) - 0.5, 1.5 + torch.cos(steps)
        if isinstance(layer, Squash):
            centered = centered[0], centered[1] * (steps > 0)
        layer.learn(*(bounds if len(layer.figures) == 3 else centered))
    return module


def compiled(module):
    weights = [p.detach().numpy() for p in module.parameters()]
    normalizations = normalizations_of(module)
    return CompiledStream(description_of(module), weights, **normalizations)


def along(module, rows):
    with torch.inference_mode():
        outputs, state = module.outputs_along(torch.from_numpy(rows[None]), None)
    return outputs.numpy(), state


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("sizes", "parts"), PARTS, ids=str)
@pytest.mark.parametrize(("cell", "params"), CELLS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_equals_torch(cell, params, parts, sizes, dtype, variant, monkeypatch):
    monkeypatch.setenv("SKRNN_ENGINE", variant)
    module = network(cell, sizes, dtype, **params, **parts)
    stream, rows = compiled(module), ROWS.astype(dtype)
    expected, _ = along(module, rows)
    scale = np.abs(expected).max()
    at_once, after_all = stream.run(rows, stream.start())
    tolerance = TOLERANCES[dtype] * scale
    np.testing.assert_allclose(at_once, expected, rtol=0, atol=tolerance)
    state, steps = stream.start(), []
    for row in rows:
        outputs, state = stream.step(row.tobytes(), state)
        steps.append(outputs)
    np.testing.assert_allclose(np.concatenate(steps), at_once, rtol=0, atol=tolerance)
    assert state.n_rows == after_all.n_rows == len(rows)
    np.testing.assert_allclose(state.values, after_all.values, rtol=0, atol=tolerance)


@pytest.mark.parametrize(("cell", "params"), CELLS)
def test_state_has_parts_from_which_it_continues(cell, params):
    pooling = ("max", "last", "mean")
    module = network(cell, (6, 4), pooling=pooling, conv_filters=(5,), **params)
    stream = compiled(module)
    _, torch_state = along(module, ROWS[:70])
    _, state = stream.run(ROWS[:70], stream.start())
    arrays = stream.arrays_of(state)
    expected = [*torch_state.rows]
    expected += [part for layer in torch_state.layers for part in layer]
    largest, _, mean = torch_state.pooled
    expected += [largest, mean]
    for found, part in zip(arrays, expected, strict=True):
        np.testing.assert_allclose(found, part.reshape(found.shape), rtol=1e-12)
    resumed = stream.state_of(70, arrays)
    for each, other in zip(
        stream.run(ROWS[70:], resumed)[0], stream.run(ROWS[70:], state)[0], strict=True
    ):
        np.testing.assert_array_equal(each, other)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rows_that_are_not_finite_are_refused(bad, dtype):
    stream = compiled(network(dtype=dtype, pooling="max"))
    rows = ROWS.astype(dtype)
    before = stream.run(rows[:5], stream.start())[1]
    copied = list(before.values)
    rows[40, 1] = bad
    with pytest.raises(NotFiniteError, match="a row is not finite"):
        stream.run(rows[5:], before)
    with pytest.raises(NotFiniteError, match="a row is not finite"):
        stream.step(rows[40].tobytes(), before)
    assert list(before.values) == copied


@pytest.mark.parametrize("pooling", ["last", "max"])
def test_outputs_that_are_not_finite_are_refused(pooling):
    module = network("rnn", activation="relu", dtype="float32", pooling=pooling)
    with torch.no_grad():
        module.stack()[0].forward_in_time.weight_ih_l0.fill_(2)
    stream = compiled(module)
    rows = np.full((3, 3), 3e38, "f4")
    with pytest.raises(NotFiniteError, match="an output is not finite"):
        stream.run(rows, stream.start())


def test_what_a_stream_cannot_read_is_refused():
    module = network()
    stream = compiled(module)
    weights = [p.detach().numpy() for p in module.parameters()]
    for wrong in (ROWS[:, :2], ROWS.astype("f4"), ROWS[::2], ROWS[0]):
        with pytest.raises(ValueError, match="the engine expected a contiguous array"):
            stream.run(wrong, stream.start())
    with pytest.raises(ValueError, match="the engine expected 6 arrays, got 5"):
        CompiledStream(stream.description, weights[1:])
    same = {"conv_filters": (2,), "conv_padding": "same"}
    strided = {"conv_filters": (2,), "conv_strides": 2}
    for ahead in ({"bidirectional": True}, same, strided):
        with pytest.raises(ValueError, match="a stream does not read ahead"):
            compiled(network(**ahead))


def test_it_has_copies_of_the_weights():
    module = network()
    stream = compiled(module)
    expected = along(module, ROWS)[0]
    with torch.no_grad():
        for weight in module.parameters():
            weight.zero_()
    found = stream.run(ROWS, stream.start())[0]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("sizes", "parts"), PARTS, ids=str)
@pytest.mark.parametrize(("cell", "params"), CELLS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_few_samples_are_predicted_as_those_of_a_block(
    cell, params, parts, sizes, dtype, variant, monkeypatch
):
    monkeypatch.setenv("SKRNN_ENGINE", variant)
    module = network(cell, sizes, dtype, **params, **parts)
    weights = [p.detach().numpy() for p in module.parameters()]
    description, normalizations = description_of(module), normalizations_of(module)
    compiled_network = CompiledNetwork(description, weights, **normalizations)
    lengths = np.r_[45, RNG.integers(1, 46, 39)]  # of which a block has 32 rows
    starts = RNG.integers(0, 105, 40)
    center = RNG.standard_normal((40, 2)).astype(dtype)
    scale = RNG.uniform(0.5, 2, (40, 2)).astype(dtype)
    rows = ROWS.astype(dtype)
    samples = Samples(rows, starts, lengths, center=center, scale=scale)
    expected = compiled_network.predict(samples)
    tolerance = TOLERANCES[dtype] * np.abs(expected).max()
    for order in ([0], [7], [3, 1], [30, 39, 2, 0]):
        found = compiled_network.predict(samples, np.array(order))
        np.testing.assert_allclose(found, expected[order], rtol=0, atol=tolerance)

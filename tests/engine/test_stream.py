"""A compiled stream beside torch's, whose state and outputs it must have."""

import numpy as np
import pytest
import torch

from skrnn.engine import (
    CompiledStream,
    RecurrentDescription,
    library,
    variants,
    why_not,
)
from skrnn.engine._stream import NotFiniteError, state_shapes
from skrnn.modules import RecurrentNetwork, description_of

VARIANTS = variants()
pytestmark = pytest.mark.skipif(not VARIANTS, reason=why_not() or "no library")
CELLS = [
    ("rnn", {}),
    ("rnn", {"activation": "relu"}),
    ("gru", {}),
    ("gru", {"reset_after": False}),
    ("lstm", {}),
]
PARTS = [
    {},
    {"pooling": "mean"},
    {"pooling": "max"},
    {"conv_filters": (5,), "conv_kernel_size": 3, "conv_activation": "relu"},
    {"conv_filters": (3, 18), "conv_kernel_size": 4, "conv_activation": "tanh"},
    {"conv_filters": (3,), "conv_kernel_size": 1, "pooling": "max"},
]
SIZES = [(6,), (33, 7), (19, 40, 5)]
TOLERANCES = {"float32": 1e-6, "float64": 1e-12}
ROWS = np.random.default_rng(0).standard_normal((150, 3))


def network(cell="lstm", sizes=(6,), dtype="float64", n_outputs=2, **parts):
    module = RecurrentNetwork(cell, 3, sizes, n_outputs, dtype=dtype, seed=1, **parts)
    module.eval()
    with torch.no_grad():  # biases are zero at first
        for i, weight in enumerate(module.parameters()):
            weight += 0.1 * torch.sin(torch.arange(weight.numel()) + i).view_as(weight)
    return module


def compiled(module):
    weights = [p.detach().numpy() for p in module.parameters()]
    return CompiledStream(description_of(module), weights)


def along(module, rows):
    with torch.inference_mode():
        outputs, state = module.outputs_along(torch.from_numpy(rows[None]), None)
    return outputs.numpy(), state


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("parts", PARTS, ids=str)
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

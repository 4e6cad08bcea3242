"""The weights that training starts from."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..windows import PADDING
from ._architecture import Architecture
from ._cells import CELL_CLASSES, UnrolledLayer

INITIALIZERS = ("glorot", "he", "normal", "orthogonal")
_SEED_LIMIT = 2**31 - 1
_FACTORS = {"logistic": 2.0}  # of the others: 6


def draw_layer(
    initializer: str,
    n_inputs: int,
    n_outputs: int,
    activation: str,
    random_state: np.random.RandomState,
) -> tuple[np.ndarray, np.ndarray]:
    """Weights (n_inputs, n_outputs) and biases (n_outputs,) of an MLP's layer, float64.

    "glorot" [1]_ is uniform within ``sqrt(6 / (n_inputs + n_outputs))``, with 2 instead
    of 6 if the activation is logistic, and so are its biases: scikit-learn draws the
    same numbers. The others have biases of zero: "he" [2]_ is normal with variance
    ``2 / n_inputs``, "normal" has variance 1, and "orthogonal" [3]_ has orthonormal
    rows or columns.

    References
    ----------
    .. [1] X. Glorot and Y. Bengio, "Understanding the difficulty of training deep
       feedforward neural networks", AISTATS 2010.
    .. [2] K. He et al., "Delving deep into rectifiers", ICCV 2015,
       https://arxiv.org/abs/1502.01852.
    .. [3] A. Saxe et al., "Exact solutions to the nonlinear dynamics of learning in
       deep linear neural networks", ICLR 2014, https://arxiv.org/abs/1312.6120.
    """
    shape = (n_inputs, n_outputs)
    if initializer == "glorot":
        factor = _FACTORS.get(activation, 6.0)
        bound = math.sqrt(factor / (n_inputs + n_outputs))
        weights = random_state.uniform(-bound, bound, shape)
        return weights, random_state.uniform(-bound, bound, n_outputs)
    biases = np.zeros(n_outputs)
    if initializer == "orthogonal":
        seed = int(random_state.randint(_SEED_LIMIT))
        generator = torch.Generator().manual_seed(seed)
        empty = torch.empty(shape, dtype=torch.float64)
        return nn.init.orthogonal_(empty, generator=generator).numpy(), biases
    deviation = math.sqrt(2 / n_inputs) if initializer == "he" else 1.0
    return random_state.normal(0, deviation, shape), biases


def draw_weights(network: nn.Module, architecture: Architecture, seed: int) -> None:
    """Draw all weights of a recurrent network on the CPU, from their own generator.

    As in torch they are uniform within ``1 / sqrt(n)``: n is the number of hidden units
    of a recurrent layer, and of inputs of any other layer. Embeddings are normal with
    unit variance, and zero for the padding. The architecture may replace some of them.
    """
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, generator=generator)
            with torch.no_grad():
                module.weight[PADDING] = 0
            continue
        bound = _bound(module)
        if bound is None:
            continue
        for parameter in module.parameters(recurse=False):
            nn.init.uniform_(parameter, -bound, bound, generator=generator)
    for module in network.modules():
        if isinstance(module, nn.RNNBase | UnrolledLayer):
            _start_recurrent(module, architecture, generator)


def _bound(module: nn.Module) -> float | None:
    if isinstance(module, nn.RNNBase | UnrolledLayer):
        return module.hidden_size**-0.5
    if isinstance(module, nn.Linear):
        return module.in_features**-0.5
    if isinstance(module, nn.Conv1d):
        return (module.in_channels * module.kernel_size[0]) ** -0.5
    return None


@torch.no_grad()
def _start_recurrent(
    layer: Any, architecture: Architecture, generator: torch.Generator
) -> None:
    n_gates = CELL_CLASSES[architecture.cell].n_gates
    if architecture.recurrent_initializer != "uniform":
        for matrix in layer.weight_hh_l0.chunk(n_gates):  # (hidden, output)
            if architecture.recurrent_initializer == "identity":
                nn.init.eye_(matrix)
            else:
                nn.init.orthogonal_(matrix, generator=generator)
    if architecture.unit_forget_bias:
        _set_bias(layer, n_gates, 1, torch.ones(layer.hidden_size))
    if architecture.chrono_steps is not None:
        steps = torch.empty(layer.hidden_size, dtype=torch.float64)
        steps.uniform_(1, architecture.chrono_steps - 1, generator=generator)
        _set_bias(layer, n_gates, 1, steps.log())
        if architecture.cell == "lstm":  # it lets in as little as it forgets
            _set_bias(layer, n_gates, 0, -steps.log())


def _set_bias(layer: Any, n_gates: int, gate: int, values: Tensor) -> None:
    """Set the bias of a gate. In a GRU or LSTM the second gate keeps the state."""
    layer.bias_ih_l0.chunk(n_gates)[gate].copy_(values)
    if layer.bias_hh_l0 is not None:
        layer.bias_hh_l0.chunk(n_gates)[gate].zero_()

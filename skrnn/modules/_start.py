"""Weights that a recurrent network starts from."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from ._architecture import Architecture
from ._cells import CELL_CLASSES
from ._clear_layer import ClearLayer

PADDING = 0  # token id that stands for no token


def draw_weights(network: nn.Module, architecture: Architecture, seed: int) -> None:
    """Draw all weights of a network on the CPU, from a generator of their own.

    As in torch they are uniform within ``1 / sqrt(n)``, n being the hidden units of a
    recurrent layer and the inputs of any other; embeddings are normal with unit
    variance, that of the padding zero. What the architecture says comes on top.
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
        if isinstance(module, nn.RNNBase | ClearLayer):
            _start_recurrent(module, architecture, generator)


def _bound(module: nn.Module) -> float | None:
    if isinstance(module, nn.RNNBase | ClearLayer):
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
        if architecture.cell == "lstm":  # which lets in as little as it forgets
            _set_bias(layer, n_gates, 0, -steps.log())


def _set_bias(layer: Any, n_gates: int, gate: int, values: torch.Tensor) -> None:
    """What a gate starts from; the second gate of GRU and LSTM keeps the state."""
    layer.bias_ih_l0.chunk(n_gates)[gate].copy_(values)
    if layer.bias_hh_l0 is not None:
        layer.bias_hh_l0.chunk(n_gates)[gate].zero_()

"""Activations of the multi-layer perceptron, and their derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

_aten = torch.ops.aten
_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805


class Activation(NamedTuple):
    """A function and its backward pass.

    ``backward(gradient, input, output)`` turns the gradient by the output into that by
    the input.
    """

    function: Callable[[Tensor], Tensor]
    backward: Callable[[Tensor, Tensor, Tensor], Tensor]


MLP_ACTIVATIONS: dict[str, Activation] = {
    "identity": Activation(lambda x: x, lambda g, x, y: g),
    "logistic": Activation(torch.sigmoid, lambda g, x, y: _aten.sigmoid_backward(g, y)),
    "tanh": Activation(torch.tanh, lambda g, x, y: _aten.tanh_backward(g, y)),
    "relu": Activation(torch.relu, lambda g, x, y: _aten.threshold_backward(g, y, 0)),
    "softplus": Activation(
        functional.softplus, lambda g, x, y: _aten.softplus_backward(g, x, 1, 20)
    ),
    "elu": Activation(
        functional.elu, lambda g, x, y: _aten.elu_backward(g, 1, 1, 1, False, x)
    ),
    "gelu": Activation(functional.gelu, lambda g, x, y: _aten.gelu_backward(g, x)),
    "selu": Activation(
        torch.selu,
        lambda g, x, y: _aten.elu_backward(g, _SELU_ALPHA, _SELU_SCALE, 1, False, x),
    ),
    "silu": Activation(functional.silu, lambda g, x, y: _aten.silu_backward(g, x)),
    "leaky_relu": Activation(
        functional.leaky_relu,
        lambda g, x, y: _aten.leaky_relu_backward(g, x, 0.01, False),
    ),
}

"""Activations of networks."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional


def _identity(x: Tensor) -> Tensor:
    return x


MLP_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "identity": _identity,
    "logistic": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "softplus": functional.softplus,
    "elu": functional.elu,
    "gelu": functional.gelu,
    "selu": torch.selu,
    "silu": functional.silu,
    "leaky_relu": functional.leaky_relu,
}

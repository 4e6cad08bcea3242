"""What a network consists of, layer by layer."""

from __future__ import annotations

from typing import NamedTuple

from torch import nn


class LayerOutline(NamedTuple):
    """One layer of a network.

    Parameters
    ----------
    name : str
        Its place, such as "hidden 1".
    kind : str
        What it computes.
    output_shape : str
        Shape of what it gives, such as "(n_samples, 10)".
    n_parameters : int
        Weights that it learns.
    """

    name: str
    kind: str
    output_shape: str
    n_parameters: int


def count_parameters(module: nn.Module | None) -> int:
    """How many values a module learns."""
    return 0 if module is None else sum(p.numel() for p in module.parameters())


def shape_of(*sizes: int | str) -> str:
    """The shape of a batch of samples of these sizes."""
    return f"({', '.join(map(str, ('n_samples', *sizes)))})"

"""Layers of torch whose weights are drawn later."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

from torch import nn

Layer = TypeVar("Layer", bound=nn.Module)


def undrawn(kind: type[Layer], *sizes: Any, **options: Any) -> Layer:
    """A layer on the CPU with weights of any value.

    Torch would draw them from its global generator. ``torch.nn.utils.skip_init`` gives
    the same, but takes ten times as long and imports SymPy, because it builds the layer
    on the device "meta" first.
    """
    torchs: Any = kind  # to mypy a type[Layer] has no hash
    layer = _without_draw(torchs)(*sizes, **options)
    layer.__class__ = kind
    return layer


@cache
def _without_draw(kind: Any) -> Any:
    """The same class, but with a ``reset_parameters`` that does nothing."""
    nothing = {"reset_parameters": lambda layer: None}
    return type(kind.__name__, (kind,), nothing)

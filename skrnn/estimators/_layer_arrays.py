"""The weights of a network as a list of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, SupportsIndex

import numpy as np
import torch


class LayerArrays(list):
    """A list of arrays, one a layer; to assign an item changes the network.

    Parameters
    ----------
    tensors : sequence of Tensor
        The weights, seen as the arrays are to be. On the CPU the arrays share their
        memory.
    """

    def __init__(self, tensors: Sequence[torch.Tensor]) -> None:
        super().__init__(tensor.detach().cpu().numpy() for tensor in tensors)
        self._tensors = list(tensors)

    def __setitem__(self, index: SupportsIndex | slice, array: Any) -> None:
        if isinstance(index, slice):
            raise TypeError("assign one layer at a time, or the whole list")
        tensor = self._tensors[index]
        values = np.asarray(array)
        if values.shape != tensor.shape or values.dtype.kind not in "fiub":
            raise ValueError(
                f"expected real numbers of shape {tuple(tensor.shape)} for layer "
                f"{index}, got {values.dtype} of shape {values.shape}"
            )
        with torch.inference_mode(False), torch.no_grad():
            tensor.copy_(torch.from_numpy(values.copy()))
        super().__setitem__(index, tensor.detach().cpu().numpy())

    def __reduce__(self) -> Any:
        return list, (list(self),)  # a copy is just the numbers

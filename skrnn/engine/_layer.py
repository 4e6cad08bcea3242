"""One recurrent layer, forward and back, over tensors that belong to torch.

This file imports no torch: a tensor is whatever has a ``data_ptr``, a shape, strides
and a dtype. Each address that the library gets is checked here.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from ._structures import CELLS, N_GATES, Shape

_CACHE = 2**20  # bytes that the activations of a block may take
_N_PLANES = {1: 2, 3: 5, 4: 7}  # values kept of a unit at a step, by number of gates
_NO_MEMORY, _BAD_LENGTH = 1, 4  # ``Status`` of ``exports.h``
_ABSENT = 0, 0, 0, 0  # address and strides


@dataclass(frozen=True)
class LayerDescription:
    """A recurrent layer in one direction, or in both."""

    cell: str
    n_features: int
    n_units: int
    n_directions: int = 1

    @cached_property
    def shapes(self) -> tuple[Shape, ...]:
        """Shapes of the weights, of each direction, as torch stores them."""
        rows = N_GATES[self.cell] * self.n_units
        n_biases = 1 if self.cell == "gru_reset_before" else 2
        weights = (rows, self.n_features), (rows, self.n_units)
        return (*weights, *[(rows,)] * n_biases) * self.n_directions

    def widest(self, n_steps: int, itemsize: int) -> int:
        """Vectors of a block whose activations stay in the cache."""
        n_values = n_steps * _N_PLANES[N_GATES[self.cell]] * self.n_units
        return 4 if n_values * self.n_directions * 64 * itemsize <= _CACHE else 2


class LayerTensors(NamedTuple):
    """What goes in and out of a layer, or the gradients of all that; None if absent.

    States are (direction, sample, unit), and ``states`` those of all steps (sample,
    time, direction and unit).
    """

    x: Any = None  # (sample, time, feature)
    h_first: Any = None
    c_first: Any = None
    h_last: Any = None
    c_last: Any = None
    states: Any = None


class LayerCall:
    """A call of a layer: the same for the way forward and the way back.

    Raises
    ------
    ValueError
        If a tensor has another shape or dtype than the layer expects.
    """

    def __init__(
        self,
        library: ctypes.CDLL,
        description: LayerDescription,
        weights: Sequence[Any],
        tensors: LayerTensors,
        lengths: Any = None,
    ) -> None:
        self._library, self._description = library, description
        x = tensors.x
        has_cells = description.cell == "lstm" and tensors.c_first is not None
        if has_cells != (description.cell == "lstm" and tensors.h_first is not None):
            raise ValueError("the first state of an LSTM has a hidden state and cells")
        n, n_steps, _ = x.shape
        self._dtype, self._n_steps = x.dtype, n_steps
        n_directions, n_units = description.n_directions, description.n_units
        state = n_directions, n, n_units
        self._shapes = (
            (n, n_steps, description.n_features),
            *[state] * 4,
            (n, n_steps, n_directions * n_units),
        )
        sizes = CELLS.index(description.cell), description.n_features, n_units
        self._parts = _words(
            *(*sizes, n_directions, n, n_steps),
            description.widest(n_steps, x.element_size()),
            _address_of_lengths(lengths, n),
            *self._addresses(weights, tensors),
        )

    def n_bytes(self) -> int:
        """Bytes that the way forward keeps for the way back."""
        n_bytes = self._library.skrnn_layer_bytes
        n_bytes.restype = ctypes.c_int64
        return int(n_bytes(self._parts))

    def forward(self, kept: Any = None) -> None:
        """Write the states; keep what the way back needs in a tensor of bytes.

        Raises
        ------
        ValueError
            If a length is not between 0 and the steps of x.
        MemoryError
        """
        address = None if kept is None else ctypes.c_void_p(kept.data_ptr())
        code = self._library.skrnn_layer_forward(self._parts, address)
        if code == _BAD_LENGTH:
            raise ValueError(
                f"a length is not between 0 and the {self._n_steps} steps of x"
            )
        if code == _NO_MEMORY:
            raise MemoryError("the engine found no memory for its activations")

    def backward(
        self, kept: Any, gradients: Sequence[Any], tensors: LayerTensors
    ) -> None:
        """Write gradients of the weights, of x and of the first state.

        ``tensors`` holds the gradients of the states and of the last state, and the
        tensors to write to. What was kept is used up.

        Raises
        ------
        MemoryError
        """
        address = ctypes.c_void_p(kept.data_ptr())
        slopes = _words(*self._addresses(gradients, tensors))
        if self._library.skrnn_layer_backward(self._parts, address, slopes):
            raise MemoryError("the engine found no memory for its gradients")

    def _addresses(self, weights: Sequence[Any], tensors: LayerTensors) -> list[int]:
        """Addresses of weights, and addresses and strides of tensors, all checked."""
        words: list[int] = []
        shapes = self._description.shapes
        for tensor, shape in zip(weights, shapes, strict=True):
            self._check(tensor, shape)
            if not tensor.is_contiguous():
                raise ValueError("the engine expected contiguous weights")
            words.append(tensor.data_ptr())
        if self._description.cell == "gru_reset_before":
            words = [*words[:3], 0, *words[3:], 0]
        words += [0] * (8 - len(words))
        for i, (tensor, shape) in enumerate(zip(tensors, self._shapes, strict=True)):
            if tensor is None:
                words += _ABSENT
                continue
            self._check(tensor, shape)
            first, second, third = tensor.stride()
            if (
                0 < i < 5
            ):  # (direction, sample, unit), and the library says sample first
                first, second = second, first
            words += tensor.data_ptr(), first, second, third
        return words

    def _check(self, tensor: Any, shape: Shape) -> None:
        if tensor.dtype != self._dtype or tensor.shape != shape:
            raise ValueError(
                f"the engine expected {self._dtype} of shape {tuple(shape)}, got "
                f"{tensor.dtype} of shape {tuple(tensor.shape)}"
            )


def _words(*values: int) -> Any:
    """A structure of which each field takes eight bytes: integers and addresses.

    ``LayerParts`` and ``LayerSlopes`` of ``layer.h`` are such structures. A
    ``ctypes.Structure`` would take longer to fill than a small layer takes to run.
    """
    return (ctypes.c_int64 * len(values))(*values)


def _address_of_lengths(lengths: Any, n_samples: int) -> int:
    if lengths is None:
        return 0
    is_as_expected = str(lengths.dtype) == "torch.int64" and lengths.is_cpu
    if not (
        is_as_expected and lengths.shape == (n_samples,) and lengths.is_contiguous()
    ):
        raise ValueError(f"the engine expected {n_samples} contiguous lengths of int64")
    return int(lengths.data_ptr())

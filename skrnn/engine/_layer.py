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

_INT, _POINTER = ctypes.c_int64, ctypes.c_void_p
_CACHE = 2**20  # bytes that the activations of a block may take
_N_PLANES = {1: 2, 3: 5, 4: 7}  # values kept of a unit at a step, by number of gates
_NO_MEMORY, _BAD_LENGTH = 1, 4


class _Values(ctypes.Structure):
    """``Values`` of ``values.h``: values of samples at strides."""

    _fields_ = [("at", _POINTER), ("strides", _INT * 3)]


_STATES = ("h_first", "c_first", "h_last", "c_last", "states")


class _LayerParts(ctypes.Structure):
    """``LayerParts`` of ``layer.h``."""

    _fields_ = [
        *((name, _INT) for name in ("cell", "n_features", "n_units", "n_directions")),
        *((name, _INT) for name in ("n_samples", "n_steps", "widest")),
        ("lengths", _POINTER),
        ("weights", _POINTER * 8),
        *((name, _Values) for name in ("x", *_STATES)),
    ]


class _LayerSlopes(ctypes.Structure):
    """``LayerSlopes`` of ``layer.h``."""

    _fields_ = [
        ("weights", _POINTER * 8),
        *((name, _Values) for name in ("x", *_STATES)),
    ]


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
        If a tensor has another shape or dtype than the layer expects, or another
        device; or if a length is not one of a sample.
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
        self._dtype = x.dtype
        n, n_steps, _ = x.shape
        sizes = description.n_directions, n, description.n_units
        wide = description.n_directions * description.n_units
        self._shapes = LayerTensors(
            (n, n_steps, description.n_features), *[sizes] * 4, (n, n_steps, wide)
        )
        self._parts = parts = _LayerParts(
            CELLS.index(description.cell),
            description.n_features,
            description.n_units,
            description.n_directions,
            n,
            n_steps,
            description.widest(n_steps, x.element_size()),
        )
        if lengths is not None:
            if not (str(lengths.dtype) == "torch.int64" and lengths.shape == (n,)):
                raise ValueError(f"the engine expected {n} lengths of int64")
            parts.lengths = lengths.data_ptr()
        self._fill(parts, weights, tensors)

    def n_bytes(self) -> int:
        """Bytes that the way forward keeps for the way back."""
        n_bytes = self._library.skrnn_layer_bytes
        n_bytes.restype = _INT
        return int(n_bytes(ctypes.byref(self._parts)))

    def forward(self, kept: Any = None) -> None:
        """Write the states; keep what the way back needs in a tensor of bytes."""
        address = None if kept is None else _POINTER(kept.data_ptr())
        code = self._library.skrnn_layer_forward(ctypes.byref(self._parts), address)
        if code == _BAD_LENGTH:
            n_steps = self._parts.n_steps
            raise ValueError(f"a length is not between 0 and the {n_steps} steps of x")
        if code == _NO_MEMORY:
            raise MemoryError("the engine found no memory for its activations")

    def backward(
        self, kept: Any, gradients: Sequence[Any], tensors: LayerTensors
    ) -> None:
        """Write gradients of the weights, of x and of the first state.

        ``tensors`` holds the gradients of the states and of the last state, and the
        tensors to write to. What was kept is used up.
        """
        slopes = _LayerSlopes()
        self._fill(slopes, gradients, tensors)
        code = self._library.skrnn_layer_backward(
            ctypes.byref(self._parts), _POINTER(kept.data_ptr()), ctypes.byref(slopes)
        )
        if code:
            raise MemoryError("the engine found no memory for its gradients")

    def _fill(
        self, structure: Any, weights: Sequence[Any], tensors: LayerTensors
    ) -> None:
        """Write addresses into a structure, after a check of each."""
        shapes = self._description.shapes
        per_direction = len(shapes) // self._description.n_directions
        for i, (tensor, shape) in enumerate(zip(weights, shapes, strict=True)):
            self._check(tensor, shape)
            if not tensor.is_contiguous():
                raise ValueError("the engine expected contiguous weights")
            direction, which = divmod(i, per_direction)
            structure.weights[4 * direction + which] = tensor.data_ptr()
        each = zip(LayerTensors._fields, tensors, self._shapes, strict=True)
        for name, tensor, shape in each:
            if tensor is None:
                continue
            self._check(tensor, shape)
            first, second, third = tensor.stride()
            if name not in ("x", "states"):  # (direction, sample, unit)
                first, second = second, first
            setattr(structure, name, (tensor.data_ptr(), (first, second, third)))

    def _check(self, tensor: Any, shape: Shape) -> None:
        if tensor.dtype != self._dtype or tensor.shape != shape:
            raise ValueError(
                f"the engine expected {self._dtype} of shape {tuple(shape)}, got "
                f"{tensor.dtype} of shape {tuple(tensor.shape)}"
            )

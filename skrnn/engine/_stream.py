"""One series, which the library follows row by row."""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ._descriptions import (
    Figures,
    RecurrentDescription,
    check_figures,
)
from ._library import library
from ._structures import Pointer, Pointers, Shape

_ROW_NOT_FINITE, _OUTPUT_NOT_FINITE = 2, 3  # of exports.h
_INT, _POINTER = ctypes.c_int64, ctypes.c_void_p
_RUN = ctypes.CFUNCTYPE(_INT, _POINTER, _INT, _INT, *[_POINTER] * 4)
_OPEN = ctypes.CFUNCTYPE(_POINTER, _POINTER, _POINTER)
_CLOSE = ctypes.CFUNCTYPE(None, _POINTER)
_SIZE = ctypes.CFUNCTYPE(_INT, _POINTER)


class StreamState(NamedTuple):
    """The state after some rows; it is replaced, never changed."""

    n_rows: int
    values: Any  # a C array of reals


class NotFiniteError(ValueError):
    """A row, or the outputs after it, holds NaN or infinity."""


class CompiledStream:
    """A recurrent network that reads one series in the direction of time.

    It copies the weights, and several threads may use it: the caller has the state.

    Parameters
    ----------
    description : RecurrentDescription
        Without a second direction, and with convolutions that read no later rows.
    weights : sequence of ndarray
        With the shapes of ``description.shapes``.
    **normalizations : NormalizationPart, SquashPart, ChangesPart or sequence
        Of ``inputs`` and ``outputs``, ``squash``, ``changes``, and the ``running``
        figures of norms, if there are any.

    Raises
    ------
    ValueError
        If the network reads ahead, or arrays have other shapes or dtypes.
    RuntimeError
        If there is no library.
    MemoryError
    """

    def __init__(
        self,
        description: RecurrentDescription,
        weights: Sequence[np.ndarray],
        **normalizations: Figures,
    ) -> None:
        if not is_causal(description):
            raise ValueError(f"a stream does not read ahead, but {description} does")
        self.description = description
        self.dtype = weights[0].dtype
        found = library(self.dtype.name)
        if found is None:
            raise RuntimeError("there is no compiled library")
        self._stream = self._open(found, weights, normalizations)
        self._run = _RUN(("skrnn_stream_run", found))
        number = ctypes.c_float if self.dtype == np.float32 else ctypes.c_double
        self._state_type: Any = number * sum(map(np.prod, state_shapes(description)))
        self._output_type: Any = number * description.n_outputs
        self._check_size(found)

    def step(self, row: Any, state: StreamState) -> tuple[np.ndarray, StreamState]:
        """Outputs (1, n_outputs) after one more row, and the state after it.

        ``row`` is the bytes of n_features reals.
        """
        n_rows, before = state
        after, outputs = self._state_type(), self._output_type()
        code = self._run(self._stream, n_rows, 1, row, before, after, outputs)
        if code:
            _raise_for(code)
        raw = np.frombuffer(outputs, self.dtype)[np.newaxis]
        return raw, StreamState(n_rows + 1, after)

    def run(
        self, rows: np.ndarray, state: StreamState
    ) -> tuple[np.ndarray, StreamState]:
        """Outputs (n_rows, n_outputs) after each row, and the state after all.

        Raises
        ------
        NotFiniteError
            Here and in :meth:`step`, if a row or an output is not finite.
        MemoryError
        """
        n = len(rows)
        pointer = Pointer(rows, self.dtype, (n, self.description.n_features))
        out = np.empty((n, self.description.n_outputs), self.dtype)
        after = self._state_type()
        code = self._run(
            self._stream,
            state.n_rows,
            n,
            pointer.address,
            state.values,
            after,
            out.ctypes.data,
        )
        if code:
            _raise_for(code)
        return out, StreamState(state.n_rows + n, after)

    def start(self) -> StreamState:
        """The state before the first row."""
        return StreamState(0, self._state_type())

    def arrays_of(self, state: StreamState) -> list[np.ndarray]:
        """The parts of a state, of the shapes of :func:`state_shapes`."""
        shapes = state_shapes(self.description)
        ends = np.cumsum([np.prod(shape) for shape in shapes])
        parts = np.split(np.array(state.values, self.dtype), ends[:-1])
        return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]

    def state_of(self, n_rows: int, arrays: Sequence[np.ndarray]) -> StreamState:
        """The state whose parts are these arrays."""
        values = np.concatenate([np.ravel(array) for array in arrays])
        values = np.ascontiguousarray(values, self.dtype)
        return StreamState(n_rows, self._state_type.from_buffer_copy(values.data))

    def _open(
        self, found: ctypes.CDLL, weights: Sequence[np.ndarray], normalizations: Any
    ) -> int:
        """The address of a new stream of the library, which is closed after this."""
        check_figures(normalizations.values(), self.dtype)
        parts = self.description.structure(**normalizations)
        pointers = Pointers(weights, self.dtype, self.description.shapes)
        open_ = _OPEN(("skrnn_stream_open", found))
        address = open_(ctypes.byref(parts), pointers.address)
        if address is None:
            raise MemoryError("the engine found no memory for a stream")
        weakref.finalize(self, _CLOSE(("skrnn_stream_close", found)), address)
        return address

    def _check_size(self, found: ctypes.CDLL) -> None:
        size = _SIZE(("skrnn_stream_size", found))
        if size(self._stream) != len(self._state_type()):
            raise RuntimeError("the state of the library has another size than here")


def is_causal(description: RecurrentDescription) -> bool:
    """Whether there is an output for each row, and none depends on later rows."""
    reads_ahead = description.bidirectional or description.pool_size > 1
    return not reads_ahead and list(description.n_backs) == _rows_back(description)


def _rows_back(description: RecurrentDescription) -> list[int]:
    """Rows before the newest one that each convolution reads."""
    sizes = description.conv_kernel_sizes, description.conv_dilations
    return [(size - 1) * dilation for size, dilation in zip(*sizes, strict=True)]


def state_shapes(description: RecurrentDescription) -> list[Shape]:
    """Shapes of the parts of a state, in the order of ``stream.h``."""
    d = description
    channels = [d.width, *d.conv_filters][: len(d.conv_filters)]
    shapes: list[Shape] = [(1, d.n_features)] if d.reads_changes else []
    shapes += zip(_rows_back(d), channels, strict=True)
    for size in d.hidden_layer_sizes:
        shapes += [(size,)] * (2 if d.cell == "lstm" else 1)
    n_running = sum(name != "last" for name in d.poolings)
    shapes += [(d.hidden_layer_sizes[-1],)] * n_running
    return shapes + [(d.conv_filters[-1],) for _ in d.front_poolings]


def _raise_for(code: int) -> None:
    if code == _ROW_NOT_FINITE:
        raise NotFiniteError("a row is not finite")
    if code == _OUTPUT_NOT_FINITE:
        raise NotFiniteError("an output is not finite")
    raise MemoryError("the engine found no memory for its activations")

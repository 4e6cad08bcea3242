"""What the library reads: C structures, filled from NumPy arrays that are checked here.

The structures mirror those of ``source/*.h``, field by field. Every pointer that the
library gets is a :class:`Pointer`, which checks its array.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np

_INT, _REAL, _POINTER = ctypes.c_int64, ctypes.c_double, ctypes.c_void_p
CELLS = ("rnn_tanh", "rnn_relu", "gru", "gru_reset_before", "lstm")
N_GATES = {"rnn_tanh": 1, "rnn_relu": 1, "gru": 3, "gru_reset_before": 3, "lstm": 4}
POOLINGS = ("last", "mean", "max")
MERGE_MODES = ("concat", "sum", "mul", "ave")
LOSSES = (
    *("squared_error", "absolute_error", "huber", "poisson", "quantile"),
    *("softmax", "logistic"),
)
SOLVERS = ("none", "adam", "adamw", "sgd")
ACTIVATIONS = (
    *("identity", "logistic", "tanh", "relu", "softplus", "elu", "gelu"),
    *("selu", "silu", "leaky_relu"),
)
MOST_LAYERS = 16
Shape = tuple[int, ...]


class Structure(ctypes.Structure):
    """A structure of the library, which keeps the arrays that it points into alive."""

    def __init__(self, **fields: Any) -> None:
        kinds = (Pointer, Structure)
        held = [value for value in fields.values() if isinstance(value, kinds)]
        plain = {
            name: value.address if isinstance(value, Pointer) else value
            for name, value in fields.items()
        }
        super().__init__(**plain)
        self.held = held


class Pointer:
    """The address of an array that the library reads or writes.

    Raises
    ------
    ValueError
        If the dtype or the shape is not the one that the library expects, the values
        are not contiguous and aligned, or it ``writes`` and may only read.
    """

    def __init__(
        self, array: np.ndarray, dtype: Any, shape: Shape, *, writes: bool = False
    ) -> None:
        flags = array.flags
        is_as_expected = array.dtype == dtype and array.shape == shape
        is_usable = flags.c_contiguous and flags.aligned
        if not (is_as_expected and is_usable and (flags.writeable or not writes)):
            raise ValueError(
                f"the engine expected a contiguous{' writeable' * writes} array of "
                f"{np.dtype(dtype)} and shape {shape}, got {array.dtype} and "
                f"{array.shape}, {'' if flags.writeable else 'not '}writeable, with "
                f"strides {array.strides}"
            )
        self.array = array
        self.address = array.ctypes.data


class Pointers(Pointer):
    """The address of a list of addresses of arrays."""

    def __init__(
        self,
        arrays: Sequence[np.ndarray],
        dtype: Any,
        shapes: Sequence[Shape],
        *,
        writes: bool = False,
    ) -> None:
        if len(arrays) != len(shapes):
            raise ValueError(
                f"the engine expected {len(shapes)} arrays, got {len(arrays)}"
            )
        each = [
            Pointer(array, dtype, shape, writes=writes)
            for array, shape in zip(arrays, shapes, strict=True)
        ]
        self.held = each
        self.list = (_POINTER * len(each))(*(one.address for one in each))
        self.address = ctypes.addressof(self.list)


def integers(values: Any) -> Pointer:
    """A pointer to a list of integers, copied if need be."""
    array = np.ascontiguousarray(values, np.int64)
    return Pointer(array, np.int64, array.shape)


class DropoutDraws(Structure):
    """``Dropout`` of ``dropout.h``: probability, seed of a layer, and draws so far."""

    _fields_ = [("p", _REAL), ("seed", ctypes.c_uint64), ("n_draws", _INT)]


class NormalizationFigures(Structure):
    """``Normalization`` of ``normalization.h``: of columns, or empty for none."""

    _fields_ = [("mean", _POINTER), ("scale", _POINTER)]


class SquashFigures(Structure):
    """``Squash`` of ``squash.h``: of columns, or empty for none."""

    _fields_ = [("center", _POINTER), ("scale", _POINTER)]


class ChangesFigures(Structure):
    """``Changes`` of ``changes.h``: of columns, or empty for none."""

    _fields_ = [(name, _POINTER) for name in ("scale", "low", "high")]


class RecurrentParts(Structure):
    """``Parts`` of ``network.h``: a recurrent network."""

    _fields_ = [
        *((name, _INT) for name in ("cell", "n_layers")),
        ("units", _POINTER),
        *((name, _INT) for name in ("n_features", "n_outputs")),
        *((name, _INT) for name in ("is_bidirectional", "merge", "n_poolings")),
        ("poolings", _POINTER),
        ("n_convolutions", _INT),
        *((name, _POINTER) for name in ("filters", "kernel_sizes", "strides")),
        *((name, _POINTER) for name in ("dilations", "n_backs")),
        ("activation", _INT),
        ("running", _POINTER),
        ("n_front_poolings", _INT),
        ("front_poolings", _POINTER),
        ("pool_size", _INT),
        ("input_dropout", DropoutDraws),
        ("dropout", DropoutDraws),
        ("squash", SquashFigures),
        ("inputs", NormalizationFigures),
        ("outputs", NormalizationFigures),
        ("reads_changes", _INT),
        ("changes", ChangesFigures),
    ]


class DenseParts(Structure):
    """``DenseParts`` of ``perceptron.h``: a multi-layer perceptron."""

    _fields_ = [
        ("n_layers", _INT),
        ("units", _POINTER),
        *((name, _INT) for name in ("n_inputs", "activation")),
        ("dropout", DropoutDraws),
    ]


class Weights(Structure):
    """``Weights`` of ``solvers.h``."""

    _fields_ = [
        ("n", _INT),
        *((name, _POINTER) for name in ("values", "counts", "decays")),
    ]


class SamplesStructure(Structure):
    """``Samples`` of ``samples.h``."""

    _fields_ = [
        ("rows", _POINTER),
        ("n_features", _INT),
        *((name, _POINTER) for name in ("starts", "lengths")),
        ("n_steps", _INT),
        *((name, _POINTER) for name in ("center", "scale")),
        ("n_moved", _INT),
        *((name, _POINTER) for name in ("targets", "target_starts")),
        *(
            (name, _INT)
            for name in ("n_target_steps", "n_target_columns", "target_width")
        ),
        ("weights", _POINTER),
    ]


class LossStructure(Structure):
    """``Loss`` of ``losses.h``."""

    _fields_ = [
        ("kind", _INT),
        *((name, _REAL) for name in ("quantile", "label_smoothing")),
        *((name, _INT) for name in ("clips", "is_sum", "reports_mean")),
    ]


class SolverStructure(Structure):
    """``Solver`` of ``solvers.h``."""

    _fields_ = [
        ("kind", _INT),
        *((name, _REAL) for name in ("beta_1", "beta_2", "epsilon", "decay")),
        ("corrects_epsilon", _INT),
        ("momentum", _REAL),
        *((name, _INT) for name in ("is_nesterov", "rescales")),
        *((name, _REAL) for name in ("alpha", "max_norm")),
        ("n_steps", _INT),
        ("last_rate", _REAL),
        *((name, _POINTER) for name in ("first", "second")),
    ]


class BatchesStructure(Structure):
    """``Batches`` of ``epoch.h``."""

    _fields_ = [
        ("order", _POINTER),
        ("n", _INT),
        *((name, _POINTER) for name in ("firsts", "sizes", "totals", "rates")),
        ("losses", _POINTER),
    ]


class Shares(Structure):
    """``Shares`` of ``engine.cpp``."""

    _fields_ = [(name, _INT) for name in ("n_slots", "n_threads", "widest")]

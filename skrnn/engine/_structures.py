"""What the library reads: C structures, filled from NumPy arrays that are checked here.

The structures mirror those of ``source/*.h`` field by field. Every pointer that the library
gets comes from :func:`pointer_to` or :func:`pointers_to`.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np

_INT, _REAL, _POINTER = ctypes.c_int64, ctypes.c_double, ctypes.c_void_p
CELLS = {"rnn_tanh": 0, "rnn_relu": 1, "gru": 2, "gru_reset_before": 3, "lstm": 4}
POOLINGS = {"last": 0, "mean": 1, "max": 2}
MERGE_MODES = {"concat": 0, "sum": 1, "mul": 2, "ave": 3}
LOSSES = {"squared_error": 0, "absolute_error": 1, "huber": 2, "poisson": 3} | {
    "quantile": 4,
    "softmax": 5,
    "logistic": 6,
}
SOLVERS = {"none": 0, "adam": 1, "adamw": 2, "sgd": 3}
MOST_LAYERS = 16


class Structure(ctypes.Structure):
    """A structure that keeps the arrays it points into."""

    def __init__(self, keeps: Sequence[Any] = (), **fields: Any) -> None:
        super().__init__(**fields)
        self.keeps = keeps


class DropoutStructure(Structure):
    """``Dropout`` of ``dropout.h``."""

    _fields_ = [("p", _REAL), ("seed", ctypes.c_uint64), ("n_draws", _INT)]


class PartsStructure(Structure):
    """``Parts`` of ``network.h``."""

    _fields_ = [
        *((name, _INT) for name in ("cell", "n_layers")),
        ("units", _POINTER),
        *((name, _INT) for name in ("n_features", "n_outputs")),
        *((name, _INT) for name in ("is_bidirectional", "merge", "pooling")),
        ("n_convolutions", _INT),
        ("filters", _POINTER),
        *((name, _INT) for name in ("kernel_size", "n_back", "activation")),
        ("input_dropout", DropoutStructure),
        ("dropout", DropoutStructure),
    ]


class WeightsStructure(Structure):
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


def pointer_to(array: np.ndarray, dtype: Any, shape: tuple[int, ...]) -> int:
    """The address of an array; raise unless it is what the library will read.

    Raises
    ------
    ValueError
        If the dtype or the shape differs, or the values are not contiguous.
    """
    if array.dtype != dtype or array.shape != shape or not array.flags.c_contiguous:
        raise ValueError(
            f"the engine expected a contiguous array of {np.dtype(dtype)} and shape "
            f"{shape}, got {array.dtype} and {array.shape}"
        )
    return array.ctypes.data


def pointers_to(arrays: Sequence[np.ndarray], like: Sequence[np.ndarray]) -> Any:
    """Addresses of arrays that have the dtypes and shapes of others."""
    return (ctypes.c_void_p * len(arrays))(
        *(
            pointer_to(array, one.dtype, one.shape)
            for array, one in zip(arrays, like, strict=True)
        )
    )

"""Networks that the library trains and runs, over weights that belong to a module."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ._library import library
from ._structures import (
    ACTIVATIONS,
    CELLS,
    LOSSES,
    MERGE_MODES,
    N_GATES,
    POOLINGS,
    SOLVERS,
    BatchesStructure,
    DenseParts,
    DropoutDraws,
    LossStructure,
    Pointer,
    Pointers,
    RecurrentParts,
    SamplesStructure,
    Shape,
    Shares,
    SolverStructure,
    Structure,
    Weights,
    integers,
)

_WIDEST = 4  # vectors of samples in a block
_CACHE = 2**19  # bytes that the activations of a block may take
_N_SLOTS = 8  # shares of a large batch
_WORTH_SHARING = 2e8  # multiplications of a batch, some milliseconds


@dataclass(frozen=True)
class DropoutPart:
    """A dropout: probability, seed (with the rank of the process) and draws so far."""

    p: float = 0.0
    seed: int = 0
    n_draws: int = 0

    def structure(self) -> DropoutDraws:
        return DropoutDraws(p=self.p, seed=self.seed % 2**64, n_draws=self.n_draws)


@dataclass(frozen=True)
class RecurrentDescription:
    """Sizes and parts of a recurrent network, in the words of the parameters."""

    cell: str
    n_features: int
    hidden_layer_sizes: tuple[int, ...]
    n_outputs: int
    bidirectional: bool = False
    merge_mode: str = "concat"
    pooling: str = "last"
    conv_filters: tuple[int, ...] = ()
    conv_kernel_size: int = 1
    n_back: int = 0  # steps before the present one that a convolution reads
    conv_activation: str = "relu"

    prefix = "recurrent"

    @property
    def n_dropouts(self) -> int:
        """How often the dropout of outputs draws in a batch."""
        return len(self.hidden_layer_sizes)

    @property
    def shapes(self) -> list[Shape]:
        """Shapes of the weights: of each layer, as torch stores them."""
        shapes: list[Shape] = []
        widths = [self.n_features, *self.conv_filters]
        for n_in, n_out in pairwise(widths):
            shapes += [(n_out, n_in, self.conv_kernel_size), (n_out,)]
        width, n_gates = widths[-1], N_GATES[self.cell]
        n_biases = 1 if self.cell == "gru_reset_before" else 2
        for size in self.hidden_layer_sizes:
            rows = n_gates * size
            one_way = [(rows, width), (rows, size), *[(rows,)] * n_biases]
            shapes += one_way * (2 if self.bidirectional else 1)
            is_joined = self.bidirectional and self.merge_mode == "concat"
            width = size * (2 if is_joined else 1)
        return [*shapes, (self.n_outputs, width), (self.n_outputs,)]

    def n_multiplications(self, n_steps: int) -> int:
        """Of a sample on the way forward."""
        matrices = [shape for shape in self.shapes if len(shape) > 1]
        return n_steps * sum(int(np.prod(shape)) for shape in matrices)

    def reads(self, n_steps: int, n_features: int) -> bool:
        """Whether it reads samples of this size."""
        return n_features == self.n_features

    def widest(self, n_steps: int, itemsize: int) -> int:
        """Vectors of a block whose activations stay in the cache."""
        ways = 2 if self.bidirectional else 1
        planes = {1: 2, 3: 5, 4: 7}[N_GATES[self.cell]]  # kept for each step
        n_values = n_steps * ways * planes * sum(self.hidden_layer_sizes)
        return 4 if n_values * 64 * itemsize <= 2 * _CACHE else 2

    def structure(self, dropout: DropoutPart, input_dropout: DropoutPart) -> Structure:
        return RecurrentParts(
            cell=CELLS.index(self.cell),
            n_layers=len(self.hidden_layer_sizes),
            units=integers(self.hidden_layer_sizes),
            n_features=self.n_features,
            n_outputs=self.n_outputs,
            is_bidirectional=self.bidirectional,
            merge=MERGE_MODES.index(self.merge_mode),
            pooling=POOLINGS.index(self.pooling),
            n_convolutions=len(self.conv_filters),
            filters=integers(self.conv_filters),
            kernel_size=self.conv_kernel_size,
            n_back=self.n_back,
            activation=ACTIVATIONS.index(self.conv_activation),
            input_dropout=input_dropout.structure(),
            dropout=dropout.structure(),
        )


@dataclass(frozen=True)
class DenseDescription:
    """Sizes of a multi-layer perceptron; shorter samples have zeros before them."""

    n_inputs: int
    layer_sizes: tuple[int, ...]  # the last are the outputs
    activation: str = "relu"

    prefix = "dense"

    @property
    def n_dropouts(self) -> int:
        """How often the dropout draws in a batch."""
        return len(self.layer_sizes) - 1

    @property
    def n_outputs(self) -> int:
        return self.layer_sizes[-1]

    @property
    def shapes(self) -> list[Shape]:
        """Shapes of the weights, as torch stores them."""
        sizes = pairwise([self.n_inputs, *self.layer_sizes])
        return [shape for n_in, n_out in sizes for shape in [(n_out, n_in), (n_out,)]]

    def n_multiplications(self, n_steps: int) -> int:
        """Of a sample on the way forward."""
        return sum(int(np.prod(shape)) for shape in self.shapes if len(shape) > 1)

    def reads(self, n_steps: int, n_features: int) -> bool:
        """Whether it reads samples of this size."""
        return n_steps * n_features <= self.n_inputs

    def widest(self, n_steps: int, itemsize: int) -> int:
        return _WIDEST

    def structure(self, dropout: DropoutPart, input_dropout: DropoutPart) -> Structure:
        return DenseParts(
            n_layers=len(self.layer_sizes),
            units=integers(self.layer_sizes),
            n_inputs=self.n_inputs,
            activation=ACTIVATIONS.index(self.activation),
            dropout=dropout.structure(),
        )


Description = RecurrentDescription | DenseDescription


class Samples:
    """Windows into shared rows with their targets, as the library reads them.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_features)
    starts : ndarray of int64, shape (n_samples,)
    lengths : ndarray of int64, shape (n_samples,)
    center, scale : ndarray of shape (n_samples, n_moved), default=None
        The first columns of each window, and of its targets, are moved by its center
        and divided by its scale.
    targets : ndarray of shape (n_target_rows, n_columns), default=None
    target_starts : ndarray of int64, shape (n_samples,), default=None
        First row of the targets of each sample; None if there is one row for each.
    n_target_steps, n_target_columns : int, default=1
        Rows of targets of a sample, and the columns of them that count.
    weights : ndarray of shape (n_samples,), default=None

    Raises
    ------
    ValueError
        If an array has another shape or dtype, or a window lies outside of the rows.
    """

    def __init__(
        self,
        rows: np.ndarray,
        starts: np.ndarray,
        lengths: np.ndarray,
        *,
        center: np.ndarray | None = None,
        scale: np.ndarray | None = None,
        targets: np.ndarray | None = None,
        target_starts: np.ndarray | None = None,
        n_target_steps: int = 1,
        n_target_columns: int | None = None,
        weights: np.ndarray | None = None,
    ) -> None:
        n, dtype = len(starts), rows.dtype
        self.n_samples, self.dtype = n, dtype
        self.n_features = rows.shape[1]
        self.n_targets = 0
        self.lengths = lengths
        self.n_steps = int(lengths.max(initial=1))
        is_uniform = bool((lengths == self.n_steps).all())
        _check_windows("window", starts, lengths, len(rows))
        fields: dict[str, Any] = {}
        if center is not None and scale is not None:
            shape = (n, center.shape[1])
            fields["center"] = Pointer(center, dtype, shape)
            fields["scale"] = Pointer(scale, dtype, shape)
            fields["n_moved"] = shape[1]
            if shape[1] > self.n_features:
                raise ValueError("more columns are moved than there are")
        if targets is not None:
            width = targets.shape[1]
            fields["targets"] = Pointer(targets, dtype, (len(targets), width))
            fields["target_width"] = width
            fields["n_target_steps"] = n_target_steps
            n_columns = n_target_columns or width
            fields["n_target_columns"] = n_columns
            self.n_targets = n_target_steps * n_columns
            places = np.arange(n) if target_starts is None else target_starts
            _check_windows("target", places, n_target_steps, len(targets))
            if target_starts is not None:
                fields["target_starts"] = Pointer(target_starts, np.int64, (n,))
        if weights is not None:
            fields["weights"] = Pointer(weights, dtype, (n,))
        if not is_uniform:
            fields["lengths"] = Pointer(lengths, np.int64, (n,))
        self.structure = SamplesStructure(
            rows=Pointer(rows, dtype, rows.shape),
            n_features=rows.shape[1],
            starts=Pointer(starts, np.int64, (n,)),
            n_steps=self.n_steps,
            **fields,
        )


@dataclass(frozen=True)
class LossPart:
    """A loss, see ``losses.h``."""

    name: str
    quantile: float = 0.5
    label_smoothing: float = 0.0
    clips: bool = False
    is_sum: bool = False
    reports_mean: bool = False

    def structure(self) -> LossStructure:
        return LossStructure(
            kind=LOSSES.index(self.name),
            quantile=self.quantile,
            label_smoothing=self.label_smoothing,
            clips=self.clips,
            is_sum=self.is_sum,
            reports_mean=self.reports_mean,
        )


@dataclass
class SolverPart:
    """A solver with its state, see ``solvers.h``."""

    name: str
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    decay: float = 0.0
    corrects_epsilon: bool = False
    momentum: float = 0.0
    is_nesterov: bool = False
    rescales: bool = False
    alpha: float = 0.0
    max_norm: float = 0.0
    n_steps: int = 0
    last_rate: float = 0.0
    first: Sequence[np.ndarray] = ()
    second: Sequence[np.ndarray] = ()

    def structure(self, dtype: Any, shapes: list[Shape]) -> SolverStructure:
        fields = {
            name: value for name, value in vars(self).items() if name != "name"
        } | {"kind": SOLVERS.index(self.name)}
        for name in ("first", "second"):
            arrays = fields.pop(name)
            if len(arrays):
                fields[name] = Pointers(arrays, dtype, shapes)
        return SolverStructure(**fields)


@dataclass(frozen=True)
class Batches:
    """Consecutive batches of an order of the samples.

    Parameters
    ----------
    order : ndarray of int64, shape (n_samples,), or None
        None if the samples are in order.
    firsts, sizes : ndarray of int64, shape (n_batches,)
        Place of the first sample in the order, and number of samples.
    totals : ndarray of float64, shape (n_batches,)
        What the summed losses of each batch are divided by.
    rates : ndarray of float64, shape (n_batches,)
        Learning rates.
    """

    order: np.ndarray | None
    firsts: np.ndarray
    sizes: np.ndarray
    totals: np.ndarray
    rates: np.ndarray

    def __len__(self) -> int:
        return len(self.sizes)

    def part(self, which: slice) -> Batches:
        """Some of the batches."""
        return Batches(
            self.order,
            self.firsts[which],
            self.sizes[which],
            self.totals[which],
            self.rates[which],
        )

    def structure(self, n_samples: int, losses: np.ndarray) -> BatchesStructure:
        n = len(self)
        order = _checked_order(self.order, n_samples)
        _check_windows("batch", self.firsts, self.sizes, n_samples)
        return BatchesStructure(
            n=n,
            firsts=Pointer(self.firsts, np.int64, (n,)),
            sizes=Pointer(self.sizes, np.int64, (n,)),
            totals=Pointer(self.totals, np.float64, (n,)),
            rates=Pointer(self.rates, np.float64, (n,)),
            losses=Pointer(losses, np.float64, (n,)),
            **({} if order is None else {"order": order}),
        )


class CompiledNetwork:
    """A network that the library trains and runs.

    Parameters
    ----------
    description : RecurrentDescription or DenseDescription
    weights : sequence of ndarray
        With the shapes of ``description.shapes``; training changes them in place.

    Raises
    ------
    ValueError
        If the weights have other shapes or dtypes.
    RuntimeError
        If there is no library.
    """

    def __init__(self, description: Description, weights: Sequence[np.ndarray]) -> None:
        self.description = description
        self.dtype = weights[0].dtype
        self.shapes = description.shapes
        found = library(self.dtype.name)
        if found is None:
            raise RuntimeError("there is no compiled library")
        self._library = found
        self._weights = Weights(
            n=len(weights),
            values=Pointers(weights, self.dtype, self.shapes),
            counts=integers([int(np.prod(shape)) for shape in self.shapes]),
            decays=integers([len(shape) > 1 for shape in self.shapes]),
        )

    def train(
        self,
        samples: Samples,
        loss: LossPart,
        solver: SolverPart,
        batches: Batches,
        *,
        dropout: DropoutPart = DropoutPart(),
        input_dropout: DropoutPart = DropoutPart(),
        n_threads: int = 1,
        gradients: Sequence[np.ndarray] | None = None,
    ) -> np.ndarray:
        """Take a step for each batch; returns their losses, with the penalty.

        ``gradients``, of the shapes of the weights, receive those of the last batch.

        Raises
        ------
        MemoryError
        """
        self._check(samples, self.description.n_outputs)
        losses = np.empty(len(batches))
        if not len(batches):
            return losses
        most = int(batches.sizes.max())
        code = self._function("train")(
            _address(self.description.structure(dropout, input_dropout)),
            _address(self._weights),
            _address(samples.structure),
            _address(loss.structure()),
            _address(solver.structure(self.dtype, self.shapes)),
            _address(batches.structure(samples.n_samples, losses)),
            ctypes.c_int64(most),
            _address(self._shares(samples.n_steps, most, n_threads)),
            _list_address(gradients, self.dtype, self.shapes),
        )
        _raise_for(code)
        return losses

    def predict(self, samples: Samples, order: np.ndarray | None = None) -> np.ndarray:
        """Raw outputs (n_samples, n_outputs), in the order given.

        Raises
        ------
        MemoryError
        """
        self._check(samples, None)
        n = samples.n_samples if order is None else len(order)
        out = np.empty((n, self.description.n_outputs), self.dtype)
        if not n:
            return out
        places = _checked_order(order, samples.n_samples)
        widest = self.description.widest(1, self.dtype.itemsize)
        code = self._function("predict")(
            _address(self.description.structure(DropoutPart(), DropoutPart())),
            _address(self._weights),
            _address(samples.structure),
            ctypes.c_void_p(None if places is None else places.address),
            ctypes.c_int64(n),
            ctypes.c_int64(widest),
            ctypes.c_void_p(out.ctypes.data),
        )
        _raise_for(code)
        return out

    def is_worth_sharing(self, n_steps: int, batch_size: int) -> bool:
        """Whether a batch takes long enough for several threads."""
        return batch_size * self.description.n_multiplications(n_steps) > _WORTH_SHARING

    def _shares(self, n_steps: int, batch_size: int, n_threads: int) -> Shares:
        is_shared = self.is_worth_sharing(n_steps, batch_size)
        widest = self.description.widest(n_steps, self.dtype.itemsize)
        n_slots = _N_SLOTS if is_shared else 1
        return Shares(n_slots=n_slots, n_threads=n_threads, widest=widest)

    def _check(self, samples: Samples, n_targets: int | None) -> None:
        """Raise if the samples do not fit the network."""
        expected = (self.dtype, n_targets)
        found = (samples.dtype, samples.n_targets if n_targets is not None else None)
        fits = self.description.reads(samples.n_steps, samples.n_features)
        if expected != found or not fits:
            raise ValueError(
                f"the engine expected samples for {self.description} of {self.dtype}, "
                f"got {samples.n_steps} steps of {samples.n_features} features and "
                f"{samples.n_targets} targets of {samples.dtype}"
            )

    def _function(self, name: str) -> Any:
        return getattr(self._library, f"skrnn_{name}_{self.description.prefix}")


def _address(structure: Structure) -> Any:
    return ctypes.byref(structure)


def _list_address(
    arrays: Sequence[np.ndarray] | None, dtype: Any, shapes: list[Shape]
) -> Any:
    return None if arrays is None else Pointers(arrays, dtype, shapes).list


def _raise_for(code: int) -> None:
    if code:
        raise MemoryError("the engine found no memory for its activations")


def _check_windows(
    name: str, starts: np.ndarray, lengths: np.ndarray | int, n_rows: int
) -> None:
    """Raise if a window lies outside of the rows."""
    if not len(starts):
        return
    if starts.min() < 0 or np.min(lengths) < 1 or (starts + lengths).max() > n_rows:
        raise ValueError(f"a {name} lies outside of the {n_rows} rows")


def _checked_order(order: np.ndarray | None, n_samples: int) -> Pointer | None:
    if order is None:
        return None
    if len(order) and (order.min() < 0 or order.max() >= n_samples):
        raise ValueError(f"the order names samples beyond the {n_samples} there are")
    return Pointer(order, np.int64, (len(order),))

"""Networks in the words of the package, for the library."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ._library import variant
from ._structures import (
    ACTIVATIONS,
    CELLS,
    MERGE_MODES,
    MOST_LAYERS,
    N_GATES,
    POOLINGS,
    ChangesFigures,
    DenseParts,
    DropoutDraws,
    NormalizationFigures,
    Pointer,
    Pointers,
    RecurrentParts,
    Shape,
    SquashFigures,
    Structure,
    integers,
)

_WIDEST = 4  # vectors of samples in a block
_CACHE = 2**19  # bytes that the activations of a block may take
# hidden units up to which the engine was measured to be faster than torch
_LARGEST = {"lstm": 256, "gru": 384, "gru_reset_before": 384} | dict.fromkeys(
    ("rnn_tanh", "rnn_relu"), 384
)
# filters, too: forward and back, with 16 samples of 50 to 400 steps, torch takes
# 2.7-3.9 times as long for 32 filters, 1.7-2.0 for 64, 1.1-2.0 for 128, 1.0 for 256 and
# 0.8 for 512; for a fit of three convolutions with batch norms 8-14 times as long for
# 16 and 32 filters, 3.5-5.8 for 64, 1.8 for 128, 1.3 for 256 (64 without AVX-512: 2)
_MOST_FILTERS = 256
_NARROW = 2  # vectors of less than 64 bytes: up to half of that
_MOST_WEIGHTS = 1_000_000  # of a perceptron


@dataclass(frozen=True)
class DropoutPart:
    """A dropout: probability, seed (with the rank of the process) and draws so far."""

    p: float = 0.0
    seed: int = 0
    n_draws: int = 0

    def structure(self) -> DropoutDraws:
        if not 0 <= self.p < 1:
            raise ValueError(f"a dropout has 0 <= p < 1, got p={self.p}")
        return DropoutDraws(p=self.p, seed=self.seed % 2**64, n_draws=self.n_draws)


class NormalizationPart(NamedTuple):
    """Mean and scale of columns, (n,): in memory of the module, where they may change.

    Inputs are read less their mean, divided by their scale; outputs are the reverse.
    """

    mean: np.ndarray
    scale: np.ndarray


class SquashPart(NamedTuple):
    """Center and scale of columns, (n,); those with a scale of 0 are not squashed.

    Only normalised inputs are squashed, before they are normalised.
    """

    center: np.ndarray
    scale: np.ndarray


class ChangesPart(NamedTuple):
    """Scale of changes, and bounds of levels, (n,) each: as the figures above."""

    scale: np.ndarray
    low: np.ndarray
    high: np.ndarray


# or mean and variance of each batch norm, which training moves on
Figures = NormalizationPart | SquashPart | ChangesPart | Sequence[np.ndarray]


@dataclass(frozen=True)
class RecurrentDescription:
    """Sizes and parts of a recurrent network, in the words of the parameters."""

    cell: str
    n_features: int
    hidden_layer_sizes: tuple[int, ...]
    n_outputs: int
    bidirectional: bool = False
    merge_mode: str = "concat"
    poolings: tuple[str, ...] = ("last",)  # which the output layer reads side by side
    conv_filters: tuple[int, ...] = ()
    conv_kernel_sizes: tuple[int, ...] = ()
    conv_strides: tuple[int, ...] = ()
    conv_dilations: tuple[int, ...] = ()
    n_backs: tuple[int, ...] = ()  # steps that a convolution reads before its block
    has_norms: bool = False  # batch norms of the convolutions
    conv_activation: str = "relu"
    reads_changes: bool = False  # beside the levels
    front_poolings: tuple[str, ...] = ()  # of the last convolution, read by the output
    pool_size: int = 1  # steps of it of which the layers read one

    prefix = "recurrent"

    def __post_init__(self) -> None:
        _check_sizes("layers", self.hidden_layer_sizes, 1)
        _check_sizes("convolutions", self.conv_filters, 0)
        _check_sizes("inputs and outputs", (self.n_features, self.n_outputs), 2)
        _check_poolings(self.poolings, 1)
        _check_poolings(self.front_poolings, 0, without=("last",))
        self._check_convolutions()

    def _check_convolutions(self) -> None:
        numbers = self.conv_kernel_sizes, self.conv_dilations, self.conv_strides
        if {len(each) for each in (*numbers, self.n_backs)} != {len(self.conv_filters)}:
            raise ValueError(
                f"expected {len(self.conv_filters)} kernel sizes, dilations, strides "
                f"and numbers of steps before a block, got {(*numbers, self.n_backs)}"
            )
        for (size, dilation, stride), n_back in zip(
            zip(*numbers, strict=True), self.n_backs, strict=True
        ):
            most = (size - 1) * dilation + 1 - stride
            is_possible = 1 <= stride <= size and dilation >= 1
            if not (is_possible and 0 <= n_back <= most):
                raise ValueError(
                    f"a kernel of {size} values, {dilation} steps apart, cannot read "
                    f"{n_back} before a block of {stride}"
                )
        has_front = self.has_norms or self.front_poolings or self.pool_size != 1
        if self.pool_size < 1 or (has_front and not self.conv_filters):
            raise ValueError(
                f"expected convolutions for norms, poolings and blocks, got {self}"
            )

    @property
    def width(self) -> int:
        """Columns that the first layer reads."""
        return self.n_features * (2 if self.reads_changes else 1)

    @property
    def n_dropouts(self) -> int:
        """How often the dropout of outputs draws in a batch."""
        return len(self.hidden_layer_sizes)

    @property
    def shapes(self) -> list[Shape]:
        """Shapes of the weights: of each layer, as torch stores them."""
        shapes: list[Shape] = []
        widths = [self.width, *self.conv_filters]
        channels = zip(pairwise(widths), self.conv_kernel_sizes, strict=True)
        for (n_in, n_out), size in channels:
            shapes += [(n_out, n_in, size), *[(n_out,)] * (not self.has_norms)]
        for n_out in self.conv_filters if self.has_norms else ():
            shapes += [(n_out,)] * 2
        n_read_of_front = len(self.front_poolings) * widths[-1]
        width, n_gates = widths[-1], N_GATES[self.cell]
        n_biases = 1 if self.cell == "gru_reset_before" else 2
        for size in self.hidden_layer_sizes:
            rows = n_gates * size
            one_way = [(rows, width), (rows, size), *[(rows,)] * n_biases]
            shapes += one_way * (2 if self.bidirectional else 1)
            is_joined = self.bidirectional and self.merge_mode == "concat"
            width = size * (2 if is_joined else 1)
        n_read = len(self.poolings) * width + n_read_of_front
        return [*shapes, (self.n_outputs, n_read), (self.n_outputs,)]

    def n_multiplications(self, n_steps: int) -> int:
        """Of a sample on the way forward."""
        matrices = [int(np.prod(shape)) for shape in self.shapes if len(shape) > 1]
        n, total = len(self.conv_filters), 0
        for matrix, stride in zip(matrices[:n], self.conv_strides, strict=True):
            n_steps = -(-n_steps // stride)
            total += n_steps * matrix
        n_steps = -(-n_steps // self.pool_size)
        return total + n_steps * sum(matrices[n:])

    def reads(self, n_steps: int, n_features: int) -> bool:
        """Whether it reads samples of this size."""
        return n_features == self.n_features

    def widest(self, n_steps: int, itemsize: int) -> int:
        """Vectors of a block whose activations stay in the cache.

        The statistics of batch norms need all samples of a batch in one block.
        """
        if self.has_norms:
            return _WIDEST
        ways = 2 if self.bidirectional else 1
        planes = {1: 2, 3: 5, 4: 7}[N_GATES[self.cell]]  # kept for each step
        n_steps = -(-n_steps // (prod(self.conv_strides) * self.pool_size))
        n_values = n_steps * ways * planes * sum(self.hidden_layer_sizes)
        return 4 if n_values * 64 * itemsize <= 2 * _CACHE else 2

    def pays(self) -> bool:
        """Whether the engine is faster than torch."""
        divisor = 1 if variant() == "x86_64_v4" else _NARROW
        return (
            max(self.hidden_layer_sizes) <= _LARGEST[self.cell] // divisor
            and max(self.conv_filters, default=1) <= _MOST_FILTERS // divisor
        )

    def structure(
        self,
        dropout: DropoutPart | None = None,
        input_dropout: DropoutPart | None = None,
        inputs: NormalizationPart | None = None,
        outputs: NormalizationPart | None = None,
        changes: ChangesPart | None = None,
        squash: SquashPart | None = None,
        running: Sequence[np.ndarray] = (),
    ) -> Structure:
        if self.reads_changes != (changes is not None):
            raise ValueError(
                f"expected figures of changes for {self}, and for no network without "
                f"them, got {changes}"
            )
        if squash is not None and inputs is None:
            raise ValueError("expected figures of the inputs that are squashed")
        return RecurrentParts(
            cell=CELLS.index(self.cell),
            n_layers=len(self.hidden_layer_sizes),
            units=integers(self.hidden_layer_sizes),
            n_features=self.n_features,
            n_outputs=self.n_outputs,
            is_bidirectional=self.bidirectional,
            merge=MERGE_MODES.index(self.merge_mode),
            n_poolings=len(self.poolings),
            poolings=integers([POOLINGS.index(name) for name in self.poolings]),
            n_convolutions=len(self.conv_filters),
            filters=integers(self.conv_filters),
            kernel_sizes=integers(self.conv_kernel_sizes),
            strides=integers(self.conv_strides),
            dilations=integers(self.conv_dilations),
            n_backs=integers(self.n_backs),
            activation=ACTIVATIONS.index(self.conv_activation),
            running=self._running(running),
            n_front_poolings=len(self.front_poolings),
            front_poolings=integers(
                [POOLINGS.index(name) for name in self.front_poolings]
            ),
            pool_size=self.pool_size,
            input_dropout=(input_dropout or DropoutPart()).structure(),
            dropout=(dropout or DropoutPart()).structure(),
            squash=_figures(SquashFigures, squash, self.n_features),
            inputs=_figures(NormalizationFigures, inputs, self.n_features),
            outputs=_figures(NormalizationFigures, outputs, self.n_outputs),
            reads_changes=self.reads_changes,
            changes=_figures(ChangesFigures, changes, self.n_features),
        )

    def _running(self, figures: Sequence[np.ndarray]) -> Pointers | None:
        shapes = [(n,) for n in self.conv_filters if self.has_norms for _ in range(2)]
        if len(figures) != len(shapes):
            raise ValueError(
                f"expected {len(shapes)} running figures of norms, got {len(figures)}"
            )
        dtype = figures[0].dtype if figures else None
        return Pointers(figures, dtype, shapes) if shapes else None


@dataclass(frozen=True)
class DenseDescription:
    """Sizes of a multi-layer perceptron; shorter samples have zeros before them."""

    n_inputs: int
    layer_sizes: tuple[int, ...]  # the last are the outputs
    activation: str = "relu"

    prefix = "dense"

    def __post_init__(self) -> None:
        _check_sizes("layers", self.layer_sizes, 1)
        _check_sizes("inputs", (self.n_inputs,), 1)

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

    def pays(self) -> bool:
        """Whether the engine is faster than torch."""
        return self.n_multiplications(1) <= _MOST_WEIGHTS

    def structure(
        self,
        dropout: DropoutPart | None = None,
        input_dropout: DropoutPart | None = None,
    ) -> Structure:
        return DenseParts(
            n_layers=len(self.layer_sizes),
            units=integers(self.layer_sizes),
            n_inputs=self.n_inputs,
            activation=ACTIVATIONS.index(self.activation),
            dropout=(dropout or DropoutPart()).structure(),
        )


Description = RecurrentDescription | DenseDescription


def _check_sizes(name: str, sizes: Sequence[int], least: int) -> None:
    """Raise if the library has no room for so many, or one is empty."""
    if not least <= len(sizes) <= MOST_LAYERS or min(sizes, default=1) < 1:
        raise ValueError(
            f"the engine expected {least} to {MOST_LAYERS} sizes of {name}, each at "
            f"least 1, got {tuple(sizes)}"
        )


def _check_poolings(
    poolings: Sequence[str], least: int, without: tuple[str, ...] = ()
) -> None:
    """Raise if they are too few, or one is there twice or not known."""
    known = set(POOLINGS).difference(without)
    different = known.intersection(poolings)
    if len(poolings) < least or len(different) < len(poolings):
        raise ValueError(f"expected different poolings of {known}, got {poolings}")


def check_figures(parts: Iterable[Figures], dtype: Any) -> None:
    """Raise if figures are of another dtype than the weights."""
    for part in parts:
        for values in part:
            Pointer(values, dtype, values.shape)


def _figures(
    kind: type[Structure],
    part: NormalizationPart | SquashPart | ChangesPart | None,
    n_columns: int,
) -> Structure:
    if part is None:
        return kind()
    arrays = part._asdict().items()
    return kind(**{name: Pointer(a, a.dtype, (n_columns,)) for name, a in arrays})

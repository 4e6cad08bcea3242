"""The parts of a recurrent network, and checks that they fit together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from math import prod
from numbers import Integral
from typing import Any

CELLS = ("rnn", "gru", "lstm")
GATE_ACTIVATIONS = ("logistic", "hard_sigmoid")
RECURRENT_INITIALIZERS = ("uniform", "orthogonal", "identity")
MERGE_MODES = ("concat", "sum", "mul", "ave")
POOLINGS = ("last", "mean", "max", "attention")
CONV_PADDINGS = ("causal", "same", "valid")
_EACH = ("pooling", "conv_kernel_size", "conv_strides")  # may be tuples
_TORCH_ACTIVATIONS = {"rnn": ("tanh", "relu"), "gru": ("tanh",), "lstm": ("tanh",)}


@dataclass(frozen=True)
class Architecture:
    """The parts of a recurrent network besides its sizes.

    Each part has the name of the parameter of the estimators that describes it.
    """

    cell: str
    activation: str = "tanh"
    recurrent_activation: str = "logistic"
    bidirectional: bool = False
    merge_mode: str = "concat"
    dropout: float = 0.0
    input_dropout: float = 0.0
    recurrent_dropout: float = 0.0
    zoneout: float = 0.0
    pooling: str | tuple[str, ...] = "last"
    reset_after: bool = True
    peephole: bool = False
    projection_size: int | None = None
    unit_forget_bias: bool = False
    chrono_steps: int | None = None
    layer_norm: bool = False
    residual: bool = False
    recurrent_initializer: str = "uniform"
    conv_filters: tuple[int, ...] | None = None
    conv_kernel_size: int | tuple[int, ...] = 3
    conv_strides: int | tuple[int, ...] = 1
    conv_padding: str = "causal"
    conv_activation: str = "relu"
    return_sequences: bool = False

    @classmethod
    def of(cls, cell: str, params: dict[str, Any]) -> Architecture:
        """The parts, from the parameters of an estimator, as Python's own types."""
        plain: dict[str, Any] = {}
        for field in fields(cls):
            if field.name in params:
                plain[field.name] = _plain(field.name, params[field.name])
        return cls(cell, **plain)

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """The default of each part but the cell."""
        return {field.name: field.default for field in fields(cls)[1:]}

    @property
    def poolings(self) -> tuple[str, ...]:
        """What the output layer reads, side by side."""
        return (self.pooling,) if isinstance(self.pooling, str) else self.pooling

    @property
    def kernel_sizes(self) -> tuple[int, ...]:
        """Steps that a filter of each convolution spans."""
        return self._of_each_convolution(self.conv_kernel_size)

    @property
    def strides(self) -> tuple[int, ...]:
        """Steps of which each convolution makes one."""
        return self._of_each_convolution(self.conv_strides)

    @property
    def stride(self) -> int:
        """Rows of which all convolutions together make one step."""
        return prod(self.strides)

    def _of_each_convolution(self, value: int | tuple[int, ...]) -> tuple[int, ...]:
        n = len(self.conv_filters or ())
        return (value,) * n if isinstance(value, int) else value[:n]

    @property
    def is_of_torch(self) -> bool:
        """Whether torch's layers support all parts, except masks of training."""
        return (
            self.activation in _TORCH_ACTIVATIONS[self.cell]
            and self.recurrent_activation == "logistic"
            and self.reset_after
            and not (self.peephole or self.layer_norm or self.zoneout)
        )

    @property
    def engine_cell(self) -> str | None:
        """The engine's name of the cell; None if it lacks a part.

        The engine has no masks of recurrent dropout either, which training needs.
        """
        lacks_part = (
            self.activation not in _TORCH_ACTIVATIONS[self.cell]
            or self.recurrent_activation != "logistic"
            or self.projection_size is not None
            or self.peephole
            or self.layer_norm
            or self.zoneout
        )
        if lacks_part:
            return None
        if self.cell == "rnn":
            return f"rnn_{self.activation}"
        return self.cell if self.reset_after else "gru_reset_before"

    def check(self, hidden_layer_sizes: Sequence[int]) -> None:
        """Raise if parts exclude each other."""
        self._check_start()
        self._check_convolutions()
        self._check_sequences()
        smallest = min(hidden_layer_sizes)
        if self.projection_size is not None and self.projection_size >= smallest:
            raise ValueError(
                f"projection_size={self.projection_size} must be smaller than each of "
                f"hidden_layer_sizes, but their smallest is {smallest}"
            )
        if self.residual:
            self._check_residual(hidden_layer_sizes)

    def _check_start(self) -> None:
        if self.chrono_steps is not None and self.unit_forget_bias:
            raise ValueError(
                "chrono_steps and unit_forget_bias=True both set the initial bias of "
                "the forget gate; set only one of them"
            )
        if self.recurrent_initializer == "identity" and self.projection_size:
            raise ValueError(
                'recurrent_initializer="identity" needs square matrices, but with '
                "projection_size they are not square; set only one of them"
            )

    def _check_convolutions(self) -> None:
        if self.conv_filters is None:
            return
        n = len(self.conv_filters)
        for name in ("conv_kernel_size", "conv_strides"):
            value = getattr(self, name)
            if not isinstance(value, int) and len(value) != n:
                raise ValueError(
                    f"{name}={value} has {len(value)} numbers, but conv_filters="
                    f"{self.conv_filters} makes {n} convolutions; give one number for "
                    "each, or a single one for all"
                )
        for size, stride in zip(self.kernel_sizes, self.strides, strict=True):
            if stride > size:
                raise ValueError(
                    f"conv_strides={self.conv_strides} is longer than conv_kernel_size="
                    f"{self.conv_kernel_size}, so that no filter would see some of the "
                    f"steps; set conv_kernel_size={stride} or more"
                )
        if self.conv_padding == "valid" and self.stride > 1:
            raise ValueError(
                'conv_padding="valid" drops steps that lack neighbours, which with '
                f"conv_strides={self.conv_strides} may be the newest ones; use "
                'conv_padding="causal" or "same"'
            )

    def _check_sequences(self) -> None:
        if not self.return_sequences:
            return
        if self.pooling != "last":
            raise ValueError(
                f"pooling={self.pooling!r} reduces a sequence to one state, but "
                'return_sequences=True needs all of them; set pooling="last" (then '
                "nothing is pooled), or return_sequences=False"
            )
        if self.conv_filters is not None and self.conv_padding == "valid":
            raise ValueError(
                'conv_padding="valid" drops steps, but return_sequences=True has a '
                'target at every step; use conv_padding="causal" or "same"'
            )
        if self.stride > 1:
            raise ValueError(
                f"conv_strides={self.conv_strides} makes one step of {self.stride} "
                "rows, but return_sequences=True has a target at every step; set "
                "conv_strides=1"
            )

    def _check_residual(self, hidden_layer_sizes: Sequence[int]) -> None:
        if len(hidden_layer_sizes) < 2 or len(set(hidden_layer_sizes)) > 1:
            raise ValueError(
                "residual=True adds the input of each layer after the first to its "
                "output: it needs two or more layers of one size, such as "
                f"hidden_layer_sizes=(32, 32), got {tuple(hidden_layer_sizes)}"
            )
        if self.bidirectional and self.merge_mode != "concat":
            raise ValueError(
                "residual=True adds the input of each direction to its output: it "
                f'needs merge_mode="concat", got {self.merge_mode!r}'
            )


def _plain(name: str, value: Any) -> Any:
    """The value as Python's own type, the only kind that files hold."""
    default = getattr(Architecture, name)
    if name == "conv_filters" and value is not None:
        return tuple(int(size) for size in value)
    if name in _EACH and not isinstance(value, str | Integral):
        kind: Any = type(default)
        values = tuple(kind(one) for one in value)
        return values[0] if len(set(values)) == 1 else values  # one for all
    if default is None:
        return None if value is None else int(value)
    return type(default)(value)

"""The parts of a recurrent network, and checks that they fit together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from math import gcd, prod
from numbers import Integral
from typing import Any

CELLS = ("rnn", "gru", "lstm")
GATE_ACTIVATIONS = ("logistic", "hard_sigmoid")
RECURRENT_INITIALIZERS = ("uniform", "orthogonal", "identity")
MERGE_MODES = ("concat", "sum", "mul", "ave")
POOLINGS = ("last", "mean", "max", "attention")
CONV_PADDINGS = ("causal", "same", "valid")
CONV_NORMS = ("batch",)
CONV_POOLINGS = ("mean", "max")
_OF_CONVOLUTIONS = ("conv_kernel_size", "conv_strides", "conv_dilation")
_EACH = ("pooling", "conv_pooling", *_OF_CONVOLUTIONS)  # may be tuples
_TEXTS = ("conv_norm", "conv_pooling")  # whose default is None
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
    conv_dilation: int | tuple[int, ...] = 1
    conv_padding: str = "causal"
    conv_norm: str | None = None
    conv_activation: str = "relu"
    conv_pooling: str | tuple[str, ...] | None = None
    conv_pool_size: int = 1
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
    def dilations(self) -> tuple[int, ...]:
        """Steps from one value that a filter reads to the next."""
        return self._of_each_convolution(self.conv_dilation)

    @property
    def spans(self) -> tuple[int, ...]:
        """Steps from the first value that a filter reads to the last, both included."""
        sizes = zip(self.kernel_sizes, self.dilations, strict=True)
        return tuple((size - 1) * dilation + 1 for size, dilation in sizes)

    @property
    def stride(self) -> int:
        """Rows of which the front makes one step of the recurrent layers."""
        return prod(self.strides) * self.pool_size

    @property
    def pool_size(self) -> int:
        """Steps of the last convolution of which pooling makes one."""
        return 1 if self.conv_filters is None else self.conv_pool_size

    @property
    def conv_poolings(self) -> tuple[str, ...]:
        """What the output layer reads of the last convolution, side by side."""
        read = self.conv_pooling
        if self.conv_filters is None or read is None:
            return ()
        return (read,) if isinstance(read, str) else read

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
        for name in _OF_CONVOLUTIONS:
            value = getattr(self, name)
            if not isinstance(value, int) and len(value) != n:
                raise ValueError(
                    f"{name}={value} has {len(value)} numbers, but conv_filters="
                    f"{self.conv_filters} makes {n} convolutions; give one number for "
                    "each, or a single one for all"
                )
        self._check_that_no_step_is_skipped()
        if self.conv_padding == "valid" and self.conv_norm is not None:
            raise ValueError(
                'conv_padding="valid" drops steps after all convolutions, but '
                f"conv_norm={self.conv_norm!r} averages over the steps of each; use "
                'conv_padding="causal" or "same", or conv_norm=None'
            )
        if self.conv_padding == "valid" and prod(self.strides) > 1:
            raise ValueError(
                'conv_padding="valid" drops steps that lack neighbours, which with '
                f"conv_strides={self.conv_strides} may be the newest ones; use "
                'conv_padding="causal" or "same"'
            )

    def _check_that_no_step_is_skipped(self) -> None:
        numbers = zip(self.kernel_sizes, self.strides, self.dilations, strict=True)
        for size, stride, dilation in numbers:
            if stride > size:
                raise ValueError(
                    f"conv_strides={self.conv_strides} is longer than conv_kernel_size="
                    f"{self.conv_kernel_size}, so that no filter would see some of the "
                    f"steps; set conv_kernel_size={stride} or more"
                )
            if gcd(stride, dilation) > 1:
                raise ValueError(
                    f"a convolution of conv_strides={stride} and conv_dilation="
                    f"{dilation} would see only one of {gcd(stride, dilation)} steps; "
                    "set its dilation to 1"
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
        if self.conv_poolings:
            raise ValueError(
                f"conv_pooling={self.conv_pooling!r} reads all steps of a sequence at "
                "once, but return_sequences=True has a target at every step; set "
                "conv_pooling=None"
            )
        if self.stride > 1:
            raise ValueError(
                f"conv_strides={self.conv_strides} and conv_pool_size={self.pool_size} "
                f"make one step of {self.stride} rows, but return_sequences=True has a "
                "target at every step; set conv_strides=1 and conv_pool_size=1"
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
    kind: Any = int if default is None else type(default)
    kind = str if name in _TEXTS else kind
    if value is None:
        return None
    if name == "conv_filters":
        return tuple(int(size) for size in value)
    if name in _EACH and not isinstance(value, str | Integral):
        values = tuple(kind(one) for one in value)
        return values[0] if len(set(values)) == 1 else values  # one for all
    return kind(value)

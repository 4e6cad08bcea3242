"""The parts of a recurrent network, and checks that they fit together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

CELLS = ("rnn", "gru", "lstm")
GATE_ACTIVATIONS = ("logistic", "hard_sigmoid")
RECURRENT_INITIALIZERS = ("uniform", "orthogonal", "identity")
MERGE_MODES = ("concat", "sum", "mul", "ave")
POOLINGS = ("last", "mean", "max", "attention")
CONV_PADDINGS = ("causal", "same", "valid")
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
    pooling: str = "last"
    reset_after: bool = True
    peephole: bool = False
    projection_size: int | None = None
    unit_forget_bias: bool = False
    chrono_steps: int | None = None
    layer_norm: bool = False
    residual: bool = False
    recurrent_initializer: str = "uniform"
    conv_filters: tuple[int, ...] | None = None
    conv_kernel_size: int = 3
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
    if name == "conv_filters" and value is not None:
        return tuple(int(size) for size in value)
    default = getattr(Architecture, name)
    if default is None:
        return None if value is None else int(value)
    return type(default)(value)

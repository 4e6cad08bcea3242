"""What a recurrent network is made of, and which parts do not go together."""

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
_OF_TORCH = {"rnn": ("tanh", "relu"), "gru": ("tanh",), "lstm": ("tanh",)}


@dataclass(frozen=True)
class Architecture:
    """The parts of a recurrent network besides its sizes.

    Parameters
    ----------
    cell : {"rnn", "gru", "lstm"}
    activation, recurrent_activation : str
        Of the candidate and the state; of the gates.
    bidirectional : bool
        Read each sequence in both directions of time.
    merge_mode : {"concat", "sum", "mul", "ave"}
        How the two directions are joined.
    dropout, input_dropout, recurrent_dropout, zoneout : float
        Shares of the outputs of each layer, of the inputs, of the state that a step
        sees, of the state that a step leaves as it was.
    pooling : {"last", "mean", "max", "attention"}
        What the head reads of the last layer: the state after the last valid step (in
        each direction), or a mean, the maximum or a learnt mean of the valid steps.
    reset_after, peephole, projection_size, unit_forget_bias, chrono_steps
        Of the GRU; of the LSTM; of both.
    layer_norm, residual : bool
        Within each layer; around each but the first.
    recurrent_initializer : {"uniform", "orthogonal", "identity"}
    conv_filters : tuple of int or None
        Of the convolutions in front.
    conv_kernel_size, conv_padding, conv_activation
        Of each of them.
    return_sequences : bool
        An output at each step, without pooling.
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
        """The parts among the parameters of an estimator, as plain values."""
        plain: dict[str, Any] = {}
        for field in fields(cls):
            if field.name in params:
                plain[field.name] = _plain(field.name, params[field.name])
        return cls(cell, **plain)

    @property
    def is_of_torch(self) -> bool:
        """Whether a layer of torch computes it, but for masks drawn in training."""
        return (
            self.activation in _OF_TORCH[self.cell]
            and self.recurrent_activation == "logistic"
            and self.reset_after
            and not (self.peephole or self.layer_norm or self.zoneout)
        )

    @property
    def n_directions(self) -> int:
        return 2 if self.bidirectional else 1

    def check(self, name: str, hidden_layer_sizes: Sequence[int]) -> None:
        """Raise if there are parts that the cell has not, or that do not go together.

        Parameters
        ----------
        name : str
            Of the estimator, for the message.
        hidden_layer_sizes : sequence of int
        """
        self._check_cell(name)
        self._check_sequences()
        smallest = min(hidden_layer_sizes)
        if self.projection_size is not None and self.projection_size >= smallest:
            raise ValueError(
                f"projection_size={self.projection_size} must be smaller than each of "
                f"hidden_layer_sizes, but their smallest is {smallest}"
            )
        if self.residual:
            self._check_residual(hidden_layer_sizes)

    def _check_cell(self, name: str) -> None:
        of_cells = {
            "reset_after=False": (not self.reset_after, "gru"),
            "peephole=True": (self.peephole, "lstm"),
            "projection_size": (self.projection_size is not None, "lstm"),
            "unit_forget_bias=True": (self.unit_forget_bias, "lstm"),
        }
        for option, (is_set, cell) in of_cells.items():
            if is_set and self.cell != cell:
                raise ValueError(
                    f"{option} is for {cell.upper()} networks; {name} has no such "
                    "part: leave it at its default"
                )
        if self.cell == "rnn" and self.recurrent_activation != "logistic":
            raise ValueError(
                f"recurrent_activation={self.recurrent_activation!r} is for gates, "
                f"which {name} has not: leave it at its default, or see activation"
            )
        if self.chrono_steps is not None and self.cell == "rnn":
            raise ValueError(
                f"chrono_steps={self.chrono_steps} is for gates, which {name} has not: "
                "leave it at None, or take a GRU or an LSTM"
            )
        if self.chrono_steps is not None and self.unit_forget_bias:
            raise ValueError(
                "chrono_steps and unit_forget_bias=True both set the forget gate that "
                "training starts from; set one of them only"
            )
        if self.recurrent_initializer == "identity" and self.projection_size:
            raise ValueError(
                'recurrent_initializer="identity" needs square matrices, which '
                "projection_size does not leave; set one of them only"
            )

    def _check_sequences(self) -> None:
        if not self.return_sequences:
            return
        if self.pooling != "last":
            raise ValueError(
                f"pooling={self.pooling!r} makes one state of a sequence, and "
                'return_sequences=True wants all of them; set pooling="last" (then '
                "nothing is pooled), or return_sequences=False"
            )
        if self.conv_filters is not None and self.conv_padding == "valid":
            raise ValueError(
                'conv_padding="valid" leaves fewer steps than a target at every step '
                'needs; with return_sequences=True use conv_padding="causal" or "same"'
            )

    def _check_residual(self, hidden_layer_sizes: Sequence[int]) -> None:
        if len(hidden_layer_sizes) < 2 or len(set(hidden_layer_sizes)) > 1:
            raise ValueError(
                "residual=True adds to the output of each layer after the first what "
                "the layer reads: it needs two or more layers of one size, such as "
                f"hidden_layer_sizes=(32, 32), got {tuple(hidden_layer_sizes)}"
            )
        if self.bidirectional and self.merge_mode != "concat":
            raise ValueError(
                "residual=True adds what each direction reads to what it gives, which "
                f'needs merge_mode="concat", got {self.merge_mode!r}'
            )


def _plain(name: str, value: Any) -> Any:
    """The value as Python's own type, so that files hold nothing else."""
    if name == "conv_filters" and value is not None:
        return tuple(int(size) for size in value)
    default = getattr(Architecture, name)
    if default is None:
        return None if value is None else int(value)
    return type(default)(value)

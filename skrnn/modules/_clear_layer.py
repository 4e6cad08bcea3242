"""A recurrent layer written out: each step computed where it can be read.

It takes the place of torch's layers where those have no such part, and runs the weights
of torch's layers where a mask is drawn in training or the gates are asked for.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from ._architecture import Architecture
from ._cells import CELL_CLASSES, Cell, Gates, State, Weights
from ._dropout import Dropout


class ClearLayer(nn.Module):
    """One direction of a recurrent layer, with the call of ``torch.nn.LSTM``.

    Weights and their names are those of torch's layers, but for one bias where torch
    has two of which only the sum matters.
    """

    def __init__(
        self,
        architecture: Architecture,
        input_size: int,
        hidden_size: int,
        *,
        seed: int,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        self.architecture = architecture
        self.hidden_size = hidden_size
        n_gates = CELL_CLASSES[architecture.cell].n_gates
        output_size = architecture.projection_size or hidden_size

        def empty(*shape: int) -> nn.Parameter:
            return nn.Parameter(torch.empty(shape, dtype=dtype))

        self.weight_ih_l0 = empty(n_gates * hidden_size, input_size)
        self.weight_hh_l0 = empty(n_gates * hidden_size, output_size)
        self.bias_ih_l0 = empty(n_gates * hidden_size)
        is_late = architecture.cell == "gru" and architecture.reset_after
        self.bias_hh_l0 = empty(n_gates * hidden_size) if is_late else None
        has_projection = architecture.projection_size is not None
        self.weight_hr_l0 = empty(output_size, hidden_size) if has_projection else None
        self.peephole = empty(3, hidden_size) if architecture.peephole else None
        self.norms = _norms(architecture, hidden_size, dtype)
        self.zoneout = Dropout(architecture.zoneout, seed)

    def forward(
        self,
        x: torch.Tensor,
        state: State | None = None,
        mask: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, State]:
        """States of all steps (batch, time, output), and the one to go on from."""
        return unroll(cell_of(self, self.architecture), x, state, mask, self.zoneout)


def unroll(
    cell: Cell,
    x: torch.Tensor,
    state: State | None = None,
    mask: torch.Tensor | None = None,
    zoneout: Dropout | None = None,
    record: list[Gates] | None = None,
) -> tuple[torch.Tensor, State]:
    """Go through all steps of x (batch, time, feature).

    Parameters
    ----------
    state : tuple of Tensor (1, batch, units), default=None
        From which to go on, as torch's layers have it; None is zeros.
    mask : Tensor (batch, output), default=None
        Factors of the hidden state, wherever it is multiplied by weights.
    zoneout : Dropout, default=None
        Its share of each state stays as it was.
    record : list, default=None
        Takes the gates of each step.
    """
    now = cell.begin(x) if state is None else tuple(part[0] for part in state)
    names = ("hidden", "cell")[: cell.n_states]
    outputs = []
    for given in cell.read(x).unbind(1):
        gates = cell.step(given, now, now[0] if mask is None else now[0] * mask)
        if zoneout is not None and zoneout.p:
            for name, before in zip(names, now, strict=True):
                gates[name] = _held_back(before, gates[name], zoneout)
        now = tuple(gates[name] for name in names)
        outputs.append(now[0])
        if record is not None:
            record.append(gates)
    return torch.stack(outputs, dim=1), tuple(part[None] for part in now)


def cell_of(layer: Any, architecture: Architecture) -> Cell:
    """The cell that computes a step of a layer of ours or of torch's."""
    bias, state_bias = layer.bias_ih_l0, layer.bias_hh_l0
    if architecture.cell != "gru" and state_bias is not None:
        bias, state_bias = bias + state_bias, None
    weights = Weights(
        layer.weight_ih_l0,
        layer.weight_hh_l0,
        bias,
        state_bias,
        getattr(layer, "peephole", None),
        getattr(layer, "weight_hr_l0", None),
        getattr(layer, "norms", None),
    )
    return CELL_CLASSES[architecture.cell](architecture, weights)


def _held_back(
    before: torch.Tensor, after: torch.Tensor, zoneout: Dropout
) -> torch.Tensor:
    """Each value after the step, or with probability p before it; else their mean."""
    return before + (1 - zoneout.p) * zoneout(after - before)


def _norms(
    architecture: Architecture, hidden_size: int, dtype: torch.dtype
) -> nn.ModuleDict | None:
    """Layer normalisations of a cell, by what they normalise."""
    if not architecture.layer_norm:
        return None
    n = hidden_size
    sizes = {
        "rnn": {"sum": n},
        "gru": {
            "input": 2 * n,
            "state": 2 * n,
            "input_candidate": n,
            "state_candidate": n,
        },
        "lstm": {"input": 4 * n, "state": 4 * n, "cell": n},
    }[architecture.cell]
    return nn.ModuleDict(
        {
            name: nn.LayerNorm(size, bias=name == "cell", dtype=dtype)
            for name, size in sizes.items()
        }
    )

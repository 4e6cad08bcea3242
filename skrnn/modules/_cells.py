"""Cells of recurrent layers, step by step, and a layer that runs them.

A step takes the contribution of the input to the gates and the state before. It returns
all that it computes by name, so that the gates can be inspected.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ._activations import MLP_ACTIVATIONS
from ._architecture import Architecture
from ._dropout import Dropout

State = tuple[Tensor, ...]  # (hidden,) or (hidden, cell), each (batch, units)
Gates = dict[str, Tensor]


class Cell(ABC):
    """One step of a recurrent layer, over the weights of our layers or of torch's.

    Gates are stacked as in torch: i, f, g, o of an LSTM, r, z, n of a GRU.
    """

    n_gates: int
    n_states: int = 1

    def __init__(self, architecture: Architecture, layer: Any) -> None:
        self.input_weight = layer.weight_ih_l0  # (gates * hidden, feature)
        self.state_weight = layer.weight_hh_l0  # (gates * hidden, output)
        self.bias = layer.bias_ih_l0  # (gates * hidden,)
        self.state_bias = layer.bias_hh_l0  # of a GRU that resets after the product
        if architecture.cell != "gru" and self.state_bias is not None:
            self.bias, self.state_bias = self.bias + self.state_bias, None
        self.projection = getattr(layer, "weight_hr_l0", None)  # (output, hidden)
        self.peephole = getattr(layer, "peephole", None)  # (3, hidden), of i, f and o
        self.norms = getattr(layer, "norms", None)
        self.n_hidden = len(self.bias) // self.n_gates
        self.reset_after = architecture.reset_after
        self.activate = MLP_ACTIVATIONS[architecture.activation]
        self.gate = _GATE_ACTIVATIONS[architecture.recurrent_activation]

    def read(self, x: Tensor) -> Tensor:
        """What the inputs contribute to all steps, (batch, time, gates * hidden)."""
        if self.norms is None:
            return functional.linear(x, self.input_weight, self.bias)
        return self.normalise_input(functional.linear(x, self.input_weight))

    @abstractmethod
    def normalise_input(self, given: Tensor) -> Tensor:
        """Their contributions with layer normalisation, from products alone."""

    @abstractmethod
    def step(self, given: Tensor, state: State, seen: Tensor) -> Gates:
        """Compute all values of a step by name.

        ``given`` is what :meth:`read` returns for the step, and ``state`` the state
        before it. ``seen`` is its hidden state as the products read it, masked by
        recurrent dropout.
        """

    def begin(self, x: Tensor) -> State:
        """The state before the first step, of zeros."""
        sizes = [self.state_weight.shape[1], self.n_hidden][: self.n_states]
        return tuple(x.new_zeros(len(x), size) for size in sizes)

    def norm(self, name: str, values: Tensor) -> Tensor:
        """The values, normalised if there is layer normalisation."""
        return values if self.norms is None else self.norms[name](values)

    def recur(self, hidden: Tensor, part: slice = slice(None)) -> Tensor:
        """The contribution of the state to the gates of a slice."""
        return functional.linear(hidden, self.state_weight[part])


class ElmanCell(Cell):
    """h' = activation(W x + b + U h), the sum normalised if asked for."""

    n_gates = 1

    def normalise_input(self, given: Tensor) -> Tensor:
        return given  # the sum with the state is normalised

    def step(self, given: Tensor, state: State, seen: Tensor) -> Gates:
        total = self.norm("sum", given + self.recur(seen))
        if self.norms is not None:
            total = total + self.bias
        return {"hidden": self.activate(total)}


class GRUCell(Cell):
    """h' = (1 - z) n + z h, the candidate n reset before or after its product."""

    n_gates = 3

    def normalise_input(self, given: Tensor) -> Tensor:
        gates, candidate = given.tensor_split([2 * self.n_hidden], dim=-1)
        gates = self.norm("input", gates)
        candidate = self.norm("input_candidate", candidate)
        return torch.cat([gates, candidate], dim=-1) + self.bias

    def step(self, given: Tensor, state: State, seen: Tensor) -> Gates:
        n = 2 * self.n_hidden
        gates = self.norm("state", self.recur(seen, slice(n)))
        if self.state_bias is not None:
            gates = gates + self.state_bias[:n]
        reset, update = self.gate(given[:, :n] + gates).chunk(2, dim=1)
        product = self.recur(seen if self.reset_after else reset * seen, slice(n, None))
        product = self.norm("state_candidate", product)
        if self.state_bias is not None:
            product = product + self.state_bias[n:]
        if self.reset_after:
            product = reset * product
        candidate = self.activate(given[:, n:] + product)
        hidden = candidate + update * (state[0] - candidate)
        opened = {"reset": reset, "update": update}
        return opened | {"candidate": candidate, "hidden": hidden}


class LSTMCell(Cell):
    """c' = f c + i g, h' = o activation(c'), projected if asked for."""

    n_gates = 4
    n_states = 2

    def normalise_input(self, given: Tensor) -> Tensor:
        return self.norm("input", given) + self.bias

    def step(self, given: Tensor, state: State, seen: Tensor) -> Gates:
        cell = state[1]
        total = given + self.norm("state", self.recur(seen))
        i, f, g, o = total.chunk(4, dim=1)
        if self.peephole is not None:
            i, f = i + self.peephole[0] * cell, f + self.peephole[1] * cell
        i, f, g = self.gate(i), self.gate(f), self.activate(g)
        cell = f * cell + i * g
        if self.peephole is not None:
            o = o + self.peephole[2] * cell
        o = self.gate(o)
        hidden = o * self.activate(self.norm("cell", cell))
        if self.projection is not None:
            hidden = functional.linear(hidden, self.projection)
        opened = {"input": i, "forget": f, "output": o}
        return opened | {"candidate": g, "cell": cell, "hidden": hidden}


CELL_CLASSES: dict[str, type[Cell]] = {
    "rnn": ElmanCell,
    "gru": GRUCell,
    "lstm": LSTMCell,
}
_GATE_ACTIVATIONS: dict[str, Any] = {
    "logistic": torch.sigmoid,
    "hard_sigmoid": functional.hardsigmoid,
}


class UnrolledLayer(nn.Module):
    """One direction of a recurrent layer, with the call of ``torch.nn.LSTM``.

    It replaces torch's layers if they lack a part. Its weights have the same names, but
    it has one bias where torch has two, of which only the sum matters.
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
        self, x: Tensor, state: State | None = None, mask: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """States of all steps (batch, time, output), and the last one."""
        return unroll(self, self.architecture, x, state, mask)


def unroll(
    layer: Any,
    architecture: Architecture,
    x: Tensor,
    state: State | None = None,
    mask: Tensor | None = None,
    record: list[Gates] | None = None,
) -> tuple[Tensor, State]:
    """Run the weights of a layer, ours or torch's, over x (batch, time, feature).

    ``state`` is the state to continue from, as in torch's layers, (1, batch, units);
    ``mask`` (batch, output) holds factors of the hidden state, wherever weights
    multiply it. The gates of each step are appended to ``record``.
    """
    cell = CELL_CLASSES[architecture.cell](architecture, layer)
    zoneout = getattr(layer, "zoneout", None)
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


def _held_back(before: Tensor, after: Tensor, zoneout: Dropout) -> Tensor:
    """Keep an old value with probability p in training, else use the expected value."""
    return before + (1 - zoneout.p) * zoneout(after - before)


def _norms(
    architecture: Architecture, hidden_size: int, dtype: torch.dtype
) -> nn.ModuleDict | None:
    """Layer normalisations of a cell, by name of what they normalise."""
    if not architecture.layer_norm:
        return None
    n = hidden_size
    sizes = {
        "rnn": {"sum": n},
        "gru": {"input": 2 * n, "state": 2 * n}
        | {"input_candidate": n, "state_candidate": n},
        "lstm": {"input": 4 * n, "state": 4 * n, "cell": n},
    }[architecture.cell]
    return nn.ModuleDict(
        {
            name: nn.LayerNorm(size, bias=name == "cell", dtype=dtype)
            for name, size in sizes.items()
        }
    )

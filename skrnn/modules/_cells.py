"""Cells of recurrent layers, step by step: what each gate is made of.

Every step takes what the input gives to the gates and the state before, and returns
all that it computes by name, so that the gates can be looked at.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn import functional

from ._activations import MLP_ACTIVATIONS
from ._architecture import Architecture

State = tuple[torch.Tensor, ...]  # (hidden,) or (hidden, cell), each (batch, units)
Gates = dict[str, torch.Tensor]


class Weights(NamedTuple):
    """What a cell learns; gates are stacked as in torch: i, f, g, o and r, z, n."""

    input: torch.Tensor  # (gates * hidden, feature)
    state: torch.Tensor  # (gates * hidden, output)
    bias: torch.Tensor  # (gates * hidden,)
    state_bias: torch.Tensor | None = None  # of a GRU that resets after the product
    peephole: torch.Tensor | None = None  # (3, hidden), of i, f and o
    projection: torch.Tensor | None = None  # (output, hidden)
    norms: nn.ModuleDict | None = None


class Cell(ABC):
    """One step of a recurrent layer, over the weights of a layer."""

    n_gates: int
    n_states: int = 1

    def __init__(self, architecture: Architecture, weights: Weights) -> None:
        self.weights = weights
        self.n_hidden = len(weights.bias) // self.n_gates
        self.reset_after = architecture.reset_after
        self.activate = MLP_ACTIVATIONS[architecture.activation].function
        self.gate = _GATE_ACTIVATIONS[architecture.recurrent_activation]

    @abstractmethod
    def read(self, x: torch.Tensor) -> torch.Tensor:
        """What the inputs of all steps give, (batch, time, gates * hidden)."""

    @abstractmethod
    def step(self, given: torch.Tensor, state: State, seen: torch.Tensor) -> Gates:
        """From the state before to all that is new.

        ``given`` is what :meth:`read` says of the step, and ``seen`` what the products
        see of the hidden state, which recurrent dropout masks.
        """

    def begin(self, x: torch.Tensor) -> State:
        """The state before the first step, of zeros."""
        sizes = [self.weights.state.shape[1], self.n_hidden][: self.n_states]
        return tuple(x.new_zeros(len(x), size) for size in sizes)

    def norm(self, name: str, values: torch.Tensor) -> torch.Tensor:
        """The values, normalised if there is layer normalisation."""
        norms = self.weights.norms
        return values if norms is None else norms[name](values)

    def recur(self, hidden: torch.Tensor, part: slice = slice(None)) -> torch.Tensor:
        """What the state gives to some gates."""
        return functional.linear(hidden, self.weights.state[part])


class ElmanCell(Cell):
    """h' = activation(W x + b + U h), the sum normalised where asked for."""

    n_gates = 1

    def read(self, x: torch.Tensor) -> torch.Tensor:
        w = self.weights
        bias = w.bias if w.norms is None else None  # which the norm would take away
        return functional.linear(x, w.input, bias)

    def step(self, given: torch.Tensor, state: State, seen: torch.Tensor) -> Gates:
        total = self.norm("sum", given + self.recur(seen))
        if self.weights.norms is not None:
            total = total + self.weights.bias
        return {"hidden": self.activate(total)}


class GRUCell(Cell):
    """h' = (1 - z) n + z h, the candidate n reset before or after its product."""

    n_gates = 3

    def read(self, x: torch.Tensor) -> torch.Tensor:
        w = self.weights
        if w.norms is None:
            return functional.linear(x, w.input, w.bias)
        n = 2 * self.n_hidden
        given = functional.linear(x, w.input)
        gates, candidate = given[..., :n], given[..., n:]
        gates = self.norm("input", gates)
        candidate = self.norm("input_candidate", candidate)
        return torch.cat([gates, candidate], dim=-1) + w.bias

    def step(self, given: torch.Tensor, state: State, seen: torch.Tensor) -> Gates:
        w, n = self.weights, 2 * self.n_hidden
        gates = self.norm("state", self.recur(seen, slice(n)))
        if w.state_bias is not None:
            gates = gates + w.state_bias[:n]
        reset, update = self.gate(given[:, :n] + gates).chunk(2, dim=1)
        product = self.recur(seen if self.reset_after else reset * seen, slice(n, None))
        product = self.norm("state_candidate", product)
        if w.state_bias is not None:
            product = product + w.state_bias[n:]
        if self.reset_after:
            product = reset * product
        candidate = self.activate(given[:, n:] + product)
        hidden = candidate + update * (state[0] - candidate)
        return {
            "reset": reset,
            "update": update,
            "candidate": candidate,
            "hidden": hidden,
        }


class LSTMCell(Cell):
    """c' = f c + i g, h' = o activation(c'), projected where asked for."""

    n_gates = 4
    n_states = 2

    def read(self, x: torch.Tensor) -> torch.Tensor:
        w = self.weights
        if w.norms is None:
            return functional.linear(x, w.input, w.bias)
        return self.norm("input", functional.linear(x, w.input)) + w.bias

    def step(self, given: torch.Tensor, state: State, seen: torch.Tensor) -> Gates:
        w, cell = self.weights, state[1]
        total = given + self.norm("state", self.recur(seen))
        i, f, g, o = total.chunk(4, dim=1)
        if w.peephole is not None:
            i, f = i + w.peephole[0] * cell, f + w.peephole[1] * cell
        i, f, g = self.gate(i), self.gate(f), self.activate(g)
        cell = f * cell + i * g
        if w.peephole is not None:
            o = o + w.peephole[2] * cell
        o = self.gate(o)
        hidden = o * self.activate(self.norm("cell", cell))
        if w.projection is not None:
            hidden = functional.linear(hidden, w.projection)
        return {
            "input": i,
            "forget": f,
            "output": o,
            "candidate": g,
            "cell": cell,
            "hidden": hidden,
        }


CELL_CLASSES: dict[str, type[Cell]] = {
    "rnn": ElmanCell,
    "gru": GRUCell,
    "lstm": LSTMCell,
}
_GATE_ACTIVATIONS: dict[str, Any] = {
    "logistic": torch.sigmoid,
    "hard_sigmoid": functional.hardsigmoid,
}

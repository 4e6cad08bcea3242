"""A recurrent layer of the engine as an operation of torch, differentiable once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from ..engine import LayerCall, LayerDescription, LayerTensors, library
from ._cells import State

_DTYPES = {torch.float32: "float32", torch.float64: "float64"}


class CompiledLayer(NamedTuple):
    """A layer that the engine runs.

    ``weights`` are those of each direction, in the order of torch's layers.
    """

    library: Any
    description: LayerDescription
    weights: Sequence[Tensor]

    @classmethod
    def of(cls, cell: str, directions: Sequence[nn.Module]) -> CompiledLayer | None:
        """The layer of these directions, or None if there is no library for it."""
        weights = [w.contiguous() for layer in directions for w in _weights_of(layer)]
        recurrent = weights[1]
        dtype = _DTYPES.get(recurrent.dtype)
        found = None if dtype is None else library(dtype)
        if found is None or not recurrent.is_cpu:
            return None
        sizes = weights[0].shape[1], recurrent.shape[1], len(directions)
        return cls(found, _description(cell, *sizes), weights)

    def run(
        self,
        x: Tensor,
        lengths: Tensor | None = None,
        first: State | None = None,
        *,
        needs_states: bool = True,
    ) -> tuple[Tensor | None, State]:
        """States of all steps (batch, time, direction and unit), and the last one.

        States after the end of a sample are zero. The first and the last state are
        those of torch's layers, (direction, batch, unit).
        """
        if lengths is not None:  # a process takes every n-th
            lengths = lengths.contiguous()
        inputs = x, *(first or ())
        takes_gradients = torch.is_grad_enabled() and any(
            tensor.requires_grad for tensor in (*inputs, *self.weights)
        )
        if takes_gradients:
            h_first, c_first = ((*(first or ()), None, None))[:2]
            states, *last = _Layer.apply(
                self, needs_states, lengths, x, h_first, c_first, *self.weights
            )
        else:
            outputs = self.empty_outputs(x, needs_states)
            call = self.call(
                self.weights, outputs._replace(**_inputs(x, first)), lengths
            )
            call.forward()
            states, last = outputs.states, outputs[3:5]
        return states, tuple(part for part in last if part is not None)

    def call(
        self, weights: Sequence[Tensor], tensors: LayerTensors, lengths: Tensor | None
    ) -> LayerCall:
        return LayerCall(self.library, self.description, weights, tensors, lengths)

    def empty_outputs(self, x: Tensor, needs_states: bool) -> LayerTensors:
        """Room for the states, which have the samples in the last dimension."""
        n_samples, n_steps, _ = x.shape
        n_units, n_directions = self.description.n_units, self.description.n_directions
        states = None
        if needs_states:
            states = x.new_empty(n_steps, n_directions * n_units, n_samples)
            states = states.permute(2, 0, 1)
        h_last = x.new_empty(n_directions, n_samples, n_units)
        c_last = torch.empty_like(h_last) if self.description.cell == "lstm" else None
        return LayerTensors(h_last=h_last, c_last=c_last, states=states)


class _Layer(torch.autograd.Function):
    """States of all steps or None, and the last state: hidden, and cell or None."""

    @staticmethod
    def forward(
        ctx: Any,
        layer: CompiledLayer,
        needs_states: bool,
        lengths: Tensor | None,
        x: Tensor,
        h_first: Tensor | None,
        c_first: Tensor | None,
        *weights: Tensor,
    ) -> tuple[Tensor | None, ...]:
        outputs = layer.empty_outputs(x, needs_states)
        tensors = outputs._replace(x=x, h_first=h_first, c_first=c_first)
        call = layer.call(weights, tensors, lengths)
        kept = _room_for(call)
        call.forward(kept)
        ctx.layer, ctx.is_used_up = layer._replace(weights=()), False
        ctx.save_for_backward(lengths, kept, x, h_first, c_first, *weights)
        ctx.set_materialize_grads(False)
        return outputs.states, outputs.h_last, outputs.c_last

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, states: Tensor | None, h_last: Tensor | None, c_last: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        lengths, kept, x, h_first, c_first, *weights = ctx.saved_tensors
        inputs = LayerTensors(x, h_first, c_first)
        call = ctx.layer.call(weights, inputs, lengths)
        if ctx.is_used_up:  # the graph was retained
            kept = _room_for(call)
            call.forward(kept)
        ctx.is_used_up = True
        d_x = torch.empty_like(x) if ctx.needs_input_grad[3] else None
        d_h, d_c = (_room_like(part) for part in (h_first, c_first))
        gradients = [torch.empty_like(weight) for weight in weights]
        tensors = LayerTensors(d_x, d_h, d_c, h_last, c_last, states)
        call.backward(kept, gradients, tensors)
        return None, None, None, d_x, d_h, d_c, *gradients


@cache
def _description(
    cell: str, n_features: int, n_units: int, n_directions: int
) -> LayerDescription:
    return LayerDescription(cell, n_features, n_units, n_directions)


def _weights_of(layer: Any) -> list[Tensor]:
    weights = [layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0]
    second_bias = layer.bias_hh_l0
    return weights if second_bias is None else [*weights, second_bias]


def _inputs(x: Tensor, first: State | None) -> dict[str, Tensor]:
    return dict(zip(("x", "h_first", "c_first"), (x, *(first or ())), strict=False))


def _room_for(call: LayerCall) -> Tensor:
    return torch.empty(call.n_bytes(), dtype=torch.uint8)


def _room_like(tensor: Tensor | None) -> Tensor | None:
    return None if tensor is None else torch.empty_like(tensor)

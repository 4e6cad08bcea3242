"""A GRU layer on the CPU, step by step.

If layers are small, torch's own code spends most of its time on copies and allocations.
Here each step writes into buffers that are allocated once. The samples are in the last
dimension, so that all reads and writes of a step are contiguous.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

_CHUNK = 2**19  # values of a buffer that still fits a processor's cache
_sigmoid_gradient = torch.ops.aten.sigmoid_backward.grad_input
_tanh_gradient = torch.ops.aten.tanh_backward.grad_input


class _Steps(NamedTuple):
    """The values of each step.

    ``gates`` stacks r, z, c and n: reset gate, update gate, the contribution of the
    state to the candidate, and the candidate itself, ``n = tanh(a + r * c)`` with ``a``
    from the input. The first of the ``states`` is the one before the first step.
    """

    inputs: Tensor  # (time, feature + 1, batch), the last row ones
    gates: Tensor  # (time, 4 * hidden, batch)
    states: Tensor  # (time + 1, hidden, batch)

    def between(self, start: int, stop: int) -> _Steps:
        """Some steps, each with the state before it."""
        return _Steps(*(part[start:stop] for part in self))


def gru_states(layer: nn.GRU, x: Tensor) -> Tensor:
    """States of a GRU after each step, ``layer(x)[0]``; differentiable once.

    The layer has one direction and biases; x is (batch, time, feature).
    """
    names = "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"
    parameters = [getattr(layer, name) for name in names]
    if torch.is_grad_enabled():
        states = _GRU.apply(x, *parameters)  # (time, hidden, batch)
    else:
        rows = _input_rows(*parameters)
        steps = _lay_out(x, layer.hidden_size, keeps_gates=False)
        states = _forward(steps, rows, parameters[1])
    return states.permute(2, 0, 1)  # (batch, time, hidden)


class _GRU(torch.autograd.Function):
    """States after all steps, (time, hidden, batch), and their gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, *parameters: Tensor) -> Tensor:
        state_weight = parameters[1]
        rows = _input_rows(*parameters)
        steps = _lay_out(x, state_weight.shape[1], keeps_gates=True)
        states = _forward(steps, rows, state_weight)
        ctx.save_for_backward(*steps, rows, state_weight)
        return states

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        # gradient (time, hidden, batch)
        *parts, rows, state_weight = ctx.saved_tensors
        steps = _Steps(*parts)
        d_rows, d_state_weight = torch.zeros_like(rows), torch.zeros_like(state_weight)
        inputs = steps.inputs[:, :-1]  # (time, feature, batch)
        d_inputs = torch.empty_like(inputs) if ctx.needs_input_grad[0] else None
        d_state = torch.zeros_like(steps.states[0])
        back = state_weight.t().contiguous()  # (hidden, 3 * hidden)
        gradient = _samples_last(gradient.permute(2, 0, 1))
        n_steps, n_hidden, _ = gradient.shape
        n_at_once = max(1, _CHUNK // steps.gates[0].numel())
        buffer = torch.empty_like(steps.gates[:n_at_once])  # (time, 4 * hidden, batch)
        for stop in range(n_steps, 0, -len(buffer)):
            start = max(0, stop - len(buffer))
            some, d_gates = steps.between(start, stop), buffer[: stop - start]
            _slopes(some, d_gates)
            _backward(some.gates, d_gates, gradient[start:stop], d_state, back)
            d_rows.addbmm_(d_gates, some.inputs.transpose(1, 2))
            d_rzc = d_gates[:, : 3 * n_hidden]
            d_state_weight.addbmm_(d_rzc, some.states.transpose(1, 2))
            if d_inputs is not None:
                torch.matmul(rows[:, :-1].t(), d_gates, out=d_inputs[start:stop])
        d_x = None if d_inputs is None else d_inputs.permute(2, 0, 1)
        d_rz, d_c, d_n = d_rows.split([2 * n_hidden, n_hidden, n_hidden])
        d_weight, d_bias = torch.cat([d_rz, d_n]).split([rows.shape[1] - 1, 1], dim=1)
        d_state_bias = torch.cat([d_rz[:, -1], d_c[:, -1]])
        return d_x, d_weight, d_state_weight, d_bias[:, 0], d_state_bias


def _input_rows(
    weight: Tensor, state_weight: Tensor, bias: Tensor, state_bias: Tensor
) -> Tensor:
    """Weights of the input and of a row of ones, (4 * hidden, feature + 1)."""
    n_hidden = state_weight.shape[1]
    rows = weight.new_zeros(4 * n_hidden, weight.shape[1] + 1)
    rz, c, n = rows.split([2 * n_hidden, n_hidden, n_hidden])
    rz[:, :-1], n[:, :-1] = weight[: 2 * n_hidden], weight[2 * n_hidden :]
    rz[:, -1] = bias[: 2 * n_hidden] + state_bias[: 2 * n_hidden]
    c[:, -1], n[:, -1] = state_bias[2 * n_hidden :], bias[2 * n_hidden :]
    return rows


def _lay_out(x: Tensor, n_hidden: int, *, keeps_gates: bool) -> _Steps:
    n_samples, n_steps, n_features = x.shape
    inputs = x.new_empty(n_steps, n_features + 1, n_samples)
    inputs[:, :-1] = _samples_last(x)
    inputs[:, -1] = 1
    gates = x.new_empty(n_steps if keeps_gates else 1, 4 * n_hidden, n_samples)
    states = x.new_empty(n_steps + 1, n_hidden, n_samples)
    states[0] = 0
    return _Steps(inputs, gates.expand(n_steps, -1, -1), states)


def _samples_last(x: Tensor) -> Tensor:
    if x.stride(0) == 1:  # the states of a layer below
        return x.permute(1, 2, 0).contiguous()
    n_samples, n_steps, n_features = x.shape
    # torch is fast at the transpose of a matrix, not at other permutations
    rows = x.reshape(n_samples, -1).t().contiguous()  # (time * feature, batch)
    return rows.view(n_steps, n_features, n_samples)


def _forward(steps: _Steps, rows: Tensor, state_weight: Tensor) -> Tensor:
    inputs, gates, states = steps
    n_hidden = states.shape[1]
    rows = rows.clone()
    rows[3 * n_hidden :] *= 2  # tanh(n) is 2 * sigmoid(2 * n) - 1, but far slower
    minus_one = torch.full_like(states[0], -1)
    each = zip(
        inputs.unbind(),
        gates.unbind(),
        gates[:, : 3 * n_hidden].unbind(),
        gates[:, : 2 * n_hidden].unbind(),
        *(part.unbind() for part in gates.split(n_hidden, dim=1)),
        states[:-1].unbind(),
        states[1:].unbind(),
        strict=True,
    )
    for x, gate, rzc, rz, r, z, c, n, state, following in each:
        torch.mm(rows, x, out=gate)
        rzc.addmm_(state_weight, state)
        rz.sigmoid_()
        n.addcmul_(r, c, value=2).sigmoid_()
        torch.add(minus_one, n, alpha=2, out=n)
        torch.lerp(n, state, z, out=following)
    return states[1:]


def _slopes(steps: _Steps, out: Tensor) -> None:
    """Derivative of each state ``n + z * (before - n)`` by its gates before activation.

    Written into ``out`` (time, 4 * hidden, batch).
    """
    _, gates, before = steps
    n_hidden = before.shape[1]
    r, z, c, n = gates.split(n_hidden, dim=1)
    by_r, by_z, by_c, by_n = out.split(n_hidden, dim=1)
    _tanh_gradient(torch.sub(1, z, out=by_c), n, grad_input=by_n)
    torch.mul(by_n, r, out=by_c)
    torch.mul(by_n, c, out=by_r)
    torch.sub(before, n, out=by_z)
    rz, by_rz = gates[:, : 2 * n_hidden], out[:, : 2 * n_hidden]
    _sigmoid_gradient(by_rz, rz, grad_input=by_rz)


def _backward(
    gates: Tensor, slopes: Tensor, gradient: Tensor, d_state: Tensor, back: Tensor
) -> None:
    """Turn the slopes of the states by the gates into those of the loss, in place.

    ``d_state`` holds the gradient with respect to the last state of the chunk; after
    the call, with respect to the state before the chunk.
    """
    n_hidden = len(d_state)
    each = zip(
        gradient.unbind(),
        gates[:, n_hidden : 2 * n_hidden].unbind(),
        slopes.unflatten(1, (4, n_hidden)).unbind(),
        slopes[:, : 3 * n_hidden].unbind(),
        strict=True,
    )
    for d_output, z, d_gates, d_rzc in reversed(list(each)):
        d_gates.mul_(d_state.add_(d_output))
        d_state.mul_(z).addmm_(back, d_rzc)

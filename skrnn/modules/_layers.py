"""One recurrent layer, and the choice of the code that runs it."""

from __future__ import annotations

import warnings
from functools import cache
from threading import Lock
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..engine import is_forced
from ._architecture import Architecture
from ._cells import Gates, State, UnrolledLayer, unroll
from ._compiled_layer import CompiledLayer
from ._dropout import Dropout
from ._pooling import last_valid
from ._undrawn import undrawn

_FUSED = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
_STEPS: dict[Any, Any] = {
    "GRU": torch.gru_cell,
    "RNN_TANH": torch.rnn_tanh_cell,
    "RNN_RELU": torch.rnn_relu_cell,
}
Segments = list[tuple[int, int]]
_once = Lock()
# Units up to which the engine runs any number of samples, those up to which it runs
# enough of them, and how many units of the latter one sample pays for. Times torch's
# layer, on AVX-512 with 5 features and 10 or 30 steps, forward and back:
#     hidden           8         64        128       256       512
#     lstm   1      1.7-2.0   0.7-1.1   0.3-0.7   0.2-0.4
#           32      2.4-2.7   1.4       1.0-1.1   1.0
#          200      2.8-3.1   1.2       1.1-1.6   0.9-1.2
#     gru    1      3.5-4.7   2.8-3.1   1.6       0.8-0.9
#           32      3.8-4.3   3.4-4.1   2.5-3.0   2.2-2.3   1.9-2.0
#          200      4.3-5.2   2.6-3.1   2.3       1.9       1.5-1.6
#     rnn    1      2.6-4.3   2.0-2.5   1.4-1.6   0.8-0.9
#           32      2.7-3.8   2.6       2.3-2.4   2.1-2.3   2.1
#          200      2.7-3.6   2.4-2.7   2.1-2.5   2.1       1.8-2.0
# A single step of few samples does not pay for the packing of many weights.
_WIDEST = {
    "lstm": (32, 128, 8),
    "gru": (64, 512, 32),
    "gru_reset_before": (512, 512, 512),  # against steps in Python
    "rnn_tanh": (128, 512, 32),
    "rnn_relu": (128, 512, 32),
}
_STEP_PAYS = 4  # units
# A vector of the CPU holds up to 16 samples; a long batch of fewer would waste memory.
_LONG = 2**17  # steps times units
_FEW = 8  # samples


class RecurrentLayer(nn.Module):
    """A recurrent layer over right-padded batches, in one or both directions of time.

    ``kernel`` names the code that runs it. ``"compiled"`` is the engine, on the CPU.
    ``"fused"`` is torch's own layer, and ``"steps"`` runs parts that torch's layers
    lack, step by step in Python. Only this class chooses. Batches for which the engine
    is slower than torch, layers with hooks, transforms, tracing and mixed precision
    are left to torch. ``seed`` is the seed of the masks.
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
        sizes = input_size, hidden_size
        self.forward_in_time = _direction(architecture, *sizes, seed, dtype)
        self.backward_in_time = (
            _direction(architecture, *sizes, seed + 1, dtype)
            if architecture.bidirectional
            else None
        )
        self.recurrent_dropout = Dropout(architecture.recurrent_dropout, seed + 2)
        self.n_states = architecture.projection_size or hidden_size
        is_joined = architecture.bidirectional and architecture.merge_mode == "concat"
        self.output_size = self.n_states * (2 if is_joined else 1)

    @property
    def name(self) -> str:
        """Name of the layer in outlines."""
        ways = " in both directions" if self.architecture.bidirectional else ""
        return self.architecture.cell.upper() + ways

    @property
    def kernel(self) -> str:
        if self._compiled() is not None:
            return "compiled"
        is_ours = isinstance(self.forward_in_time, UnrolledLayer)
        return "steps" if is_ours or self._is_masked else "fused"

    @property
    def _is_masked(self) -> bool:
        return self.training and self.recurrent_dropout.p > 0

    def forward(
        self, x: Tensor, lengths: Tensor | None = None, segments: Segments | None = None
    ) -> Tensor:
        """States of all steps (batch, time, state), two directions side by side."""
        compiled = self._compiled_for(x)
        if compiled is not None:
            states, _ = compiled.run(x, lengths)
            assert states is not None
            return states
        output = self._run(self.forward_in_time, x, segments)
        if self.backward_in_time is None:
            return output
        backward = self._run(self.backward_in_time, reverse_time(x, lengths), segments)
        return torch.cat([output, reverse_time(backward, lengths)], dim=2)

    def advance(self, x: Tensor, state: State | None) -> tuple[Tensor, State]:
        """States of all steps and the last one, continuing from the state given."""
        layer = self.forward_in_time
        if self._is_masked:
            return self._run_masked(layer, x, state)
        if state is not None and _is_one_step(layer, x):
            return _step(layer, x, state)
        compiled = self._compiled_for(x) if self.backward_in_time is None else None
        if compiled is not None:
            states, last = compiled.run(x, first=state)
            assert states is not None
            return states, last
        before: Any = state
        is_ours = isinstance(layer, UnrolledLayer)
        if state is not None and len(state) == 1 and not is_ours:
            before = state[0]
        output, after = layer(x, before)
        return output, after if isinstance(after, tuple) else (after,)

    def last(
        self, x: Tensor, lengths: Tensor | None, segments: Segments | None
    ) -> Tensor:
        """The state after all steps, of both directions joined, (batch, output)."""
        compiled = None if is_intercepted(self) else self._compiled_for(x)
        if compiled is None:
            return self.final(self(x, lengths, segments), lengths)
        _, (hidden, *_) = compiled.run(x, lengths, needs_states=False)
        return self.merge(torch.cat(hidden.unbind(), dim=1))

    def merge(self, states: Tensor) -> Tensor:
        """States of both directions joined, (..., output)."""
        mode = self.architecture.merge_mode
        if self.backward_in_time is None or mode == "concat":
            return states
        forward, backward = states.chunk(2, dim=-1)
        if mode == "mul":
            return forward * backward
        total = forward + backward
        return total if mode == "sum" else total / 2

    def final(self, states: Tensor, lengths: Tensor | None) -> Tensor:
        """The state after all steps, of both directions joined, (batch, output)."""
        last = last_valid(states, lengths)  # (batch, directions * state)
        if self.backward_in_time is None:
            return last
        n = self.n_states
        return self.merge(torch.cat([last[:, :n], states[:, 0, n:]], dim=1))

    def gates(self, x: Tensor, lengths: Tensor | None) -> Gates:
        """All values that the cells compute, by name, (batch, time, units)."""
        found = self._gates_of(self.forward_in_time, x)
        if self.backward_in_time is not None:
            backward = self._gates_of(self.backward_in_time, reverse_time(x, lengths))
            for name, values in backward.items():
                found[name + "_backward"] = reverse_time(values, lengths)
        return found

    def _compiled(self) -> CompiledLayer | None:
        """The layer of the engine; None if it lacks a part, or is slower than torch."""
        cell = self.architecture.engine_cell
        if cell is None or self._is_masked:
            return None
        if self.n_states > _WIDEST[cell][1] and not is_forced():
            return None
        return CompiledLayer.of(cell, self._directions())

    def _compiled_for(self, x: Tensor) -> CompiledLayer | None:
        """The layer of the engine; None if torch has to run x, or is faster."""
        cell = self.architecture.engine_cell
        if cell is None or not x.shape[0] or not x.shape[1]:
            return None
        if not (_is_worth_compiling(cell, self.n_states, x) or is_forced()):
            return None
        if _is_transformed() or any(map(is_intercepted, self._directions())):
            return None
        compiled = self._compiled()
        if compiled is None or compiled.weights[0].dtype != x.dtype or not x.is_cpu:
            return None
        return compiled

    def _directions(self) -> list[nn.Module]:
        ways = [self.forward_in_time, self.backward_in_time]
        return [layer for layer in ways if layer is not None]

    def _gates_of(self, layer: nn.Module, x: Tensor) -> Gates:
        record: list[Gates] = []
        unroll(layer, self.architecture, x, record=record)
        return {
            name: torch.stack([gates[name] for gates in record], dim=1)
            for name in record[0]
        }

    def _run(self, layer: nn.Module, x: Tensor, segments: Segments | None) -> Tensor:
        if self._is_masked:
            return self._run_masked(layer, x, None)[0]
        return run(layer, x, segments)

    def _run_masked(
        self, layer: nn.Module, x: Tensor, state: State | None
    ) -> tuple[Tensor, State]:
        """Run with a mask of recurrent dropout per sequence, the same at all steps."""
        mask = self.recurrent_dropout(x.new_ones(len(x), self.n_states))
        return unroll(layer, self.architecture, x, state, mask)


def _direction(
    architecture: Architecture,
    input_size: int,
    hidden_size: int,
    seed: int,
    dtype: torch.dtype,
) -> nn.Module:
    if not architecture.is_of_torch:
        return UnrolledLayer(
            architecture, input_size, hidden_size, seed=seed, dtype=dtype
        )
    options: dict[str, Any] = {}
    if architecture.cell == "rnn":
        options["nonlinearity"] = architecture.activation
    if architecture.projection_size is not None:
        options["proj_size"] = architecture.projection_size
        with _once:
            _silence_projection_warning()
    kind = _FUSED[architecture.cell]
    options |= {"batch_first": True, "dtype": dtype}
    return undrawn(kind, input_size, hidden_size, **options)


@cache
def _silence_projection_warning() -> None:
    """Trigger torch's warning, once per process, that oneDNN has no projections."""
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        layer = undrawn(nn.LSTM, 1, 2, proj_size=1)
        layer(torch.zeros(1, 1, 1))


def run(layer: nn.Module, x: Tensor, segments: Segments | None) -> Tensor:
    """States at each step, (batch, time, hidden); zero after the end of a sample.

    ``segments`` holds pairs (n_alive, stop): up to step ``stop`` only the first
    ``n_alive`` samples are computed, from the state at the end of the segment before.
    """
    if segments is None:
        return layer(x)[0]
    outputs, first = [], 0
    state: Tensor | tuple[Tensor, ...] | None = None
    for n_alive, stop in segments:
        state = _first_samples(state, n_alive)
        output, state = layer(x[:n_alive, first:stop], state)
        missing = len(x) - n_alive
        outputs.append(functional.pad(output, (0, 0, 0, 0, 0, missing)))
        first = stop
    return torch.cat(outputs, dim=1)


def _is_one_step(layer: nn.Module, x: Tensor) -> bool:
    """Whether to call torch's cell, which needs a quarter of the layer's time."""
    return (
        x.shape[1] == 1
        and isinstance(layer, nn.RNNBase)
        and layer.proj_size == 0
        and not torch.is_grad_enabled()
        and not (is_intercepted(layer) or _is_transformed())
    )


def _step(layer: Any, x: Tensor, state: State) -> tuple[Tensor, State]:
    """One step of a layer of torch over x (batch, 1, feature)."""
    x, hidden = x[:, 0], state[0][0]  # (batch, feature), (batch, hidden)
    weights = layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0, layer.bias_hh_l0
    after: State
    if isinstance(layer, nn.LSTM):
        after = torch.lstm_cell(x, (hidden, state[1][0]), *weights)
    else:
        after = (_STEPS[layer.mode](x, hidden, *weights),)
    return after[0][:, None], tuple(part[None] for part in after)


def _is_worth_compiling(cell: str, n_units: int, x: Tensor) -> bool:
    n_samples, n_steps, _ = x.shape
    always, most, sample_pays = _WIDEST[cell]
    if n_units > most:
        return False
    if n_samples < _FEW and n_steps * n_units > _LONG and torch.is_grad_enabled():
        return False
    if n_units <= always:
        return True
    n_paid = min(sample_pays * n_samples, _STEP_PAYS * n_samples * n_steps)
    return n_units <= n_paid


def is_intercepted(layer: nn.Module) -> bool:
    """Whether torch would call a hook or another ``forward``, which our code skips."""
    return bool(
        "forward" in vars(layer)
        or layer._forward_hooks
        or layer._forward_pre_hooks
        or layer._backward_hooks
        or layer._backward_pre_hooks
    )


def has_global_hooks() -> bool:
    """Whether torch would call a hook at every module."""
    return torch.nn.modules.module._has_any_global_hook()


def _is_transformed() -> bool:
    return (
        has_global_hooks()
        or torch._C._are_functorch_transforms_active()
        or torch._C._len_torch_dispatch_stack() > 0  # such as a counter of operations
        or torch.compiler.is_compiling()
        or torch.jit.is_tracing()
        or torch.is_autocast_enabled("cpu")
    )


def _first_samples(
    state: Tensor | tuple[Tensor, ...] | None, n_alive: int
) -> Tensor | tuple[Tensor, ...] | None:
    if isinstance(state, tuple):  # an LSTM's (hidden, cell)
        return tuple(part[:, :n_alive].contiguous() for part in state)
    return None if state is None else state[:, :n_alive].contiguous()


def reverse_time(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Reverse the valid steps of each sample; padding stays at the end."""
    if lengths is None:
        return x.flip(1)
    steps = torch.arange(x.shape[1], device=x.device)
    index = lengths[:, None] - 1 - steps  # (batch, time), negative in the padding
    index = torch.where(index < 0, steps, index)
    return x.gather(1, index[:, :, None].expand_as(x))  # (batch, time, feature)

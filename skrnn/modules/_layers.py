"""One recurrent layer, and the choice of the code that runs it."""

from __future__ import annotations

from typing import TypeGuard

import torch
from torch import nn
from torch.nn import functional

from ._gru_kernel import gru_states
from ._pooling import last_valid

_FUSED = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
CELLS = tuple(_FUSED)
Segments = list[tuple[int, int]]
_LARGEST_LOOP = 256  # hidden units; measured up to there
_SMALLEST_LOOP = 64  # samples of an inference; torch is quicker at few short ones
ACTIVATIONS = {"rnn": ("tanh", "relu"), "gru": ("tanh",), "lstm": ("tanh",)}


class RecurrentLayer(nn.Module):
    """A recurrent layer over right-padded batches, in one or both directions of time.

    ``kernel`` names the code that runs it; ``"fused"`` is torch's own layer, ``"loop"``
    the project's, which trains a GRU of up to 256 hidden units on the CPU in less time.
    This class is the only place that chooses, and leaves to torch what the loop is no
    quicker at or not made for: segments, inference for fewer than 64 samples, layers
    with hooks, transforms, tracing and mixed precision.

    Parameters
    ----------
    cell : {"rnn", "gru", "lstm"}
    input_size, hidden_size : int
    activation : {"tanh", "relu"}
        Of the hidden state; only the plain RNN takes "relu".
    bidirectional : bool
    dtype : torch.dtype
    """

    def __init__(
        self,
        cell: str,
        input_size: int,
        hidden_size: int,
        *,
        activation: str,
        bidirectional: bool,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        options = {"nonlinearity": activation} if cell == "rnn" else {}

        def direction() -> nn.Module:
            layer = _FUSED[cell](
                input_size,
                hidden_size,
                batch_first=True,
                dtype=dtype,
                device="meta",  # weights are drawn later, not from torch's generator
                **options,
            )
            return layer.to_empty(device="cpu")

        self.name = cell.upper() + (" in both directions" if bidirectional else "")
        self.forward_in_time = direction()
        self.backward_in_time = direction() if bidirectional else None
        self.output_size = hidden_size * (2 if bidirectional else 1)

    @property
    def kernel(self) -> str:
        return "loop" if _is_for_loop(self.forward_in_time) else "fused"

    def forward(
        self,
        x: torch.Tensor,
        lengths: torch.Tensor | None,
        segments: Segments | None = None,
    ) -> torch.Tensor:
        output = run(self.forward_in_time, x, segments)  # (batch, time, hidden)
        if self.backward_in_time is None:
            return output
        backward = run(self.backward_in_time, reverse_time(x, lengths), segments)
        backward = reverse_time(backward, lengths)  # (batch, time, hidden)
        return torch.cat([output, backward], dim=2)  # (batch, time, 2 * hidden)

    def final(self, output: torch.Tensor, lengths: torch.Tensor | None) -> torch.Tensor:
        """What the layer knows after reading all steps, in each direction."""
        last = last_valid(output, lengths)  # (batch, directions * hidden)
        if self.backward_in_time is None:
            return last
        half = self.output_size // 2
        return torch.cat([last[:, :half], output[:, 0, half:]], dim=1)


def run(layer: nn.Module, x: torch.Tensor, segments: Segments | None) -> torch.Tensor:
    """States at each step, (batch, time, hidden); zero once a segment leaves one out.

    ``segments`` holds pairs (n_alive, stop): only the first ``n_alive`` samples are
    computed up to step ``stop``, going on from the state at which the segment before
    has left them.
    """
    if segments is None:
        return gru_states(layer, x) if _loops_over(layer, x) else layer(x)[0]
    outputs, first = [], 0
    state: torch.Tensor | tuple[torch.Tensor, ...] | None = None
    for n_alive, stop in segments:
        state = _first_samples(state, n_alive)
        output, state = layer(x[:n_alive, first:stop], state)
        missing = len(x) - n_alive
        outputs.append(functional.pad(output, (0, 0, 0, 0, 0, missing)))
        first = stop
    return torch.cat(outputs, dim=1)


def _is_for_loop(layer: nn.Module) -> TypeGuard[nn.GRU]:
    if type(layer) is not nn.GRU or layer.hidden_size > _LARGEST_LOOP:
        return False
    weight = layer.weight_hh_l0
    is_plain = weight.dtype in (torch.float32, torch.float64)
    return is_plain and weight.device.type == "cpu"


def _loops_over(layer: nn.Module, x: torch.Tensor) -> TypeGuard[nn.GRU]:
    pays = len(x) >= (1 if torch.is_grad_enabled() else _SMALLEST_LOOP)
    if not pays or not x.shape[1] or not _is_for_loop(layer):
        return False
    return not (_has_hooks(layer) or _is_transformed())


def _has_hooks(layer: nn.Module) -> bool:
    return bool(
        layer._forward_hooks
        or layer._forward_pre_hooks
        or layer._backward_hooks
        or layer._backward_pre_hooks
    )


def _is_transformed() -> bool:
    return (
        torch._C._are_functorch_transforms_active()
        or torch.compiler.is_compiling()
        or torch.jit.is_tracing()
        or torch.is_autocast_enabled("cpu")
    )


def _first_samples(
    state: torch.Tensor | tuple[torch.Tensor, ...] | None, n_alive: int
) -> torch.Tensor | tuple[torch.Tensor, ...] | None:
    if isinstance(state, tuple):  # an LSTM's (hidden, cell)
        return tuple(part[:, :n_alive].contiguous() for part in state)
    return None if state is None else state[:, :n_alive].contiguous()


def reverse_time(x: torch.Tensor, lengths: torch.Tensor | None) -> torch.Tensor:
    """Reverse the valid steps of each sample; padding stays at the end."""
    if lengths is None:
        return x.flip(1)
    steps = torch.arange(x.shape[1], device=x.device)
    index = lengths[:, None] - 1 - steps  # (batch, time), negative in the padding
    index = torch.where(index < 0, steps, index)
    return x.gather(1, index[:, :, None].expand_as(x))  # (batch, time, feature)

"""One recurrent layer, and the choice of the code that runs it."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from ._pooling import last_valid

_FUSED = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
CELLS = tuple(_FUSED)
Segments = list[tuple[int, int]]
ACTIVATIONS = {"rnn": ("tanh", "relu"), "gru": ("tanh",), "lstm": ("tanh",)}


class RecurrentLayer(nn.Module):
    """A recurrent layer over right-padded batches, in one or both directions of time.

    ``kernel`` names the code that runs it; ``"fused"`` is torch's own layer. This
    class is the only place that chooses.

    Parameters
    ----------
    cell : {"rnn", "gru", "lstm"}
    input_size, hidden_size : int
    activation : {"tanh", "relu"}
        Of the hidden state; only the plain RNN takes "relu".
    bidirectional : bool
    dtype : torch.dtype
    """

    kernel = "fused"

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
        return layer(x)[0]
    outputs, first = [], 0
    state: torch.Tensor | tuple[torch.Tensor, ...] | None = None
    for n_alive, stop in segments:
        state = _first_samples(state, n_alive)
        output, state = layer(x[:n_alive, first:stop], state)
        missing = len(x) - n_alive
        outputs.append(functional.pad(output, (0, 0, 0, 0, 0, missing)))
        first = stop
    return torch.cat(outputs, dim=1)


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

"""A network that reads a window and decodes all steps that follow it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ._initial_weights import draw_layer
from ._layers import Segments
from ._mlp import MLPNetwork
from ._outline import LayerOutline, outline_of
from ._recurrent import RecurrentNetwork
from ._undrawn import undrawn

_CONTEXT = 8  # values that a network without a hidden layer gives to each step


class ForecastNetwork(nn.Module):
    """A trunk that reads the window, and a decoder of the steps after it.

    Every step is decoded from the state of the trunk after the newest row. Columns
    whose future is known enter at their own step, both linearly and together with a
    context that the trunk provides for each step [1]_.

    Parameters
    ----------
    cell : {"rnn", "gru", "lstm", "mlp"}
        The network that reads the window.
    window_length : int
        Longest window; the multi-layer perceptron puts zeros before shorter ones.
    horizon, n_targets, n_parameters : int
        Steps, targets of a step, parameters of the distribution of a target.
    n_future : int
        Columns whose future is known.
    **parts
        Parts of the trunk, see :class:`Architecture` and :class:`MLPNetwork`.

    Notes
    -----
    The layer that gives the forecast starts at zero: an untrained network forecasts
    the centre of the normalised window.

    References
    ----------
    .. [1] R. Wen et al., "A multi-horizon quantile recurrent forecaster", 2017,
       https://arxiv.org/abs/1711.11053.
    """

    def __init__(
        self,
        cell: str,
        n_features: int,
        hidden_layer_sizes: Sequence[int],
        *,
        window_length: int,
        horizon: int,
        n_targets: int,
        n_parameters: int = 1,
        n_future: int = 0,
        dtype: str = "float32",
        seed: int = 0,
        **parts: Any,
    ) -> None:
        super().__init__()
        self.horizon = horizon
        self.n_targets = n_targets
        self.n_parameters = n_parameters
        self.n_values = n_targets * n_parameters  # of a step
        sizes = tuple(hidden_layer_sizes) or (_CONTEXT,)
        self.n_context = sizes[-1] if n_future else 0
        width = self.n_values + self.n_context
        trunk: Any = WindowMLP if cell == "mlp" else RecurrentNetwork
        self.trunk = trunk(
            window_length if cell == "mlp" else cell,
            n_features,
            hidden_layer_sizes,
            horizon * width,
            dtype=dtype,
            seed=seed,
            **parts,
        )
        self.future = None
        if n_future:
            n_values = self.n_context, self.n_values
            self.future = FutureDecoder(n_future, *n_values, dtype, seed)
        self._start_at_zero()

    @torch.no_grad()
    def _start_at_zero(self) -> None:
        head = self.trunk.head
        width = self.n_values + self.n_context
        head.weight.view(self.horizon, width, -1)[:, : self.n_values] = 0
        head.bias.view(self.horizon, width)[:, : self.n_values] = 0

    @property
    def width(self) -> int:
        return self.trunk.width

    def is_worth_sharing(self, batch_size: int) -> bool:
        return self.trunk.is_worth_sharing(batch_size)

    def outline(self) -> list[LayerOutline]:
        """The layers, from the input on."""
        *hidden, head = self.trunk.outline()
        sizes = self.horizon, self.n_targets, self.n_parameters
        rows = [*hidden, outline_of("steps", head.kind, sizes, self.trunk.head)]
        if self.future is not None:
            rows.append(outline_of("known future", "Linear, tanh", sizes, self.future))
        return rows

    def forward(
        self,
        x: Tensor,
        future: Tensor | None = None,
        log_scale: Tensor | None = None,
        lengths: Tensor | None = None,
        segments: Segments | None = None,
    ) -> Tensor:
        # x (batch, time, feature)
        return self.decode(self.trunk(x, lengths, segments), future, log_scale)

    def decode(
        self, steps: Tensor, future: Tensor | None, log_scale: Tensor | None
    ) -> Tensor:
        """Forecasts from what the trunk computes, steps (batch, horizon * width)."""
        # future (batch, horizon, column), log_scale (batch, target)
        steps = steps.view(len(steps), self.horizon, -1)  # (batch, horizon, width)
        values = steps[..., : self.n_values]  # (batch, horizon, value)
        if self.future is not None and future is not None:
            values = values + self.future(future, steps[..., self.n_values :])
        if log_scale is not None:  # of the first parameter of each target
            shift = functional.pad(log_scale[..., None], (0, self.n_parameters - 1))
            values = values + shift.flatten(1)[:, None]  # (batch, 1, value)
        return values.flatten(1)  # (batch, horizon * target * parameter)


class FutureDecoder(nn.Module):
    """The contribution of the known future of a step to its forecast."""

    def __init__(
        self, n_future: int, n_context: int, n_values: int, dtype: str, seed: int
    ) -> None:
        super().__init__()
        kind = getattr(torch, dtype)
        self.linear = undrawn(nn.Linear, n_future, n_values, bias=False, dtype=kind)
        self.entry = undrawn(nn.Linear, n_future, n_context, bias=False, dtype=kind)
        self.mixed = undrawn(nn.Linear, n_context, n_values, bias=False, dtype=kind)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.mixed.weight)
        bound = n_future**-0.5
        generator = torch.Generator().manual_seed(seed)
        nn.init.uniform_(self.entry.weight, -bound, bound, generator=generator)

    def forward(self, future: Tensor, context: Tensor) -> Tensor:
        # future (batch, horizon, column), context (batch, horizon, context)
        hidden = torch.tanh(context + self.entry(future))  # (batch, horizon, context)
        return self.linear(future) + self.mixed(hidden)  # (batch, horizon, value)


class WindowMLP(nn.Module):
    """A multi-layer perceptron over all values of a window, the newest value last."""

    def __init__(
        self,
        window_length: int,
        n_features: int,
        hidden_layer_sizes: Sequence[int],
        n_outputs: int,
        *,
        activation: str = "tanh",
        seed: int,
        **options: Any,
    ) -> None:
        super().__init__()
        self.window_length = window_length
        sizes = window_length * n_features, hidden_layer_sizes, n_outputs
        self.network = MLPNetwork(*sizes, activation=activation, seed=seed, **options)
        random_state = np.random.RandomState(seed)
        with torch.no_grad():
            for layer in self.network.linear_layers():
                n_out, n_in = layer.weight.shape
                draws = draw_layer("glorot", n_in, n_out, activation, random_state)
                layer.weight.copy_(torch.from_numpy(draws[0].T))
                layer.bias.copy_(torch.from_numpy(draws[1]))

    @property
    def head(self) -> nn.Linear:
        return self.network.linear_layers()[-1]

    @property
    def width(self) -> int:
        return self.network.width

    def is_worth_sharing(self, batch_size: int) -> bool:
        return self.network.is_worth_sharing(batch_size)

    def outline(self) -> list[LayerOutline]:
        return self.network.outline()

    def forward(
        self, x: Tensor, lengths: Tensor | None = None, segments: Segments | None = None
    ) -> Tensor:
        # x (batch, time, feature), right-padded if there are lengths (batch,)
        n_missing = self.window_length - x.shape[1]
        x = functional.pad(x, (0, 0, n_missing, 0))  # (batch, window, feature)
        if lengths is not None:
            x = align_newest(x, self.window_length - n_missing - lengths)
        return self.network(x.flatten(1))


def align_newest(x: Tensor, shifts: Tensor) -> Tensor:
    """Move the rows of each sample to later steps, with zeros before them."""
    steps = torch.arange(x.shape[1], device=x.device)
    index = steps - shifts[:, None]  # (batch, time)
    moved = x.gather(1, index.clamp(min=0)[:, :, None].expand_as(x))
    return moved.masked_fill((index < 0)[:, :, None], 0)  # (batch, time, feature)

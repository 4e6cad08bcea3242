"""Losses of networks that forecast a distribution."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional

N_PARAMETERS = {"normal": 2, "student_t": 3, "negative_binomial": 2}
_SMALLEST = 1e-4  # of a deviation, in units of the normalised window

_LEAST_DISPERSION = 1e-8


class DistributionLoss(nn.Module):
    """Minus the log-likelihood, or the pinball losses of several quantiles.

    The mean over values (steps and targets) of the sum over samples, over a total.

    Parameters
    ----------
    loss : {"normal", "student_t", "negative_binomial", "quantile"}
        What the raw outputs of a value are the parameters of: mean and deviation;
        location, scale and degrees of freedom (over 2); mean (through its logarithm)
        and dispersion ``a``, the variance being ``mean + a * mean**2``; or the values
        at ``quantiles``.
    quantiles : sequence of float, default=(0.5,)
        In increasing order. They cannot cross: each is as far from the middle one as
        the one before, and further.
    """

    def __init__(self, loss: str, quantiles: tuple[float, ...] = (0.5,)) -> None:
        super().__init__()
        self.loss = loss
        self.quantiles = quantiles
        self.n_parameters = N_PARAMETERS.get(loss, len(quantiles))

    def forward(
        self,
        raw: torch.Tensor,
        y: torch.Tensor,
        weights: torch.Tensor | None,
        total: float,
    ) -> torch.Tensor:
        # raw (batch, value * parameter), y (batch, value), weights (batch,)
        losses = getattr(self, f"_{self.loss}")(self._constrained(raw), y)
        if weights is not None:
            losses = losses * weights[:, None]
        return losses.sum() / (total * y.shape[1])

    def reported(
        self,
        loss: torch.Tensor,
        raw: torch.Tensor,
        y: torch.Tensor,
        weights: torch.Tensor | None,
        total: float,
    ) -> torch.Tensor:
        """The loss to report where another is minimised."""
        return loss

    def predictions(self, raw: torch.Tensor) -> torch.Tensor:
        """The parameters that a raw output stands for, in the same shape."""
        return self._constrained(raw).flatten(1)

    def _constrained(self, raw: torch.Tensor) -> torch.Tensor:
        raw = raw.view(len(raw), -1, self.n_parameters)  # (batch, value, parameter)
        if self.loss == "quantile":
            return _ordered(raw)
        first, *others = raw.unbind(2)
        if self.loss == "negative_binomial":
            first = first.exp()
        smallest = _LEAST_DISPERSION if self.loss == "negative_binomial" else _SMALLEST
        positive = [functional.softplus(other) + smallest for other in others]
        if self.loss == "student_t":
            positive[1] = positive[1] + 2
        return torch.stack([first, *positive], dim=2)

    def _normal(self, parameters: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        mean, deviation = parameters.unbind(2)
        constant = math.log(2 * math.pi) / 2
        return 0.5 * ((y - mean) / deviation) ** 2 + deviation.log() + constant

    def _student_t(self, parameters: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        location, scale, freedom = parameters.unbind(2)
        half = 0.5 * (freedom + 1)
        z = (y - location) / scale
        norm = torch.lgamma(half) - torch.lgamma(0.5 * freedom)
        norm = norm - 0.5 * torch.log(torch.pi * freedom) - scale.log()
        return half * torch.log1p(z**2 / freedom) - norm

    def _negative_binomial(
        self, parameters: torch.Tensor, y: torch.Tensor
    ) -> torch.Tensor:
        if y.device.type != "mps":  # which has no float64, that large counts want
            parameters, y = parameters.double(), y.double()
        mean, dispersion = parameters.unbind(2)
        size = 1 / dispersion
        total = size + mean
        likelihood = torch.lgamma(y + size) - torch.lgamma(size) - torch.lgamma(y + 1)
        likelihood = likelihood + size * (size / total).log()
        return -(likelihood + torch.xlogy(y, mean / total))

    def _quantile(self, parameters: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        levels = parameters.new_tensor(self.quantiles)
        error = y[:, :, None] - parameters  # (batch, value, quantile)
        return torch.maximum(levels * error, (levels - 1) * error).mean(dim=2)


def _ordered(raw: torch.Tensor) -> torch.Tensor:
    """Values in increasing order: the middle one, and positive steps from it."""
    middle = raw.shape[2] // 2
    steps = functional.softplus(raw)
    center = raw[..., middle : middle + 1]  # (batch, value, 1)
    above = center + steps[..., middle + 1 :].cumsum(dim=2)
    below = center - steps[..., :middle].flip(2).cumsum(dim=2).flip(2)
    return torch.cat([below, center, above], dim=2)

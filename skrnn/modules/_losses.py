"""Losses of the raw output of a network, in scikit-learn's words."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional


def _squared_error(raw: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return 0.5 * (raw - y) ** 2


def _absolute_error(raw: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return (raw - y).abs()


def _huber(raw: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return functional.huber_loss(raw, y, reduction="none", delta=1.0)


def _poisson(raw: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return torch.xlogy(y, y) - y * raw - y + raw.exp()  # half the deviance, log link


_ELEMENTWISE: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "squared_error": _squared_error,
    "absolute_error": _absolute_error,
    "huber": _huber,
    "poisson": _poisson,
}
LOSSES = tuple(_ELEMENTWISE)


class PointLoss(nn.Module):
    """Mean over samples, times their weights, and over outputs of a loss per value.

    Parameters
    ----------
    loss : {"squared_error", "absolute_error", "huber", "poisson"}
        Squared error is halved, as in scikit-learn; Huber turns from squared to
        absolute at an error of 1; Poisson is half the deviance with a log link, that
        is, the network's output is the logarithm of the prediction.
    """

    def __init__(self, loss: str) -> None:
        super().__init__()
        self.elementwise = _ELEMENTWISE[loss]
        self.has_log_link = loss == "poisson"

    def forward(
        self, raw: torch.Tensor, y: torch.Tensor, weights: torch.Tensor | None = None
    ) -> torch.Tensor:
        # raw, y (batch, output); weights (batch,), 1 on average
        values = self.elementwise(raw, y)
        if weights is None:
            return values.mean()
        return (values.mean(dim=1) * weights).mean()

    def predictions(self, raw: torch.Tensor) -> torch.Tensor:
        """The prediction that a raw output stands for."""
        return raw.exp() if self.has_log_link else raw

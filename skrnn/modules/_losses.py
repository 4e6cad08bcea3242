"""Losses of the raw output of a network, in scikit-learn's words."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional


class _Loss(NamedTuple):
    """A loss per value, and its derivative by the raw output."""

    value: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
    slope: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def _poisson(raw: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return torch.xlogy(y, y) - y * raw - y + raw.exp()  # half the deviance, log link


def _huber(raw: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return functional.huber_loss(raw, y, reduction="none", delta=1.0)


_LOSSES = {
    "squared_error": _Loss(lambda raw, y: 0.5 * (raw - y) ** 2, torch.sub),
    "absolute_error": _Loss(
        lambda raw, y: (raw - y).abs(), lambda raw, y: (raw - y).sign()
    ),
    "huber": _Loss(_huber, lambda raw, y: (raw - y).clamp(-1, 1)),
    "poisson": _Loss(_poisson, lambda raw, y: raw.exp() - y),
}
LOSSES = (*_LOSSES, "quantile")


def _pinball(quantile: float) -> _Loss:
    def value(raw: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return torch.maximum(quantile * (y - raw), (quantile - 1) * (y - raw))

    def slope(raw: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return (raw - y).sign().add_(1).mul_(0.5).sub_(quantile)

    return _Loss(value, slope)


class PointLoss(nn.Module):
    """Sum over samples, times their weights, of a loss per value, over a total.

    Parameters
    ----------
    loss : {"squared_error", "absolute_error", "huber", "poisson", "quantile"}
        Squared error is halved, as in scikit-learn; Huber turns from squared to
        absolute at an error of 1; Poisson is half the deviance with a log link, that
        is, the network's output is the logarithm of the prediction; quantile is the
        pinball loss.
    quantile : float, default=0.5
        The quantile that "quantile" learns, in (0, 1).
    sums_outputs : bool, default=False
        Whether the losses of several outputs are added up, and not averaged. That is
        what scikit-learn's MLPs minimise, but of squared errors they report the mean.
    """

    def __init__(
        self, loss: str, quantile: float = 0.5, *, sums_outputs: bool = False
    ) -> None:
        super().__init__()
        self.loss = _pinball(quantile) if loss == "quantile" else _LOSSES[loss]
        self.has_log_link = loss == "poisson"
        self.sums_outputs = sums_outputs
        self.reports_mean = sums_outputs and loss == "squared_error"

    def forward(
        self,
        raw: torch.Tensor,
        y: torch.Tensor,
        weights: torch.Tensor | None,
        total: float,
    ) -> torch.Tensor:
        # raw, y (batch, output); weights (batch,)
        values = self.loss.value(raw, y)
        if weights is not None:
            values = values * weights[:, None]
        return values.sum() / self._divisor(raw, total)

    def with_slopes(
        self,
        raw: torch.Tensor,
        y: torch.Tensor,
        weights: torch.Tensor | None,
        total: float,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The loss to report, and the gradient (batch, output) of the minimised."""
        slopes = self.loss.slope(raw, y).div_(self._divisor(raw, total))
        if weights is not None:
            slopes.mul_(weights[:, None])
        loss = self(raw, y, weights, total)
        return self.reported(loss, raw, y, weights, total), slopes

    def _divisor(self, raw: torch.Tensor, total: float) -> float:
        return total if self.sums_outputs else total * raw.shape[1]

    def reported(
        self,
        loss: torch.Tensor,
        raw: torch.Tensor,
        y: torch.Tensor,
        weights: torch.Tensor | None,
        total: float,
    ) -> torch.Tensor:
        """The loss to report where another is minimised."""
        return loss / raw.shape[1] if self.reports_mean else loss

    def predictions(self, raw: torch.Tensor) -> torch.Tensor:
        """The prediction that a raw output stands for."""
        return raw.exp() if self.has_log_link else raw

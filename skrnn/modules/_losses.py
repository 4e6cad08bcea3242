"""Losses of point predictions, classes and distributions.

All are called as ``loss(raw, y, weights, total)``: raw outputs (batch, output) of a
network, targets with as many columns, weights (batch,) or None. The losses of the
samples, times their weights, are summed and divided by ``total``. ``reported`` is the
loss to report, if it differs from the minimised one; ``predictions`` decodes raw
outputs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

N_PARAMETERS = {"normal": 2, "student_t": 3, "negative_binomial": 2}
_SMALLEST = 1e-4  # of a deviation, in units of the normalised window
_LEAST_DISPERSION = 1e-8


# functions with names, so that nets can be copied and pickled
def _squared(raw: Tensor, y: Tensor) -> Tensor:
    return 0.5 * (raw - y) ** 2


def _absolute(raw: Tensor, y: Tensor) -> Tensor:
    return (raw - y).abs()


def _poisson(raw: Tensor, y: Tensor) -> Tensor:
    return torch.xlogy(y, y) - y * raw - y + raw.exp()  # half the deviance, log link


def _huber(raw: Tensor, y: Tensor) -> Tensor:
    return functional.huber_loss(raw, y, reduction="none", delta=1.0)


def _pinball(raw: Tensor, y: Tensor, quantile: float) -> Tensor:
    return torch.maximum(quantile * (y - raw), (quantile - 1) * (y - raw))


_LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "squared_error": _squared,
    "absolute_error": _absolute,
    "huber": _huber,
    "poisson": _poisson,
}
LOSSES = (*_LOSSES, "quantile")


class PointLoss(nn.Module):
    """A loss of each value, averaged over the outputs.

    Squared error is halved, as in scikit-learn; Huber turns from squared to absolute at
    an error of 1; Poisson is half the deviance with a log link, so the raw output is
    the logarithm of the prediction; ``quantile`` is the quantile of the pinball loss.
    With ``sums_outputs`` the losses of the outputs are summed: scikit-learn's MLPs
    minimise the sum, but report the mean of squared errors.
    """

    def __init__(
        self, loss: str, quantile: float = 0.5, *, sums_outputs: bool = False
    ) -> None:
        super().__init__()
        self.name = loss
        self.quantile = quantile
        is_quantile = loss == "quantile"
        self.loss = (
            partial(_pinball, quantile=quantile) if is_quantile else _LOSSES[loss]
        )
        self.has_log_link = loss == "poisson"
        self.sums_outputs = sums_outputs
        self.reports_mean = sums_outputs and loss == "squared_error"

    def forward(
        self, raw: Tensor, y: Tensor, weights: Tensor | None, total: float
    ) -> Tensor:
        values = self.loss(raw, y)
        if weights is not None:
            values = values * weights[:, None]
        return values.sum() / self._divisor(raw, total)

    def _divisor(self, raw: Tensor, total: float) -> float:
        return total if self.sums_outputs else total * raw.shape[1]

    def reported(self, loss: Tensor, raw: Tensor, *targets: Any) -> Tensor:
        return loss / raw.shape[1] if self.reports_mean else loss

    def predictions(self, raw: Tensor) -> Tensor:
        return raw.exp() if self.has_log_link else raw


class LogLoss(nn.Module):
    """The cross-entropy of a classifier, whose targets are 0 or 1.

    With one class per sample (``is_exclusive``) a softmax turns the outputs into
    probabilities. Independent yes-or-no outputs (two classes, or several labels) go
    through a logistic function each, and their losses are summed. ``label_smoothing``
    is the share of each target that is spread evenly over the classes. If it ``clips``,
    probabilities stay an epsilon away from 0 and 1, as with scikit-learn's MLPs in the
    loss, but not in its gradient. Predictions are the scores themselves.
    """

    def __init__(
        self, is_exclusive: bool, label_smoothing: float = 0.0, *, clips: bool = False
    ) -> None:
        super().__init__()
        self.is_exclusive = is_exclusive
        self.label_smoothing = label_smoothing
        self.clips = clips

    def forward(
        self, raw: Tensor, y: Tensor, weights: Tensor | None, total: float
    ) -> Tensor:
        y = self._smoothed(y)
        if self.is_exclusive:
            losses = functional.cross_entropy(raw, y, reduction="none")  # (batch,)
        else:
            losses = functional.binary_cross_entropy_with_logits(
                raw, y, reduction="none"
            ).sum(dim=1)  # (batch,)
        return (losses if weights is None else losses * weights).sum() / total

    def _clipped(
        self, raw: Tensor, y: Tensor, weights: Tensor | None, total: float
    ) -> Tensor:
        """The loss of probabilities that are an epsilon away from 0 and 1."""
        y = self._smoothed(y)
        p = raw.softmax(dim=1) if self.is_exclusive else raw.sigmoid()
        smallest = torch.finfo(p.dtype).eps
        p = p.clamp(smallest, 1 - smallest)
        gains = y * p.log()
        if not self.is_exclusive:
            gains = gains + (1 - y) * (-p).log1p()
        gains = gains.sum(dim=1)  # (batch,)
        return (gains if weights is None else gains * weights).sum() / -total

    def reported(self, loss: Tensor, raw: Tensor, *targets: Any) -> Tensor:
        return self._clipped(raw.detach(), *targets) if self.clips else loss

    def _smoothed(self, y: Tensor) -> Tensor:
        if not self.label_smoothing:
            return y
        n_classes = y.shape[1] if self.is_exclusive else 2
        return y * (1 - self.label_smoothing) + self.label_smoothing / n_classes

    def predictions(self, raw: Tensor) -> Tensor:
        return raw


class DistributionLoss(nn.Module):
    """The negative log-likelihood, or the pinball losses of several quantiles.

    Raw outputs are (batch, value * parameter), where values are steps and targets; the
    losses are averaged over the values. Predictions are the parameters: "normal" has
    mean and deviation; "student_t" location, scale and degrees of freedom (over 2);
    "negative_binomial" mean (through its logarithm) and dispersion ``a``, where the
    variance is ``mean + a * mean**2``; "quantile" the values at the ``quantiles``, in
    increasing order. Quantiles cannot cross: each is its neighbour nearer to the
    middle, plus or minus a positive step.
    """

    def __init__(self, loss: str, quantiles: tuple[float, ...] = (0.5,)) -> None:
        super().__init__()
        self.loss = loss
        self.quantiles = quantiles
        self.n_parameters = N_PARAMETERS.get(loss, len(quantiles))

    def forward(
        self, raw: Tensor, y: Tensor, weights: Tensor | None, total: float
    ) -> Tensor:
        losses = getattr(self, f"_{self.loss}")(self._constrained(raw), y)
        if weights is not None:
            losses = losses * weights[:, None]
        return losses.sum() / (total * y.shape[1])

    def reported(self, loss: Tensor, raw: Tensor, *targets: Any) -> Tensor:
        return loss

    def predictions(self, raw: Tensor) -> Tensor:
        return self._constrained(raw).flatten(1)

    def _constrained(self, raw: Tensor) -> Tensor:
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

    def _normal(self, parameters: Tensor, y: Tensor) -> Tensor:
        mean, deviation = parameters.unbind(2)
        constant = math.log(2 * math.pi) / 2
        return 0.5 * ((y - mean) / deviation) ** 2 + deviation.log() + constant

    def _student_t(self, parameters: Tensor, y: Tensor) -> Tensor:
        location, scale, freedom = parameters.unbind(2)
        half = 0.5 * (freedom + 1)
        z = (y - location) / scale
        norm = torch.lgamma(half) - torch.lgamma(0.5 * freedom)
        norm = norm - 0.5 * torch.log(torch.pi * freedom) - scale.log()
        return half * torch.log1p(z**2 / freedom) - norm

    def _negative_binomial(self, parameters: Tensor, y: Tensor) -> Tensor:
        if y.device.type != "mps":  # which lacks float64, needed for large counts
            parameters, y = parameters.double(), y.double()
        mean, dispersion = parameters.unbind(2)
        size = 1 / dispersion
        total = size + mean
        likelihood = torch.lgamma(y + size) - torch.lgamma(size) - torch.lgamma(y + 1)
        likelihood = likelihood + size * (size / total).log()
        return -(likelihood + torch.xlogy(y, mean / total))

    def _quantile(self, parameters: Tensor, y: Tensor) -> Tensor:
        levels = parameters.new_tensor(self.quantiles)
        error = y[:, :, None] - parameters  # (batch, value, quantile)
        return torch.maximum(levels * error, (levels - 1) * error).mean(dim=2)


def _ordered(raw: Tensor) -> Tensor:
    """Values in increasing order: the middle one, and positive steps from it."""
    middle = raw.shape[2] // 2
    steps = functional.softplus(raw)
    center = raw[..., middle : middle + 1]  # (batch, value, 1)
    above = center + steps[..., middle + 1 :].cumsum(dim=2)
    below = center - steps[..., :middle].flip(2).cumsum(dim=2).flip(2)
    return torch.cat([below, center, above], dim=2)

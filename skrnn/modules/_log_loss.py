"""The loss of a classifier."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


class LogLoss(nn.Module):
    """Sum over samples of the cross-entropy, times their weights, over a total.

    Parameters
    ----------
    is_exclusive : bool
        True for one class a sample: the outputs are the scores of the classes, turned
        into probabilities by a softmax. False for independent yes-or-no outputs (two
        classes, or several labels at once), each through a logistic function; their
        losses are added up.
    label_smoothing : float, default=0.0
        Share of each target that is spread evenly over the classes, in [0, 1).
    """

    def __init__(self, is_exclusive: bool, label_smoothing: float = 0.0) -> None:
        super().__init__()
        self.is_exclusive = is_exclusive
        self.label_smoothing = label_smoothing

    def forward(
        self,
        raw: torch.Tensor,
        y: torch.Tensor,
        weights: torch.Tensor | None,
        total: float,
    ) -> torch.Tensor:
        # raw, y (batch, output), y being 0 or 1; weights (batch,)
        y = self._smoothed(y)
        if self.is_exclusive:
            losses = functional.cross_entropy(raw, y, reduction="none")  # (batch,)
        else:
            losses = functional.binary_cross_entropy_with_logits(
                raw, y, reduction="none"
            ).sum(dim=1)  # (batch,)
        return (losses if weights is None else losses * weights).sum() / total

    @torch.no_grad()
    def with_slopes(
        self,
        raw: torch.Tensor,
        y: torch.Tensor,
        weights: torch.Tensor | None,
        total: float,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The loss, and its gradient by the raw outputs (batch, output)."""
        if not self.is_exclusive:
            loss = self(raw, y, weights, total)
            slopes = raw.sigmoid().sub_(self._smoothed(y))
        else:
            y = self._smoothed(y)
            log_p = raw.log_softmax(dim=1)
            target = y if weights is None else y * weights[:, None]
            loss = torch.dot(log_p.view(-1), target.view(-1)).div_(-total)
            slopes = log_p.exp_().sub_(y)
        slopes.div_(total)
        return loss, slopes if weights is None else slopes.mul_(weights[:, None])

    def _smoothed(self, y: torch.Tensor) -> torch.Tensor:
        if not self.label_smoothing:
            return y
        n_classes = y.shape[1] if self.is_exclusive else 2
        return y * (1 - self.label_smoothing) + self.label_smoothing / n_classes

    def reported(self, loss: torch.Tensor, raw: torch.Tensor) -> torch.Tensor:
        """The loss to report: the one that is minimised."""
        return loss

    def predictions(self, raw: torch.Tensor) -> torch.Tensor:
        """The scores themselves, from which all else is taken."""
        return raw

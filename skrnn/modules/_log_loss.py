"""The loss of a classifier."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


class LogLoss(nn.Module):
    """Mean over samples of the cross-entropy of class scores, times their weights.

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
        self, raw: torch.Tensor, y: torch.Tensor, weights: torch.Tensor | None = None
    ) -> torch.Tensor:
        # raw, y (batch, output), y being 0 or 1; weights (batch,), 1 on average
        if self.label_smoothing:
            n_classes = y.shape[1] if self.is_exclusive else 2
            y = y * (1 - self.label_smoothing) + self.label_smoothing / n_classes
        if self.is_exclusive:
            losses = functional.cross_entropy(raw, y, reduction="none")  # (batch,)
        else:
            losses = functional.binary_cross_entropy_with_logits(
                raw, y, reduction="none"
            ).sum(dim=1)  # (batch,)
        return losses.mean() if weights is None else (losses * weights).mean()

    def predictions(self, raw: torch.Tensor) -> torch.Tensor:
        """The scores themselves, from which all else is taken."""
        return raw

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
    clips : bool, default=False
        Whether to take probabilities as no nearer to 0 and 1 than the float's epsilon,
        as scikit-learn's MLPs do in the loss, though not in its gradient.
    """

    def __init__(
        self, is_exclusive: bool, label_smoothing: float = 0.0, *, clips: bool = False
    ) -> None:
        super().__init__()
        self.is_exclusive = is_exclusive
        self.label_smoothing = label_smoothing
        self.clips = clips

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

    def with_slopes(
        self,
        raw: torch.Tensor,
        y: torch.Tensor,
        weights: torch.Tensor | None,
        total: float,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The clipped loss, and the gradient (batch, output) of the minimised one."""
        y = self._smoothed(y)
        p = raw.softmax(dim=1) if self.is_exclusive else raw.sigmoid()
        smallest = torch.finfo(p.dtype).eps
        clipped = p.clamp(smallest, 1 - smallest)
        target = y if weights is None else y * weights[:, None]
        gain = torch.dot(target.view(-1), clipped.log().view(-1))
        if not self.is_exclusive:
            other = 1 - y if weights is None else (1 - y) * weights[:, None]
            gain += torch.dot(other.view(-1), clipped.neg_().log1p_().view(-1))
        slopes = p.sub_(y).div_(total)
        if weights is not None:
            slopes.mul_(weights[:, None])
        return gain.div_(-total), slopes

    def reported(
        self,
        loss: torch.Tensor,
        raw: torch.Tensor,
        y: torch.Tensor,
        weights: torch.Tensor | None,
        total: float,
    ) -> torch.Tensor:
        """The loss to report where another is minimised."""
        if not self.clips:
            return loss
        return self.with_slopes(raw.detach(), y, weights, total)[0]

    def _smoothed(self, y: torch.Tensor) -> torch.Tensor:
        if not self.label_smoothing:
            return y
        n_classes = y.shape[1] if self.is_exclusive else 2
        return y * (1 - self.label_smoothing) + self.label_smoothing / n_classes

    def predictions(self, raw: torch.Tensor) -> torch.Tensor:
        """The scores themselves, from which all else is taken."""
        return raw

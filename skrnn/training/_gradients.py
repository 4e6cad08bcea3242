"""Loss and gradient of a batch, with scikit-learn's L2 penalty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ._processes import ALONE, Processes


@dataclass(eq=False)
class Gradients:
    """Computes losses, and writes their gradients into the parameters of a module.

    Parameters
    ----------
    module, criterion : Module
    alpha : float
        Strength of the L2 penalty ``alpha / 2 * sum(W**2)``, divided by the weight of
        the batch, on the weight matrices.
    processes : Processes, default=ALONE
        If there are several, each process computes a share of every batch.
    """

    module: Any
    criterion: Any
    alpha: float
    processes: Processes = ALONE

    def __post_init__(self) -> None:
        matrices = _penalised(self.module)
        self.matrices = [(p, p.detach(), p.detach().view(-1)) for p in matrices]

    def compute(self, inputs: Any, targets: Any) -> tuple[torch.Tensor, torch.Tensor]:
        """The loss with the penalty, and the outputs (of the share of this process)."""
        if self.processes.count > 1:
            loss, raw = self._of_all_shares(inputs, targets)
        else:
            loss, raw = self._of_share(inputs, targets)
        strength = self.alpha / targets[2]
        self._decay(strength)
        # detached: the loss is kept to the end of the epoch, its graph is not
        return self.add_penalty(loss.detach(), strength), raw

    def _decay(self, strength: float) -> None:
        """Add the gradient of the penalty."""
        for parameter, values, _ in self.matrices if strength else []:
            if parameter.grad is not None:  # None if a callback has frozen it
                parameter.grad.add_(values, alpha=strength)

    def add_penalty(self, loss: torch.Tensor, strength: float) -> torch.Tensor:
        """The loss with the penalty."""
        for _, _, flat in self.matrices if strength else []:
            loss = torch.add(loss, torch.dot(flat, flat), alpha=0.5 * strength)
        return loss

    def _of_share(self, inputs: Any, targets: Any) -> tuple[torch.Tensor, torch.Tensor]:
        """Loss without the penalty, and outputs, of the samples in this process."""
        criterion = self.criterion
        raw = self.module(**inputs)
        minimised = criterion(raw, *targets)
        minimised.backward()
        with torch.no_grad():
            return criterion.reported(minimised, raw, *targets), raw

    def _of_all_shares(
        self, inputs: Any, targets: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Loss and gradient of the whole batch, and outputs of this process's share."""
        raw = targets[0]
        loss = raw.new_zeros(())
        if len(raw):  # the last batch may have fewer samples than there are processes
            loss, raw = self._of_share(inputs, targets)
        parameters = [p for p in self.module.parameters() if p.requires_grad]
        gradients = [gradient_of(parameter).flatten() for parameter in parameters]
        flat = torch.cat([*gradients, loss.detach().to(gradients[0]).view(1)])
        self.processes.sum_in_place(flat)  # all of them in one go
        parts = flat[:-1].split([parameter.numel() for parameter in parameters])
        for parameter, part in zip(parameters, parts, strict=True):
            parameter.grad = part.view_as(parameter)
        return flat[-1].clone(), raw  # a view would keep the gradients


def gradient_of(parameter: nn.Parameter) -> torch.Tensor:
    """The gradient; zero if the loss does not depend on the parameter."""
    gradient = parameter.grad
    return torch.zeros_like(parameter.detach()) if gradient is None else gradient


def _penalised(module: nn.Module) -> list[nn.Parameter]:
    """The weight matrices, without biases and embeddings."""
    layers = [m for m in module.modules() if not isinstance(m, nn.Embedding)]
    parameters = [p for m in layers for p in m.parameters(recurse=False)]
    return [p for p in parameters if p.ndim > 1]

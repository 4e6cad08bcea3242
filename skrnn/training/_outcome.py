"""How training went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Ending:
    """How training ended: "converged", "max_iter", "interrupted" or "failed".

    ``loss`` is the last one where no epoch tells it, ``message`` what a solver says.
    """

    kind: str
    loss: float | None = None
    message: str = ""


@dataclass(frozen=True)
class Outcome:
    """The ending, and the figures of each epoch."""

    ending: Ending
    losses: list[float]
    scores: list[float]

    @property
    def loss(self) -> float | None:
        return self.losses[-1] if self.losses else self.ending.loss


def outcome_of(ending: Ending, epochs: Any) -> Outcome:
    """The outcome, from the epochs of a history."""
    return Outcome(
        ending,
        [epoch["train_loss"] for epoch in epochs if "train_loss" in epoch],
        [epoch["valid_score"] for epoch in epochs if "valid_score" in epoch],
    )

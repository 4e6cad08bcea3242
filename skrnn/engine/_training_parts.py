"""Losses and solvers in the words of the package, for the library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._structures import (
    LOSSES,
    SOLVERS,
    LossStructure,
    Pointers,
    Shape,
    SolverStructure,
)


@dataclass(frozen=True)
class LossPart:
    """A loss, see ``losses.h``."""

    name: str
    quantile: float = 0.5
    label_smoothing: float = 0.0
    clips: bool = False
    is_sum: bool = False
    reports_mean: bool = False

    def structure(self) -> LossStructure:
        return LossStructure(
            kind=LOSSES.index(self.name),
            quantile=self.quantile,
            label_smoothing=self.label_smoothing,
            clips=self.clips,
            is_sum=self.is_sum,
            reports_mean=self.reports_mean,
        )


@dataclass
class SolverPart:
    """A solver with its state, see ``solvers.h``."""

    name: str
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    decay: float = 0.0
    corrects_epsilon: bool = False
    momentum: float = 0.0
    is_nesterov: bool = False
    rescales: bool = False
    alpha: float = 0.0
    max_norm: float = 0.0
    n_steps: int = 0
    last_rate: float = 0.0
    first: Sequence[np.ndarray] = ()
    second: Sequence[np.ndarray] = ()

    @property
    def states(self) -> dict[str, Sequence[np.ndarray]]:
        """The arrays that its steps change, by name."""
        if self.name in ("adam", "adamw"):
            return {"first": self.first, "second": self.second}
        return {"first": self.first} if self.name == "sgd" and self.momentum else {}

    def structure(self, dtype: Any, shapes: list[Shape]) -> SolverStructure:
        fields = {**vars(self), "kind": SOLVERS.index(self.name)}
        for name in ("name", "first", "second"):
            del fields[name]
        for name, arrays in self.states.items():
            fields[name] = Pointers(arrays, dtype, shapes, writes=True)
        return SolverStructure(**fields)

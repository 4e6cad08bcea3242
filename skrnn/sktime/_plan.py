"""What decides the shape of a network and of its data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import torch

from ..modules import N_PARAMETERS, Architecture, DistributionLoss, PointLoss

POINT_LOSSES = ("squared_error", "absolute_error", "huber")
LOSSES = (*POINT_LOSSES, *N_PARAMETERS, "quantile")


@dataclass(frozen=True)
class Plan:
    """What decides the shape of a network and of its data."""

    cell: str
    hidden_layer_sizes: tuple[int, ...]
    activation: str
    dropout: float
    window_length: int
    step_length: int
    horizon: int
    n_targets: int
    future: tuple[int, ...]  # columns of a row whose future is known
    n_columns: int
    loss: str
    quantiles: tuple[float, ...]
    normalize: str | None
    dtype: str
    parts: dict[str, Any] = field(default_factory=dict)  # else, of a recurrent trunk

    def check(self) -> None:
        """Raise if there is no such loss or dtype, as a file may say."""
        if self.loss not in LOSSES:
            raise ValueError(f"loss is {self.loss!r}, expected one of {LOSSES}")
        if self.dtype not in ("float32", "float64"):
            raise ValueError(f"dtype is {self.dtype!r}, expected float32 or float64")

    def described(self) -> dict[str, Any]:
        """What decides the network, by name, its parts among the others."""
        own = asdict(self)
        parts = own.pop("parts")
        if self.cell == "mlp":
            return own
        return {**asdict(Architecture(self.cell, **parts)), **own}

    @property
    def is_point(self) -> bool:
        return self.loss in POINT_LOSSES

    @property
    def n_parameters(self) -> int:
        if self.loss == "quantile":
            return len(self.quantiles)
        return N_PARAMETERS.get(self.loss, 1)

    def module_params(self, seed: int) -> dict[str, Any]:
        """Arguments of the network."""
        return {
            "cell": self.cell,
            "n_features": self.n_columns,
            "hidden_layer_sizes": self.hidden_layer_sizes,
            "window_length": self.window_length,
            "horizon": self.horizon,
            "n_targets": self.n_targets,
            "n_parameters": self.n_parameters,
            "n_future": len(self.future),
            "activation": self.activation,
            "dropout": self.dropout,
            "dtype": self.dtype,
            "seed": seed,
            **self.parts,
        }

    def new_loss(self) -> torch.nn.Module:
        """What is minimised."""
        if self.is_point:
            return PointLoss(self.loss)
        return DistributionLoss(self.loss, self.quantiles)

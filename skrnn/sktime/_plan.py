"""The plan of a network and its data, from parameters and series."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from sktime.forecasting.base import ForecastingHorizon

from ..estimators import architecture_of, check_layer_sizes
from ..modules import N_PARAMETERS, Architecture, DistributionLoss, PointLoss
from ._history import History
from ._request import request_of

POINT_LOSSES = ("squared_error", "absolute_error", "huber")
LOSSES = (*POINT_LOSSES, *N_PARAMETERS, "quantile")
_IN_PLAN = ("cell", "activation", "dropout")  # parts that are fields of a plan
_OF_MODULE = (
    "cell",
    "hidden_layer_sizes",
    "activation",
    "dropout",
    "window_length",
    "horizon",
    "n_targets",
    "n_parameters",
    "dtype",
)


@dataclass(frozen=True)
class Plan:
    """Everything that determines the shape of a network and of its data.

    ``future`` holds the columns of a row whose future is known; ``parts`` holds the
    other parts of a recurrent network.
    """

    cell: str
    hidden_layer_sizes: tuple[int, ...]
    activation: str
    dropout: float
    window_length: int
    step_length: int
    horizon: int
    n_targets: int
    future: tuple[int, ...]
    n_columns: int
    loss: str
    quantiles: tuple[float, ...]
    normalize: str | None
    dtype: str
    parts: dict[str, Any] = field(default_factory=dict)

    def check(self) -> None:
        """Raise if the loss or dtype is unknown, because a file may name any."""
        if self.loss not in LOSSES:
            raise ValueError(f"loss is {self.loss!r}, expected one of {LOSSES}")
        if self.dtype not in ("float32", "float64"):
            raise ValueError(f"dtype is {self.dtype!r}, expected float32 or float64")

    def described(self) -> dict[str, Any]:
        """Everything that determines the network, by name."""
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
        """Arguments of a ``ForecastNetwork``."""
        return {
            **{name: getattr(self, name) for name in _OF_MODULE},
            "n_features": self.n_columns,
            "n_future": len(self.future),
            "seed": seed,
            **self.parts,
        }

    def new_loss(self) -> torch.nn.Module:
        """The loss to minimise."""
        if self.is_point:
            return PointLoss(self.loss)
        return DistributionLoss(self.loss, self.quantiles)


def plan_of(
    forecaster: Any,
    history: History,
    fh: ForecastingHorizon | None,
    horizon: int | None = None,
) -> Plan:
    """The plan for the parameters and the data; raise if they do not fit."""
    loss, n_targets = forecaster.loss, history.y.shape[1]
    if loss == "negative_binomial":
        check_counts(history)
    n_covariates = len(history.X_names)
    past = _past_columns(forecaster.past_columns, history)
    sizes = _layer_sizes(forecaster)
    return Plan(
        cell=forecaster._cell,
        hidden_layer_sizes=sizes,
        activation=forecaster.activation,
        dropout=float(forecaster.dropout),
        window_length=int(forecaster.window_length),
        step_length=int(forecaster.step_length),
        horizon=horizon or _horizon(forecaster, history, fh),
        n_targets=n_targets,
        future=tuple(n_targets + i for i in range(n_covariates) if i not in past),
        n_columns=n_targets + n_covariates,
        loss=loss,
        quantiles=_quantiles(forecaster.quantiles) if loss == "quantile" else (0.5,),
        normalize=forecaster.normalize,
        dtype=np.dtype(forecaster.dtype).name,
        parts=_parts(forecaster, sizes),
    )


def check_same(mine: dict[str, Any], pretrained: dict[str, Any]) -> None:
    """Raise if data and parameters need another network than the pretrained one."""
    differences = [
        f"{name}={mine[name]!r} (pretrained: {theirs!r})"
        for name, theirs in pretrained.items()
        if mine[name] != theirs
    ]
    if differences:
        raise ValueError(
            "the data or parameters need another network than the pretrained one: "
            f"{', '.join(differences)}. Use the same columns and parameters, or a new "
            "forecaster"
        )


def _parts(forecaster: Any, sizes: tuple[int, ...]) -> dict[str, Any]:
    if forecaster._cell == "mlp":
        return {}
    parts = asdict(architecture_of(forecaster, sizes, int(forecaster.window_length)))
    return {name: parts[name] for name in parts if name not in _IN_PLAN}


def _layer_sizes(forecaster: Any) -> tuple[int, ...]:
    fewest = 0 if forecaster._cell == "mlp" else 1
    return check_layer_sizes(forecaster.hidden_layer_sizes, fewest)


def _horizon(forecaster: Any, history: History, fh: ForecastingHorizon | None) -> int:
    """Steps decoded at once."""
    longest = int(history.sizes.max())
    if forecaster.horizon != "auto":
        horizon = int(forecaster.horizon)
        if longest < horizon + 1:
            raise ValueError(
                f"horizon={horizon} needs a series of {horizon + 1} rows or more to "
                f"learn from, but the longest has {longest}; lower horizon (longer "
                "forecasts are then rolled forward), or pass longer series"
            )
        return horizon
    if fh is None:
        return 1
    return max(1, min(request_of(fh, history).n_ahead, longest // 2))


def _past_columns(names: Any, history: History) -> set[int]:
    """Places of the covariates whose future is not known."""
    if names is None:
        return set()
    unknown = [name for name in names if name not in history.X_names]
    if unknown:
        raise ValueError(
            f"past_columns names {unknown}, which are not columns of X: "
            f"{history.X_names}"
        )
    return {history.X_names.index(name) for name in names}


def _quantiles(levels: Any) -> tuple[float, ...]:
    array = np.asarray(levels, dtype=np.float64)
    if array.ndim != 1 or len(array) == 0 or not ((array > 0) & (array < 1)).all():
        raise ValueError(f"quantiles must lie between 0 and 1, got {levels!r}")
    array = np.unique(array)
    if len(array) % 2 == 0 or len(array) < 3 or array[len(array) // 2] != 0.5:
        raise ValueError(
            "quantiles must be three or more with 0.5 in their middle, the point "
            f"forecast, as in (0.05, 0.5, 0.95); got {levels!r}"
        )
    return tuple(array.tolist())


def check_counts(history: History) -> None:
    """Raise an error if y holds anything but whole numbers of 0 or more."""
    y = history.y
    if (y < 0).any() or (y != np.round(y)).any():
        raise ValueError(
            'loss="negative_binomial" models counts: y must hold whole numbers of 0 or '
            'more. For other values use loss="normal" or "student_t"'
        )


def check_parameters(forecaster: Any) -> None:
    """Raise if a parameter has a value that is not allowed."""
    forecaster._validate_params()
    sizes = _layer_sizes(forecaster)
    if forecaster._cell != "mlp":
        architecture_of(forecaster, sizes, int(forecaster.window_length))

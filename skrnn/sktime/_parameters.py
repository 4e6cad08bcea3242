"""What the parameters of a forecaster may be, and the plan that they make."""

from __future__ import annotations

from dataclasses import asdict
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils._param_validation import (
    Interval,
    Options,
    StrOptions,
)
from sktime.forecasting.base import ForecastingHorizon

from .._values import check_values
from ..estimators import (
    ARCHITECTURE_CONSTRAINTS,
    TRAINING_CONSTRAINTS,
    architecture_of,
    check_layer_sizes,
)
from ._history import History
from ._plan import LOSSES, Plan
from ._steps import steps_of

_FLOATS = {np.float32, np.float64}
_POSITIVE = Interval(Integral, 1, None, closed="left")
_IN_PLAN = ("cell", "activation", "dropout")

_CONSTRAINTS: dict = {
    **ARCHITECTURE_CONSTRAINTS,
    **TRAINING_CONSTRAINTS,
    "validation_fraction": [Interval(Real, 0, 1, closed="left")],
    "window_length": [_POSITIVE],
    "horizon": [StrOptions({"auto"}), _POSITIVE],
    "step_length": [_POSITIVE],
    "hidden_layer_sizes": ["array-like", _POSITIVE],
    "normalize": [StrOptions({"window", "series"}), None],
    "loss": [StrOptions(set(LOSSES))],
    "quantiles": ["array-like"],
    "n_samples": [_POSITIVE],
    "past_columns": ["array-like", None],
    "fine_tune": ["boolean"],
    "dtype": [StrOptions({"float32", "float64"}), Options(type, _FLOATS)],
}


def check_parameters(forecaster: Any) -> None:
    """Raise an error that says what a parameter may be."""
    name = type(forecaster).__name__
    params = forecaster.get_params(deep=False)
    constraints = {key: _CONSTRAINTS[key] for key in params}
    check_values(constraints, params, name)
    sizes = _layer_sizes(forecaster)
    if forecaster._cell != "mlp":
        architecture_of(forecaster, sizes)


def plan_of(
    forecaster: Any,
    history: History,
    fh: ForecastingHorizon | None,
    horizon: int | None = None,
) -> Plan:
    """The network that the parameters and the data ask for.

    Raises
    ------
    ValueError
        If they do not go together.
    """
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


def _parts(forecaster: Any, sizes: tuple[int, ...]) -> dict[str, Any]:
    """What else a recurrent trunk is made of."""
    if forecaster._cell == "mlp":
        return {}
    parts = asdict(architecture_of(forecaster, sizes))
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
    return max(1, min(steps_of(fh, history).n_ahead, longest // 2))


def _past_columns(names: Any, history: History) -> set[int]:
    """Places, among the covariates, of those whose future is not known."""
    if names is None:
        return set()
    unknown = [name for name in names if name not in history.X_names]
    if unknown:
        raise ValueError(
            f"past_columns names {unknown}, which are no columns of X: "
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
            "quantiles must be three or more with 0.5 in their middle, as in (0.05, "
            f"0.5, 0.95), since it is the point forecast; got {levels!r}"
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

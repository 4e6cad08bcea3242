"""The network within pipelines, searches and other estimators around it."""

from __future__ import annotations

from typing import Any

from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from ..modules import RecurrentNetwork

_AROUND = ("best_estimator_", "best_forecaster_", "regressor_", "forecaster_")


def unwrapped(estimator: Any) -> Any:
    """The estimator that is trained: the best of a search, the last of a pipeline."""
    inner = _next_inside(estimator)
    return estimator if inner is None else unwrapped(inner)


def unwrapped_with(estimator: Any, X: Any) -> tuple[Any, Any]:
    """The estimator within, and X as the steps before give it to that."""
    if isinstance(estimator, Pipeline):
        for step in estimator[:-1]:
            X = step.transform(X)
    inner = _next_inside(estimator)
    return (estimator, X) if inner is None else unwrapped_with(inner, X)


def check_recurrent(estimator: Any, caller: str) -> None:
    """Raise unless it is a network that reads sequences."""
    if getattr(estimator, "_module_class", None) is not RecurrentNetwork:
        raise TypeError(
            f"{caller} looks into recurrent networks, expected a classifier or "
            "regressor of the RNN, GRU or LSTM family, or a pipeline or search that "
            f"ends in one; got {type(estimator).__name__}"
        )


def check_fitted(estimator: Any, caller: str) -> None:
    """Raise a sentence before ``fit``."""
    if hasattr(estimator, "is_fitted"):  # of sktime, whose sentence is its own
        estimator.check_is_fitted()
        return
    name = type(estimator).__name__
    check_is_fitted(
        estimator, msg=f"this {name} is not fitted yet; call fit before {caller}"
    )


def _next_inside(estimator: Any) -> Any:
    for name in _AROUND:
        inner = getattr(estimator, name, None)
        if inner is not None:
            return inner
    steps = getattr(estimator, "steps_", None) or getattr(estimator, "steps", None)
    return steps[-1][1] if steps else None

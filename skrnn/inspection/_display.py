"""Parts that the displays share: the estimator to inspect, and the axes to draw on."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from ..modules import RecurrentNetwork

_AROUND = ("best_estimator_", "best_forecaster_", "regressor_", "forecaster_")


def unwrapped(estimator: Any) -> Any:
    """The estimator inside: the best of a search, the last of a pipeline."""
    inner = _next_inside(estimator)
    return estimator if inner is None else unwrapped(inner)


def unwrapped_with(estimator: Any, X: Any) -> tuple[Any, Any]:
    """The estimator inside, and X as the earlier steps transform it."""
    if isinstance(estimator, Pipeline):
        for step in estimator[:-1]:
            X = step.transform(X)
    inner = _next_inside(estimator)
    return (estimator, X) if inner is None else unwrapped_with(inner, X)


def check_recurrent(estimator: Any, caller: str) -> None:
    """Raise unless the estimator is a recurrent network."""
    if getattr(estimator, "_module_class", None) is not RecurrentNetwork:
        raise TypeError(
            f"{caller} works for recurrent networks, expected a classifier or "
            "regressor of the RNN, GRU or LSTM family, or a pipeline or search that "
            f"ends in one; got {type(estimator).__name__}"
        )


def check_fitted(estimator: Any, caller: str) -> None:
    if hasattr(estimator, "is_fitted"):  # sktime has its own message
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


def check_matplotlib(caller: str) -> None:
    try:
        import_module("matplotlib")
    except ImportError as error:
        raise ImportError(
            f"{caller} draws with matplotlib, which is not installed: "
            'pip install "skrnn[plots]", or pip install matplotlib'
        ) from error


def axes_or_new(ax: Any) -> Any:
    """The axes given, or those of a new figure."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(layout="constrained")[1]


def styled(given: dict[str, Any] | None, artist: str, **defaults: Any) -> Any:
    """Keywords for a "line", "band" or "image"; those of the user win.

    Short names ("lw", "c") count as the long ones.
    """
    from matplotlib import cbook, collections, image, lines

    kinds = {
        "line": lines.Line2D,
        "band": collections.PolyCollection,
        "image": image.AxesImage,
    }
    return {**defaults, **cbook.normalize_kwargs(given or {}, kinds[artist])}

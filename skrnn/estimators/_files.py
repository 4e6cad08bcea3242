"""What a file or a copy of a network estimator holds, and what is made of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..files import cannot_be_built, pack, unpack
from ..training import (
    Progress,
    Settings,
    as_text,
    momenta_of,
    saved_callbacks,
    weights_of,
)

_RECORDS = ("_fitted_settings", "_progress", "_reader", "_task")
_DTYPES = ("float32", "float64")


def saved_state(estimator: Any, state: dict[str, Any]) -> dict[str, Any]:
    """The state of an estimator as data: the net as its weights.

    Parameters
    ----------
    estimator : BaseNetwork
    state : dict
        Its attributes.
    """
    for name in ("device", "checkpoint"):
        state = {**state, name: as_text(state[name])}
    if "net_" in state:
        net = state["net_"]
        state["callbacks"] = saved_callbacks(state["callbacks"])
        state["net_"] = weights_of(net)
        del state["device_"]
        for name in _RECORDS:
            state[name] = vars(state[name]).copy()
        if estimator._follows_sklearn:
            state["_momenta"] = momenta_of(net)
    return pack(state)


def loaded_state(estimator: Any, state: dict[str, Any]) -> dict[str, Any]:
    """The attributes that :func:`saved_state` was given, the weights for the net.

    Raises
    ------
    ValueError
        If the state is damaged, or not one of such an estimator.
    """
    state = unpack(state, estimator)
    with naming_file(estimator):
        if "net_" in state:
            state["_fitted_settings"] = Settings(**state["_fitted_settings"])
            state["_progress"] = Progress(**state["_progress"])
            state["_reader"] = estimator._reader_class(**state["_reader"])
            state["_task"] = estimator._task_class(**state["_task"])
            check_dtype(state["_reader"].dtype)
            check_dtype(state["_fitted_module_params"]["dtype"])
    return state


def check_dtype(name: Any) -> None:
    """Raise if a network cannot compute in a dtype of this name."""
    if name not in _DTYPES:
        raise ValueError(f"dtype is {name!r}, expected one of {_DTYPES}")


@contextmanager
def naming_file(estimator: Any) -> Iterator[None]:
    """Say of an error that it comes from the file."""
    try:
        yield
    except Exception as error:
        raise cannot_be_built(type(estimator).__name__, error) from error

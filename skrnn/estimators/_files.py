"""The state of a network estimator as data, for files and copies, and back."""

from __future__ import annotations

from typing import Any

from ..files import cannot_be_built, pack, unpack
from ..training import Model, Progress, as_text, saved_callbacks

_RECORDS = ("_progress", "_reader", "_task")
_DTYPES = ("float32", "float64")


def saved_state(estimator: Any, state: dict[str, Any]) -> dict[str, Any]:
    """The state of an estimator as data: the network as its weights.

    Parameters
    ----------
    estimator : BaseNetwork
    state : dict
        Its attributes.
    """
    for name in ("device", "checkpoint"):
        state = {**state, name: as_text(state[name])}
    if "_model" in state:
        model = state["_model"]
        state["callbacks"] = saved_callbacks(state["callbacks"])
        for name in _RECORDS:
            state[name] = vars(state[name]).copy()
        state["_model"] = {
            **model.state(with_momenta=estimator._follows_sklearn),
            "asked_device": state["device"],  # the present ones
            "module_params": model.module_params,
        }
    return pack(state)


def loaded_state(estimator: Any, state: dict[str, Any]) -> dict[str, Any]:
    """The attributes that :func:`saved_state` was given, the network built again.

    Raises
    ------
    ValueError
        If the state is damaged, or belongs to another kind of object.
    """
    state = unpack(state, estimator)
    try:
        if "_model" in state:
            state["_progress"] = Progress(**state["_progress"])
            state["_reader"] = estimator._reader_class(**state["_reader"])
            state["_task"] = task = estimator._task_class(**state["_task"])
            module_params = state["_model"]["module_params"]
            for dtype in (state["_reader"].dtype, module_params["dtype"]):
                if dtype not in _DTYPES:
                    raise ValueError(f"dtype is {dtype!r}, expected one of {_DTYPES}")
            state["_model"] = Model.from_state(
                estimator._module_class,
                module_params,
                task.new_loss(),
                state["_model"],
                score=task.scorer(),
            )
    except Exception as error:
        raise cannot_be_built(type(estimator).__name__, error) from error
    return state

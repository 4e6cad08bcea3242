"""What a file or a copy of a forecaster holds, and what is made of it."""

from __future__ import annotations

from typing import Any

from sktime.forecasting.base import ForecastingHorizon

from ..files import cannot_be_built, pack, unpack
from ..training import as_text, saved_callbacks
from ._calendar import Calendar
from ._history import History
from ._model import ForecastModel

_MODELS = ("_model", "pretrained_model_")


def saved_state(state: dict[str, Any]) -> dict[str, Any]:
    """The attributes of a forecaster as data: nets as weights, series as arrays."""
    for name in ("device", "checkpoint"):
        state = {**state, name: as_text(state[name])}
    if any(name in state for name in _MODELS):
        state["callbacks"] = saved_callbacks(state["callbacks"])
    for name in _MODELS:
        if name in state:
            state[name] = state[name].__getstate__()
    if "_history" in state:
        history = state["_history"]
        state["_history"] = {
            "y": history.y_frame,
            "X": history.X_frame,
            "calendar": vars(history.calendar).copy(),
        }
    if isinstance(state.get("_fh"), ForecastingHorizon):
        state["_fh"] = _fields_of(state["_fh"])
    return pack(state)


def loaded_state(forecaster: Any, state: dict[str, Any]) -> dict[str, Any]:
    """The attributes that :func:`saved_state` was given.

    Raises
    ------
    ValueError
        If the state is damaged, or not one of such a forecaster.
    """
    state = unpack(state, forecaster)
    try:
        for name in _MODELS:
            if name in state:
                state[name] = _model_of(state[name])
        if "_history" in state:
            state["_history"] = _history_of(**state["_history"])
        if isinstance(state.get("_fh"), dict):
            state["_fh"] = _horizon_of(**state["_fh"])
    except Exception as error:
        raise cannot_be_built(type(forecaster).__name__, error) from error
    return state


def _model_of(state: dict[str, Any]) -> ForecastModel:
    model = ForecastModel.__new__(ForecastModel)
    model.__setstate__(state)
    return model


def _history_of(y: Any, X: Any, calendar: Any = None) -> History:
    return History(y, X, None if calendar is None else Calendar(**calendar))


def _fields_of(fh: ForecastingHorizon) -> dict[str, Any]:
    fields = {"values": fh.to_pandas(), "is_relative": bool(fh.is_relative)}
    return fields | {"freq": vars(fh).get("_freq")}


def _horizon_of(values: Any, is_relative: bool, freq: Any) -> ForecastingHorizon:
    fh = ForecastingHorizon(values, is_relative=is_relative)
    fh._freq = freq  # as it was: the setter would compare it with that of the values
    return fh

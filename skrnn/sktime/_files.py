"""The state of a forecaster as data, for files and copies, and back."""

from __future__ import annotations

from typing import Any

from sktime.forecasting.base import ForecastingHorizon

from ..files import cannot_be_built, pack, unpack
from ..training import as_text, saved_callbacks
from ._forecast_model import ForecastModel
from ._history import History

_MODELS = {"_model": ForecastModel, "pretrained_model_": ForecastModel}
_OURS: dict[str, Any] = {**_MODELS, "_history": History}


def saved_state(state: dict[str, Any]) -> dict[str, Any]:
    """The attributes of a forecaster as data: nets as weights, series as arrays."""
    for name in ("device", "checkpoint"):
        state = {**state, name: as_text(state[name])}
    if any(name in state for name in _MODELS):
        state["callbacks"] = saved_callbacks(state["callbacks"])
    for name in _OURS.keys() & state.keys():
        state[name] = state[name].__getstate__()
    fh = state.get("_fh")
    if isinstance(fh, ForecastingHorizon):
        values, is_relative = fh.to_pandas(), bool(fh.is_relative)
        freq = vars(fh).get("_freq")
        state["_fh"] = {"values": values, "is_relative": is_relative, "freq": freq}
    return pack(state)


def loaded_state(forecaster: Any, state: dict[str, Any]) -> dict[str, Any]:
    """The attributes that :func:`saved_state` was given.

    Raises
    ------
    ValueError
        If the state is damaged, or belongs to another kind of object.
    """
    state = unpack(state, forecaster)
    try:
        for name in _OURS.keys() & state.keys():
            kind = _OURS[name]
            built = kind.__new__(kind)
            built.__setstate__(state[name])
            state[name] = built
        if isinstance(state.get("_fh"), dict):
            state["_fh"] = _horizon_of(**state["_fh"])
    except Exception as error:
        raise cannot_be_built(type(forecaster).__name__, error) from error
    return state


def _horizon_of(values: Any, is_relative: bool, freq: Any) -> ForecastingHorizon:
    fh = ForecastingHorizon(values, is_relative=is_relative)
    fh._freq = freq  # set directly: the setter would check it against the values
    return fh

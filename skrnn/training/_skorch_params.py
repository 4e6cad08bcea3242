"""What users may hand to skorch directly."""

from __future__ import annotations

import copy
from numbers import Number
from typing import Any

import numpy as np
from skorch.callbacks import Callback, Freezer, Initializer, ParamMapper, Unfreezer

from ._settings import Settings

_OWN_WORDS = {
    "alpha": "alpha",
    "batch_size": "batch_size",
    "callbacks": "callbacks",
    "criterion": "loss, where there is one",
    "device": "device",
    "lr": "learning_rate_init",
    "max_epochs": "max_iter",
    "module": "hidden_layer_sizes and the class of the estimator",
    "optimizer": "solver",
    "optimizer__betas": "beta_1 and beta_2",
    "optimizer__eps": "epsilon",
    "optimizer__lr": "learning_rate_init",
    "optimizer__momentum": "momentum",
    "optimizer__nesterov": "nesterovs_momentum",
    "optimizer__weight_decay": "alpha",
    "train_split": "early_stopping, or X_val and y_val in fit",
    "verbose": "verbose",
    "warm_start": "warm_start",
}
_ALWAYS_OWN = {
    "alpha",
    "batch_size",
    "callbacks",
    "lr",
    "optimizer__foreach",
    "optimizer__lr",
    "warm_start",
}
_REWRITTEN = (
    Freezer,
    Initializer,
    ParamMapper,
    Unfreezer,
)  # by their initialize; they record nothing
_COMPILE_WORDS = {"compile__mode", "compile__dynamic", "compile__fullgraph"}
_OWN_PREFIXES = {
    "callbacks__": "callbacks",
    "criterion__": "loss",
    "iterator_": "batch_size and shuffle",
    "module__": "of the name, as for instance dropout",
}


def further_params(settings: Settings, decided: dict[str, Any]) -> dict[str, Any]:
    """``net_params``, refused where the estimator has a word of its own.

    Parameters
    ----------
    settings : Settings
    decided : dict
        What the parameters of the estimator have decided.

    Raises
    ------
    ValueError
        If a key is one that a parameter of the estimator decides, or can make
        ``torch.compile`` run a program.
    """
    params = settings.net_params or {}
    for key in params:
        prefixed = (word for p, word in _OWN_PREFIXES.items() if key.startswith(p))
        word = next(prefixed, None)
        if word is None and (key in decided or key in _ALWAYS_OWN):
            word = _OWN_WORDS.get(key)
            if word is None:
                raise ValueError(
                    f"net_params cannot set {key!r}, which the estimator decides itself"
                )
        if word is not None:
            raise ValueError(f"net_params cannot set {key!r}; use the parameter {word}")
        if key.startswith("compile__") and key not in _COMPILE_WORDS:
            raise ValueError(
                f"net_params cannot set {key!r}: it can name a program to run, and so "
                "could a file that you load; it takes "
                f"{', '.join(sorted(_COMPILE_WORDS))}"
            )
    return params


def user_callbacks(settings: Settings) -> list[Any]:
    """The user's callbacks themselves, as in skorch: what they record is for the user.

    Copied are only those of skorch that ``initialize`` would change for good.

    Raises
    ------
    ValueError
        If an entry is no skorch callback.
    """
    callbacks = []
    for entry in settings.callbacks or []:
        callback = entry[1] if isinstance(entry, tuple) and len(entry) == 2 else entry
        is_class = isinstance(callback, type) and issubclass(callback, Callback)
        if not (is_class or isinstance(callback, Callback)):
            raise ValueError(
                "callbacks must be skorch callbacks or (name, callback) pairs, got "
                f"{entry!r}"
            )
        own = copy.copy(callback) if type(callback) in _REWRITTEN else callback
        callbacks.append(own if callback is entry else (entry[0], own))
    return callbacks


def saved_callbacks(callbacks: Any) -> Any:
    """Callbacks of a fitted estimator, for its copies and files.

    Attributes whose names end in "_" are left out if they are not data, such as the
    net, its optimiser or an open file: training sets them again.
    """
    if not callbacks:
        return callbacks
    return type(callbacks)(
        tuple(map(_saved, entry)) if isinstance(entry, tuple) else _saved(entry)
        for entry in callbacks
    )


def _saved(callback: Any) -> Any:
    names = [
        name
        for name, value in getattr(callback, "__dict__", {}).items()
        if name.endswith("_") and not _is_data(value)
    ]
    if not (names and isinstance(callback, Callback)):
        return callback
    kept = copy.copy(callback)
    for name in names:
        vars(kept).pop(name, None)  # its own way of copying may leave it out, too
    return kept


def _is_data(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_is_data, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_is_data, value))
    return value is None or isinstance(
        value, str | bytes | Number | np.generic | np.ndarray
    )

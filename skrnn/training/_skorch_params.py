"""What users may hand to skorch directly."""

from __future__ import annotations

import copy
from typing import Any

from skorch.callbacks import Callback

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
    """Copies of the user's callbacks, so that training does not change theirs.

    Raises
    ------
    ValueError
        If an entry is no skorch callback.
    """
    callbacks = list(settings.callbacks or [])
    for entry in callbacks:
        callback = entry[1] if isinstance(entry, tuple) and len(entry) == 2 else entry
        is_class = isinstance(callback, type) and issubclass(callback, Callback)
        if not (is_class or isinstance(callback, Callback)):
            raise ValueError(
                "callbacks must be skorch callbacks or (name, callback) pairs, got "
                f"{entry!r}"
            )
    return copy.deepcopy(callbacks)

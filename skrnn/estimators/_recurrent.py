"""What the recurrent estimators share: parameters, and the module made of them."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.utils._param_validation import Interval, Options, StrOptions

from ..modules import ACTIVATIONS, POOLINGS
from ..training import SCHEDULES, SOLVERS
from ._base import BaseNetwork

_FLOATS = {np.float32, np.float64}


class BaseRecurrent(BaseNetwork):
    """The module of the RNN, GRU and LSTM estimators."""

    _cell: ClassVar[str]

    _parameter_constraints: dict = {
        "hidden_layer_sizes": [
            "array-like",
            Interval(Integral, 1, None, closed="left"),
        ],
        "activation": [StrOptions({"tanh", "relu"})],
        "bidirectional": ["boolean"],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "pooling": [StrOptions(set(POOLINGS))],
        "embedding_dim": [Interval(Integral, 1, None, closed="left"), None],
        "solver": [StrOptions(set(SOLVERS)), type],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [
            StrOptions({"auto"}),
            Interval(Integral, 1, None, closed="left"),
        ],
        "learning_rate": [StrOptions(set(SCHEDULES))],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "power_t": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "momentum": [Interval(Real, 0, 1, closed="both")],
        "nesterovs_momentum": ["boolean"],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "max_grad_norm": [Interval(Real, 0, None, closed="neither"), None],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "validation_split": [StrOptions({"auto", "last", "random"})],
        "n_iter_no_change": [
            Interval(Integral, 1, None, closed="left"),
            Options(Real, {np.inf}),
        ],
        "device": [str, torch.device],
        "dtype": [StrOptions({"float32", "float64"}), Options(type, _FLOATS)],
        "n_threads": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "callbacks": [list, tuple, None],
        "net_params": [dict, None],
    }

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    def _module_params(self) -> dict[str, Any]:
        allowed = ACTIVATIONS[self._cell]
        if self.activation not in allowed:
            raise ValueError(
                f"activation of {type(self).__name__} must be one of {list(allowed)}, "
                f"got {self.activation!r}"
            )
        embedding_dim = self.embedding_dim
        return {
            "cell": self._cell,
            "n_features": 1 if self._is_fitted_on_table else self.n_features_in_,
            "hidden_layer_sizes": _layer_sizes(self.hidden_layer_sizes),
            "n_outputs": self.n_outputs_,
            "activation": self.activation,
            "bidirectional": bool(self.bidirectional),
            "dropout": float(self.dropout),
            "pooling": self.pooling,
            "embedding_dim": None if embedding_dim is None else int(embedding_dim),
            "n_tokens": self.n_tokens_,
        }


def _layer_sizes(hidden_layer_sizes: Any) -> tuple[int, ...]:
    sizes = np.atleast_1d(np.asarray(hidden_layer_sizes, dtype=object)).tolist()
    if not sizes or not all(isinstance(s, Integral) and int(s) >= 1 for s in sizes):
        raise ValueError(
            "hidden_layer_sizes must hold one positive integer for each recurrent "
            f"layer, such as (32,) or (21, 10); got {hidden_layer_sizes!r}"
        )
    return tuple(int(size) for size in sizes)

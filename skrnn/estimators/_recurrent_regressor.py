"""The family of recurrent regressors."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.validation import check_array

from ..modules import ACTIVATIONS, LOSSES
from ..training import SCHEDULES, SOLVERS
from ._base import BaseNetwork

_FLOATS = {np.float32, np.float64}


class BaseRecurrentRegressor(RegressorMixin, BaseNetwork):
    """Parameters and targets of RNNRegressor, GRURegressor and LSTMRegressor."""

    _cell: ClassVar[str]

    _parameter_constraints: dict = {
        "hidden_layer_sizes": [
            "array-like",
            Interval(Integral, 1, None, closed="left"),
        ],
        "activation": [StrOptions({"tanh", "relu"})],
        "bidirectional": ["boolean"],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "loss": [StrOptions(set(LOSSES))],
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

    def __init__(
        self,
        hidden_layer_sizes: Any = (32,),
        *,
        activation: str = "tanh",
        bidirectional: bool = False,
        dropout: float = 0.0,
        loss: str = "squared_error",
        solver: Any = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: int = 0,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        max_grad_norm: float | None = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        validation_split: str = "auto",
        n_iter_no_change: float = 10,
        device: Any = "auto",
        dtype: Any = "float32",
        n_threads: int | str = "auto",
        callbacks: Any = None,
        net_params: dict[str, Any] | None = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.loss = loss
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.max_grad_norm = max_grad_norm
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.validation_split = validation_split
        self.n_iter_no_change = n_iter_no_change
        self.device = device
        self.dtype = dtype
        self.n_threads = n_threads
        self.callbacks = callbacks
        self.net_params = net_params

    def predict(self, X: Any) -> np.ndarray:
        """Predict the target of each sequence.

        Parameters
        ----------
        X : array of shape (n_samples, n_timesteps, n_features), \
                {array-like, DataFrame} of shape (n_samples, n_timesteps), \
                list of arrays of shape (n_timesteps_i, n_features), or Windows
            The sequences, with as many features, and as an array as many time steps,
            as in :meth:`fit`.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            float32 if y was in ``fit``, else float64; as precise as ``dtype``.
        """
        prediction = self._raw_predict(X).astype(self._target_dtype, copy=False)
        return prediction[:, 0] if self._target_ndim == 1 else prediction

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.target_tags.multi_output = True
        return tags

    def _check_target(self, y: Any) -> np.ndarray:
        targets = check_array(
            y, dtype=np.dtype(self.dtype), ensure_2d=False, input_name="y"
        )
        if targets.ndim > 2:
            raise ValueError(
                "y must be of shape (n_samples,) or (n_samples, n_outputs), got "
                f"{targets.shape}"
            )
        if self.loss == "poisson" and (targets < 0).any():
            raise ValueError(
                'loss="poisson" models counts: y must not be negative, but its '
                f"smallest value is {targets.min():g}"
            )
        return targets.reshape(len(targets), -1)

    def _module_params(self) -> dict[str, Any]:
        allowed = ACTIVATIONS[self._cell]
        if self.activation not in allowed:
            raise ValueError(
                f"activation of {type(self).__name__} must be one of {list(allowed)}, "
                f"got {self.activation!r}"
            )
        return {
            "cell": self._cell,
            "n_features": 1 if self._is_fitted_on_table else self.n_features_in_,
            "hidden_layer_sizes": _layer_sizes(self.hidden_layer_sizes),
            "n_outputs": self.n_outputs_,
            "activation": self.activation,
            "bidirectional": bool(self.bidirectional),
            "dropout": float(self.dropout),
        }

    @staticmethod
    def _score(y: np.ndarray, prediction: np.ndarray, weights: Any) -> float:
        return float(r2_score(y, prediction, sample_weight=weights))


def _layer_sizes(hidden_layer_sizes: Any) -> tuple[int, ...]:
    sizes = np.atleast_1d(np.asarray(hidden_layer_sizes, dtype=object)).tolist()
    if not sizes or not all(isinstance(s, Integral) and int(s) >= 1 for s in sizes):
        raise ValueError(
            "hidden_layer_sizes must hold one positive integer for each recurrent "
            f"layer, such as (32,) or (21, 10); got {hidden_layer_sizes!r}"
        )
    return tuple(int(size) for size in sizes)

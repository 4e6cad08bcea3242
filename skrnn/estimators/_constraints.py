"""What the parameters may be that several estimators share."""

from __future__ import annotations

from numbers import Integral, Real
from os import PathLike

import numpy as np
import torch
from sklearn.utils._param_validation import Interval, Options, StrOptions

from ..modules import (
    CONV_PADDINGS,
    GATE_ACTIVATIONS,
    MERGE_MODES,
    MLP_ACTIVATIONS,
    POOLINGS,
    RECURRENT_INITIALIZERS,
)
from ..training import SCHEDULES, SOLVERS

_SHARE = Interval(Real, 0, 1, closed="left")
_COUNT = Interval(Integral, 1, None, closed="left")

ARCHITECTURE_CONSTRAINTS: dict = {  # of recurrent networks
    "activation": [StrOptions(set(MLP_ACTIVATIONS))],
    "recurrent_activation": [StrOptions(set(GATE_ACTIVATIONS))],
    "bidirectional": ["boolean"],
    "merge_mode": [StrOptions(set(MERGE_MODES))],
    "dropout": [_SHARE],
    "input_dropout": [_SHARE],
    "recurrent_dropout": [_SHARE],
    "zoneout": [_SHARE],
    "pooling": [StrOptions(set(POOLINGS))],
    "reset_after": ["boolean"],
    "peephole": ["boolean"],
    "projection_size": [_COUNT, None],
    "unit_forget_bias": ["boolean"],
    "chrono_steps": [Interval(Integral, 3, None, closed="left"), None],
    "layer_norm": ["boolean"],
    "residual": ["boolean"],
    "recurrent_initializer": [StrOptions(set(RECURRENT_INITIALIZERS))],
    "conv_filters": ["array-like", _COUNT, None],
    "conv_kernel_size": [_COUNT],
    "conv_padding": [StrOptions(set(CONV_PADDINGS))],
    "conv_activation": [StrOptions(set(MLP_ACTIVATIONS))],
}

TRAINING_CONSTRAINTS: dict = {
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
    "n_threads": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "callbacks": [list, tuple, None],
    "net_params": [dict, None],
    "checkpoint": [str, PathLike, None],
    "checkpoint_every": [Interval(Integral, 1, None, closed="left"), str],
}

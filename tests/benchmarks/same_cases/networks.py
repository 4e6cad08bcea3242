"""What a network is made of."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pandas as pd
import polars as pl
import scipy.sparse as sp

from skrnn import (
    MLPClassifier,
    MLPRegressor,
)

from .data import (
    ACTIVATIONS,
    CELLS,
    CLASSES,
    LABELS,
    LISTED,
    REGRESSORS,
    TABLE,
    TWO,
    WEIGHTS,
    Case,
    X,
    Y,
    fitted,
    model_of,
    told,
)


def parts() -> Iterator[Case]:
    """Each part of a recurrent network alone, and some together."""
    two = {"hidden_layer_sizes": (5, 5)}
    masks = {"dropout": 0.2, "input_dropout": 0.1, "recurrent_dropout": 0.2}
    of_all: list[dict[str, Any]] = [
        {"hidden_layer_sizes": (6, 4)},
        *({"pooling": name} for name in ("mean", "max", "attention")),
        *({"bidirectional": True, "merge_mode": m} for m in ("concat", "sum", "mul")),
        {"bidirectional": True, "merge_mode": "ave", "pooling": "attention", **two},
        *({"conv_filters": 4, "conv_padding": p} for p in ("causal", "same", "valid")),
        {"conv_filters": (4, 3), "conv_kernel_size": 2, "conv_activation": "tanh"},
        {"layer_norm": True, "residual": True, **two},
        {"layer_norm": True, "bidirectional": True, "pooling": "mean"},
        *({name: p} for name, p in masks.items()),
        {"zoneout": 0.2, **masks, **two},
        *({"recurrent_initializer": name} for name in ("orthogonal", "identity")),
    ]
    gated = [{"recurrent_activation": "hard_sigmoid"}, {"chrono_steps": 5}]
    own: dict[str, list[dict[str, Any]]] = {
        "rnn": [],
        "gru": [*gated, {"reset_after": False}, {"reset_after": False, "zoneout": 0.1}],
        "lstm": [
            *gated,
            {"peephole": True},
            {"projection_size": 3, **two},
            {"peephole": True, "projection_size": 3, "layer_norm": True, **masks},
            {"unit_forget_bias": True},
        ],
    }
    for cell in CELLS:
        for params in [*of_all, *own[cell]]:
            model = model_of(REGRESSORS[cell], **params)
            yield f"parts {cell} {told(params)}", partial(fitted, model, LISTED, Y)
    for i, name in enumerate(ACTIVATIONS):
        model = model_of(REGRESSORS[CELLS[i % 3]], activation=name)
        yield f"parts {CELLS[i % 3]} activation={name}", partial(fitted, model, X, Y)


def perceptrons() -> Iterator[Case]:
    """Parts, inputs and targets of MLPs."""
    options: list[dict[str, Any]] = [
        {"hidden_layer_sizes": ()},
        {"hidden_layer_sizes": (7, 5), "dropout": 0.2},
        {"batch_norm": True},
        {"layer_norm": True, "hidden_layer_sizes": (7, 5)},
        *({"weight_initializer": name} for name in ("he", "normal", "orthogonal")),
        *({"activation": name} for name in ACTIVATIONS),
    ]
    for params in options:
        model = model_of(MLPRegressor, **params)
        yield f"mlp {told(params)}", partial(fitted, model, TABLE, TWO)
    frame = pd.DataFrame(TABLE, columns=[f"x{i}" for i in range(18)])
    forms = {
        "float32": TABLE.astype("f4"),
        "frame": frame,
        "sparse": sp.csr_matrix(TABLE * (TABLE > 0)),
        "sparse float32": sp.csc_array(TABLE.astype("f4") * (TABLE > 0)),
        "polars": pl.DataFrame({name: frame[name].to_list() for name in frame}),
    }
    for name, form in forms.items():
        yield f"mlp X {name}", partial(fitted, model_of(MLPRegressor), form, Y)
        model = model_of(MLPClassifier, early_stopping=True, class_weight="balanced")
        yield f"mlp X classifier {name}", partial(fitted, model, form, CLASSES)
    for name, y in {"two": Y > 0, "multilabel": LABELS, "strings": CLASSES}.items():
        model = model_of(MLPClassifier, label_smoothing=0.1)
        case = partial(fitted, model, TABLE, y, sample_weight=WEIGHTS)
        yield f"mlp y {name}", case


def cases() -> Iterator[Case]:
    """All cases of this file."""
    yield from parts()
    yield from perceptrons()

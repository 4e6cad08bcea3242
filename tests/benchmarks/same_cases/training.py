"""How estimators are trained."""

from __future__ import annotations

import contextlib
import io
import pickle
import tempfile
from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from skorch.callbacks import Callback

from skrnn import (
    GRUClassifier,
    GRURegressor,
    LSTMRegressor,
    MLPClassifier,
    MLPRegressor,
)

from .data import (
    CLASSES,
    ROWS,
    SCHEDULES,
    SOLVERS,
    TABLE,
    WEIGHTS,
    Case,
    Results,
    X,
    Y,
    fitted,
    learnt,
    model_of,
    told,
    view_of,
)


def training() -> Iterator[Case]:
    """Solvers, schedules, stopping and the other ways to train."""
    kinds: list[tuple[str, Any, Any]] = [
        ("lstm", LSTMRegressor, X),
        ("mlp", MLPRegressor, TABLE),
    ]
    held = {"early_stopping": True, "max_iter": 8, "n_iter_no_change": 2, "tol": 0.01}
    options: list[dict[str, Any]] = [
        *({"solver": name} for name in SOLVERS),
        *({"learning_rate": name} for name in SCHEDULES if name != "adaptive"),
        {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.5, "max_iter": 9,
         "n_iter_no_change": 1},
        {"solver": "sgd", "learning_rate": "invscaling", "nesterovs_momentum": False},
        {"solver": "sgd", "momentum": 0.0},
        {"solver": torch.optim.LBFGS},
        {"solver": torch.optim.NAdam, "net_params": {"optimizer__momentum_decay": 0.1}},
        {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3, "alpha": 0.1},
        {"max_grad_norm": 0.1},
        {"shuffle": False, "batch_size": 7},
        {"batch_size": "auto", "n_threads": "auto"},
        {"tol": 10.0, "n_iter_no_change": 3, "max_iter": 9},
        held,
        {**held, "validation_split": "last", "validation_fraction": 0.3},
        {**held, "validation_split": "random", "dropout": 0.3},
    ]  # fmt: skip
    for kind, cls, features in kinds:
        for params in options:
            model = model_of(cls, **params)
            case = partial(fitted, model, features, Y)
            yield f"training {kind} {told(params)}", case
        model = model_of(cls, **{**held, "early_stopping": False})
        given = {"X_val": features[:9], "y_val": Y[:9], "sample_weight": WEIGHTS}
        yield f"training {kind} X_val", partial(fitted, model, features, Y, **given)
        yield f"training {kind} warm_start", partial(warmly, cls, features)
        yield f"training {kind} partial_fit", partial(in_parts, cls, features)
        yield f"training {kind} printed", partial(printed, cls, features)
        for schedule in SCHEDULES:
            case = partial(resumed, cls, features, schedule)
            yield f"training {kind} checkpoint {schedule}", case
    for cls, features in ((GRUClassifier, X), (MLPClassifier, TABLE)):
        case = partial(classes_in_parts, cls, features)
        yield f"training {cls.__name__} partial_fit", case
    model, windows = model_of(GRURegressor, early_stopping=True), view_of(ROWS, 9)
    yield "training overlapping", partial(fitted, model, windows, ROWS[8:, 0])


def warmly(cls: Any, features: Any) -> Results:
    """A second fit that starts from the first."""
    model = model_of(cls, warm_start=True, dropout=0.1).fit(features, Y)
    return fitted(model.set_params(learning_rate="cosine"), features, -Y)


def in_parts(cls: Any, features: Any) -> Results:
    """Three calls of partial_fit, with a round trip through a pickle."""
    model = model_of(cls)
    for part in (slice(0, 20), slice(20, 48)):
        model.partial_fit(features[part], Y[part], sample_weight=WEIGHTS[part])
    model = pickle.loads(pickle.dumps(model))
    return learnt(model.partial_fit(features, Y), features, Y)


def classes_in_parts(cls: Any, features: Any) -> Results:
    """Classes that come one after the other, then a warm start."""
    model = model_of(cls).partial_fit(
        features[:9], CLASSES[:9], classes=["low", "mid", "top"]
    )
    found = learnt(model.partial_fit(features, CLASSES), features)
    warm = fitted(model.set_params(warm_start=True), features, CLASSES)
    return {**found, **{f"warm {name}": warm[name] for name in warm}}


def printed(cls: Any, features: Any) -> Results:
    """The lines of each epoch, without their times."""
    lines = io.StringIO()
    with contextlib.redirect_stdout(lines):
        model_of(cls, verbose=2, early_stopping=True).fit(features, Y)
    return {"lines": lines.getvalue()}


class Break(Callback):
    """Breaks a fit off in its third epoch, if it is set to."""

    is_set = False

    def on_batch_begin(self, net: Any, **kwargs: Any) -> None:
        if Break.is_set and len(net.history) == 3:
            raise ConnectionError


def resumed(cls: Any, features: Any, schedule: str) -> Results:
    """A fit that is broken off and continued from its checkpoint."""
    with tempfile.TemporaryDirectory() as folder:
        model = model_of(
            cls,
            checkpoint=folder,
            checkpoint_every=1,
            callbacks=[Break()],
            dropout=0.2,
            max_iter=6,
            early_stopping=True,
            solver="sgd",
            learning_rate=schedule,
        )
        Break.is_set = True
        try:
            model.fit(features, Y)
        except ConnectionError:
            Break.is_set = False
        return fitted(model, features, Y)


def cases() -> Iterator[Case]:
    """All cases of this file."""
    yield from training()

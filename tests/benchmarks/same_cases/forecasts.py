"""Forecasters and adapters of sktime."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import skops.io
from sktime.forecasting.compose import make_reduction
from sktime.forecasting.model_selection import ForecastingGridSearchCV
from sktime.split import ExpandingWindowSplitter

from skrnn import TRUSTED_TYPES, GRUClassifier, LSTMRegressor
from skrnn.inspection import ForecastDisplay
from skrnn.sktime import (
    GRUForecaster,
    LSTMForecaster,
    MLPForecaster,
    RNNForecaster,
    TimeSeriesClassifier,
    TimeSeriesRegressor,
)

from .data import Case, Results, told

QUICK = {
    "window_length": 6,
    "hidden_layer_sizes": 4,
    "learning_rate": "onecycle",
    "learning_rate_init": 0.02,
    "max_iter": 2,
    "n_samples": 20,
    "n_threads": 1,
    "device": "cpu",
    "random_state": 0,
}
FORECASTERS = {
    "rnn": RNNForecaster,
    "gru": GRUForecaster,
    "lstm": LSTMForecaster,
    "mlp": MLPForecaster,
}
CELLS = list(FORECASTERS)
LOSSES = [
    "absolute_error", "squared_error", "huber", "normal", "student_t",
    "negative_binomial", "quantile",
]  # fmt: skip

RNG = np.random.default_rng(0)
MONTHS = pd.period_range("2000-01", periods=76, freq="M")
SEEN = slice(0, 70)
Y = pd.DataFrame({"y": 50 + RNG.normal(size=76).cumsum()}, MONTHS)
TWO = Y.assign(z=RNG.normal(size=76))
COUNTS = pd.DataFrame({"y": RNG.poisson(4, 76).astype(float)}, MONTHS)
X = pd.DataFrame(RNG.normal(size=(76, 2)), MONTHS, columns=["a", "b"])
PANEL = pd.concat(
    [Y[:60], Y[20:60] + 5, Y[3:50] * 2], keys=["c", "a", "b"], names=["series", "month"]
)
TREE = pd.concat({"p": PANEL, "q": -PANEL}, names=["region"])
HOURS = pd.Series(
    np.sin(np.arange(90) / 4) + RNG.normal(size=90) / 9,
    pd.date_range("2024-03-29", periods=90, freq="h", tz="Europe/Berlin"),
)
DAYS = pd.DatetimeIndex(pd.bdate_range("2024-01-01", periods=92).delete([30, 31]))
OPEN = pd.DatetimeIndex(
    [day + pd.Timedelta(hours=h) for day in DAYS[:18] for h in range(8, 13)]
)


def model_of(cell: str, **params: Any) -> Any:
    """A quick forecaster."""
    return FORECASTERS[cell](**{**QUICK, **params})


def answers(model: Any, X: Any = None, fh: Any = None) -> Results:
    """All that a fitted forecaster tells."""
    return {
        "predict": model.predict(fh=fh, X=X),
        "interval": model.predict_interval(fh=fh, X=X, coverage=[0.5, 0.9]),
        "quantiles": model.predict_quantiles(fh=fh, X=X, alpha=[0.1, 0.5]),
        "variance": model.predict_var(fh=fh, X=X),
        "curves": [model.loss_curve_, model.validation_scores_, model.n_iter_],
        "horizon": model.horizon_,
    }


def fitted(model: Any, y: Any, fh: Any = (1, 2, 3), **data: Any) -> Results:
    """The answers after one fit; ``data`` is X, and X ahead."""
    model.fit(y, X=data.get("X"), fh=list(fh))
    return answers(model, data.get("ahead"))


# --- one series, a panel, a hierarchy


def networks() -> Iterator[Case]:
    """Losses, scales, horizons and parts of each cell."""
    for cell in CELLS:
        for loss in LOSSES:
            y = COUNTS[SEEN] if loss == "negative_binomial" else Y[SEEN]
            case = partial(fitted, model_of(cell, loss=loss), y)
            yield f"forecaster {cell} loss={loss}", case
            rolled = model_of(cell, loss=loss, horizon=2)
            yield f"forecaster {cell} loss={loss} rolled", partial(fitted, rolled, y)
    options: list[dict[str, Any]] = [
        {"normalize": "series"},
        {"normalize": None},
        {"normalize": "series", "loss": "negative_binomial"},
        {"horizon": 1},
        {"horizon": 5, "step_length": 3},
        {"validation_fraction": 0},
        {"early_stopping": False, "dtype": "float64"},
        {"loss": "quantile", "quantiles": (0.1, 0.5, 0.9), "horizon": 1},
        {"solver": "lbfgs", "max_grad_norm": None, "learning_rate": "constant"},
        {"solver": "sgd", "learning_rate": "constant", "max_iter": 9,
         "n_iter_no_change": 2},
        {"dropout": 0.2, "batch_size": 9},
    ]  # fmt: skip
    for i, params in enumerate(options):
        cell, y = CELLS[i % 4], COUNTS if "negative" in told(params) else Y
        case = partial(fitted, model_of(cell, **params), y[SEEN])
        yield f"forecaster {cell} {told(params)}", case
    parts: dict[str, dict[str, Any]] = {
        "rnn": {"conv_filters": 3, "zoneout": 0.1, "bidirectional": True},
        "gru": {"reset_after": False, "layer_norm": True, "pooling": "attention"},
        "lstm": {"peephole": True, "recurrent_dropout": 0.1, "projection_size": 2},
        "mlp": {"hidden_layer_sizes": (5, 4), "activation": "tanh"},
    }
    for cell, params in parts.items():
        case = partial(fitted, model_of(cell, **params), Y[SEEN])
        yield f"forecaster {cell} {told(params)}", case


def series() -> Iterator[Case]:
    """All forms of y and X."""
    data: dict[str, dict[str, Any]] = {
        "X": {"X": X[SEEN], "ahead": X[70:]},
        "past_columns": {"X": X[SEEN], "ahead": X[["a"]][70:]},
    }
    for i, cell in enumerate(CELLS):
        for name, more in data.items():
            past = ["b"] if name == "past_columns" else None
            loss = LOSSES[(i + 2) % 4]
            model = model_of(cell, past_columns=past, loss=loss)
            case = partial(fitted, model, Y[SEEN], **more)
            yield f"forecaster {cell} {name}", case
        rolled = model_of(cell, horizon=2)
        yield (
            f"forecaster {cell} X rolled",
            partial(fitted, rolled, Y[SEEN], **data["X"]),
        )
        yield f"forecaster {cell} panel", partial(fitted, model_of(cell), PANEL)
    forms: dict[str, Any] = {
        "two columns": TWO[SEEN],
        "Series": Y["y"][SEEN],
        "hierarchy": TREE,
        "hours": HOURS,
        "integers": pd.Series(Y["y"].to_numpy(), np.arange(76) * 5),
        "business days": HOURS.set_axis(pd.bdate_range("2024-01-01", periods=90)),
        "guessed days": HOURS.set_axis(DAYS),
        "opening hours": HOURS.set_axis(OPEN),
        "zone": HOURS.set_axis(HOURS.index._with_freq(None)),
    }
    for i, (name, y) in enumerate(forms.items()):
        for loss in ("absolute_error", "normal"):
            model = model_of(CELLS[i % 4], loss=loss, horizon=2)
            case = partial(fitted, model, y)
            yield f"forecaster {CELLS[i % 4]} {name} {loss}", case
    covariates = pd.DataFrame({"x": RNG.normal(size=90)}, DAYS)
    case = partial(fitted, model_of("lstm"), HOURS.set_axis(DAYS)[:80])
    yield (
        "forecaster lstm skips",
        partial(case, X=covariates[:80], ahead=covariates[81:]),
    )
    frame = pd.DataFrame({"x": RNG.normal(size=len(PANEL))}, PANEL.index)
    model = model_of("gru", past_columns=["x"])
    yield "forecaster gru panel X", partial(fitted, model, PANEL, X=frame)


# --- after the fit


def life() -> Iterator[Case]:
    """Updates, pretraining, paths, files, searches and adapters."""
    for i, cell in enumerate(CELLS):
        for loss in (LOSSES[0], LOSSES[3 + i % 2], "quantile"):
            yield f"update {cell} {loss}", partial(updated, cell, loss)
            yield f"paths {cell} {loss}", partial(paths, cell, loss)
        yield f"pretrain {cell}", partial(pretrained, cell)
        yield f"checkpoint and files {cell}", partial(kept, cell)
        for loss in LOSSES[3:]:
            model = model_of(cell, loss=loss)
            yield f"marginal {cell} {loss}", partial(marginal, model)
    for name, y in {"hours": HOURS, "tree": TREE, "days": HOURS.set_axis(DAYS)}.items():
        yield f"files {name}", partial(kept_forms, y)
    yield "forecaster search", searched
    yield "forecast picture", picture
    yield "adapter regressor", regressed
    yield "adapter classifier", classified
    yield "adapter reduction", reduced


def updated(cell: str, loss: str) -> Results:
    """Answers after new rows, with and without training."""
    model = model_of(cell, loss=loss).fit(Y[:60], fh=[1, 2, 3])
    model.update(Y[60:64], update_params=False)
    results = {f"shown {name}": value for name, value in answers(model).items()}
    results["residuals"] = model.predict_residuals()
    results["in sample"] = model.predict(fh=[-3, 0, 1])
    model.update(Y[64:70], update_params=True)
    results |= answers(model)
    model.update(Y[60:66], update_params=False)
    return {**results, "back in time": model.predict()}


def paths(cell: str, loss: str) -> Results:
    """Joint and marginal distributions."""
    model = model_of(cell, loss=loss, horizon=2).fit(Y[SEEN], fh=[1, 2, 3])
    marginal = model.predict_proba(marginal=True)
    return {
        "joint": model.predict_proba(marginal=False).spl,
        "mean": marginal.mean(),
        "variance": marginal.var(),
        "text": str(model.summary()),
    }


def marginal(model: Any) -> Results:
    """Distributions of the steps that are forecast at once."""
    found = model.fit(COUNTS[SEEN], fh=[1, 2]).predict_proba()
    levels = found.quantile([0.1, 0.5, 0.9])
    return {"mean": found.mean(), "variance": found.var(), "quantiles": levels}


def pretrained(cell: str) -> Results:
    """A network of a panel that forecasts another series, as it is and tuned."""
    results: Results = {}
    for fine_tune in (False, True):
        model = model_of(cell, horizon=3, fine_tune=fine_tune).pretrain(PANEL)
        found = fitted(model, Y[SEEN])
        results |= {f"fine_tune={fine_tune} {key}": found[key] for key in found}
    return results


def kept(cell: str) -> Results:
    """A forecaster that comes out of two kinds of files, and goes on."""
    model = model_of(cell, loss="normal").fit(Y[:60], X=X[:60], fh=[1, 2])
    read = skops.io.loads(skops.io.dumps(model), trusted=TRUSTED_TYPES)
    read.update(Y[60:65], X=X[60:65], update_params=True)
    found = answers(pickle.loads(pickle.dumps(model)), X[60:])
    return {**found, **{f"read {k}": v for k, v in answers(read, X[65:]).items()}}


def kept_forms(y: Any) -> Results:
    """Stamps and names out of files."""
    model = model_of("mlp").fit(y, fh=[1, 2, 3])
    read = skops.io.loads(skops.io.dumps(model), trusted=TRUSTED_TYPES)
    return {**answers(read), "residuals": read.predict_residuals()}


def picture() -> Results:
    """The lines that a display draws."""
    model = model_of("gru").fit(Y[SEEN], fh=[1, 2, 3])
    axes = ForecastDisplay.from_estimator(model, y_true=Y[70:73]).ax_
    return {"lines": [line.get_ydata() for line in axes.lines]}


def searched() -> Results:
    """A search over a parameter."""
    splitter = ExpandingWindowSplitter(fh=[1, 2], initial_window=50, step_length=10)
    grid = {"window_length": [3, 6]}
    search = ForecastingGridSearchCV(model_of("mlp"), splitter, grid)
    search.set_config(remember_data=True).fit(Y[SEEN], fh=[1, 2])
    return {"predict": search.predict(), "best": str(search.best_params_)}


# --- adapters


SHORT = {"max_iter": 3, "n_threads": 1, "device": "cpu", "random_state": 0}


def regressed() -> Results:
    """A regressor of panels, of arrays and of unequal length."""
    X = np.random.default_rng(1).normal(
        size=(20, 2, 7)
    )  # (sample, feature, time), as sktime has it
    y = X[:, 0].sum(axis=1)
    model = TimeSeriesRegressor(LSTMRegressor(hidden_layer_sizes=4, **SHORT))
    array = model.fit(X, y).predict(X)
    names = PANEL.index.get_level_values(0).unique()
    panel = model.fit(PANEL, np.arange(len(names)) / 2.0).predict(PANEL)
    default = TimeSeriesRegressor().fit(X, y).predict(X)
    return {"array": array, "panel": panel, "default": default}


def classified() -> Results:
    """A classifier of panels."""
    X = np.random.default_rng(2).normal(size=(20, 2, 7))
    y = np.where(X[:, 0].sum(axis=1) > 0, "up", "down")
    model = TimeSeriesClassifier(GRUClassifier(hidden_layer_sizes=4, **SHORT))
    model.fit(X, y)
    return {"predict": model.predict(X), "predict_proba": model.predict_proba(X)}


def reduced() -> Results:
    """A forecaster made of a regressor."""
    regressor = TimeSeriesRegressor(LSTMRegressor(hidden_layer_sizes=4, **SHORT))
    reduction = make_reduction(regressor, strategy="direct", window_length=6)
    reduction.set_config(remember_data=True)
    return {"predict": reduction.fit(Y["y"][SEEN], fh=[1, 2]).predict()}


def cases() -> Iterator[Case]:
    """All cases of this file."""
    for group in (networks, series, life):
        yield from group()

"""A training that passes from one engine to the other, and what changes on its way."""

import copy
import os
import pickle

import numpy as np
import pytest
from sklearn.base import clone
from skorch.callbacks import Callback, Freezer, Unfreezer

from skrnn import GRURegressor, LSTMRegressor, MLPRegressor, RNNRegressor
from tests.bare import PLAIN_REGRESSOR

from .test_epochs import (
    MARKS,
    QUICK,
    SGD,
    SMOOTH,
    TABLE,
    X,
    Y,
    assert_close,
    engine_of,
    fit_by,
    weights_of,
)

pytestmark = MARKS

ENGINES = ("compiled", "torch")
PLAIN = {**QUICK, **PLAIN_REGRESSOR}  # a read-out leaves a loss that is rounding
SOLVERS = {
    "adam": (LSTMRegressor(**PLAIN), X),
    "adamw": (GRURegressor(**PLAIN, solver="adamw", dropout=0.3), X),
    "sgd": (RNNRegressor(**PLAIN | SGD, learning_rate="invscaling", power_t=0.1), X),
    "mlp, adam": (MLPRegressor(**SMOOTH), TABLE),
    "mlp, sgd": (MLPRegressor(**SMOOTH | SGD, learning_rate="invscaling"), TABLE),
}


@pytest.mark.parametrize("case", SOLVERS)
@pytest.mark.parametrize("first", ENGINES)
def test_partial_fit_passes_on_the_state(first, case):
    """Each call goes to the other engine."""
    model, data = SOLVERS[case]
    alone, switching = clone(model), clone(model)
    engines = ENGINES if first == "compiled" else ENGINES[::-1]
    for engine in engines * 3:
        for part in (slice(40), slice(40, 77)):
            with engine_of("torch"):
                alone.partial_fit(data[part], Y[part])
            with engine_of(engine):
                switching.partial_fit(data[part], Y[part])
            assert switching.net_.kernel_ == engine
    assert_close(switching, alone, 1e-5)


@pytest.mark.parametrize("case", SOLVERS)
@pytest.mark.parametrize("first", ENGINES)
def test_warm_start_passes_on_the_state(first, case):
    model, data = SOLVERS[case]
    alone, switching = (clone(model).set_params(warm_start=True) for _ in range(2))
    for engine in ENGINES if first == "compiled" else ENGINES[::-1]:
        with engine_of("torch"):
            alone.fit(data, Y)
        with engine_of(engine):
            switching.fit(data, Y)
        assert switching.net_.kernel_ == engine
    assert_close(switching, alone, 1e-5)


class Switch(Callback):
    """Another engine from an epoch on, and the engine of each epoch."""

    def __init__(self, at=None, to="torch"):
        self.at = at
        self.to = to

    def on_train_begin(self, net, **kwargs):
        self.kernels, self.losses, self.rates = [], [], []

    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == self.at:
            os.environ["SKRNN_ENGINE"] = self.to

    def on_epoch_end(self, net, **kwargs):
        self.kernels.append(net.kernel_)
        self.losses.append(net.history[-1]["train_loss"])
        self.rates.append(net.optimizer_.param_groups[0]["lr"])


def switch_of(model):
    return dict(model.net_.callbacks_)["Switch"]


class Break(Callback):
    """Breaks off in the fifth epoch; in the class, not a parameter of the fit."""

    is_on = True

    def on_epoch_begin(self, net, **kwargs):
        if Break.is_on and len(net.history) == 5:
            raise ConnectionError("broken off")


@pytest.mark.parametrize("case", SOLVERS)
@pytest.mark.parametrize("first", ENGINES)
def test_a_checkpoint_is_resumed_by_the_other_engine(
    first, case, tmp_path, monkeypatch
):
    model, data = SOLVERS[case]
    expected = fit_by("torch", model, data, Y)
    options = {"checkpoint": tmp_path, "checkpoint_every": 2, "callbacks": [Break()]}
    model = clone(model).set_params(**options)
    monkeypatch.setattr(Break, "is_on", True)
    with engine_of(first), pytest.raises(ConnectionError):
        clone(model).fit(data, Y)
    monkeypatch.setattr(Break, "is_on", False)
    second = ENGINES[first == "compiled"]
    assert_close(fit_by(second, model, data, Y), expected, 1e-5)


def test_callbacks_at_epochs_are_heard():
    noted = []
    for engine in ENGINES:
        model = LSTMRegressor(**QUICK, learning_rate="cosine", callbacks=[Switch()])
        fitted = fit_by(engine, model, X, Y)
        watch = switch_of(fitted)
        assert watch.kernels == [engine] * 20
        assert watch.losses == fitted.loss_curve_
        noted.append((watch, fitted))
    assert noted[0][0].rates == noted[1][0].rates
    assert_close(noted[0][1], noted[1][1], 1e-5)


@pytest.mark.parametrize(
    ("options", "first"), [(QUICK, 1), (QUICK, 4), (QUICK | SGD, 4)]
)
def test_frozen_weights_are_left_to_torch(options, first):
    """Afterwards the weights have taken different numbers of Adam's steps."""
    freezer = Freezer("layers*", at=lambda net: len(net.history) == first)
    unfreezer = Unfreezer("layers*", at=lambda net: len(net.history) == 9)
    fits = []
    for engine in ENGINES:
        model = GRURegressor(**options, callbacks=[freezer, unfreezer, Switch()])
        with engine_of(engine):
            fits.append(model.fit(X, Y))
        last = engine if "solver" in options else "torch"
        expected = [engine] * (first - 1) + ["torch"] * (9 - first) + [last] * 12
        assert switch_of(model).kernels == expected
    assert_close(*fits, 1e-5)


class AtBatches(Callback):
    """Counts the batches."""

    n = 0

    def on_batch_end(self, net, training, **kwargs):
        self.n += training


class Hook(Callback):
    """Registers a hook before an epoch, and takes it away before another."""

    def __init__(self, register):
        self.register = register

    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == 4:
            self.handle = self.register(net.module_)
        if len(net.history) == 7:
            self.handle.remove()


HOOKS = {
    "forward": lambda m: m.layers[0].register_forward_hook(lambda *_: None),
    "before": lambda m: m.head.register_forward_pre_hook(lambda *_: None),
    "backward": lambda m: m.head.register_full_backward_hook(lambda *_: None),
    "gradient": lambda m: m.head.weight.register_hook(lambda g: g * 0.5),
    "after": lambda m: m.head.weight.register_post_accumulate_grad_hook(lambda p: None),
}


@pytest.mark.parametrize("hook", HOOKS)
def test_hooks_are_left_to_torch(hook):
    fits = []
    for engine in ENGINES:
        model = GRURegressor(**QUICK, callbacks=[Hook(HOOKS[hook]), Switch()])
        fits.append(fit_by(engine, model, X, Y))
        expected = [engine] * 3 + ["torch"] * 3 + [engine] * 14
        assert switch_of(fits[-1]).kernels == expected
    assert_close(*fits, 1e-5)


def test_callbacks_at_batches_are_left_to_torch():
    own = AtBatches()
    with engine_of("compiled"):
        model = GRURegressor(**QUICK, callbacks=[own]).fit(X, Y)
    assert model.net_.kernel_ == "torch"
    assert own.n == 20 * -(-len(X) // 30)


def test_a_fit_may_pass_to_torch():
    """A callback sets the variable; the state of the solver goes along."""
    expected = fit_by("torch", LSTMRegressor(**QUICK), X, Y)
    with engine_of("compiled"):
        model = LSTMRegressor(**QUICK, callbacks=[Switch(8)]).fit(X, Y)
    assert switch_of(model).kernels == ["compiled"] * 7 + ["torch"] * 13
    assert_close(model, expected, 1e-5)


def through_pickle(model):
    return pickle.loads(pickle.dumps(model))


@pytest.mark.parametrize("copied", [copy.deepcopy, through_pickle])
@pytest.mark.parametrize("case", SOLVERS)
def test_copies_train_weights_of_their_own(case, copied):
    model, data = SOLVERS[case]
    model = fit_by("compiled", model, data, Y)
    expected = weights_of(model)
    copies = [copied(model) for _ in ENGINES]
    for other, engine in zip(copies, ENGINES, strict=True):
        with engine_of(engine):
            other.partial_fit(data, Y)
        assert other.net_.kernel_ == engine
        assert not np.array_equal(weights_of(other)[0], expected[0])
    assert_close(*copies, 1e-5)
    for one, right in zip(weights_of(model), expected, strict=True):
        np.testing.assert_array_equal(one, right)

"""A net that a callback, a user or an interrupt changes: torch decides what it does."""

import numpy as np
import pytest
from skorch.callbacks import Callback
from torch import nn
from torch.nn.utils import parametrizations
from torch.nn.utils.parametrize import register_parametrization
from torch.optim.lr_scheduler import ExponentialLR
from torch.optim.optimizer import register_optimizer_step_post_hook

from skrnn import GRURegressor, MLPRegressor
from skrnn.engine import CompiledNetwork, Training
from skrnn.modules import description_of
from skrnn.training import _engine
from skrnn.training._engine import Engine

from .test_changes import ENGINES, Switch, switch_of
from .test_epochs import (
    MARKS,
    QUICK,
    TABLE,
    X,
    Y,
    assert_close,
    engine_of,
    fit_by,
)

pytestmark = MARKS


class Change(Callback):
    """Changes the net before an epoch."""

    def __init__(self, change, at):
        self.change = change
        self.at = at

    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == self.at:
            self.change(net)


class Halved(nn.Module):
    def forward(self, x):
        return x / 2


class ByColumns(nn.Module):
    """The same numbers, not contiguous."""

    def forward(self, x):
        return x.t().contiguous().t()


def replace_forward(net):
    before = net.module_.head.forward
    net.module_.head.forward = lambda x: before(x).tanh()


def add_activation(net):
    net.module_.head = nn.Sequential(net.module_.head, nn.Tanh())


def tie_layers(net):
    first, second = (layer.forward_in_time for layer in net.module_.layers)
    second.weight_hh_l0 = first.weight_hh_l0


def store_by_columns(net):
    recurrent = net.module_.layers[1].forward_in_time
    register_parametrization(recurrent, "weight_hh_l0", ByColumns())


CHANGES = {
    "parametrisation": lambda net: register_parametrization(
        net.module_.head, "bias", Halved()
    ),
    "stored by columns": store_by_columns,
    "spectral norm": lambda net: parametrizations.spectral_norm(net.module_.head),
    "other forward": replace_forward,
    "other part": add_activation,
    "tied weights": tie_layers,
    "hook of the loss": lambda net: net.criterion_.register_forward_hook(
        lambda loss, inputs, output: output * 2
    ),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("at", [1, 4])
def test_networks_that_a_callback_changes_are_left_to_torch(change, at):
    """The change keeps the addresses of the weights."""
    options = {**QUICK, "hidden_layer_sizes": (5, 5), "dtype": "float64"}
    options["readout"] = None  # it would write into the part that is changed
    fits = []
    for engine in ENGINES:
        callbacks = [Change(CHANGES[change], at), Switch()]
        with engine_of(engine):
            model = GRURegressor(**options, callbacks=callbacks).fit(X, Y)
            fits.append((model, model.predict(X)))
        expected = [engine] * (at - 1) + ["torch"] * (21 - at)
        assert switch_of(model).kernels == expected
    (found, predicted), (expected, answers) = fits
    assert_close(found, expected, 1e-8)
    np.testing.assert_allclose(predicted, answers, atol=1e-8)


@pytest.mark.parametrize("change", ["spectral norm", "other part"])
def test_a_read_out_needs_the_output_layer_as_it_was(change):
    """It would write weights that nothing reads."""
    model = GRURegressor(**QUICK, callbacks=[Change(CHANGES[change], 2)])
    with pytest.raises(ValueError, match=r"a callback has changed it; set readout=N"):
        model.fit(X, Y)


class Schedule(Callback):
    """torch's own, which counts the steps of the optimiser."""

    def on_train_begin(self, net, **kwargs):
        self.schedule = ExponentialLR(net.optimizer_, 0.9)

    def on_epoch_end(self, net, **kwargs):
        self.schedule.step()


def test_an_optimiser_whose_steps_are_watched_is_left_to_torch():
    fits = []
    for engine in ENGINES:
        with engine_of(engine):
            model = GRURegressor(**QUICK, callbacks=[Schedule(), Switch()]).fit(X, Y)
        assert switch_of(model).kernels == ["torch"] * 20
        fits.append(model)
    assert_close(*fits, 1e-5)


@pytest.mark.parametrize("cls", [GRURegressor, MLPRegressor])
def test_masks_of_predictions_are_drawn_by_torch(cls):
    """Monte Carlo dropout: its layers are in training mode, the others are not."""
    data, options = TABLE, {}
    if cls is GRURegressor:  # a read-out would leave the network out, which has masks
        data, options = X, {"readout": None}
    found = []
    for engine in ENGINES:
        model = fit_by(engine, cls(**QUICK, **options, dropout=0.5), data, Y)
        certain = model.predict(data)
        model.net_.module_.dropout.train()
        with engine_of(engine):
            found.append(model.predict(data))
        assert not np.allclose(found[-1], certain, atol=0.01)
    np.testing.assert_allclose(*found, atol=1e-4)


def test_a_dropout_in_evaluation_mode_draws_nothing():
    fits, draws = [], []
    for engine in ENGINES:
        callback = Change(lambda net: net.module_.dropout.eval(), 4)
        model = GRURegressor(**QUICK, dropout=0.5, callbacks=[callback])
        fits.append(fit_by(engine, model, X, Y))
        draws.append(sum(fits[-1].net_.draws()))
    assert draws == [3 * model.net_.history[0, "train_batch_count"] for model in fits]
    assert_close(*fits, 1e-4)


def test_an_interrupt_leaves_solver_and_masks_at_the_last_step(monkeypatch):
    """Python raises it when the engine returns."""
    run, n_steps = Training.run, []

    def interrupted(self, batches, first, n):
        run(self, batches, first, n)
        n_steps.append(n)
        if len(n_steps) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(Training, "run", interrupted)
    with engine_of("compiled"), pytest.warns(UserWarning, match="interrupted"):
        model = GRURegressor(**QUICK, dropout=0.5, readout=None).fit(X, Y)
    steps = {int(state["step"]) for state in model.net_.optimizer_.state.values()}
    assert steps == {sum(n_steps)}
    assert sum(model.net_.draws()) == sum(n_steps)


def test_lbfgs_computes_on_the_threads_that_are_asked_for(monkeypatch):
    found = []
    run = Training.run
    monkeypatch.setattr(
        Training, "run", lambda self, *a: (found.append(self.n_threads), run(self, *a))
    )
    with engine_of("compiled"):
        model = MLPRegressor(solver="lbfgs", max_iter=3, n_threads=2).fit(TABLE, Y)
    assert model.net_.kernel_ == "compiled"
    assert set(found) == {2}


def test_threads_that_predict_at_once_all_use_the_engine(monkeypatch):
    """Another thread has made the network, and a third one asks, while one makes it."""
    found = []
    with engine_of("compiled"):
        module = GRURegressor(**QUICK).fit(X, Y).net_.module_
        engine = Engine()

        def describe(module):
            monkeypatch.setattr(_engine, "description_of", description_of)
            found.append(engine.network_of(module))
            monkeypatch.setattr(_engine, "CompiledNetwork", make)
            return description_of(module)

        def make(*parts, **figures):
            found.append(engine.network_of(module))
            return CompiledNetwork(*parts, **figures)

        monkeypatch.setattr(_engine, "description_of", describe)
        found.append(engine.network_of(module))
    assert [type(network) for network in found] == [CompiledNetwork] * 3


def test_hooks_of_all_optimisers_are_run():
    steps = []
    handle = register_optimizer_step_post_hook(lambda *_: steps.append(1))
    try:
        model = GRURegressor(4, max_iter=2, learning_rate="cosine").fit(X, Y)
    finally:
        handle.remove()
    assert model.net_.kernel_ == "torch"
    assert steps

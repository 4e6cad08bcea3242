"""What goes wrong while a model is trained or used, and what is left then."""

import _thread
import gc
import signal
import threading
import time
import tracemalloc
import warnings

import numpy as np
import pandas as pd
import psutil
import pytest
import torch
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import BaggingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import (
    Callback,
    EarlyStopping,
)
from sktime.forecasting.model_evaluation import evaluate
from sktime.split import ExpandingWindowSplitter

from skrnn import (
    GRUClassifier,
    GRURegressor,
    LSTMRegressor,
    MLPRegressor,
    RNNRegressor,
    SlidingWindow,
)
from skrnn.modules import RecurrentNetwork
from skrnn.sktime import GRUForecaster
from skrnn.training._state_folder import StateFolder
from tests.bare import PLAIN_REGRESSOR
from tests.common_estimators import ragged, wave, windows_of

X, Y = windows_of(wave(160, 2), 6)
QUICK = {"hidden_layer_sizes": 3, "max_iter": 20, "batch_size": 32, "random_state": 0}
PLAIN = {**QUICK, **PLAIN_REGRESSOR}
unconverged = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"
)


@pytest.fixture(autouse=True)
def python_hears_ctrl_c():
    """A shell that starts the tests in the background has the signal ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def press_ctrl_c():
    signal.raise_signal(signal.SIGINT)


class CtrlC(Callback):
    """Ctrl-C in the third epoch: in the middle of it, or when it ends."""

    def __init__(self, event="on_batch_end"):
        self.event = event

    def on_batch_end(self, net, training, **kwargs):
        self._press(net, "on_batch_end")

    def on_epoch_end(self, net, **kwargs):
        self._press(net, "on_epoch_end")

    def _press(self, net, event):
        if self.event == event and len(net.history) == 3:
            press_ctrl_c()


@pytest.mark.parametrize("event", ["on_batch_end", "on_epoch_end"])
@pytest.mark.parametrize("cls", [GRURegressor, MLPRegressor])
def test_ctrl_c_in_fit_keeps_what_was_learnt(cls, event):
    table = X.reshape(len(X), -1)
    model = cls(**QUICK, callbacks=[CtrlC(event)])
    with pytest.warns(UserWarning, match="interrupted by user"):
        assert model.fit(table, Y) is model
    assert model.n_iter_ in (2, 3)
    assert np.isfinite(model.predict(table)).all()


def test_ctrl_c_in_a_pipeline_keeps_what_was_learnt():
    model = TransformedTargetRegressor(
        make_pipeline(SlidingWindow(4), GRURegressor(**QUICK, callbacks=[CtrlC()])),
        transformer=StandardScaler(),
    )
    with pytest.warns(UserWarning, match="interrupted by user"):
        model.fit(X[:, -1], Y)
    assert np.isfinite(model.predict(X[:, -1])).all()


def test_ctrl_c_in_partial_fit_is_passed_on_and_costs_nothing():
    """Else the loop around it would go on."""
    model = GRURegressor(**QUICK).partial_fit(X, Y).partial_fit(X, Y)
    untroubled = GRURegressor(**QUICK).partial_fit(X, Y).partial_fit(X, Y)
    before = model.predict(X)
    with pytest.raises(KeyboardInterrupt):
        model.set_params(callbacks=[CtrlC()]).partial_fit(X, Y)
    np.testing.assert_array_equal(model.predict(X), before)
    model.set_params(callbacks=None).partial_fit(X, Y)
    np.testing.assert_array_equal(
        model.predict(X), untroubled.partial_fit(X, Y).predict(X)
    )


def searches():
    model = GRURegressor(**QUICK, callbacks=[CtrlC()])
    grid = {"gruregressor__alpha": [0.0, 0.1, 1.0]}
    pipeline = make_pipeline(SlidingWindow(4), model)
    forecaster = GRUForecaster(4, max_iter=20, callbacks=[CtrlC()])
    splitter = ExpandingWindowSplitter(fh=[1], initial_window=60, step_length=40)
    series = pd.Series(wave(160)[:, 0])
    table = X.reshape(len(X), -1)
    return {
        "GridSearchCV": lambda: GridSearchCV(pipeline, grid, cv=3).fit(X[:, -1], Y),
        "cross_val_score": lambda: cross_val_score(model, X, Y, cv=3),
        "BaggingRegressor": lambda: BaggingRegressor(model, 3).fit(table, Y),
        "evaluate": lambda: evaluate(forecaster, splitter, series),
    }


@pytest.mark.parametrize("event", ["on_batch_end", "on_epoch_end"])
@pytest.mark.parametrize("name", ["GridSearchCV", "cross_val_score"])
def test_ctrl_c_stops_a_search(name, event):
    with pytest.raises(KeyboardInterrupt):
        searches()[name]()


@pytest.mark.filterwarnings("ignore:.*remember_data:FutureWarning")
@pytest.mark.parametrize("name", ["BaggingRegressor", "evaluate"])
def test_ctrl_c_stops_other_loops(name):
    with pytest.raises(KeyboardInterrupt):
        searches()[name]()


class Slow(Callback):
    """Ctrl-C while a callback is in the lines of ``on_epoch_end`` itself."""

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == 2:
            timer = threading.Timer(0.2, _thread.interrupt_main)
            timer.start()
            time.sleep(0.5)  # which the interrupt does not cut short


class Stop(Callback):
    """A callback that ends training itself, in a method of its own."""

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == 2:
            self.stop()

    def stop(self):
        raise KeyboardInterrupt


def test_ctrl_c_is_told_from_a_callback_that_stops(tmp_path):
    model = GRURegressor(**QUICK, callbacks=[Slow()], checkpoint=tmp_path)
    with pytest.warns(UserWarning, match="interrupted by user") as noted:
        model.fit(X, Y)
    assert noted[0].filename == __file__
    with pytest.raises(KeyboardInterrupt):
        cross_val_score(GRURegressor(**QUICK, callbacks=[Slow()]), X, Y, cv=2)
    stopped = GRURegressor(**QUICK, callbacks=[Stop()])
    assert stopped.fit(X, Y).n_iter_ == 2  # without a warning
    assert len(cross_val_score(stopped, X, Y, cv=2)) == 2


def test_ctrl_c_in_the_last_writing_keeps_what_was_learnt(tmp_path, monkeypatch):
    real = StateFolder.write

    def write(folder, state):
        if state.get("training", {}).get("ending"):
            press_ctrl_c()
        real(folder, state)

    monkeypatch.setattr(StateFolder, "write", write)
    model = GRURegressor(**QUICK, learning_rate="cosine", checkpoint=tmp_path)
    with pytest.warns(UserWarning, match="interrupted by user"):
        assert model.fit(X, Y).n_iter_ == 20


def test_divergence_after_ctrl_c_and_beside_a_failing_callback():
    model = GRURegressor(**QUICK, warm_start=True, callbacks=[CtrlC()])
    with pytest.warns(UserWarning, match="interrupted by user"):
        model.fit(X, Y)
    model.set_params(callbacks=None)
    with pytest.raises(ValueError, match="training diverged"):
        model.partial_fit(X, Y * 1e38)
    model = GRURegressor(
        **PLAIN, callbacks=[EarlyStopping("train_loss", load_best=True)]
    )
    with pytest.raises(ValueError, match="training diverged"):
        model.fit(X, Y * 1e30)


def test_ctrl_c_before_training_leaves_the_model_as_it_was():
    class AtOnce(Callback):
        def on_train_begin(self, net, **kwargs):
            press_ctrl_c()

    model = GRURegressor(**QUICK).partial_fit(X, Y)
    before = model.predict(X)
    with pytest.raises(KeyboardInterrupt):
        model.set_params(callbacks=[AtOnce()]).fit(X, Y)
    np.testing.assert_array_equal(model.predict(X), before)


@pytest.mark.filterwarnings("ignore:y_val has mean")
def test_divergence_says_where():
    options = {**PLAIN, "solver": "sgd", "max_iter": 60, "max_grad_norm": None}
    with pytest.raises(
        ValueError,
        match=r"in epoch 1: the loss was inf in batch 1, before any step: values of X",
    ):
        RNNRegressor(**options).fit(X, Y * 1e30)
    with pytest.raises(
        ValueError,
        match=r"in epoch \d+: the loss was (inf|nan) in batch \d, after [\d.e+]+: a "
        r"sign of exploding gradients\. Scale X and y .*max_grad_norm=1\.0",
    ):
        RNNRegressor(**options, learning_rate_init=1e15).fit(X, Y * 1e6)
    with pytest.raises(ValueError, match="loss on the held-out samples was not finite"):
        RNNRegressor(**options, early_stopping=True).fit(X, Y, X_val=X, y_val=Y * 1e30)


def test_clipping_mends_exploding_gradients():
    """The remedy that the message names."""
    X, Y = windows_of(np.arange(120.0)[:, None], 10)
    options = {"solver": "sgd", "learning_rate_init": 1.0, **PLAIN}
    options["learning_rate"] = "cosine"
    with pytest.raises(ValueError, match="exploding gradients"):
        RNNRegressor(**options, max_grad_norm=None).fit(X, Y)
    model = RNNRegressor(**options, max_grad_norm=1.0).fit(X, Y)
    assert np.isfinite(model.predict(X)).all()


class SmallDevice:
    """A network for whose batches there is memory up to a size."""

    def __init__(self, monkeypatch, largest):
        self.sizes = []
        monkeypatch.setenv("SKRNN_ENGINE", "torch")
        real = RecurrentNetwork.forward

        def forward(module, x, *args, **kwargs):
            self.sizes.append(len(x))
            if len(x) > largest:
                raise torch.OutOfMemoryError("out of memory")
            return real(module, x, *args, **kwargs)

        monkeypatch.setattr(RecurrentNetwork, "forward", forward)


@pytest.mark.parametrize("form", ["equal", "unequal"])
def test_prediction_halves_its_batch_where_memory_runs_out(form, monkeypatch):
    sequences = X if form == "equal" else ragged(len(X), 7, 2)
    model = GRURegressor(**QUICK, learning_rate="cosine").fit(sequences, Y)
    expected = model.predict(sequences)
    device = SmallDevice(monkeypatch, 50)
    found = model.predict(sequences)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)
    assert device.sizes[:3] == [154, 77, 38]
    assert sum(size for size in device.sizes if size <= 50) == len(X)
    SmallDevice(monkeypatch, 0)
    with pytest.raises(torch.OutOfMemoryError):
        model.predict(sequences)


def test_training_says_which_batch_size_fits(monkeypatch):
    model = GRURegressor(**{**QUICK, "batch_size": 100}, learning_rate="cosine")
    before = model.fit(X, Y).predict(X)
    SmallDevice(monkeypatch, 30)
    with pytest.raises(
        torch.OutOfMemoryError, match="with batch_size=100; batch_size=25 fits: set it"
    ):
        model.fit(X, Y)
    np.testing.assert_allclose(model.predict(X), before, rtol=1e-6, atol=1e-7)
    assert model.set_params(batch_size=25).fit(X, Y).n_iter_ == 20
    with pytest.raises(torch.OutOfMemoryError, match=r'solver="lbfgs" takes all 154'):
        GRURegressor(3, solver="lbfgs", readout=None).fit(X, Y)
    SmallDevice(monkeypatch, 0)
    with pytest.raises(torch.OutOfMemoryError, match="not even batch_size=1 fits"):
        model.fit(X, Y)


def test_the_batch_size_that_fits_is_one_of_the_longest(monkeypatch):
    monkeypatch.setenv("SKRNN_ENGINE", "torch")
    sequences = [np.ones((1 + i % 40, 2)) for i in range(80)]
    real = RecurrentNetwork.forward

    def forward(module, x, *args, **kwargs):
        if x.numel() > 2 * 400:  # steps of two features
            raise torch.OutOfMemoryError("out of memory")
        return real(module, x, *args, **kwargs)

    monkeypatch.setattr(RecurrentNetwork, "forward", forward)
    options = {"learning_rate": "cosine", "max_iter": 2, "readout": None}
    model = GRURegressor(2, batch_size=80, **options)
    with pytest.raises(torch.OutOfMemoryError, match="batch_size=10 fits"):
        model.fit(sequences, np.arange(80.0))
    model.set_params(batch_size=10).fit(sequences, np.arange(80.0))


def test_memory_that_runs_out_in_forecasts(monkeypatch):
    monkeypatch.setenv("SKRNN_ENGINE", "torch")
    model = GRUForecaster(6, 1, hidden_layer_sizes=3, max_iter=2, random_state=0)
    y = pd.Series(wave(160)[:, 0])
    model.set_params(learning_rate="cosine").fit(y)
    expected = model.predict_residuals(y)
    real, sizes = type(model.net_.module_).forward, []

    def forward(module, x, *args, **kwargs):
        sizes.append(len(x))
        if len(x) > 60:
            raise torch.OutOfMemoryError("out of memory")
        return real(module, x, *args, **kwargs)

    monkeypatch.setattr(type(model.net_.module_), "forward", forward)
    pd.testing.assert_series_equal(model.predict_residuals(y), expected)
    assert max(sizes) > 60 >= sizes[-1]


@pytest.mark.parametrize(
    "event", ["on_train_begin", "on_epoch_begin", "on_batch_end", "on_epoch_end"]
)
def test_a_raising_callback_leaves_the_model_as_it_was(event):
    def fail(self, net, **kwargs):
        raise ZeroDivisionError("in a callback")

    failing = type("Failing", (Callback,), {event: fail})
    model = GRURegressor(**QUICK, learning_rate="cosine").fit(X, Y)
    before, state = model.predict(X), vars(model).copy()
    with pytest.raises(ZeroDivisionError, match="in a callback"):
        model.set_params(callbacks=[failing()]).fit(X, Y)
    np.testing.assert_array_equal(model.predict(X), before)
    assert {name for name in vars(model) if vars(model)[name] is not state[name]} == {
        "callbacks"
    }


@pytest.mark.slow
def test_many_fits_leave_nothing_behind(tmp_path):
    """``tests/benchmarks/faults.py --fits 5000`` does so 5,000 times."""
    process = psutil.Process()
    options = {**QUICK, "max_iter": 1, "learning_rate": "cosine"}
    models = [
        LSTMRegressor(**options),
        GRUClassifier(**options),
        MLPRegressor(hidden_layer_sizes=3, max_iter=1, learning_rate="constant"),
        RNNRegressor(**options, checkpoint=tmp_path),
    ]

    def fit_all(n_times):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for _ in range(n_times):
                for model in models:
                    is_table = isinstance(model, MLPRegressor)
                    rows = X.reshape(len(X), -1) if is_table else X
                    model.fit(rows, Y > 0 if "Class" in str(model) else Y)
        gc.collect()
        return process.num_fds(), process.num_threads()

    before = fit_all(5)
    tracemalloc.start()
    fit_all(5)
    first = tracemalloc.get_traced_memory()[0]
    after = fit_all(20)
    last = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert after == before
    assert last - first < 200_000


@unconverged
@pytest.mark.parametrize("cls", [GRURegressor, MLPRegressor])
def test_a_fit_that_fails_at_its_end_adds_nothing_to_the_curves(cls):
    options = {"warm_start": True, "early_stopping": True, "random_state": 0}
    model = cls(hidden_layer_sizes=2, max_iter=3, learning_rate="constant", **options)
    model.fit(X[:, :, 0], Y)
    curve, scores = model.loss_curve_[:], model.validation_scores_[:]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ConvergenceWarning):
            model.fit(X[:, :, 0], Y)
    assert (model.loss_curve_, model.validation_scores_) == (curve, scores)
    model.set_params(learning_rate="cosine", solver="sgd").fit(X[:, :, 0], Y)
    assert len(model.validation_scores_) == len(model.loss_curve_) == 6
    assert model.loss_curve_[:3] == curve


class Interrupt(Callback):
    """Ctrl-C in the middle of the third epoch."""

    def on_batch_end(self, net, training, **kwargs):
        if len(net.history) == 3:
            raise KeyboardInterrupt


@unconverged
@pytest.mark.parametrize("early_stopping", [False, True])
def test_interruption_keeps_what_was_learnt(early_stopping):
    X, Y = windows_of(wave(120, 2), 8)
    model = GRURegressor(
        4,
        batch_size=32,
        max_iter=9,
        early_stopping=early_stopping,
        callbacks=[Interrupt()],
        random_state=0,
    )
    with pytest.warns(UserWarning, match="interrupted by user"):
        model.fit(X, Y)
    assert model.n_iter_ == len(model.loss_curve_) == 2
    assert np.isfinite(model.predict(X)).all()
    model.set_params(callbacks=None, max_iter=2, warm_start=True, early_stopping=False)
    assert model.fit(X, Y).loss_curve_[2] < model.loss_curve_[0]


@unconverged
def test_divergence_names_the_remedies_and_keeps_the_old_weights():
    options = {"max_iter": 3, "random_state": 0, **PLAIN_REGRESSOR}
    model = RNNRegressor(4, warm_start=True, **options).fit(X, Y)
    before, state = model.predict(X), vars(model).copy()
    for warm_start in (True, False):
        model.set_params(
            solver="sgd", learning_rate_init=1e20, max_iter=50, warm_start=warm_start
        )
        with pytest.raises(
            ValueError, match=r"diverged.*StandardScaler.*max_grad_norm"
        ):
            model.fit(X, 1e10 * Y)
        np.testing.assert_array_equal(model.predict(X), before)
        learnt = {name for name in state if name.endswith("_")}
        assert all(getattr(model, name) is state[name] for name in learnt)
    with pytest.raises(ValueError, match="diverged"):
        model.partial_fit(X, 1e38 * Y)
    np.testing.assert_array_equal(model.predict(X), before)
    new = RNNRegressor(4, solver="sgd", learning_rate_init=1e20, **PLAIN_REGRESSOR)
    with pytest.raises(ValueError, match="diverged"):
        new.fit(X, 1e10 * Y)
    assert not hasattr(new, "net_")


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_failed_partial_fit_leaves_no_trace(solver):
    """Afterwards the model learns as if the bad batch had never come."""
    options = {"solver": solver, "batch_size": 16, "dropout": 0.3, "random_state": 0}
    model, untroubled = (LSTMRegressor(4, **options) for _ in range(2))
    for one in (model, untroubled):
        one.partial_fit(X, Y).partial_fit(X, Y)
    with pytest.raises(ValueError, match="diverged"):
        model.partial_fit(X, Y * 1e35)
    for one in (model, untroubled):
        one.partial_fit(X, Y)
    np.testing.assert_array_equal(model.predict(X), untroubled.predict(X))
    assert model.loss_curve_ == untroubled.loss_curve_


def test_weights_that_explode_in_the_last_step_are_noticed():
    options = {"solver": "sgd", "learning_rate_init": 1e30, "max_grad_norm": None}
    options |= PLAIN_REGRESSOR
    model = RNNRegressor(4, max_iter=1, batch_size=1000, alpha=0, **options)
    with pytest.raises(ValueError, match=r"diverged.*made the weights .* infinite"):
        model.fit(X, Y * 1e15)


@unconverged
def test_failing_callback_keeps_the_old_weights():
    class Failing(Callback):
        def on_epoch_end(self, net, **kwargs):
            raise RuntimeError("disk is full")

    model = RNNRegressor(4, warm_start=True, max_iter=3, random_state=0).fit(X, Y)
    before = model.predict(X)
    with pytest.raises(RuntimeError, match="disk is full"):
        model.set_params(callbacks=[Failing()]).fit(X, Y)
    np.testing.assert_array_equal(model.predict(X), before)

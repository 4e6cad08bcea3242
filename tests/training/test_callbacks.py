"""Callbacks of the user and of skorch: called, copied, saved."""

import contextlib
import pickle
import threading

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import (
    Callback,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    Freezer,
    LRScheduler,
    TrainEndCheckpoint,
)

from skrnn import (
    GRURegressor,
    MLPRegressor,
    RNNRegressor,
)
from skrnn.training import SCHEDULES
from tests.bare import PLAIN_REGRESSOR
from tests.common_estimators import wave, windows_of

from .recorder import Recorder, recorder_of

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = windows_of(wave(120, 2), 8)


def weights(model):
    state = model.net_.module_.state_dict()
    return {name: value.clone() for name, value in state.items()}


def test_callbacks_of_the_user_are_those_that_are_called():
    own = Recorder()
    model = RNNRegressor(2, max_iter=3, batch_size=28, callbacks=[own], random_state=0)
    model.fit(X, Y)
    assert recorder_of(model) is own
    assert own.batches == 12
    named, kind = ("mine", own), Recorder
    model.set_params(callbacks=(named, kind)).fit(X, Y)
    assert dict(model.net_.callbacks_)["mine"] is own
    assert recorder_of(model).rates == own.rates
    freezer = Freezer("layers*")
    model.set_params(callbacks=[freezer]).fit(X, Y)
    assert (freezer.at, freezer.patterns) == (1, "layers*")  # skorch rewrites its own


class Pruned(Exception):
    """As optuna.TrialPruned: not an error of the fit."""


class Trial:
    """One trial of a study, as optuna's: it takes reports, and may be given up."""

    def __init__(self, last_epoch):
        self.last_epoch = last_epoch
        self.reports = {}
        self.lock = threading.Lock()  # as a storage has

    def report(self, value, step):
        with self.lock:
            self.reports[step] = value

    def should_prune(self):
        return max(self.reports) >= self.last_epoch


class Pruning(Callback):
    """As SkorchPruningCallback of optuna_integration."""

    def __init__(self, trial, monitor):
        self._trial = trial
        self._monitor = monitor

    def on_epoch_end(self, net, **kwargs):
        if not net.history:
            return
        epoch = len(net.history) - 1
        self._trial.report(net.history[-1, self._monitor], epoch)
        if self._trial.should_prune():
            raise Pruned(f"Trial was pruned at epoch {epoch}.")


def test_reports_of_a_callback_arrive_and_its_exception_ends_the_fit():
    options = {"early_stopping": True, "max_iter": 6, "learning_rate": "cosine"}
    model = GRURegressor(2, **options, random_state=0).fit(X, Y)
    scores, before = model.validation_scores_, vars(model).copy()
    trial = Trial(last_epoch=3)
    model.set_params(callbacks=[Pruning(trial, "valid_score")])
    with pytest.raises(Pruned, match="at epoch 3"):
        model.fit(X, Y)
    assert trial.reports == dict(enumerate(scores[:4]))
    learnt = {name for name in before if name.endswith("_")}
    assert all(getattr(model, name) is before[name] for name in learnt)
    trial.last_epoch = 100
    model.fit(X, Y)
    assert trial.reports == dict(enumerate(scores))
    table = X[:, :, 0]
    report = Trial(last_epoch=100)
    perceptron = MLPRegressor(callbacks=[Pruning(report, "train_loss")])
    perceptron.partial_fit(table, Y).partial_fit(table, Y)
    assert list(report.reports.values()) == perceptron.loss_curve_


class Logger(Callback):
    """Holds what can be neither copied nor pickled, as a writer of TensorBoard."""

    def __init__(self, lock, log):
        self.lock = lock
        self.log = log

    def on_train_begin(self, net, **kwargs):
        self.net_ = net

    def on_epoch_end(self, net, **kwargs):
        with self.lock:
            self.log.append(self.net_.history[-1, "train_loss"])


class Shared(Logger):
    """One for all fits of a search."""

    def __sklearn_clone__(self):
        return self


def test_a_callback_may_hold_what_cannot_be_copied(tmp_path):
    options = {"max_iter": 2, "learning_rate": "cosine", "random_state": 0}
    logger = Logger(threading.Lock(), [])
    model = GRURegressor(2, callbacks=[logger], **options, checkpoint=tmp_path)
    assert model.fit(X, Y).loss_curve_ == logger.log
    with pytest.raises(ValueError, match="A fit may have changed a callback"):
        model.fit(X, Y)
    model.set_params(callbacks=[Logger(threading.Lock(), [])]).fit(X, Y)
    assert model.loss_curve_ == logger.log  # read from the checkpoint
    assert model.stream(X[0]).n_rows == 8
    with pytest.raises(TypeError, match="cannot pickle"):
        clone(model)
    model.set_params(callbacks=[Shared(logger.lock, logger.log)], checkpoint=None)
    search = GridSearchCV(model, {"alpha": [0, 1]}, cv=2).fit(X, Y)
    assert len(logger.log) == 2 + 2 * 5
    assert search.best_estimator_.loss_curve_ == logger.log[-2:]


def test_a_file_holds_callbacks_without_the_net():
    options = {"max_iter": 2, "learning_rate": "cosine", "random_state": 0}
    schedule = LRScheduler("StepLR", step_size=1)
    logger = Logger(contextlib.nullcontext(), [])
    model = GRURegressor(2, callbacks=[schedule, ("log", logger)], **options).fit(X, Y)
    assert schedule.lr_scheduler_.optimizer is model.net_.optimizer_
    other = pickle.loads(pickle.dumps(model))
    theirs, (name, log) = other.callbacks
    assert not hasattr(theirs, "lr_scheduler_")
    assert (name, log.log, hasattr(log, "net_")) == ("log", logger.log, False)
    assert logger.net_ is model.net_
    assert other.fit(X, Y).loss_curve_ == model.loss_curve_


def test_early_stopping_of_skorch_works():
    model = RNNRegressor(
        4,
        learning_rate_init=1e-9,
        tol=0,
        n_iter_no_change=100,
        max_iter=30,
        callbacks=[
            EarlyStopping(patience=3, threshold_mode="abs", sink=lambda _: None)
        ],
        random_state=0,
    ).fit(X, Y, X_val=X, y_val=Y)
    assert model.n_iter_ < 10
    assert {"train_loss", "valid_loss", "valid_score"} <= set(model.net_.history[-1])


def test_scoring_of_skorch_works():
    scoring = EpochScoring("neg_mean_absolute_error", name="mae", lower_is_better=False)
    options = {"max_iter": 2, "callbacks": [scoring], "random_state": 0}
    model = RNNRegressor(4, readout=None, **options)
    model.fit(X, Y, X_val=X, y_val=Y)
    expected = -np.abs(model.predict(X) - Y).mean() / Y.std()  # as training has them
    assert model.net_.history[-1, "mae"] == pytest.approx(expected, rel=1e-5)


def test_checkpoint_of_skorch_works(tmp_path):
    for callback in (
        Checkpoint(monitor="train_loss_best", dirname=tmp_path / "a"),
        TrainEndCheckpoint(dirname=tmp_path / "b"),
    ):
        RNNRegressor(4, max_iter=2, callbacks=[callback]).fit(X, Y)
    assert (tmp_path / "a" / "params.pt").exists()
    assert (tmp_path / "b" / "train_end_params.pt").exists()


def test_frozen_weights_stay():
    options = {"max_iter": 3, "random_state": 0, "alpha": 0.1, **PLAIN_REGRESSOR}
    model = RNNRegressor(4, callbacks=[Freezer("layers*")], **options).fit(X, Y)
    start = RNNRegressor(4, **options | {"learning_rate_init": 1e-300}).fit(X, Y)
    for name, value in weights(model).items():
        assert torch.equal(value, weights(start)[name]) == name.startswith("layers")


def test_net_params_reach_the_net():
    model = RNNRegressor(2, max_iter=1, net_params={"optimizer__amsgrad": True})
    assert model.fit(X, Y).net_.optimizer_.param_groups[0]["amsgrad"]
    for net_params, message in (
        ({"unexpected_name": 1}, "unexpected_name"),
        ({"max_epochs": 1}, "use the parameter max_iter"),
        ({"iterator_train__shuffle": True}, "batch_size and shuffle"),
    ):
        with pytest.raises(ValueError, match=message):
            RNNRegressor(2, net_params=net_params).fit(X, Y)


def test_verbose_shows_a_bar_or_lines(capsys):
    RNNRegressor(2, max_iter=3, verbose=1).fit(X, Y)
    captured = capsys.readouterr()
    assert "3/3" in captured.err
    assert "loss = " in captured.err
    RNNRegressor(2, max_iter=3, verbose=2).fit(X, Y, X_val=X, y_val=Y)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(", ")[0] for line in lines[::2]] == [
        "Iteration 1",
        "Iteration 2",
        "Iteration 3",
    ]
    assert all(line.startswith("Validation score: ") for line in lines[1::2])
    RNNRegressor(2, max_iter=3).fit(X, Y)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_no_callback_of_ours_listens_to_batches(schedule):
    model = GRURegressor(2, learning_rate=schedule, max_iter=1, max_grad_norm=1.0)
    net = model.fit(X, Y).net_
    for event in ("on_batch_begin", "on_batch_end", "on_grad_computed"):
        assert not net._has_listener(event)

"""A fit that is broken off goes on where it was, to the same bits."""

import json
import os
import pickle
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold
from skorch.callbacks import (
    Callback,
    EarlyStopping,
    EpochScoring,
    Freezer,
    GradientNormClipping,
)

from skrnn import (
    GRUClassifier,
    GRURegressor,
    LSTMRegressor,
    MLPClassifier,
    MLPRegressor,
    RNNRegressor,
)
from skrnn.estimators import _tasks
from skrnn.sktime import GRUForecaster, MLPForecaster
from skrnn.training import Budget
from skrnn.training._state_folder import StateFolder
from tests.common_estimators import ragged, wave, windows_of

X, Y = windows_of(wave(120, 2), 6)
RAGGED = ragged(90, 9)
LENGTHS = np.array([len(sequence) for sequence in RAGGED], dtype=float)
N_EPOCHS = 9
QUICK = {"max_iter": N_EPOCHS, "batch_size": 16, "random_state": 3}


class Break(Callback):
    """Break fits off in the middle of an epoch, which the class tells.

    Not the object: it is a parameter of the fit, and other ones are another fit.
    """

    epoch = None

    def on_batch_begin(self, net, training, **kwargs):
        if len(net.history) == Break.epoch:
            raise ConnectionError("broken off")


@contextmanager
def broken_off(epoch):
    """Fits in here are broken off in an epoch."""
    Break.epoch = epoch
    try:
        with pytest.raises(ConnectionError):
            yield
    finally:
        Break.epoch = None


def fit_cases():
    """Estimators with data, for everything that a fit carries along."""
    small = {"hidden_layer_sizes": 4, **QUICK}
    table = X.reshape(len(X), -1)
    stopped = {"early_stopping": True, "n_iter_no_change": 5, "tol": 1.0}  # epoch 7
    return {
        "adam": (GRURegressor(**small), X, Y),
        "found by a trial": (GRURegressor(**{**small, "max_iter": "auto"}), X, Y),
        "convolutions": (GRUClassifier(**small), X[:40], Y[:40] > 0.3),
        "best weights, dropout": (
            LSTMRegressor(early_stopping=True, dropout=0.3, **small),
            X,
            Y,
        ),
        "masks of all kinds": (
            LSTMRegressor(
                input_dropout=0.1,
                recurrent_dropout=0.2,
                zoneout=0.1,
                bidirectional=True,
                conv_filters=3,
                **small,
            ),
            X,
            Y,
        ),
        "stopped early": (GRURegressor(**stopped, **small), X, Y),
        "onecycle": (RNNRegressor(learning_rate="onecycle", **small), X, Y),
        "cosine, sgd": (
            RNNRegressor(learning_rate="cosine", solver="sgd", **small),
            X,
            Y,
        ),
        "invscaling": (
            RNNRegressor(learning_rate="invscaling", solver="rmsprop", **small),
            X,
            Y,
        ),
        "adaptive": (
            RNNRegressor(
                learning_rate="adaptive", tol=0.5, n_iter_no_change=1, **small
            ),
            X,
            Y,
        ),
        "torch.optim class": (GRURegressor(solver=torch.optim.NAdam, **small), X, Y),
        "state of another dtype": (
            MLPRegressor(solver=torch.optim.NAdam, **{**QUICK, "batch_size": "auto"}),
            table,
            Y,
        ),
        "closure": (RNNRegressor(solver=torch.optim.LBFGS, **small), X[:32], Y[:32]),
        "unequal lengths": (GRURegressor(max_grad_norm=1.0, **small), RAGGED, LENGTHS),
        "a target at each step": (
            LSTMRegressor(return_sequences=True, early_stopping=True, **small),
            X.copy(),
            X.cumsum(axis=1),
        ),
        "classes": (
            GRUClassifier(class_weight="balanced", conv_filters=None, **small),
            X,
            Y > 0.3,
        ),
        "table": (MLPRegressor(**QUICK), table, Y),
        "table, sgd": (
            MLPClassifier(solver="sgd", learning_rate="adaptive", tol=1.0, **QUICK),
            table,
            Y > 0,
        ),
        "table, best weights": (
            MLPRegressor(early_stopping=True, dropout=0.2, batch_norm=True, **QUICK),
            table,
            Y,
        ),
        "unshuffled": (MLPRegressor(shuffle=False, **QUICK), table, Y),
    }


CASES = fit_cases()


def learnt(model, X):
    """All that a fit leaves behind."""
    names = ("n_iter_", "loss_curve_", "validation_scores_", "best_loss_", "t_")
    state = model.net_.module_.state_dict()
    return {
        **{name: getattr(model, name) for name in names},
        "history": model.net_.history[:, "train_loss"],
        "weights": {name: value.numpy().tobytes() for name, value in state.items()},
        "predictions": model.predict(X).tobytes(),
        "generator": repr(model._random_state.get_state()),
    }


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("case", CASES)
def test_resumed_fit_ends_with_the_same_bits(case, tmp_path, monkeypatch):
    monkeypatch.setattr(_tasks, "NUMBERS", Budget(epochs=30, updates=1))
    model, X, y = CASES[case]
    model = clone(model).set_params(callbacks=[Break(), Log()])
    expected = learnt(clone(model).fit(X, y), X)
    model.set_params(checkpoint=tmp_path, checkpoint_every=2)
    n_epochs = len(expected["history"])  # after the trial
    last = max(1, min(6, n_epochs))
    with broken_off(last):
        clone(model).fit(X, y)
    resumed = clone(model).fit(X, y)
    assert learnt(resumed, X) == expected
    seen = len(Log.epochs)
    assert learnt(clone(model).fit(X, y), X) == expected
    assert len(Log.epochs) == seen  # it was read, not trained


class Log(Callback):
    """Note the epochs that are trained, and break off before one.

    In the class, since copies are what is called.
    """

    epochs: ClassVar[list] = []
    n_left = np.inf

    def on_epoch_begin(self, net, **kwargs):
        if Log.n_left == 0:
            raise ConnectionError("broken off")
        Log.n_left -= 1
        Log.epochs.append(len(net.history))


@pytest.fixture
def log():
    Log.epochs, Log.n_left = [], np.inf
    return Log


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_epochs_before_the_checkpoint_are_not_trained_again(log, tmp_path, capsys):
    options = {"checkpoint": tmp_path, "checkpoint_every": 3, "callbacks": [Log()]}
    model = GRURegressor(4, **QUICK, **options)
    log.n_left = 5
    with pytest.raises(ConnectionError):
        model.fit(X, Y)
    log.n_left = np.inf
    model.set_params(verbose=2, n_threads=2, device="cpu").fit(X, Y)
    assert log.epochs == [1, 2, 3, 4, 5, 4, 5, 6, 7, 8, 9]
    out = capsys.readouterr().out
    assert out.startswith("Epoch 3 is read from a checkpoint\nIteration 4, ")
    model.fit(X, Y)  # it has ended
    assert len(log.epochs) == 11
    model.set_params(checkpoint=tmp_path / "other", verbose=1).fit(X, Y)
    assert len(log.epochs) == 11 + 9


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("random_state", [None, "generator"])
@pytest.mark.parametrize("cls", [GRURegressor, MLPRegressor])
def test_a_fit_without_a_seed_is_the_same_fit_when_resumed(cls, random_state, tmp_path):
    """Its first epochs, and the samples it holds out, are those of the broken one."""
    table = X.reshape(len(X), -1)
    options = {**QUICK, "early_stopping": True, "checkpoint_every": 1}
    model = cls(**options, checkpoint=tmp_path, callbacks=[Break()])
    for validation_split in ("random", "auto"):
        model.set_params(validation_split=validation_split)
        model.set_params(checkpoint=tmp_path / validation_split)
        if random_state == "generator":
            model.set_params(random_state=np.random.RandomState(5))
        else:
            model.set_params(random_state=None)
        with broken_off(4):
            model.fit(table, Y)
        if random_state == "generator":  # as a script that is started again makes it
            model.set_params(random_state=np.random.RandomState(5))
        saved = saved_in(tmp_path / validation_split)
        history = [epoch["train_loss"] for epoch in saved["training"]["history"]]
        model.fit(table, Y)
        assert len(history) == 3
        assert model.loss_curve_[:3] == history


def saved_in(folder):
    opened = StateFolder(folder)
    try:
        return opened.read()
    finally:
        opened.close()


def panel():
    index = pd.MultiIndex.from_product(
        [["a", "b"], pd.date_range("2020", periods=50, freq="D")]
    )
    values = np.concatenate([wave(50)[:, 0], 2 + wave(50)[:, 0]])
    return pd.DataFrame({"y": values}, index)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("loss", ["absolute_error", "normal"])
def test_resumed_forecaster(loss, tmp_path):
    model = GRUForecaster(
        6, 2, hidden_layer_sizes=4, loss=loss, **QUICK, callbacks=[Break()]
    )
    y, ahead = panel(), [1, 2, 3]
    expected = model.clone().fit(y).predict_interval(fh=ahead)
    model.set_params(checkpoint=str(tmp_path / "{fit}"), checkpoint_every=2)
    with broken_off(6):
        model.clone().fit(y)
    resumed = model.clone().fit(y)
    pd.testing.assert_frame_equal(
        resumed.predict_interval(fh=ahead), expected, check_exact=True
    )
    assert model.clone().fit(y).n_iter_ == resumed.n_iter_
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_pretraining_and_fine_tuning_are_two_fits(tmp_path):
    y = panel()
    options = {"hidden_layer_sizes": 4, **QUICK}
    plain = MLPForecaster(6, 2, **options)
    expected = plain.pretrain(y).fit(y, fh=[1, 2]).predict()
    model = MLPForecaster(6, 2, **options, checkpoint=tmp_path)
    model.pretrain(y)
    with pytest.raises(ValueError, match=r"other data: pretrained network differ"):
        model.fit(y, fh=[1])
    for _ in range(2):
        model = MLPForecaster(6, 2, **options, checkpoint=tmp_path / "{fit}")
        forecast = model.pretrain(y).fit(y, fh=[1, 2]).predict()
        pd.testing.assert_frame_equal(forecast, expected, check_exact=True)
    assert len(list(tmp_path.glob("*/"))) == 2


@pytest.fixture
def ended(tmp_path):
    """A model whose fit has ended, with its checkpoint."""
    model = GRURegressor(
        2, max_iter=2, learning_rate="cosine", random_state=0, checkpoint=tmp_path
    )
    return model.fit(X, Y)


def test_other_data_are_refused(ended):
    weights = np.linspace(1, 2, len(Y))
    with pytest.raises(ValueError, match=r"on other data: y differ.*\{fit\}"):
        ended.fit(X, Y + 1e-6)
    with pytest.raises(ValueError, match="data: X, y differ"):
        ended.fit(X[:-1], Y[:-1])
    with pytest.raises(ValueError, match="data: sample_weight differ"):
        ended.fit(X, Y, weights)
    with pytest.raises(ValueError, match=r"X_val and y_val differ"):
        ended.fit(X, Y, X_val=X, y_val=Y)
    assert ended.fit(X, Y.tolist()).n_iter_ == 2  # equal values are the same


def test_other_parameters_are_refused(ended, tmp_path):
    there = r"max_iter=2 there, 3 here\. Undo the changes .* delete the folder"
    with pytest.raises(ValueError, match=there):
        clone(ended).set_params(max_iter=3).fit(X, Y)
    with pytest.raises(ValueError, match="random_state=0 there, 1 here"):
        clone(ended).set_params(random_state=1).fit(X, Y)
    with pytest.raises(ValueError, match=r"solver='adam' there, torch.optim"):
        clone(ended).set_params(solver=torch.optim.NAdam).fit(X, Y)
    with pytest.raises(ValueError, match="belongs to a GRURegressor, not to a LSTMR"):
        LSTMRegressor(2, max_iter=2, checkpoint=tmp_path).fit(X, Y)
    assert ended.predict(X).shape == Y.shape


def test_other_parameters_that_a_subclass_sets_are_refused(tmp_path):
    class Own(GRURegressor):
        smoothness = 0.1

        def __init__(self, checkpoint=None):
            settings = {"max_iter": 2, "learning_rate": "cosine", "random_state": 0}
            super().__init__(
                2, alpha=self.smoothness, checkpoint=checkpoint, **settings
            )

    Own(tmp_path).fit(X, Y)
    Own.smoothness = 0.2
    with pytest.raises(ValueError, match=r"alpha=0\.1 there, 0\.2 here"):
        Own(tmp_path).fit(X, Y)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"solver": "lbfgs"}, "does not support solver"),
        ({"checkpoint": ""}, "must name a folder"),
        ({"checkpoint": "runs/{Fit}", "random_state": 0}, "and no other braces"),
        ({"checkpoint_every": "banana", "checkpoint": None}, "a duration such as"),
        ({"checkpoint": "{fit}"}, "needs a random_state, such as 0"),
        ({"warm_start": True}, "set only one of them"),
        ({"checkpoint_every": "soon"}, r'such as "30s" or "5min", got \'soon\''),
        ({"checkpoint_every": "-5s"}, "a duration such as"),
        ({"checkpoint_every": "30"}, "a duration such as"),
        ({"checkpoint_every": 0}, "checkpoint_every"),
        ({"checkpoint": 3}, "checkpoint"),
    ],
)
def test_bad_parameters(params, message, tmp_path):
    model = GRURegressor(2, **{"checkpoint": tmp_path, **params})
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y)
    assert not hasattr(model, "net_")


def test_a_folder_that_cannot_be_used_is_an_error_before_training(log, tmp_path):
    (tmp_path / "file").write_text("")
    model = GRURegressor(2, checkpoint=tmp_path / "file", callbacks=[Log()])
    with pytest.raises(OSError, match=r"file of a checkpoint cannot be written"):
        model.fit(X, Y)
    assert log.epochs == []


def test_one_folder_for_two_fits_at_once_is_refused(ended, tmp_path):
    opened = StateFolder(tmp_path)
    with pytest.raises(ValueError, match=r"another fit is using .*runs/\{fit\}"):
        ended.fit(X, Y)
    opened.close()
    assert ended.fit(X, Y).n_iter_ == 2


def test_every_changed_byte_is_noticed(ended, tmp_path):
    rng = np.random.default_rng(0)
    for file in (tmp_path / "checkpoint.json", next(tmp_path.glob("*.safetensors"))):
        data = file.read_bytes()
        places = {0, 11, 12, 13, 75, 80, len(data) - 1, len(data) - 2}
        for place in {*places, *rng.integers(0, len(data), 60).tolist()}:
            changed = bytearray(data)
            changed[place] ^= 1 << rng.integers(8)
            file.write_bytes(changed)
            with pytest.raises(ValueError, match=r"is damaged .* delete the folder"):
                ended.fit(X, Y)
        for size in (0, 1, len(data) // 2, len(data) - 1):
            file.write_bytes(data[:size])
            with pytest.raises(ValueError, match="is damaged"):
                ended.fit(X, Y)
        file.unlink()
        if file.suffix == ".safetensors":
            with pytest.raises(ValueError, match="is damaged"):
                ended.fit(X, Y)
        file.write_bytes(data)
    assert ended.fit(X, Y).n_iter_ == 2


class Crash(BaseException):
    """As if the process died."""


@pytest.mark.parametrize("function", ["fsync", "replace", "unlink"])
def test_a_writing_that_is_broken_off_leaves_a_whole_state(
    function, tmp_path, monkeypatch
):
    """Die before and after each step of it."""
    room = os if function == "fsync" else Path
    real, calls = getattr(room, function), []

    def crash(*args, **kwargs):
        calls.append(function)
        if len(calls) == fatal:
            if is_done:
                real(*args, **kwargs)
            raise Crash
        return real(*args, **kwargs)

    old = {"weights": np.arange(3.0), "epoch": 1}
    new = {"weights": np.arange(3.0) + 1, "epoch": 2}
    n_broken = 0
    for is_done in (False, True):
        for fatal in range(1, 6):
            folder = StateFolder(tmp_path / f"{is_done}{fatal}")
            folder.write(old)
            calls.clear()
            monkeypatch.setattr(room, function, crash)
            try:
                folder.write(new)
            except Crash:
                n_broken += 1
            monkeypatch.setattr(room, function, real)
            state = folder.read()
            assert state["weights"][0] + 1 == state["epoch"]
            folder.write(new)
            assert folder.read()["epoch"] == 2
            assert len(list(folder.path.iterdir())) == 3  # arrays, JSON and lock
            folder.close()
    assert n_broken >= 2


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_full_disk_costs_the_checkpoint_and_not_the_fit(tmp_path, monkeypatch):
    model = GRURegressor(4, readout=None, **QUICK)
    expected = learnt(clone(model).fit(X, Y), X)
    model.set_params(checkpoint=tmp_path, checkpoint_every=1)
    real, n_calls = os.fsync, 0

    def full(descriptor):
        nonlocal n_calls
        n_calls += 1
        if n_calls > 10:
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.warns(UserWarning, match=r"epoch \d could not .*No space") as noted:
        model.fit(X, Y)
    assert len([w for w in noted if "checkpoint" in str(w.message)]) == 1
    monkeypatch.undo()
    assert learnt(model, X) == expected
    n_saved = len(saved_in(tmp_path)["training"]["history"])
    assert 0 < n_saved < N_EPOCHS
    assert not list(tmp_path.glob("*.part"))
    assert learnt(clone(model).fit(X, Y), X) == expected


@pytest.mark.slow
def test_killed_fits_and_full_disks():
    """A few of those that the benchmark tries."""
    script = Path(__file__).parents[1] / "benchmarks" / "faults.py"
    options = "--kills 4 --full-disks 2 --fits 0 --fuzz 0 --json"
    run = subprocess.run(
        [sys.executable, script, *options.split()],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    counts = json.loads(run.stdout)
    assert counts["kills"]["faults"] == counts["kills"]["identical"] == 4
    assert counts["full disks"]["faults"] == counts["full disks"]["identical"] == 2


def test_equal_fits_side_by_side_wait_for_each_other(log, tmp_path):
    model = GRURegressor(4, **QUICK, learning_rate="cosine", callbacks=[Log()])
    model.set_params(checkpoint=tmp_path / "{fit}")
    with ThreadPoolExecutor(3) as pool:
        fitted = list(pool.map(lambda _: clone(model).fit(X, Y), range(3), timeout=120))
    assert log.epochs == list(range(1, N_EPOCHS + 1))  # once
    for other in fitted[1:]:
        np.testing.assert_array_equal(other.predict(X), fitted[0].predict(X))


def test_a_duration_is_measured_from_writing_to_writing(monkeypatch, tmp_path):
    now = 0.0

    class Slow(Callback):
        def on_epoch_begin(self, net, **kwargs):
            nonlocal now
            now += 20.0  # seconds that an epoch takes

    monkeypatch.setattr(time, "monotonic", lambda: now)
    real, epochs = StateFolder.write, []

    def write(folder, state):
        epochs.append(len(state.get("training", {}).get("history", [])))
        real(folder, state)

    monkeypatch.setattr(StateFolder, "write", write)
    model = GRURegressor(4, **QUICK, learning_rate="cosine", callbacks=[Slow()])
    model.set_params(checkpoint=tmp_path, checkpoint_every="1min").fit(X, Y)
    assert epochs == [0, 0, 3, 6, 9, 9]  # before the trial, after it, ...


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_search_that_is_broken_off_goes_on(log, tmp_path):
    """Fits that have ended are not trained again, the broken one is resumed."""
    model = GRURegressor(4, **QUICK, callbacks=[Log()])
    search = GridSearchCV(
        model, {"alpha": [0.0, 0.1]}, cv=KFold(2), error_score="raise"
    )
    expected = clone(search).fit(X, Y)
    assert len(log.epochs) == 5 * N_EPOCHS
    model.set_params(checkpoint=tmp_path / "{fit}", checkpoint_every=1)
    log.n_left = 2 * N_EPOCHS + 4
    with pytest.raises(ConnectionError):
        search.fit(X, Y)
    log.n_left = np.inf
    search.fit(X, Y)
    for name in ("split0_test_score", "split1_test_score"):
        np.testing.assert_array_equal(
            search.cv_results_[name], expected.cv_results_[name]
        )
    np.testing.assert_array_equal(search.predict(X), expected.predict(X))
    assert len(log.epochs) == 2 * 5 * N_EPOCHS
    assert len(list(tmp_path.iterdir())) == 5


class Momentum(Callback):
    """A callback of a user's with a state of its own."""

    def on_train_begin(self, net, **kwargs):
        self.total_ = 0.0

    def on_epoch_end(self, net, **kwargs):
        self.total_ += net.history[-1]["train_loss"]
        net.history.record("total", self.total_)

    def state_dict(self):
        return {"total": self.total_}

    def load_state_dict(self, state):
        self.total_ = state["total"]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_callbacks_may_have_a_state(tmp_path):
    model = GRURegressor(2, **QUICK, callbacks=[Momentum(), Break()])
    expected = clone(model).fit(X, Y).net_.history[:, "total"]
    model.set_params(checkpoint=tmp_path, checkpoint_every=1)
    with broken_off(5):
        clone(model).fit(X, Y)
    assert model.fit(X, Y).net_.history[:, "total"] == expected


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_same_callbacks_resume(tmp_path):
    """They are not copied, and what a broken fit left in them does not count."""
    stop = EarlyStopping("train_loss", patience=2, threshold=1.0, sink=lambda _: None)
    score = EpochScoring("r2", on_train=True, name="r2")
    callbacks = [Freezer("head*"), score, stop, Momentum(), Break()]
    model = GRURegressor(2, **QUICK, callbacks=callbacks)
    expected = clone(model).fit(X, Y).loss_curve_
    assert len(expected) == 3
    model.set_params(checkpoint=tmp_path, checkpoint_every=1)
    with broken_off(3):
        model.fit(X, Y)
    assert stop.misses_ > 0
    assert model.fit(X, Y).loss_curve_[:2] == expected[:2]


def test_a_fitted_estimator_with_a_checkpoint_is_copied(ended):
    other = pickle.loads(pickle.dumps(ended))
    np.testing.assert_array_equal(other.predict(X), ended.predict(X))
    content = json.loads((Path(ended.checkpoint) / "checkpoint.json").read_text())
    assert set(content) == {"sha256", "state"}


def scaled(factor):
    """A callback whose gradients are multiplied by what it holds."""

    class Scale(Callback):
        def __init__(self, factor):
            self.factor = factor

        def on_grad_computed(self, net, named_parameters, **kwargs):
            for _, parameter in named_parameters:
                parameter.grad.mul_(self.factor)

    return Scale(factor)


def other_fits():
    """Pairs of fits that look alike and are not the same one."""
    table, codes = X.reshape(len(X), -1), np.arange(len(X)) % 3
    network = GRURegressor(3, **QUICK)
    classifier = GRUClassifier(3, conv_filters=None, **QUICK)
    clip = {"callbacks": [GradientNormClipping(1e-3)]}
    other_clip = {"callbacks": [GradientNormClipping(1.0)]}
    return {
        "callbacks": ((network, clip, X, Y), (network, other_clip, X, Y)),
        "functions": (
            (network, {"callbacks": [scaled(1.0)]}, X, Y),
            (network, {"callbacks": [scaled(0.1)]}, X, Y),
        ),
        "classes and labels": (
            (classifier, {}, X, codes),
            (classifier, {}, X, np.eye(3, dtype=int)[codes]),
        ),
        "classes and labels of a table": (
            (MLPClassifier(**QUICK), {}, table, codes),
            (MLPClassifier(**QUICK), {}, table, np.eye(3, dtype=int)[codes]),
        ),
        "windows": ((network, {}, X, Y), (network, {}, X[::-1], Y)),
        "generators": (
            (network, {"random_state": np.random.RandomState(0)}, X, Y),
            (network, {"random_state": np.random.RandomState(1)}, X, Y),
        ),
        "precision": ((network, {}, X, Y), (network, {"dtype": "float64"}, X, Y)),
        "weights": ((network, {}, X, Y), (network, {"loss": "huber"}, X, Y)),
    }


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_fit_that_diverges_leaves_nothing_to_resume(tmp_path):
    options = {**QUICK, "checkpoint": tmp_path, "checkpoint_every": 1}
    options["max_grad_norm"] = None
    model = RNNRegressor(3, solver="sgd", learning_rate_init=1e8, **options)
    with pytest.raises(ValueError, match="training diverged"):
        model.fit(X, Y)
    assert not list(tmp_path.glob("*.*s*"))
    model.set_params(learning_rate_init=0.01).fit(X, Y)  # as the message says
    assert model.n_iter_ == N_EPOCHS


OTHERS = other_fits()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:y of shape .* is read as an indicator")
@pytest.mark.parametrize("name", OTHERS)
def test_other_fits_have_folders_of_their_own(name, tmp_path):
    losses = []
    for i, (model, params, X, y) in enumerate(OTHERS[name]):
        for folder in (None, tmp_path / "{fit}"):
            one = clone(model).set_params(**deepcopy(params), checkpoint=folder)
            losses.append(one.fit(X, y).loss_curve_)
        model = clone(model).set_params(**deepcopy(params), checkpoint=tmp_path / "one")
        if i == 0:
            model.fit(X, y)
        else:
            with pytest.raises(ValueError, match="belongs to a fit"):
                model.fit(X, y)
    assert losses[0] == losses[1] != losses[2] == losses[3]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_other_forecasts_have_folders_of_their_own(tmp_path):
    y = panel().loc["a"]
    X = pd.DataFrame({"a": wave(50)[:, 0] ** 2, "b": np.arange(50.0)}, y.index)
    options = {"hidden_layer_sizes": 2, "random_state": 0, "max_iter": 2}

    def fit(**changes):
        names = changes.pop("names", ["a", "b"])
        model = GRUForecaster(6, **options, past_columns=["a"], **changes)
        return model.fit(y, X.set_axis(names, axis=1), fh=[1]).loss_curve_

    for names in (["a", "b"], ["b", "a"]):
        plain = fit(names=names)
        assert fit(names=names, checkpoint=tmp_path / "{fit}") == plain
    model = GRUForecaster(6, **options, checkpoint=tmp_path / "{fit}")
    for fh in ([1], [1, 2, 3]):
        assert len(model.clone().fit(y, fh=fh).predict()) == len(fh)
    model = GRUForecaster(6, **options, checkpoint=tmp_path / "one").fit(y, fh=[1])
    with pytest.raises(ValueError, match="horizon=1 there, 3 here"):
        model.fit(y, fh=[1, 2, 3])
    assert len(list(tmp_path.iterdir())) == 5


def test_files_of_others_in_the_folder_stay(tmp_path, monkeypatch):
    theirs = ["weights.safetensors", "film.part", "abc.safetensors.part"]
    for name in theirs:
        (tmp_path / name).write_text("")

    class Leave(Callback):
        def on_epoch_begin(self, net, **kwargs):
            monkeypatch.chdir(tmp_path / "elsewhere")

    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    model = GRURegressor(2, max_iter=3, learning_rate="cosine", checkpoint=".")
    model.set_params(checkpoint_every=1, callbacks=[Leave()]).fit(X, Y)
    names = {path.name for path in tmp_path.iterdir()}
    assert names > {*theirs, "checkpoint.json"}
    assert len(names) == 7
    assert not list((tmp_path / "elsewhere").iterdir())


class Odd(Callback):
    """Records what cannot be stored, and what can."""

    def on_epoch_end(self, net, **kwargs):
        net.history.record("norm", torch.ones(2))
        net.history.record("kinds", {1, 2})


def test_what_cannot_be_stored_costs_the_checkpoint_and_not_the_fit(tmp_path):
    model = GRURegressor(2, max_iter=2, learning_rate="cosine", random_state=0)
    model.set_params(checkpoint=tmp_path, callbacks=[Odd()])
    with pytest.warns(UserWarning, match=r"kinds is a set, which cannot be stored"):
        model.fit(X, Y)
    assert model.n_iter_ == 2


def test_trees_come_back_as_they_were(tmp_path):
    folder = StateFolder(tmp_path)
    tree = {
        "a": {"b": np.zeros(2)},
        "a/b": np.ones(2),
        1: "one",
        "1": (1.5, [None, True, {"x": np.float32(2)}]),
        "empty": np.empty((0, 3), np.uint32),
        "scalar": np.array(3.0),
        "large": 2**100,
        "infinite": float("-inf"),
    }
    folder.write(tree)
    found = folder.read()
    folder.close()
    assert repr(found).replace("'x': 2.0", "'x': np.float32(2.0)") == repr(tree)
    for odd in ({(1, 2): 3}, {"a": "b", "c": np.array(["text"])}, [object()]):
        with pytest.raises(TypeError, match="cannot be stored"):
            folder.write(odd)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_generator_of_the_user_is_where_it_would_be(tmp_path):
    table = X.reshape(len(X), -1)
    places = []
    for folder in (None, tmp_path, tmp_path):
        generator = np.random.RandomState(4)
        options = {**QUICK, "random_state": generator, "checkpoint": folder}
        MLPRegressor(**options).fit(table, Y)
        places.append(generator.randint(1000))
    assert len(set(places)) == 1


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_reading_a_fit_leaves_the_generator_of_numpy_alone(tmp_path):
    table = X.reshape(len(X), -1)
    model = MLPRegressor(**{**QUICK, "random_state": None}, checkpoint=tmp_path)
    model.fit(table, Y)  # draws from it, as scikit-learn's does
    before = np.random.get_state()
    expected = model.predict(table)
    np.testing.assert_array_equal(model.fit(table, Y).predict(table), expected)
    with broken_off(3):
        model.set_params(checkpoint=tmp_path / "b", callbacks=[Break()]).fit(table, Y)
    np.random.set_state(before)
    model.fit(table, Y)
    after = np.random.get_state()
    np.testing.assert_array_equal(after[1], before[1])
    assert after[2:] == before[2:]

"""The engine: steps, schedules, stopping, interruption, threads."""

import contextlib
import copy
import pickle
import threading
import warnings

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import r2_score
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
from torch import nn

from skrnn import (
    GRURegressor,
    LSTMRegressor,
    MLPClassifier,
    MLPRegressor,
    RNNRegressor,
)
from skrnn.training import SCHEDULES, SOLVERS, Settings, available_devices
from skrnn.training._schedules import schedule_callbacks
from tests.common_estimators import wave, windows_of

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = windows_of(wave(120, 2), 8)


def weights(model):
    state = model.net_.module_.state_dict()
    return {name: value.clone() for name, value in state.items()}


class Recorder(Callback):
    """Notes the learning rate of each epoch, and what it is told."""

    def on_train_begin(self, net, **kwargs):
        self.rates, self.batches, self.norms = [], 0, []

    def on_batch_end(self, net, training, **kwargs):
        self.batches += training

    def on_grad_computed(self, net, named_parameters, **kwargs):
        squares = [(p.grad**2).sum() for _, p in named_parameters]
        self.norms.append(float(torch.stack(squares).sum().sqrt()))

    def on_epoch_end(self, net, **kwargs):
        self.rates.append(net.optimizer_.param_groups[0]["lr"])


def recorder_of(model):
    return dict(model.net_.callbacks_)["Recorder"]


def test_one_step_of_sgd_is_gradient_plus_penalty():
    model = LSTMRegressor(
        4,
        solver="sgd",
        momentum=0,
        alpha=0.5,
        learning_rate_init=0.1,
        batch_size=len(X),
        max_iter=1,
        dtype="float64",
        random_state=0,
    ).fit(X, Y)
    after = weights(model)
    start = LSTMRegressor(4, max_iter=1, dtype="float64", random_state=0)
    start.set_params(learning_rate_init=1e-300).fit(X, Y)
    module = start.net_.module_
    assert all(p.grad is None for p in module.parameters())
    raw = module(torch.tensor(X.copy()))[:, 0]
    loss = 0.5 * ((raw - torch.tensor(Y)) ** 2).mean()
    matrices = [p for p in module.parameters() if p.ndim > 1]
    loss = loss + 0.5 * 0.5 / len(X) * sum((p**2).sum() for p in matrices)
    loss.backward()
    for name, parameter in module.named_parameters():
        expected = (parameter - 0.1 * parameter.grad).detach()
        torch.testing.assert_close(after[name], expected, rtol=1e-10, atol=1e-14)
    assert model.loss_curve_ == [pytest.approx(loss.item(), rel=1e-12)]


@pytest.mark.parametrize("cls", [RNNRegressor, GRURegressor, LSTMRegressor])
def test_fit_equals_a_loop_written_by_hand(cls):
    """Same start, same order of batches, same Adam: the same curve and weights."""
    options = {"batch_size": 32, "alpha": 0.0, "shuffle": False, "dtype": "float64"}
    model = cls(5, max_iter=3, random_state=0, **options).fit(X, Y)
    start = cls(5, max_iter=1, learning_rate_init=1e-300, random_state=0, **options)
    module = copy.deepcopy(start.fit(X, Y).net_.module_)
    optimizer = torch.optim.Adam(module.parameters(), lr=0.001, fused=True)
    inputs, targets = torch.tensor(X.copy()), torch.tensor(Y)[:, None]
    curve = []
    for _ in range(3):
        total = 0.0
        for index in torch.arange(len(X)).split(32):
            optimizer.zero_grad()
            loss = 0.5 * ((module(inputs[index]) - targets[index]) ** 2).mean()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(index)
        curve.append(total / len(X))
    np.testing.assert_allclose(model.loss_curve_, curve, rtol=1e-12)
    for name, value in module.state_dict().items():
        torch.testing.assert_close(weights(model)[name], value, rtol=0, atol=1e-12)


@pytest.mark.parametrize("solver", [*SOLVERS, torch.optim.NAdam])
def test_every_solver_lowers_the_loss(solver):
    rate = {"adadelta": 1.0, "sgd": 0.1, "adagrad": 0.1}.get(solver, 0.02)
    model = GRURegressor(
        6, solver=solver, learning_rate_init=rate, max_iter=25, random_state=0
    ).fit(X, Y)
    assert model.loss_curve_[-1] < 0.7 * model.loss_curve_[0]


def test_lbfgs_reaches_far_in_few_steps():
    model = RNNRegressor(6, solver="lbfgs", max_iter=60, tol=0, random_state=0)
    assert model.fit(X, Y).score(X, Y) > 0.999


def test_adamw_decays_the_weights_by_alpha():
    common = {"learning_rate_init": 0.01, "max_iter": 1, "random_state": 0}
    common |= {"batch_size": len(X), "dtype": "float64"}
    plain = GRURegressor(4, solver="adam", alpha=0, **common).fit(X, Y)
    decayed = GRURegressor(4, solver="adamw", alpha=0.5, **common).fit(X, Y)
    start = GRURegressor(4, **common | {"learning_rate_init": 1e-300}).fit(X, Y)
    for name, value in weights(start).items():
        difference = weights(plain)[name] - weights(decayed)[name]
        torch.testing.assert_close(difference, 0.01 * 0.5 * value)


@pytest.mark.parametrize(
    "loss", ["squared_error", "absolute_error", "huber", "poisson", "quantile"]
)
def test_every_loss_is_learnt(loss):
    y = np.round(3 + 3 * Y)
    model = LSTMRegressor(
        12, loss=loss, learning_rate_init=0.03, max_iter=150, tol=0, random_state=0
    ).fit(X, y)
    assert model.score(X, y) > 0.9
    assert loss != "poisson" or (model.predict(X) > 0).all()


def test_schedules_follow_their_formulas():
    rates = {}
    for schedule in SCHEDULES:
        model = RNNRegressor(
            2,
            learning_rate=schedule,
            learning_rate_init=0.1,
            solver="sgd",
            batch_size=28,
            max_iter=4,
            callbacks=[Recorder()],
            random_state=0,
        ).fit(X, Y)
        rates[schedule] = np.array(recorder_of(model).rates)
    n = len(X)  # 112 samples in 4 batches
    seen = n * np.arange(4) + 1
    np.testing.assert_allclose(rates["constant"], 0.1)
    np.testing.assert_allclose(rates["adaptive"], 0.1)
    # the recorder reads after the schedule has moved on to the next epoch
    np.testing.assert_allclose(rates["invscaling"], 0.1 / (seen + n) ** 0.5)
    cosine = 0.05 * (1 + np.cos(np.pi * np.arange(1, 5) / 4))
    np.testing.assert_allclose(rates["cosine"], cosine, atol=1e-9)
    assert rates["onecycle"].argmax() == 0
    assert rates["onecycle"].max() <= 0.1
    assert rates["onecycle"][-1] < 1e-5


def test_adaptive_divides_by_five_and_stops_at_a_millionth():
    model = RNNRegressor(
        2,
        solver="sgd",
        learning_rate="adaptive",
        learning_rate_init=1e-3,
        tol=1.0,
        n_iter_no_change=1,
        callbacks=[Recorder()],
        random_state=0,
    ).fit(X, Y)
    distinct = sorted(set(recorder_of(model).rates), reverse=True)
    np.testing.assert_allclose(distinct, [1e-3 / 5**k for k in range(len(distinct))])
    assert distinct[-1] <= 1e-6 < distinct[-2]


def test_gradients_are_clipped_to_the_norm():
    model = LSTMRegressor(
        4, max_grad_norm=1e-3, max_iter=2, callbacks=[Recorder()], random_state=0
    ).fit(X, 100 * Y)
    assert max(recorder_of(model).norms) <= 1e-3 * (1 + 1e-5)


def test_training_stops_without_progress_and_says_so_otherwise():
    patient = {"n_iter_no_change": 3, "random_state": 0}
    model = RNNRegressor(2, tol=10.0, max_iter=50, **patient).fit(X, Y)
    assert model.n_iter_ == len(model.loss_curve_) == 5  # the first epoch improves
    with pytest.warns(ConvergenceWarning, match="Maximum iterations"):
        RNNRegressor(2, max_iter=2, **patient).fit(X, Y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # these schedules run to the end by design
        for schedule in ("cosine", "onecycle"):
            model = RNNRegressor(2, max_iter=9, learning_rate=schedule, **patient)
            assert model.set_params(tol=10.0).fit(X, Y).n_iter_ == 9


def test_early_stopping_restores_the_best_weights():
    rng = np.random.default_rng(0)
    X_val, y_val = rng.standard_normal((40, 8, 2)), rng.standard_normal(40)
    model = LSTMRegressor(
        16, early_stopping=True, learning_rate_init=0.05, max_iter=40, random_state=0
    ).fit(X, Y, X_val=X_val, y_val=y_val)
    scores = model.validation_scores_
    assert np.argmax(scores) < len(scores) - 1
    assert r2_score(y_val, model.predict(X_val)) == pytest.approx(max(scores), abs=1e-5)


def test_held_out_windows_leak_no_target_into_training():
    horizon = 3
    series = wave(130)[:, 0]
    windows = np.lib.stride_tricks.sliding_window_view(series[:-horizon], 8)
    targets = np.lib.stride_tricks.sliding_window_view(series[8:], horizon)
    n_held_out = int(np.ceil(0.2 * len(windows)))
    model = GRURegressor(
        4, early_stopping=True, validation_fraction=0.2, max_iter=3, random_state=0
    )
    clean = model.fit(windows, targets).loss_curve_
    # every value at or after the first held-out target is changed
    first = len(windows) - n_held_out + 8
    poisoned = series.copy()
    poisoned[first:] *= 1e3
    poisoned_targets = np.lib.stride_tricks.sliding_window_view(poisoned[8:], horizon)
    assert model.fit(windows, poisoned_targets).loss_curve_ == clean
    earlier = series.copy()
    earlier[first - 1 :] *= 1e3  # one value more does reach the training targets
    earlier_targets = np.lib.stride_tricks.sliding_window_view(earlier[8:], horizon)
    assert model.fit(windows, earlier_targets).loss_curve_ != clean


def test_independent_samples_are_held_out_at_random():
    rng = np.random.default_rng(0)
    independent = rng.standard_normal((60, 5, 1))
    y = independent[:, -1, 0]
    last = y.copy()
    last[-12:] *= 1e3
    options = {"early_stopping": True, "validation_fraction": 0.2, "max_iter": 2}
    model = RNNRegressor(2, random_state=0, **options)
    clean = model.fit(independent, y).loss_curve_
    assert model.fit(independent, last).loss_curve_ != clean
    model.set_params(validation_split="last")
    clean = model.fit(independent, y).loss_curve_
    assert model.fit(independent, last).loss_curve_ == clean


def test_validation_set_without_early_stopping_is_only_watched():
    model = RNNRegressor(4, max_iter=3, random_state=0)
    watched = model.fit(X, Y, X_val=X, y_val=Y)
    assert len(watched.validation_scores_) == 3
    assert watched.validation_scores_[-1] == pytest.approx(model.score(X, Y), abs=1e-5)
    with pytest.raises(ValueError, match="given together"):
        model.fit(X, Y, X_val=X)


def test_too_small_a_validation_set_is_refused():
    model = RNNRegressor(2, early_stopping=True, validation_fraction=0.01)
    with pytest.raises(ValueError, match="validation set is too small"):
        model.fit(X[:20], Y[:20])


def test_warm_start_goes_on_from_the_weights():
    model = GRURegressor(6, max_iter=5, warm_start=True, random_state=0).fit(X, Y)
    before = model.loss_curve_.copy()
    model.set_params(solver="adamw", alpha=0.01).fit(X, Y)
    assert isinstance(model.net_.optimizer_, torch.optim.AdamW)
    assert model.n_iter_ == 5
    assert model.loss_curve_[:5] == before
    assert model.loss_curve_[5] < before[-1]
    with pytest.raises(ValueError, match="expecting 2 features"):
        model.fit(X[:, :, :1], Y)
    with pytest.raises(
        ValueError, match=r"hidden_layer_sizes was \(6,\), is now \(7,\)"
    ):
        model.set_params(hidden_layer_sizes=7).fit(X, Y)


def test_partial_fit_is_one_epoch_and_keeps_the_momenta():
    options = {"batch_size": 16, "random_state": 0}
    whole = GRURegressor(6, max_iter=4, **options).fit(X, Y)
    bit_by_bit = GRURegressor(6, **options)
    for _ in range(4):
        bit_by_bit.partial_fit(X, Y)
    assert bit_by_bit.n_iter_ == 1  # of the last call
    assert bit_by_bit.loss_curve_ == whole.loss_curve_
    np.testing.assert_array_equal(bit_by_bit.predict(X), whole.predict(X))
    assert not hasattr(GRURegressor(solver="lbfgs"), "partial_fit")
    with pytest.raises(ValueError, match="early_stopping"):
        GRURegressor(early_stopping=True).partial_fit(X, Y)
    with pytest.raises(ValueError, match="y has 2 outputs"):
        bit_by_bit.partial_fit(X, np.c_[Y, Y])


class NotRead(list):
    """A curve that may be added to, and not looked at."""

    def __iter__(self):
        raise AssertionError("the whole curve was read")


@pytest.mark.parametrize("cls", [GRURegressor, MLPRegressor, MLPClassifier])
def test_partial_fit_costs_the_same_after_many_calls(cls, monkeypatch):
    monkeypatch.setattr("skrnn.training._train._EPOCHS_KEPT", 4)
    table, y = X[:, :, 0], Y > 0
    classes = {"classes": [False, True]} if cls is MLPClassifier else {}
    model = cls(hidden_layer_sizes=2, random_state=0)
    model.partial_fit(table, y, **classes)
    curve = model.loss_curve_ = NotRead(model.loss_curve_)
    first, numbers = list.__getitem__(curve, 0), []
    for _ in range(9):
        model.partial_fit(table, y)
        assert model.loss_curve_ is curve
        assert len(model.net_.history) <= 4
        numbers.append(model.net_.history[-1, "epoch"])
    assert numbers == list(range(2, 11))
    assert model.net_.history[:, "train_loss"] == curve[-4:]
    assert (len(curve), curve[0], model.t_) == (10, first, 10 * len(X))
    assert model.best_loss_ == min(curve[:])
    assert type(curve[9]) is (float if cls is GRURegressor else np.float64)
    model.loss_curve_ = curve[:]
    copied = copy.copy(model).partial_fit(table, y)
    assert len(copied.loss_curve_) == 11
    assert len(model.loss_curve_) == 10


@pytest.mark.parametrize("cls", [GRURegressor, MLPRegressor])
def test_a_fit_that_fails_at_its_end_adds_nothing_to_the_curves(cls):
    options = {"warm_start": True, "early_stopping": True, "random_state": 0}
    model = cls(hidden_layer_sizes=2, max_iter=3, **options)
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
    with pytest.raises(ValueError, match="taken part in a fit may have changed"):
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
    model = RNNRegressor(4, max_iter=2, callbacks=[scoring], random_state=0)
    model.fit(X, Y, X_val=X, y_val=Y)
    expected = -np.abs(model.predict(X) - Y).mean()
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
    options = {"max_iter": 3, "random_state": 0, "alpha": 0.1}
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


class Interrupt(Callback):
    """Ctrl-C in the middle of the third epoch."""

    def on_batch_end(self, net, training, **kwargs):
        if len(net.history) == 3:
            raise KeyboardInterrupt


@pytest.mark.parametrize("early_stopping", [False, True])
def test_interruption_keeps_what_was_learnt(early_stopping):
    model = GRURegressor(
        4,
        batch_size=32,
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


def test_divergence_names_the_remedies_and_keeps_the_old_weights():
    model = RNNRegressor(4, warm_start=True, max_iter=3, random_state=0).fit(X, Y)
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
    new = RNNRegressor(4, solver="sgd", learning_rate_init=1e20)
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
    model = RNNRegressor(
        4, solver="sgd", learning_rate_init=1e30, max_iter=1, batch_size=1000, alpha=0
    )
    with pytest.raises(ValueError, match=r"diverged.*made the weights .* infinite"):
        model.fit(X, Y * 1e15)


def test_callers_grad_mode_does_not_matter():
    options = {"loss": "huber", "max_iter": 3, "random_state": 0}
    expected = RNNRegressor(4, **options).fit(X, Y, sample_weight=Y + 2)
    for mode in (torch.no_grad, torch.inference_mode):
        with mode():
            model = RNNRegressor(4, **options).fit(X, Y, sample_weight=Y + 2)
            model = pickle.loads(pickle.dumps(model))
        np.testing.assert_array_equal(model.predict(X), expected.predict(X))
        model.partial_fit(X, Y)


@pytest.mark.parametrize("schedule", ["cosine", "onecycle"])
def test_partial_fit_learns_after_a_schedule_has_ended(schedule):
    model = RNNRegressor(4, learning_rate=schedule, max_iter=3, random_state=0)
    before = model.fit(X, Y).predict(X)
    assert np.abs(model.partial_fit(X, Y).predict(X) - before).max() > 1e-4


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_solver_takes_every_schedule(solver, schedule):
    model = RNNRegressor(
        2, solver=solver, learning_rate=schedule, max_iter=3, momentum=0, random_state=0
    ).fit(X, Y)
    group = model.net_.optimizer_.param_groups[0]
    assert group.get("momentum", 0) == 0
    assert group.get("betas", (0.9,))[0] == 0.9


def test_failing_callback_keeps_the_old_weights():
    class Failing(Callback):
        def on_epoch_end(self, net, **kwargs):
            raise RuntimeError("disk is full")

    model = RNNRegressor(4, warm_start=True, max_iter=3, random_state=0).fit(X, Y)
    before = model.predict(X)
    with pytest.raises(RuntimeError, match="disk is full"):
        model.set_params(callbacks=[Failing()]).fit(X, Y)
    np.testing.assert_array_equal(model.predict(X), before)


def test_threads_are_as_before():
    class Threads(Callback):
        def on_epoch_end(self, net, **kwargs):
            self.seen = torch.get_num_threads()

    before = torch.get_num_threads()
    for n_threads, expected in (("auto", 1), (3, 3)):
        model = RNNRegressor(2, max_iter=1, n_threads=n_threads, callbacks=[Threads()])
        model.fit(X, Y).predict(X)
        assert dict(model.net_.callbacks_)["Threads"].seen == expected
        assert torch.get_num_threads() == before


def test_devices_here_include_the_cpu():
    assert available_devices()[0] == "cpu"


def test_settings_take_the_parameters_of_the_estimator():
    settings = Settings.of(RNNRegressor(alpha=0.5))
    assert settings.alpha == 0.5
    assert schedule_callbacks(settings, 10, 2) == []


def test_history_does_not_keep_batches():
    model = RNNRegressor(2, batch_size=2, max_iter=2, callbacks=[Recorder()]).fit(X, Y)
    assert all(len(epoch["batches"]) <= 1 for epoch in model.net_.history)


def test_module_is_a_torch_module_with_the_stack_asked_for():
    model = LSTMRegressor((7, 3), max_iter=1).fit(X, Y)
    module = model.net_.module_
    assert isinstance(module, nn.Module)
    assert [layer.forward_in_time.hidden_size for layer in module.layers] == [7, 3]

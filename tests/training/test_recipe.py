"""What "auto" stands for: updates enough for few samples, few epochs for many."""

import pickle
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from skrnn import GRUClassifier, GRURegressor, MLPRegressor, RNNRegressor
from skrnn.estimators import _tasks
from skrnn.training import Budget, Progress, Settings, planned
from skrnn.training._batches import auto_lanes
from skrnn.training._recipe import (
    CLASSES,
    LARGEST_BATCH,
    NUMBERS,
    PATIENCE,
    SHORTEST_PATIENCE,
    SMALLEST_BATCH,
    auto_batch_size,
    trial_cycles,
)
from skrnn.training._stopping import Convergence, StopTraining
from tests.bare import BARE_REGRESSOR
from tests.common_estimators import wave, windows_of

from .recorder import Recorder, recorder_of

unconverged = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"
)
X, Y = windows_of(wave(70), 8)
AUTO = Settings.of(GRURegressor())
SIZES = [1, 2, 15, 16, 17, 100, 479, 480, 959, 960, 5_000, 20_000, 10**5, 10**6]


# --- the plan


@pytest.mark.parametrize("budget", [NUMBERS, CLASSES])
@pytest.mark.parametrize("n_samples", SIZES)
def test_a_plan_has_updates_enough(n_samples, budget):
    plan = planned(AUTO, n_samples, budget)
    n_batches = -(-n_samples // plan.batch_size)
    assert n_batches * plan.max_iter >= budget.updates
    assert n_batches * plan.n_iter_no_change >= PATIENCE
    assert plan.n_iter_no_change >= SHORTEST_PATIENCE
    assert {type(plan.batch_size), type(plan.max_iter)} == {int}
    assert planned(plan, n_samples, budget) == plan


def test_batches_grow_with_the_samples():
    sizes = [auto_batch_size(n) for n in SIZES]
    assert sizes == sorted(sizes)
    assert (sizes[0], sizes[-1]) == (SMALLEST_BATCH, LARGEST_BATCH)
    assert all(size & (size - 1) == 0 for size in sizes)  # powers of two
    assert planned(AUTO, 5).batch_size == 5


def test_few_samples_get_more_epochs_and_many_fewer():
    few, some, many = (planned(AUTO, n).max_iter for n in (10, 5_000, 10**6))
    assert few > some == NUMBERS.epochs > many
    assert NUMBERS.epochs_for(10**9, 10**9 // LARGEST_BATCH) > 1
    assert planned(AUTO, 5_000, CLASSES).max_iter == CLASSES.epochs < some


def test_numbers_of_the_user_stay():
    given = {"batch_size": 7, "max_iter": 3, "n_iter_no_change": np.inf}
    plan = planned(Settings.of(GRURegressor(**given)), 1000)
    assert {name: getattr(plan, name) for name in given} == given
    plan = planned(Settings.of(GRURegressor(batch_size=500)), 1000)
    assert plan.max_iter == -(-NUMBERS.updates // 2)
    assert planned(plan, 100).batch_size == 100  # no more than there are


def test_pieces_of_a_series_come_in_lanes():
    plan = planned(AUTO, 500, is_one_series=True)
    assert plan.batch_size == auto_lanes(500) != auto_batch_size(500)
    assert planned(replace(AUTO, batch_size=3), 500, is_one_series=True).batch_size == 3


def test_lbfgs_takes_all_samples_and_a_number_of_iterations():
    plan = planned(Settings.of(GRURegressor(solver="lbfgs")), 10_000)
    assert plan.batch_size == 10_000
    assert (
        plan.max_iter == planned(Settings.of(RNNRegressor(solver="lbfgs")), 3).max_iter
    )
    assert plan.max_iter < NUMBERS.updates


# --- fits


def test_a_default_fit_of_numbers_follows_its_trial():
    model = GRURegressor(2, random_state=0).fit(X, Y)
    plan = planned(AUTO, len(X))
    counts = model.net_.history[:, "train_batch_count"]
    assert set(counts) == {-(-len(X) // plan.batch_size)}
    n_tried = model.n_iter_ - len(counts)
    ends = np.cumsum(trial_cycles(AUTO, n_in_trial(len(X)), NUMBERS))
    assert n_tried in ends  # of a cycle
    assert len(counts) == round(0.3 * n_tried)
    assert len(model.loss_curve_) == model.n_iter_
    assert model.get_params()["max_iter"] == "auto"  # as the user has left it
    model.partial_fit(X, Y)
    assert model.n_iter_ == 1
    n_before = len(model.loss_curve_)
    again = pickle.loads(pickle.dumps(model)).set_params(warm_start=True, max_iter=2)
    assert len(again.fit(X, Y).loss_curve_) == n_before + 2


def n_in_trial(n):
    """Windows of 8 that a trial trains on: 15 % are held out, and 8 dropped before."""
    return n - int(np.ceil(0.15 * n)) - 8


def test_a_default_fit_of_classes_follows_the_plan():
    model = GRUClassifier(2, conv_filters=None, random_state=0).fit(X, Y > 0)
    plan = planned(AUTO, len(X), CLASSES)
    n_batches = -(-len(X) // plan.batch_size)
    counts = model.net_.history[:, "train_batch_count"]
    assert counts == [n_batches] * plan.max_iter
    assert model.n_iter_ == plan.max_iter >= CLASSES.updates / n_batches


@unconverged
@pytest.mark.parametrize("schedule", ["cosine", "onecycle", "constant", "invscaling"])
def test_a_fit_continues_its_trial_at_half_the_rate(schedule, monkeypatch):
    monkeypatch.setattr(_tasks, "NUMBERS", Budget(epochs=15, updates=1))
    options = {"learning_rate": schedule, "learning_rate_init": 0.01, "readout": None}
    options |= {"random_state": 0, "callbacks": [Recorder()]}
    found = GRURegressor(2, **options).fit(X, Y)
    rates = np.array(recorder_of(found).rates)
    n_tried = found.n_iter_ - len(rates)
    assert n_tried in (1, 3, 7, 15)
    assert len(rates) == max(1, round(0.3 * n_tried))
    given = GRURegressor(2, max_iter=len(rates), **options).fit(X, Y)
    np.testing.assert_allclose(rates, np.array(recorder_of(given).rates) / 2)


def test_a_number_of_epochs_counts_all_of_them():
    """The trial for the read-out does not lengthen the fit that the user asked for."""
    plain, read = (
        GRURegressor(2, max_iter=4, readout=readout, random_state=0).fit(X, Y)
        for readout in (None, "ridge")
    )
    assert read.n_iter_ == plain.n_iter_ == len(read.loss_curve_) == 4


def test_a_stateful_fit_runs_in_lanes():
    options = {"stateful": True, "shuffle": False, "random_state": 0, "max_iter": 1}
    model = GRURegressor(2, **options).fit(
        wave(600).reshape(60, 10, 1), np.arange(60.0)
    )
    assert model.net_.history[:, "train_batch_count"] == [-(-60 // auto_lanes(60))]


def test_perceptrons_keep_the_plan_of_scikit_learn():
    model = MLPRegressor(max_iter=2, random_state=0)
    with pytest.warns(match="Maximum iterations"):
        model.fit(np.tile(X, (10, 1, 1))[:, :, 0], np.tile(Y, 10))
    assert model.net_.history[:, "train_batch_count"] == [-(-len(X) * 10 // 200)] * 2


# --- patience


def n_epochs(merits, *, score=None, **changes):
    """How many epochs training lasts if they have these merits."""
    settings = replace(AUTO, learning_rate="constant", n_iter_no_change=2, **changes)
    stopping = Convergence(settings, Progress(), incremental=False)
    module = SimpleNamespace(state_dict=dict)
    solver = SimpleNamespace(param_groups=[{"lr": 0.1}])
    for n, merit in enumerate(merits, 1):
        epoch = {"train_loss": -merit, "valid_score": merit}
        net = SimpleNamespace(
            history=[epoch], score=score, module_=module, optimizer_=solver
        )
        try:
            stopping.on_epoch_end(net)
        except StopTraining:
            return n
    return n


HALVES = 1e-6 * 0.5 ** np.arange(20)  # losses that fall far below tol
CRAWLS = 1 - 1e-5 * np.arange(20)  # by a tenth of tol each epoch: 1e-4 after ten


def test_a_small_loss_that_still_halves_goes_on():
    assert n_epochs(-HALVES, tol_is_relative=True) == 20
    assert n_epochs(-HALVES, tol_is_relative=False) == 4
    assert n_epochs(-CRAWLS, tol_is_relative=True) == 4
    assert n_epochs(-1e6 * CRAWLS, tol_is_relative=True) == 4  # steps of 10
    assert n_epochs(-1e6 * CRAWLS, tol_is_relative=False) == 20


def test_an_r2_that_comes_ever_nearer_to_1_goes_on():
    held_out = {"early_stopping": True, "score": max}
    assert n_epochs(1 - HALVES, tol_is_relative=True, **held_out) == 20
    assert n_epochs(1 - HALVES, tol_is_relative=False, **held_out) == 4
    assert n_epochs(1 - CRAWLS, tol_is_relative=True, **held_out) == 4
    held_out["score"] = None  # minus the loss
    assert n_epochs(-HALVES, tol_is_relative=True, **held_out) == 20


@unconverged
def test_a_fit_of_small_numbers_goes_on():
    options = {**BARE_REGRESSOR, "batch_size": 8, "max_iter": 60, "tol": 1e-3}
    model = RNNRegressor(4, **options, random_state=0).fit(X / 100, Y / 100)
    assert model.n_iter_ == 60
    assert model.loss_curve_[20] < model.tol  # an absolute one would end it here


@unconverged
@pytest.mark.parametrize("early_stopping", [True, False])
def test_what_was_too_little_is_said(early_stopping, capsys):
    options = {"learning_rate": "constant", "verbose": 2, "random_state": 0}
    options |= {"tol": 10.0, "n_iter_no_change": 1, "early_stopping": early_stopping}
    options["max_iter"] = 20
    RNNRegressor(2, **options).fit(X, Y)
    of_what = "1 - R2" if early_stopping else "itself"
    assert f"tol=10 of {of_what} for 1 consecutive" in capsys.readouterr().out
    GRUClassifier(2, **options).fit(X, Y > 0)
    assert "tol=10 of itself for 1 consecutive" in capsys.readouterr().out

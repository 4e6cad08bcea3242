"""Solvers, losses and schedules against their formulas and loops written by hand."""

import copy

import numpy as np
import pytest
import torch

from skrnn import (
    GRURegressor,
    LSTMRegressor,
    RNNRegressor,
)
from skrnn.training import SCHEDULES, SOLVERS
from skrnn.training._schedules import CosineDecay, OneCycle
from tests.bare import BARE_REGRESSOR, PLAIN_REGRESSOR
from tests.common_estimators import wave, windows_of

from .recorder import Recorder, recorder_of

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = windows_of(wave(120, 2), 8)


def weights(model):
    state = model.net_.module_.state_dict()
    return {name: value.clone() for name, value in state.items()}


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
        max_grad_norm=None,
        random_state=0,
        **PLAIN_REGRESSOR,
    ).fit(X, Y)
    after = weights(model)
    options = {"max_iter": 1, "dtype": "float64", "random_state": 0}
    start = LSTMRegressor(4, **options, **PLAIN_REGRESSOR)
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
    options = {**BARE_REGRESSOR, **options, "max_iter": 3, "random_state": 0}
    model = cls(5, **options).fit(X, Y)
    start = cls(5, **options).set_params(max_iter=1, learning_rate_init=1e-300)
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
    common |= {"batch_size": len(X), "dtype": "float64", **PLAIN_REGRESSOR}
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


@pytest.mark.parametrize("n_epochs", [1, 2, 3, 10, 333])
def test_cosine_is_that_of_torch(n_epochs):
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.3)
    theirs = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, n_epochs)
    ours = CosineDecay(n_epochs)
    for epoch in range(n_epochs + 1):
        rate = ours.rate_of(epoch, 0.3)
        assert rate == pytest.approx(theirs.get_last_lr()[0], rel=1e-12, abs=3e-13)
        optimizer.step()
        theirs.step()
    assert rate == 0


@pytest.mark.parametrize("n_batches", [1, 2, 3, 6, 7, 9, 100, 999])
def test_onecycle_is_that_of_torch(n_batches):
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.3)
    theirs = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=0.3, total_steps=n_batches + 1, cycle_momentum=False
    )
    ours = OneCycle(0.3, n_batches)
    rates = ours.next_rates(n_batches + 1)
    mine = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    ours.advance(mine, 0)
    for batch in range(n_batches + 1):
        assert ours.rate_of(batch) == pytest.approx(theirs.get_last_lr()[0], rel=1e-12)
        assert rates[batch] == ours.rate_of(batch) == mine.param_groups[0]["lr"]
        if batch < n_batches:
            optimizer.step()
            theirs.step()
            ours.advance(mine)


def test_adaptive_divides_by_five_and_stops_at_a_millionth():
    model = RNNRegressor(
        2,
        solver="sgd",
        learning_rate="adaptive",
        learning_rate_init=1e-3,
        max_iter=50,
        tol=1.0,
        n_iter_no_change=1,
        callbacks=[Recorder()],
        random_state=0,
    ).fit(X, Y)
    distinct = sorted(set(recorder_of(model).rates), reverse=True)
    np.testing.assert_allclose(distinct, [1e-3 / 5**k for k in range(len(distinct))])
    assert distinct[-1] <= 1e-6 < distinct[-2]


@pytest.mark.parametrize("solver", ["adam", "sgd", torch.optim.LBFGS])
def test_gradients_are_clipped_to_the_norm(solver):
    options = {"solver": solver, "max_iter": 2, "random_state": 0}
    model = LSTMRegressor(4, **options, max_grad_norm=1e-3, callbacks=[Recorder()])
    norms = recorder_of(model.fit(X, 100 * Y)).norms  # callbacks see what is clipped
    np.testing.assert_allclose(norms, 1e-3, rtol=1e-5)


def test_lbfgs_takes_gradients_of_any_norm():
    options = {"solver": "lbfgs", "max_iter": 5, "random_state": 0}
    plain, clipped = (
        LSTMRegressor(4, max_grad_norm=norm, **options).fit(X, Y)
        for norm in (None, 1e-6)
    )
    assert plain.loss_curve_ == clipped.loss_curve_


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

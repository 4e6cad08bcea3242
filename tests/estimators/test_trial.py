"""The trial before a fit: what it finds, and that nobody notices it."""

import os
import subprocess
import sys
import warnings

import numpy as np
import pytest
from joblib import Parallel, delayed
from sklearn.exceptions import ConvergenceWarning
from skorch.callbacks import Callback

from skrnn import GRUClassifier, GRURegressor
from skrnn.estimators import _trial
from skrnn.estimators._samples import Samples, trial_parts
from skrnn.training import CLASSES, NUMBERS, RECIPE, Budget, Settings, trial_cycles
from tests.common_estimators import tones, windows_of

from .test_readout import X, Y, network, quietly

ROUGH, _ = windows_of(np.random.default_rng(0).uniform(-1, 1, (200, 1)), 5)
NOISE = np.random.default_rng(1).standard_normal(len(ROUGH))


@pytest.fixture
def cycles(monkeypatch):
    """The epochs of each cycle of a trial, and the losses that it is to report."""
    noted, losses = [], []
    train, judged = _trial._Trial.train, _trial._Trial.judged

    def short(self, n_epochs):
        noted.append(n_epochs)
        train(self, 1)
        self.losses += [np.nan] * (n_epochs - 1)  # as if there had been all

    def reported(self):
        loss, share = judged(self)
        return (losses[len(noted) - 1] if losses else loss), share

    monkeypatch.setattr(_trial._Trial, "train", short)
    monkeypatch.setattr(_trial._Trial, "judged", reported)
    return noted, losses


@pytest.mark.parametrize(
    ("losses", "n_cycles", "best"),
    [
        ([4, 3, 2, 1], 4, 4),
        ([4, 3, 2, 3], 4, 3),
        ([4, 3, 3, 1], 3, 2),  # the third is no better: no fourth
        ([4, 5, 2, 1.99], 4, 3),  # not clearly better
        ([4, 5, 6, 1], 3, 1),
        ([np.nan, np.nan, np.nan, 1], 3, 1),
    ],
)
def test_the_epochs_with_the_smallest_loss(losses, n_cycles, best, cycles):
    noted, reported = cycles
    reported += losses
    model = GRURegressor(2, random_state=0, readout=None, callbacks=[StopAt(1)])
    quietly(model, ROUGH, NOISE)
    assert len(noted) == n_cycles
    assert noted[:3] == [noted[0], 2 * noted[0], 4 * noted[0]]
    n_tried = sum(noted[:best])
    assert model.net_.max_epochs == max(1, round(0.3 * n_tried))
    assert model.n_iter_ == len(model.loss_curve_) == n_tried + 1


class StopAt(Callback):
    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == self.epoch:
            raise KeyboardInterrupt


def settings(**options):
    return Settings.of(GRURegressor(**options))


@pytest.mark.parametrize(("budget", "n_samples"), [(NUMBERS, 300), (CLASSES, 2000)])
def test_cycles_have_all_epochs_together(budget, n_samples):
    of_auto = trial_cycles(settings(), n_samples, budget)
    assert len(of_auto) == 4
    assert sum(of_auto) == budget.epochs
    assert str(budget.epochs) in RECIPE["max_iter"]
    assert trial_cycles(settings(max_iter=7), n_samples, budget) == [7]
    assert len(trial_cycles(settings(solver="lbfgs"), n_samples, budget)) == 1
    assert trial_cycles(settings(), 10_000_000, budget) == [1, 2, 2]


def test_a_number_of_epochs_is_kept(cycles):
    noted, _ = cycles
    quietly(network(max_iter=3, readout=None), X, Y)
    assert noted == []
    model = quietly(network(max_iter=3), X, Y)
    assert noted == [3]
    assert model.n_iter_ == 3


@pytest.mark.parametrize(
    ("losses", "n_cycles", "best"),
    [
        ([3, 2, 4, 5], 4, 2),  # the shares of the three classes have 1.1
        ([1.5, 2, 2, 1.2], 4, 4),
        ([3, 0.9, 4, 5], 4, 2),  # no better than the shares at its end
        ([3, 2, 2, 1.0], 4, None),
        ([3, 0.8], 2, None),  # has clearly learnt something
    ],
)
def test_a_classifier_takes_fewer_epochs_if_all_do_harm(losses, n_cycles, best, cycles):
    noted, reported = cycles
    reported += losses
    sequences, y = tones(60)
    model = GRUClassifier(3, conv_filters=None, random_state=0, callbacks=[StopAt(1)])
    quietly(model, sequences, y)
    assert len(noted) == n_cycles
    expected = CLASSES.epochs_for(60, 4) if best is None else sum(noted[:best])
    assert model.net_.max_epochs == expected
    assert model.n_iter_ == 1  # the network is a new one


def test_the_fit_continues_with_the_network_of_the_trial(cycles):
    tried, begun = [], []
    found = _trial._Trial.found

    def noting(self, share):
        tried.append(found(self, share))
        return tried[-1]

    class Look(Callback):
        def on_train_begin(self, net, **kwargs):
            rates = {group["lr"] for group in net.optimizer_.param_groups}
            weights = dict(net.module_.named_parameters())
            begun.append((rates, {k: v.detach().clone() for k, v in weights.items()}))

        def __deepcopy__(self, memo):
            return self

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_trial._Trial, "found", noting)
        options = {"random_state": 0, "readout": None, "learning_rate": "constant"}
        model = GRURegressor(2, callbacks=[Look(), StopAt(1)], **options)
        quietly(model, ROUGH, NOISE)
    (rates, weights) = begun[-1]
    assert rates == {model.learning_rate_init / 2}
    for name, values in weights.items():  # but not the scale, now of all samples
        np.testing.assert_array_equal(tried[-1].weights[name], values)


@pytest.mark.parametrize(
    "options",
    [{"early_stopping": True}, {"stateful": True, "shuffle": False}, {"is_few": True}],
    ids=str,
)
def test_fits_without_a_trial(options, cycles):
    noted, _ = cycles
    few = 9 if options.pop("is_few", False) else 40
    inputs, y = X[: few * 6 : 6], Y[: few * 6 : 6]
    quietly(network(max_iter="auto", callbacks=[StopAt(2)], **options), inputs, y)
    assert noted == []


def test_given_samples_judge_instead_of_a_part(cycles):
    noted, _ = cycles
    given = {"X_val": X[200:], "y_val": Y[200:]}
    quietly(network(), X[:200], Y[:200], **given)
    assert noted == []  # the number of epochs is known, and they give the share
    quietly(network(max_iter="auto", callbacks=[StopAt(1)]), X[:200], Y[:200], **given)
    assert len(noted) >= 3


def test_warm_starts_have_no_trial(cycles):
    noted, _ = cycles
    model = quietly(network(warm_start=True, max_iter=2), X, Y)
    assert noted == [2]
    quietly(model, X, Y)
    assert noted == [2]


def test_parts_are_split_in_time():
    model = quietly(network(), X, Y)
    windows = model._reader.read(model, X)
    samples = Samples(windows, Y[:, None], None)
    rule = model._reader, model._task, "auto", np.random.RandomState(0)
    training, held_out = trial_parts(samples, *rule)
    assert len(held_out) == 45  # 15 % of 294, rounded up
    ends = training.inputs.starts + training.inputs.lengths
    assert ends.max() <= held_out.inputs.starts.max()
    assert np.array_equal(held_out.targets, samples.targets[-45:])
    assert trial_parts(samples.take(np.arange(9)), *rule) is None
    weightless = Samples(windows, Y[:, None], np.r_[np.ones(249), np.zeros(45)])
    assert trial_parts(weightless, *rule) is None


def test_a_class_of_one_sample_leaves_no_part():
    sequences, _ = tones(30)
    y = np.r_[np.zeros(29), 1]
    model = GRUClassifier(2, max_iter=1, random_state=0).fit(sequences, y)
    samples = Samples(model._reader.read(model, sequences), model._task.encode(y), None)
    rule = model._reader, model._task, "auto", np.random.RandomState(0)
    assert trial_parts(samples, *rule) is None


# --- nobody notices


class Counting(Callback):
    def __init__(self):
        self.n_epochs = 0

    def on_epoch_end(self, net, **kwargs):
        self.n_epochs += 1


def test_callbacks_and_output_are_those_of_the_fit(capsys):
    counting = Counting()

    class Shared(Callback):
        def on_epoch_end(self, net, **kwargs):
            counting.n_epochs += 1

        def __deepcopy__(self, memo):
            return self

    model = network(callbacks=[Shared()], verbose=1)
    quietly(model, X, Y)
    assert counting.n_epochs == model.n_iter_ == len(model.loss_curve_) == 4
    assert capsys.readouterr().out.count("train_loss") <= 1


def test_the_warnings_are_those_of_the_fit():
    y = Y + 1e9  # of which float32 keeps little
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        network().fit(X + 1e9, y)
    level = [one for one in caught if "the level of X" in str(one.message)]
    assert len(level) == 1


def test_an_interrupted_trial_leaves_the_estimator_as_it_was(monkeypatch):
    model = quietly(network(), X, Y)
    expected, curve = model.predict(X), list(model.loss_curve_)

    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("skrnn.training._train._run_epochs", interrupted)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nothing is kept, so nothing says so
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, Y)
    assert np.array_equal(model.predict(X), expected)
    assert model.loss_curve_ == curve


def test_an_interrupted_fit_has_a_read_out():
    model = network(callbacks=[StopAt(2)])
    quietly(model, X, Y)
    assert model.n_iter_ == 2
    assert model.score(X, Y) > 0.9


class Lost(Exception):
    pass


class LoseAt(Callback):
    """Ends a process after some epochs."""

    def __init__(self, at):
        self.at_ = at  # the underscore: checkpoints do not compare it

    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == self.at_:
            raise Lost


@pytest.mark.parametrize("max_iter", [6, "auto"])
def test_a_checkpoint_resumes_after_the_trial(max_iter, tmp_path, monkeypatch):
    noted = []
    try_out = _trial.try_out
    monkeypatch.setattr(
        "skrnn.estimators._recurrent.try_out",
        lambda *args: noted.append(1) or try_out(*args),
    )
    monkeypatch.setattr("skrnn.estimators._tasks.NUMBERS", Budget(15, 15))
    plain = {"max_iter": max_iter, "batch_size": 64}
    whole = quietly(network(callbacks=[LoseAt(None)], **plain), X, Y)
    options = {**plain, "checkpoint": tmp_path / "fit", "checkpoint_every": 1}
    with pytest.raises(Lost):
        network(callbacks=[LoseAt(1)], **options).fit(X, Y)
    resumed = quietly(network(callbacks=[LoseAt(None)], **options), X, Y)
    assert np.array_equal(resumed.predict(X), whole.predict(X))
    assert resumed.loss_curve_ == whole.loss_curve_
    again = quietly(network(callbacks=[LoseAt(None)], **options), X, Y)
    assert np.array_equal(again.predict(X), whole.predict(X))
    assert len(noted) == 2


# --- the same bits


def fitted_bits(**options):
    return quietly(network(**options), X, Y).predict(X)


def test_jobs_and_threads_change_no_bit():
    expected = fitted_bits()
    for backend in ("loky", "threading"):
        found = Parallel(2, backend=backend)(delayed(fitted_bits)() for _ in range(2))
        assert all(np.array_equal(one, expected) for one in found)
    assert np.array_equal(fitted_bits(n_threads=2), expected)


def test_generators_of_others_are_not_used():
    before = np.random.get_state()[1].copy()
    fitted_bits()
    assert np.array_equal(before, np.random.get_state()[1])


PROGRAM = """
import warnings
warnings.simplefilter("ignore")
import numpy as np
from skrnn import GRURegressor
rng = np.random.default_rng(0)
X = rng.standard_normal((300, 40, 5)).cumsum(1)
y = X[:, -1, 0] + rng.standard_normal(300)
model = GRURegressor(8, max_iter=2, random_state=0, readout="ridge")
print(model.fit(X, y).predict(X).tobytes().hex())
"""


def test_threads_of_numpy_change_no_bit():
    printed = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "OMP_NUM_THREADS": n, "OPENBLAS_NUM_THREADS": n},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for n in ("1", "2")
    }
    assert len(printed) == 1


def test_a_fit_that_learns_nothing_after_a_trial_says_so():
    options = {"learning_rate_init": 1e-9, "random_state": 0, "readout": None}
    model = GRURegressor(4, **options)
    with pytest.warns(ConvergenceWarning, match="The network has learnt nothing"):
        model.fit(ROUGH, NOISE)

"""A fit that has learnt no more than a constant knows says so, and no other."""

import re
import warnings

import numpy as np
import pytest
from scipy.special import xlogy
from sklearn.exceptions import ConvergenceWarning
from skorch.callbacks import Callback

from skrnn import GRUClassifier, GRURegressor, LSTMClassifier, MLPClassifier
from tests.bare import BARE_CLASSIFIER, BARE_REGRESSOR, PLAIN_CLASSIFIER

RNG = np.random.default_rng(0)
LEVELS = np.repeat([0, 1], 14)
# 28 spectra of 60 channels: two kinds, alike but for a bump
SPECTRA = np.sin(np.arange(60) / 9) + 0.05 * RNG.standard_normal((28, 60))
SPECTRA[:, 40:50] += 0.8 * LEVELS[:, np.newaxis]
NOISE = RNG.standard_normal((60, 5))
STUCK = {"learning_rate_init": 1e-7, "random_state": 0}
STUCK_CLASSIFIER = {**BARE_CLASSIFIER, **STUCK}


def told(model, *data, **more):
    """What a fit warns of."""
    with warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("always")
        model.fit(*data, **more)
    assert all(issubclass(each.category, ConvergenceWarning) for each in noted)
    return " ".join(str(each.message) for each in noted)


# --- the warning


@pytest.mark.parametrize("cls", [GRUClassifier, LSTMClassifier])
def test_a_fit_that_stays_at_chance_says_so(cls):
    text = told(cls(8, **STUCK_CLASSIFIER), SPECTRA, LEVELS)
    assert text.startswith("The network has learnt nothing: the training loss ends at")
    assert f"best constant prediction gives {np.log(2):.4g}. Raise" in text
    assert "learning_rate_init (now 1e-07) or n_iter_no_change (now 10)" in text
    text = told(cls(8, conv_filters=None, **STUCK), SPECTRA, LEVELS)
    assert "Raise learning_rate_init or max_iter, lower" in text  # a trial set both


@pytest.mark.parametrize("cls", [GRUClassifier, LSTMClassifier])
def test_a_fit_that_learns_is_silent(cls):
    model = cls(random_state=0)
    assert told(model, SPECTRA, LEVELS) == ""
    assert model.loss_curve_[-1] < 0.5
    assert model.score(SPECTRA, LEVELS) == 1


def test_a_fit_that_is_too_short_to_tell_is_silent():
    short = GRUClassifier(8, max_iter=2, conv_filters=None, **STUCK)
    assert told(short, SPECTRA, LEVELS) == ""
    short.set_params(learning_rate="constant")
    text = told(short, SPECTRA, LEVELS)
    assert text.startswith("Stochastic Optimizer: Maximum iterations (2) reached")
    assert "nothing" not in text


def test_perceptrons_say_what_scikit_learn_says():
    options = {"learning_rate_init": 1e-7, "max_iter": 300, "random_state": 0}
    assert told(MLPClassifier(**options), SPECTRA / 100, LEVELS) == ""


def test_a_target_that_is_constant_is_learnt():
    text = told(GRURegressor(2, random_state=0), NOISE, np.zeros(60))
    assert "nothing" not in text


# --- the best constant, by hand


def entropy(shares):
    return -xlogy(shares, shares).sum()


def smoothed(shares, smoothing):
    return shares * (1 - smoothing) + smoothing / len(shares)


def constant_in(text):
    (found,) = re.findall(r"best constant prediction gives ([\d.e-]+)\. Raise", text)
    return float(found)


WEIGHTS = 1 + np.arange(60) % 3
THREE = np.arange(60) % 7 % 3


def shares_of(labels, weights):
    return np.bincount(labels, weights) / weights.sum()


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_shares_of_classes(n_classes, is_weighted, smoothing):
    y = THREE % n_classes
    weights = WEIGHTS if is_weighted else np.ones(60)
    model = GRUClassifier(2, **{**STUCK_CLASSIFIER, "label_smoothing": smoothing})
    text = told(model, NOISE, y, sample_weight=weights if is_weighted else None)
    expected = entropy(smoothed(shares_of(y, weights), smoothing))
    assert constant_in(text) == pytest.approx(expected, rel=1e-3)


def test_classes_with_weights_of_their_own():
    model = GRUClassifier(2, class_weight={0: 1, 1: 2, 2: 3}, **STUCK_CLASSIFIER)
    shares = shares_of(THREE, 1.0 + THREE)
    text = told(model, NOISE, THREE)
    assert constant_in(text) == pytest.approx(entropy(shares), rel=1e-3)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_several_labels(smoothing):
    labels = np.column_stack([THREE > 0, THREE == 1]).astype(int)
    model = GRUClassifier(2, **{**STUCK_CLASSIFIER, "label_smoothing": smoothing})
    expected = sum(
        entropy(smoothed(shares_of(column, WEIGHTS), smoothing)) for column in labels.T
    )
    text = told(model, NOISE, labels, sample_weight=WEIGHTS)
    assert constant_in(text) == pytest.approx(expected, rel=1e-3)


def test_a_class_at_each_step():
    steps = RNG.integers(0, 2, (60, 5))
    model = GRUClassifier(2, return_sequences=True, **STUCK_CLASSIFIER)
    text = told(model, NOISE, steps)
    shares = np.bincount(steps.ravel()) / steps.size
    assert constant_in(text) == pytest.approx(entropy(shares), rel=1e-3)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("squared_error", lambda y: np.var(y) / 2),
        ("absolute_error", lambda y: np.abs(y - np.median(y)).mean()),
    ],
)
def test_numbers(loss, expected):
    y = RNG.standard_normal(60)
    text = told(GRURegressor(2, loss=loss, **{**BARE_REGRESSOR, **STUCK}), NOISE, y)
    assert constant_in(text) == pytest.approx(expected(y), rel=1e-3)


# --- held-out samples


class Accuracies(Callback):
    """The accuracy on held-out samples after each epoch."""

    def __init__(self, estimator, X, y):
        self.estimator, self.X, self.y = estimator, X, y

    def on_epoch_end(self, net, **kwargs):
        probability = self.estimator.predict_proba(self.X)[:, 1]
        net.history.record("accuracy", np.mean((probability > 0.5) == self.y))


def log_loss_of(model, X, y):
    return -model.predict_log_proba(X)[np.arange(len(y)), y].mean()


def test_the_loss_decides_between_epochs_of_equal_accuracy():
    rng = np.random.default_rng(1)
    y = np.arange(80) % 2
    X = rng.standard_normal((80, 6)) + 1.5 * y[:, np.newaxis] - 0.75
    options = {"max_iter": 40, "early_stopping": True, "random_state": 0}
    model = GRUClassifier(4, **PLAIN_CLASSIFIER, **options)
    model.set_params(callbacks=[Accuracies(model, X[50:], y[50:])])
    model.fit(X[:50], y[:50], X_val=X[50:], y_val=y[50:])
    scores, accuracies = model.validation_scores_, model.net_.history[:, "accuracy"]
    best = int(np.argmax(scores))
    ties = np.flatnonzero(accuracies == np.max(accuracies))
    assert len(ties) > 1
    assert best > ties[0]
    assert max(scores) == pytest.approx(-log_loss_of(model, X[50:], y[50:]), rel=1e-5)


def test_labels_are_scored_by_their_loss():
    labels = np.column_stack([THREE > 0, THREE == 1]).astype(int)
    options = {"max_iter": 3, "early_stopping": True, "random_state": 0}
    options |= {"conv_filters": None, "label_smoothing": 0.2}
    model = GRUClassifier(2, **options)
    model.fit(NOISE, labels, X_val=NOISE, y_val=labels)
    p, q = model.predict_proba(NOISE), labels * 0.8 + 0.1
    expected = (q * np.log(p) + (1 - q) * np.log(1 - p)).sum(axis=1).mean()
    assert max(model.validation_scores_) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("early_stopping", [True, False])
def test_a_network_that_is_too_sure_is_told(early_stopping):
    """It has learnt noise by heart; early stopping, which helps, keeps it silent."""
    y = RNG.integers(0, 2, 60)
    model = GRUClassifier(16, max_iter=375, random_state=0, **PLAIN_CLASSIFIER)
    model.set_params(early_stopping=early_stopping)
    text = told(model, NOISE, y, X_val=-NOISE[::-1], y_val=y)
    n = np.bincount(y) / 60
    assert ("too sure of itself" in text) is not early_stopping
    if not early_stopping:
        assert f"shares of the classes gives {entropy(n):.3g}" in text
        assert "set early_stopping=True, or raise dropout or alpha" in text

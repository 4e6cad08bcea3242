"""Remember the first of 100 steps: what gates are for, learnt and measured.

The first step tells the class, 99 steps of noise follow. The gradient of a plain RNN by
the first step is nothing, so that it stays at chance. An LSTM and a GRU whose gates
start by keeping the state for 1 to 99 steps (``chrono_steps=100``) learn it within
seconds.
"""

import numpy as np
import pytest

from skrnn import GRUClassifier, LSTMClassifier, RNNClassifier
from skrnn.inspection import gradient_norms
from tests.bare import PLAIN_CLASSIFIER

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
N_STEPS = 100
N_CLASSES = 4


def memory_task(n_samples, seed):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, N_CLASSES, n_samples)
    X = rng.normal(size=(n_samples, N_STEPS, N_CLASSES)).astype("float32")
    X[:, 0] = 2 * np.eye(N_CLASSES)[y]
    return X, y


def classifier(cls, **parameters):
    if cls is not RNNClassifier:
        parameters = {"chrono_steps": N_STEPS, **parameters}
    return cls(
        16,
        learning_rate="constant",
        learning_rate_init=0.02,
        max_grad_norm=1.0,
        batch_size=50,
        max_iter=20,
        tol=0.0,
        n_iter_no_change=np.inf,
        random_state=0,
        n_threads=1,
        **PLAIN_CLASSIFIER,
    ).set_params(**parameters)


@pytest.fixture(scope="module")
def data():
    return (*memory_task(1000, seed=1), *memory_task(1000, seed=2))


def arriving(norms):
    """The gradient by the first step, as a share of that by the last."""
    return norms[N_STEPS - 1] / norms[0]


@pytest.mark.slow
@pytest.mark.parametrize("cls", [GRUClassifier, LSTMClassifier])
def test_gates_remember_the_first_of_100_steps(cls, data):
    X, y, X_test, y_test = data
    start = classifier(cls, max_iter=1, learning_rate_init=1e-12).fit(X[:100], y[:100])
    assert arriving(gradient_norms(start, X_test[:50])[1]) > 1e-3
    model = classifier(cls).fit(X, y)
    assert model.score(X_test, y_test) > 0.95
    assert arriving(gradient_norms(model, X_test[:50])[1]) > 0.1


@pytest.mark.slow
def test_plain_rnn_stays_at_chance(data):
    X, y, X_test, y_test = data
    model = classifier(RNNClassifier)
    assert arriving(gradient_norms(model, X_test[:50], y_test[:50])[1]) < 1e-15
    accuracy = model.fit(X, y).score(X_test, y_test)
    assert accuracy < 1.4 / N_CLASSES
    assert arriving(gradient_norms(model, X_test[:50])[1]) < 1e-4


def test_forget_bias_of_one_carries_the_gradient_further():
    """The cell keeps sigmoid(1) = 0.73 of itself a step, in place of about 0.5."""
    X, y, *_ = memory_task(50, seed=0)
    plain, biased = (
        gradient_norms(
            LSTMClassifier(
                16, unit_forget_bias=is_biased, random_state=0, **PLAIN_CLASSIFIER
            ),
            X,
            y,
        )[1]
        for is_biased in (False, True)
    )
    gain = (biased[80] / biased[40]) / (plain[80] / plain[40])
    assert gain > (0.7 / 0.55) ** 40  # about 15,000

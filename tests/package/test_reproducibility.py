"""The same seed, the same bits: here, in a new process, in threads."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from joblib import Parallel, delayed, parallel_config

from skrnn import GRURegressor, LSTMRegressor
from tests.common_estimators import wave, windows_of

X, Y = windows_of(wave(100, 2), 6)
OPTIONS = {
    "hidden_layer_sizes": (8, 4),
    "dropout": 0.3,
    "bidirectional": True,
    "batch_size": 16,
    "max_iter": 4,
    "learning_rate": "cosine",
}


def digits(seed):
    """The exact predictions and losses of a fit with dropout, as a string.

    A read-out may leave out the network, so that predictions of two seeds are alike.
    """
    X, Y = windows_of(wave(100, 2), 6)
    model = LSTMRegressor(**OPTIONS, random_state=seed).fit(X, Y)
    return np.append(model.predict(X), model.loss_curve_).tobytes().hex()


def test_same_seed_gives_the_same_bits_and_another_does_not():
    assert digits(0) == digits(0)
    assert digits(0) != digits(1)


@pytest.mark.slow
def test_fresh_process_gives_the_same_bits():
    code = "from tests.package.test_reproducibility import digits; print(digits(0))"
    fresh = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=True,
    )
    assert fresh.stdout.strip() == digits(0)


@pytest.mark.parametrize(
    "backend", [pytest.param("loky", marks=pytest.mark.slow), "threading"]
)
def test_side_by_side_gives_the_same_bits(backend):
    """Eight fits at once, each with its own seed, as they are one by one."""
    one_by_one = [digits(seed) for seed in range(8)]
    threads = torch.get_num_threads()
    with parallel_config(backend, n_jobs=2 if backend == "loky" else 4):
        together = Parallel()(delayed(digits)(seed) for seed in range(8))
    assert together == one_by_one
    assert torch.get_num_threads() == threads


def test_global_generators_are_left_alone():
    in_torch, in_numpy = torch.random.get_rng_state(), np.random.get_state()[1].copy()
    GRURegressor(**OPTIONS, random_state=3, early_stopping=True).fit(X, Y).predict(X)
    assert torch.equal(torch.random.get_rng_state(), in_torch)
    np.testing.assert_array_equal(np.random.get_state()[1], in_numpy)


def test_random_state_instance_and_none_are_drawn_from():
    def fitted(random_state):
        model = GRURegressor(**OPTIONS, random_state=random_state).fit(X, Y)
        return np.append(model.predict(X), model.loss_curve_)

    source = np.random.RandomState(0)
    first, second = fitted(source), fitted(source)
    assert (first != second).any()
    np.random.seed(5)
    drawn = fitted(None)
    np.random.seed(5)
    np.testing.assert_array_equal(fitted(None), drawn)

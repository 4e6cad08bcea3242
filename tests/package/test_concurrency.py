"""Threads, pools and forked processes: the same answers, and nobody waits for ever."""

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import pandas as pd
import pytest
import torch
from joblib import Parallel, delayed, parallel_config
from numpy.testing import assert_array_equal
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback

from skrnn import (
    GRUClassifier,
    GRURegressor,
    LSTMRegressor,
    MLPClassifier,
    RNNRegressor,
)
from skrnn.training import limit_threads
from tests.bare import PLAIN_REGRESSOR
from tests.common_estimators import tones, wave, windows_of

X, Y = windows_of(wave(100, 2), 6)
QUICK = {"learning_rate": "cosine", "max_iter": 1, "random_state": 0}
GRID = {"learning_rate_init": [0.001, 0.01], "alpha": [0.0, 0.1]}
TONES = tones(90)


class Threads(Callback):
    """Notes torch's threads in training."""

    seen = None

    def on_epoch_end(self, net, **kwargs):
        Threads.seen = torch.get_num_threads()


def threads_in_fit(n_threads="auto"):
    """In the fit of a network that is worth several threads."""
    model = LSTMRegressor(257, n_threads=n_threads, callbacks=[Threads()], **QUICK)
    model.fit(X[:9], Y[:9])
    return Threads.seen


@pytest.fixture(autouse=True)
def _three_threads():
    """A setting that is no default anywhere, and must be as before in the end."""
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    in_new_thread = []
    thread = threading.Thread(
        target=lambda: in_new_thread.append(torch.get_num_threads())
    )
    thread.start()
    thread.join()
    here = torch.get_num_threads()
    torch.set_num_threads(before)
    assert (here, in_new_thread) == (3, [3])


@pytest.mark.parametrize(
    ("model", "data", "method"),
    [
        (LSTMRegressor(4, **QUICK), (X, Y), "predict"),
        (GRURegressor(4, **QUICK), (X, Y), "predict"),
        (RNNRegressor(4, dtype="float64", dropout=0.5, **QUICK), (X, Y), "predict"),
        (LSTMRegressor(300, **QUICK), (X, Y), "predict"),
        (LSTMRegressor(300, n_threads=2, **QUICK), (X, Y), "predict"),
        (GRUClassifier(4, **QUICK), TONES, "predict_proba"),
        (MLPClassifier(**QUICK), (Y[:, None], Y > 0), "predict_proba"),
    ],
    ids=lambda value: None if isinstance(value, tuple) else str(value)[:16],
)
def test_sixteen_threads_predict_what_one_does(model, data, method):
    predict = getattr(model.fit(*data), method)
    with ThreadPoolExecutor(1) as alone:
        expected = alone.submit(predict, data[0]).result(timeout=180)
    np.testing.assert_allclose(predict(data[0]), expected, rtol=1e-5)
    with ThreadPoolExecutor(16) as pool:
        for found in pool.map(predict, [data[0]] * 48, timeout=180):
            assert_array_equal(found, expected)


@pytest.fixture(scope="module")
def forecaster():
    from skrnn.sktime import GRUForecaster  # loky's workers need not import sktime

    y = pd.Series(wave(60)[:, 0], pd.period_range("2000-01", periods=60, freq="M"))
    return GRUForecaster(8, hidden_layer_sizes=4, loss="normal", **QUICK).fit(y)


@pytest.mark.parametrize("method", ["predict", "predict_interval"])
def test_sixteen_threads_forecast_what_one_does(forecaster, method):
    """Each its own horizon."""

    def forecast(n_steps):
        return getattr(forecaster, method)(fh=range(1, n_steps + 1))

    expected = [forecast(n_steps) for n_steps in range(1, 9)]
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(forecast, [1 + i % 8 for i in range(48)], timeout=180))
    assert all(frame.equals(expected[i % 8]) for i, frame in enumerate(found))


def test_forecasts_keep_their_horizon(forecaster, monkeypatch):
    """Another thread asks right after sktime has noted the horizon of the first."""
    is_first = True

    class Interrupted(type(forecaster)):
        def __setattr__(self, name, value):
            nonlocal is_first
            super().__setattr__(name, value)
            if name == "_fh" and is_first:
                is_first = False
                thread = threading.Thread(target=forecaster.predict, args=([1, 2],))
                thread.start()
                thread.join(180)

    monkeypatch.setattr(forecaster, "__class__", Interrupted)
    assert len(forecaster.predict([1])) == 1
    assert not is_first


def test_threads_are_as_before_where_calls_fail():
    model = GRURegressor(4, **QUICK, **PLAIN_REGRESSOR).fit(X, Y)

    class Failing(Callback):
        def on_batch_end(self, net, **kwargs):
            raise RuntimeError("no more")

    def fails(call, error):
        with pytest.raises(error):
            call()
        assert torch.get_num_threads() == 3

    for n_threads in ("auto", 1, 2):
        model.set_params(n_threads=n_threads)
        fails(lambda: model.predict(X[:, :, :1]), ValueError)
        model.set_params(callbacks=[Failing()])
        fails(lambda: model.fit(X, Y), RuntimeError)
        fails(lambda: model.partial_fit(X, Y), RuntimeError)
        model.set_params(callbacks=None)
        fails(lambda: model.fit(X, 1e30 * Y), ValueError)
        with ThreadPoolExecutor(4) as pool:
            futures = [pool.submit(model.fit, X, 1e30 * Y) for _ in range(4)]
            assert all(future.exception(60) is not None for future in futures)


def test_large_networks_have_torchs_threads_alone_and_one_in_a_pool():
    assert threads_in_fit() == 3
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(threads_in_fit).result(timeout=180) == 1
        assert pool.submit(threads_in_fit, 2).result(timeout=180) == 2


def test_a_new_thread_keeps_its_setting_where_others_leave():
    has_entered, has_left, seen = threading.Event(), threading.Event(), []

    def work():
        with limit_threads(1):
            has_entered.set()
            has_left.wait(60)
            seen.append(torch.get_num_threads())  # the first time that it is asked

    worker = threading.Thread(target=work)
    with limit_threads(2):
        worker.start()
        has_entered.wait(60)
    has_left.set()
    worker.join(60)
    assert seen == [1]


@pytest.mark.parametrize(
    "backend", [pytest.param("loky", marks=pytest.mark.slow), "threading"]
)
def test_search_side_by_side(backend):
    """As one by one, and no more threads than cores."""

    def search():
        return GridSearchCV(MLPClassifier(**QUICK), GRID, cv=2).fit(X[:, 0], Y > 0)

    expected = search().cv_results_["mean_test_score"]
    with parallel_config(backend, n_jobs=2):
        assert_array_equal(search().cv_results_["mean_test_score"], expected)
        seen = Parallel(timeout=180)(delayed(threads_in_fit)() for _ in range(4))
    assert max(seen) <= max(1, torch.multiprocessing.cpu_count() // 2)


AFTER_FORK = """
import os, pickle, threading, time
import numpy as np, torch
from joblib import parallel_config
from sklearn.model_selection import GridSearchCV
from skrnn import LSTMRegressor, MLPRegressor
from skrnn.training import _threads

torch.set_num_threads(2)
options = {"max_iter": 1, "learning_rate": "cosine", "random_state": 0}
X = np.random.default_rng(0).standard_normal((60, 6)).astype("f4")
y = X.sum(axis=1)
small = MLPRegressor(hidden_layer_sizes=3, **options).fit(X, y)
large = MLPRegressor(hidden_layer_sizes=(300, 300), **options)

def forked(job):
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = 0 if job() else 2
        finally:
            os._exit(code)
    for _ in range(3000):
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return status
        time.sleep(0.02)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    return "deadlock"

def search(model):
    search = GridSearchCV(model, {"learning_rate_init": [0.001, 0.01]}, cv=2)
    return search.fit(X, y).cv_results_["mean_test_score"]

for model in (large, LSTMRegressor(300, **options)):
    expected = search(model.set_params(n_threads=1))
    model.set_params(n_threads=2).fit(X, y)  # its threads live in this process
    with parallel_config("multiprocessing", n_jobs=2):
        print("pool", (search(model) != expected).sum())

expected, stored = large.fit(X, y).predict(X), pickle.dumps(large)
close = lambda other: np.allclose(other.predict(X), expected, atol=1e-5)
print("predict", forked(lambda: close(large)))
print("load", forked(lambda: close(pickle.loads(stored))))
print("fit", forked(lambda: close(large.fit(X, y))))
lbfgs = large.set_params(solver="lbfgs", early_stopping=True)
print("lbfgs", forked(lambda: lbfgs.fit(X, y)))

def inside():  # another thread that computes while this one forks
    with _threads.limit_threads(1):
        began.set()
        may_end.wait(60)

began, may_end = threading.Event(), threading.Event()
thread = threading.Thread(target=inside)
thread.start()
began.wait(60)
print("inside", forked(lambda: small.fit(X, y) and _threads._n_inside == 0))
may_end.set()
thread.join()
with _threads._lock:  # as it may be held at this very moment
    print("lock", forked(lambda: small.fit(X, y)))
with _threads.limit_threads(1):  # a callback that forks
    print("callback", forked(lambda: small.fit(X, y) and _threads._n_inside == 1))
print("after", torch.get_num_threads() - 2, _threads._n_inside)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot fork")
def test_after_a_fork():
    """Large networks have computed on two threads before it."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", AFTER_FORK],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        printed = process.communicate(timeout=180)[0].splitlines()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # with all that hang
    assert process.returncode == 0
    assert len(printed) == 10
    assert [line for line in printed if set(line.split()[1:]) != {"0"}] == []

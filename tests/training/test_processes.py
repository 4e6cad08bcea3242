"""One fit by several processes, on the CPU, which talk through gloo."""

import os
import pickle
import subprocess
import sys
import warnings
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skrnn import LSTMRegressor
from skrnn.training import processes_of

from . import joint_fits
from .joint_fits import EQUAL, REFUSED, WINDOWS, X, Y

TIMEOUT = 180  # seconds, on a machine that is busy; alone it takes a tenth
COUNT = 3
ROOT = Path(__file__).parents[2]
LAUNCHER = [
    "-m", "accelerate.commands.launch", "--multi_gpu", "--num_machines", "1",
    "--num_processes", str(COUNT), "--main_process_port", "0",
    "--mixed_precision", "no", "--dynamo_backend", "no",
]  # fmt: skip
ON_CPU = {
    "ACCELERATE_USE_CPU": "true",
    "OMP_NUM_THREADS": "1",
    "PYTHONPATH": str(ROOT),
}


@pytest.fixture(scope="module")
def launch(tmp_path_factory):
    """The folder, printed lines and results of one launch."""
    folder = tmp_path_factory.mktemp("launch")
    launcher = subprocess.Popen(
        [sys.executable, *LAUNCHER, "-m", "tests.training.joint_fits", str(folder)],
        cwd=ROOT,
        env=os.environ | ON_CPU,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        printed, errors = launcher.communicate(timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        launcher.terminate()  # and not kill: it ends its processes
        launcher.communicate(timeout=60)
        raise
    assert launcher.returncode == 0, errors
    results = [joblib.load(folder / f"process{rank}.joblib") for rank in range(COUNT)]
    return folder, printed, results


def alone(fit):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return fit("cpu")


@pytest.mark.slow
@pytest.mark.parametrize("fit", EQUAL)
def test_result_is_that_of_one_process(launch, fit):
    *_, results = launch
    expected = joint_fits.learnt(alone(fit))
    found = results[0][fit.__name__]
    for name in ("weights", "losses", "scores"):
        np.testing.assert_allclose(
            found[name], expected[name], rtol=1e-8, atol=1e-8, err_msg=name
        )


@pytest.mark.slow
@pytest.mark.parametrize("name", [fit.__name__ for fit in EQUAL + joint_fits.RANDOM])
def test_processes_end_with_the_same_bits(launch, name):
    *_, results = launch
    for other in results[1:]:
        for part in ("weights", "losses", "scores"):
            np.testing.assert_array_equal(other[name][part], results[0][name][part])


@pytest.mark.slow
def test_processes_have_found_each_other(launch):
    *_, results = launch
    assert [result["count"] for result in results] == [COUNT] * COUNT


@pytest.mark.slow
def test_early_stopping_has_stopped(launch):
    *_, results = launch
    for name in ("stopped", "rows_stopped"):
        assert 3 < len(results[0][name]["losses"]) < 40


@pytest.mark.slow
def test_each_process_draws_other_masks(launch):
    *_, results = launch
    ranks = [result["dropped"]["ranks"] for result in results]
    assert ranks == [[rank] for rank in range(COUNT)]
    assert joint_fits.learnt(alone(joint_fits.dropped))["ranks"] == [0]


@pytest.mark.slow
def test_seeds_that_nobody_set_come_from_the_main_process(launch):
    *_, results = launch
    first, second = results[0]["unseeded"], results[0]["windows"]
    assert first["losses"][0] != second["losses"][0]


@pytest.mark.slow
@pytest.mark.parametrize("fit", REFUSED)
def test_all_processes_refuse_alike(launch, fit):
    *_, results = launch
    messages = {result[fit.__name__] for result in results}
    assert len(messages) == 1
    assert REFUSED[fit] in messages.pop()


@pytest.mark.slow
def test_only_the_main_process_tells_of_epochs(launch):
    _, printed, _ = launch
    assert printed.count("Iteration") == 4


@pytest.mark.slow
def test_file_is_loaded_by_one_process(launch):
    folder, *_ = launch
    model = joblib.load(folder / "model.joblib")
    expected = alone(joint_fits.windows).predict(X)
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-8)
    model.partial_fit(X, Y)


def test_without_a_launch_it_is_a_fit_as_any_other():
    assert processes_of("accelerate").count == 1
    model = alone(lambda _: joint_fits.windows("accelerate"))
    other = alone(joint_fits.windows)
    np.testing.assert_array_equal(model.predict(X), other.predict(X))
    assert clone(model).device == "accelerate"
    loaded = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


def test_processes_that_accelerate_does_not_join_are_refused(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ValueError, match="ACCELERATE_USE_CPU=true"):
        LSTMRegressor(2, device="accelerate").fit(X, Y)


def test_accelerate_may_be_missing(monkeypatch):
    model = alone(lambda _: joint_fits.windows("accelerate"))
    data = pickle.dumps(model)
    monkeypatch.setitem(sys.modules, "accelerate", None)
    with pytest.raises(ImportError, match="pip install accelerate"):
        LSTMRegressor(device="accelerate", **WINDOWS).fit(X, Y)
    with pytest.warns(UserWarning, match="'accelerate', which is not available here"):
        loaded = pickle.loads(data)
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    loaded.partial_fit(X, Y)

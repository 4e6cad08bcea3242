"""Searches on the workers of dask and ray, and data larger than memory."""

import os
import signal
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from numpy.testing import assert_array_equal

# importing it is what makes HalvingGridSearchCV importable
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    TimeSeriesSplit,
)
from skorch.callbacks import Callback

from skrnn import GRURegressor, MLPClassifier
from skrnn.windows import Windows
from tests.common_estimators import wave, windows_of

X, Y = windows_of(wave(400, 2).astype("f4"), 6)
SPLITS = list(TimeSeriesSplit(2).split(X))
GRID = {"learning_rate_init": [0.01, 0.02], "hidden_layer_sizes": [4, (3, 2)]}


def network(**options):
    options = {"learning_rate": "cosine", "max_iter": 2, "random_state": 0} | options
    return GRURegressor(**options)


def searches():
    """Unfitted, one of each kind."""
    options = {"cv": SPLITS, "error_score": "raise"}
    return [
        GridSearchCV(network(), GRID, **options),
        RandomizedSearchCV(network(), GRID, n_iter=2, random_state=0, **options),
        HalvingGridSearchCV(
            network(),
            GRID,
            factor=2,
            resource="max_iter",
            min_resources=1,
            max_resources=2,
            **options,
        ),
    ]


def scores(search, X=X, y=Y):
    results = search.fit(X, y).cv_results_
    return {name: results[name] for name in results if name.endswith("_test_score")}


def assert_as_one_by_one(backend, **options):
    lists = [rows.copy() for rows in X[:40]]
    for search in searches():
        expected = scores(search)
        with parallel_config(backend, **options):
            found = scores(search)
        for name, values in expected.items():
            assert_array_equal(found[name], values)
    search = GridSearchCV(MLPClassifier(max_iter=1, learning_rate="cosine"), {}, cv=2)
    search.set_params(estimator__random_state=0)
    expected = scores(search, X[:, 0], Y > 0)["mean_test_score"]
    with parallel_config(backend):
        assert_array_equal(scores(search, X[:, 0], Y > 0)["mean_test_score"], expected)
    ragged = GridSearchCV(network(), GRID, cv=2)
    expected = scores(ragged, lists, Y[:40])["mean_test_score"]
    with parallel_config(backend):
        assert_array_equal(scores(ragged, lists, Y[:40])["mean_test_score"], expected)


class Started(Callback):
    """Leaves a file with the name of the process that trains, and takes its time."""

    def __init__(self, folder):
        self.folder = folder

    def on_epoch_end(self, net, **kwargs):
        (Path(self.folder) / str(os.getpid())).touch()
        time.sleep(0.1)


def kill_first(folder, workers, killed):
    """The first worker that trains."""
    for _ in range(3000):
        for path in Path(folder).iterdir():
            if path.name in workers:
                os.kill(int(path.name), signal.SIGKILL)
                killed.append(path.name)
                return
        time.sleep(0.01)


def assert_nothing_lost(client, folder):
    X_, Y_ = X[7:].copy(), Y[7:]  # others than before, which dask may hold already
    splits = list(TimeSeriesSplit(2).split(X_))
    shared = [X_, Y_, *(rows for split in splits for rows in split)]
    search = GridSearchCV(network(), GRID, cv=splits, error_score="raise", refit=False)
    expected = scores(search, X_, Y_)["mean_test_score"]
    search.set_params(estimator__callbacks=[Started(str(folder))])
    client.amm.stop()  # it would drop all copies of the data but one
    workers = {str(pid) for pid in client.run(os.getpid).values()}
    killed = []
    killer = threading.Thread(target=kill_first, args=(folder, workers, killed))
    killer.start()
    found = []

    def run():
        with parallel_config("dask", scatter=shared):
            found.append(scores(search, X_, Y_)["mean_test_score"])

    searching = threading.Thread(target=run, daemon=True)
    searching.start()
    searching.join(180)  # not for ever
    killer.join()
    assert len(killed) == 1
    assert_array_equal(found, [expected])


@pytest.mark.slow
def test_dask(tmp_path):
    distributed = pytest.importorskip("distributed")
    options = {
        "n_workers": 2,
        "threads_per_worker": 1,
        "dashboard_address": None,
        "local_directory": str(tmp_path / "dask"),
        "silence_logs": 50,
    }
    folder = tmp_path / "started"
    folder.mkdir()
    with (
        distributed.LocalCluster(**options) as cluster,
        distributed.Client(cluster) as client,
    ):
        assert_as_one_by_one("dask")
        assert_nothing_lost(client, folder)


@pytest.fixture
def ray_of_two(monkeypatch):
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")  # else it leaves a token at home
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    ray = pytest.importorskip("ray")
    from ray.util.joblib import register_ray

    register_ray()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        # not tmp_path: the names of its sockets must be short
        ray.init(
            num_cpus=2, include_dashboard=False, log_to_driver=False, _temp_dir=folder
        )
        yield
        ray.shutdown()


@pytest.mark.slow
def test_ray(ray_of_two):
    assert_as_one_by_one("ray")


def parquet(path, n_rows=5000):
    """A file of three columns in ten groups of rows."""
    pytest.importorskip("pyarrow")
    rows = wave(n_rows, 3) + np.random.default_rng(0).normal(0, 0.1, (n_rows, 3))
    frame = pd.DataFrame(rows, columns=["a", "b", "load"])
    frame.to_parquet(path, row_group_size=n_rows // 10)
    return frame


def test_parquet_batch_by_batch(tmp_path):
    """One partial_fit for each batch is one for each of its arrays in memory."""
    frame = parquet(tmp_path / "rows.parquet")
    import pyarrow.parquet as pq

    streamed, in_memory = (MLPClassifier(random_state=0) for _ in range(2))
    file = pq.ParquetFile(tmp_path / "rows.parquet", pre_buffer=False)
    for batch in file.iter_batches(batch_size=500):
        part = batch.to_pandas()
        streamed.partial_fit(part[["a", "b"]], part["load"] > 0, classes=[False, True])
    for first in range(0, len(frame), 500):
        part = frame.iloc[first : first + 500]
        in_memory.partial_fit(part[["a", "b"]], part["load"] > 0, classes=[False, True])
    assert_array_equal(
        streamed.predict_proba(frame[["a", "b"]]),
        in_memory.predict_proba(frame[["a", "b"]]),
    )


def test_parquet_into_a_memmap(tmp_path):
    """Windows of a file are those of the frame in memory."""
    frame = parquet(tmp_path / "rows.parquet")
    import pyarrow.parquet as pq

    file = pq.ParquetFile(tmp_path / "rows.parquet", pre_buffer=False)
    shape = (file.metadata.num_rows, file.metadata.num_columns)
    rows = np.lib.format.open_memmap(tmp_path / "rows.npy", "w+", "float32", shape)
    first = 0
    for batch in file.iter_batches(batch_size=700):
        rows[first : first + len(batch)] = batch.to_pandas()
        first += len(batch)
    rows.flush()
    on_disk = np.load(tmp_path / "rows.npy", mmap_mode="r")
    assert_array_equal(on_disk, frame.to_numpy("float32"))
    found, y = windows_of(on_disk, 24)
    assert np.shares_memory(Windows.from_array(found).rows, on_disk)
    expected = network().fit(*windows_of(frame.to_numpy("float32"), 24))
    model = network().fit(found, y)
    assert_array_equal(model.predict(found), expected.predict(found))
    batches = [slice(first, first + 1000) for first in range(0, len(y), 1000)]
    model = network().partial_fit(found[batches[0]], y[batches[0]])
    assert [model.partial_fit(found[s], y[s]).t_ for s in batches[1:]][-1] == len(y)

"""Windows cost the memory of their rows."""

import subprocess
import sys
import tracemalloc

import numpy as np
import pandas as pd
import pytest

from skrnn.sktime import MLPForecaster

SCRIPT = """
import resource, sys
import numpy as np
from skrnn import RNNRegressor, LSTMRegressor

def peak():  # megabytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

LSTMRegressor(2, max_iter=1, learning_rate="cosine").fit(np.ones((3, 2)), np.ones(3))
before = peak()
n_timesteps, n_features = 96, 8
for kind, n_windows in (("memmap", 2_000_000), ("array", 500_000)):
    shape = (n_windows + n_timesteps - 1, n_features)
    if kind == "memmap":
        rows = np.memmap(sys.argv[1], dtype="float32", mode="r", shape=shape)
    else:
        rows = np.zeros(shape, "float32")
    view = np.lib.stride_tricks.sliding_window_view(rows, n_timesteps, axis=0)
    view = view.swapaxes(1, 2)  # (sample, time, feature)
    model = RNNRegressor(1, batch_size=512, max_iter=1, learning_rate="cosine")
    model.fit(view[:50_000], np.zeros(50_000, "float32"))
    prediction = model.predict(view)
    assert prediction.shape == (n_windows,) and np.isfinite(prediction).all()
    print(peak() - before)
"""


@pytest.mark.slow
def test_two_million_windows(tmp_path):
    """Of a file, then of an array, in one process, whose peak is that of both."""
    path = tmp_path / "rows"
    with path.open("wb") as file:
        file.truncate((2_000_000 + 95) * 8 * 4)
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT, str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    peaks = [float(line) for line in run.stdout.splitlines()]
    assert len(peaks) == 2
    assert max(peaks) < 700  # 6,144 and 1,536 MB if the windows were copied


def test_rows_in_a_sample_are_forecast_batch_by_batch():
    """All windows at once would take 40 MB, and their indices 80 MB."""
    y = pd.Series(np.sin(np.arange(50_000) / 9))
    forecaster = MLPForecaster(
        200,
        1,
        hidden_layer_sizes=2,
        step_length=100,
        learning_rate="cosine",
        max_iter=1,
    ).fit(y)
    tracemalloc.start()
    residuals = forecaster.predict_residuals(y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(residuals) == 50_000
    assert peak < 30e6

"""Write the files that later versions must be able to read.

``python -m tests.files.make`` writes a folder for the file format of this version. A
file is never written again: further kinds of fits, and folders of other formats, come
beside it.
"""

import json
import pickle
from pathlib import Path
from zipfile import ZIP_DEFLATED

import joblib
import numpy as np
import pandas as pd
import skops.io
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import (
    GRUClassifier,
    GRURegressor,
    LSTMClassifier,
    LSTMRegressor,
    MLPClassifier,
    SlidingWindow,
)
from skrnn.files import FORMAT
from skrnn.sktime import GRUForecaster

QUICK = {"learning_rate_init": 0.02, "random_state": 0, "device": "cpu"}


def made() -> dict:
    """Name to (fitted estimator, its input, its predictions)."""
    return {**plain(), **with_recipe()}


def with_recipe() -> dict:
    """Recurrent estimators with scaling, a read-out and convolutions inside."""
    wave = np.sin(np.arange(60) / 4)
    sequences = 1000 + np.stack([wave[i : i + 8] for i in range(50)])[:, :, None]
    some, labels = sequences[:5], np.where(wave[7:57] > 0, "high", "low")
    options = {"max_iter": 10, **QUICK}
    regressor = GRURegressor(4, normalize="changes", readout="ridge", **options)
    regressor.fit(sequences, 300 + 50 * wave[8:58])
    classifier = LSTMClassifier(
        4, normalize="robust", conv_filters=(4, 3), conv_norm="batch",
        conv_pooling=("mean", "max"), pooling=("last", "max", "mean"), **options,
    )  # fmt: skip
    classifier.fit(np.exp(10 * (sequences - 1000)), labels)  # with heavy tails
    tails = np.exp(10 * (some - 1000))
    return {
        "recipe_regressor": (regressor, some, regressor.predict(some)),
        "recipe_classifier": (classifier, tails, classifier.predict_proba(tails)),
    }


def plain() -> dict:
    """Those without; their defaults were others when they were written."""
    days = pd.date_range("2024-01-01", periods=60, freq="D")
    wave = np.sin(np.arange(60) / 4)
    rows = pd.DataFrame({"a": wave, "b": np.cos(np.arange(60) / 9)}, days)
    regressor = make_pipeline(
        StandardScaler(),
        SlidingWindow(5),
        LSTMRegressor((4, 3), learning_rate="cosine", max_iter=10, **QUICK),
    ).set_output(transform="pandas")
    regressor.fit(rows[:50], np.roll(wave, -1)[:50])
    sequences = np.stack([wave[i : i + 8] for i in range(40)])[:, :, None]
    labels = np.where(sequences[:, -1, 0] > 0, "high", "low")
    classifier = GRUClassifier(4, learning_rate="cosine", max_iter=10, **QUICK)
    classifier.fit(sequences, labels)
    mlp = MLPClassifier((6,), solver="lbfgs", max_iter=300, **QUICK)
    mlp.fit(sequences[:, :, 0], np.arange(40) % 3)
    panel = pd.concat({"x": rows[["a"]], "y": 5 + rows[["a"]][:40]}, names=["id"])
    forecaster = GRUForecaster(6, hidden_layer_sizes=4, max_iter=6, **QUICK)
    forecaster.set_params(learning_rate="cosine").fit(panel, fh=[1, 3])
    newest, some = rows[50:], sequences[:5]
    table = some[:, :, 0]
    return {
        "regressor": (regressor, newest.to_numpy(), regressor.predict(newest)),
        "classifier": (classifier, some, classifier.predict_proba(some)),
        "mlp": (mlp, table, mlp.predict_proba(table)),
        "forecaster": (forecaster, np.empty(0), forecasts(forecaster)),
    }


def forecasts(forecaster: GRUForecaster) -> np.ndarray:
    """Point forecasts, and the bounds of an interval."""
    return np.hstack([forecaster.predict(), forecaster.predict_interval()])


def write(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    record = folder / "expected.json"
    expected = json.loads(record.read_text()) if record.exists() else {}
    for name, (estimator, X, predictions) in made().items():
        if name in expected:
            continue
        skops.io.dump(estimator, folder / f"{name}.skops", compression=ZIP_DEFLATED)
        joblib.dump(estimator, folder / f"{name}.joblib", compress=3)
        (folder / f"{name}.pickle").write_bytes(pickle.dumps(estimator, protocol=4))
        expected[name] = {"X": X.tolist(), "predictions": predictions.tolist()}
    record.write_text(json.dumps(expected))


if __name__ == "__main__":
    write(Path(__file__).parent / f"format_{FORMAT}")

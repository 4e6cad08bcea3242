"""The one list of estimators, with arguments that make them quick to fit."""

import numpy as np

from skrnn import (
    GRURegressor,
    LSTMRegressor,
    RNNRegressor,
    SequenceScaler,
    SlidingWindow,
)

RECURRENT_REGRESSORS = [RNNRegressor, GRURegressor, LSTMRegressor]

QUICK = {
    "hidden_layer_sizes": (16,),
    "learning_rate_init": 0.02,
    "max_iter": 100,
    "random_state": 0,
}


def quick_estimators() -> list:
    """One of each, recurrent ones in both precisions."""
    networks = [
        cls(**QUICK, dtype=dtype)
        for cls in RECURRENT_REGRESSORS
        for dtype in ("float32", "float64")
    ]
    windows = [
        SequenceScaler(),
        SequenceScaler("robust", per_sequence=True),
        SlidingWindow(window_length=1),
        SlidingWindow(window_length=1, flatten=True),
        SlidingWindow(window_length=3),
        SlidingWindow(window_length=3, flatten=True),
    ]
    return networks + windows


def wave(n_rows: int = 160, n_features: int = 1) -> np.ndarray:
    """A smooth series (n_rows, n_features) that a small network learns."""
    time = np.arange(n_rows)[:, None]
    return np.sin(time / (3 + np.arange(n_features)))


def windows_of(rows: np.ndarray, window_length: int) -> tuple[np.ndarray, np.ndarray]:
    """Sliding view (sample, time, feature) and the first feature of the next row."""
    view = np.lib.stride_tricks.sliding_window_view(rows[:-1], window_length, axis=0)
    return view.swapaxes(1, 2), rows[window_length:, 0]

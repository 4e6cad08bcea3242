"""The one list of estimators, with arguments that make them quick to fit."""

import numpy as np

from skrnn import (
    GRUClassifier,
    GRURegressor,
    LSTMClassifier,
    LSTMRegressor,
    MLPClassifier,
    MLPRegressor,
    RNNClassifier,
    RNNRegressor,
    SequenceScaler,
    SlidingWindow,
)

RECURRENT_REGRESSORS = [RNNRegressor, GRURegressor, LSTMRegressor]
RECURRENT_CLASSIFIERS = [RNNClassifier, GRUClassifier, LSTMClassifier]
RECURRENT = RECURRENT_REGRESSORS + RECURRENT_CLASSIFIERS
MLPS = [MLPClassifier, MLPRegressor]

QUICK = {
    "hidden_layer_sizes": (16,),
    "learning_rate": "constant",
    "learning_rate_init": 0.03,
    "max_iter": 50,
    "random_state": 0,
}
# of these a sample of weight n is n samples, as scikit-learn's check asks in double
# precision: no part draws samples, or treats each in its own way
WEIGHING = {
    **QUICK,
    "batch_size": 200,  # all samples: repeated ones fall into other batches than heavy
    "max_grad_norm": None,  # a clipped explosion of an RNN magnifies the rounding
}
WEIGHING_REGRESSOR = {**WEIGHING, "readout": None}  # its trial draws held-out samples
WEIGHING_CLASSIFIER = {
    **WEIGHING,
    "conv_filters": 8,
    "conv_norm": None,  # the mean and variance of a batch know no weights
    "dropout": 0.0,  # each sample draws a mask
}


def quick_estimators() -> list:
    """Networks whose fits are short, in double precision, and transformers."""
    networks = [
        cls(**options, dtype="float64")
        for family, options in (
            (RECURRENT_REGRESSORS, WEIGHING_REGRESSOR),
            (RECURRENT_CLASSIFIERS, WEIGHING_CLASSIFIER),
        )
        for cls in family
    ]
    transformers = [
        SequenceScaler(),
        SequenceScaler("robust", per_sequence=True),
        SlidingWindow(window_length=1),
        SlidingWindow(window_length=1, flatten=True),
        SlidingWindow(window_length=3),
        SlidingWindow(window_length=3, flatten=True),
    ]
    return networks + transformers


def default_estimators() -> list:
    """The networks as users first meet them, in single precision."""
    return [cls() for cls in RECURRENT + MLPS]


def wave(n_rows: int = 160, n_features: int = 1) -> np.ndarray:
    """A smooth series (n_rows, n_features) that a small network learns."""
    time = np.arange(n_rows)[:, None]
    return np.sin(time / (3 + np.arange(n_features)))


def windows_of(rows: np.ndarray, window_length: int) -> tuple[np.ndarray, np.ndarray]:
    """Sliding view (sample, time, feature) and the first feature of the next row."""
    view = np.lib.stride_tricks.sliding_window_view(rows[:-1], window_length, axis=0)
    return view.swapaxes(1, 2), rows[window_length:, 0]


def ragged(n_samples: int, longest: int, n_features: int = 1, seed: int = 0) -> list:
    """Noisy sequences of 1 to ``longest`` steps."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, longest, n_samples, endpoint=True)
    return [rng.standard_normal((length, n_features)) for length in lengths]


def tones(n_samples: int, n_classes: int = 3, seed: int = 0) -> tuple[list, np.ndarray]:
    """Waves of unequal length whose class is their frequency."""
    rng = np.random.default_rng(seed)
    y = np.arange(n_samples) % n_classes
    lengths = rng.integers(10, 30, n_samples)
    phases = rng.uniform(0, 6, n_samples)
    X = [
        np.sin(np.arange(n) * (0.4 + 0.8 * c) + phase)[:, None]
        for n, c, phase in zip(lengths, y, phases, strict=True)
    ]
    return X, y

"""Fitted estimators, and ways into a file and back."""

import copy
import io
import pickle

import joblib
import numpy as np
import skops.io

from skrnn import TRUSTED_TYPES
from skrnn.sktime import LSTMForecaster
from tests.common_estimators import MLPS, RECURRENT, wave, windows_of
from tests.forecast_data import QUICK as QUICK_FORECAST
from tests.forecast_data import noise

X, Y = windows_of(wave(60, 2), 5)
TABLE, SIGN = X[:, :, 0], np.where(Y > 0, "up", "down")
QUICK = {"max_iter": 3, "learning_rate": "cosine", "random_state": 0}
MANY = [*RECURRENT, *MLPS]


def through_skops(estimator):
    return skops.io.loads(skops.io.dumps(estimator), trusted=TRUSTED_TYPES)


def through_pickle(estimator):
    return pickle.loads(pickle.dumps(estimator))


def through_joblib(estimator):
    buffer = io.BytesIO()
    joblib.dump(estimator, buffer)
    return joblib.load(buffer)


COPIES = [through_skops, through_pickle, through_joblib, copy.deepcopy]


def fitted(cls, **params):
    X_, _ = data_of(cls)
    y = SIGN if "Classifier" in cls.__name__ else Y
    return cls(hidden_layer_sizes=(4,), **{**QUICK, **params}).fit(X_, y)


def data_of(cls):
    return (TABLE if cls in MLPS else X), Y


def forecaster_of(cls=LSTMForecaster, y=None, **params):
    y = noise() if y is None else y
    return cls(**{**QUICK_FORECAST, "device": "cpu", **params}).fit(y, fh=[1, 2])

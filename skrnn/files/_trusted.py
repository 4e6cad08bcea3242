"""The types that our files hold."""

TRUSTED_TYPES = (
    "skrnn.GRUClassifier",
    "skrnn.GRURegressor",
    "skrnn.LSTMClassifier",
    "skrnn.LSTMRegressor",
    "skrnn.MLPClassifier",
    "skrnn.MLPRegressor",
    "skrnn.RNNClassifier",
    "skrnn.RNNRegressor",
    "skrnn.SequenceScaler",
    "skrnn.SlidingWindow",
    "skrnn.TextSequencer",
    "skrnn.sktime.GRUForecaster",
    "skrnn.sktime.LSTMForecaster",
    "skrnn.sktime.MLPForecaster",
    "skrnn.sktime.RNNForecaster",
    "skrnn.sktime.TimeSeriesClassifier",
    "skrnn.sktime.TimeSeriesRegressor",
)
"""Our estimators by their full names, for ``skops.io.load(file, trusted=...)``.

All else in a file of ours is data: numbers, strings, arrays, lists and dicts.
"""

"""The types that a file of ours holds."""

TRUSTED_TYPES = (
    "skrnn.estimators._gru_classifier.GRUClassifier",
    "skrnn.estimators._gru_regressor.GRURegressor",
    "skrnn.estimators._lstm_classifier.LSTMClassifier",
    "skrnn.estimators._lstm_regressor.LSTMRegressor",
    "skrnn.estimators._mlp_classifier.MLPClassifier",
    "skrnn.estimators._mlp_regressor.MLPRegressor",
    "skrnn.estimators._rnn_classifier.RNNClassifier",
    "skrnn.estimators._rnn_regressor.RNNRegressor",
    "skrnn.preprocessing._sequence_scaler.SequenceScaler",
    "skrnn.preprocessing._sliding_window.SlidingWindow",
    "skrnn.preprocessing._text_sequencer.TextSequencer",
    "skrnn.sktime._gru_forecaster.GRUForecaster",
    "skrnn.sktime._lstm_forecaster.LSTMForecaster",
    "skrnn.sktime._mlp_forecaster.MLPForecaster",
    "skrnn.sktime._rnn_forecaster.RNNForecaster",
    "skrnn.sktime._time_series_classifier.TimeSeriesClassifier",
    "skrnn.sktime._time_series_regressor.TimeSeriesRegressor",
)
"""Our estimators by their full names, for ``skops.io.load(file, trusted=...)``.

All else in a file of ours is data: numbers, strings, arrays, lists and dicts.
"""

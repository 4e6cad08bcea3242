"""Any input to any method: a right result, or a refusal in a sentence.

``SKRNN_FUZZ_EXAMPLES`` raises the number of inputs a test; :func:`fuzz` runs all.
"""

import pickle

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

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
    TextSequencer,
    Windows,
    make_supervised,
)

from .fuzz_calls import SETTINGS, assert_finite, judge, n_samples, report
from .fuzz_inputs import FORMS, Recipe, inputs
from .fuzz_values import DTYPES, FILLS

QUICK = {"hidden_layer_sizes": (2,), "max_iter": 1, "random_state": 0}
RECURRENT = {**QUICK, "learning_rate": "cosine", "n_threads": 1}
RNG = np.random.default_rng(0)
SEQUENCES = RNG.normal(size=(8, 4, 2))
TABLE = RNG.normal(size=(8, 4))
NUMBERS = RNG.normal(size=8)
CLASSES = np.array([0, 1, 2, 0, 1, 2, 0, 1])
NETWORKS = {
    "gru": GRURegressor(**RECURRENT),
    "lstm": LSTMRegressor(**RECURRENT, dtype="float64"),
    "rnn": RNNRegressor(**RECURRENT, activation="relu"),
    "tokens": GRURegressor(**RECURRENT, embedding_dim=2),
    "stopping": RNNRegressor(**RECURRENT, early_stopping=True, validation_fraction=0.3),
    "parts": LSTMRegressor(
        **RECURRENT,
        conv_filters=3,
        conv_padding="valid",
        layer_norm=True,
        pooling="attention",
        zoneout=0.1,
    ),
    "lbfgs": RNNRegressor(**QUICK, solver="lbfgs", n_threads=1),
    "poisson": MLPRegressor(**QUICK, loss="poisson"),
    "mlp": MLPRegressor(**QUICK, activation="identity"),
    "gru_classes": GRUClassifier(**RECURRENT),
    "lstm_classes": LSTMClassifier(**RECURRENT, class_weight="balanced"),
    "rnn_classes": RNNClassifier(**RECURRENT, pooling="max"),
    "mlp_classes": MLPClassifier(**QUICK),
}
CANNOT_GO_ON = ("stopping", "lbfgs", "lstm_classes")  # by partial_fit
TARGETS = st.builds(
    Recipe,
    st.sampled_from(list(FORMS)),
    st.sampled_from(["noise", "binary", "whole", *FILLS]),
    st.sampled_from(["float64", "int64", *DTYPES]),
    st.sampled_from([(8, 1, 1)] * 3 + [(8, 3, 1), (8, 0, 1), (0, 1, 1), (7, 1, 1)]),
    st.integers(0, 3),
)


def is_classifier(name):
    return name.endswith("classes")


def good_input(name):
    if name == "tokens":
        return np.abs(np.round(TABLE)) + 1
    return TABLE if name in ("mlp", "poisson", "mlp_classes") else SEQUENCES


def good_y(name, n=8):
    if name == "poisson":
        return np.resize(np.abs(NUMBERS), n)
    return np.resize(CLASSES if is_classifier(name) else NUMBERS, n)


def fitted_networks():
    fitted = {}
    for name, network in NETWORKS.items():
        X = good_input(name)
        for kind in (X,) if X.ndim == 2 else (X, TABLE, list(X)):
            one = clone(network)
            result = judge(
                "fit", lambda n=one, X=kind, name=name: n.fit(X, good_y(name))
            )
            assert result is one  # good input is not refused
            fitted[name, type(kind).__name__, np.ndim(kind)] = one
    return fitted


FITTED = fitted_networks()


def flat(y, is_flat):
    """One column as 1-D, for what has one."""
    if isinstance(y, pd.DataFrame) and y.shape[1]:
        return y.iloc[:, 0] if is_flat else y
    return y.ravel() if is_flat and isinstance(y, np.ndarray) else y


def train(name, method, X, y, sample_weight=None):
    """Fit a fresh network, and look at its weights and at what it predicts."""
    network = clone(NETWORKS[name])
    options = {}
    if method == "partial_fit" and name in CANNOT_GO_ON:
        method = "fit"
    if method == "partial_fit" and is_classifier(name):
        options["classes"] = [0, 1, 2]

    def check(fitted):
        assert_finite(fitted.loss_curve_)
        for value in fitted.net_.module_.state_dict().values():
            assert_finite(value.numpy())
        if not hasattr(X, "__next__"):
            judge("predict", lambda: fitted.predict(X), (X,), assert_finite)

    judge(
        method,
        lambda: getattr(network, method)(X, y, sample_weight, **options),
        (X, y, sample_weight),
        check,
    )


@SETTINGS
@given(
    inputs(),
    st.sampled_from(list(FITTED)),
    st.sampled_from(["predict", "predict_proba", "predict_log_proba", "score"]),
)
def test_predict(X, which, method):
    network = FITTED[which]
    n = n_samples(X)
    if method == "score":
        y = good_y(which[0], n or 8)
        judge(
            method,
            lambda: network.score(X, y),
            (X,),
            lambda score: isinstance(score, float),
            may_warn=(RuntimeWarning,),  # squares of predictions beyond 1e154
        )
        return
    method = method if is_classifier(which[0]) else "predict"

    def check(result):
        assert_finite(result)
        assert n is None or len(result) == n

    judge(method, lambda: getattr(network, method)(X), (X,), check)


@SETTINGS
@given(
    inputs(),
    st.sampled_from(list(NETWORKS)),
    st.sampled_from(["fit", "fit", "partial_fit"]),
)
def test_fit_of_any_input(X, name, method):
    train(name, method, X, good_y(name, n_samples(X) or 8))


@SETTINGS
@given(
    inputs(TARGETS),
    st.booleans(),
    st.sampled_from(list(NETWORKS)),
    st.sampled_from(["fit", "fit", "partial_fit"]),
)
def test_fit_to_any_y(y, is_flat, name, method):
    train(name, method, good_input(name), flat(y, is_flat))


@SETTINGS
@given(inputs(TARGETS), st.booleans())
def test_any_y_val(y, is_flat):
    network = clone(NETWORKS["stopping"])
    judge(
        "fit",
        lambda: network.fit(SEQUENCES, NUMBERS, None, SEQUENCES, flat(y, is_flat)),
        (y,),
        lambda fitted: assert_finite(fitted.validation_scores_),
    )


@SETTINGS
@given(
    inputs(TARGETS),
    st.booleans(),
    st.sampled_from(list(NETWORKS)),
    st.sampled_from(["fit", "partial_fit"]),
)
def test_any_sample_weight(weights, is_flat, name, method):
    train(name, method, good_input(name), good_y(name), flat(weights, is_flat))


@SETTINGS
@given(
    st.sampled_from(["gru", "lstm", "rnn", "mlp", "gru_classes", "mlp_classes"]),
    st.integers(0, 30),
    st.integers(0, 30),
    st.sampled_from([np.float32, np.float64]),
)
def test_large_numbers_diverge_in_a_sentence(name, X_size, y_size, dtype):
    X = (good_input(name) * 10.0**X_size).astype(dtype)
    y = good_y(name) if is_classifier(name) else good_y(name) * 10.0**y_size
    train(name, "fit", X, y)


@SETTINGS
@given(
    st.sampled_from(list(FITTED)),
    st.sampled_from(["alpha", "max_iter", "dropout", "solver", "device", "tol"]),
    st.sampled_from([0, 1, -1, 0.5, 1e30, np.nan, "adam", "cpu", "", None, [], {}]),
)
def test_parameters_clones_and_pickles(which, parameter, value):
    network = FITTED[which]
    X = good_input(which[0]) if which[0] == "tokens" or which[2] == 3 else TABLE
    again = pickle.loads(pickle.dumps(network))
    np.testing.assert_array_equal(again.predict(X), network.predict(X))
    assert str(again.summary()) == str(network.summary())
    other = clone(network).set_params(**{parameter: value})
    judge("set_params", lambda: other.fit(X, good_y(which[0])), (X,))


SCALERS = [
    SequenceScaler(method, per_sequence=per_sequence)
    for method in ("standard", "min-max", "robust")
    for per_sequence in (False, True)
]


@SETTINGS
@given(inputs(), st.sampled_from(SCALERS), st.booleans(), inputs())
def test_sequence_scaler(X, scaler, is_fitted_elsewhere, fitted_on):
    scaler = clone(scaler)
    rows = len(X) if hasattr(X, "iloc") else n_samples(X)

    def check(result):
        assert rows is None or len(result) == rows

    def call():
        if not is_fitted_elsewhere:
            return scaler.fit_transform(X)
        scaled = scaler.fit(fitted_on).transform(X)
        if hasattr(scaler, "inverse_transform"):
            assert len(scaler.inverse_transform(scaled)) == len(scaled)
        return scaled

    # scikit-learn's scalers tell of columns without a value, and of overflow
    judge("SequenceScaler", call, (X,), check, may_warn=(RuntimeWarning,))


@SETTINGS
@given(
    inputs(),
    st.sampled_from([1, 2, 3, 100]),
    st.booleans(),
    st.sampled_from(["auto", "always", "never"]),
    st.one_of(st.none(), inputs()),
)
def test_sliding_window(X, window_length, flatten, context, later):
    window = SlidingWindow(window_length, flatten=flatten, context=context)
    rows = len(X) if hasattr(X, "iloc") else n_samples(X)

    def check(windows):
        assert rows is None or len(windows) == rows
        if flatten:
            assert len(window.get_feature_names_out()) == windows.shape[1]
        if later is not None:
            judge("SlidingWindow.transform", lambda: window.transform(later), (later,))

    judge("SlidingWindow", lambda: window.fit_transform(X), (X,), check)


@SETTINGS
@given(
    inputs(),
    st.one_of(inputs(), st.sampled_from(["c0", ["c0", "c1"], [], 0, None, {}])),
    st.sampled_from([1, 1, 2, 0, -1, 100, 1.5, "a", None, 10**30]),
    st.booleans(),
)
def test_make_supervised(rows, target, horizon, return_future):
    def check(parts):
        assert len(parts) == 2 + return_future
        assert len(parts[0]) == len(parts[1]) > 0

    judge(
        "make_supervised",
        lambda: make_supervised(rows, target, horizon, return_future=return_future),
        (rows, target),
        check,
    )


INTEGERS = st.one_of(
    st.integers(-2, 9), st.sampled_from([2**31, 2**62, 2**63 - 1, 10**30, 1.5, None])
)
LISTS = st.one_of(
    st.lists(INTEGERS, max_size=3),
    st.lists(st.integers(0, 3), max_size=3),
    st.sampled_from([None, "a", {}, np.array([[1]]), np.array([True, False])]),
)


@SETTINGS
@given(LISTS, LISTS, INTEGERS, INTEGERS, st.booleans())
def test_windows_of_any_bounds(starts, lengths, number, other, complete):
    rows = np.arange(12.0).reshape(6, 2)

    def check(windows):
        assert np.isfinite(windows.to_array()).any(axis=(1, 2)).all()
        assert windows.is_row_used.shape == (6,)

    judge("Windows", lambda: Windows(rows, starts, lengths), (starts, lengths), check)
    calls = [
        lambda: Windows.from_series(
            rows, number, step_length=other, series_lengths=lengths, complete=complete
        ),
        lambda: Windows.from_series(rows, number, step_length=other, complete=complete),
        lambda: Windows(rows, [0, 2], [3, 2]).keep_rows(starts),
    ]
    for call in calls:
        judge("Windows", call, (starts, lengths))


@SETTINGS
@given(
    inputs(),
    st.sampled_from(["from_array", "from_sequences", "from_frame", "with_rows"]),
    st.sampled_from([None, "float32", "float64", "int64", "bool", "str", "no"]),
)
def test_windows_of_anything(X, method, dtype):
    def check(windows):
        for i in range(len(windows)):
            assert_finite(windows[i])
        assert method == "with_rows" or dtype is None or windows.dtype == dtype

    def call():
        if method == "with_rows":
            return Windows(np.arange(12.0).reshape(6, 2), [0, 2], [3, 2]).with_rows(X)
        return getattr(Windows, method)(X, dtype)

    judge(f"Windows.{method}", call, (X,), check)


ODD_TEXTS = ["a b c", "", "\x00", "\ud800", None, 3, b"bytes", np.nan, ["a"], pd.NA]
TEXTS = st.one_of(
    st.lists(st.one_of(st.text(max_size=9), st.sampled_from(ODD_TEXTS)), max_size=4),
    inputs(),
)


@SETTINGS
@given(
    TEXTS,
    st.sampled_from(["fit_transform", "transform", "inverse_transform"]),
    st.sampled_from([{}, {"analyzer": "char"}, {"analyzer": list}, {"max_length": 1}]),
)
def test_text_sequencer(texts, method, parameters):
    sequencer = TextSequencer(min_df=1, **parameters)
    if method != "fit_transform":
        words = ["a b c", "b c"]
        sequencer.fit(
            [*map(str.split, words)] if parameters.get("analyzer") is list else words
        )

    def check(result):
        if isinstance(result, Windows):
            assert len(result) == n_samples(texts) or n_samples(texts) is None
            assert result.rows.max() < result.n_tokens

    call = getattr(sequencer, method)
    judge(f"TextSequencer.{method}", lambda: call(texts), (texts,), check)


def fuzz():
    """Run all tests of this file, and say how many inputs were tried."""
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()
    return report()

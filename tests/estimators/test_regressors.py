"""The regressors as a user of scikit-learn meets them."""

import numpy as np
import pandas as pd
import pytest
import sklearn
import torch
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from skrnn import (
    GRURegressor,
    LSTMRegressor,
    RNNRegressor,
    SlidingWindow,
    Windows,
    make_supervised,
)
from tests.bare import PLAIN_REGRESSOR
from tests.common_estimators import RECURRENT_REGRESSORS, wave, windows_of

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = windows_of(wave(120, 2), 8)
TABLE = X[:, :, 0]


def quick(cls=GRURegressor, **parameters):
    small = {"hidden_layer_sizes": 6, "max_iter": 3, "random_state": 0}
    return cls(**PLAIN_REGRESSOR | small | parameters)


@pytest.mark.parametrize("sizes", [(8,), (8, 8)])
def test_lstm_equals_bare_torch_bit_for_bit(sizes, monkeypatch):
    monkeypatch.setenv("SKRNN_ENGINE", "torch")
    model = quick(LSTMRegressor, hidden_layer_sizes=sizes).fit(X, Y)
    layer = nn.LSTM(2, 8, num_layers=len(sizes), batch_first=True)
    head = nn.Linear(8, 1)
    state = model.net_.module_.state_dict()
    with torch.no_grad():
        for name, value in layer.named_parameters():
            kind, number = name.rsplit("_l", 1)
            value.copy_(state[f"layers.{number}.forward_in_time.{kind}_l0"])
    head.load_state_dict({"weight": state["head.weight"], "bias": state["head.bias"]})
    torch.set_num_threads(1)
    with torch.inference_mode():
        output, _ = layer(torch.tensor(X.copy(), dtype=torch.float32))
        expected = head(output[:, -1])[:, 0].numpy()
    np.testing.assert_array_equal(model.predict(X).astype("f4"), expected)


def test_targets_of_every_shape():
    for y in (Y, Y.tolist(), pd.Series(Y), Y.astype("f4")):
        prediction = quick().fit(X, y).predict(X)
        assert prediction.shape == Y.shape
    assert quick().fit(X, Y.astype("f4")).predict(X).dtype == np.float32
    assert quick().fit(X, Y).predict(X).dtype == np.float64
    model = quick().fit(X, Y[:, None])
    assert model.predict(X).shape == (len(X), 1)
    model = quick(max_iter=200, learning_rate_init=0.02).fit(X, np.c_[Y, -Y, 2 * Y])
    assert model.n_outputs_ == 3
    prediction = model.predict(X)
    assert prediction.shape == (len(X), 3)
    np.testing.assert_allclose(prediction[:, 0], -prediction[:, 1], atol=0.1)


def test_weights_of_zero_leave_samples_out_and_others_count():
    weights = np.tile([0.0, 1.0], len(X) // 2)
    options = {"dtype": "float64", "batch_size": 16}
    weighted = quick(**options).fit(X, Y, sample_weight=weights)
    kept = quick(**options).fit(X[1::2], Y[1::2])
    np.testing.assert_array_equal(weighted.predict(X), kept.predict(X))
    opposed = np.r_[np.ones(50), -np.ones(50)]
    same = np.repeat(X[:1], 100, axis=0)
    model = quick(max_iter=200, learning_rate_init=0.02)
    model.fit(same, opposed, sample_weight=np.r_[np.full(50, 3.0), np.ones(50)])
    assert model.predict(X[:1]) == pytest.approx([0.5], abs=0.02)


@pytest.mark.parametrize("cls", RECURRENT_REGRESSORS)
def test_ten_windows_are_learnt_by_heart(cls):
    rng = np.random.default_rng(0)
    noise, y = rng.standard_normal((10, 6, 2)), rng.standard_normal(10)
    longer = {"learning_rate_init": 0.02, "max_iter": 400, "tol": 0, "alpha": 0}
    model = quick(cls, hidden_layer_sizes=24, **longer).fit(noise, y)
    assert model.score(noise, y) > 0.999


@pytest.mark.parametrize("cls", RECURRENT_REGRESSORS)
def test_autoregression_is_found(cls):
    rng = np.random.default_rng(0)
    series = np.zeros(1500)
    for t in range(1, len(series)):
        series[t] = 0.8 * series[t - 1] + rng.standard_normal()
    rows, y = make_supervised(series[:, None], series)
    windows = SlidingWindow(5).fit_transform(rows)
    model = quick(cls, hidden_layer_sizes=8, learning_rate_init=0.01, max_iter=40)
    model.fit(windows[:1000], y[:1000])
    error = np.mean((model.predict(windows[1000:]) - y[1000:]) ** 2)
    best_possible = np.mean((0.8 * rows[1000:, 0] - y[1000:]) ** 2)
    assert error < 1.1 * best_possible


def price_frame(n_rows=160):
    index = pd.bdate_range("2020-01-01", periods=n_rows)
    return pd.DataFrame(wave(n_rows, 3), index, ["a", "b", "c"])


def search_over(frame, **options):
    pipeline = Pipeline(
        [
            ("scale", StandardScaler()),
            ("window", SlidingWindow()),
            ("net", GRURegressor(max_iter=3, random_state=0)),
        ]
    ).set_output(transform="pandas")
    grid = {"window__window_length": [3, 6], "net__hidden_layer_sizes": [4, (4, 3)]}
    rows, y = make_supervised(frame, "a")
    return GridSearchCV(pipeline, grid, cv=TimeSeriesSplit(3), **options).fit(rows, y)


def test_grid_search_in_a_pipeline_sees_nothing_of_the_future():
    """Poison the last fold: scores and models of the folds before stay the same."""
    frame = price_frame()
    poisoned = frame.copy()
    poisoned.iloc[121:] = 1e6
    clean, dirty = (search_over(data, refit=False) for data in (frame, poisoned))
    for fold in (0, 1):
        scores = [s.cv_results_[f"split{fold}_test_score"] for s in (clean, dirty)]
        np.testing.assert_array_equal(*scores)
    last = [s.cv_results_["split2_test_score"] for s in (clean, dirty)]
    assert (last[0] != last[1]).all()


@pytest.mark.slow
def test_grid_search_is_the_same_in_processes_and_threads():
    frame = price_frame(80)
    alone = search_over(frame).cv_results_["mean_test_score"]
    import joblib

    for backend in ("loky", "threading"):
        with joblib.parallel_backend(backend, n_jobs=2):
            scores = search_over(frame).cv_results_["mean_test_score"]
        np.testing.assert_array_equal(scores, alone)


def test_fold_edge_context_reaches_the_network():
    """Predicting after the edge equals predicting windows cut from the whole."""
    rows, y = make_supervised(price_frame(), "a")
    pipeline = make_pipeline(SlidingWindow(7), quick()).fit(rows[:100], y[:100])
    whole = np.lib.stride_tricks.sliding_window_view(rows.to_numpy(), 7, axis=0)
    cut = whole.swapaxes(1, 2)[94:]  # windows ending at rows 100, 101, ...
    np.testing.assert_allclose(
        pipeline.predict(rows[100:]), pipeline[-1].predict(cut), rtol=1e-6
    )


def test_target_is_transformed_around_a_pipeline():
    rows, y = make_supervised(price_frame(), "a")
    model = TransformedTargetRegressor(
        make_pipeline(SlidingWindow(5), quick(max_iter=60, learning_rate_init=0.02)),
        transformer=StandardScaler(),
    ).fit(rows, 100 + 10 * y)
    assert model.score(rows, 100 + 10 * y) > 0.8


def test_windows_are_split_without_copying():
    windows = Windows.from_series(wave(120, 2)[:-1], 8)
    prediction = cross_val_predict(quick(), windows, Y, cv=4)
    np.testing.assert_allclose(
        prediction, cross_val_predict(quick(), X, Y, cv=4), rtol=1e-4, atol=1e-6
    )


def test_panel_in_a_pipeline():
    frames = {name: price_frame(40) * scale for name, scale in (("u", 1), ("v", 2))}
    panel = pd.concat(frames, names=["instance", "time"])
    rows, y = make_supervised(panel, "a")
    pipeline = make_pipeline(SlidingWindow(4), quick()).fit(rows, y)
    single = pipeline.predict(rows.loc[["v"]])
    np.testing.assert_allclose(pipeline.predict(rows)[39:], single, rtol=1e-5)


BAD_FITS = {
    "no channel": (np.zeros((4, 3, 0)), np.zeros(4), "empty"),
    "no step": (np.zeros((4, 0, 2)), np.zeros(4), "empty"),
    "no sample": (np.zeros((0, 3, 2)), np.zeros(0), "0 sample"),
    "empty list": ([], [], "empty|1D array|0 sample"),
    "nan inside": (
        np.array([[[1.0], [np.nan], [2.0]]] * 3),
        np.zeros(3),
        "after its first",
    ),
    "nan in a table": (np.array([[np.nan, 1.0]] * 3), np.zeros(3), "NaN"),
    "infinite": (np.full((3, 2, 1), np.inf), np.zeros(3), "infinity"),
    "too large": (np.full((3, 2, 1), 1e300), np.zeros(3), "infinity or a value too"),
    "complex": (np.zeros((3, 2, 1), complex), np.zeros(3), "Complex data"),
    "text": (np.full((3, 2, 1), "a"), np.zeros(3), "numeric|strings|string"),
    "list of text": (["good", "bad"], np.zeros(2), "Put TextSequencer before"),
    "4-D": (np.zeros((3, 2, 2, 2)), np.zeros(3), "move further axes"),
    "1-D": (np.zeros(3), np.zeros(3), "Expected 2D array"),
    "ragged channels": (
        [np.zeros((2, 2)), np.zeros((3, 1))],
        np.zeros(2),
        "sequence 1",
    ),
    "short y": (X, Y[:-1], "one target for each sequence"),
    "nan in y": (X, np.full(len(X), np.nan), "y contains NaN"),
    "infinite y": (X, np.full(len(X), np.inf), "y contains infinity"),
    "text in y": (X, np.full(len(X), "a"), "could not convert|strings"),
    "3-D y": (X, np.zeros((len(X), 2, 2)), "dim|y must be of shape"),
    "no y": (X, None, "requires y"),
}


@pytest.mark.parametrize("case", BAD_FITS)
def test_bad_data_is_refused(case):
    data, y, message = BAD_FITS[case]
    with pytest.raises(ValueError, match=message):
        quick().fit(data, y)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"solver": "adamm"}, "'adam', 'adamw'|adagrad"),
        ({"solver": dict}, "torch.optim.Optimizer class"),
        ({"loss": "mse"}, "squared_error"),
        ({"activation": "sigmoid"}, "tanh"),
        ({"device": "gpu"}, r'device must be "auto".*\'cpu\''),
        ({"device": "cpu:3"}, "not available"),
        ({"device": "meta"}, "device must be"),
        ({"dtype": "float16"}, "dtype"),
        ({"dtype": int}, "dtype"),
        ({"hidden_layer_sizes": ()}, "one positive integer for each layer"),
        ({"hidden_layer_sizes": (4, 0)}, "one positive integer"),
        ({"hidden_layer_sizes": (4.5,)}, "one positive integer"),
        ({"dropout": 1.0}, "dropout"),
        ({"learning_rate": "linear"}, "onecycle"),
        ({"n_threads": 0}, "n_threads"),
        ({"validation_split": "first"}, "last"),
        ({"callbacks": 3}, "callbacks"),
        ({"callbacks": ["x"]}, "must be skorch callbacks"),
    ],
)
def test_bad_parameters_are_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        quick(**parameters).fit(X, Y)


def test_absent_cuda_is_refused_with_what_there_is():
    absent = f"cuda:{torch.cuda.device_count()}"  # the one after the last
    with pytest.raises(ValueError, match=rf"'{absent}' is not available; here there"):
        quick(device=absent).fit(X, Y)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (X[:, :, :1], "X has 1 features a time step .* is expecting 2 features"),
        (X[:, :5], "X has 5 time steps .* was fitted on 8"),
        (TABLE, "X has 1 features a time step"),
        ([np.zeros((3, 4))], "expecting 2 features"),
        (np.zeros((3, 8, 2, 1)), "move further axes"),
    ],
)
def test_other_shapes_at_predict_are_refused(data, message):
    model = quick().fit(X, Y)
    with pytest.raises(ValueError, match=message):
        model.predict(data)


def test_parameters_changed_after_fit_do_not_touch_predictions():
    model = quick().fit(X, Y)
    expected = model.predict(X)
    model.set_params(dtype="float64", loss="poisson", solver="sgd")
    np.testing.assert_array_equal(model.predict(X), expected)


def test_partial_fit_keeps_the_precision_and_the_loss_of_its_first_call():
    model = quick().partial_fit(X, Y)
    model.set_params(dtype="float64", loss="poisson").partial_fit(X, Y - 5)
    expected = quick().partial_fit(X, Y).partial_fit(X, Y - 5)
    np.testing.assert_array_equal(model.predict(X), expected.predict(X))


def test_counts_must_not_be_negative():
    with pytest.raises(ValueError, match="must not be negative"):
        quick(loss="poisson").fit(X, Y - 5)


def test_predict_before_fit():
    with pytest.raises(NotFittedError):
        RNNRegressor().predict(X)


def dated_rows():
    noise = np.random.default_rng(0).normal(size=(120, 2))
    rows = pd.DataFrame(noise * [1, 1000], columns=["v", "w"])
    rows["v"] += 50 + 20 * np.sin(np.arange(120) / 5)
    return rows.set_index(pd.date_range("2024", periods=120))


def standardized(y, like):
    return StandardScaler().fit(like.to_frame()).transform(y.to_frame())[:, 0]


def steps_before(network):
    scale, window = StandardScaler(), SlidingWindow(6)
    return [("scale", scale), ("window", window), ("net", network)]


@pytest.mark.parametrize("routed", [True, False])
@pytest.mark.parametrize("cls", RECURRENT_REGRESSORS)
def test_validation_set_through_a_pipeline(cls, routed):
    """The scores are those of a set scaled and cut into windows by hand."""
    X, y = make_supervised(dated_rows(), "v")
    X, X_val, y, y_val = X[:80], X[80:], y[:80], y[80:]
    y_scaled, y_val_scaled = standardized(y, y), standardized(y_val, y)
    network = quick(cls, early_stopping=True, learning_rate_init=0.02)

    mean, deviation = X.mean().to_numpy(), X.std(ddof=0).to_numpy()
    rows = (pd.concat([X, X_val]) - mean) / deviation
    windows = SlidingWindow(6).fit_transform(rows)
    by_hand = clone(network).fit(
        windows[:80], y_scaled, X_val=windows[80:], y_val=y_val_scaled
    )
    with sklearn.config_context(enable_metadata_routing=routed):
        if routed:
            network.set_fit_request(X_val=True, y_val=True)
            options = {"transform_input": ["X_val"]}
            given = {"X_val": X_val, "y_val": y_val_scaled}
        else:
            before = Pipeline(steps_before(network)[:-1]).set_output(transform="pandas")
            windows_val = before.fit(X).transform(X_val)
            options = {}
            given = {"net__X_val": windows_val, "net__y_val": y_val_scaled}
        pipeline = Pipeline(steps_before(network), **options)
        pipeline.set_output(transform="pandas")
        model = TransformedTargetRegressor(pipeline, transformer=StandardScaler())
        model.fit(X, y, **given)
        predicted = model.predict(X_val)
    scores = model.regressor_[-1].validation_scores_
    np.testing.assert_allclose(scores, by_hand.validation_scores_, rtol=1e-5)
    expected = by_hand.predict(windows[80:]) * y.std(ddof=0) + y.mean()
    np.testing.assert_allclose(predicted, expected, rtol=1e-5)


def test_panel_and_a_scaled_target():
    """Refused without its index; with it no window crosses from a to b."""
    frame = dated_rows()
    X, y = make_supervised(pd.concat({"a": frame, "b": -3 * frame}), "v")
    inside = TransformedTargetRegressor(quick(), transformer=StandardScaler())
    pipeline = Pipeline(steps_before(inside))
    with pytest.raises(ValueError, match="windows would cross the series"):
        pipeline.fit(X, y)
    pipeline.set_output(transform="pandas").fit(X, y)
    alone = Pipeline(steps_before(quick())).set_output(transform="pandas")
    around = TransformedTargetRegressor(alone, transformer=StandardScaler()).fit(X, y)

    scaled = (X - X.mean()) / X.std(ddof=0)
    parts = [SlidingWindow(6).fit_transform(scaled.loc[name]) for name in "ab"]
    windows = np.concatenate(parts)  # as if each had been alone
    by_hand = quick().fit(windows, standardized(y, y))
    expected = by_hand.predict(windows) * y.std(ddof=0) + y.mean()
    for model in (pipeline, around):
        np.testing.assert_allclose(model.predict(X), expected, rtol=1e-5)

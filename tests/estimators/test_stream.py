"""One series, followed row by row."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.exceptions import NotFittedError

from skrnn import (
    GRUClassifier,
    GRURegressor,
    LSTMClassifier,
    LSTMRegressor,
    RNNRegressor,
)
from skrnn.engine import StreamState
from skrnn.estimators import Stream
from skrnn.training._streams import CompiledFollower, TorchFollower
from tests.bare import plain
from tests.common_engine import needs_engine

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
RNG = np.random.default_rng(0)
ROWS = RNG.standard_normal((10_000, 2)).astype(np.float32)
X, Y = ROWS[:400].reshape(40, 10, 2), ROWS[9:400:10, 0] + np.arange(40) / 40
FRONT = {
    "conv_filters": (3, 2),
    "conv_kernel_size": (2, 3),
    "conv_dilation": (1, 3),
    "conv_norm": "batch",
    "conv_pooling": ("mean", "max"),
}
PARTS = [
    (LSTMRegressor, {"conv_filters": (3, 3), "conv_kernel_size": 4}),
    (LSTMRegressor, {"conv_filters": 3, "conv_kernel_size": 1}),
    (LSTMRegressor, {"peephole": True, "projection_size": 3, "layer_norm": True}),
    (LSTMRegressor, {"projection_size": 3}),
    (GRURegressor, {"reset_after": False, "zoneout": 0.1, "residual": True}),
    (GRURegressor, {"layer_norm": True, "residual": True}),
    (RNNRegressor, {"activation": "relu", "recurrent_dropout": 0.1}),
    (GRURegressor, {"pooling": "mean"}),
    (RNNRegressor, {"pooling": "max", "conv_filters": 2}),
    (LSTMRegressor, {"pooling": "attention"}),
    (GRURegressor, {"pooling": ("mean", "attention", "last", "max")}),
    (GRURegressor, {"conv_filters": (3, 2), "conv_kernel_size": (1, 5)}),
    (LSTMRegressor, FRONT),
    (RNNRegressor, FRONT | {"conv_pooling": None}),
    (GRURegressor, FRONT | {"pooling": ("attention", "mean", "last")}),
    (GRURegressor, {"normalize": "changes", "readout": "ridge"}),
]


COMPILED = [
    (LSTMRegressor, {"conv_filters": (3, 3), "conv_kernel_size": 4}),
    (LSTMRegressor, {"conv_filters": 3, "conv_kernel_size": 1, "pooling": "mean"}),
    (GRURegressor, {"reset_after": False}),
    (GRURegressor, {"pooling": "mean"}),
    (RNNRegressor, {"activation": "relu", "recurrent_dropout": 0.1}),
    (RNNRegressor, {"pooling": "max", "conv_filters": 2}),
    (GRURegressor, {"pooling": ("max", "last", "mean")}),
    (GRURegressor, {"conv_filters": (3, 2), "conv_kernel_size": (1, 5)}),
    (LSTMRegressor, FRONT),
    (GRURegressor, FRONT | {"pooling": ("max", "mean")}),
]


def fitted(cls, y=Y, X=X, **params):
    small = {"hidden_layer_sizes": (6, 6), "max_iter": 2, "random_state": 0}
    return cls(**{**plain(cls), **small, **params}).fit(X, y)


def n_values(stream):
    """Numbers that the state holds."""
    state, last_rows = stream._state, np.empty(0)
    if type(state) is tuple:  # with a read-out
        state, last_rows = state
    if isinstance(state, StreamState):
        return len(state.values) + last_rows.size
    sizes = [last_rows.nbytes]
    state.mapped(lambda part: sizes.append(part.untyped_storage().nbytes()))
    return sum(sizes)


@pytest.mark.parametrize(
    ("cls", "n_rows"),
    [(LSTMRegressor, 10_000), (GRURegressor, 10_000), (RNNRegressor, 1000)],
)
def test_equals_the_whole_history_after_many_steps(cls, n_rows):
    model = fitted(cls)
    stream = model.stream()
    steps, held = [], set()
    for i, row in enumerate(ROWS[:n_rows]):
        steps.append(stream.step(row))
        if i % 100 == 0:
            held.add(n_values(stream))
    assert len(held) == 1  # the state is no larger at the end than at the beginning
    assert stream.n_rows == n_rows
    for t in {1, 2, 3, 10, 77, 100, 1000, min(5000, n_rows), n_rows - 1, n_rows}:
        assert abs(model.predict([ROWS[:t]])[0] - steps[t - 1]) < 1e-5
    at_once = model.stream().predict(ROWS[:n_rows])
    np.testing.assert_allclose(at_once, steps, rtol=0, atol=1e-5)


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supp:UserWarning")
@pytest.mark.parametrize(
    ("cls", "params", "stateful"),
    [(*part, False) for part in PARTS]
    + [
        (*part, True)
        for part in PARTS
        if not ("pooling" in part[1] or part[1].get("conv_pooling"))
    ],
)
def test_equals_the_whole_history_with_any_part(cls, params, stateful):
    model = fitted(cls, **params, stateful=stateful, shuffle=not stateful)
    stream = model.stream(ROWS[:20])
    held = n_values(stream)
    steps = [stream.step(row) for row in ROWS[20:40]]
    assert n_values(stream) == held
    steps = np.r_[steps, stream.predict(ROWS[40:60])]
    for t in (21, 22, 40, 41, 60):
        whole = model.predict(ROWS[:t][None]) if stateful else model.predict([ROWS[:t]])
        assert abs(whole[0] - steps[t - 21]) < 1e-5


@pytest.mark.parametrize("pooling", ["last", "mean", "attention"])
def test_history_is_read_in_parts(pooling, monkeypatch):
    model = fitted(GRURegressor, pooling=pooling, conv_filters=3)
    whole = model.stream(ROWS[:500])
    at_once = whole.predict(ROWS[500:700])
    monkeypatch.setattr("skrnn.training._streams._LARGEST_PART", 64)
    parts = model.stream(ROWS[:500])
    assert n_values(parts) == n_values(whole)
    np.testing.assert_allclose(parts.predict(ROWS[500:700]), at_once, rtol=0, atol=1e-6)


def test_what_a_step_answers_is_a_row_of_predict():
    y = RNG.integers(0, 3, 40)
    names = np.array(["fall", "rest", "rise"])[y]
    several = fitted(LSTMRegressor, np.c_[Y, -Y])
    assert fitted(GRURegressor, Y.astype("f4")).stream().step(ROWS[0]).dtype == "f4"
    assert isinstance(
        fitted(GRURegressor, Y.astype("f8")).stream().step(ROWS[0]), float
    )
    np.testing.assert_allclose(
        several.stream(ROWS[:9]).step(ROWS[9]),
        several.predict([ROWS[:10]])[0],
        atol=1e-6,
    )
    for target in (names, y > 0, np.c_[y > 0, y < 2].astype(int)):
        model = fitted(GRUClassifier, target)
        stream = model.stream(ROWS[:9])
        past = copy.deepcopy(stream)
        label = stream.step(ROWS[9])
        np.testing.assert_array_equal(label, model.predict([ROWS[:10]])[0])
        probability = past.step_proba(ROWS[9])
        whole = model.predict_proba([ROWS[:10], ROWS[:11]])
        np.testing.assert_allclose(probability, whole[0], atol=1e-6)
        np.testing.assert_allclose(
            past.predict_proba(ROWS[10:11]), whole[1:], atol=1e-6
        )
    counts = fitted(GRURegressor, np.abs(Y), loss="poisson")
    assert counts.stream().step(ROWS[0]) == pytest.approx(counts.predict([ROWS[:1]])[0])


def test_probabilities_are_for_classifiers():
    stream = fitted(GRURegressor).stream()
    assert not hasattr(stream, "step_proba")
    with pytest.raises(AttributeError, match="no attribute 'predict_proba'"):
        stream.predict_proba(ROWS)


def test_streams_do_not_disturb_each_other():
    model = fitted(LSTMRegressor)
    first, second = model.stream(), model.stream(ROWS[:5])
    expected = model.stream().predict(ROWS[:20])
    for i in range(15):
        assert first.step(ROWS[i]) == pytest.approx(expected[i], abs=1e-6)
        assert second.step(ROWS[5 + i]) == pytest.approx(expected[5 + i], abs=1e-6)
    before = model.predict(X)
    first.predict(ROWS)
    np.testing.assert_array_equal(model.predict(X), before)


def test_keeps_the_network_that_it_was_made_from():
    model = fitted(GRUClassifier, Y > 0.5)
    stream = model.stream(ROWS[:10])
    expected = copy.copy(stream).predict_proba(ROWS[10:20])
    model.partial_fit(X, Y > 0)
    np.testing.assert_array_equal(
        copy.copy(stream).predict_proba(ROWS[10:20]), expected
    )
    model.fit(X[:, :, :1], Y > 0)
    np.testing.assert_array_equal(stream.predict_proba(ROWS[10:20]), expected)


def test_only_the_parts_of_the_fitted_network_matter():
    ways = fitted(GRURegressor, bidirectional=True, merge_mode="sum")
    with pytest.raises(ValueError, match="bidirectional=True does not allow"):
        ways.set_params(bidirectional=False).stream()
    one_way = fitted(GRURegressor)
    expected = one_way.stream().step(ROWS[0])
    assert one_way.set_params(bidirectional=True).stream().step(ROWS[0]) == expected


def test_starts_again():
    stream = fitted(GRURegressor, pooling="mean", conv_filters=2).stream(ROWS[:30])
    assert stream.reset_state() is stream
    assert stream.n_rows == 0
    new = fitted(GRURegressor, pooling="mean", conv_filters=2).stream()
    np.testing.assert_array_equal(stream.predict(ROWS[:9]), new.predict(ROWS[:9]))


@pytest.mark.parametrize("pooling", ["last", "mean"])
@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))]
)
def test_copies_go_on_alone(copied, pooling):
    model = fitted(LSTMRegressor, conv_filters=2, pooling=pooling)
    stream = model.stream(ROWS[:30])
    other = copied(stream)
    future = other.predict(-ROWS[:9])
    again = copied(stream)
    assert (stream.n_rows, again.n_rows, other.n_rows) == (30, 30, 39)
    np.testing.assert_array_equal(stream.predict(-ROWS[:9]), future)
    np.testing.assert_array_equal(again.predict(-ROWS[:9]), future)


@pytest.mark.parametrize(
    ("x", "told"),
    [
        ([1.0, np.nan], "feature 1 is nan as float32"),
        ([np.inf, 0.0], "feature 0 is inf as float32"),
        ([1e300, 0.0], "feature 0 is inf as float32"),
        ([1.0, 2.0, 3.0], r"x has shape \(3,\), but LSTMRegressor reads rows of 2 fea"),
        (1.0, r"x has shape \(\), but"),
        (ROWS[:3], "predict takes several"),
        (["a", "b"], "could not convert"),
        (None, r"x has shape \(\)"),
    ],
)
def test_a_refused_row_leaves_the_state(x, told):
    model = fitted(LSTMRegressor)
    stream = model.stream(ROWS[:5])
    expected = copy.copy(stream).step(ROWS[5])
    with pytest.raises(ValueError, match=told):
        stream.step(x)
    with pytest.raises(ValueError, match=r"X|feature"):
        stream.predict([ROWS[0], x])
    assert (stream.n_rows, stream.step(ROWS[5])) == (6 - 1, expected)


def test_refused_tables():
    model = fitted(GRURegressor)
    for wrong in (ROWS[:, :1], ROWS[:0], ROWS[:, 0], X):
        with pytest.raises(ValueError, match=r"expected one series \(n_rows, n_feat"):
            model.stream(wrong)
    stream = model.stream()
    holed = ROWS[:6].copy()
    holed[4, 1] = np.nan
    with pytest.raises(ValueError, match="feature 1 of row 4 is nan"):
        stream.predict(holed)
    panel = pd.concat({"a": pd.DataFrame(ROWS[:4]), "b": pd.DataFrame(ROWS[:4])})
    with pytest.raises(ValueError, match=r"a stream for each, from X.loc\[instance\]"):
        stream.predict(panel)
    assert stream.n_rows == 0


def test_an_answer_that_is_no_number_leaves_the_state():
    model = fitted(RNNRegressor, activation="identity", hidden_layer_sizes=2)
    with torch.no_grad():
        model.net_.module_.stack()[0].forward_in_time.weight_ih_l0.fill_(2)
    stream = model.stream(ROWS[:5])
    with pytest.raises(ValueError, match="not finite"):
        stream.step([3e38, 3e38])
    assert stream.n_rows == 5
    assert np.isfinite(stream.step(ROWS[5]))


def test_forms_of_a_row():
    frame = pd.concat(
        {i: pd.DataFrame(x, columns=["load", "temp"]) for i, x in enumerate(X)}
    )
    model = GRURegressor(4, max_iter=2, random_state=0).fit(frame, Y)
    rows = frame.loc[0]
    expected = model.stream().predict(ROWS[:10])
    np.testing.assert_array_equal(model.stream().predict(rows), expected)
    stream = model.stream()
    forms = [rows.iloc[0], rows.iloc[[1]], ROWS[2].tolist(), ROWS[3:4]]
    answers = [stream.step(form) for form in forms]
    np.testing.assert_allclose(answers, expected[:4], rtol=0, atol=1e-6)
    other = rows[["temp", "load"]]
    for wrong in (other.iloc[0], other.iloc[[0]], rows.iloc[0].rename({"load": "a"})):
        with pytest.raises(ValueError, match="select them in this order"):
            stream.step(wrong)
    with pytest.raises(ValueError, match="select them in this order"):
        stream.predict(other)


def test_rows_of_one_feature():
    table = pd.DataFrame(X[:, :, 0]).add_prefix("t")  # columns are time steps
    model = LSTMRegressor(4, max_iter=2, random_state=0).fit(table, Y)
    series = ROWS[:10, 0]
    expected = model.predict(pd.DataFrame(series[None]).add_prefix("t"))[0]
    stream = model.stream(series[:7])
    stream.step(series[7])
    stream.step(np.array([series[8]]))
    assert stream.n_features == 1
    assert stream.step(float(series[9])) == pytest.approx(expected, abs=1e-6)
    named = pd.Series(series, name="load", index=pd.date_range("2020", periods=10))
    assert model.stream().predict(named)[-1] == pytest.approx(expected, abs=1e-6)


def test_tokens():
    ids = np.arange(400).reshape(40, 10) % 6 + 1
    model = fitted(GRUClassifier, Y > 0, ids, embedding_dim=3)
    stream = model.stream([1, 2, 3])
    expected = model.predict_proba([np.array([[1], [2], [3], [6]])])[0]
    np.testing.assert_allclose(stream.step_proba(6), expected, atol=1e-6)
    for wrong in (0, 7, -1, 1.5, np.nan):
        with pytest.raises(ValueError, match="one id per row, integers from 1 to 6"):
            stream.step(wrong)
    assert stream.n_rows == 4


def test_networks_that_read_ahead_are_refused():
    for params in (
        {"bidirectional": True},
        {"conv_filters": 2, "conv_padding": "same"},
        {"conv_filters": 2, "conv_strides": 2},
        {"conv_filters": 2, "conv_pool_size": 2},
    ):
        model = fitted(LSTMRegressor, **params)
        with pytest.raises(ValueError, match="a stream answers after each row, which"):
            model.stream()
    with pytest.raises(NotFittedError):
        LSTMRegressor().stream()
    assert repr(fitted(LSTMClassifier, Y > 0).stream(ROWS[:3])) == (
        "Stream(LSTMClassifier, n_rows=3, n_features=2)"
    )
    assert isinstance(fitted(RNNRegressor).stream(), Stream)


def test_threads_are_set_back():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        stream = fitted(LSTMRegressor, n_threads=1).stream()
        stream.step(ROWS[0])
        assert torch.get_num_threads() == 2
        assert not torch.is_inference_mode_enabled()
    finally:
        torch.set_num_threads(before)


@needs_engine
@pytest.mark.parametrize(("made", "resumed"), [("compiled", "torch"), ("torch", "")])
@pytest.mark.parametrize("parts", COMPILED, ids=str)
def test_pickles_resume_with_and_without_the_engine(parts, made, resumed, monkeypatch):
    model = fitted(parts[0], **parts[1])
    monkeypatch.setenv("SKRNN_ENGINE", made)
    stream = model.stream(ROWS[:50])
    stream.step(ROWS[50])
    pickled = pickle.dumps(stream)
    expected = stream.predict(ROWS[51:80])
    monkeypatch.setenv("SKRNN_ENGINE", resumed)
    other = pickle.loads(pickled)
    assert type(other._follower) is not type(stream._follower)
    assert other.n_rows == 51
    np.testing.assert_allclose(other.predict(ROWS[51:80]), expected, rtol=0, atol=1e-5)


def test_copies_in_threads_do_not_disturb_each_other():
    stream = fitted(GRURegressor, pooling="mean", conv_filters=2).stream(ROWS[:5])

    def follow(first):
        mine = copy.copy(stream)
        return [mine.step(row) for row in ROWS[first : first + 500]]

    firsts = [0, 500, 1000, 1500]
    expected = [follow(first) for first in firsts]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(follow, firsts)) == expected


@pytest.mark.parametrize("engine", ["", "torch"])
def test_targets_at_each_step(engine, monkeypatch):
    monkeypatch.setenv("SKRNN_ENGINE", engine)
    steps = ROWS[1:401, 0].reshape(40, 10)
    model = fitted(GRURegressor, steps, return_sequences=True)
    stream = model.stream(X[0, :4])
    found = [*(stream.step(row) for row in X[0, 4:7]), *stream.predict(X[0, 7:])]
    np.testing.assert_allclose(found, model.predict(X[:1])[0, 4:], rtol=0, atol=1e-6)


@needs_engine
@pytest.mark.parametrize("parts", COMPILED, ids=str)
def test_the_engine_follows_what_it_can(parts, monkeypatch):
    model = fitted(parts[0], **parts[1])
    assert isinstance(model.stream()._follower, CompiledFollower)
    monkeypatch.setenv("SKRNN_ENGINE", "torch")
    assert isinstance(model.stream()._follower, TorchFollower)


@needs_engine
def test_torch_follows_the_rest():
    for params in (
        {"peephole": True},
        {"pooling": "attention"},
        {"projection_size": 3},
    ):
        follower = fitted(LSTMRegressor, **params).stream()._follower
        assert isinstance(follower, TorchFollower)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n_features", [1, 3])
def test_all_forms_of_a_row_are_read_alike(n_features, dtype):
    whole = RNG.integers(-3, 4, (12, 5, n_features))
    model = fitted(
        GRURegressor, whole[:, -1, 0] / 3, X=whole.astype(dtype), dtype=dtype
    )
    row = whole[0, 0]
    expected = model.stream().step(row.astype(dtype))
    forms = [row, row[None], row.astype("f8"), row.astype(">f4"), row.astype(object)]
    forms += [row.tolist(), tuple(row), [np.float64(x) for x in row], [row.tolist()]]
    forms += [np.ma.array(row), pd.Series(row)]
    if n_features == 1:
        forms += [
            int(row[0]),
            float(row[0]),
            np.float32(row[0]),
            row[0],
            np.array(row[0]),
        ]
    for form in forms:
        assert model.stream().step(form) == expected
    masked = np.ma.array(row, mask=[True] + [False] * (n_features - 1))
    with pytest.raises(ValueError, match="feature 0 is nan"):
        model.stream().step(masked)


def test_counts_that_are_no_numbers_leave_the_state():
    model = fitted(
        RNNRegressor,
        np.abs(Y),
        loss="poisson",
        activation="relu",
        hidden_layer_sizes=1,
    )
    with torch.no_grad():
        for weight in model.net_.module_.parameters():
            weight.fill_(0.5)
    stream = model.stream(ROWS[:5])
    with pytest.raises(ValueError, match="not finite"):
        stream.step([1e4, 1e4])
    assert stream.n_rows == 5
    assert stream.step(ROWS[5]) == pytest.approx(model.predict([ROWS[:6]])[0])

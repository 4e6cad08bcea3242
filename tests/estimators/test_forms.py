"""Every form of the same sequences gives the same model; other data are refused."""

import warnings

import numpy as np
import pandas as pd
import pytest
import torch

from skrnn import (
    GRUClassifier,
    GRURegressor,
    LSTMClassifier,
    SequenceScaler,
    Windows,
)
from tests.common_estimators import RECURRENT_REGRESSORS, ragged, wave, windows_of

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X = ragged(60, 80, n_features=2)
Y = np.arange(60) % 3


def quick(cls=GRUClassifier, **parameters):
    return cls(
        **{"hidden_layer_sizes": 6, "max_iter": 3, "random_state": 0} | parameters
    )


# --- every form


def padded(sequences, where):
    """A dense array (sample, time, feature), NaN where there is nothing."""
    longest = max(map(len, sequences))
    dense = np.full((len(sequences), longest, sequences[0].shape[1]), np.nan)
    for row, sequence in zip(dense, sequences, strict=True):
        start = 0 if where == "after" else longest - len(sequence)
        row[start : start + len(sequence)] = sequence
    return dense


def frame_of(sequences):
    """The sequences as a DataFrame with an (instance, time) MultiIndex."""
    frames = {f"s{i:02}": pd.DataFrame(x) for i, x in enumerate(sequences)}
    return pd.concat(frames, names=["instance", "time"]).rename(columns="ch{}".format)


def forms_of(sequences):
    objects = np.empty(len(sequences), dtype=object)
    objects[:] = sequences
    return {
        "object array": objects,
        "Series of arrays": pd.Series(list(sequences)),
        "list of lists": [sequence.tolist() for sequence in sequences],
        "tuple": tuple(sequences),
        "NaN before": padded(sequences, "before"),
        "NaN after": padded(sequences, "after"),
        "MultiIndex": frame_of(sequences),
        "nested frame": pd.DataFrame(
            {c: [pd.Series(x[:, c]) for x in sequences] for c in range(2)}
        ),
        "Windows": Windows.from_sequences(sequences),
        "Windows of a frame": Windows.from_frame(frame_of(sequences)),
        "list of tensors": [torch.tensor(sequence) for sequence in sequences],
    }


@pytest.mark.parametrize("form", forms_of(X))
@pytest.mark.parametrize("cls", [LSTMClassifier, GRURegressor])
def test_all_forms_of_the_same_sequences_give_the_same(cls, form):
    expected = quick(cls, bidirectional=True).fit(X, Y).predict(X)
    data = forms_of(X)[form]
    model = quick(cls, bidirectional=True).fit(data, Y)
    np.testing.assert_allclose(model.predict(data), expected, rtol=1e-5)
    assert model.n_features_in_ == 2


def test_layout_in_memory_does_not_matter():
    dense = padded(X, "after")
    expected = quick().fit(dense, Y).predict_proba(dense)
    by_time = np.ascontiguousarray(dense.swapaxes(0, 1)).swapaxes(0, 1)
    for other in (np.asfortranarray(dense), by_time):
        proba = quick().fit(other, Y).predict_proba(other)
        np.testing.assert_allclose(proba, expected, rtol=1e-5)
        single = quick().fit(other, Y).predict_proba(np.asfortranarray(other[:1]))
        np.testing.assert_allclose(single, expected[:1], rtol=1e-5)


def test_single_sequence_must_stand_in_a_list():
    model = quick().fit(X, Y)
    for single in (X[3], pd.DataFrame(X[3])):
        with pytest.raises(ValueError, match=r"put it into a list: \[X\]"):
            model.predict(single)
        with pytest.raises(ValueError, match=r"goes into a list: \[X\]"):
            SequenceScaler().fit(X).transform(single)
    model = quick().fit([x[:, 0] for x in X], Y)
    with pytest.warns(UserWarning, match=r"sequences of one step; .* into") as seen:
        model.predict(X[3][:, :1])
    assert seen[0].filename == __file__  # the user's line, not ours


def test_sequences_of_one_feature_may_be_flat():
    flat = [np.arange(n, dtype=float) / 9 for n in (4, 4, 6, 9)]
    objects = np.empty(4, dtype=object)
    objects[:] = flat
    model = quick().fit(objects, [0, 1, 0, 1])
    expected = quick().fit([x[:, None] for x in flat], [0, 1, 0, 1])
    for first in (objects[:2], flat[:2], pd.Series(flat)[:2], objects[:1], flat[:1]):
        np.testing.assert_allclose(
            model.predict_proba(first),
            expected.predict_proba([x[:, None] for x in flat[: len(first)]]),
            rtol=1e-5,
        )


def test_nan_after_the_end_of_a_sliding_window_stays_an_error():
    rows = np.arange(8.0)[:, None]
    rows[-1] = np.nan
    view = np.lib.stride_tricks.sliding_window_view(rows, 3, axis=0).swapaxes(1, 2)
    with pytest.raises(ValueError, match="missing value after its first"):
        quick(GRURegressor).fit(view, np.zeros(6))
    with pytest.raises(ValueError, match="missing value after its first"):
        Windows.from_array(view[:, :, 0])
    model = quick(GRURegressor).fit(view[:-1], np.zeros(5))
    with pytest.raises(ValueError, match="missing value after its first"):
        model.predict(view[-1:])


def test_frame_of_sequences_keeps_names_and_order():
    frame = frame_of(X)
    names = np.array(["a", "b", "c"])[Y]
    y = pd.Series(names, index=frame.index.droplevel(-1).unique())
    model = quick().fit(frame, y)
    assert model.feature_names_in_.tolist() == ["ch0", "ch1"]
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame.rename(columns={"ch0": "other"}))
    with pytest.raises(ValueError, match="in another order; use"):
        quick().fit(frame, y[::-1])
    numbered = pd.Series(Y, index=range(60))  # names of their own: taken in order
    quick().fit(frame, numbered)
    renamed = y.rename({"s00": "other"})
    with pytest.raises(ValueError, match="y names other instances than X"):
        quick().fit(frame, renamed)
    with pytest.raises(ValueError, match="60 samples, the instances of its MultiIndex"):
        quick().fit(frame, np.arange(len(frame)) % 2)
    with pytest.raises(ValueError, match="must be adjacent"):
        quick().fit(frame.sort_index(level="time"), y)
    with pytest.raises(ValueError, match="infinity or a value too large"):
        quick().fit(frame * 1e300, y)
    with pytest.raises(ValueError, match=r"not numbers.*leave the column out"):
        quick().fit(frame.assign(text="a"), y)


def test_nested_frame_of_unequal_cells_is_refused():
    nested = pd.DataFrame({"a": [np.zeros(3), np.zeros(2)], "b": [np.zeros(3)] * 2})
    with pytest.raises(ValueError, match=r"row 1 of X holds .* lengths \[2, 3\]"):
        quick().fit(nested, [0, 1])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "at least one sequence, got an empty list"),
        ((), "at least one sequence"),
        (np.array([], dtype=object), "at least one sequence"),
        (np.array([[1.0, np.nan], [2.0, 3.0]]), r"add an axis.*\[:, :, np.newaxis\]"),
        ([np.zeros((3, 2)), np.zeros((0, 2))], "sequence 1 is empty.*drop it"),
        ([np.zeros((3, 2)), np.zeros((2, 3))], "sequence 0 has 2, sequence 1 has 3"),
        ([np.zeros((3, 2)), np.full((2, 2), np.nan)], "window 1 has no observed row"),
        ([np.zeros((3, 2)), np.full((2, 2), np.inf)], "infinity"),
        ([np.zeros((3, 2)), np.zeros((2, 2, 2))], "sequence 1 has shape"),
        ([["good", "film"], ["bad"]], "Put TextSequencer before"),
    ],
)
def test_bad_sequences_are_refused(data, message):
    with pytest.raises(ValueError, match=message):
        quick().fit(data, np.arange(len(data)))


# --- windows of equal length


WINDOWS, TARGETS = windows_of(wave(120, 2), 8)
TABLE = WINDOWS[:, :, 0]


def regressor(cls=GRURegressor, **parameters):
    return quick(cls, **parameters)


@pytest.mark.parametrize("cls", RECURRENT_REGRESSORS)
def test_all_forms_of_the_same_input_give_the_same(cls):
    rows = wave(120, 2)
    forms = [
        WINDOWS,
        WINDOWS.copy(),
        np.asfortranarray(WINDOWS),
        WINDOWS.astype("f4").astype("f8"),
        list(WINDOWS),
        tuple(WINDOWS.tolist()),
        Windows.from_series(rows[:-1], 8),
    ]
    ragged = np.empty(len(WINDOWS), dtype=object)
    ragged[:] = list(WINDOWS)
    expected = regressor(cls).fit(WINDOWS, TARGETS).predict(WINDOWS)
    for form in [*forms, ragged, pd.Series(list(WINDOWS))]:
        model = regressor(cls).fit(form, TARGETS)
        np.testing.assert_allclose(model.predict(form), expected, rtol=1e-5)
        assert model.n_features_in_ == 2
        assert model.n_timesteps_in_ == 8


def test_table_is_sequences_of_one_feature():
    columns = [f"lag{k}" for k in range(7, -1, -1)]
    frame = pd.DataFrame(TABLE, columns=columns)
    expected = regressor().fit(TABLE[:, :, None], TARGETS).predict(TABLE[:, :, None])
    for form in (TABLE, frame, TABLE.tolist()):
        np.testing.assert_array_equal(
            regressor().fit(form, TARGETS).predict(form), expected
        )
    model = regressor().fit(frame, TARGETS)
    assert model.n_features_in_ == model.n_timesteps_in_ == 8
    assert list(model.feature_names_in_) == columns
    np.testing.assert_array_equal(model.predict(TABLE[:, :, None]), expected)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cls", RECURRENT_REGRESSORS)
def test_missing_history_is_a_shorter_sequence(cls, bidirectional):
    led, ragged = WINDOWS.copy(), []
    for index, sample in enumerate(led):
        missing = index % 7
        sample[:missing] = np.nan
        ragged.append(sample[missing:])
    options = {"bidirectional": bidirectional, "dtype": "float64", "batch_size": 16}
    model = regressor(cls, **options).fit(led, TARGETS)
    same = regressor(cls, **options).fit(ragged, TARGETS)
    assert model.loss_curve_ == same.loss_curve_
    assert model.n_timesteps_in_ == 8
    assert same.n_timesteps_in_ is None
    together = model.predict(led)
    np.testing.assert_array_equal(together, model.predict(ragged))
    alone = [model.predict(led[index : index + 1])[0] for index in range(len(led))]
    np.testing.assert_allclose(together, alone, rtol=1e-10)


def test_lists_at_predict_may_have_any_length():
    model = regressor().fit(WINDOWS, TARGETS)
    short = model.predict([WINDOWS[0, 3:]])
    np.testing.assert_allclose(
        short, model.predict([WINDOWS[0, 3:], WINDOWS[1]])[:1], rtol=1e-5
    )
    led = WINDOWS[:1].copy()
    led[0, :3] = np.nan
    np.testing.assert_array_equal(model.predict(led), short)
    with pytest.raises(ValueError, match="0 sample"):
        model.predict(Windows.from_array(WINDOWS)[:0])


def test_read_only_and_non_contiguous_input_is_taken_without_a_warning():
    frozen = WINDOWS.astype("f4").copy()
    frozen.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = regressor(learning_rate="cosine").fit(frozen, TARGETS)
        model.predict(frozen)
        model.predict(frozen[::-1])
    np.testing.assert_allclose(
        model.predict(frozen[::-1]), model.predict(frozen)[::-1], atol=1e-6
    )

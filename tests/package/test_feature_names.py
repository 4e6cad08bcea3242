"""Names of the features: every form of sequences keeps and compares them."""

import re

import numpy as np
import pandas as pd
import polars as pl
import pytest

from skrnn import GRUClassifier, GRURegressor, RNNClassifier, SequenceScaler, Windows
from skrnn.sktime import TimeSeriesClassifier, TimeSeriesRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

CLASSES = np.arange(40) % 2
FRAMES = [
    pd.DataFrame({"acc": np.full(n, 2.0 * c), "gyr": np.full(n, 1.0 - c)})
    for c, n in zip(CLASSES, np.resize([3, 5, 4], 40), strict=True)
]
SWAPPED = [frame[["gyr", "acc"]] for frame in FRAMES]


def quick(cls=GRUClassifier, **parameters):
    brief = {"conv_filters": None, "max_iter": 3, "random_state": 0}
    return cls(6, **brief | parameters)


def in_a_series(frames):
    return pd.Series(frames, dtype=object)


def in_an_object_array(frames):
    objects = np.empty(len(frames), dtype=object)
    objects[:] = frames
    return objects


def in_polars(frames):
    return [pl.DataFrame({c: f[c].to_numpy() for c in f}) for f in frames]


def as_a_panel(frames):
    return pd.concat(dict(enumerate(frames)))


def nested(frames):
    return pd.DataFrame({c: [frame[c] for frame in frames] for c in frames[0]})


def as_windows(frames):
    return Windows.from_sequences(frames)[np.arange(len(frames))]


def as_windows_without_some_rows(frames):
    longer = [frame.iloc[[0, *range(len(frame))]] for frame in frames]
    windows = Windows.from_sequences(longer)
    return windows.keep_rows(
        np.isin(np.arange(len(windows.rows)), windows.starts, invert=True)
    )


def as_windows_of_a_panel(frames):
    return Windows.from_frame(as_a_panel(frames))


NAMED = [
    list,
    in_a_series,
    in_an_object_array,
    in_polars,
    as_a_panel,
    nested,
    as_windows,
    as_windows_without_some_rows,
    as_windows_of_a_panel,
]


@pytest.fixture(scope="module")
def told_apart():
    """A classifier that is right on FRAMES, and wrong where columns are swapped."""
    model = quick(RNNClassifier, max_iter=30, learning_rate_init=0.02)
    model.fit(FRAMES, CLASSES)
    assert model.score(FRAMES, CLASSES) == 1.0
    return model


@pytest.mark.parametrize("form", NAMED)
def test_swapped_columns_are_refused_in_every_form(form, told_apart):
    assert told_apart.score(form(FRAMES), CLASSES) == 1.0
    model = quick(max_iter=1).fit(form(FRAMES), CLASSES)
    assert model.feature_names_in_.tolist() == ["acc", "gyr"]
    scaler = SequenceScaler().fit(form(FRAMES))
    assert scaler.feature_names_in_.tolist() == ["acc", "gyr"]
    renamed = [frame.rename(columns={"acc": "x"}) for frame in FRAMES]
    for other, message in ((SWAPPED, "same order"), (renamed, "unseen at fit.*\n- x")):
        for call in (told_apart.predict, model.predict_proba, scaler.transform):
            with pytest.raises(ValueError, match=message):
                call(form(other))
    with pytest.raises(ValueError, match="same order"):
        model.partial_fit(form(SWAPPED), CLASSES)
    with pytest.raises(ValueError, match="same order"):
        quick(max_iter=1).fit(FRAMES, CLASSES, X_val=form(SWAPPED), y_val=CLASSES)


def test_names_on_one_side_only(told_apart):
    arrays = [frame.to_numpy() for frame in FRAMES]
    equal = np.stack([np.resize(array, (5, 2)) for array in arrays])
    for unnamed in (arrays, Windows.from_sequences(arrays), equal):
        with pytest.warns(UserWarning, match="does not have valid feature names") as w:
            assert told_apart.score(unnamed, CLASSES) == 1.0
        assert w[0].filename == __file__
    with pytest.raises(ValueError, match="select them in this order"):
        told_apart.stream(SWAPPED[0])
    model = quick(max_iter=1).fit(arrays, CLASSES)
    assert not hasattr(model, "feature_names_in_")
    with pytest.warns(UserWarning, match="was fitted without feature names"):
        model.predict(FRAMES)
    model.fit(FRAMES, CLASSES).fit(arrays, CLASSES)
    assert not hasattr(model, "feature_names_in_")  # a new fit forgets them


@pytest.mark.parametrize("fit", [quick().fit, SequenceScaler().fit])
def test_frames_of_a_list_must_have_the_same_columns(fit):
    for first, form in ((FRAMES, list), (FRAMES, in_polars), (SWAPPED, in_a_series)):
        mixed = form([*first[:3], *(f[first[0].columns[::-1]] for f in first[3:])])
        found, expected = list(mixed[3].columns), list(mixed[0].columns)
        message = f"sequence 3 of X has the columns {found}, but sequence 0 has "
        with pytest.raises(ValueError, match=re.escape(message + str(expected))) as e:
            fit(mixed, CLASSES)
        assert "names = list(X[0].columns); X = [frame[names] for" in str(e.value)
    mended = [frame[list(FRAMES[0].columns)] for frame in FRAMES[:20] + SWAPPED[20:]]
    fit(mended, CLASSES)
    for other in (FRAMES[1].assign(z=0.0), FRAMES[1].rename(columns={"acc": "x"})):
        with pytest.raises(ValueError, match=r"sequence 1 of X has .*Rename or drop"):
            fit([FRAMES[0], other, *FRAMES[2:]], CLASSES)
    with pytest.warns(UserWarning, match="sequence 2 of X has no column names, while"):
        fit([*FRAMES[:2], FRAMES[2].to_numpy(), *FRAMES[3:]], CLASSES)


def test_numbers_and_names_of_samples_are_no_names_of_features():
    table = pd.DataFrame(np.arange(30.0).reshape(5, 6))
    cut = Windows.from_sequences([table[[0, 1]], table[[2, 3]], table[[4, 5]]])
    np.testing.assert_array_equal(cut[2], table[[4, 5]])
    with pytest.raises(ValueError, match=r"has the columns \[1, 0\], but"):
        Windows.from_sequences([table[[0, 1]], table[[1, 0]]])
    shares = table.set_axis(list("ABCDEF"), axis=1)
    one_each = [shares[[name]] for name in shares]
    model = quick(max_iter=1).fit(one_each, [0, 1] * 3)
    assert not hasattr(model, "feature_names_in_")
    assert len(model.predict([shares[["A"]].rename(columns={"A": "G"})])) == 1
    with pytest.raises(ValueError, match=r"has the columns \['B'\], but sequence 0"):
        quick().fit([one_each[0], one_each[0], one_each[1]], [0, 1, 0])
    assert not hasattr(
        quick(max_iter=1).fit([shares[name] for name in shares], [0, 1] * 3),
        "feature_names_in_",
    )


def test_columns_of_targets_at_each_step():
    y = [frame.rename(columns=str.upper) for frame in FRAMES]
    y[4] = y[4][["GYR", "ACC"]]
    model = quick(GRURegressor, return_sequences=True)
    with pytest.raises(ValueError, match=r"sequence 4 of y has .*list\(y\[0\].columns"):
        model.fit(FRAMES, y)


@pytest.mark.parametrize("form", [as_a_panel, nested, list])
def test_adapters_of_sktime_compare_names(form):
    network = RNNClassifier(
        6, max_iter=30, learning_rate="cosine", learning_rate_init=0.02, random_state=0
    )
    classifier = TimeSeriesClassifier(network).fit(form(FRAMES), CLASSES)
    assert classifier.feature_names_in_.tolist() == ["acc", "gyr"]
    assert classifier.score(form(FRAMES), CLASSES) == 1.0
    brief = GRURegressor(2, max_iter=1, learning_rate="cosine", random_state=0)
    regressor = TimeSeriesRegressor(brief).fit(form(FRAMES), CLASSES.astype(float))
    renamed = [frame.rename(columns={"acc": "x"}) for frame in FRAMES]
    for other, message in ((SWAPPED, "same order"), (renamed, "unseen at fit.*\n- x")):
        for call in (classifier.predict, classifier.predict_proba, regressor.predict):
            with pytest.raises(ValueError, match=message):
                call(form(other))
    equal = np.zeros((4, 2, 5))
    assert not hasattr(classifier.fit(equal, CLASSES[:4]), "feature_names_in_")

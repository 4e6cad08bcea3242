"""SequenceScaler against scikit-learn's scalers over the rows."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import config_context
from sklearn.model_selection import KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    PolynomialFeatures,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

from skrnn import (
    GRUClassifier,
    GRURegressor,
    SequenceScaler,
    SlidingWindow,
    TextSequencer,
    Windows,
)
from tests.common_estimators import ragged

SCALERS = {
    "standard": StandardScaler(),
    "min-max": MinMaxScaler(),
    "robust": RobustScaler(),
}
X = [5 + sequence * [1, 30] for sequence in ragged(12, 9, n_features=2)]
ROWS = np.concatenate(X)
DENSE = np.random.default_rng(0).gamma(2.0, size=(6, 5, 2))


@pytest.mark.parametrize("method", SCALERS)
def test_rows_are_scaled_as_a_table(method):
    expected = SCALERS[method].fit_transform(ROWS)
    scaled = SequenceScaler(method).fit_transform(X)
    assert [x.shape for x in scaled] == [x.shape for x in X]
    np.testing.assert_allclose(np.concatenate(scaled), expected)
    dense = SequenceScaler(method).fit_transform(DENSE)
    table = SCALERS[method].fit_transform(DENSE.reshape(-1, 2))
    np.testing.assert_allclose(dense, table.reshape(DENSE.shape))


def test_any_scaler_of_tables_may_be_given():
    model = SequenceScaler(MinMaxScaler((-1, 1))).fit(X)
    scaled = np.concatenate(model.transform(X))
    np.testing.assert_allclose(scaled.min(axis=0), -1)
    assert not hasattr(model.method, "scale_")  # cloned, not fitted itself
    quantiles = SequenceScaler(QuantileTransformer(n_quantiles=5)).fit_transform(X)
    assert np.concatenate(quantiles).max() == 1


@pytest.mark.parametrize("per_sequence", [False, True])
@pytest.mark.parametrize("level", [14.62, -1e9, 1e-200])
@pytest.mark.parametrize("method", SCALERS)
def test_nothing_is_divided_by_rounding(method, level, per_sequence):
    """A feature that is constant up to rounding is scaled as a constant one."""
    moving = np.random.default_rng(0).normal(size=(6, 5, 1))
    rounding = np.where(np.arange(5) % 2, level, level * (1 + 3e-16))[:, np.newaxis]
    noisy = np.concatenate([moving, np.broadcast_to(rounding, moving.shape)], axis=2)
    model = SequenceScaler(method, per_sequence=per_sequence)
    if per_sequence:  # which is flat now and then
        model.fit(noisy)
    else:
        with pytest.warns(UserWarning, match=r"the features \[1\] of X are constant"):
            model.fit(noisy)
    np.testing.assert_allclose(model.transform(noisy)[..., 1], 0, atol=1e-6)
    later = model.transform(1.05 * noisy)[..., 1]
    expected = 0 if per_sequence else 0.05 * level
    np.testing.assert_allclose(later, expected, atol=1e-6)
    expected = SequenceScaler(method, per_sequence=per_sequence).fit(moving)
    np.testing.assert_allclose(
        model.transform(noisy)[..., :1], expected.transform(moving)
    )


def test_features_that_do_not_move_are_named():
    index = pd.MultiIndex.from_product([["a", "b"], range(4)])
    X = pd.DataFrame({"price": 14.62, "sold": np.arange(8.0)}, index)
    X.iloc[0] = np.nan
    with pytest.warns(UserWarning, match=r"the features \['price'\] of X are constant"):
        SequenceScaler().fit(X)
    SequenceScaler().fit(X[1:2])  # a single row moves nowhere


@pytest.mark.parametrize("method", SCALERS)
def test_each_sequence_by_its_own_rows(method):
    scaled = SequenceScaler(method, per_sequence=True).fit(X[:1]).transform(X)
    for before, after in zip(X, scaled, strict=True):
        np.testing.assert_allclose(
            after, SCALERS[method].fit_transform(before), atol=1e-12
        )
    dense = SequenceScaler(method, per_sequence=True).fit_transform(DENSE)
    for before, after in zip(DENSE, dense, strict=True):
        np.testing.assert_allclose(
            after, SCALERS[method].fit_transform(before), atol=1e-12
        )


@pytest.mark.parametrize("per_sequence", [False, True])
def test_what_comes_out_has_the_form_of_what_went_in(per_sequence):
    model = SequenceScaler(per_sequence=per_sequence).fit(X)
    expected = model.transform(X)
    windows = model.transform(Windows.from_sequences(X))
    assert isinstance(windows, Windows)
    frame = pd.concat({i: pd.DataFrame(x, columns=["a", "b"]) for i, x in enumerate(X)})
    scaled = SequenceScaler(per_sequence=per_sequence).fit_transform(frame)
    assert scaled.index.equals(frame.index)
    assert scaled.columns.equals(frame.columns)
    for i, sequence in enumerate(expected):
        np.testing.assert_allclose(windows[i], sequence)
        np.testing.assert_allclose(scaled.loc[i], sequence)
    series = SequenceScaler(per_sequence=per_sequence).fit_transform(frame["b"])
    np.testing.assert_allclose(series, scaled["b"])


def test_nan_is_passed_on():
    padded = DENSE.copy()
    padded[0, :2] = np.nan
    padded[1, 4:] = np.nan
    padded[2, 3, 1] = np.nan
    model = SequenceScaler().fit(padded)
    np.testing.assert_allclose(model.scaler_.mean_, np.nanmean(padded, axis=(0, 1)))
    np.testing.assert_array_equal(np.isnan(model.transform(padded)), np.isnan(padded))
    own = SequenceScaler(per_sequence=True).fit_transform(padded)
    np.testing.assert_allclose(
        own[0, 2:], StandardScaler().fit_transform(padded[0, 2:])
    )


def test_view_stays_a_view_and_shared_rows_count_once():
    rows = np.random.default_rng(1).standard_normal((50, 2)) * [1, 9]
    view = SlidingWindow(8, context="never").fit_transform(rows)[7:]
    model = SequenceScaler().fit(view)
    np.testing.assert_allclose(model.scaler_.mean_, rows.mean(axis=0))
    scaled = model.transform(view)
    assert scaled.strides[0] == scaled.strides[1]  # no window was copied
    expected = StandardScaler().fit_transform(rows)
    np.testing.assert_allclose(scaled[3], expected[3:11])
    own = SequenceScaler(per_sequence=True).fit_transform(view)
    np.testing.assert_allclose(own[3], StandardScaler().fit_transform(rows[3:11]))


def test_views_of_integers_and_of_one_feature_stay_views():
    rows = np.arange(20) ** 2
    view = np.lib.stride_tricks.sliding_window_view(rows, 6)
    scaled = SequenceScaler().fit_transform(view)
    expected = StandardScaler().fit_transform(rows[:, None] * 1.0)[:, 0]
    np.testing.assert_allclose(scaled[4], expected[4:10])
    assert scaled.strides[0] == scaled.strides[1]
    cube = SequenceScaler().fit_transform(view[:, :, None])
    assert cube.strides[0] == cube.strides[1]


def test_scaler_keeps_the_mode_of_its_fit():
    model = SequenceScaler(per_sequence=True).fit(X)
    expected = model.transform(X)
    model.set_params(per_sequence=False)
    for a, b in zip(model.transform(X), expected, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not hasattr(model, "inverse_transform")
    assert not hasattr(SequenceScaler(Normalizer()), "inverse_transform")


def test_fold_does_not_see_the_rows_of_others():
    windows = Windows.from_sequences(X)
    fold = windows[np.array([1, 4, 5])]
    expected = np.concatenate([X[1], X[4], X[5]])
    model = SequenceScaler().fit(fold)
    np.testing.assert_allclose(model.scaler_.mean_, expected.mean(axis=0))
    poisoned = np.array(windows.rows)
    poisoned[~fold.is_row_used] = np.inf
    fold = Windows(poisoned, fold.starts, fold.lengths)
    np.testing.assert_allclose(model.transform(fold)[0], model.transform(X)[1])


@given(st.integers(1, 12), st.integers(1, 4), st.sampled_from(sorted(SCALERS)))
def test_inverse_gives_back_what_went_in(n_samples, n_features, method):
    sequences = ragged(n_samples, 7, n_features, seed=n_samples)
    model = SequenceScaler(method).fit(sequences)
    back = model.inverse_transform(model.transform(sequences))
    for before, after in zip(sequences, back, strict=True):
        np.testing.assert_allclose(after, before, atol=1e-12)
    assert not hasattr(SequenceScaler(per_sequence=True), "inverse_transform")


def test_single_precision_stays():
    singles = [x.astype("f4") for x in X]
    for per_sequence in (False, True):
        scaled = SequenceScaler(per_sequence=per_sequence).fit_transform(singles)
        assert scaled[0].dtype == np.float32
    assert SequenceScaler().fit_transform([[1, 2], [3]])[0].dtype == np.float64


def test_table_is_sequences_of_one_feature():
    table = DENSE[:, :, 0]
    model = SequenceScaler().fit(table)
    np.testing.assert_allclose(model.scaler_.mean_, [table.mean()])
    assert model.transform(table).shape == table.shape
    np.testing.assert_allclose(
        model.transform(table[:, :, None])[:, :, 0], model.transform(table)
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([x[:, :1] for x in X], "1 features a time step.*expecting 2 features"),
        (DENSE[:, :, 0], "1 features a time step"),
        (np.full((2, 3, 2), np.inf), "infinity"),
        ([np.zeros((0, 2))], "sequence 0 is empty"),
        (TextSequencer(min_df=1).fit_transform(["good film"]), "holds token ids"),
    ],
)
def test_bad_input_is_refused(data, message):
    with pytest.raises(ValueError, match=message):
        SequenceScaler().fit(X).transform(data)


@pytest.mark.parametrize("method", [OneHotEncoder(), PolynomialFeatures()])
def test_method_must_keep_the_shape(method):
    with pytest.raises(ValueError, match=r"of the shape of its input.*use a scaler"):
        SequenceScaler(method).fit_transform(X)


@pytest.mark.parametrize("per_sequence", [False, True])
def test_containers_of_scikit_learn_do_not_matter(per_sequence):
    expected = SequenceScaler(per_sequence=per_sequence).fit_transform(X)
    with config_context(transform_output="pandas"):
        scaled = SequenceScaler(per_sequence=per_sequence).fit_transform(X)
    method = StandardScaler().set_output(transform="pandas")
    other = SequenceScaler(method, per_sequence=per_sequence).fit_transform(X)
    for a, b, c in zip(expected, scaled, other, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)


@pytest.mark.parametrize("per_sequence", [False, True])
def test_stands_in_pipelines(per_sequence):
    y = np.arange(12) % 2
    net = GRUClassifier(4, max_iter=3, learning_rate="cosine", random_state=0)
    pipeline = make_pipeline(SequenceScaler(per_sequence=per_sequence), net)
    assert np.isfinite(cross_val_score(pipeline, X, y, cv=KFold(3))).all()
    rows = pd.DataFrame(DENSE.reshape(-1, 2), pd.date_range("2024", periods=30))
    net = GRURegressor(4, max_iter=3, learning_rate="cosine", random_state=0)
    pipeline = make_pipeline(
        StandardScaler(), SlidingWindow(4), SequenceScaler(), net
    ).set_output(transform="pandas")
    assert pipeline.fit(rows, rows[0]).predict(rows).shape == (30,)

"""Files that run no code: what goes into them, and comes out again."""

import copy
import io
from zipfile import ZipFile

import numpy as np
import pandas as pd
import pytest
import skops.io
import torch
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sktime.datasets import load_unit_test

from skrnn import (
    TRUSTED_TYPES,
    GRUClassifier,
    GRURegressor,
    LSTMRegressor,
    MLPRegressor,
    SequenceScaler,
    SlidingWindow,
    TextSequencer,
)
from skrnn.sktime import LSTMForecaster, TimeSeriesClassifier, TimeSeriesRegressor
from tests.common_estimators import MLPS, wave
from tests.forecast_data import FORECASTERS, covariate_data, months, noise, panel
from tests.forecast_data import QUICK as QUICK_FORECAST

from .file_data import (
    COPIES,
    MANY,
    QUICK,
    SIGN,
    TABLE,
    X,
    Y,
    data_of,
    fitted,
    forecaster_of,
    through_skops,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*remember_data:FutureWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


def other_fitted():
    """Transformers and adapters, fitted."""
    network = GRURegressor(3, **QUICK)
    panel_X, labels = load_unit_test("train", return_type="numpy3D")
    return [
        SlidingWindow(4).fit(noise()),
        SequenceScaler().fit(X),
        TextSequencer(min_df=1).fit(["a b", "b c"]),
        TimeSeriesRegressor(network).fit(panel_X, labels.astype(float)),
        TimeSeriesClassifier(GRUClassifier(3, **QUICK)).fit(panel_X, labels),
    ]


@pytest.mark.parametrize("duplicate", COPIES)
@pytest.mark.parametrize("cls", MANY)
def test_estimators(cls, duplicate):
    model, (X_, _) = fitted(cls), data_of(cls)
    other = duplicate(model)
    assert other.get_params() == model.get_params()
    assert set(vars(other)) == set(vars(model))
    np.testing.assert_array_equal(other.predict(X_), model.predict(X_))
    assert other.loss_curve_ == model.loss_curve_
    for one in (model, other):
        one.partial_fit(X_, SIGN if "Classifier" in cls.__name__ else Y)
    if duplicate is not copy.deepcopy and cls in MLPS:  # whose momenta are saved
        np.testing.assert_array_equal(other.predict(X_), model.predict(X_))


@pytest.mark.parametrize("cls", MANY)
def test_unfitted_estimators(cls):
    model = cls(class_weight={False: 1, True: 3}) if "Class" in cls.__name__ else cls()
    assert through_skops(model).get_params() == model.get_params()


def test_what_is_trusted_is_what_is_needed():
    models = [fitted(cls) for cls in MANY] + other_fitted()
    models += [forecaster_of(cls) for cls in FORECASTERS]
    found = [skops.io.get_untrusted_types(data=skops.io.dumps(m)) for m in models]
    assert all(len(types) <= 2 for types in found)  # itself, and a network in it
    assert sorted({name for types in found for name in types}) == list(TRUSTED_TYPES)


@pytest.mark.parametrize("duplicate", COPIES)
@pytest.mark.parametrize(
    "index",
    [
        pd.date_range("2020-01-01", periods=60, freq="D"),
        pd.date_range("2020-01-01", periods=60, freq="h", tz="Europe/Berlin"),
        months(60),
        pd.RangeIndex(60),
        pd.timedelta_range("1h", periods=60),
    ],
    ids=lambda index: str(index.dtype),
)
def test_pipeline_remembers_the_rows_before(index, duplicate):
    rows = pd.DataFrame(wave(60, 2), index, columns=["a", "b"])
    pipeline = make_pipeline(
        StandardScaler(), SlidingWindow(6), LSTMRegressor(3, **QUICK)
    ).set_output(transform="pandas")
    pipeline.fit(rows[:50], rows["a"][:50])
    expected = pipeline.predict(rows[50:])
    other = duplicate(pipeline)
    np.testing.assert_array_equal(other.predict(rows[50:]), expected)
    without = other.set_params(slidingwindow__context="never").predict(rows[50:])
    assert (without != expected).any()  # so the context counts


def test_panel_windows_remember_each_series():
    rows = panel()
    window = SlidingWindow(4).fit(rows)
    newer = rows.groupby(level=0, sort=False).tail(1)
    newer.index = newer.index.set_levels(newer.index.levels[1] + 1, level=1)
    expected, found = window.transform(newer), through_skops(window).transform(newer)
    np.testing.assert_array_equal(found.rows, expected.rows)
    assert found.lengths.tolist() == [4, 4, 4]


def test_texts():
    texts = [f"word{i % 40} word{i % 7} \0 \ud800 ü" for i in range(80)]
    model = make_pipeline(TextSequencer(), GRUClassifier(3, embedding_dim=2, **QUICK))
    model.fit(texts, np.arange(80) % 2)
    other = through_skops(model)
    assert other[0].vocabulary_ == model[0].vocabulary_
    np.testing.assert_array_equal(
        other.predict_proba(texts), model.predict_proba(texts)
    )


def test_scikit_learns_wrappers():
    inner = make_pipeline(SequenceScaler(), GRURegressor(3, **QUICK))
    model = TransformedTargetRegressor(inner, transformer=StandardScaler()).fit(X, Y)
    np.testing.assert_array_equal(through_skops(model).predict(X), model.predict(X))
    grid = {"regressor__gruregressor__hidden_layer_sizes": [2, 3]}
    search = GridSearchCV(model, grid, cv=TimeSeriesSplit(2)).fit(X, Y)
    data = skops.io.dumps(search)
    others = set(skops.io.get_untrusted_types(data=data)) - set(TRUSTED_TYPES)
    assert others == {  # as docs/saving.md says
        "sklearn.metrics._scorer._PassthroughScorer",
        "sklearn.model_selection._split.TimeSeriesSplit",
    }
    other = skops.io.loads(data, trusted=[*TRUSTED_TYPES, *others])
    np.testing.assert_array_equal(other.predict(X), search.predict(X))
    best = through_skops(search.best_estimator_)
    np.testing.assert_array_equal(best.predict(X), search.predict(X))


def with_index(index):
    return noise(len(index)).set_axis(index)


SERIES = {
    "periods": noise(),
    "dates": with_index(pd.date_range("2020-01-31", periods=60, freq="ME")),
    "zone": with_index(pd.date_range("2020-03-01", periods=60, freq="D", tz="UTC")),
    "range": with_index(pd.RangeIndex(60)),
    "integers": with_index(pd.Index(np.arange(60) + 7)),
    "a Series": noise()["y"],
    "an array": noise()["y"].to_numpy(),
    "panel": panel(),
    "hierarchy": pd.concat({"n": panel(), "s": panel(seed=9)}, names=["region"]),
}


@pytest.mark.filterwarnings("ignore:Converting to Period")  # by sktime, of a zone
@pytest.mark.parametrize("name", SERIES)
def test_forecasters(name):
    model = forecaster_of(y=SERIES[name], horizon=1)
    for duplicate in COPIES:
        other = duplicate(model)
        assert set(vars(other)) == set(vars(model))
        same_frames(other.predict(), model.predict())
        same_frames(other.predict_interval(), model.predict_interval())
        if name != "an array":  # of which sktime takes no residuals
            same_frames(other.predict_residuals(), model.predict_residuals())
        assert other.get_config() == model.get_config()
        assert other.get_tags() == model.get_tags()
        assert other._y_metadata == model._y_metadata
        assert other.fh.to_pandas().equals(model.fh.to_pandas())
        assert other.cutoff.equals(model.cutoff)
        assert getattr(other.cutoff, "freq", None) == getattr(
            model.cutoff, "freq", None
        )


def same_frames(one, other):
    pd.testing.assert_frame_equal(
        pd.DataFrame(one), pd.DataFrame(other), check_exact=True
    )


def test_forecasters_go_on():
    y, rows = covariate_data()
    ahead = pd.period_range(y.index[-1] + 1, periods=2, freq="M")
    model = LSTMForecaster(**QUICK_FORECAST, loss="normal").fit(y, rows, fh=ahead)
    newest = rows[-2:].set_axis(ahead)
    other = through_skops(model)
    assert other.fh.to_pandas().equals(ahead)
    same_frames(other.predict_quantiles(X=newest), model.predict_quantiles(X=newest))
    for one in (model, other):
        one.update(y[-2:].set_axis(ahead), newest)
    later = newest.set_axis(ahead + 2)
    same_frames(other.predict(fh=[1, 2], X=later), model.predict(fh=[1, 2], X=later))
    pretrained = LSTMForecaster(**QUICK_FORECAST).pretrain(panel())
    other = through_skops(pretrained)
    same_frames(*(m.fit(noise(), fh=[1]).predict() for m in (pretrained, other)))


def test_adapters():
    panel_X, _ = load_unit_test("train", return_type="numpy3D")
    for model in other_fitted()[3:]:
        found = through_skops(model).predict(panel_X)
        np.testing.assert_array_equal(found, model.predict(panel_X))


def test_files_hold_no_torch_and_follow_the_device():
    model, forecaster = fitted(MLPRegressor), forecaster_of()
    forecaster._model.network.asked_device = "cuda:7"
    for one in (model.set_params(device="cuda:7"), forecaster):
        data = skops.io.dumps(one)
        with ZipFile(io.BytesIO(data)) as archive:
            schema = archive.read("schema.json").decode()
        assert "torch" not in schema
        assert "skorch" not in schema
        with pytest.warns(UserWarning, match="'cuda:7', which is not available here"):
            other = skops.io.loads(data, trusted=TRUSTED_TYPES)
        given = (TABLE,) if one is model else ()
        np.testing.assert_array_equal(other.predict(*given), one.predict(*given))


def test_a_torch_device_is_saved_by_its_name():
    model = fitted(LSTMRegressor, device=torch.device("cpu"))
    assert through_skops(model).device == "cpu"
    forecaster = forecaster_of(device=torch.device("cpu"))
    assert through_skops(forecaster).device == "cpu"

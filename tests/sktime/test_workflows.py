"""Our forecasters and adapters stand in sktime's workflows, and pass its checks."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sktime.datasets import load_airline, load_basic_motions, load_japanese_vowels
from sktime.forecasting.compose import (
    EnsembleForecaster,
    ForecastingPipeline,
    TransformedTargetForecaster,
    make_reduction,
)
from sktime.forecasting.model_evaluation import evaluate
from sktime.forecasting.model_selection import ForecastingGridSearchCV
from sktime.forecasting.naive import NaiveForecaster
from sktime.forecasting.reconcile import ReconcilerForecaster
from sktime.performance_metrics.forecasting import MeanAbsolutePercentageError
from sktime.performance_metrics.forecasting.probabilistic import PinballLoss
from sktime.split import ExpandingWindowSplitter, SlidingWindowSplitter
from sktime.transformations.series.adapt import TabularToSeriesAdaptor
from sktime.transformations.series.detrend import Deseasonalizer
from sktime.transformations.series.difference import Differencer
from sktime.utils._testing.hierarchical import _make_hierarchical
from sktime.utils.estimator_checks import check_estimator

import skrnn.sktime
from skrnn import GRUClassifier, GRURegressor, SequenceScaler
from skrnn.sktime import (
    GRUForecaster,
    LSTMForecaster,
    MLPForecaster,
    RNNForecaster,
    TimeSeriesClassifier,
    TimeSeriesRegressor,
)

pytestmark = pytest.mark.filterwarnings("ignore:.*remember_data:FutureWarning")
TRAINED = {
    "window_length": 12,
    "hidden_layer_sizes": 8,
    "learning_rate": "onecycle",
    "learning_rate_init": 0.02,
    "max_iter": 15,
    "random_state": 0,
}


@pytest.fixture(scope="module")
def airline():
    return load_airline().astype(float)


@pytest.mark.slow
@pytest.mark.parametrize("name", skrnn.sktime.__all__)
def test_sktime_checks(name):
    """Every check of sktime passes, and none is left out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the checks warn of themselves
        results = check_estimator(
            getattr(skrnn.sktime, name), raise_exceptions=False, verbose=False
        )
    failed = {check: why for check, why in results.items() if why != "PASSED"}
    assert not failed
    assert len(results) > (800 if name.endswith("Forecaster") else 100)


@pytest.mark.parametrize(
    "backend", [None, pytest.param("loky", marks=pytest.mark.slow)]
)
def test_grid_search(airline, backend):
    search = ForecastingGridSearchCV(
        MLPForecaster(**TRAINED),
        ExpandingWindowSplitter(fh=range(1, 7), initial_window=108, step_length=12),
        {"window_length": [6, 12]},
        scoring=MeanAbsolutePercentageError(),
        backend=backend,
        backend_params={"n_jobs": 2} if backend else None,
        error_score="raise",
    )
    search.fit(airline[:-6], fh=range(1, 7))
    assert search.best_params_ == {"window_length": 12}
    scores = search.cv_results_["mean_test_MeanAbsolutePercentageError"].to_numpy()
    np.testing.assert_allclose(sorted(scores), sorted(search_scores(airline)))
    assert search.predict().shape == (6,)


def search_scores(airline):
    """The same scores without the search."""
    scores = []
    for window_length in (6, 12):
        forecaster = MLPForecaster(**{**TRAINED, "window_length": window_length})
        errors = []
        for end in (108, 120, 132):
            actual = airline[end : end + 6]
            forecaster.fit(airline[:end], fh=range(1, 7))
            errors.append(np.mean(np.abs(forecaster.predict() - actual) / actual))
        scores.append(np.mean(errors))
    return scores


def test_pipelines(airline):
    calendar = pd.DataFrame({"year": airline.index.year * 1.0}, airline.index)
    transformed = TransformedTargetForecaster(
        [
            ("log", TabularToSeriesAdaptor(_log())),
            ("season", Deseasonalizer(sp=12)),
            ("difference", Differencer()),
            ("net", GRUForecaster(**TRAINED)),
        ]
    )
    transformed.fit(airline[:-12], fh=range(1, 13))
    error = (transformed.predict() / airline[-12:] - 1).abs().mean()
    assert error < 0.1
    piped = ForecastingPipeline(
        [("difference", Differencer()), ("net", LSTMForecaster(**TRAINED))]
    )
    piped.fit(airline[:-12], calendar[:-12], fh=range(1, 13))
    difference = Differencer().fit(calendar[:-12])
    by_hand = LSTMForecaster(**TRAINED)
    by_hand.fit(airline[:-12], difference.transform(calendar[:-12]), fh=range(1, 13))
    pd.testing.assert_series_equal(
        piped.predict(X=calendar[-12:]),
        by_hand.predict(X=difference.transform(calendar[-12:])),
    )


def _log():
    from sklearn.preprocessing import FunctionTransformer

    return FunctionTransformer(np.log, np.exp)


def test_ensemble(airline):
    members = [
        ("naive", NaiveForecaster(sp=12)),
        ("net", MLPForecaster(**TRAINED)),
        ("rnn", RNNForecaster(**TRAINED)),
    ]
    ensemble = EnsembleForecaster(members).fit(airline, fh=[1, 2, 3])
    single = [member.clone().fit(airline, fh=[1, 2, 3]) for _, member in members]
    mean = np.mean([member.predict() for member in single], axis=0)
    np.testing.assert_allclose(ensemble.predict(), mean)


@pytest.mark.parametrize("strategy", ["refit", "update", "no-update_params"])
def test_evaluate(airline, strategy):
    results = evaluate(
        MLPForecaster(**TRAINED),
        ExpandingWindowSplitter(fh=range(1, 4), initial_window=120, step_length=9),
        airline,
        strategy=strategy,
        scoring=[MeanAbsolutePercentageError(), PinballLoss()],
        error_score="raise",
        return_data=True,
    )
    assert len(results) == 3
    assert (results["test_MeanAbsolutePercentageError"] < 0.3).all()
    assert results["test_PinballLoss"].notna().all()
    for _, row in results.iterrows():
        assert row["y_pred"].index[0] == row["cutoff"] + 1


def test_update_predict(airline):
    forecaster = MLPForecaster(**TRAINED).fit(airline[:120], fh=[1, 2])
    splitter = SlidingWindowSplitter(fh=[1, 2], window_length=2, step_length=2)
    forecasts = forecaster.update_predict(
        airline[118:132], splitter, update_params=False
    )
    copy = forecaster.clone().fit(airline[:120], fh=[1, 2])
    for end in (120, 122, 124):
        copy.update(airline[end - 2 : end], update_params=False)
        column = forecasts[airline.index[end - 1]].dropna()
        np.testing.assert_allclose(column, copy.predict())
    assert forecaster.cutoff[0] == airline.index[119]


@pytest.fixture(scope="module")
def hierarchy():
    y = _make_hierarchical(
        hierarchy_levels=(2, 3), min_timepoints=40, max_timepoints=40, random_state=0
    )
    return y.rename(columns={"c0": "y"})


@pytest.mark.filterwarnings("ignore:Found elements in the index of X named")
@pytest.mark.parametrize("method", ["bu", "mint_shrink"])
def test_reconciliation(hierarchy, method):
    forecaster = ReconcilerForecaster(MLPForecaster(**TRAINED), method=method)
    forecaster.fit(hierarchy, fh=[1, 2])
    forecast = forecaster.predict()
    assert len(forecast) == 2 * (6 + 2 + 1)
    bottom = forecast[
        (forecast.index.get_level_values(0) != "__total")
        & (forecast.index.get_level_values(1) != "__total")
    ]
    total = forecast.loc[("__total", "__total"), "y"]
    np.testing.assert_allclose(bottom.groupby(level=-1)["y"].sum(), total)


def test_hierarchy_with_covariates(hierarchy):
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"x": rng.normal(size=len(hierarchy))}, hierarchy.index)
    y = hierarchy + 5 * X.to_numpy()
    times = y.index.get_level_values(-1)
    known = times < times.unique()[-2]
    forecaster = MLPForecaster(
        **{**TRAINED, "max_iter": 80, "window_length": 4}, normalize="series"
    )
    forecaster.fit(y[known], X[known], fh=[1, 2])
    forecast = forecaster.predict(X=X[~known])
    assert forecast.index.equals(y[~known].index)
    errors = (forecast - y[~known]).abs().to_numpy()
    naive = (y[~known] - y["y"].mean()).abs().to_numpy()
    assert errors.mean() < 0.5 * naive.mean()


@pytest.mark.parametrize("strategy", ["recursive", "direct", "multioutput", "dirrec"])
def test_reduction(airline, strategy):
    forecaster = make_reduction(
        TimeSeriesRegressor(), strategy=strategy, window_length=12
    )
    forecaster.set_config(remember_data=True)
    forecaster.fit(airline, fh=[1, 2, 3])
    forecast = forecaster.predict()
    assert list(forecast.index) == list(airline.index[-1] + np.arange(1, 4))
    assert (forecast - airline[-12:-9].to_numpy()).abs().max() < 120  # a year before


def test_classifier_and_regressor_of_panels():
    X, y = load_basic_motions("train", return_type="numpy3D")
    network = GRUClassifier(
        16, learning_rate="cosine", learning_rate_init=0.02, max_iter=40, random_state=0
    )
    classifier = TimeSeriesClassifier(make_pipeline(SequenceScaler(), network))
    classifier.fit(X, y)
    X_test, y_test = load_basic_motions("test", return_type="numpy3D")
    assert classifier.score(X_test, y_test) > 0.8
    direct = make_pipeline(SequenceScaler(), network).fit(np.swapaxes(X, 1, 2), y)
    expected = direct.predict_proba(np.swapaxes(X_test, 1, 2))
    np.testing.assert_array_equal(classifier.predict_proba(X_test), expected)
    assert classifier.predict_proba(X_test).shape == (40, 4)


def test_panels_of_unequal_length():
    X, y = load_japanese_vowels("train")
    X, y = X[::9], y[::9]
    network = GRUClassifier(8, learning_rate="cosine", max_iter=3, random_state=0)
    classifier = TimeSeriesClassifier(network).fit(X, y)
    assert classifier.predict(X[:5]).shape == (5,)
    numbers = np.asarray(y).astype(float)
    regressor = TimeSeriesRegressor(
        GRURegressor(8, learning_rate="cosine", max_iter=3, random_state=0)
    ).fit(X, numbers)
    assert regressor.predict(X[:5]).shape == (5,)

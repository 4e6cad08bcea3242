"""Any series, index, horizon and parameters: finite forecasts, or a sentence."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrnn import GRUClassifier, GRURegressor
from skrnn.sktime import TimeSeriesClassifier, TimeSeriesRegressor
from tests.forecast_data import FORECASTERS

from .fuzz_calls import SETTINGS, assert_finite, judge
from .fuzz_inputs import Recipe, inputs, recipes
from .fuzz_values import DTYPES, FILLS, as_type, filled

pytest.importorskip("sktime")
QUICK = {
    "window_length": 4,
    "hidden_layer_sizes": 2,
    "learning_rate": "onecycle",
    "max_iter": 1,
    "n_samples": 5,
    "n_threads": 1,
    "random_state": 0,
}
PARAMETERS = [
    {},
    {"horizon": 2, "loss": "normal"},
    {"loss": "student_t", "horizon": 3},
    {"loss": "quantile", "normalize": "series"},
    {"loss": "negative_binomial"},
    {"loss": "absolute_error", "normalize": None},
]
INDEXES = {
    "months": lambda n: pd.period_range("2000-01", periods=n, freq="M"),
    "range": pd.RangeIndex,
    "days": lambda n: pd.date_range("2000", periods=n, freq="D"),
    "spring": lambda n: pd.date_range(
        "2020-03-28 20:00", periods=n, freq="h", tz="Europe/Berlin"
    ),
    "same": lambda n: pd.DatetimeIndex(["2000-01-01"] * n),
    "back": lambda n: pd.date_range("2000", periods=n, freq="D")[::-1],
    "missing": lambda n: pd.DatetimeIndex([pd.NaT] * n),
    "durations": lambda n: pd.to_timedelta(np.arange(n), unit="h"),
    "names": lambda n: pd.Index([f"t{i}" for i in range(n)]),
}
HORIZONS = [
    [1, 2, 3], [3], [0], [-1, 1], [-100], [], [1, 1], [1.5], "a", None, [10**9], {},
    pd.Timedelta("1D"), pd.period_range("2001-03", periods=2, freq="M"),
]  # fmt: skip
METHODS = [
    "predict", "predict_interval", "predict_quantiles", "predict_var", "predict_proba",
    "predict_residuals", "update",
]  # fmt: skip
LEVELS = [0.9, [0.1, 0.9], 0, 1.5, "a", None, []]


@st.composite
def series(draw):
    """One series, or a panel, of 0 to 14 rows."""
    n = draw(st.sampled_from([14, 14, 14, 6, 1, 0]))
    shape = (n, draw(st.sampled_from([1, 1, 2, 0])))
    fill = draw(st.sampled_from(["noise"] * 8 + FILLS))
    dtype = draw(st.sampled_from(["float64"] * 12 + DTYPES))
    values = as_type(filled(fill, shape, np.random.default_rng(0)), dtype)
    index = INDEXES[draw(st.sampled_from(["months"] * 4 + list(INDEXES)))](n)
    frame = pd.DataFrame(values, index)
    form = draw(st.sampled_from(["frame", "series", "panel", "array", "none"]))
    if form == "panel":
        return pd.concat([frame, frame], keys=["a", "b"])
    if form == "series" and shape[1]:
        return frame[0]
    return {"array": values, "none": None}.get(form, frame)


def values_of(forecast):
    """Numbers of a frame, or of the mean of a distribution."""
    forecast = forecast.mean() if hasattr(forecast, "pdf") else forecast
    assert_finite(np.asarray(forecast, dtype=float))


@SETTINGS
@given(
    series(),
    st.sampled_from(FORECASTERS),
    st.sampled_from(PARAMETERS),
    st.sampled_from(HORIZONS[:3] * 4 + HORIZONS),
    st.sampled_from(METHODS),
    st.sampled_from(LEVELS),
    st.booleans(),
)
def test_forecasters(y, forecaster, parameters, fh, method, levels, is_pretrained):
    model = forecaster(**QUICK, **parameters)
    warned = {"may_warn": (UserWarning, FutureWarning)}
    if is_pretrained:
        judge("pretrain", lambda: model.pretrain(y), (y,), **warned)
    if judge("forecaster.fit", lambda: model.fit(y), (y,), **warned) is None:
        return
    options = {
        "predict_interval": {"coverage": levels},
        "predict_quantiles": {"alpha": levels},
    }
    calls = {
        "predict_residuals": model.predict_residuals,
        "update": lambda: model.update(y).predict(fh),
    }

    def other():
        return getattr(model, method)(fh, **options.get(method, {}))

    judge(method, calls.get(method, other), (y,), values_of, **warned)


PANELS = st.builds(
    Recipe,
    st.sampled_from(["3d", "3d", "panel", "nested_frame", "list_of_frames", "2d"]),
    st.sampled_from(["noise"] * 6 + FILLS),
    st.sampled_from(["float64"] * 6 + DTYPES),
    st.sampled_from([(6, 4, 2), (6, 4, 1), (6, 1, 1), (0, 4, 1), (6, 0, 1)]),
)


@SETTINGS
@given(
    inputs(st.one_of(PANELS, recipes(n_samples=6))),
    inputs(PANELS),
    st.booleans(),
)
def test_panels(X, later, is_classifier):
    quick = {"max_iter": 1, "learning_rate": "cosine", "n_threads": 1}
    network = GRUClassifier(2, **quick) if is_classifier else GRURegressor(2, **quick)
    adapter = TimeSeriesClassifier if is_classifier else TimeSeriesRegressor
    model, y = adapter(network), np.arange(6) % 2
    warned = {"may_warn": (UserWarning, FutureWarning)}
    if judge("panel.fit", lambda: model.fit(X, y), (X,), **warned) is None:
        return
    judge("panel.predict", lambda: model.predict(later), (later,), assert_finite)

"""The displays: what is drawn is what was given, or measured."""

import sys
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib import pyplot as plt
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier as TheirMLPClassifier
from sklearn.pipeline import make_pipeline
from sktime.exceptions import NotFittedError as TheirNotFittedError
from sktime.forecasting.naive import NaiveForecaster
from torch import nn

from skrnn import (
    GRUClassifier,
    GRURegressor,
    LSTMClassifier,
    LSTMRegressor,
    MLPRegressor,
    RNNRegressor,
    SequenceScaler,
    Windows,
)
from skrnn.inspection import (
    ForecastDisplay,
    GateDisplay,
    GradientNormDisplay,
    LossCurveDisplay,
    gradient_norms,
)
from skrnn.sktime import MLPForecaster
from tests.bare import PLAIN_CLASSIFIER, PLAIN_REGRESSOR
from tests.common_estimators import ragged
from tests.forecast_data import QUICK, months, panel

mpl.use("Agg")
pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore:.*remember_data:FutureWarning",
)
RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 12, 2))
LABELS = (X[:, 0, 0] > 0).astype(int)
MONTHLY = pd.Series(np.arange(36.0), months(36), name="sales")


@pytest.fixture(autouse=True)
def no_figures_left():
    plt.close("all")  # of doctests before
    yield
    plt.close("all")


@pytest.fixture
def ax():
    return plt.figure().subplots()


@pytest.fixture(scope="module")
def lstm():
    options = {"conv_filters": None, "max_iter": 3, "random_state": 0}
    return LSTMClassifier((4, 3), **options).fit(X, LABELS)


# loss curves


def early_stopped(cls=GRUClassifier, **parameters):
    return cls(
        hidden_layer_sizes=(4,),
        early_stopping=True,
        validation_fraction=0.3,
        max_iter=6,
        learning_rate_init=0.05,
        random_state=0,
        **parameters,
    )


def around(model, kind):
    if kind == "pipeline":
        return make_pipeline(SequenceScaler(), model)
    return GridSearchCV(model, {"alpha": [0.0, 0.1]}, cv=2) if kind else model


@pytest.mark.parametrize("kind", [None, "pipeline", "search"])
def test_loss_curve_of_an_estimator(kind, ax):
    fitted = around(early_stopped(), kind).fit(X, LABELS)
    display = LossCurveDisplay.from_estimator(fitted, ax=ax, name="GRU")
    model = {None: lambda: fitted, "pipeline": lambda: fitted[-1]}.get(
        kind, lambda: fitted.best_estimator_
    )()
    assert display.ax_ is ax
    assert display.figure_ is ax.figure
    np.testing.assert_array_equal(
        display.loss_line_.get_xydata(),
        np.column_stack([1 + np.arange(model.n_iter_), model.loss_curve_]),
    )
    scores = model.validation_scores_
    np.testing.assert_array_equal(display.score_line_.get_ydata(), scores)
    assert display.best_epoch == 1 + scores.index(max(scores))
    assert display.best_line_.get_xdata() == [display.best_epoch] * 2
    assert plt.get_fignums() == [ax.figure.number]


def test_best_epoch_is_of_the_last_fit():
    model = early_stopped(warm_start=True).fit(X, LABELS)
    n_first = model.n_iter_
    model.fit(X, LABELS)
    scores = model.validation_scores_[n_first:]
    display = LossCurveDisplay.from_estimator(model)
    assert display.best_epoch == n_first + 1 + scores.index(max(scores))


def test_best_epoch_only_where_early_stopping_chose():
    model = GRUClassifier(4, max_iter=2).fit(X, LABELS, X_val=X, y_val=LABELS)
    display = LossCurveDisplay.from_estimator(model)
    assert len(display.score_line_.get_ydata()) == 2
    assert display.best_epoch is None
    assert display.best_line_ is None


def test_loss_curve_of_scikit_learn_and_of_a_forecaster():
    theirs = early_stopped(TheirMLPClassifier).fit(X[:, :, 0], LABELS)
    display = LossCurveDisplay.from_estimator(theirs)
    assert theirs.validation_scores_[display.best_epoch - 1] == max(
        theirs.validation_scores_
    )
    forecaster = MLPForecaster(**QUICK).fit(MONTHLY, fh=[1, 2])
    display = LossCurveDisplay.from_estimator(forecaster)
    np.testing.assert_array_equal(
        display.loss_line_.get_ydata(), forecaster.loss_curve_
    )


def test_loss_curves_share_axes(ax):
    first = LossCurveDisplay.from_curves([3, 2, 1], [0.1, 0.2, 0.3], ax=ax, name="a")
    second = LossCurveDisplay.from_curves([2, 1], [0.4], ax=ax, name="b")
    assert first.score_ax_ is second.score_ax_
    assert second.score_line_.get_xdata().tolist() == [2]
    third = LossCurveDisplay.from_curves([1, 1], ax=ax, name="c", log_scale=True)
    assert third.score_ax_ is None
    assert ax.get_yscale() == "log"
    texts = [text.get_text() for text in first.score_ax_.get_legend().get_texts()]
    assert texts == [
        *(f"{name}: training loss" for name in "abc"),
        *(f"{name}: validation score" for name in "ab"),
    ]
    styled = LossCurveDisplay([1, 2]).plot(loss_kw={"c": "red", "lw": 7})
    assert styled.loss_line_.get_color() == "red"
    assert styled.loss_line_.get_linewidth() == 7


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"loss_curve": []}, "one number for each epoch"),
        ({"loss_curve": [[1.0]]}, "one number for each epoch"),
        ({"loss_curve": [1.0, -2.0], "log_scale": True}, "the smallest is -2"),
        ({"loss_curve": [1.0], "best_epoch": 2}, "counted from 1 to 1"),
        ({"loss_curve": [1.0], "validation_scores": [1, 2]}, "2 validation_scores"),
    ],
)
def test_refused_curves(arguments, message):
    with pytest.raises(ValueError, match=message):
        LossCurveDisplay.from_curves(**arguments)
    assert plt.get_fignums() == []


def test_no_curve():
    with pytest.raises(NotFittedError, match="GRUClassifier is not fitted yet"):
        LossCurveDisplay.from_estimator(GRUClassifier())
    with pytest.raises(TheirNotFittedError, match="not been fitted yet"):
        LossCurveDisplay.from_estimator(MLPForecaster())
    model = TheirMLPClassifier(solver="lbfgs", max_iter=2).fit(X[:, :, 0], LABELS)
    with pytest.raises(ValueError, match="MLPClassifier has no curve to draw"):
        LossCurveDisplay.from_estimator(model)


# forecasts


def stamps(kind, first, stop):
    return {
        "period": months(stop)[first:],
        "date": pd.date_range("2000-01-01", periods=stop, freq="D")[first:],
        "number": pd.RangeIndex(2 * first, 2 * stop, 2),
    }[kind]


@pytest.mark.parametrize("kind", ["period", "date", "number"])
def test_forecast_is_drawn_as_given(kind, ax):
    y = pd.Series(np.arange(10.0) ** 2, stamps(kind, 0, 10))
    forecast = pd.Series([5.0, 6.0, 7.0], stamps(kind, 10, 13))
    truth = pd.Series([4.0, 8.0], stamps(kind, 10, 12))
    display = ForecastDisplay.from_predictions(
        y, forecast, y_true=truth, season_length=2, ax=ax, n_history=4
    )
    assert display.ax_ is ax
    for line, series in (
        (display.history_line_, y[-4:]),
        (display.forecast_line_, forecast),
        (display.true_line_, truth),
    ):
        times = series.index
        times = times.to_timestamp() if kind == "period" else times
        np.testing.assert_array_equal(line.get_xdata(orig=True), times)
        np.testing.assert_array_equal(line.get_ydata(), series)
    assert display.naive_line_.get_ydata().tolist() == [64, 81, 64]
    within = pd.Series([0.0, 0.0], y.index[[1, 8]])
    display = ForecastDisplay.from_predictions(y, within, season_length=2)
    np.testing.assert_array_equal(display.y_naive, [np.nan, 36])


def test_naive_forecast_counts_rows_not_steps_asked_for():
    y = pd.Series(np.arange(24.0), months(24))
    forecast = pd.Series(0.0, months(44)[[24, 35, 43]])
    naive = ForecastDisplay.from_predictions(y, forecast, season_length=12).y_naive
    assert naive.tolist() == [12, 23, 19]
    assert (
        ForecastDisplay.from_predictions(y, forecast, season_length=None).naive_line_
        is None
    )


def test_naive_forecast_equals_sktime():
    theirs = NaiveForecaster("last", sp=5).fit(MONTHLY, fh=range(1, 13))
    display = ForecastDisplay.from_estimator(theirs, season_length=5)
    np.testing.assert_array_equal(display.y_naive, theirs.predict())
    np.testing.assert_array_equal(display.history_line_.get_ydata(), MONTHLY)
    assert list(display.bands_) == [0.9, 0.5]


def test_interval_fan(ax):
    forecaster = MLPForecaster(**QUICK).fit(MONTHLY, fh=range(1, 5))
    display = ForecastDisplay.from_estimator(forecaster, coverage=[0.5, 0.8], ax=ax)
    intervals = forecaster.predict_interval(coverage=[0.8, 0.5])["sales"]
    assert list(display.bands_) == [0.8, 0.5]
    for coverage, band in display.bands_.items():
        drawn = band.get_paths()[0].get_extents()
        assert drawn.y0 == intervals[coverage]["lower"].min()
        assert drawn.y1 == intervals[coverage]["upper"].max()
    np.testing.assert_array_equal(display.history_line_.get_ydata(), MONTHLY)
    quantiles = forecaster.predict_quantiles(alpha=[0.1, 0.25, 0.5, 0.75, 0.9])
    again = ForecastDisplay.from_predictions(
        MONTHLY, forecaster.predict(), intervals=quantiles
    )
    np.testing.assert_allclose(again.intervals, display.intervals)
    assert list(again.intervals) == list(display.intervals)
    one = ForecastDisplay.from_estimator(forecaster, fh=1, coverage=0.9)
    assert one.forecast_line_.get_marker() == "o"
    assert one.bands_[0.9].get_linewidth() > 0
    assert not ForecastDisplay.from_estimator(forecaster, coverage=None).bands_


def test_one_of_a_panel_and_of_several_columns():
    y = panel().assign(z=lambda frame: -frame["y"])
    forecaster = MLPForecaster(**QUICK).fit(y, fh=[1, 2])
    display = ForecastDisplay.from_estimator(forecaster, instance="a", variable="z")
    np.testing.assert_array_equal(display.y_history, y.loc["a", "z"])
    np.testing.assert_array_equal(display.y_pred, forecaster.predict().loc["a", "z"])
    expected = forecaster.predict_interval(coverage=0.9).loc["a", "z"]
    np.testing.assert_array_equal(display.intervals[0.9], expected[0.9])
    for choice, message in (
        ({}, "instances 'c', 'a', 'b'; choose one by instance="),
        ({"instance": "x"}, "not instance='x'"),
        ({"instance": "a"}, "columns 'y', 'z'; choose one by variable="),
    ):
        with pytest.raises(ValueError, match=message):
            ForecastDisplay.from_estimator(forecaster, **choice)


def test_hierarchy_and_forecaster_without_intervals_or_memory():
    class Plain:
        """Forecasts zeros."""

        def predict(self, fh=None, X=None):
            return y.groupby(level=[0, 1]).tail(1) * 0

    y = pd.concat({"top": panel((20, 20))}, names=["group"])
    display = ForecastDisplay.from_estimator(Plain(), y, instance=("top", "a"))
    assert display.intervals is None
    np.testing.assert_array_equal(display.y_history, y.loc[("top", "a"), "y"])
    with pytest.raises(ValueError, match="Plain does not remember the series"):
        ForecastDisplay.from_estimator(Plain())


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"y_history": [1, 2]}, TypeError, "y_history should be a Series"),
        ({"y_pred": pd.Series([1.0])}, ValueError, "y_pred has numbers"),
        ({"intervals": MONTHLY.to_frame()}, TypeError, "columns of 3 or 2 levels"),
        ({"season_length": 0}, ValueError, "season_length == 0"),
        ({"n_history": 0}, ValueError, "n_history == 0"),
        (
            {"y_pred": pd.Series([1.0], pd.PeriodIndex(["2003-01"], freq="D"))},
            ValueError,
            "periods of D",
        ),
        (
            {
                "y_history": pd.Series([1.0, 2, 3], pd.to_datetime([1, 3, 9])),
                "y_pred": pd.Series([1.0], pd.to_datetime([11])),
            },
            ValueError,
            "have no frequency",
        ),
        (
            {
                "y_history": pd.Series([1.0, 2.0], [0, 2]),
                "y_pred": pd.Series([1.0], [5]),
            },
            ValueError,
            "the forecast has 5, which is not a time",
        ),
        (
            {"intervals": pd.DataFrame({("sales", 0.1): [1.0]}, months(37)[-1:])},
            ValueError,
            "form an interval",
        ),
    ],
)
def test_refused_forecasts(arguments, error, message):
    given = {"y_history": MONTHLY, "y_pred": pd.Series([1.0], months(37)[-1:])}
    with pytest.raises(error, match=message):
        ForecastDisplay.from_predictions(**(given | arguments))
    assert plt.get_fignums() == []


# gates


def test_gates_are_drawn_as_given():
    values = RNG.uniform(size=(3, 7, 4))
    values[1, 5:] = np.nan
    activations = {"forget": values, "cell": 10 * values - 5}
    series = np.arange(5.0)
    display = GateDisplay.from_activations(activations, sample=1, series=series)
    assert len(display.axes_) == 3
    np.testing.assert_array_equal(display.lines_[0].get_ydata(), series)
    forget, cell = display.images_.values()
    np.testing.assert_array_equal(forget.get_array(), values[1, :5].T)
    np.testing.assert_array_equal(cell.get_array(), (10 * values - 5)[1, :5].T)
    assert forget.get_clim() == (0, 1)
    assert cell.get_clim()[0] == -cell.get_clim()[1] == -np.abs(cell.get_array()).max()
    assert display.figure_ is display.axes_[0].figure
    given = plt.figure().subplots(2, 1)
    display = GateDisplay(display.activations).plot(given, image_kw={"cmap": "gray"})
    assert list(display.axes_) == list(given)
    assert display.images_["cell"].get_cmap().name == "gray"


@pytest.mark.parametrize(
    ("model", "names"),
    [
        (LSTMRegressor((4, 3)), "input forget output candidate cell hidden"),
        (GRURegressor(3), "reset update candidate hidden"),
        (RNNRegressor(3, bidirectional=True), "hidden hidden_backward"),
    ],
)
def test_gates_of_an_estimator(model, names, ax):
    sequences = ragged(6, 9, n_features=2)
    model = clone(model).set_params(max_iter=1).fit(sequences, np.arange(6.0))
    display = GateDisplay.from_estimator(model, sequences, sample=-2, ax=ax)
    assert set(display.images_) == set(names.split())
    expected = model.gate_activations(sequences)
    n_steps = len(sequences[-2])
    for name, image in display.images_.items():
        drawn = expected[name][-2, :n_steps].T
        np.testing.assert_allclose(image.get_array(), drawn, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(
        np.stack([line.get_ydata() for line in display.lines_], axis=1),
        sequences[-2],
        rtol=1e-6,
    )
    assert display.figure_ is ax.figure
    assert plt.get_fignums() == [ax.figure.number]


def test_gates_within_a_pipeline_and_of_another_layer(lstm):
    pipeline = make_pipeline(SequenceScaler(), LSTMClassifier((4, 3), max_iter=1))
    display = GateDisplay.from_estimator(pipeline.fit(X, LABELS), X, sample=2, layer=0)
    scaled = pipeline[0].transform(X)[2]
    np.testing.assert_allclose(display.lines_[1].get_ydata(), scaled[:, 1], rtol=1e-6)
    assert display.images_["forget"].get_array().shape == (4, 12)
    whole = GateDisplay.from_estimator(lstm, Windows.from_array(X), sample=5)
    assert whole.images_["forget"].get_array().shape == (3, 12)


def test_gates_of_a_piece_follow_from_those_before_it():
    model = GRURegressor(3, stateful=True, shuffle=False, max_iter=1, random_state=0)
    X = np.random.default_rng(0).normal(size=(8, 5, 1))
    expected = model.fit(X, X[:, -1, 0]).gate_activations(X)
    display = GateDisplay.from_estimator(model, X, sample=4)
    for name, image in display.images_.items():
        np.testing.assert_allclose(image.get_array(), expected[name][4].T, rtol=1e-5)
    assert display.lines_[0].get_ydata() == pytest.approx(X[4, :, 0], abs=1e-6)


def test_gates_of_tokens_and_after_convolutions():
    ids = [[1, 2, 3, 1], [2, 3], [3, 3, 1]]
    model = GRUClassifier(3, embedding_dim=2, max_iter=1).fit(ids, [0, 1, 0])
    display = GateDisplay.from_estimator(model, ids, sample=2)
    assert display.lines_[0].get_ydata().tolist() == [3, 3, 1]
    options = {"conv_filters": (2,), "conv_kernel_size": 3, "conv_norm": None}
    shorter = GRUClassifier(3, conv_padding="valid", max_iter=1, **options)
    display = GateDisplay.from_estimator(shorter.fit(X, LABELS), X)
    assert display.images_["update"].get_array().shape == (3, 10)
    np.testing.assert_allclose(display.lines_[0].get_ydata(), X[0, 2:, 0], rtol=1e-6)
    shorter.set_params(conv_padding="same", conv_kernel_size=5, conv_strides=5)
    display = GateDisplay.from_estimator(shorter.fit(X, LABELS), X)
    assert display.images_["update"].get_array().shape == (3, 3)
    newest = X[0, [4, 9, 11], 0]  # of each block
    np.testing.assert_allclose(display.lines_[0].get_ydata(), newest, rtol=1e-6)


def test_refused_gates(lstm, ax):
    for arguments, message in (
        ({"activations": {}}, "activations is empty"),
        ({"activations": {"cell": np.zeros((2, 3))}}, "n_samples, n_timesteps"),
        ({"activations": {"cell": np.zeros((2, 3, 4))}, "sample": 2}, "2 sequences"),
        ({"activations": {"cell": np.zeros((2, 3, 4))}, "series": [1]}, "series 1"),
        ({"activations": {"cell": np.zeros((2, 3, 4))}, "ax": [ax, ax]}, "2 axes"),
    ):
        with pytest.raises(ValueError, match=message):
            GateDisplay.from_activations(**arguments)
    with pytest.raises(ValueError, match="layer must be from -2 to 1"):
        GateDisplay.from_estimator(lstm, X, layer=2)
    with pytest.raises(NotFittedError, match="LSTMClassifier is not fitted yet"):
        GateDisplay.from_estimator(LSTMClassifier(), X)
    mlp = MLPRegressor(max_iter=1).fit(X[:, :, 0], LABELS)
    with pytest.raises(TypeError, match="recurrent networks, expected"):
        GateDisplay.from_estimator(mlp, X)
    assert plt.get_fignums() == [ax.figure.number]


# gradients


def test_gradient_of_a_linear_recurrence_is_a_power():
    """With a positive state a relu RNN of one unit is h = w h + v x."""
    model = RNNRegressor(
        1, activation="relu", max_iter=1, random_state=0, **PLAIN_REGRESSOR
    )
    sequences = 1 + RNG.uniform(size=(5, 8, 1))
    model.fit(sequences, np.ones(5))
    layer = model.net_.module_.layers[0].forward_in_time
    with torch.no_grad():
        layer.weight_ih_l0.fill_(2.0)
        layer.weight_hh_l0.fill_(0.5)
        model.net_.module_.head.weight.fill_(-3.0)
    distances, norms = gradient_norms(model, sequences)
    np.testing.assert_array_equal(distances, np.arange(8))
    np.testing.assert_allclose(norms, 3 * 2 * 0.5**distances, rtol=1e-12)


def jacobians(model, sequence):
    """Norm of d output / d x at each step by finite differences, newest first."""
    module = model.net_.module_
    x = torch.tensor(sequence, dtype=torch.float64)[None]
    norms = []
    for t in range(x.shape[1]):
        columns = []
        for feature in range(x.shape[2]):
            step = torch.zeros_like(x)
            step[0, t, feature] = 1e-5
            with torch.no_grad():
                columns.append((module(x + step) - module(x - step))[0] / 2e-5)
        norms.append(torch.stack(columns).norm().item())
    return np.array(norms[::-1])


@pytest.mark.parametrize("cls", [LSTMClassifier, GRUClassifier])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_gradients_equal_finite_differences(cls, bidirectional):
    sequences = ragged(5, 7, n_features=2)
    y = [0, 1, 2, 0, 1]
    options = {"dtype": "float64", "max_iter": 1, **PLAIN_CLASSIFIER}
    model = cls((4, 3), bidirectional=bidirectional, **options)
    model.fit(sequences, y)
    each = [jacobians(model, sequence) for sequence in sequences]
    longest = max(map(len, each))
    expected = [
        np.mean([norms[d] for norms in each if len(norms) > d]) for d in range(longest)
    ]
    _, norms = gradient_norms(model, sequences)
    np.testing.assert_allclose(norms, expected, rtol=1e-6)


def test_gradients_by_embedded_tokens():
    ids = RNG.integers(1, 9, (6, 5))
    model = GRUClassifier(3, embedding_dim=4, max_iter=1, pooling="last")
    model.fit(ids, [0, 1] * 3)
    _, norms = gradient_norms(model, ids)
    plain = nn.GRU(4, 3, batch_first=True).double()
    module = model.net_.module_
    plain.load_state_dict(module.layers[0].forward_in_time.state_dict())
    vectors = module.embedding.weight[torch.tensor(ids)].detach().double()
    vectors.requires_grad_(True)
    scores = plain(vectors)[0][:, -1] @ module.head.weight.double().T
    (gradient,) = torch.autograd.grad(scores.sum(), vectors)
    expected = gradient.norm(dim=2).mean(dim=0).flip(0)
    np.testing.assert_allclose(norms, expected, rtol=1e-6)


@pytest.mark.parametrize("sequences", [X, ragged(5, 7, n_features=2)])
def test_gradient_of_the_last_output_where_there_is_one_at_each_step(sequences):
    model = GRUClassifier(3, max_iter=1, **PLAIN_CLASSIFIER)
    model.fit(sequences, np.arange(len(sequences)) % 2)
    _, expected = gradient_norms(model, sequences)
    module = model.net_.module_
    module.architecture = replace(module.architecture, return_sequences=True)
    np.testing.assert_allclose(gradient_norms(model, sequences)[1], expected)


def test_gradients_leave_the_estimator_alone(lstm):
    module = lstm.net_.module_
    module.train()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    had = [p.grad is None for p in module.parameters()]
    random_state = torch.get_rng_state()
    with torch.inference_mode():
        gradient_norms(lstm, X)
    assert module.training
    module.eval()
    assert [p.grad is None for p in module.parameters()] == had
    assert all(p.requires_grad for p in module.parameters())
    assert all(torch.equal(v, before[name]) for name, v in module.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random_state)


def test_gradients_before_training_are_those_fit_begins_with():
    options = {"learning_rate_init": 1e-12, "max_iter": 1, "readout": None}
    model = LSTMRegressor(4, random_state=3, **options)
    _, before = gradient_norms(model, X, LABELS)
    assert not hasattr(model, "net_")
    _, after = gradient_norms(model.fit(X, LABELS), X)
    np.testing.assert_allclose(before, after, rtol=1e-5)


def test_gradients_are_drawn_as_measured(lstm, ax):
    gru = GRUClassifier(3, max_iter=1, random_state=0).fit(X, LABELS)
    models = {"a": lstm, "b": gru}
    display = GradientNormDisplay.from_estimators(models, X, ax=ax)
    assert display.ax_ is ax
    for name, line in display.lines_.items():
        distances, norms = gradient_norms(models[name], X)
        np.testing.assert_array_equal(
            line.get_xydata(), np.column_stack([distances, norms])
        )
    assert ax.get_yscale() == "log"
    one = GradientNormDisplay.from_estimator(gru, X, log_scale=False)
    assert list(one.lines_) == ["GRUClassifier"]
    assert one.ax_.get_yscale() == "linear"


def test_refused_gradients():
    with pytest.raises(NotFittedError, match="pass the targets y as well"):
        gradient_norms(RNNRegressor(), X)
    with pytest.raises(TypeError, match="got MLPRegressor"):
        gradient_norms(MLPRegressor(), X, LABELS)
    with pytest.raises(ValueError, match="at least one network"):
        GradientNormDisplay({}).plot()


def test_missing_matplotlib_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for draw in (
        lambda: LossCurveDisplay.from_curves([1.0]),
        lambda: ForecastDisplay.from_predictions(MONTHLY, MONTHLY),
        lambda: GateDisplay({"cell": np.zeros((2, 2))}).plot(),
        lambda: GradientNormDisplay({"a": [1.0]}).plot(),
    ):
        with pytest.raises(ImportError, match="pip install"):
            draw()


def test_other_kinds_of_estimators_are_refused_in_a_sentence():
    model = RNNRegressor(2)
    with pytest.raises(TypeError, match="a dict by the names that the legend shows"):
        GradientNormDisplay.from_estimators([model], np.zeros((2, 3, 1)))
    with pytest.raises(TypeError, match="RNNRegressor forecasts no horizon fh"):
        ForecastDisplay.from_estimator(model)

"""Forecasters through their life: training, update, pretraining, files, errors."""

import pickle
import threading

import numpy as np
import pandas as pd
import pytest
from skorch.callbacks import Callback

from skrnn.sktime import (
    GRUForecaster,
    LSTMForecaster,
    MLPForecaster,
    RNNForecaster,
)
from skrnn.training import predict_loss
from tests.forecast_data import (
    QUICK,
    counts,
    covariate_data,
    months,
    noise,
    panel,
)


def test_held_out_rows_are_not_learnt_from():
    """Neither by the weights nor by the scaling, while they only are watched."""
    y = noise(100)
    changed = y.copy()
    changed.iloc[-9:] = 1000  # 9 of 90 windows are held out, and their targets
    nets = []
    for given in (y, changed):
        forecaster = GRUForecaster(**QUICK, horizon=3, early_stopping=False)
        forecaster.fit(given)
        assert forecaster.validation_scores_ is None
        nets.append(forecaster.net_.module_.state_dict())
    for name, weights in nets[0].items():
        assert (weights == nets[1][name]).all(), name


def test_early_stopping_keeps_the_best_weights():
    forecaster = MLPForecaster(
        6, 1, hidden_layer_sizes=64, n_iter_no_change=5, random_state=0
    ).fit(noise(60))
    scores = forecaster.validation_scores_
    assert len(scores) == forecaster.n_iter_ < 200
    assert np.argmax(scores) == len(scores) - 7  # 5 epochs without more, and one
    loss = held_out_loss(forecaster)
    assert loss == pytest.approx(-max(scores), rel=1e-5)
    assert loss < -scores[-1]


def held_out_loss(forecaster, net=None):
    """The loss on the windows that the last training has held out."""
    model, history = forecaster._model, forecaster._history
    _, held_out = model._split(history, forecaster.validation_fraction)
    rows = model.scaling.rows_of(history, model.plan.dtype)
    data = model._dataset(history, rows, held_out)
    return predict_loss(net or model.network.net, data, 1)


def test_update_moves_the_window_and_nothing_else():
    y = noise(90)
    forecaster = LSTMForecaster(**QUICK, horizon=3).fit(y[:80])
    weights = forecaster.net_.module_.state_dict()
    for row in range(80, 90):
        forecaster.update(y[row : row + 1], update_params=False)
    assert forecaster.cutoff[0] == y.index[-1]
    for name, value in forecaster.net_.module_.state_dict().items():
        assert (value == weights[name]).all()
    at_once = LSTMForecaster(**QUICK, horizon=3).fit(y[:80])
    at_once.update(y[80:], update_params=False)
    pd.testing.assert_frame_equal(at_once.predict([1]), forecaster.predict([1]))


def test_update_of_some_series_and_of_new_ones():
    y = panel((60, 45))
    later = y.loc[["a"]].iloc[-3:].copy()
    later.index = pd.MultiIndex.from_product([["a"], months(3, "2003-10")])
    new = pd.concat([noise(20, 5)], keys=["n"])
    forecaster = GRUForecaster(**QUICK).fit(y)
    forecaster.update(pd.concat([later, new]), update_params=False)
    forecast = forecaster.predict(fh=[1])
    ends = {name: str(month) for name, month in forecast.index}
    assert ends == {"c": "2005-01", "a": "2004-01", "n": "2001-09"}


def test_update_trains_on():
    y = noise(120)
    options = {**QUICK, "max_iter": 40}
    forecaster = GRUForecaster(**options, horizon=1).fit(y[:90])
    before = {k: v.clone() for k, v in forecaster.net_.module_.state_dict().items()}
    forecaster.update(y[90:], update_params=True)
    after = forecaster.net_.module_.state_dict()
    assert any((before[name] != after[name]).any() for name in after)
    assert forecaster.n_iter_ >= 1


@pytest.mark.filterwarnings("ignore:max_iter=3 epochs were reached")
def test_update_is_no_worse_on_held_out_rows():
    """Whatever the learning rate: the weights at hand are a candidate."""
    harmful = {"learning_rate": "constant", "learning_rate_init": 0.3, "max_iter": 3}
    forecaster = GRUForecaster(**{**QUICK, **harmful}, horizon=1).fit(noise(90))
    old = forecaster.net_
    forecaster.update(noise(92)[90:], update_params=True)
    kept = held_out_loss(forecaster, old)
    assert max(forecaster.validation_scores_) < -kept
    assert held_out_loss(forecaster) == kept


def test_a_failing_update_leaves_the_forecaster_as_it_was():
    y = noise(90)
    forecaster = GRUForecaster(**QUICK).fit(y[:80])
    before = forecaster.predict(fh=[1])
    forecaster.set_config(warnings="off")
    with pytest.raises(ValueError, match="update takes X if, and only if"):
        forecaster.update(y[80:], pd.DataFrame({"x": 1.0}, y.index[80:]))
    bad = y[80:].copy()
    bad.iloc[0] = np.nan
    with pytest.raises(ValueError, match=r"missing|NaN"):
        forecaster.update(bad)
    np.testing.assert_array_equal(forecaster.predict(fh=[1]), before)


def test_pretrained_networks_forecast_other_series():
    y = panel((60, 60, 60, 60, 60))
    forecaster = GRUForecaster(**QUICK, horizon=3, fine_tune=False).pretrain(y)
    weights = forecaster.pretrained_model_.network.net.module_.state_dict()
    other = noise(30, seed=9)
    forecaster.fit(other, fh=[1, 2, 3])
    for name, value in forecaster.net_.module_.state_dict().items():
        assert (value == weights[name]).all()
    assert forecaster.predict_interval().shape == (3, 2)
    np.testing.assert_array_equal(
        forecaster.clone().fit(other, fh=[1, 2, 3]).predict(), forecaster.predict()
    )
    tuned = GRUForecaster(**QUICK, horizon=3, early_stopping=False).pretrain(y)
    tuned.learning_rate_init = 1e-5  # a small step away
    tuned.fit(other)
    for name, value in tuned.net_.module_.state_dict().items():
        pretrained = tuned.pretrained_model_.network.net.module_.state_dict()[name]
        assert ((value - pretrained).abs() < 1e-3).all()
    module = tuned.net_.module_.state_dict()
    assert any((module[name] != weights[name]).any() for name in module)
    again = pickle.loads(pickle.dumps(forecaster))
    np.testing.assert_array_equal(again.predict(), forecaster.predict())
    with pytest.raises(ValueError, match=r"n_targets=2 \(pretrained: 1\)"):
        forecaster.fit(pd.DataFrame({"y": other["y"], "z": other["y"]}))


def test_the_same_seed_gives_the_same_bits():
    y = panel()
    for options in ({"loss": "absolute_error"}, {"loss": "normal", "horizon": 1}):
        runs = [
            GRUForecaster(**QUICK, **options, dropout=0.2).fit(y, fh=[1, 2, 3])
            for _ in range(2)
        ]
        pd.testing.assert_frame_equal(*(run.predict() for run in runs))
        pd.testing.assert_frame_equal(*(run.predict_interval() for run in runs))
        pd.testing.assert_frame_equal(
            runs[0].predict_interval(), runs[0].predict_interval()
        )
    other = GRUForecaster(**{**QUICK, "random_state": 1}).fit(y, fh=[1, 2, 3])
    assert (other.predict() != runs[0].predict()).any(axis=None)


def test_saved_and_loaded(tmp_path):
    y = noise()
    forecaster = GRUForecaster(**QUICK, loss="normal", horizon=2, n_samples=20)
    forecaster.fit(y, fh=[1, 2, 3])
    forecaster.save(tmp_path / "model")
    loaded = GRUForecaster.load_from_path(tmp_path / "model.zip")
    for answer in ("predict", "predict_interval", "predict_var"):
        pd.testing.assert_frame_equal(
            getattr(loaded, answer)(), getattr(forecaster, answer)()
        )
    loaded.update(y[-1:], update_params=True)
    assert loaded.cutoff[0] == y.index[-1]
    assert len(pickle.dumps(forecaster)) < 60_000


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_float64_and_lbfgs_and_threads():
    y = noise(60)
    forecaster = MLPForecaster(
        6, 2, hidden_layer_sizes=4, solver="lbfgs", max_grad_norm=None, max_iter=50,
        dtype="float64", n_threads=2, early_stopping=False, random_state=0,
    ).fit(y)  # fmt: skip
    assert forecaster.net_.module_.trunk.head.weight.dtype.itemsize == 8
    assert forecaster.predict(fh=[1, 2]).notna().all(axis=None)
    assert "MLPForecaster, float64 on cpu" in str(forecaster.summary())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window_length": 0}, "'window_length' parameter"),
        ({"horizon": "direct"}, "'horizon' parameter"),
        ({"horizon": 80}, r"horizon=80 needs a series of 81 rows"),
        ({"loss": "mse"}, "'loss' parameter"),
        ({"normalize": "minmax"}, "'normalize' parameter"),
        ({"quantiles": (0.1, 0.9), "loss": "quantile"}, "0.5 in their middle"),
        ({"quantiles": (0.5,), "loss": "quantile"}, "three or more"),
        ({"quantiles": (0, 0.5, 1), "loss": "quantile"}, "between 0 and 1"),
        ({"activation": "sigmoid"}, "'activation' parameter"),
        ({"hidden_layer_sizes": ()}, "hidden_layer_sizes must be > 0"),
        ({"loss": "negative_binomial"}, "models counts"),
        ({"device": "tpu"}, "device must be"),
        ({"learning_rate_init": 1e38, "max_grad_norm": None}, "diverged"),
    ],
)
def test_bad_parameters_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        GRUForecaster(**{**QUICK, **options}).fit(noise())


def test_bad_data_is_named():
    y, X = covariate_data(60)
    forecaster = GRUForecaster(**QUICK, horizon=2).fit(y[:-6], X[:-6])
    with pytest.raises(ValueError, match="predict needs the rows of X"):
        forecaster.predict(fh=[1])
    with pytest.raises(ValueError, match=r"lacks the columns \['b'\]"):
        forecaster.predict([1], X[["a"]][-6:])
    with pytest.raises(ValueError, match="step 3 ahead"):
        forecaster.predict([4], X.drop(X.index[-4])[-5:])
    assert len(forecaster.predict([2], X[-5:])) == 1  # only its own step is needed
    with pytest.raises(ValueError, match="no series has"):
        GRUForecaster(**QUICK).fit(y[:1])
    with pytest.raises(ValueError, match=r"not contained"):
        GRUForecaster(**QUICK).fit(y, X[:-1])


def test_update_knows_columns_by_name():
    t = np.arange(120)
    y = pd.DataFrame({"a": 1000 + np.sin(t), "b": np.cos(t)}, months(120))
    forecaster = GRUForecaster(**QUICK, normalize="series").fit(y[:100])
    other = pickle.loads(pickle.dumps(forecaster))
    forecaster.update(y[100:], update_params=False)
    other.update(y[100:][["b", "a"]], update_params=False)
    pd.testing.assert_frame_equal(forecaster.predict([1, 2]), other.predict([1, 2]))
    with pytest.raises(ValueError, match=r"y has the columns \['a', 'c'\]"):
        other.update(y[110:].rename(columns={"b": "c"}))
    single = GRUForecaster(**QUICK).fit(y["a"][:100])
    single.update(y["a"][100:].rename("other"), update_params=False)
    assert single.predict([1]).notna().all()


def test_residuals_of_panels():
    y = panel((40, 35))
    forecaster = GRUForecaster(**QUICK).fit(y, fh=[1])
    residuals = forecaster.predict_residuals(y)
    assert residuals.index.equals(y.index)
    alone = forecaster.predict(fh=pd.PeriodIndex(["2002-05"], freq="M"))
    key = ("c", pd.Period("2002-05", "M"))
    assert residuals.loc[key, "y"] == pytest.approx((y - alone).loc[key, "y"])
    pd.testing.assert_frame_equal(forecaster.predict_residuals(), residuals)
    named = GRUForecaster(**QUICK).fit(noise()["y"].rename("foo"), fh=[1])
    assert named.predict_residuals().name == "foo"


def test_what_is_fitted_on_is_kept_from_changes():
    y = noise(60)
    forecaster = GRUForecaster(**QUICK).fit(y[:59])
    expected = forecaster.predict(fh=[1])
    y.iloc[:, 0] = 1e9
    forecaster.update(noise(60)[58:59], update_params=False)
    np.testing.assert_allclose(forecaster.predict(fh=[1]), expected)


def test_rows_that_were_trained_on_no_longer_count_as_held_out():
    y = panel((60, 60, 60))
    forecaster = GRUForecaster(**QUICK, horizon=1, fine_tune=False).pretrain(y)
    forecaster.fit(noise(40, 9))
    assert forecaster._model.calibration_starts[None] == noise(40).index[0]
    forecaster.update(noise(41, 9)[40:], update_params=True)
    assert forecaster._model.calibration_starts[None] > noise(40).index[30]


def test_parameters_of_training_arrive(capsys):
    heard, sizes = [], []

    class Listener(Callback):
        def on_epoch_end(self, net, **kwargs):
            heard.append(net.history[-1]["train_loss"])

        def on_batch_begin(self, net, batch=None, training=False, **kwargs):
            sizes.append(len(batch[1]))

    y = noise(100)
    forecaster = GRUForecaster(
        **QUICK, horizon=2, verbose=2, callbacks=[Listener()], batch_size=7,
        step_length=3, device="cpu", early_stopping=False,
    ).fit(y)  # fmt: skip
    assert capsys.readouterr().out.count("Iteration") == 4
    assert len(forecaster.loss_curve_) == 4
    assert forecaster.device_.type == "cpu"
    assert forecaster.n_iter_ == 4
    assert len(heard) == 4
    assert sizes == 4 * [7, 7, 7, 6]  # 30 windows 3 rows apart, 3 of them held out


@pytest.mark.parametrize(
    "cls", [RNNForecaster, GRUForecaster, LSTMForecaster, MLPForecaster]
)
def test_the_callback_of_the_user_hears_of_fit_and_update(cls):
    class Listener(Callback):
        def __init__(self):
            self.lock, self.heard_ = threading.Lock(), []  # which cannot be copied

        def on_epoch_end(self, net, **kwargs):
            self.heard_.append(net.history[-1]["train_loss"])

    listener = Listener()
    forecaster = cls(**QUICK, horizon=1, callbacks=[listener], early_stopping=False)
    forecaster.fit(noise(60))
    heard = forecaster.loss_curve_
    assert listener.heard_ == heard
    forecaster.update(noise(66)[60:], update_params=True)
    assert listener.heard_ == heard + forecaster.loss_curve_


@pytest.mark.filterwarnings("ignore:no series is long enough to hold out")
@pytest.mark.parametrize(
    ("horizon", "fh", "expected"),
    [
        ("auto", None, 1),
        ("auto", [1, 7], 7),
        ("auto", [-3, 0], 1),
        ("auto", [60], 40),
        (3, [1, 7], 3),
    ],
)
def test_horizon(horizon, fh, expected):
    assert GRUForecaster(**QUICK, horizon=horizon).fit(noise(80), fh=fh).horizon_ == (
        expected
    )


def test_update_checks_what_it_is_given():
    y, X = covariate_data(60)
    forecaster = GRUForecaster(**QUICK).fit(y[:50], X[:50])
    with pytest.raises(ValueError, match=r"X lacks the columns \['b'\]"):
        forecaster.update(y[50:], X[["a"]][50:])
    counted = GRUForecaster(**QUICK, loss="negative_binomial").fit(counts())
    with pytest.raises(ValueError, match="models counts"):
        counted.update(noise(5, start="2006-09"), update_params=False)


def test_new_series_count_for_the_intervals():
    forecaster = GRUForecaster(**QUICK).fit(panel((60, 45)))
    new = pd.concat([noise(20, 5)], keys=["n"], names=["series", "month"])
    forecaster.update(new, update_params=False)
    assert forecaster._model.calibration_starts["n"] == new.index[0][1]


@pytest.mark.parametrize(("n_rows", "expected"), [(100, 16), (1010, 50), (6000, 256)])
def test_automatic_batches(n_rows, expected):
    sizes = set()

    class Listener(Callback):
        def on_batch_begin(self, net, batch=None, training=False, **kwargs):
            sizes.add(len(batch[1]))

    options = {**QUICK, "max_iter": 1, "validation_fraction": 0}
    y = pd.Series(noise(n_rows, start="1000-01")["y"].to_numpy())
    MLPForecaster(**options, horizon=1, callbacks=[Listener()]).fit(y)
    assert max(sizes) == expected


def test_pretrained_columns_are_known_by_name():
    t = np.arange(60)
    y = pd.DataFrame({"a": 1000 + np.sin(t), "b": np.cos(t)}, months(60))
    both = pd.concat([y, y], keys=["one", "two"])
    forecaster = GRUForecaster(**QUICK, horizon=1, fine_tune=False).pretrain(both)
    expected = forecaster.clone().fit(y).predict(fh=[1])
    found = forecaster.clone().fit(y[["b", "a"]]).predict(fh=[1])
    np.testing.assert_allclose(found["a"], expected["a"])


def test_a_network_that_was_not_pretrained_cannot_be_used_as_it_is():
    with pytest.raises(ValueError, match="fine_tune=False forecasts with a pretrained"):
        GRUForecaster(**QUICK, fine_tune=False).fit(noise())


def test_one_series_of_a_panel_is_given_with_its_levels():
    y = panel((60, 45))
    forecaster = GRUForecaster(**QUICK).fit(y)
    with pytest.raises((ValueError, TypeError), match=r"level|scitype"):
        forecaster.update(y.loc["a"], update_params=False)

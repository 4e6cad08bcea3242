"""Held-out samples that tell how good a network is, and words for those that do not."""

import warnings

import numpy as np
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import r2_score
from sklearn.neural_network import MLPRegressor as Original
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skrnn import (
    GRUClassifier,
    GRURegressor,
    LSTMRegressor,
    MLPClassifier,
    MLPRegressor,
    RNNRegressor,
    Windows,
)
from skrnn.windows import split_windows_in_time
from tests.bare import (
    BARE_REGRESSOR,
    PLAIN_CLASSIFIER,
    PLAIN_REGRESSOR,
)

STOPPED = {"early_stopping": True, "random_state": 0, "n_threads": 1}


def cut(series, window_length=10):
    """Windows of a series, and the value after each."""
    view = np.lib.stride_tricks.sliding_window_view(series[:-1], window_length)
    return view, series[window_length:]


def told(fit, *, but=()):
    """What a fit warns of, those of scikit-learn's kind apart."""
    with warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("always")
        fitted = fit()
    texts = [str(warning.message) for warning in noted]
    return fitted, [text for text in texts if not text.startswith(("Stoch", *but))]


# --- every class on both sides


def recordings(n_windows=14):
    """Windows with overlap of three recordings of each of three tones, by class."""
    rng = np.random.default_rng(0)
    rows = [
        np.sin(np.arange(n_windows * 10 + 30) * tone + rng.uniform(0, 6))
        + 0.1 * rng.standard_normal(n_windows * 10 + 30)
        for tone in np.repeat([0.2, 0.35, 0.5], 3)
    ]
    return rows, np.repeat([0, 1, 2], 3 * n_windows)


@pytest.mark.parametrize("form", ["copies", "list", "shared"])
def test_recordings_stored_class_by_class(form):
    rows, y = recordings()
    X = Windows.from_series(
        np.concatenate(rows)[:, np.newaxis],
        40,
        step_length=10,
        series_lengths=[len(row) for row in rows],
    )
    if form != "shared":
        X = np.asarray(X) if form == "copies" else list(np.asarray(X))
    options = {**STOPPED, "learning_rate_init": 0.03, "learning_rate": "cosine"}
    options = {**PLAIN_CLASSIFIER, **options, "pooling": "mean", "max_iter": 40}
    model = GRUClassifier(8, **options)
    samples = model._learn(X, y, None)
    train, held_out = model._reader.split_in_time(
        samples.inputs, "auto", model.validation_fraction, n_steps_ahead=1
    )
    assert held_out.tolist() == [n for n in range(len(y)) if n % 14 == 13]
    assert len(train) == len(y) - len(held_out)
    fitted, texts = told(lambda: model.fit(X, y))
    assert not texts
    assert len(set(fitted.validation_scores_)) > 2
    assert fitted.score(X, y) > 0.8  # 0.33 with the last tenth held out


def test_classes_that_cannot_be_on_both_sides_are_named():
    X = np.lib.stride_tricks.sliding_window_view(np.sin(np.arange(99.0)), 10)
    y = np.repeat(["on", "off", "odd"], [60, 29, 1])
    model = GRUClassifier(2, max_iter=2, **STOPPED)
    _, (text, *_) = told(lambda: model.fit(X, y))
    assert "none of them belongs to the classes ['odd']" in text
    assert 'set validation_split="random"' in text
    rare = np.resize(["on", "off"], 90)
    rare[20] = "odd"  # where the others alternate
    _, (text, *_) = told(lambda: model.fit(X, rare))
    assert "none of them belongs to the classes ['odd']" in text
    single = MLPClassifier(max_iter=2, validation_split="last", early_stopping=True)
    _, (text, *_) = told(lambda: single.fit(X, np.arange(90) < 80))
    assert "none of them belongs to the classes [True]" in text
    _, (text, *_) = told(lambda: single.fit(X, np.arange(90) < 81))
    assert "no sample of the classes [False] is left to train on" in text
    single.set_params(validation_split="random")
    assert not told(lambda: single.fit(X, np.arange(90) < 80))[1]


def test_classes_at_each_step_and_labels_that_are_not_held_out_are_named():
    series = np.sin(np.arange(100.0)).reshape(20, 5, 1)
    model = GRUClassifier(2, max_iter=2, return_sequences=True, **STOPPED)
    steps = np.zeros((20, 5), int)
    steps[:4] = 1
    model.set_params(stateful=True, shuffle=False)
    _, (text, *_) = told(lambda: model.fit(series, steps))
    assert "none of them belongs to the classes [1]" in text
    assert "random" not in text  # which stateful=True refuses
    labels = np.zeros((20, 2), int)
    labels[:, 0] = np.arange(20) % 2
    labels[-2:, 1] = 1
    options = {**STOPPED, "validation_split": "last", "max_iter": 2}
    _, (text, *_) = told(lambda: GRUClassifier(2, **options).fit(series, labels))
    assert "no sample of the classes [1] is left to train on" in text


def test_a_validation_set_of_one_class_is_told():
    X, y = np.sin(np.arange(90.0)).reshape(30, 3), np.arange(30) % 2
    for cls in (GRUClassifier, MLPClassifier):
        model = cls(max_iter=2, early_stopping=True, random_state=0)
        one = y == 1
        _, (text, *_) = told(lambda m=model, o=one: m.fit(X, y, None, X[o], y[o]))
        assert "to the class 1: a network that always predicts it" in text
        assert not told(lambda m=model: m.fit(X, y, None, X, y), but=["Accur"])[1]


# --- targets that never move


def switched_off():
    """A sensor that is switched off at the end."""
    return cut(np.r_[np.sin(np.arange(300) / 5), np.zeros(60)])


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error"])
def test_the_loss_decides_where_r2_cannot(loss):
    X, y = switched_off()
    options = {"learning_rate_init": 0.02, "batch_size": 50, "max_iter": 30, **STOPPED}
    model = GRURegressor(8, loss=loss, **PLAIN_REGRESSOR, **options)
    _, (text, *more) = told(lambda: model.fit(X, y))
    assert "The held-out target is constant" in text
    assert not more
    assert len(set(model.validation_scores_)) == model.n_iter_
    errors = model.predict(X[315:]) - y[315:]  # a tenth of 350
    value = np.mean(errors**2) / 2 if loss == "squared_error" else np.abs(errors).mean()
    assert max(model.validation_scores_) == pytest.approx(-value, rel=1e-3)
    assert model.score(X[:280], y[:280]) > 0.9  # 0.28 with the first epoch kept


def test_one_output_that_never_moves_in_the_held_out_part():
    X, y = switched_off()
    both = np.column_stack([np.roll(np.sin(np.arange(350)), 3), y])
    model = RNNRegressor(4, **{**BARE_REGRESSOR, "max_iter": 3}, **STOPPED)
    _, (text, *_) = told(lambda: model.fit(X, both))
    assert "The held-out target is constant in the outputs [1], so R2" in text
    assert max(model.validation_scores_) < 0
    both[:, 1] = 7.0  # never: R2 tells of the other one, as before
    _, texts = told(lambda: model.fit(X, both), but=["R2"])
    assert not texts
    assert model.net_.score is not None


def test_perceptrons_go_by_r2_where_scikit_learn_does():
    """On given and last samples, which scikit-learn does not have, by the loss."""
    X, y = np.random.default_rng(0).standard_normal((40, 3)), np.zeros(40)
    y[0] = 1.0  # with this seed among those to train on
    options = {"max_iter": 30, "early_stopping": True, "random_state": 0}
    theirs = Original(**options).fit(X, y)
    ours, (text, *_) = told(lambda: MLPRegressor(**options).fit(X, y))
    assert "As in scikit-learn, R2 still decides which epoch" in text
    assert ours.validation_scores_ == theirs.validation_scores_ == [0.0] * ours.n_iter_
    given, (text, *_) = told(lambda: MLPRegressor(**options).fit(X, y, None, X, y * 0))
    assert "minus the loss" in text
    value = np.mean(given.predict(X) ** 2) / 2
    assert max(given.validation_scores_) == pytest.approx(-value)
    last = MLPRegressor(**options, validation_split="last")
    _, (text, *_) = told(lambda: last.fit(X, y))
    assert "minus the loss" in text
    assert len(set(last.validation_scores_)) == last.n_iter_


# --- worse than a constant


def prices():
    rng = np.random.default_rng(0)
    n = np.arange(301)
    return cut(250_000 + 40_000 * np.sin(n / 9) + rng.normal(size=301) * 2000, 12)


@pytest.mark.parametrize("cls", [GRURegressor, LSTMRegressor, MLPRegressor])
def test_scores_worse_than_the_mean_are_told_and_scaling_named(cls):
    X, y = prices()
    model = cls(hidden_layer_sizes=8, max_iter=40, early_stopping=True, random_state=0)
    more = {"activation": "tanh"} if cls is MLPRegressor else PLAIN_REGRESSOR
    model.set_params(**more)
    with pytest.warns(ConvergenceWarning, match=r"R2 on the held-out.*Scale X and y"):
        model.fit(X, y)
    assert max(model.validation_scores_) < -10
    scaled = make_pipeline(StandardScaler(), model.set_params(learning_rate_init=0.02))
    regressor = TransformedTargetRegressor(scaled, transformer=StandardScaler())
    assert not told(lambda: regressor.fit(X, y))[1]


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_a_training_loss_worse_than_that_of_a_constant_is_told(schedule):
    X, y = prices()
    options = {"max_iter": 12, "learning_rate": schedule, "random_state": 0}
    model = GRURegressor(4, **PLAIN_REGRESSOR, **options)
    with pytest.warns(ConvergenceWarning) as noted:
        model.fit(X, y)
    (text,) = (str(warning.message) for warning in noted)
    constant = np.var(y) / 2
    assert f"a constant prediction gives {constant:.3g}. Scale X and" in text
    assert text.startswith("Stochastic Opt") == (schedule == "constant")
    assert model.loss_curve_[-1] > 10 * constant
    with pytest.warns(ConvergenceWarning, match="a constant prediction gives"):
        MLPRegressor("poisson", max_iter=3, random_state=0).fit(X / 1e6, y)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("early_stopping", [True, False])
def test_noise_is_no_failure_of_training(seed, early_stopping):
    """At most it is said that nothing was learnt, which is true."""
    but = ["The network has learnt nothing"]
    X, y = cut(np.random.default_rng(seed).standard_normal(200))
    options = {"early_stopping": early_stopping, "random_state": seed}
    options |= {"max_iter": 30, "learning_rate": "cosine", "alpha": 1.0}
    assert not told(lambda: GRURegressor(4, **options).fit(X, y), but=but)[1]
    signs = GRUClassifier(4, **options, learning_rate_init=0.01)
    assert not told(lambda: signs.fit(X, y > 0), but=but)[1]


@pytest.mark.parametrize("cls", [MLPClassifier, GRUClassifier])
def test_classes_that_are_shared_out_otherwise_are_told(cls):
    """By the accuracy of perceptrons, and by the loss of recurrent networks."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((200, 5)), np.arange(200) % 2
    shifted = np.zeros(60, int)
    shifted[:5] = 1  # 0 is most frequent here, and 1 in training
    frequent = np.where(np.arange(200) % 10 == 0, 0, 1)
    options = {"learning_rate": "cosine", "learning_rate_init": 0.02, "max_iter": 30}
    options |= {"hidden_layer_sizes": 4, "random_state": 0, "alpha": 1.0}
    model = cls(**options)
    if cls is GRUClassifier:
        model.set_params(**PLAIN_CLASSIFIER)
    fitted, (text, *_) = told(lambda: model.fit(X, frequent, None, X[:60], shifted))
    last = fitted.validation_scores_[-1]
    if cls is MLPClassifier:
        assert last < 0.5
        assert "most frequent class gives 0.917. Scale X" in text
    else:
        entropy = -(55 * np.log(55 / 60) + 5 * np.log(5 / 60)) / 60
        assert f"is {-last:.3g}: predicting for each of them the shares of" in text
        assert f"the classes gives {entropy:.3g}. The network is too sure" in text
    model.set_params(max_iter=8)
    assert not told(lambda: model.fit(X, y, None, X[:60], y[:60]))[1]


# --- y_val on another scale


def standard(y):
    return (y - y.mean()) / y.std()


SERIES = {
    "trend": np.arange(400.0),
    "steep growth": np.exp(np.arange(400) / 50),
    "random walk": np.cumsum(np.random.default_rng(1).standard_normal(400)),
    "quiet at the end": np.sin(np.arange(400) / 5) * np.repeat([1, 0.05], [300, 100]),
    "off at the end": np.sin(np.arange(400) / 5) * np.repeat([1, 0], [300, 100]),
}


@pytest.mark.parametrize("name", SERIES)
@pytest.mark.parametrize("cls", [GRURegressor, MLPRegressor])
def test_later_values_of_a_series_are_on_its_scale(name, cls):
    X, y = cut(standard(SERIES[name]))
    model = cls(hidden_layer_sizes=2, max_iter=2, random_state=0)
    known = ["R2", "The training loss", "The held-out target is constant"]
    X_val, y_val = X[310:], y[310:]
    assert not told(lambda: model.fit(X[:310], y[:310], None, X_val, y_val), but=known)[
        1
    ]
    scaler = StandardScaler().fit(y[:310, None] * 30 + 7)
    both = TransformedTargetRegressor(model, transformer=StandardScaler())
    given = {"X_val": X_val, "y_val": scaler.transform(y_val[:, None] * 30 + 7)[:, 0]}
    assert not told(lambda: both.fit(X[:310], y[:310] * 30 + 7, **given), but=known)[1]


@pytest.mark.parametrize("cls", [LSTMRegressor, MLPRegressor])
@pytest.mark.parametrize("units", [(1000, 50), (0, 0.005), (0, 30)])
def test_y_val_that_a_transformer_has_not_seen_is_told(cls, units):
    X, y = cut(np.sin(np.arange(400) / 5))
    level, scale = units
    raw = level + scale * y
    model = cls(hidden_layer_sizes=2, max_iter=2, random_state=0)
    both = TransformedTargetRegressor(model, transformer=StandardScaler())
    given = {"X_val": X[300:], "y_val": raw[300:]}
    _, texts = told(lambda: both.fit(X[:300], raw[:300], **given), but=["R2"])
    (text,) = texts
    assert text.startswith(f"y_val has mean {raw[300:].mean():.4g} and standard dev")
    assert "(TransformedTargetRegressor transforms y alone)" in text


def test_y_val_in_units_that_are_near_has_a_score_that_says_so():
    X, y = cut(np.sin(np.arange(400) / 5))
    raw = 5 + 2 * y
    model = GRURegressor(2, **{**BARE_REGRESSOR, "max_iter": 2}, random_state=0)
    both = TransformedTargetRegressor(model, transformer=StandardScaler())
    given = {"X_val": X[300:], "y_val": raw[300:]}
    expected = (
        "R2 on the held-out samples is -12.9.* Scale X and y, and X_val and y_val"
    )
    with pytest.warns(ConvergenceWarning, match=expected):
        both.fit(X[:300], raw[:300], **given)


def test_y_val_in_other_units_is_told_of_each_output_and_by_hand():
    X, y = cut(np.sin(np.arange(400) / 5))
    two = np.column_stack([y, y])
    other = np.column_stack([y, 1000 + y])
    model = GRURegressor(2, max_iter=2, random_state=0)
    _, (text, *_) = told(lambda: model.fit(X, two, None, X, other))
    assert text.startswith("y_val of output 1 has mean 1000 and standard deviation")
    assert "in different units. Transform y_val like y" in text
    logs = TransformedTargetRegressor(
        model, transformer=FunctionTransformer(np.log, np.exp)
    )
    counts = np.exp(5 + 2 * y)
    given = {"X_val": X[300:], "y_val": counts[300:]}
    _, (text, *_) = told(lambda: logs.fit(X[:300], counts[:300], **given))
    assert text.startswith("y_val has mean")


def test_scores_are_as_before_where_they_tell():
    X, y = cut(np.sin(np.arange(300) / 5))
    options = {"max_iter": 9, "learning_rate": "cosine", **STOPPED}
    model = GRURegressor(4, **PLAIN_REGRESSOR, **options)
    model.fit(X, y, None, X[200:], y[200:])
    best = r2_score(y[200:], model.predict(X[200:]))
    assert max(model.validation_scores_) == pytest.approx(best, abs=1e-5)


def test_few_held_out_samples_of_noise_are_seldom_a_reason_to_warn():
    n_told = 0
    for seed in range(12):
        rng = np.random.default_rng(seed + 1000)
        X, y = rng.normal(size=(20, 10, 1)), rng.normal(size=20)
        options = {"early_stopping": True, "random_state": seed, "max_iter": 15}
        model = GRURegressor(4, **PLAIN_REGRESSOR, **options)
        _, texts = told(lambda fit=model.fit, X=X, y=y: fit(X, y))
        n_told += any("R2 on the held-out" in text for text in texts)
    assert n_told <= 1


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (PLAIN_REGRESSOR, "The training loss ends at"),
        ({}, "R2 on the held-out samples is"),  # the targets of training are scaled
    ],
    ids=["plain", "default"],
)
def test_a_target_in_other_units_than_y_val_is_told(options, told):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 6, 2))
    y = 100 + 20 * X[:, -1, 0]
    scaled = (y - y[:200].mean()) / y[:200].std()
    options = {"early_stopping": True, "random_state": 0, "max_iter": 40, **options}
    model = GRURegressor(8, **options)
    with pytest.warns(ConvergenceWarning, match=told):
        model.fit(X[:200], y[:200], X_val=X[200:], y_val=scaled[200:])


def test_a_split_by_class_holds_out_enough_for_a_score():
    strata = [0, 0, 1, 0, 1, 0, 1, 0, 0, 1, 0, 0, 1, 1, 1, 0, 0, 0]
    rows = np.random.default_rng(0).normal(size=(22, 1))
    windows = Windows.from_series(rows, 2, series_lengths=[7, 4, 5, 6])
    assert len(split_windows_in_time(windows, 0.1, strata=strata)[1]) == 2

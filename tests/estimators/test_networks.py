"""Networks of many parts as estimators: searched, saved, gone on with, forecasting."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import skops.io
import torch
from sklearn.model_selection import GridSearchCV, KFold, TimeSeriesSplit
from sklearn.pipeline import make_pipeline

from skrnn import (
    TRUSTED_TYPES,
    GRUClassifier,
    GRURegressor,
    LSTMClassifier,
    LSTMRegressor,
    RNNRegressor,
    SlidingWindow,
)
from skrnn.sktime import GRUForecaster, LSTMForecaster, RNNForecaster
from tests.bare import PLAIN_CLASSIFIER, PLAIN_REGRESSOR
from tests.common_estimators import ragged, tones, wave, windows_of
from tests.forecast_data import panel

X, Y = windows_of(wave(160, 2), 8)
QUICK = {"max_iter": 3, "learning_rate": "cosine", "random_state": 0}
REGRESSOR = {**QUICK, **PLAIN_REGRESSOR}
CLASSIFIER = {**QUICK, **PLAIN_CLASSIFIER}
PARTS = {
    "convolutions": {"conv_filters": (4, 3), "conv_padding": "same"},
    "valid": {"conv_filters": 4, "conv_padding": "valid", "pooling": "attention"},
    "poolings": {"pooling": ("last", "mean", "max", "attention"), "dropout": 0.1},
    "strides": {
        "conv_filters": (4, 3),
        "conv_kernel_size": (4, 3),
        "conv_strides": (2, 1),
        "pooling": ["max", "last"],
        "bidirectional": True,
    },
    "batch norms": {
        "conv_filters": (4, 3),
        "conv_dilation": (1, 2),
        "conv_norm": "batch",
        "conv_pooling": ("mean", "max"),
        "conv_pool_size": 3,
        "conv_padding": "same",
        "dropout": 0.1,
    },
    "projection": {"projection_size": 2, "peephole": True, "unit_forget_bias": True},
    "norms": {"layer_norm": True, "residual": True, "hidden_layer_sizes": (4, 4)},
    "masks": {"zoneout": 0.1, "recurrent_dropout": 0.1, "input_dropout": 0.1},
    "ways": {"bidirectional": True, "merge_mode": "ave", "activation": "silu"},
}


def network(name, cls=LSTMRegressor, **further):
    return cls(**{"hidden_layer_sizes": 4, **REGRESSOR, **PARTS[name], **further})


@pytest.mark.parametrize("name", PARTS)
def test_every_part_is_saved_copied_and_fitted_to_the_same_bits_again(name):
    model = network(name).fit(X, Y)
    expected = model.predict(X)
    assert np.array_equal(network(name).fit(X, Y).predict(X), expected)
    through_skops = skops.io.loads(skops.io.dumps(model), trusted=TRUSTED_TYPES)
    through_pickle = pickle.loads(pickle.dumps(model))
    for other in (through_skops, through_pickle, copy.deepcopy(model)):
        assert np.array_equal(other.predict(X), expected)


@pytest.mark.parametrize("name", PARTS)
def test_every_part_learns(name):
    model = network(name, max_iter=50, learning_rate_init=0.03, dtype="float64")
    assert model.fit(X, Y).score(X, Y) > 0.9


@pytest.mark.parametrize("name", PARTS)
def test_unequal_lengths_are_read_as_each_sequence_alone(name):
    sequences = ragged(12, 9, 2)
    model = network(name, dtype="float64").fit(sequences, np.arange(12.0))
    alone = [model.predict([sequence])[0] for sequence in sequences]
    np.testing.assert_allclose(model.predict(sequences), alone, rtol=1e-9)


def test_long_sequences_of_unequal_length_go_through_convolutions():
    sequences = ragged(40, 200, 1, seed=2)  # long enough to be cut into segments
    y = np.array([len(sequence) for sequence in sequences])
    ways = *(("causal", 1), ("same", 1), ("valid", 1)), ("causal", 3), ("same", 2)
    for padding, stride in ways:
        model = GRURegressor(4, conv_filters=3, conv_padding=padding, **REGRESSOR)
        model.set_params(conv_strides=stride)
        model.set_params(dtype="float64").fit(sequences, y)
        alone = [model.predict([sequence])[0] for sequence in sequences]
        np.testing.assert_allclose(model.predict(sequences), alone, rtol=1e-9)


def test_projections_are_not_warned_of():
    model = LSTMRegressor(4, projection_size=2, **REGRESSOR).fit(X, Y)  # float32
    assert model.net_.module_.kernels == ["fused"]


def test_a_search_tries_parts_as_it_tries_other_parameters():
    grid = {
        "gruregressor__reset_after": [True, False],
        "gruregressor__conv_filters": [None, 3, (3, 2)],
    }
    model = make_pipeline(SlidingWindow(6), GRURegressor(4, **REGRESSOR))
    search = GridSearchCV(model, grid, cv=TimeSeriesSplit(2), error_score="raise")
    rows = wave(80)
    search.fit(rows[:-1], rows[1:, 0])
    assert len(set(search.cv_results_["mean_test_score"])) == 6


def test_valid_convolutions_stand_in_a_pipeline_whose_first_windows_are_short():
    model = make_pipeline(
        SlidingWindow(12),
        LSTMRegressor(4, conv_filters=(3, 3), conv_padding="valid", **REGRESSOR),
    )
    rows = wave(60)
    assert np.isfinite(model.fit(rows[:-1], rows[1:, 0]).predict(rows)).all()


def test_attention_finds_what_marks_a_class():
    sequences, y = tones(60)
    model = GRUClassifier(
        8,
        **CLASSIFIER
        | {
            "pooling": "attention",
            "conv_filters": 6,
            "max_iter": 40,
            "learning_rate_init": 0.03,
        },
    )
    assert model.fit(sequences[:40], y[:40]).score(sequences[40:], y[40:]) > 0.9


def test_convolutions_read_embedded_tokens():
    rng = np.random.default_rng(0)
    tokens = rng.integers(1, 9, (80, 7))
    y = (tokens == 3).any(axis=1)
    model = LSTMClassifier(
        8,
        embedding_dim=4,
        **CLASSIFIER
        | {
            "pooling": "max",
            "conv_filters": 6,
            "max_iter": 60,
            "learning_rate_init": 0.02,
        },
    )
    assert model.fit(tokens, y).score(tokens, y) > 0.95


def test_warm_start_takes_other_masks_and_no_other_network():
    model = network("masks", warm_start=True).fit(X, Y)
    model.set_params(input_dropout=0.0, recurrent_dropout=0.3).fit(X, Y)
    with pytest.raises(ValueError, match=r"zoneout was 0\.1, is now 0\.0; set it"):
        model.set_params(zoneout=0.0).fit(X, Y)
    model.set_params(zoneout=0.1, conv_filters=2)
    with pytest.raises(ValueError, match=r"conv_filters was None, is now \(2,\)"):
        model.fit(X, Y)


@pytest.mark.parametrize(
    ("cls", "name", "now", "free"),
    [
        (GRURegressor, "pooling", "attention", "mean"),
        (LSTMRegressor, "activation", "relu", "tanh"),
        (RNNRegressor, "activation", "elu", "relu"),
    ],
)
def test_warm_start_takes_what_needs_no_other_weights(cls, name, now, free):
    """Attention learns weights; layers that go from step to step have one bias less."""
    model = cls(4, warm_start=True, **REGRESSOR).fit(X, Y)
    before = model.predict(X)
    with pytest.raises(ValueError, match=f"whose {name} was .*, is now {now}; set it"):
        model.set_params(**{name: now}).fit(X, Y)
    np.testing.assert_array_equal(model.predict(X), before)
    model.set_params(**{name: free}).fit(X, Y)


def test_warm_start_takes_poolings_of_one_width():
    model = GRURegressor(4, pooling=("max", "last"), warm_start=True, **REGRESSOR)
    model.fit(X, Y)
    model.set_params(pooling=["mean", "max"]).fit(X, Y)
    with pytest.raises(ValueError, match=r"whose pooling was .*, is now mean; set it"):
        model.set_params(pooling="mean").fit(X, Y)
    model = GRURegressor(4, conv_filters=2, warm_start=True, **REGRESSOR).fit(X, Y)
    with pytest.raises(ValueError, match="whose conv_strides was 1, is now 2; set it"):
        model.set_params(conv_strides=2).fit(X, Y)


def strides_of(model):
    return model.net_.module_.architecture.strides


def test_automatic_strides_leave_fifty_steps_of_the_longest_sequence():
    sequences = ragged(12, 130, 1, seed=1)
    longest, y = max(map(len, sequences)), np.arange(12.0)
    assert 100 < longest <= 130
    options = {**REGRESSOR, "conv_strides": "auto", "conv_filters": (3, 2)}
    model = GRURegressor(4, conv_kernel_size="auto", warm_start=True, **options)
    model.fit(sequences, y)
    assert strides_of(model) == (3, 1)
    assert model.net_.module_.architecture.kernel_sizes == (8, 5)
    model.fit([x[:20] for x in sequences], y)  # as the first fit has learnt it
    assert strides_of(model) == (3, 1)
    wide = np.zeros((4, 451, 1))
    model = GRURegressor(4, conv_kernel_size="auto", **options).fit(wide, y[:4])
    assert strides_of(model) == (10, 1)
    assert model.net_.module_.architecture.kernel_sizes == (20, 5)
    model = GRURegressor(4, conv_kernel_size=5, **options).fit(wide, y[:4])
    assert strides_of(model) == (5, 1)  # no step is skipped
    model = GRURegressor(4, conv_kernel_size=5, **options).fit(wide[:, :50], y[:4])
    assert strides_of(model) == (1, 1)
    model = GRURegressor(4, return_sequences=True, **options).fit(wide, wide[..., 0])
    assert strides_of(model) == (1, 1)
    options |= {"stateful": True, "shuffle": False}
    assert strides_of(GRURegressor(4, **options).fit(wide, y[:4])) == (1, 1)
    forecaster = GRUForecaster(99, 1, conv_filters=2, conv_strides="auto", **QUICK)
    forecaster.fit(pd.Series(wave(140, 1)[:, 0]))
    assert forecaster.net_.module_.trunk.architecture.strides == (2,)


def test_automatic_numbers_of_a_stack_of_convolutions():
    """Those of a fully convolutional network: kernels of 8, 5 and 3 steps."""
    options = {**REGRESSOR, "conv_filters": (2, 2, 2, 2), "batch_size": 2}
    for name in ("strides", "kernel_size", "dilation", "pool_size"):
        options[f"conv_{name}"] = "auto"
    wide, y = np.zeros((4, 450, 1)), np.arange(4.0)

    def parts_after(X, **further):
        model = GRURegressor(4, **options | further).fit(X, y)
        return model.net_.module_.architecture

    parts = parts_after(wide)
    assert parts.strides == (3, 1, 1, 1)  # ceil(450 / 200)
    assert parts.kernel_sizes == (8, 5, 3, 3)
    assert parts.dilations == (1, 2, 4, 8)
    assert parts.pool_size == 3  # ceil(150 / 50)
    assert parts.stride == 9
    parts = parts_after(wide[:, :25])
    assert parts.strides == (1, 1, 1, 1)
    assert parts.dilations == (1, 2, 4, 4)  # 25 // (2 kernel)
    assert parts.pool_size == 1
    parts = parts_after(wide, conv_kernel_size=2, conv_pool_size=7)
    assert parts.strides == (2, 1, 1, 1)  # no step is skipped
    assert parts.pool_size == 7
    parts = parts_after(wide, stateful=True, shuffle=False)
    assert (parts.stride, parts.pool_size) == (1, 1)
    assert parts.dilations == (1, 2, 4, 8)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_batch_norms_predict_by_the_weights_that_lbfgs_accepts():
    parts = {"conv_filters": 6, "conv_norm": "batch", "conv_pooling": "max"}
    options = {"solver": "lbfgs", "max_iter": 60, "dtype": "float64"}
    model = GRURegressor(4, **REGRESSOR | parts | options).fit(X, Y)
    penalty = 0.5 * model.alpha / len(X)
    penalty *= sum(float((p**2).sum()) for p in matrices_of(model))
    found = 0.5 * ((model.predict(X) - Y) ** 2).mean() + penalty
    assert found == pytest.approx(model.loss_curve_[-1], rel=0.1)
    running = model.net_.module_.convolutions.norms[0].running_mean.clone()
    model.set_params(solver="adam").partial_fit(X[:20], Y[:20])
    (norm,) = model.net_.module_.convolutions.norms
    assert not torch.equal(norm.running_mean, running)


def matrices_of(model):
    return [p.detach() for p in model.net_.module_.parameters() if p.ndim > 1]


def test_a_network_without_convolutions_ignores_what_belongs_to_them():
    plain, *named = (
        GRURegressor(4, **REGRESSOR, **options).fit(X, Y).predict(X)
        for options in (
            {},
            {"conv_strides": "auto", "conv_kernel_size": "auto"},
            {"conv_norm": "batch", "conv_pooling": "max", "conv_pool_size": 3},
            {"conv_dilation": "auto", "conv_pool_size": "auto"},
        )
    )
    for other in named:
        np.testing.assert_array_equal(plain, other)


def test_lbfgs_names_zoneout_too():
    model = GRURegressor(4, zoneout=0.1, solver="lbfgs", max_iter=1)
    with pytest.raises(ValueError, match="dropout of any kind and zoneout change"):
        model.fit(X, Y)


def test_a_summary_names_the_parts():
    model = GRURegressor(
        (4, 4),
        conv_filters=(3, 2),
        conv_strides=(2, 1),
        residual=True,
        pooling=("attention", "last"),
        **REGRESSOR,
    )
    text = str(model.fit(X, Y).summary())
    for words in (
        "Conv1d(3, stride 2, causal), relu  (n_samples, n_timesteps / 2, 3)",
        "Conv1d(3, causal), relu            (n_samples, n_timesteps / 2, 2)",
        "GRU + input",
        "attention, last                    (n_samples, 8)",
    ):
        assert words in text
    text = str(network("batch norms").fit(X, Y).summary())
    for words in (
        "Conv1d(3, same), BatchNorm, relu",
        "Conv1d(3, dilation 2, same), BatchNorm, relu",
        "MaxPool1d(3)",
        "last; convolution: mean, max",
    ):
        assert words in text


FORECASTERS = [
    (LSTMForecaster, "convolutions"),
    (GRUForecaster, "batch norms"),
    (GRUForecaster, "valid"),
    (LSTMForecaster, "poolings"),
    (GRUForecaster, "strides"),
    (LSTMForecaster, "projection"),
    (LSTMForecaster, "norms"),
    (GRUForecaster, "masks"),
    (RNNForecaster, "ways"),
]


@pytest.mark.parametrize(("cls", "name"), FORECASTERS, ids=str)
def test_forecasters_have_the_parts(cls, name):
    y = panel()
    params = {"hidden_layer_sizes": 4, **QUICK, **PARTS[name]}
    forecaster = cls(6, 2, **params).fit(y)
    trunk = forecaster.net_.module_.trunk
    for option, value in PARTS[name].items():
        value = tuple(value) if isinstance(value, list) else value
        if option not in ("hidden_layer_sizes", "conv_filters"):
            assert getattr(trunk.architecture, option) == value
    assert (trunk.convolutions is not None) == ("conv_filters" in PARTS[name])
    forecast = forecaster.predict(fh=[1, 2, 3])
    assert np.isfinite(forecast.to_numpy()).all()
    again = pickle.loads(pickle.dumps(forecaster)).predict(fh=[1, 2, 3])
    pd.testing.assert_frame_equal(again, forecast)
    plain = cls(6, 2, **QUICK, hidden_layer_sizes=params["hidden_layer_sizes"]).fit(y)
    assert not np.allclose(plain.predict(fh=[1, 2, 3]), forecast)


def test_fine_tuning_takes_the_parts_of_the_pretrained_network():
    forecaster = GRUForecaster(6, 2, hidden_layer_sizes=4, reset_after=False, **QUICK)
    forecaster.pretrain(panel())
    model = forecaster.pretrained_model_
    assert np.isfinite(forecaster.fit(panel()).predict(fh=[1]).to_numpy()).all()
    for name in list(model.plan.parts):  # as in a file from before there were parts
        if name != "reset_after":
            del model.plan.parts[name]
    forecaster.fit(panel())
    forecaster.reset_after = True
    with pytest.raises(
        ValueError, match=r"reset_after=True \(pretrained: False\)\. Use"
    ):
        forecaster.fit(panel())


def test_parts_do_not_change_how_often_numbers_are_drawn():
    first, second = (
        RNNRegressor(4, **REGRESSOR, **options).fit(X, Y)
        for options in ({}, {"merge_mode": "sum", "conv_padding": "same"})
    )  # of directions and convolutions that are not there
    assert np.array_equal(first.predict(X), second.predict(X))


def test_cross_validation_of_unequal_lengths_with_parts():
    sequences, y = tones(30)
    search = GridSearchCV(
        LSTMClassifier(4, **CLASSIFIER),
        {"zoneout": [0.0, 0.2], "layer_norm": [False, True]},
        cv=KFold(2),
        error_score="raise",
    )
    assert np.isfinite(search.fit(sequences, y).cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "quantile"])
def test_a_fitted_net_can_be_copied_and_holds_no_data(loss):
    X = np.random.default_rng(0).standard_normal((40, 5, 2)).astype("f4")
    y = X[:, 0, 0]
    model = LSTMRegressor(4, **REGRESSOR | {"loss": loss, "max_iter": 2}).fit(X, y)
    assert model.net_.epochs_ is None
    twin = copy.deepcopy(model.net_)
    before = {k: v.clone() for k, v in model.net_.module_.state_dict().items()}
    model.partial_fit(X, y)  # in place: the copy has weights of its own
    for name, weights in model.net_.module_.state_dict().items():
        assert (twin.module_.state_dict()[name] == before[name]).all()
        assert (weights != before[name]).any()

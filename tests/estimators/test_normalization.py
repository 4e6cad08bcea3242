"""normalize="standard": the same fits as on data that is standardised outside."""

import copy
import pickle

import numpy as np
import pytest
import skops.io
import torch
from sklearn.exceptions import ConvergenceWarning
from skorch.callbacks import Callback

from skrnn import (
    TRUSTED_TYPES,
    GRUClassifier,
    LSTMRegressor,
    RNNRegressor,
)
from skrnn.inspection import gradient_norms
from tests.common_engine import needs_engine
from tests.common_estimators import RECURRENT_REGRESSORS, tones

from .normalization_data import (
    RNG,
    ROWS,
    UNEQUAL,
    X,
    Y,
    assert_same_figures,
    figures_by_hand,
    figures_of,
    network,
)

ENGINES = ["torch", pytest.param("compiled", marks=needs_engine)]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("is_ragged", [False, True])
@pytest.mark.parametrize("cls", RECURRENT_REGRESSORS)
def test_equals_a_fit_on_data_that_is_standardised_outside(
    cls, is_ragged, dtype, engine, monkeypatch
):
    monkeypatch.setenv("SKRNN_ENGINE", engine)
    sequences = UNEQUAL if is_ragged else X
    y = np.array([one[-1, 0] for one in sequences]) + 100.0
    model = network(cls, dtype=dtype).fit(sequences, y)
    assert model.net_.kernel_ == engine
    figures = figures_of(model)
    assert_same_figures(figures, figures_by_hand(sequences, y), 1e-6)
    mean, scale, center, size = figures
    scaled = [(np.asarray(one, dtype) - mean) / scale for one in sequences]
    if not is_ragged:
        scaled = np.array(scaled)
    plain = network(cls, dtype=dtype, normalize=None)
    plain.fit(scaled, ((y - center) / size).astype(dtype))
    assert model.loss_curve_ == plain.loss_curve_  # the same bits
    expected = plain.predict(scaled) * size + center
    np.testing.assert_allclose(
        model.predict(sequences), expected, rtol={"float32": 1e-6}.get(dtype, 1e-13)
    )


@needs_engine
@pytest.mark.parametrize(
    "parts",
    [
        {"conv_filters": 4, "conv_padding": "same", "pooling": "max"},
        {"bidirectional": True, "input_dropout": 0.2},
        {"dropout": 0.2, "hidden_layer_sizes": (5, 4)},
    ],
    ids=str,
)
def test_engine_and_torch_agree(parts, monkeypatch):
    fits = []
    for engine in ("torch", "compiled"):
        monkeypatch.setenv("SKRNN_ENGINE", engine)
        model = network(LSTMRegressor, dtype="float64", early_stopping=True, **parts)
        fits.append(model.fit(UNEQUAL, [len(one) * 1e6 for one in UNEQUAL]))
        assert fits[-1].net_.kernel_ == engine
    for name in ("loss_curve_", "validation_scores_"):
        np.testing.assert_allclose(*(getattr(m, name) for m in fits), rtol=1e-9)
    np.testing.assert_allclose(*(m.predict(UNEQUAL) for m in fits), rtol=1e-9)
    for model in fits:  # a single sample
        np.testing.assert_allclose(
            model.predict(UNEQUAL[:1]), fits[0].predict(UNEQUAL)[:1]
        )


@pytest.mark.parametrize("padding", ["causal", "same", "valid"])
def test_padding_counts_as_the_mean(padding):
    """No sequence depends on those that it shares a batch with."""
    parts = {"conv_filters": 3, "conv_padding": padding, "pooling": "attention"}
    model = network(dtype="float64", **parts)
    model.fit(UNEQUAL, np.arange(40.0))
    together = model.predict(UNEQUAL)
    alone = [model.predict([one])[0] for one in UNEQUAL]
    np.testing.assert_allclose(together, alone, rtol=1e-10)


def test_warm_start_names_what_has_changed():
    model = network(warm_start=True).fit(X, Y)
    with pytest.raises(ValueError, match="whose normalize was standard, is now None"):
        model.set_params(normalize=None).fit(X, Y)
    with pytest.raises(ValueError, match="normalize_outputs was standard, is now None"):
        model.set_params(normalize="standard", loss="poisson").fit(X, abs(Y))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "parts", [{}, {"pooling": "mean"}, {"conv_filters": (3, 2)}], ids=str
)
def test_streams_equal_predict(parts, engine, monkeypatch):
    monkeypatch.setenv("SKRNN_ENGINE", engine)
    model = network(LSTMRegressor, dtype="float64", **parts).fit(X, Y)
    expected = model.predict([ROWS[: n + 1] for n in range(40)])
    stream = model.stream(ROWS[:10])
    found = [stream.step(row) for row in ROWS[10:20]]
    resumed = pickle.loads(pickle.dumps(stream))
    found = np.r_[found, resumed.predict(ROWS[20:40])]
    np.testing.assert_allclose(found, expected[10:], rtol=1e-9)


def test_a_stream_keeps_its_figures():
    model = network().fit(X, Y)
    stream = model.stream(ROWS[:10])
    expected = copy.copy(stream).step(ROWS[10])
    model.net_.module_.output_normalization.mean += 1e6
    model.net_.module_.input_normalization.mean += 1e6
    assert stream.step(ROWS[10]) == expected


def test_files_and_copies_hold_the_figures():
    model = network(LSTMRegressor, warm_start=True).fit(X, Y)
    expected = model.predict(X)
    through_skops = skops.io.loads(skops.io.dumps(model), trusted=TRUSTED_TYPES)
    for other in (
        through_skops,
        pickle.loads(pickle.dumps(model)),
        copy.deepcopy(model),
    ):
        assert np.array_equal(other.predict(X), expected)
        assert_same_figures(figures_of(other), figures_of(model), 0)
        other.partial_fit(X[:20], Y[:20] * 2)
        assert_same_figures(figures_of(other), figures_of(model), 0)
    names = set(model.net_.module_.state_dict())
    assert {"input_normalization.mean", "output_normalization.scale"} <= names


class Stop(Callback):
    """Ends a process after some epochs."""

    def __init__(self, at):
        self.at_ = at  # the underscore: checkpoints do not compare it

    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == self.at_:
            raise InterruptedError


def test_a_checkpoint_resumes_with_the_figures(tmp_path):
    whole = network(max_iter=6).fit(X, Y)

    options = {"checkpoint": tmp_path / "fit", "checkpoint_every": 1, "max_iter": 6}
    with pytest.raises(InterruptedError):
        network(callbacks=[Stop(at=3)], **options).fit(X, Y)
    resumed = network(callbacks=[Stop(at=None)], **options).fit(X, Y)
    assert np.array_equal(resumed.predict(X), whole.predict(X))


def test_poisson_keeps_its_link():
    y = RNG.poisson(3, len(X)).astype(float)
    model = network(loss="poisson", max_iter=30).fit(X, y)
    assert model.net_.module_.output_normalization is None
    assert_same_figures(figures_of(model), figures_by_hand(X, y)[:2])
    assert (model.predict(X) > 0).all()


@pytest.mark.parametrize("loss", ["absolute_error", "huber", "quantile"])
def test_other_losses_are_in_units_of_the_deviation(loss):
    fits = [
        network(loss=loss, dtype="float64").fit(X, factor * Y) for factor in (1, 1000)
    ]
    np.testing.assert_allclose(*(m.loss_curve_ for m in fits), rtol=1e-9)
    np.testing.assert_allclose(1000 * fits[0].predict(X), fits[1].predict(X), rtol=1e-9)


@pytest.mark.parametrize("is_ragged", [False, True])
def test_targets_at_each_step(is_ragged):
    sequences = UNEQUAL if is_ragged else [ROWS[i : i + 8] for i in range(60)]
    y = [one[:, :1] * 2 for one in sequences]
    options = {"return_sequences": True, "dtype": "float64"}
    model = network(LSTMRegressor, **options).fit(sequences, y)
    assert_same_figures(
        figures_of(model), figures_by_hand(sequences, np.concatenate(y)), 1e-10
    )
    mean, scale, center, size = figures_of(model)
    plain = network(LSTMRegressor, normalize=None, **options)
    scaled = [(one - mean) / scale for one in sequences]
    plain.fit(scaled, [(one - center) / size for one in y])
    np.testing.assert_allclose(model.loss_curve_, plain.loss_curve_, rtol=1e-12)
    for one, other in zip(model.predict(sequences), plain.predict(scaled), strict=True):
        np.testing.assert_allclose(one, other * size + center, rtol=1e-12)


def test_pieces_of_one_series():
    pieces, y = ROWS[:88].reshape(11, 8, 2), ROWS[7:88:8, 0]
    options = {"stateful": True, "shuffle": False, "dtype": "float64"}
    model = network(**options).fit(pieces, y)
    mean, scale, center, size = figures_of(model)
    plain = network(normalize=None, **options)
    plain.fit((pieces - mean) / scale, (y - center) / size)
    expected = plain.predict((pieces - mean) / scale) * size + center
    np.testing.assert_allclose(model.predict(pieces), expected, rtol=1e-12)


def test_a_classifier_reads_raw_units():
    sequences, y = tones(60)
    sequences = [1e6 + 1e4 * one for one in sequences]
    model = network(GRUClassifier, max_iter=100, learning_rate_init=0.03)
    model.set_params(pooling="max", conv_filters=8, batch_size=16)
    assert model.fit(sequences, y).score(sequences, y) > 0.9
    assert model.net_.module_.output_normalization is None


def test_the_module_answers_in_units_of_y_and_learns_in_those_of_training():
    model = network().fit(X, Y)
    module, x = model.net_.module_, torch.from_numpy(X.astype("f4"))
    with torch.no_grad():
        found = module(x).numpy()[:, 0]
        np.testing.assert_allclose(found, model.predict(X), rtol=1e-6)
        normalized = module.train()(x).numpy()[:, 0]
    module.eval()
    *_, center, size = figures_of(model)
    np.testing.assert_allclose(normalized, (found - center) / size, atol=1e-5)


@needs_engine
def test_the_engine_notices_figures_that_change(monkeypatch):
    monkeypatch.setenv("SKRNN_ENGINE", "compiled")
    model = network(dtype="float64").fit(X, Y)
    layer, before = model.net_.module_.output_normalization, model.predict(X)
    layer.mean += 7.0
    np.testing.assert_allclose(model.predict(X), before + 7, rtol=1e-12)
    layer.mean = layer.mean + 1.0
    np.testing.assert_allclose(model.predict(X), before + 8, rtol=1e-12)
    layer.mean = layer.mean.float()  # which torch takes
    np.testing.assert_allclose(model.predict(X), before + 8, rtol=1e-6)
    layer.mean = layer.mean.double()
    handle = layer.register_buffer("scale", 2 * layer.scale)
    assert handle is None
    assert np.ptp(model.predict(X)) == pytest.approx(2 * np.ptp(before))


def test_gates_and_gradients_are_those_of_standardised_inputs():
    model = network(RNNRegressor, dtype="float64").fit(X, Y)
    mean, scale, center, size = figures_of(model)
    scaled = (X - mean) / scale
    plain = network(RNNRegressor, normalize=None, dtype="float64")
    plain.fit(scaled, (Y - center) / size)
    found, expected = (
        m.gate_activations(x)["hidden"] for m, x in ((model, X), (plain, scaled))
    )
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    norms = gradient_norms(model, X)[1], gradient_norms(plain, scaled)[1]
    np.testing.assert_allclose(*norms, rtol=1e-7)


def test_gradients_before_the_fit_know_the_scale():
    model = network(RNNRegressor)
    norms = gradient_norms(model, X, Y)[1], gradient_norms(model, 1e3 * X, Y)[1]
    np.testing.assert_allclose(*norms, rtol=1e-4)


def test_a_summary_names_both_ends():
    text = str(network().fit(X, Y).summary())
    assert "normalization  Normalization          (n_samples, n_timesteps, 2)" in text
    assert "units of y     inverse Normalization  (n_samples, 1)" in text


def test_warnings_do_not_ask_for_what_is_done():
    y_val = Y[60:] * np.where(np.arange(len(Y[60:])) % 2, 1, 1.2)
    model = network(max_iter=3, learning_rate_init=3.0, learning_rate="constant")
    model.set_params(max_grad_norm=1.0)
    with pytest.warns(ConvergenceWarning) as caught:
        model.fit(X[:60], Y[:60], X_val=X[60:], y_val=y_val)
    text = " ".join(str(one.message) for one in caught)
    assert "held-out targets may lie at a level" in text
    assert "Scale X" not in text
    with pytest.raises(ValueError, match=r"Lower learning_rate_init \(now 1e\+30\)"):
        network(learning_rate_init=1e30, learning_rate="constant").fit(X, Y)

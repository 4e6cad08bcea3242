"""readout="ridge": output layers in closed form, and what they are worth."""

import copy
import pickle
import warnings

import numpy as np
import pytest
import skops.io
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import (
    check_sample_weight_equivalence_on_dense_data,
)

from skrnn import TRUSTED_TYPES, GRURegressor, LSTMRegressor, RNNRegressor
from skrnn.estimators import _readout
from skrnn.estimators._readout import Base, Readout
from skrnn.estimators._samples import Samples
from skrnn.training import features_of
from skrnn.training._ridge import ALPHAS
from skrnn.windows import Windows
from tests.common_engine import needs_engine
from tests.common_estimators import RECURRENT_REGRESSORS, ragged, windows_of

ENGINES = ["torch", pytest.param("compiled", marks=needs_engine)]
RNG = np.random.default_rng(0)
QUICK = {
    "hidden_layer_sizes": 6,
    "max_iter": 4,
    "learning_rate_init": 0.01,
    "random_state": 0,
    "normalize": "standard",
    "readout": "ridge",
}
ROWS = [1000.0, -3.0] + [20.0, 0.01] * RNG.standard_normal((300, 2)).cumsum(0)
X, Y = windows_of(ROWS, 6)
UNEQUAL = [[1000.0, -3.0] + [20.0, 0.01] * one for one in ragged(120, 9, 2)]
LAST = np.array([one[-1, 0] + 5 * np.sin(len(one)) for one in UNEQUAL])


def network(cls=GRURegressor, **further):
    return cls(**{**QUICK, **further})


def quietly(model, *data, **more):
    """The model, fitted, whatever it says about a training as short as ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(*data, **more)


def autoregression(n_rows=700, noise=1.0, seed=1):
    """Rows of an AR(2) process at a level of 50."""
    rng, series = np.random.default_rng(seed), [0.0, 0.0]
    for shock in noise * rng.standard_normal(n_rows + 100):
        series.append(1.5 * series[-1] - 0.7 * series[-2] + shock)
    return 50 + np.array(series[-n_rows:])[:, None]


def error_of(model, inputs, y):
    return np.sqrt(np.mean((model.predict(inputs) - y) ** 2))


# --- what it is worth


@pytest.mark.parametrize("cls", RECURRENT_REGRESSORS)
def test_a_linear_relation_is_found_at_once(cls):
    inputs, y = windows_of(autoregression(), 8)
    model = quietly(network(cls, max_iter=20), inputs[:500], y[:500])
    flat = inputs[:, :, 0]
    ridge = make_pipeline(StandardScaler(), RidgeCV(ALPHAS)).fit(flat[:500], y[:500])
    assert error_of(model, inputs[500:], y[500:]) < 1.01 * error_of(
        ridge, flat[500:], y[500:]
    )


def test_a_relation_without_noise_is_found_exactly():
    inputs, y = windows_of(autoregression(noise=1.0), 4)
    y = 2 * inputs[:, -1, 0] - inputs[:, -3, 0] + 7
    model = quietly(network(dtype="float64"), inputs[:500], y[:500])
    assert error_of(model, inputs[500:], y[500:]) < 1e-4 * y.std()


def test_a_relation_that_is_not_linear_keeps_the_network():
    rows = np.random.default_rng(0).uniform(-1, 1, (900, 1))
    inputs, _ = windows_of(rows, 5)
    y = 100 * inputs[:, -1, 0] * inputs[:, -2, 0]
    options = {"max_iter": 60, "hidden_layer_sizes": 16, "batch_size": 16}
    model = quietly(network(learning_rate="cosine", **options), inputs[:700], y[:700])
    assert error_of(model, inputs[700:], y[700:]) < 0.2 * y.std()
    model = quietly(model.set_params(readout=None), inputs[:700], y[:700])
    assert error_of(model, inputs[700:], y[700:]) < 0.3 * y.std()


def test_a_network_that_has_learnt_nothing_does_no_harm():
    inputs, y = windows_of(autoregression(), 8)
    parts = {"learning_rate_init": 1e-12, "max_iter": 1, "hidden_layer_sizes": 64}
    model = quietly(network(**parts), inputs[:300], y[:300])
    flat = inputs[:, :, 0]
    ridge = make_pipeline(StandardScaler(), RidgeCV(ALPHAS)).fit(flat[:300], y[:300])
    found = error_of(model, inputs[300:], y[300:])
    assert found < 1.02 * error_of(ridge, flat[300:], y[300:])


def test_a_walk_continues_from_its_last_value():
    """Also far from where it has been."""
    walk = np.random.default_rng(5).standard_normal((500, 1)).cumsum(0)
    inputs, y = windows_of(walk, 8)
    model = quietly(network(), inputs, y)
    far = inputs[:50] + 1000.0
    assert np.abs(model.predict(far) - far[:, -1, 0]).max() < 3.0


# --- by hand


def figures_of(layer):
    return layer.mean.numpy(), layer.scale.numpy()


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error"])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("rows", [6, 1])
def test_the_weights_that_are_written_predict_the_blend(rows, share, loss):
    inputs = X[:, -rows:]
    y = np.column_stack([Y, inputs[:, -1, 1] * 3 + RNG.standard_normal(len(Y))])
    model = quietly(network(dtype="float64", loss=loss), inputs, y)
    module, windows = model.net_.module_, model._reader.read(model, inputs)
    samples = Samples(windows, y, None)
    states = features_of(model.net_, model._prediction_data(windows), 1)
    base = Base(module, samples, model.net_.criterion_)
    base.is_free = np.array([True, False])
    readout = Readout(base, states)
    blend = np.array([share, share / 2])
    readout.write(blend)
    read = base.rows_of(samples)
    network_alone = readout.network(readout._everything(read, states)) + read.last
    expected = base(read) + blend * (network_alone - base(read))
    mean, scale = figures_of(module.output_normalization)
    expected = expected * scale + mean
    np.testing.assert_allclose(model.predict(inputs), expected, rtol=1e-8)


def test_the_base_by_brute_force():
    model = quietly(network(dtype="float64"), X, Y)
    windows = model._reader.read(model, X)
    samples = Samples(windows, Y[:, None], None)
    base = Base(model.net_.module_, samples, model.net_.criterion_)
    rows = base.rows_of(samples)
    mean, scale = figures_of(model.net_.module_.input_normalization)
    levels = (X - mean) / scale  # (sample, row, feature)
    np.testing.assert_allclose(rows.levels, levels.reshape(len(X), -1))
    moves = np.concatenate([levels[:, :-1] - levels[:, -1:], levels[:, -1:]], axis=1)
    np.testing.assert_allclose(rows.moves, moves.reshape(len(X), -1), atol=1e-9)
    center, size = figures_of(model.net_.module_.output_normalization)
    np.testing.assert_allclose(
        rows.last[:, 0], (X[:, -1, 0] - center) / size, rtol=1e-9
    )
    np.testing.assert_allclose(rows.targets[:, 0], (Y - center) / size, rtol=1e-9)
    assert base.origin.features.tolist() == [0]
    assert base.is_free.tolist() == [True]  # a walk does not know its level


def test_what_the_last_row_knows_is_not_learnt():
    model = quietly(network(dtype="float64"), X, Y)
    layer, last = model.net_.module_.output_normalization, X[:, -1]
    assert layer.scale.item() < 0.5 * Y.std()
    assert layer.scale.item() == pytest.approx((Y - last[:, 0]).std(), rel=0.1)


def test_the_feature_that_an_output_continues():
    y = np.column_stack([Y, X[:, -1, 1] + 1e-4 * RNG.standard_normal(len(Y)) + 50])
    model = quietly(network(dtype="float64"), X, y)
    samples = Samples(model._reader.read(model, X), y, None)
    base = Base(model.net_.module_, samples, model.net_.criterion_)
    assert base.origin.features.tolist() == [0, 1]


# --- every kind of network and data


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("normalize", [None, "standard", "changes"])
@pytest.mark.parametrize("is_ragged", [False, True])
@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"bidirectional": True, "pooling": ("last", "max")},
        {"conv_filters": 4, "conv_padding": "same", "pooling": "attention"},
    ],
    ids=str,
)
def test_module_and_predictions_agree(parts, is_ragged, normalize, engine, monkeypatch):
    monkeypatch.setenv("SKRNN_ENGINE", engine)
    inputs, y = (UNEQUAL, LAST) if is_ragged else (X, Y)
    options = {"dtype": "float64", "normalize": normalize, **parts}
    model = quietly(network(LSTMRegressor, **options), inputs, y)
    found = model.predict(inputs)
    assert model.score(inputs, y) > 0.9
    monkeypatch.setenv("SKRNN_ENGINE", "torch")
    np.testing.assert_allclose(model.predict(inputs), found, rtol=1e-9)
    alone = [model.predict(inputs[i : i + 1])[0] for i in range(0, 60, 7)]
    np.testing.assert_allclose(alone, found[:60:7], rtol=1e-9)
    with torch.no_grad():
        one = model.net_.module_(torch.tensor(np.asarray(inputs[3])[None])).numpy()
    np.testing.assert_allclose(one[0, 0], found[3], rtol=1e-9)


@needs_engine
def test_fits_of_the_engine_and_of_torch_agree(monkeypatch):
    found = []
    for engine in ("torch", "compiled"):
        monkeypatch.setenv("SKRNN_ENGINE", engine)
        model = network(dtype="float64", early_stopping=True)
        model = quietly(model, UNEQUAL, LAST)
        assert model.net_.kernel_ == engine
        found.append((model.validation_scores_, model.predict(UNEQUAL)))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("normalize", [None, "standard"])
def test_streams_equal_predict(normalize, dtype, engine, monkeypatch):
    """From the first row on, where the path lacks rows."""
    monkeypatch.setenv("SKRNN_ENGINE", engine)
    model = quietly(network(dtype=dtype, normalize=normalize), UNEQUAL, LAST)
    expected = model.predict([ROWS[: n + 1] for n in range(40)])
    tolerance = {"rtol": {"float32": 1e-6}.get(dtype, 1e-10)}
    stream = model.stream()
    found = [np.ravel(stream.step(row))[0] for row in ROWS[:20]]
    resumed = pickle.loads(pickle.dumps(stream))
    found = np.r_[found, np.ravel(resumed.predict(ROWS[20:40]))]
    np.testing.assert_allclose(found, expected, **tolerance)
    whole = model.stream().predict(ROWS[:40])
    np.testing.assert_allclose(np.ravel(whole), expected, **tolerance)
    history = model.stream(ROWS[:30])
    np.testing.assert_allclose(history.step(ROWS[30]), expected[30], **tolerance)


def test_a_stream_keeps_its_path():
    model = quietly(network(), X, Y)
    stream = model.stream(ROWS[:10])
    expected = copy.copy(stream).step(ROWS[10])
    model.net_.module_.path.weight += 1e3
    assert stream.step(ROWS[10]) == expected


@pytest.mark.parametrize("loss", ["absolute_error", "huber", "quantile"])
def test_other_losses(loss):
    noise = np.random.default_rng(1).exponential(30, len(Y))
    y = X[:, -1, 0] + noise
    options = {"loss": loss, "quantile": 0.9} if loss == "quantile" else {"loss": loss}
    model = quietly(network(**options), X, y)
    below = np.mean(y < model.predict(X))
    level = {"quantile": 0.9, "absolute_error": 0.5}.get(loss, 0.6)
    assert below == pytest.approx(level, abs=0.07)


def test_poisson_has_its_own_scale():
    y = RNG.poisson(3, len(X)).astype(float)
    model = quietly(network(loss="poisson"), X, y)
    assert model.net_.module_.path is None
    assert (model.predict(X) > 0).all()


@pytest.mark.parametrize(
    ("inputs", "y", "options"),
    [
        (X, np.broadcast_to(Y[:, None], X.shape[:2]), {"return_sequences": True}),
        (X[::6], Y[::6], {"stateful": True, "shuffle": False}),
        (RNG.standard_normal((30, 2, 257)), np.arange(30.0), {}),
        (RNG.integers(1, 5, (30, 4)), np.arange(30.0), {"embedding_dim": 2}),
    ],
    ids=["steps", "pieces", "many features", "tokens"],
)
def test_where_it_is_not_used(inputs, y, options):
    model = quietly(network(**options), inputs, y)
    assert model.net_.module_.path is None
    plain = quietly(network(readout=None, **options), inputs, y)
    assert np.array_equal(model.predict(inputs), plain.predict(inputs))


def test_a_long_window_gives_its_last_rows():
    inputs, y = windows_of(np.tile(ROWS, (2, 1)), 200)
    model = quietly(network(), inputs, y)
    assert model.net_.module_.path.weight.shape == (1, 128, 2)  # 256 values


# --- data at the edge


@pytest.mark.parametrize("n", [2, 3, 9, 10, 13, 30])
def test_few_samples(n):
    model = quietly(network(), X[:n], Y[:n])
    assert np.abs(model.predict(X[:n]) - Y[:n]).max() < 100
    assert not model.net_.module_.head.weight.any()  # nobody vouches for the network


@pytest.mark.parametrize("normalize", [None, "standard"])
@pytest.mark.parametrize("level", [0.0, 7.0, 1e-20, 1e6])
def test_a_constant_target(level, normalize):
    y = np.full(len(X), level)
    model = quietly(network(normalize=normalize), X, y)
    np.testing.assert_allclose(model.predict(X), level, rtol=1e-5, atol=1e-3)


def test_the_unit_of_y_may_be_small_or_large():
    """In a unit unlike that of X an output continues no feature."""
    tiny, small, large = (
        quietly(network(dtype="float64"), X, (Y - 1000) * size).predict(X) / size
        for size in (1e-30, 1e-9, 1e9)
    )
    np.testing.assert_allclose(tiny, small, rtol=1e-4)
    np.testing.assert_allclose(large, small, atol=3)


def test_features_that_do_not_vary():
    still = np.concatenate([X, np.full_like(X[:, :, :1], 5.0)], axis=2)
    model = quietly(network(dtype="float64"), still, Y)
    assert np.isfinite(model.predict(still)).all()
    moved = still + np.array([0, 0, 1e-9])
    np.testing.assert_allclose(model.predict(moved), model.predict(still), rtol=1e-6)


def test_a_relation_that_is_exact_needs_no_warning():
    y = X[:, -1, 0] * 2.0
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = network().fit(X, y)
    np.testing.assert_allclose(model.predict(X), y, rtol=1e-5)


def test_weights_choose_the_relation():
    first = np.arange(len(X)) % 2 == 0
    y = np.where(first, X[:, -1, 0], 2000 - X[:, -1, 0])
    weights = np.where(first, 1.0, 1e-6)
    model = quietly(network(), X, y, sample_weight=weights)
    assert np.abs(model.predict(X) - X[:, -1, 0]).mean() < 1.0
    without = quietly(network(), X[first], y[first])
    zero = quietly(network(), X, y, sample_weight=first.astype(float))
    assert np.array_equal(without.predict(X), zero.predict(X))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_whole_weights_are_repeated_samples(dtype):
    model = network(dtype=dtype, normalize="changes")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        check_sample_weight_equivalence_on_dense_data("GRURegressor", model)


def test_several_outputs_have_shares_of_their_own():
    rows = np.random.default_rng(0).uniform(-1, 1, (700, 1))
    inputs, _ = windows_of(rows, 5)
    product = 10 * inputs[:, -1, 0] * inputs[:, -2, 0]
    noise = np.random.default_rng(2).standard_normal(len(product))
    y = np.column_stack([product, noise])
    options = {"max_iter": 60, "hidden_layer_sizes": 16, "batch_size": 16}
    model = quietly(network(**options), inputs, y)
    found = np.abs(model.net_.module_.head.weight.numpy(force=True)).max(axis=1)
    assert found[0] > 0.1
    assert found[1] < 0.1 * found[0]


def test_rows_on_a_disk(tmp_path):
    path = tmp_path / "rows.npy"
    np.save(path, ROWS.astype("f4"))
    rows = np.load(path, mmap_mode="r")
    windows = Windows(rows, np.arange(294), np.full(294, 6))
    model = quietly(network(), windows, Y)
    assert np.array_equal(model.predict(windows), quietly(network(), X, Y).predict(X))


def test_of_very_many_windows_some_are_read(monkeypatch):
    """Copies of all windows would not fit into the memory."""
    seen, linear = [], _readout.linear_fit

    def noting(x, *further):
        seen.append(len(x))
        return linear(x, *further)

    monkeypatch.setattr(_readout, "_MOST_VALUES", 50 * 18)
    monkeypatch.setattr(_readout, "linear_fit", noting)
    model = quietly(network(), X, Y)
    assert set(seen) == {50}
    assert model.score(X, Y) > 0.9


# --- a life


def test_held_out_samples_give_the_share():
    train, rest = slice(0, 200), slice(200, None)
    for options in ({}, {"early_stopping": True}):
        model = network(**options)
        quietly(model, X[train], Y[train], X_val=X[rest], y_val=Y[rest])
        assert model.score(X[rest], Y[rest]) > 0.8
        assert len(model.validation_scores_) == model.n_iter_
    assert quietly(network(early_stopping=True), X, Y).score(X, Y) > 0.9


def test_partial_fit_continues_with_what_the_path_leaves():
    model = network(learning_rate_init=1e-3)
    model.partial_fit(X, Y)  # the path knows the last row alone
    assert model.score(X, Y) > 0.9
    for normalize in (None, "standard"):
        model = quietly(network(normalize=normalize, learning_rate_init=1e-4), X, Y)
        before = model.score(X, Y)
        for _ in range(3):
            model.partial_fit(X, Y)
        assert model.score(X, Y) > before - 0.02


def test_a_warm_start_trusts_the_network():
    inputs, _ = windows_of(np.random.default_rng(0).uniform(-1, 1, (700, 1)), 5)
    y = 100 * inputs[:, -1, 0] * inputs[:, -2, 0]
    options = {"hidden_layer_sizes": 16, "batch_size": 16, "max_iter": 2}
    model = network(warm_start=True, **options)
    for _ in range(30):
        quietly(model, inputs[:500], y[:500])
    assert error_of(model, inputs[500:], y[500:]) < 0.4 * y.std()
    with pytest.raises(ValueError, match="whose path_rows was 5, is now 0"):
        model.set_params(readout=None).fit(inputs, y)


def test_files_from_before_are_networks_without_a_path():
    model = quietly(network(readout=None, warm_start=True), X, Y)
    del model._model.module_params["path_rows"], model._task.readout
    older = pickle.loads(pickle.dumps(model))
    assert np.array_equal(older.predict(X), model.predict(X))
    quietly(older, X, Y)
    with pytest.raises(ValueError, match="whose path_rows was 0, is now 6"):
        older.set_params(readout="ridge").fit(X, Y)


def test_files_and_copies_hold_the_path():
    model = quietly(network(LSTMRegressor), X, Y)
    expected = model.predict(X)
    through_skops = skops.io.loads(skops.io.dumps(model), trusted=TRUSTED_TYPES)
    for other in (
        through_skops,
        pickle.loads(pickle.dumps(model)),
        copy.deepcopy(model),
    ):
        assert np.array_equal(other.predict(X), expected)
        other.partial_fit(X[:20], Y[:20])
    assert np.array_equal(model.predict(X), expected)


def test_lbfgs():
    model = quietly(network(solver="lbfgs", max_iter=20), X, Y)
    assert model.score(X, Y) > 0.9


def test_a_compiled_module():
    model = quietly(network(), X, Y)
    module = torch.compile(model.net_.module_, backend="eager")
    with torch.no_grad():
        found = module(torch.tensor(X.copy(), dtype=torch.float32)).numpy()[:, 0]
    np.testing.assert_allclose(found, model.predict(X), rtol=1e-5)


def test_a_summary_names_the_path():
    text = str(quietly(network(), X, Y).summary())
    assert "beside it      LinearPath from 6 rows" in text


def test_gates_and_gradients_are_those_of_the_layers():
    model = quietly(network(RNNRegressor, dtype="float64"), X, Y)
    before = model.gate_activations(X)["hidden"]
    model.net_.module_.path.weight += 1.0
    np.testing.assert_allclose(model.gate_activations(X)["hidden"], before)


def test_states_that_overflow_are_an_error(monkeypatch):
    model = network()
    monkeypatch.setattr(
        "skrnn.estimators._trial.features_of",
        lambda *args: np.full((5, 6), np.inf),
    )
    with pytest.raises(ValueError, match=r"Lower learning_rate_init \(now 0.01\)"):
        model.fit(X, Y)

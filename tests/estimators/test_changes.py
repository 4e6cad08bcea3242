"""normalize="changes": the same fits as on changes and levels made outside."""

import copy
import pickle

import numpy as np
import pytest
import skops.io
import torch

from skrnn import TRUSTED_TYPES, GRUClassifier, LSTMRegressor, RNNRegressor
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


def reading_changes(*args, **further):
    return network(*args, **{"normalize": "changes", **further})


def change_figures_of(model):
    """Scale of the changes, lowest and highest level."""
    changes = model.net_.module_.changes
    return [part.numpy().copy() for part in (changes.scale, changes.low, changes.high)]


def change_figures_by_hand(sequences):
    rows = np.concatenate(list(sequences))
    scaled = [(one - rows.mean(0)) / rows.std(0) for one in sequences]
    changes = np.concatenate([np.diff(one, axis=0) for one in scaled])
    rows = np.concatenate(scaled)
    return [np.sqrt(np.mean(changes**2, axis=0)), rows.min(0), rows.max(0)]


def changes_and_levels(model, one):
    """What the layers read of a sequence, by hand."""
    mean, size = figures_of(model)[:2]
    scale, low, high = change_figures_of(model)
    levels = (np.asarray(one, model.dtype) - mean) / size
    changes = np.diff(levels, axis=0, prepend=levels[:1]) / scale
    return np.hstack([changes, np.clip(levels, low, high)])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("is_ragged", [False, True])
@pytest.mark.parametrize("cls", RECURRENT_REGRESSORS)
def test_equals_a_fit_on_changes_and_levels_made_outside(
    cls, is_ragged, dtype, engine, monkeypatch
):
    monkeypatch.setenv("SKRNN_ENGINE", engine)
    sequences = UNEQUAL if is_ragged else X
    y = np.array([one[-1, 0] for one in sequences]) + 100.0
    model = reading_changes(cls, dtype=dtype).fit(sequences, y)
    assert model.net_.kernel_ == engine
    assert_same_figures(figures_of(model), figures_by_hand(sequences, y), 1e-6)
    expected = change_figures_by_hand(sequences)
    rtol = {"float32": 2e-5, "float64": 1e-9}[dtype]  # the level is not small
    assert_same_figures(change_figures_of(model), expected, rtol)
    read = [changes_and_levels(model, one) for one in sequences]
    *_, center, size = figures_of(model)
    plain = network(cls, dtype=dtype, normalize=None)
    plain.fit(read, ((y - center) / size).astype(dtype))
    assert model.loss_curve_ == plain.loss_curve_  # the same bits
    expected = plain.predict(read) * size + center
    np.testing.assert_allclose(
        model.predict(sequences), expected, rtol={"float32": 1e-6}.get(dtype, 1e-13)
    )


@pytest.mark.parametrize(
    ("normalize", "is_clipped"), [("changes", True), ("standard", False)]
)
def test_levels_beyond_the_training_rows_are_clipped(normalize, is_clipped):
    rows = np.arange(40.0)[:, None]
    windows = np.stack([rows[i : i + 5] for i in range(36)])
    model = network(normalize=normalize, dtype="float64")
    model.fit(windows, windows[:, -1, 0])
    shifts = np.array([0, 100.0, 200.0])
    last, higher, highest = model.predict(windows[-1] + shifts[:, None, None])
    assert last != higher
    assert (higher == highest) == is_clipped  # the changes are the same


def test_rows_of_training_are_not_clipped():
    for dtype in ("float32", "float64"):
        model = reading_changes(dtype=dtype, max_iter=1).fit(UNEQUAL, np.arange(40.0))
        mean, size = figures_of(model)[:2]
        levels = (np.concatenate(UNEQUAL).astype(dtype) - mean) / size
        _, low, high = change_figures_of(model)
        np.testing.assert_array_equal(levels.min(0), low)
        np.testing.assert_array_equal(levels.max(0), high)


def test_weights_count_as_repetitions():
    weights = RNG.integers(0, 3, len(UNEQUAL))
    y = RNG.standard_normal(len(UNEQUAL))
    model = reading_changes(dtype="float64").fit(UNEQUAL, y, sample_weight=weights)
    places = np.repeat(np.arange(len(y)), weights)
    expected = change_figures_by_hand([UNEQUAL[i] for i in places])
    assert_same_figures(change_figures_of(model), expected, 1e-9)


def test_later_calls_keep_the_first_figures():
    model = reading_changes().partial_fit(X[:40], Y[:40])
    first = change_figures_of(model)
    assert_same_figures(first, change_figures_by_hand(X[:40]), 1e-4)
    model.partial_fit(X[40:] + 1e6, Y[40:] * 3)
    assert_same_figures(change_figures_of(model), first, 0)
    model = reading_changes(warm_start=True).fit(X[:40], Y[:40])
    model.fit(X + 1e6, Y * 3)
    assert_same_figures(change_figures_of(model), first, 0)


def test_warm_start_names_what_has_changed():
    model = reading_changes(warm_start=True).fit(X, Y)
    with pytest.raises(ValueError, match="whose normalize was changes, is now standa"):
        model.set_params(normalize="standard").fit(X, Y)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (np.full((30, 1), 7.0), 1.0),  # a constant
        (np.repeat([[1.0], [3.0], [5.0]], 10, axis=0), 1.0),  # one in each sequence
        (np.repeat([[0.1 + 0.2], [3.0], [0.3]], 10, axis=0), 1.0),
        (np.arange(30.0)[:, None] % 2, 2.0),  # 1 / 0.5
    ],
)
def test_scale_of_changes(rows, expected):
    sequences = rows.reshape(3, 10, 1)
    model = reading_changes(dtype="float64", max_iter=1).fit(sequences, [1.0, 2.0, 4.0])
    np.testing.assert_allclose(change_figures_of(model)[0], expected)


def test_changes_that_are_rounding_are_none():
    noise = 1e-13 * RNG.standard_normal((30, 10, 1))
    sequences = np.arange(1.0, 31)[:, None, None] + noise
    model = reading_changes(dtype="float64", max_iter=1).fit(sequences, np.arange(30.0))
    assert change_figures_of(model)[0] == 1
    steps = 1e-9 * RNG.standard_normal((30, 10, 1))  # lost in float32 alone
    sequences = np.arange(1.0, 31)[:, None, None] + steps
    for dtype, is_lost in (("float32", True), ("float64", False)):
        model = reading_changes(dtype=dtype, max_iter=1).fit(sequences, np.arange(30.0))
        assert (change_figures_of(model)[0] == 1) == is_lost


def test_huge_changes_have_a_finite_scale():
    rows = np.tile([[-1e153], [1e153]], (40, 1))  # squares of changes overflow
    sequences = rows.reshape(8, 10, 1)
    model = reading_changes(dtype="float64", max_iter=1).fit(sequences, np.arange(8.0))
    assert np.isfinite(change_figures_of(model)).all()


def test_sequences_of_one_row():
    rows = RNG.standard_normal((30, 1, 2))
    model = reading_changes(dtype="float64").fit(rows, rows[:, 0, 0])
    assert_same_figures(change_figures_of(model)[:1], [[1, 1]], 0)
    read = changes_and_levels(model, rows[0])
    np.testing.assert_array_equal(read[:, :2], 0)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "parts", [{}, {"pooling": "mean"}, {"conv_filters": (3, 2)}], ids=str
)
def test_streams_equal_predict(parts, engine, monkeypatch):
    monkeypatch.setenv("SKRNN_ENGINE", engine)
    model = reading_changes(LSTMRegressor, dtype="float64", **parts).fit(X, Y)
    expected = model.predict([ROWS[: n + 1] for n in range(40)])
    stream = model.stream(ROWS[:10])
    found = [stream.step(row) for row in ROWS[10:20]]
    resumed = pickle.loads(pickle.dumps(stream))
    found = np.r_[found, resumed.predict(ROWS[20:40])]
    np.testing.assert_allclose(found, expected[10:], rtol=1e-9)


@needs_engine
def test_a_stream_is_resumed_by_other_code(monkeypatch):
    model = reading_changes(LSTMRegressor, dtype="float64", conv_filters=3).fit(X, Y)
    expected = model.stream(ROWS[:10]).predict(ROWS[10:20])
    for first, second in (("torch", "compiled"), ("compiled", "torch")):
        monkeypatch.setenv("SKRNN_ENGINE", first)
        saved = pickle.dumps(model.stream(ROWS[:10]))
        monkeypatch.setenv("SKRNN_ENGINE", second)
        found = pickle.loads(saved).predict(ROWS[10:20])
        np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_pieces_continue_from_the_row_before():
    pieces, y = ROWS[:88].reshape(11, 8, 2), ROWS[7:88:8, 0]
    options = {"stateful": True, "shuffle": False, "dtype": "float64"}
    model = reading_changes(**options).fit(pieces, y)
    expected = change_figures_by_hand([ROWS[:88]])  # changes between pieces count
    assert_same_figures(change_figures_of(model), expected, 1e-9)
    streamed = model.stream().predict(ROWS[:88])
    np.testing.assert_allclose(model.predict(pieces), streamed[7::8], rtol=1e-12)


def test_training_reads_the_changes_between_pieces():
    pieces, y = ROWS[:88].reshape(88, 1, 2), ROWS[:88, 0]
    options = {"stateful": True, "shuffle": False, "dtype": "float64", "batch_size": 1}
    model = reading_changes(**options).fit(pieces, y)
    read = changes_and_levels(model, ROWS[:88])[:, None]
    *_, center, size = figures_of(model)
    plain = network(normalize=None, **options).fit(read, (y - center) / size)
    np.testing.assert_allclose(model.loss_curve_, plain.loss_curve_, rtol=1e-12)


@pytest.mark.parametrize("is_ragged", [False, True])
def test_targets_at_each_step(is_ragged):
    sequences = UNEQUAL if is_ragged else [ROWS[i : i + 8] for i in range(60)]
    y = [one[:, :1] * 2 for one in sequences]
    options = {"return_sequences": True, "dtype": "float64"}
    model = reading_changes(LSTMRegressor, **options).fit(sequences, y)
    *_, center, size = figures_of(model)
    read = [changes_and_levels(model, one) for one in sequences]
    plain = network(LSTMRegressor, normalize=None, **options)
    plain.fit(read, [(one - center) / size for one in y])
    np.testing.assert_allclose(model.loss_curve_, plain.loss_curve_, rtol=1e-12)
    for one, other in zip(model.predict(sequences), plain.predict(read), strict=True):
        np.testing.assert_allclose(one, other * size + center, rtol=1e-12)


@pytest.mark.parametrize("padding", ["causal", "same", "valid"])
def test_no_sequence_depends_on_those_beside_it(padding):
    parts = {"conv_filters": 3, "conv_padding": padding, "pooling": "attention"}
    model = reading_changes(dtype="float64", **parts).fit(UNEQUAL, np.arange(40.0))
    together = model.predict(UNEQUAL)
    alone = [model.predict([one])[0] for one in UNEQUAL]
    np.testing.assert_allclose(together, alone, rtol=1e-10)


def test_files_and_copies_hold_the_figures():
    model = reading_changes(LSTMRegressor, warm_start=True).fit(X, Y)
    expected = model.predict(X)
    through_skops = skops.io.loads(skops.io.dumps(model), trusted=TRUSTED_TYPES)
    for other in (
        through_skops,
        pickle.loads(pickle.dumps(model)),
        copy.deepcopy(model),
    ):
        assert np.array_equal(other.predict(X), expected)
        assert_same_figures(change_figures_of(other), change_figures_of(model), 0)
    names = set(model.net_.module_.state_dict())
    assert {"changes.scale", "changes.low", "changes.high"} <= names


def test_a_stream_keeps_its_figures():
    model = reading_changes().fit(X, Y)
    stream = model.stream(ROWS[:10])
    expected = copy.copy(stream).step(ROWS[10])
    model.net_.module_.changes.scale *= 3
    model.net_.module_.changes.high -= 5
    assert stream.step(ROWS[10]) == expected


@needs_engine
@pytest.mark.parametrize(
    "parts",
    [
        {"conv_filters": 4, "conv_padding": "same", "pooling": "max"},
        {"conv_filters": (4, 3), "conv_kernel_size": 5, "conv_strides": 2},
        {"bidirectional": True, "input_dropout": 0.2},
        {"dropout": 0.2, "hidden_layer_sizes": (5, 4), "early_stopping": True},
    ],
    ids=str,
)
def test_engine_and_torch_agree(parts, monkeypatch):
    fits = []
    for engine in ("torch", "compiled"):
        monkeypatch.setenv("SKRNN_ENGINE", engine)
        model = reading_changes(LSTMRegressor, dtype="float64", **parts)
        fits.append(model.fit(UNEQUAL, [len(one) * 1e6 for one in UNEQUAL]))
        assert fits[-1].net_.kernel_ == engine
    np.testing.assert_allclose(*(m.loss_curve_ for m in fits), rtol=1e-9)
    np.testing.assert_allclose(*(m.predict(UNEQUAL) for m in fits), rtol=1e-9)
    for model in fits:  # a single sample
        expected = fits[0].predict(UNEQUAL)[:1]
        np.testing.assert_allclose(model.predict(UNEQUAL[:1]), expected, rtol=1e-9)


@needs_engine
def test_the_engine_notices_figures_that_change(monkeypatch):
    monkeypatch.setenv("SKRNN_ENGINE", "compiled")
    model = reading_changes(dtype="float64").fit(X, Y)
    changes, before = model.net_.module_.changes, model.predict(X)
    changes.scale *= 2
    once = model.predict(X)
    assert np.abs(once - before).min() > 0
    changes.scale = changes.scale / 2  # another array
    assert np.array_equal(model.predict(X), before)
    changes.scale = changes.scale.float()  # which torch takes
    np.testing.assert_allclose(model.predict(X), before, rtol=1e-6)


def test_poisson_keeps_its_link_and_tokens_their_ids():
    y = RNG.poisson(3, len(X)).astype(float)
    model = reading_changes(loss="poisson").fit(X, y)
    assert model.net_.module_.output_normalization is None
    assert model.net_.module_.changes is not None
    tokens = [RNG.integers(1, 9, 5) for _ in range(20)]
    model = reading_changes(embedding_dim=3).fit(tokens, np.arange(20.0))
    assert model.net_.module_.changes is None
    assert model.net_.module_.output_normalization is not None


def test_a_classifier_reads_changes():
    sequences, y = tones(60)
    sequences = [1e6 + 1e4 * one for one in sequences]
    model = reading_changes(GRUClassifier, max_iter=100, learning_rate_init=0.03)
    model.set_params(pooling="max", conv_filters=8, batch_size=16)
    assert model.fit(sequences, y).score(sequences, y) > 0.9


def test_gates_are_those_of_changes_and_levels():
    model = reading_changes(RNNRegressor, dtype="float64").fit(X, Y)
    read = np.array([changes_and_levels(model, one) for one in X])
    *_, center, size = figures_of(model)
    plain = network(RNNRegressor, normalize=None, dtype="float64")
    plain.fit(read, (Y - center) / size)
    found, expected = (
        m.gate_activations(x)["hidden"] for m, x in ((model, X), (plain, read))
    )
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_gradients_are_with_respect_to_standardised_rows():
    model = reading_changes(RNNRegressor, dtype="float64").fit(X, Y)
    _, scale, _, size = figures_of(model)
    _, norms = gradient_norms(model, X[:1])
    found = np.zeros(len(norms))
    for distance in range(len(norms)):
        for column in range(2):
            step = np.zeros_like(X[:1])
            step[0, -1 - distance, column] = 1e-5 * scale[column]
            up, down = (model.predict(X[:1] + sign * step)[0] for sign in (1, -1))
            found[distance] += ((up - down) / 2e-5 / size[0]) ** 2
    np.testing.assert_allclose(norms, np.sqrt(found), rtol=1e-4)


def test_a_dropout_of_inputs_drops_changes_and_levels_apart():
    model = reading_changes(input_dropout=0.5, dtype="float64").fit(X, Y)
    seen = []
    module = model.net_.module_.train()
    handle = module.input_dropout.register_forward_hook(
        lambda layer, given, read: seen.append((given[0], read))
    )
    module(torch.tensor(X))
    handle.remove()
    ((given, read),) = seen
    assert given.shape == read.shape == (*X.shape[:2], 4)
    is_kept = (read != 0).numpy()[:, 1:]
    assert (is_kept[:, :, :2] != is_kept[:, :, 2:]).mean() == pytest.approx(
        0.5, abs=0.1
    )


def test_a_summary_names_the_changes():
    text = str(reading_changes().fit(X, Y).summary())
    assert "changes        Changes and clipped levels  (n_samples, n_timest" in text

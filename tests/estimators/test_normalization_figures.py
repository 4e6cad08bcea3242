"""The figures of normalize="standard": which samples count, and odd scales."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning

from skrnn import (
    LSTMClassifier,
)
from skrnn.estimators._normalization import normalized_targets
from skrnn.windows import Windows
from tests.common_engine import needs_engine
from tests.common_estimators import tones, windows_of

from .normalization_data import (
    LEVELS,
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


def test_weights_count_as_repetitions():
    weights = RNG.integers(0, 3, len(UNEQUAL))
    y = RNG.standard_normal(len(UNEQUAL)) * 1e3
    model = network(dtype="float64").fit(UNEQUAL, y, sample_weight=weights)
    places = np.repeat(np.arange(len(y)), weights)
    repeated = [UNEQUAL[i] for i in places]
    same = network(dtype="float64").fit(repeated, y[places])
    assert_same_figures(figures_of(model), figures_of(same), 1e-10)
    assert_same_figures(figures_of(model), figures_by_hand(repeated, y[places]), 1e-10)


def test_pieces_of_a_series_without_weight_do_not_count():
    pieces, y = ROWS[:80].reshape(10, 8, 2), np.arange(10.0)
    weights = np.array([1, 1, 0, 1, 1, 0, 1, 1, 1, 1])
    model = network(stateful=True, shuffle=False).fit(pieces, y, weights)
    kept = weights > 0
    assert_same_figures(figures_of(model), figures_by_hand(pieces[kept], y[kept]))


def test_partial_fit_and_warm_start_keep_the_first_figures():
    model = network().partial_fit(X[:40], Y[:40])
    first = figures_of(model)
    assert_same_figures(first, figures_by_hand(X[:40], Y[:40]))
    model.partial_fit(X[40:] + 1e6, Y[40:] * 3)
    assert_same_figures(figures_of(model), first, 0)
    model = network(warm_start=True).fit(X[:40], Y[:40])
    model.fit(X + 1e6, Y * 3)
    assert_same_figures(figures_of(model), first, 0)
    model.set_params(warm_start=False).fit(X, Y)
    assert_same_figures(figures_of(model), figures_by_hand(X, Y))


@pytest.mark.parametrize("engine", ENGINES)
def test_held_out_samples_do_not_count_and_are_judged_in_the_same_units(
    engine, monkeypatch
):
    monkeypatch.setenv("SKRNN_ENGINE", engine)
    pieces, y = ROWS[:80].reshape(20, 4, 2), ROWS[3:80:4, 0]
    options = {"validation_fraction": 0.25, "validation_split": "last"}
    model = network(early_stopping=True, dtype="float64", **options).fit(pieces, y)
    assert_same_figures(figures_of(model), figures_by_hand(pieces[:15], y[:15]), 1e-10)
    given = network(dtype="float64", max_iter=1)
    given.fit(pieces[:15], y[:15], X_val=pieces[15:], y_val=y[15:])
    assert_same_figures(figures_of(given), figures_of(model), 1e-10)
    size = figures_of(given)[3]
    errors = (given.predict(pieces[15:]) - y[15:]) / size
    valid_loss = given.net_.history[-1]["valid_loss"]
    np.testing.assert_allclose(valid_loss, 0.5 * np.mean(errors**2), rtol=1e-7)
    score = given.score(pieces[15:], y[15:])
    np.testing.assert_allclose(given.validation_scores_, [score], rtol=1e-7)


def test_each_output_has_its_own_scale():
    y = np.c_[Y, -1e-6 * Y**2, np.full(len(Y), 7.0)]
    model = network(dtype="float64", max_iter=60, learning_rate_init=0.03).fit(X, y)
    *_, center, size = figures_of(model)
    np.testing.assert_allclose(center, y.mean(0), rtol=1e-12)
    np.testing.assert_allclose(size, [*y[:, :2].std(0), 1])
    errors = np.abs(model.predict(X) - y).mean(0)
    assert (errors < [0.5 * y[:, 0].std(), 0.5 * y[:, 1].std(), 0.2]).all()


def test_constants_are_centred_and_not_divided():
    rows = np.c_[ROWS[:, :1], np.full(90, 1e4), np.linspace(0.3, 0.3 + 1e-9, 90)]
    windows, y = windows_of(rows, 8)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = network(max_iter=40, learning_rate_init=0.05)
        model.fit(windows, np.full(len(y), 5e4))
    mean, scale, center, size = figures_of(model)
    np.testing.assert_array_equal(scale[1:], 1)
    np.testing.assert_array_equal(mean[1], 1e4)
    assert (center, size) == (5e4, 1)
    np.testing.assert_allclose(model.predict(windows), 5e4, atol=1)


def test_rows_of_a_memmap_are_not_copied(tmp_path):
    rows = np.memmap(tmp_path / "rows", "f4", "w+", shape=ROWS.shape)
    rows[:] = ROWS
    windows = Windows(rows, np.arange(82), np.full(82, 8))
    model = network().fit(windows, Y)
    assert_same_figures(figures_of(model), figures_by_hand(X, Y), 1e-5)
    data = model._prediction_data(model._reader.read(model, windows))
    assert np.shares_memory(data.rows.numpy(), rows)


def test_a_level_that_float32_cannot_hold_is_named():
    frame = pd.DataFrame(ROWS - LEVELS, columns=["price", "id"])
    frame["id"] = 1e7 + np.arange(90) % 3
    frame.index = pd.MultiIndex.from_product([range(18), range(5)])
    y = 1e8 + np.arange(18.0)
    with pytest.warns(UserWarning, match="the level of") as caught:
        network().fit(frame, y)
    of_X, of_y = (str(one.message) for one in caught[:2])
    assert "the level of X (of its features ['id']) is over 100,000" in of_X
    assert "the level of y is over 100,000 times" in of_y
    assert 'set dtype="float64", or subtract the level' in of_y
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = network(dtype="float64").fit(frame, y)
    assert np.ptp(model.predict(frame)) > 0.1


def test_targets_lose_nothing_before_they_are_normalised():
    y = 3e4 + np.sin(np.arange(len(X)))
    layer = network().fit(X, y).net_.module_.output_normalization
    exact = (y - layer.mean.item()) / layer.scale.item()
    found = normalized_targets(layer, y.reshape(-1, 1))[:, 0]
    np.testing.assert_allclose(found, exact, rtol=0, atol=2e-7)
    assert np.abs(y.astype("f4") - y).max() > 5e-4


def test_targets_too_large_for_the_dtype_are_refused():
    with pytest.raises(ValueError, match=r"y holds values up to .*e\+5\d, too large"):
        network().fit(X, Y * 1e50)
    model = network(dtype="float64").fit(X, Y * 1e50)
    assert np.isfinite(model.predict(X)).all()


def test_tiny_targets_are_not_divided_by_zero():
    with pytest.warns(ConvergenceWarning, match=r"loss ends at .* constant"):
        model = network().fit(X, 1e-60 * Y)
    assert (np.abs(model.predict(X)) < 1e-30).all()


def test_class_weights_count_like_sample_weights():
    sequences, y = tones(30)
    model = network(LSTMClassifier, class_weight={0: 1, 1: 2, 2: 0}, dtype="float64")
    model.fit(sequences, y)
    chosen = [s for s, c in zip(sequences, y, strict=True) for _ in range([1, 2, 0][c])]
    rows = np.concatenate(chosen)
    assert_same_figures(figures_of(model), [rows.mean(0), rows.std(0)], 1e-10)


def test_tokens_are_left_as_they_are():
    tokens = [RNG.integers(1, 9, 5) for _ in range(20)]
    y = np.arange(20.0) * 1e6
    model = network(embedding_dim=3).fit(tokens, y)
    assert model.net_.module_.input_normalization is None
    assert_same_figures(figures_of(model), [[y.mean()], [y.std()]])

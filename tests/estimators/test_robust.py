"""normalize="robust": the same fits as on features squashed outside."""

import copy
import pickle

import numpy as np
import pytest
import skops.io

from skrnn import TRUSTED_TYPES, GRUClassifier, LSTMRegressor, RNNRegressor
from skrnn.inspection import gradient_norms
from tests.common_engine import needs_engine
from tests.common_estimators import RECURRENT_REGRESSORS, windows_of

from .normalization_data import (
    RNG,
    UNEQUAL,
    assert_same_figures,
    figures_by_hand,
    figures_of,
    network,
)
from .normalization_data import X as LEVELS

ENGINES = ["torch", pytest.param("compiled", marks=needs_engine)]
# a level, and counts of which nearly all are zero; their kurtosis is near 100
COUNTS = np.where(RNG.random(300) < 0.03, RNG.geometric(0.05, 300) * 20.0, 0)
ROWS = np.column_stack([7 + 0.1 * RNG.standard_normal(300), COUNTS])
X, Y = windows_of(ROWS, 8)
RAGGED = [ROWS[start : start + 3 + start % 6] for start in range(0, 290, 3)]


def robust(*args, **further):
    return network(*args, **{"normalize": "robust", **further})


def squash_figures_of(model):
    squash = model.net_.module_.squash
    return [part.numpy().copy() for part in squash.figures]


def squash_figures_by_hand(sequences):
    rows = np.concatenate(list(sequences))
    center = np.median(rows, axis=0)
    distances = np.abs(rows - center)
    scale = [np.median(one[one > 0]) if one.any() else 0 for one in distances.T]
    fourth = ((rows - rows.mean(0)) ** 4).mean(0)
    is_heavy = fourth > 50 * rows.var(0) ** 2
    return np.where(is_heavy, center, 0), np.where(is_heavy, scale, 0)


def squashed(model, one):
    """What is standardised of a sequence."""
    center, scale = squash_figures_of(model)
    one = np.array(one, model.dtype)
    places = np.flatnonzero(scale)
    one[:, places] = np.arcsinh((one[:, places] - center[places]) / scale[places])
    return one


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("is_ragged", [False, True])
@pytest.mark.parametrize("cls", RECURRENT_REGRESSORS)
def test_equals_a_fit_on_squashed_features(cls, is_ragged, dtype, engine, monkeypatch):
    monkeypatch.setenv("SKRNN_ENGINE", engine)
    sequences = RAGGED if is_ragged else X
    y = np.array([one[-1, 1] for one in sequences]) + 100.0
    model = robust(cls, dtype=dtype).fit(sequences, y)
    assert model.net_.kernel_ == engine
    assert model.net_.module_.squash.n_squashed == 1
    rtol = {"float32": 1e-6, "float64": 1e-12}[dtype]
    assert_same_figures(
        squash_figures_of(model), squash_figures_by_hand(sequences), rtol
    )
    read = [squashed(model, one) for one in sequences]
    assert_same_figures(figures_of(model), figures_by_hand(read, y), 1e-5)
    plain = network(cls, dtype=dtype).fit(read, y)
    rtol = {"float32": 1e-5, "float64": 1e-10}[dtype]
    np.testing.assert_allclose(model.loss_curve_, plain.loss_curve_, rtol=rtol)
    np.testing.assert_allclose(
        model.predict(sequences), plain.predict(read), rtol=10 * rtol
    )


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("sequences", [LEVELS, UNEQUAL], ids=["equal", "ragged"])
def test_features_without_heavy_tails_have_the_bits_of_standard(
    sequences, engine, monkeypatch
):
    monkeypatch.setenv("SKRNN_ENGINE", engine)
    y = np.array([one[-1, 0] for one in sequences])
    model, plain = robust().fit(sequences, y), network().fit(sequences, y)
    assert model.net_.module_.squash.n_squashed == 0
    assert model.loss_curve_ == plain.loss_curve_
    assert_same_figures(figures_of(model), figures_of(plain), 0)
    np.testing.assert_array_equal(model.predict(sequences), plain.predict(sequences))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_counts_between_bursts_are_learnt():
    """A burst in every fourth sequence is thousands of times the other counts."""
    rng = np.random.default_rng(0)
    counts = rng.poisson(3, (400, 12, 1)).astype(float)
    counts[::4, 3] = 10.0 ** rng.uniform(4, 7, (100, 1))
    y = counts[:, -1, 0] > 2
    scores = {}
    for normalize in ("standard", "robust"):
        model = network(GRUClassifier, normalize=normalize, max_iter=60)
        model.set_params(learning_rate_init=0.03, batch_size=16)
        model.fit(counts[:300], y[:300])
        scores[normalize] = model.score(counts[300:], y[300:])
    assert scores["robust"] > 0.95
    assert scores["standard"] < 0.7


def test_weights_count_as_repetitions():
    weights = RNG.integers(0, 3, len(RAGGED))
    y = RNG.standard_normal(len(RAGGED))
    model = robust(dtype="float64").fit(RAGGED, y, sample_weight=weights)
    repeated = [RAGGED[i] for i in np.repeat(np.arange(len(y)), weights)]
    expected = squash_figures_by_hand(repeated)
    assert_same_figures(squash_figures_of(model), expected, 1e-12)
    read = [squashed(model, one) for one in repeated]
    inputs = figures_of(model)[:2]
    assert_same_figures(inputs, figures_by_hand(read, y)[:2], 1e-9)


def test_later_calls_keep_the_first_figures():
    half = len(X) // 2
    model = robust().partial_fit(X[:half], Y[:half])
    first = squash_figures_of(model)
    assert_same_figures(first, squash_figures_by_hand(X[:half]))
    model.partial_fit(X[half:] * 50, Y[half:])
    assert_same_figures(squash_figures_of(model), first, 0)
    model = robust(warm_start=True).fit(X[:half], Y[:half])
    model.fit(X * 50, Y)
    assert_same_figures(squash_figures_of(model), first, 0)
    with pytest.raises(ValueError, match="whose normalize was robust, is now standard"):
        model.set_params(normalize="standard").fit(X, Y)


def test_constants_and_integers():
    rows = np.column_stack([np.full(300, 3), COUNTS.astype(int)])
    windows, y = windows_of(rows, 8)
    model = robust().fit(windows, y)
    center, scale = squash_figures_of(model)
    assert scale[0] == 0
    assert_same_figures((center, scale), squash_figures_by_hand(windows))
    assert figures_of(model)[1][0] == 1


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "parts", [{}, {"pooling": "mean"}, {"conv_filters": (3, 2)}], ids=str
)
def test_streams_equal_predict(parts, engine, monkeypatch):
    monkeypatch.setenv("SKRNN_ENGINE", engine)
    model = robust(LSTMRegressor, dtype="float64", **parts).fit(X, Y)
    expected = model.predict([ROWS[: n + 1] for n in range(40)])
    stream = model.stream(ROWS[:10])
    found = [stream.step(row) for row in ROWS[10:20]]
    resumed = pickle.loads(pickle.dumps(stream))
    found = np.r_[found, resumed.predict(ROWS[20:40])]
    np.testing.assert_allclose(found, expected[10:], rtol=1e-9)


@needs_engine
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_engine_predicts_as_torch(dtype, monkeypatch):
    model = robust(LSTMRegressor, dtype=dtype).fit(X, Y)
    found = []
    for engine in ("torch", "compiled"):
        monkeypatch.setenv("SKRNN_ENGINE", engine)
        one = [model.predict(X[i : i + 1])[0] for i in range(len(X))]
        found += [model.predict(X), one, model.stream().predict(ROWS)[7:-1]]
    for i in (1, 3, 4):
        np.testing.assert_allclose(found[i], found[0], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(found[5], found[2], rtol=1e-6, atol=1e-6)


def test_pieces_of_one_series():
    pieces, y = ROWS[:296].reshape(37, 8, 2), ROWS[7:296:8, 0]
    options = {"stateful": True, "shuffle": False, "dtype": "float64"}
    model = robust(**options).fit(pieces, y)
    assert_same_figures(squash_figures_of(model), squash_figures_by_hand(pieces), 1e-12)
    streamed = model.stream().predict(ROWS[:296])
    np.testing.assert_allclose(model.predict(pieces), streamed[7::8], rtol=1e-12)


def test_files_and_copies_hold_the_figures():
    model = robust(LSTMRegressor, warm_start=True).fit(X, Y)
    expected = model.predict(X)
    through_skops = skops.io.loads(skops.io.dumps(model), trusted=TRUSTED_TYPES)
    for other in (
        through_skops,
        pickle.loads(pickle.dumps(model)),
        copy.deepcopy(model),
    ):
        assert np.array_equal(other.predict(X), expected)
        assert_same_figures(squash_figures_of(other), squash_figures_of(model), 0)
        assert other.net_.module_.squash.n_squashed == 1


def test_the_best_state_keeps_its_figures():
    model = robust(early_stopping=True, max_iter=8).fit(X, Y)
    assert model.net_.module_.squash.n_squashed == 1


def test_poisson_keeps_its_link_and_tokens_their_ids():
    model = robust(loss="poisson").fit(X, RNG.poisson(3, len(X)).astype(float))
    assert model.net_.module_.output_normalization is None
    assert model.net_.module_.squash is not None
    tokens = [RNG.integers(1, 9, 5) for _ in range(20)]
    model = robust(embedding_dim=3).fit(tokens, np.arange(20.0))
    assert model.net_.module_.squash is None
    assert model.net_.module_.output_normalization is not None


def test_gates_and_gradients_are_those_of_squashed_features():
    model = robust(RNNRegressor, dtype="float64").fit(X, Y)
    read = np.array([squashed(model, one) for one in X])
    plain = network(RNNRegressor, dtype="float64").fit(read, Y)
    found, expected = (
        m.gate_activations(x)["hidden"] for m, x in ((model, X), (plain, read))
    )
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    _, norms = gradient_norms(model, X)
    _, expected = gradient_norms(plain, read)
    np.testing.assert_allclose(norms, expected, rtol=1e-9)


def test_a_summary_names_the_squashed_features():
    text = str(robust().fit(X, Y).summary())
    assert "squash         asinh, 1 of 2          (n_samples, n_timest" in text


@pytest.mark.parametrize("engine", ENGINES)
def test_a_linear_path_reads_squashed_rows(engine, monkeypatch):
    monkeypatch.setenv("SKRNN_ENGINE", engine)
    model = robust(readout="ridge", dtype="float64").fit(X, Y)
    read = np.array([squashed(model, one) for one in X])
    plain = network(readout="ridge", dtype="float64").fit(read, Y)
    expected = plain.predict(read)
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-6)
    assert model.net_.module_.path.weight.abs().sum() > 0
    expected = model.predict([ROWS[: n + 1] for n in range(60)])
    stream = model.stream(ROWS[:10])
    found = [*map(stream.step, ROWS[10:20]), *stream.predict(ROWS[20:60])]
    np.testing.assert_allclose(np.ravel(found), expected[10:], rtol=1e-9)

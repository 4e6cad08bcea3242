"""The same seed gives the same bits, and a sample the same prediction in any batch."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skrnn import (
    GRUClassifier,
    GRURegressor,
    LSTMRegressor,
    MLPClassifier,
    MLPRegressor,
    RNNRegressor,
)
from skrnn.engine import Batches, CompiledNetwork, LossPart, Samples, SolverPart
from skrnn.engine import _network as network_
from skrnn.modules import RecurrentNetwork, description_of

from .test_epochs import (
    CLASSES,
    HEAVY,
    MARKS,
    MEANS,
    QUICK,
    RAGGED,
    SMOOTH,
    TABLE,
    X,
    Y,
    engine_of,
    fit_by,
    weights_of,
)

pytestmark = MARKS

MODELS = {
    "lstm": (LSTMRegressor(**QUICK, dropout=0.2), X, Y),
    "gru": (GRURegressor(**QUICK, bidirectional=True, pooling="mean"), RAGGED, MEANS),
    "robust": (GRURegressor(**QUICK, normalize="robust"), HEAVY, MEANS),
    "changes": (GRURegressor(**QUICK, normalize="changes"), RAGGED, MEANS),
    "rnn": (RNNRegressor(**QUICK, conv_filters=4, max_grad_norm=0.1), X, Y),
    "classes": (GRUClassifier(**QUICK, class_weight="balanced"), X, CLASSES),
    "mlp": (MLPRegressor(**SMOOTH, dropout=0.2), TABLE, Y),
    "mlp, classes": (MLPClassifier(**SMOOTH), TABLE.astype("f4"), CLASSES),
}


def learnt(model, X):
    """All bits that a fit leaves behind."""
    weights = [values.tobytes() for values in weights_of(model)]
    return model.loss_curve_, weights, model.predict(X).tobytes()


@pytest.mark.parametrize("case", MODELS)
def test_the_same_seed_gives_the_same_bits(case):
    model, data, y = MODELS[case]
    first = learnt(fit_by("compiled", model, data, y), data)
    assert learnt(fit_by("compiled", model, data, y), data) == first
    model = clone(model).set_params(random_state=4)
    assert learnt(fit_by("compiled", model, data, y), data) != first


@pytest.mark.parametrize("case", MODELS)
def test_threads_give_the_same_bits(case, monkeypatch):
    """Here they share every batch, however small."""
    monkeypatch.setattr(network_, "_WORTH_SHARING", 0)
    model, data, y = MODELS[case]
    model = clone(model).set_params(batch_size=60)
    expected = learnt(fit_by("compiled", model, data, y), data)
    for n_threads in (1, 2, 4):
        model.set_params(n_threads=n_threads)
        assert learnt(fit_by("compiled", model, data, y), data) == expected


def test_threads_share_a_large_batch():
    module = RecurrentNetwork("lstm", 32, (64,), 1, seed=0)
    rng = np.random.default_rng(0)
    n, n_steps = 300, 40
    rows = rng.normal(size=(n + n_steps, 32)).astype("f4")
    y = rng.normal(size=(n, 1)).astype("f4")
    samples = Samples(rows, np.arange(n), np.full(n, n_steps), targets=y)
    parts = np.array([0]), np.array([n]), np.array([float(n)]), np.array([0.1])
    found = []
    for n_threads in (1, 2, 3, 8, 100):
        weights = [p.detach().numpy().copy() for p in module.parameters()]
        with engine_of("compiled"):
            network = CompiledNetwork(description_of(module), weights)
        assert network.is_worth_sharing(n_steps, n)
        loss, batches = LossPart("squared_error"), Batches(None, *parts)
        solver = SolverPart("sgd")
        network.train(samples, loss, solver, batches, n_threads=n_threads)
        found.append([values.tobytes() for values in weights])
    assert all(bits == found[0] for bits in found)


def test_fits_side_by_side_give_the_bits_of_each_alone():
    """In threads, which begin together; the library holds no lock."""
    names = ["lstm", "gru", "mlp", "lstm"]
    alone = {n: learnt(fit_by("compiled", *MODELS[n]), MODELS[n][1]) for n in names}
    barrier = Barrier(len(names))

    def fit(name):
        model, data, y = MODELS[name]
        barrier.wait()
        fitted = [clone(model).fit(data, y) for _ in range(3)]
        assert {each.net_.kernel_ for each in fitted} == {"compiled"}
        return [learnt(each, data) for each in fitted]

    with engine_of("compiled"), ThreadPoolExecutor(len(names)) as pool:
        for name, found in zip(names, pool.map(fit, names), strict=True):
            assert found == [alone[name]] * 3


@pytest.mark.parametrize(
    "backend", ["threading", pytest.param("loky", marks=pytest.mark.slow)]
)
@pytest.mark.usefixtures("new_processes")
def test_a_search_by_several_workers(backend):
    from joblib import parallel_backend

    model = GRURegressor(**QUICK, dropout=0.1)
    grid = {"hidden_layer_sizes": [3, 4], "learning_rate_init": [0.01, 0.03]}
    with engine_of("compiled"):
        expected = GridSearchCV(model, grid, cv=3).fit(X, Y)
        with parallel_backend(backend, n_jobs=2):
            found = GridSearchCV(model, grid, cv=3, n_jobs=2).fit(X, Y)
    for name in ("mean_test_score", "std_test_score"):
        np.testing.assert_array_equal(
            found.cv_results_[name], expected.cv_results_[name]
        )
    assert found.best_estimator_.net_.kernel_ == "compiled"
    best = found.best_estimator_, expected.best_estimator_
    assert learnt(best[0], X) == learnt(best[1], X)


@pytest.mark.parametrize("case", MODELS)
def test_a_prediction_does_not_depend_on_its_batch(case):
    """One by one, in blocks of all sizes, in another order."""
    model, data, y = MODELS[case]
    model = fit_by("compiled", model, data, y)
    predict = getattr(model, "predict_proba", model.predict)
    n = len(y)
    order = np.random.default_rng(0).permutation(n)
    is_list = isinstance(data, list)
    with engine_of("compiled"):
        together = predict(data)
        assert len(together) == n
        for size in (1, 2, 3, 5, 9, 17, 33, 65):
            parts = [predict(data[i : i + size]) for i in range(0, n, size)]
            np.testing.assert_allclose(
                np.concatenate(parts), together, rtol=1e-6, atol=1e-6
            )
        shuffled = predict([data[i] for i in order] if is_list else data[order])
    np.testing.assert_allclose(shuffled, together[order], rtol=1e-6, atol=1e-6)
    with engine_of("torch"):
        np.testing.assert_allclose(predict(data), together, rtol=1e-5, atol=1e-5)


LAYOUTS = {
    "a sliding view": X,
    "its copy": X.copy(),
    "in the order of columns": np.asfortranarray(X),
    "every second column": np.repeat(X, 2, axis=2)[:, :, ::2],
    "every second row": np.repeat(X, 2, axis=1)[:, ::2],
    "from the last": X[::-1][::-1],
    "a list": list(X),
    "a list of lists": [sample.tolist() for sample in X],
    "one value all along": np.broadcast_to(np.float32(1), X.shape),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layout", [*LAYOUTS, "read-only file", "unaligned"])
def test_a_layout_in_memory_changes_nothing(layout, dtype, tmp_path):
    """Without figures of the rows: those that windows share are summed once."""
    if layout == "read-only file":
        np.save(tmp_path / "X.npy", X.astype(dtype))
        data = np.load(tmp_path / "X.npy", mmap_mode="r")
    elif layout == "unaligned":
        data = np.zeros(X.size * 8 + 1, "u1")[1:].view("f8").reshape(X.shape)
        data[:] = X
    else:
        data = LAYOUTS[layout]
        data = data.astype(dtype) if layout == "its copy" else data
    model = GRURegressor(**QUICK | {"max_iter": 3}, dtype=dtype, normalize=None)
    copied = np.array(data, dtype=dtype, order="C")
    expected = learnt(fit_by("compiled", model, copied, Y), copied)
    assert learnt(fit_by("compiled", model, data, Y), data) == expected

"""Our MLPs beside scikit-learn's: the same weights, losses and scores in float64."""

import pickle
import warnings

import joblib
import numpy as np
import pytest
import scipy.sparse
from sklearn import neural_network as theirs
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import (
    load_iris,
    make_classification,
    make_multilabel_classification,
    make_regression,
)
from sklearn.model_selection import train_test_split

import skrnn

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning", "ignore:Got `batch_size`"
)

SOLVERS = {
    "adam": {"solver": "adam"},
    "sgd": {"solver": "sgd", "momentum": 0.0},
    "momentum": {"solver": "sgd", "nesterovs_momentum": False},
    "nesterov": {"solver": "sgd"},
    "invscaling": {"solver": "sgd", "learning_rate": "invscaling", "power_t": 0.2},
    "adaptive": {
        "solver": "sgd",
        "learning_rate": "adaptive",
        "tol": 0.05,
        "n_iter_no_change": 1,
    },
    "lbfgs": {"solver": "lbfgs"},
}


def problem(kind: str) -> tuple:
    """Rows and targets of a small problem, 170 of them: the last batch is smaller."""
    n = {"n_samples": 170, "random_state": 3}
    if kind == "binary":
        X, y = make_classification(n_features=8, **n)
        return X, np.array(["no", "yes"])[y]
    if kind == "multiclass":
        return make_classification(n_features=8, n_informative=5, n_classes=4, **n)
    if kind == "multilabel":
        return make_multilabel_classification(n_features=8, n_classes=3, **n)
    X, y = make_regression(n_features=8, n_targets=1 + 2 * (kind == "outputs"), **n)
    y = y / np.std(y)
    return X, np.round(np.exp(y)) if kind == "counts" else y


PROBLEMS = ("binary", "multiclass", "multilabel", "numbers", "outputs", "counts")


def pair(kind: str, **options) -> tuple:
    """Ours and theirs, unfitted, with the same parameters."""
    is_classifier = kind in PROBLEMS[:3]
    name = "MLPClassifier" if is_classifier else "MLPRegressor"
    if kind == "counts":
        options = {"loss": "poisson", **options}
    common = {
        "hidden_layer_sizes": (11, 7),
        "activation": "tanh",
        "batch_size": 32,
        "alpha": 0.3,
        "max_iter": 20,
        "learning_rate_init": 0.01,
        "random_state": 7,
    }
    params = {**common, **options}
    return getattr(skrnn, name)(**params), getattr(theirs, name)(**params)


def assert_same(ours, sk, X, tolerance=1e-9):
    close = {"rtol": tolerance, "atol": tolerance}
    np.testing.assert_allclose(ours.loss_, sk.loss_, **close)
    for name in ("coefs_", "intercepts_"):
        for mine, other in zip(getattr(ours, name), getattr(sk, name), strict=True):
            np.testing.assert_allclose(mine, other, **close)
    for name in ("n_iter_", "n_layers_", "n_outputs_", "out_activation_"):
        assert getattr(ours, name) == getattr(sk, name)
    assert ours.t_ == sk.t_
    if sk.solver != "lbfgs":
        np.testing.assert_allclose(ours.loss_curve_, sk.loss_curve_, **close)
        for name in ("best_loss_", "validation_scores_", "best_validation_score_"):
            mine, other = getattr(ours, name), getattr(sk, name)
            assert (mine is None) == (other is None)
            assert mine is None or mine == pytest.approx(other, abs=1e-9)
    if hasattr(sk, "classes_"):
        np.testing.assert_array_equal(ours.classes_, sk.classes_)
        np.testing.assert_array_equal(ours.predict(X), sk.predict(X))
        np.testing.assert_allclose(ours.predict_proba(X), sk.predict_proba(X), **close)
        log_p = ours.predict_log_proba(X)
        np.testing.assert_allclose(log_p, sk.predict_log_proba(X), 1e-6, 1e-6)
    else:
        np.testing.assert_allclose(ours.predict(X), sk.predict(X), **close)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("kind", PROBLEMS)
def test_twenty_epochs(kind, solver, weighted):
    X, y = problem(kind)
    weights = np.arange(len(X)) % 4 / 2 if weighted else None  # a quarter weighs 0
    ours, sk = pair(kind, **SOLVERS[solver])
    ours.fit(X, y, sample_weight=weights)
    sk.fit(X, y, sample_weight=weights)
    assert ours.n_iter_ <= 20
    assert_same(ours, sk, X, 1e-6 if solver == "lbfgs" else 1e-9)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("solver", ["adam", "nesterov"])
@pytest.mark.parametrize("kind", PROBLEMS)
def test_early_stopping(kind, solver, weighted):
    X, y = problem(kind)
    weights = 1 + np.arange(len(X)) % 3 if weighted else None
    ours, sk = pair(
        kind, early_stopping=True, n_iter_no_change=3, **SOLVERS[solver], tol=1e-3
    )
    ours.fit(X, y, sample_weight=weights)
    sk.fit(X, y, sample_weight=weights)
    assert len(ours.validation_scores_) == ours.n_iter_
    assert_same(ours, sk, X)


@pytest.mark.parametrize("solver", ["adam", "invscaling", "adaptive", "momentum"])
@pytest.mark.parametrize("kind", ["binary", "multilabel", "outputs"])
def test_partial_fit_and_warm_start(kind, solver):
    """The two go on from each other, with one count of epochs without progress."""
    X, y = problem(kind)
    first = {"classes": np.unique(y)} if kind == "binary" else {}
    first = {"classes": [0, 1, 2]} if kind == "multilabel" else first
    ours, sk = (
        pair(kind, **SOLVERS[solver], max_iter=4)
        if solver != "adaptive"
        else (pair(kind, **SOLVERS[solver] | {"max_iter": 4}))
    )
    for model in (ours, sk):
        model.partial_fit(X[:90], y[:90], **first)
        for _ in range(5):
            model.partial_fit(X[80:], y[80:])
    assert_same(ours, sk, X)
    for model in (ours, sk):
        model.set_params(warm_start=True).fit(X, y)
        model.fit(X, y)
        model.partial_fit(X, y)
    assert_same(ours, sk, X)


def test_warm_start_keeps_the_best_of_the_last_fit():
    """scikit-learn overwrites it: its best weights are the arrays that it updates."""
    X, y = problem("numbers")
    ours, sk = pair(
        "numbers", early_stopping=True, warm_start=True, n_iter_no_change=2, tol=0.0
    )
    assert_same(ours.fit(X, y), sk.fit(X, y), X)
    best, scores = ours.predict(X), len(ours.validation_scores_)
    for model in (ours, sk):
        model.set_params(learning_rate_init=3.0).fit(X, y)  # only harms
    assert max(ours.validation_scores_[scores:]) < ours.best_validation_score_
    np.testing.assert_array_equal(ours.predict(X), best)
    np.testing.assert_allclose(ours.validation_scores_, sk.validation_scores_)


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("hidden_layer_sizes", [(), 5, [4, 3, 2]])
def test_architectures(activation, hidden_layer_sizes):
    for kind in ("multiclass", "numbers"):
        X, y = problem(kind)
        ours, sk = pair(
            kind, activation=activation, hidden_layer_sizes=hidden_layer_sizes
        )
        assert_same(ours.fit(X, y), sk.fit(X, y), X)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("layout", ["csr_matrix", "csc_matrix", "csr_array"])
def test_sparse_rows(layout, solver):
    X, y = problem("multiclass")
    X[np.abs(X) < 0.8] = 0
    X[5] = 0  # a row of nothing
    sparse = getattr(scipy.sparse, layout)(X)
    ours, sk = pair("multiclass", solver=solver, early_stopping=True)
    assert_same(ours.fit(sparse, y), sk.fit(sparse, y), sparse, 1e-6)
    np.testing.assert_allclose(ours.predict_proba(X), ours.predict_proba(sparse))


@pytest.mark.parametrize(
    ("solver", "scale"), [("adam", 30), ("adam", 1000), ("lbfgs", 30)]
)
@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_saturated_outputs(kind, scale, solver):
    """Where X is not scaled, the clipped loss decides when to stop."""
    X, y = problem(kind)
    ours, sk = pair(kind, solver=solver, activation="relu", max_iter=12)
    ours.fit(scale * X, y)
    sk.fit(scale * X, y)
    assert ours.n_iter_ == sk.n_iter_
    np.testing.assert_allclose(ours.loss_, sk.loss_, rtol=1e-5)
    np.testing.assert_allclose(ours.coefs_[0], sk.coefs_[0], rtol=1e-4, atol=1e-6)


CHANGES = {
    "alpha": ({}, {"alpha": 10.0}),
    "rate": ({}, {"learning_rate_init": 0.5}),
    "rate of sgd": (SOLVERS["invscaling"], {"learning_rate_init": 0.5}),
    "power_t": (SOLVERS["invscaling"], {"power_t": 0.9}),
    "schedule": (SOLVERS["nesterov"], {"learning_rate": "invscaling"}),
    "no schedule": (SOLVERS["invscaling"], {"learning_rate": "constant"}),
    "batch_size": ({}, {"batch_size": 50}),
    "seed": ({}, {"random_state": 3}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_parameters_changed_before_partial_fit(change):
    X, y = problem("numbers")
    first, then = CHANGES[change]
    models = pair("numbers", **{**first, "max_iter": 3})
    for model in models:
        model.fit(X, y).set_params(**then)
        model.partial_fit(X, y).partial_fit(X, y)
    assert_same(*models, X)


def test_parameters_changed_before_a_warm_start():
    X, y = problem("numbers")
    models = pair("numbers", warm_start=True, max_iter=3)
    for model in models:
        model.fit(X, y).set_params(activation="relu", solver="sgd", alpha=0.1).fit(X, y)
    assert_same(*models, X)


@pytest.mark.parametrize("solver", ["adam", "nesterov", "invscaling"])
def test_copies_go_on_with_their_momenta(solver):
    X, y = problem("multiclass")
    models = pair("multiclass", **SOLVERS[solver], max_iter=3)
    copies = []
    for model in models:
        copied = pickle.loads(pickle.dumps(model.fit(X, y)))
        copies.append(copied.partial_fit(X, y).partial_fit(X, y))
        model.partial_fit(X, y).partial_fit(X, y)
    assert_same(*models, X)
    assert_same(*copies, X)
    np.testing.assert_array_equal(copies[0].coefs_[0], models[0].coefs_[0])


def test_files_of_others_are_not_written_to(tmp_path):
    """A file that is mapped into memory is read-only; training goes on beside it."""
    X, y = problem("numbers")
    model, _ = pair("numbers", max_iter=3)
    joblib.dump(model.fit(X, y), tmp_path / "model.joblib")
    mapped = joblib.load(tmp_path / "model.joblib", mmap_mode="r")
    np.testing.assert_array_equal(mapped.predict(X), model.predict(X))
    for one in (mapped, model):
        one.partial_fit(X, y)
    np.testing.assert_array_equal(mapped.predict(X), model.predict(X))


def test_copies_go_on_with_their_dropout():
    X, y = problem("numbers")
    model, _ = pair("numbers")
    model.set_params(dropout=0.3, max_iter=3).fit(X, y)
    copied = pickle.loads(pickle.dumps(model))
    for one in (model, copied):
        one.partial_fit(X, y).partial_fit(X, y)
    np.testing.assert_array_equal(copied.predict(X), model.predict(X))


def test_sparse_labels_come_back_sparse():
    X, y = problem("multilabel")
    ours, sk = (m.fit(X, scipy.sparse.csr_matrix(y)) for m in pair("multilabel"))
    assert type(ours.predict(X)) is type(sk.predict(X))
    assert (ours.predict(X) != sk.predict(X)).nnz == 0


def test_calibration_sees_the_same_methods():
    X, y = problem("multiclass")
    first, second = (
        CalibratedClassifierCV(model).fit(X, y).predict_proba(X)
        for model in pair("multiclass")
    )
    np.testing.assert_allclose(first, second, rtol=1e-7)


def test_every_source_of_randomness():
    X, y = problem("binary")
    for source in (lambda: 5, lambda: np.random.RandomState(5), lambda: None):
        models = pair("binary")
        for model in models:
            np.random.seed(3)  # what None draws from
            model.set_params(random_state=source()).fit(X, y)
        assert_same(*models, X)


def test_unshuffled_and_other_parameters():
    X, y = problem("numbers")
    for options in (
        {"shuffle": False},
        {"batch_size": "auto"},
        {"batch_size": 1000},
        {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-2},
        {"alpha": 0.0},
        {"tol": 0.1, "n_iter_no_change": 2},
        {"solver": "lbfgs", "max_fun": 12},
        {"solver": "lbfgs", "tol": 0.05},
        {"solver": "lbfgs", "early_stopping": True},
        {"learning_rate": "adaptive", "tol": 0.1, "n_iter_no_change": 2},
        {"learning_rate": "invscaling"},
    ):
        ours, sk = pair("numbers", **options)
        assert_same(ours.fit(X, y), sk.fit(X, y), X, 1e-7)


def test_single_precision_stays_single():
    for kind in ("binary", "outputs"):
        X, y = problem(kind)
        ours, sk = pair(kind)
        X = X.astype("f4")
        y = y if kind == "binary" else y.astype("f4")
        ours.fit(X, y)
        sk.fit(X, y)
        arrays = [*ours.coefs_, *ours.intercepts_]
        assert all(array.dtype == np.float32 for array in arrays)
        np.testing.assert_allclose(ours.loss_curve_, sk.loss_curve_, rtol=1e-3)
        output = ours.predict_proba if kind == "binary" else ours.predict
        assert output(X).dtype == np.float32


def test_examples_of_the_documentation():
    X, y = make_classification(n_samples=100, random_state=1)
    X, X_test, y, y_test = train_test_split(X, y, stratify=y, random_state=1)
    model = skrnn.MLPClassifier(random_state=1, max_iter=300).fit(X, y)
    printed = model.predict_proba(X_test[:1])
    np.testing.assert_allclose(printed, [[0.0383, 0.961]], atol=1e-3)
    sk = theirs.MLPClassifier(random_state=1, max_iter=300).fit(X, y)
    np.testing.assert_allclose(printed, sk.predict_proba(X_test[:1]), rtol=1e-9)
    assert model.predict(X_test[:5, :]).tolist() == [1, 0, 1, 0, 1]
    assert model.score(X_test, y_test) == 0.88
    X, y = make_regression(n_samples=200, n_features=20, random_state=1)
    X, X_test, y, y_test = train_test_split(X, y, random_state=1)
    model = skrnn.MLPRegressor(random_state=1, max_iter=2000, tol=0.1).fit(X, y)
    np.testing.assert_allclose(model.predict(X_test[:2]), [28.98, -290.8], rtol=1e-3)
    assert model.score(X_test, y_test) == pytest.approx(0.98, abs=0.005)
    # of the user guide
    model = skrnn.MLPClassifier(
        solver="lbfgs", alpha=1e-5, hidden_layer_sizes=(5, 2), random_state=1
    ).fit([[0.0, 0.0], [1.0, 1.0]], [0, 1])
    assert model.predict([[2.0, 2.0], [-1.0, -2.0]]).tolist() == [1, 0]
    assert [coef.shape for coef in model.coefs_] == [(2, 5), (5, 2), (2, 1)]
    expected = [[1.967e-04, 9.998e-01], [1.967e-04, 9.998e-01]]
    found = model.predict_proba([[2.0, 2.0], [1.0, 2.0]])
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_iris_over_a_whole_fit():
    X, y = load_iris(return_X_y=True)
    ours = skrnn.MLPClassifier(random_state=0).fit(X, y)
    assert_same(ours, theirs.MLPClassifier(random_state=0).fit(X, y), X)


MISTAKES = {
    "strings": lambda m, X, y: m.fit(np.full(X.shape, "a"), y),
    "nan": lambda m, X, y: m.fit(np.where(X > 1, np.nan, X), y),
    "infinity": lambda m, X, y: m.fit(np.where(X > 1, np.inf, X), y),
    "one axis": lambda m, X, y: m.fit(X[:, 0], y),
    "three axes": lambda m, X, y: m.fit(X[:, :, None], y),
    "no rows": lambda m, X, y: m.fit(X[:0], y[:0]),
    "fewer targets": lambda m, X, y: m.fit(X, y[:-1]),
    "no targets": lambda m, X, y: m.fit(X, None),
    "missing targets": lambda m, X, y: m.fit(X, np.where(y == y[0], np.nan, 1.0)),
    "fewer weights": lambda m, X, y: m.fit(X, y, sample_weight=[1.0]),
    "unfitted": lambda m, X, y: m.predict(X),
    "other features": lambda m, X, y: m.fit(X, y).predict(X[:, 1:]),
    "warm features": lambda m, X, y: (
        m.set_params(warm_start=True).fit(X, y).fit(X[:, 1:], y)
    ),
    "activation": lambda m, X, y: m.set_params(activation="step").fit(X, y),
    "solver": lambda m, X, y: m.set_params(solver="newton").fit(X, y),
    "layer": lambda m, X, y: m.set_params(hidden_layer_sizes=(5, 0)).fit(X, y),
    "layers": lambda m, X, y: m.set_params(hidden_layer_sizes=-1).fit(X, y),
    "alpha": lambda m, X, y: m.set_params(alpha=-1).fit(X, y),
    "batch_size": lambda m, X, y: m.set_params(batch_size=0).fit(X, y),
    "schedule": lambda m, X, y: m.set_params(learning_rate="falling").fit(X, y),
    "rate": lambda m, X, y: m.set_params(learning_rate_init=0.0).fit(X, y),
    "max_iter": lambda m, X, y: m.set_params(max_iter=0).fit(X, y),
    "shuffle": lambda m, X, y: m.set_params(shuffle="yes").fit(X, y),
    "momentum": lambda m, X, y: m.set_params(momentum=2).fit(X, y),
    "beta": lambda m, X, y: m.set_params(beta_1=1).fit(X, y),
    "epsilon": lambda m, X, y: m.set_params(epsilon=0.0).fit(X, y),
    "fraction": lambda m, X, y: m.set_params(validation_fraction=1.0).fit(X, y),
    "patience": lambda m, X, y: m.set_params(n_iter_no_change=0).fit(X, y),
    "max_fun": lambda m, X, y: m.set_params(max_fun=0).fit(X, y),
    "seed": lambda m, X, y: m.set_params(random_state="a").fit(X, y),
    "small split": lambda m, X, y: m.set_params(early_stopping=True).fit(X[:9], y[:9]),
    "partial and early": lambda m, X, y: (
        m.set_params(early_stopping=True).fit(X, y).partial_fit(X, y)
    ),
    "parameter": lambda m, X, y: m.set_params(no_such=1),
    "targets later": lambda m, X, y: m.fit(X, y).partial_fit(X, y[:5]),
}


def error_of(mistake, model, X, y) -> Exception:
    """What is raised, whatever it is."""
    try:
        with warnings.catch_warnings(action="ignore"):
            mistake(model, X, y)
    except Exception as error:
        return error
    return pytest.fail(f"{type(model).__module__} takes it")


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("kind", ["multiclass", "numbers"])
def test_mistakes_are_the_same_errors(kind, mistake):
    X, y = problem(kind)
    ours, sk = (
        error_of(MISTAKES[mistake], model, X, y) for model in pair(kind, max_iter=2)
    )
    assert isinstance(ours, type(sk)), (ours, sk)
    assert len(str(ours)) > 20


CLASS_MISTAKES = {
    "continuous": lambda m, X, y: m.fit(X, X[:, 0]),
    "several classes": lambda m, X, y: m.fit(X, np.c_[y, y + 2]),
    "no classes": lambda m, X, y: m.partial_fit(X, y),
    "new class": lambda m, X, y: m.partial_fit(X, y, classes=[0, 1, 2]),
    "other classes": lambda m, X, y: (
        m.set_params(warm_start=True).fit(X, y).fit(X[y > 0], y[y > 0])
    ),
    "lbfgs in parts": lambda m, X, y: m.set_params(solver="lbfgs").partial_fit(
        X, y, classes=[0, 1, 2, 3]
    ),
    "later classes": lambda m, X, y: m.fit(X, y).partial_fit(X, y, classes=[0, 1]),
}


@pytest.mark.parametrize("mistake", CLASS_MISTAKES)
def test_mistakes_with_classes_are_the_same_errors(mistake):
    X, y = problem("multiclass")
    for model in pair("multiclass", max_iter=2):
        with (
            warnings.catch_warnings(action="ignore"),
            pytest.raises((ValueError, AttributeError), match=r".{20}"),
        ):
            CLASS_MISTAKES[mistake](model, X, y)


def test_parameters_are_theirs_and_more():
    for name in ("MLPClassifier", "MLPRegressor"):
        ours = getattr(skrnn, name)().get_params()
        sk = getattr(theirs, name)().get_params()
        assert sk.items() <= ours.items()
    assert skrnn.MLPRegressor("poisson", (3,), "tanh").loss == "poisson"
    assert skrnn.MLPClassifier((3,), "tanh").activation == "tanh"

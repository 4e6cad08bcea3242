"""The multi-layer perceptrons beyond scikit-learn's."""

import copy
import pickle

import numpy as np
import pytest
import scipy.sparse
import torch
from sklearn.base import clone
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback, EpochScoring, Freezer

from skrnn import MLPClassifier, MLPRegressor
from skrnn.modules import (
    INITIALIZERS,
    MLP_ACTIVATIONS,
    MLPNetwork,
    draw_layer,
)
from skrnn.training import SCHEDULES, SOLVERS
from tests.common_engine import needs_engine

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X = RNG.standard_normal((120, 4))
Y = np.sin(X[:, 0]) + X[:, 1] * X[:, 2]
CLASSES = np.digitize(Y, [-0.5, 0.5])
WEIGHTS = RNG.uniform(0.5, 2, len(X))


@pytest.mark.parametrize("options", [{}, {"layer_norm": True}, {"solver": "rmsprop"}])
def test_gradient_of_the_penalty(options):
    """The gradient that callbacks see, and the loss, hold the penalty."""

    class Seen(Callback):
        def on_train_begin(self, net, **kwargs):
            self.starts_ = [p.detach().clone() for p in net.module_.parameters()]

        def on_grad_computed(self, net, named_parameters, **kwargs):
            self.gradients_ = [p.grad.clone() for _, p in named_parameters]

    plain, penalised = (
        MLPRegressor(
            hidden_layer_sizes=(4,),
            alpha=alpha,
            max_iter=1,
            callbacks=[Seen()],
            random_state=0,
            **options,
        ).fit(X, Y, sample_weight=WEIGHTS)
        for alpha in (0.0, 5.0)
    )
    seen, expected = (dict(m.net_.callbacks_)["Seen"] for m in (penalised, plain))
    total = WEIGHTS.sum()
    squares = 0.0
    for start, mine, other in zip(
        seen.starts_, seen.gradients_, expected.gradients_, strict=True
    ):
        is_matrix = start.ndim > 1
        torch.testing.assert_close(mine, other + is_matrix * 5.0 / total * start)
        squares += float((start**2).sum()) * is_matrix
    penalty = 0.5 * 5.0 / total * squares
    assert penalised.loss_ == pytest.approx(plain.loss_ + penalty)


def kernel(X=X, **options) -> str:
    model = MLPRegressor(hidden_layer_sizes=4, max_iter=1, random_state=0, **options)
    return model.fit(X, Y).net_.kernel_


@needs_engine
def test_which_code_trains(monkeypatch):
    for options in ({}, {"solver": "lbfgs"}, {"solver": "sgd"}, {"dropout": 0.1}):
        assert kernel(**options) == "compiled"
    for options in (
        {"batch_norm": True},
        {"layer_norm": True},
        {"callbacks": [Freezer("layers.0*")]},
        {"solver": "rmsprop"},
        {"X": scipy.sparse.csr_array(X)},
    ):
        assert kernel(**options) == "torch"
    monkeypatch.setenv("SKRNN_ENGINE", "torch")
    assert kernel() == "torch"


def test_hooks_and_frozen_weights_are_respected():
    class Hook(Callback):
        def on_train_begin(self, net, **kwargs):
            self.calls_ = []
            head = net.module_.layers[-1]
            head.register_forward_hook(lambda *_: self.calls_.append(1))

    options = {"hidden_layer_sizes": 4, "max_iter": 3, "random_state": 0}
    model = MLPRegressor(callbacks=[Hook()], **options).fit(X, Y)
    assert len(dict(model.net_.callbacks_)["Hook"].calls_) >= 3
    frozen = MLPRegressor(callbacks=[Freezer("layers.0*")], **options).fit(X, Y)
    start = MLPRegressor(learning_rate_init=1e-300, **options).fit(X, Y)
    np.testing.assert_array_equal(frozen.coefs_[0], start.coefs_[0])
    assert (frozen.coefs_[1] != start.coefs_[1]).all()


@pytest.mark.parametrize(
    "register",
    [
        lambda m, f: m.layers[0].register_forward_pre_hook(lambda *_: f()),
        lambda m, f: m.layers[1].register_full_backward_hook(lambda *_: f()),
        lambda m, f: m.layers[0].weight.register_hook(lambda _: f()),
    ],
)
def test_hooks_between_calls_are_run(register):
    calls = []
    model = MLPRegressor(max_iter=2, random_state=0).fit(X, Y)
    register(model.net_.module_, lambda: calls.append(1))
    model.partial_fit(X, Y)
    assert calls
    assert model.net_.kernel_ == "torch"


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_frozen_layers_stay(solver):
    options = {"hidden_layer_sizes": 4, "solver": solver, "random_state": 0}
    first, last = (
        MLPRegressor(max_iter=n, callbacks=[Freezer("layers.0*")], **options).fit(X, Y)
        for n in (1, 9)
    )
    np.testing.assert_array_equal(first.coefs_[0], last.coefs_[0])
    assert (first.coefs_[1] != last.coefs_[1]).any()
    with pytest.raises(ValueError, match="nothing to train"):
        MLPRegressor(callbacks=[Freezer("*")], **options).fit(X, Y)


class FailingAtTheEnd(Callback):
    def on_train_end(self, net, **kwargs):
        raise RuntimeError("disk is full")


@pytest.mark.parametrize("options", [{}, {"dropout": 0.5}, {"batch_norm": True}])
def test_failed_partial_fit_leaves_the_model_ready(options):
    model = MLPRegressor(max_iter=5, random_state=0, **options).fit(X, Y)
    before = model.predict(X)
    for problem, callbacks in ((X * 1e200, None), (X, [FailingAtTheEnd()])):
        model.set_params(callbacks=callbacks)
        with pytest.raises((ValueError, RuntimeError), match=r"diverged|full"):
            model.partial_fit(problem, Y)
        np.testing.assert_array_equal(model.predict(X), before)
        np.testing.assert_allclose(model.predict(X[:5]), before[:5], rtol=1e-12)


def test_weights_of_zero_on_one_side_of_the_split():
    weights = np.r_[1.0, np.zeros(29)]
    model = MLPRegressor(early_stopping=True, validation_fraction=0.3, random_state=0)
    with pytest.raises(ValueError, match="one side of the split"):
        model.fit(X[:30], Y[:30], sample_weight=weights)


def test_lbfgs_refuses_what_it_cannot_minimise():
    model = MLPRegressor(solver="lbfgs", max_iter=5, random_state=0).fit(X, Y)
    before = model.predict(X)
    with pytest.raises(ValueError, match="zoneout change it at each eval"):
        model.set_params(dropout=0.2).fit(X, Y)
    with pytest.raises(
        ValueError, match=r"training diverged in epoch \d+: the loss was"
    ):
        model.set_params(dropout=0.0).fit(X * 1e200, Y)
    np.testing.assert_array_equal(model.predict(X), before)


def test_lbfgs_tells_callbacks_of_its_iterations():
    scoring = EpochScoring("r2", name="r2", on_train=True)
    held_out = EpochScoring("r2", name="r2_valid")
    model = MLPRegressor(
        solver="lbfgs", max_iter=5, callbacks=[scoring, held_out], random_state=0
    ).fit(X, Y, X_val=X, y_val=Y)
    assert model.net_.history[-1, "r2"] == pytest.approx(model.score(X, Y), abs=1e-6)
    expected = model.validation_scores_[-1]
    assert model.net_.history[-1, "r2_valid"] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("net_params", "word"),
    [
        ({"optimizer__lr": 0.1}, "learning_rate_init"),
        ({"optimizer__betas": (0, 0)}, "beta_1 and beta_2"),
        ({"alpha": 1.0}, "alpha"),
        ({"module__dropout": 0.5}, "dropout"),
        ({"criterion__loss": "huber"}, "loss"),
        ({"iterator_valid": list}, "batch_size"),
        ({"score": None}, "decides itself"),
        ({"optimizer__fused": False}, "decides itself"),
    ],
)
def test_net_params_do_not_override_parameters(net_params, word):
    with pytest.raises(ValueError, match=f"net_params cannot set.*{word}"):
        MLPRegressor(net_params=net_params).fit(X, Y)


def test_no_hidden_layer_is_a_linear_model():
    options = {"hidden_layer_sizes": (), "solver": "lbfgs", "tol": 1e-9}
    model = MLPRegressor(alpha=0, **options).fit(X, Y)
    expected = LinearRegression().fit(X, Y)
    np.testing.assert_allclose(model.coefs_[0][:, 0], expected.coef_, atol=1e-4)
    np.testing.assert_allclose(model.intercepts_[0][0], expected.intercept_, atol=1e-4)
    ridge = Ridge(alpha=5).fit(X, Y)
    model = MLPRegressor(alpha=5, **options).fit(X, Y)
    np.testing.assert_allclose(model.coefs_[0][:, 0], ridge.coef_, atol=1e-4)
    logistic = LogisticRegression(C=1 / 3, tol=1e-9).fit(X, CLASSES)
    classifier = MLPClassifier(alpha=3, **options).fit(X, CLASSES)
    np.testing.assert_allclose(
        classifier.predict_proba(X), logistic.predict_proba(X), atol=1e-4
    )
    assert model.n_layers_ == 2
    assert len(model.coefs_) == 1


def test_initial_weights():
    state = np.random.RandomState(0)
    drawn = {i: draw_layer(i, 300, 200, "relu", state) for i in INITIALIZERS}
    for name, (weights, biases) in drawn.items():
        assert weights.shape == (300, 200)
        assert biases.shape == (200,)
        assert (biases == 0).all() == (name != "glorot")
    bound = np.sqrt(6 / 500)
    assert bound * 0.999 < np.abs(drawn["glorot"][0]).max() < bound
    assert np.abs(drawn["glorot"][1]).max() < bound
    assert drawn["he"][0].std() == pytest.approx(np.sqrt(2 / 300), rel=0.01)
    assert drawn["normal"][0].std() == pytest.approx(1, rel=0.01)
    assert drawn["normal"][0].mean() == pytest.approx(0, abs=0.02)
    columns = drawn["orthogonal"][0]
    np.testing.assert_allclose(columns.T @ columns, np.eye(200), atol=1e-12)
    logistic = draw_layer("glorot", 300, 200, "logistic", state)[0]
    assert np.abs(logistic).max() < np.sqrt(2 / 500)
    for name in INITIALIZERS:
        models = [
            MLPRegressor(weight_initializer=name, max_iter=5, random_state=seed)
            for seed in (1, 1, 2)
        ]
        first, same, other = (m.fit(X, Y).loss_curve_ for m in models)
        assert first == same != other


@pytest.mark.parametrize("solver", [*SOLVERS, torch.optim.NAdam])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_solver_and_schedule_learns(solver, schedule):
    rate = {"adadelta": 1.0, "sgd": 0.05, "adagrad": 0.1}.get(solver, 0.01)
    model = MLPRegressor(
        hidden_layer_sizes=(20,),
        solver=solver,
        learning_rate=schedule,
        learning_rate_init=rate,
        power_t=0.1,
        batch_size=32,
        max_iter=40,
        random_state=0,
    ).fit(X, Y)
    assert model.loss_curve_[-1] < 0.6 * model.loss_curve_[0]


@pytest.mark.parametrize("activation", MLP_ACTIVATIONS)
def test_every_activation_learns(activation):
    options = {"activation": activation, "learning_rate_init": 0.02, "random_state": 0}
    model = MLPClassifier((20,), max_iter=150, **options).fit(X, CLASSES)
    assert model.score(X, CLASSES) > (0.55 if activation == "identity" else 0.9)


def test_quantiles_cover_their_share():
    y = X[:, 0] + RNG.standard_normal(len(X))
    for quantile in (0.1, 0.5, 0.9):
        model = MLPRegressor(
            loss="quantile",
            quantile=quantile,
            hidden_layer_sizes=(),
            learning_rate_init=0.02,
            learning_rate="cosine",
            max_iter=400,
            random_state=0,
        ).fit(X, y)
        assert (y <= model.predict(X)).mean() == pytest.approx(quantile, abs=0.03)
    constant = np.zeros((len(X), 1))
    options = {"hidden_layer_sizes": (), "learning_rate": "cosine", "random_state": 0}
    options |= {"learning_rate_init": 0.05, "max_iter": 600}
    skewed = np.exp(y)
    median = MLPRegressor("absolute_error", **options).fit(constant, skewed)
    assert median.predict(constant)[0] == pytest.approx(np.median(skewed), abs=0.05)
    mean = MLPRegressor("poisson", **options).fit(constant, skewed)
    assert mean.predict(constant)[0] == pytest.approx(skewed.mean(), rel=0.01)
    assert mean.out_activation_ == "exp"


def test_class_weight_is_a_sample_weight():
    options = {"hidden_layer_sizes": 5, "batch_size": 32, "random_state": 0}
    given = {0: 1.0, 1: 3.0, 2: 0.5}
    weights = np.array([given[c] for c in CLASSES])
    by_class = MLPClassifier(class_weight=given, max_iter=9, **options)
    by_sample = MLPClassifier(max_iter=9, **options)
    by_class.fit(X, CLASSES)
    by_sample.fit(X, CLASSES, sample_weight=weights)
    np.testing.assert_array_equal(by_class.loss_curve_, by_sample.loss_curve_)
    rare = np.r_[np.zeros(110), np.ones(10)].astype(int)
    plain = MLPClassifier(max_iter=60, **options).fit(X, rare)
    balanced = MLPClassifier(max_iter=60, class_weight="balanced", **options)
    assert balanced.fit(X, rare).predict(X).sum() > plain.predict(X).sum()


def test_batches_without_any_weight_are_left_out():
    weights = np.r_[np.ones(40), np.zeros(80)]
    options = {"shuffle": False, "batch_size": 40, "max_iter": 5, "random_state": 0}
    model = MLPRegressor(**options).fit(X, Y, sample_weight=weights)
    alone = MLPRegressor(**options).fit(X[:40], Y[:40])
    np.testing.assert_allclose(model.loss_curve_, alone.loss_curve_)
    np.testing.assert_allclose(model.predict(X), alone.predict(X))
    with pytest.raises(ValueError, match="non-zero"):
        model.fit(X, Y, sample_weight=0 * weights)


def test_norms_by_hand():
    options = {"hidden_layer_sizes": 6, "activation": "tanh", "random_state": 0}
    for norm in ("batch_norm", "layer_norm"):
        model = MLPRegressor(max_iter=30, **{norm: True}, **options).fit(X, Y)
        (layer,) = model.net_.module_.norms
        sums = X @ model.coefs_[0] + model.intercepts_[0]
        if norm == "batch_norm":
            mean, variance = layer.running_mean.numpy(), layer.running_var.numpy()
        else:
            mean, variance = sums.mean(1, keepdims=True), sums.var(1, keepdims=True)
        scale, shift = layer.weight.detach().numpy(), layer.bias.detach().numpy()
        hidden = np.tanh((sums - mean) / np.sqrt(variance + 1e-5) * scale + shift)
        expected = (hidden @ model.coefs_[1] + model.intercepts_[1])[:, 0]
        np.testing.assert_allclose(model.predict(X), expected, rtol=1e-9, atol=1e-9)
        copied = pickle.loads(pickle.dumps(model))
        np.testing.assert_array_equal(copied.predict(X), model.predict(X))
        assert "Norm" in str(model.summary())
    with pytest.raises(ValueError, match="set one of them to False"):
        MLPRegressor(batch_norm=True, layer_norm=True).fit(X, Y)


def test_batch_norm_takes_a_last_batch_of_one():
    model = MLPRegressor(batch_norm=True, batch_size=7, max_iter=5, random_state=0)
    assert np.isfinite(model.fit(X[:50], Y[:50]).predict(X)).all()
    assert model.predict(X[:1])[0] == pytest.approx(model.predict(X)[0])


def test_batch_norm_predicts_by_the_weights_that_lbfgs_accepts():
    model = MLPRegressor(batch_norm=True, solver="lbfgs", max_iter=10, random_state=0)
    model.fit(X, Y)
    penalty = 0.5 * 1e-4 / len(X) * sum((c**2).sum() for c in model.coefs_)
    found = 0.5 * ((model.predict(X) - Y) ** 2).mean() + penalty
    assert found == pytest.approx(model.loss_, rel=0.05)


def test_another_loss_in_a_warm_start():
    model = MLPRegressor(max_iter=3, warm_start=True, random_state=0).fit(X, Y + 5)
    assert model.out_activation_ == "identity"
    assert model.set_params(loss="poisson").fit(X, Y + 5).out_activation_ == "exp"
    model = MLPRegressor(solver="lbfgs", max_iter=3, random_state=0).fit(X, Y)
    model.set_params(loss="poisson", solver="adam").partial_fit(X, Y)  # the first loss
    assert model.out_activation_ == "identity"


def test_callers_generator_is_left_where_a_failure_found_it():
    np.random.seed(0)
    model = MLPRegressor(max_iter=2).fit(X, Y)  # from NumPy's own generator
    before = np.random.get_state()[2]
    with pytest.raises(ValueError, match="diverged"):
        model.fit(X * 1e200, Y)
    assert np.random.get_state()[2] != before


def test_dropout_is_seeded_and_only_in_training():
    options = {"dropout": 0.4, "max_iter": 20}
    first, same, other = (
        MLPRegressor(random_state=seed, **options).fit(X, Y) for seed in (0, 0, 1)
    )
    assert first.loss_curve_ == same.loss_curve_ != other.loss_curve_
    np.testing.assert_array_equal(first.predict(X), first.predict(X))


def test_held_out_data_may_be_given():
    options = {"early_stopping": True, "max_iter": 50, "random_state": 0}
    model = MLPClassifier(learning_rate_init=0.05, **options)
    model.fit(X[:80], CLASSES[:80], X_val=X[80:], y_val=CLASSES[80:])
    assert model.t_ == 80 * model.n_iter_
    assert model.score(X[80:], CLASSES[80:]) == model.best_validation_score_
    sparse = scipy.sparse.csc_matrix(X)
    again = clone(model).fit(sparse[:80], CLASSES[:80], None, sparse[80:], CLASSES[80:])
    np.testing.assert_allclose(again.validation_scores_, model.validation_scores_)
    with pytest.raises(ValueError, match="expecting 4 features"):
        model.fit(X, CLASSES, X_val=X[:, :3], y_val=CLASSES)


def test_the_last_rows_may_be_held_out():
    options = {"early_stopping": True, "validation_fraction": 0.25, "max_iter": 3}
    for split, is_last in (("last", True), ("random", False), ("auto", False)):
        model = MLPRegressor(validation_split=split, random_state=0, **options)
        clean = model.fit(X, Y).loss_curve_
        changed = Y + np.r_[np.zeros(90), np.full(30, 9.0)]
        assert (model.fit(X, changed).loss_curve_ == clean) == is_last


def test_one_class_is_known_at_once():
    model = MLPClassifier(max_iter=3).fit(X, ["only"] * len(X))
    assert set(model.predict(X)) == {"only"}
    np.testing.assert_array_equal(model.predict_proba(X), np.ones((len(X), 1)))
    np.testing.assert_array_equal(model.predict_log_proba(X), np.zeros((len(X), 1)))


def test_weights_can_be_read_changed_and_set():
    model = MLPRegressor(hidden_layer_sizes=5, max_iter=3, random_state=0).fit(X, Y)
    for array in model.coefs_ + model.intercepts_:
        array[:] = 0
    np.testing.assert_array_equal(model.predict(X), 0)
    model.coefs_[0] = np.ones((4, 5))
    np.testing.assert_array_equal(model.coefs_[0], 1)
    for wrong in (np.ones((5, 4)), np.ones((4, 5)) * 1j, np.full((4, 5), "a")):
        with pytest.raises(ValueError, match=r"real numbers of shape \(4, 5\)"):
            model.coefs_[0] = wrong
    assert type(copy.deepcopy(model.coefs_)) is list
    donor = MLPRegressor(hidden_layer_sizes=5, max_iter=30, random_state=1).fit(X, Y)
    model.coefs_, model.intercepts_ = donor.coefs_, donor.intercepts_
    np.testing.assert_array_equal(model.predict(X), donor.predict(X))
    with pytest.raises(ValueError, match=r"have the shapes \[\(4, 5\), \(5, 1\)\]"):
        model.coefs_ = donor.coefs_[:1]
    with pytest.raises(AttributeError, match="before fit"):
        _ = MLPRegressor().coefs_
    assert not hasattr(MLPRegressor(), "intercepts_")


@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))]
)
def test_copies_predict_and_learn_the_same(duplicate):
    for options in ({}, {"random_state": None}, {"early_stopping": True}):
        model = MLPClassifier(
            max_iter=5, warm_start=True, **{"random_state": 0} | options
        )
        model.fit(X, CLASSES)
        other = duplicate(model)
        np.testing.assert_array_equal(other.predict_proba(X), model.predict_proba(X))
        if options != {"random_state": None}:
            np.random.seed(0)
            expected = model.fit(X, CLASSES).loss_curve_
            assert other.fit(X, CLASSES).loss_curve_ == expected


def test_failed_fit_leaves_the_old_model():
    model = MLPRegressor(max_iter=5, random_state=0, warm_start=True).fit(X, Y)
    before, state = model.predict(X), {**vars(model)}
    model.set_params(solver="sgd", learning_rate_init=1e20)
    with pytest.raises(ValueError, match=r"training diverged.*StandardScaler"):
        model.fit(1e10 * X, 1e10 * Y)
    np.testing.assert_array_equal(model.predict(X), before)
    assert model._progress == state["_progress"]
    assert model.n_iter_ == state["n_iter_"]


def test_lbfgs_then_another_solver():
    model = MLPRegressor(solver="lbfgs", max_iter=20, random_state=0).fit(X, Y)
    loss = model.loss_
    model.set_params(solver="adam").partial_fit(X, Y)
    assert model.loss_curve_[-1] == pytest.approx(loss, rel=0.05)
    assert isinstance(model.net_.optimizer_, torch.optim.Adam)


def test_lbfgs_says_why_it_stopped():
    with pytest.warns(UserWarning, match=r"lbfgs failed to converge after 3 iteration"):
        model = MLPRegressor(solver="lbfgs", max_iter=3, random_state=0).fit(X, Y)
    assert model.n_iter_ == len(model.loss_curve_) == 3
    watched = MLPRegressor(solver="lbfgs", max_iter=30, random_state=0)
    watched.fit(X[:80], Y[:80], X_val=X[80:], y_val=Y[80:])
    assert len(watched.validation_scores_) == watched.n_iter_


def test_progress_is_printed_as_by_scikit_learn(capsys):
    MLPClassifier(
        max_iter=50, tol=1.0, verbose=True, early_stopping=True, random_state=0
    ).fit(X, CLASSES)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Iteration 1, loss = ")
    assert lines[1].startswith("Validation score: ")
    assert lines[-1].startswith("Validation score did not improve by more than tol=1 ")
    MLPRegressor(
        solver="sgd", learning_rate="adaptive", tol=1.0, verbose=1, n_iter_no_change=1
    ).fit(X, Y)
    assert "Setting learning rate to 0.000200" in capsys.readouterr().out


def test_threads_are_for_large_steps():
    module = MLPNetwork(784, [128], 10)
    assert module.is_worth_sharing(200)
    assert not MLPNetwork(4, [100], 3).is_worth_sharing(150)


def test_column_of_targets_is_flattened_with_a_warning():
    for model, y in (
        (MLPRegressor(max_iter=2), Y),
        (MLPClassifier(max_iter=2), CLASSES),
    ):
        with pytest.warns(DataConversionWarning, match="column-vector"):
            assert model.fit(X, y[:, None]).predict(X).shape == (len(X),)


def test_batch_size_above_the_samples_warns():
    with pytest.warns(
        UserWarning, match=r"Got `batch_size` = 500, larger than the 120"
    ):
        MLPRegressor(batch_size=500, max_iter=2).fit(X, Y)


@pytest.mark.slow
def test_in_the_company_of_scikit_learn():
    iris, kinds = load_iris(return_X_y=True)
    pipeline = make_pipeline(
        StandardScaler(), MLPClassifier(max_iter=200, random_state=0)
    )
    grid = {
        "mlpclassifier__activation": ["tanh", "silu"],
        "mlpclassifier__dropout": [0.1],
    }
    search = GridSearchCV(pipeline, grid, cv=3, n_jobs=2).fit(iris, kinds)
    assert search.best_score_ > 0.9
    probabilities = cross_val_predict(pipeline, iris, kinds, method="predict_proba")
    assert probabilities.shape == (150, 3)
    rows, labels = make_multilabel_classification(random_state=0)
    assert (
        MLPClassifier(max_iter=200, random_state=0)
        .fit(rows, labels)
        .score(rows, labels)
        > 0.7
    )


def test_summary_counts_parameters():
    images = RNG.uniform(size=(30, 784)).astype(np.float32)
    model = MLPClassifier((128,), max_iter=1).fit(images, np.arange(30) % 10)
    summary = model.summary()
    assert [layer.n_parameters for layer in summary.layers] == [100_480, 1_290]
    assert summary.n_parameters == 101_770
    lines = str(summary).splitlines()
    assert lines[0] == "MLPClassifier, float32 on cpu"
    assert lines[2].split("  ")[-1].strip() == "100,480"
    assert lines[3].split() == ["output", "Linear", "(n_samples,", "10)", "1,290"]
    html = summary._repr_html_()
    assert html.startswith("<table>")
    assert "<td>100,480</td>" in html
    with pytest.raises(NotFittedError):
        MLPClassifier().summary()

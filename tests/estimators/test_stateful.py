"""State carried from sample to sample, in training and in predictions."""

import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from skorch.callbacks import Callback
from torch import nn

from skrnn import (
    GRUClassifier,
    GRURegressor,
    LSTMClassifier,
    LSTMRegressor,
    RNNRegressor,
    Windows,
)
from tests.bare import BARE_REGRESSOR, plain
from tests.common_estimators import (
    RECURRENT_CLASSIFIERS,
    RECURRENT_REGRESSORS,
    windows_of,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
N, T = 11, 4
RNG = np.random.default_rng(0)
ROWS = RNG.standard_normal((N * T, 2))
X, Y = ROWS.reshape(N, T, 2), RNG.standard_normal(N)
STATEFUL = {"stateful": True, "shuffle": False, "random_state": 0}
OPTIONS = [
    (LSTMRegressor, {"conv_filters": (3, 3), "conv_kernel_size": 4}),
    (LSTMRegressor, {"peephole": True, "projection_size": 3, "layer_norm": True}),
    (GRURegressor, {"reset_after": False, "recurrent_dropout": 0.2, "zoneout": 0.1}),
    (RNNRegressor, {"residual": True, "input_dropout": 0.1, "dropout": 0.1}),
]


def quick(cls, **params):
    small = {"hidden_layer_sizes": 5, "max_iter": 2}
    return cls(**{**plain(cls), **small, **STATEFUL, **params})


def cues(n_samples, seed):
    """A few samples hold a cue, 1 or -1 at one step; the class is the last one seen."""
    rng = np.random.default_rng(seed)
    X, y = np.zeros((n_samples, T, 1)), np.empty(n_samples, int)
    for i in range(n_samples):
        y[i] = y[i - 1] if i else 1
        if i == 0 or rng.random() < 0.25:
            y[i] = X[i, rng.integers(T), 0] = rng.choice([-1, 1])
    return X, y


class BareLoop:
    """Truncated backpropagation with torch alone, from the weights of an estimator."""

    def __init__(self, model):
        weights = model.net_.module_.state_dict()
        self.layer = nn.LSTM(2, 5, batch_first=True, dtype=torch.float64)
        self.head = nn.Linear(5, 1, dtype=torch.float64)
        prefix = "layers.0.forward_in_time."
        for module, start in ((self.layer, prefix), (self.head, "head.")):
            module.load_state_dict(
                {n.removeprefix(start): w for n, w in weights.items() if start in n}
            )
        self.parameters = [*self.layer.parameters(), *self.head.parameters()]

    def train(self, n_lanes, n_epochs, weights):
        solver = torch.optim.SGD(self.parameters, lr=0.1)
        x, y, weights = map(torch.from_numpy, (X, Y, weights))
        length = -(-N // n_lanes)
        lanes = [range(first, min(first + length, N)) for first in range(0, N, length)]
        for _ in range(n_epochs):
            state = None
            for k in range(length):
                batch = [lane[k] for lane in lanes if k < len(lane)]
                if state is not None:
                    state = tuple(
                        part[:, : len(batch)].detach().contiguous() for part in state
                    )
                states, state = self.layer(x[batch], state)
                error = self.head(states[:, -1])[:, 0] - y[batch]
                loss = 0.5 * (weights[batch] * error**2).mean() / weights.mean()
                solver.zero_grad()
                loss.backward()
                solver.step()
        return self

    def assert_same(self, model):
        for theirs, ours in zip(
            self.parameters, model.net_.module_.parameters(), strict=True
        ):
            torch.testing.assert_close(theirs, ours, rtol=0, atol=1e-12)


def sgd(**params):
    steps = {"solver": "sgd", "momentum": 0, "alpha": 0, "learning_rate_init": 0.1}
    exact = {"dtype": "float64", "max_iter": 2}
    return quick(LSTMRegressor, **{**BARE_REGRESSOR, **steps, **exact, **params})


@pytest.mark.parametrize("n_lanes", [1, 3, 11])
@pytest.mark.parametrize("weighted", [False, True])
def test_training_is_that_of_a_bare_loop(n_lanes, weighted):
    """11 samples in 3 lanes: the last is shorter; some batches weigh nothing."""
    weights = np.ones(N)
    if weighted:
        weights[[1, 5, 9]] = 0  # with 3 lanes all of the second batch
        weights[3] = 3
    model = sgd(batch_size=n_lanes, warm_start=True).fit(X, Y)
    loop = BareLoop(model).train(n_lanes, 2, weights)
    model.fit(X, Y, sample_weight=weights if weighted else None)
    loop.assert_same(model)
    assert model.t_ == 4 * N


@pytest.mark.parametrize(
    ("cls", "params"), [*OPTIONS, (LSTMRegressor, {"recurrent_dropout": 0.3})]
)
def test_as_many_lanes_as_samples_train_as_samples_that_stand_alone(cls, params):
    """With the same masks, too: nothing is carried on."""
    both = {"hidden_layer_sizes": (4, 4), "batch_size": N, "dtype": "float64"}
    model = quick(cls, **both, **params).fit(X, Y)
    alone = clone(model).set_params(stateful=False).fit(X, Y)
    np.testing.assert_allclose(model.loss_curve_, alone.loss_curve_, rtol=1e-12)


def forgetful(model):
    """The same network, which reads each sample from a state of zeros."""
    other = pickle.loads(pickle.dumps(model))
    other._reader.is_stateful = False
    return other


def test_partial_fit_is_an_epoch_from_a_state_of_zeros():
    model = sgd(batch_size=3).partial_fit(X, Y)
    loop = BareLoop(model).train(3, 2, np.ones(N))
    model.partial_fit(X, Y).partial_fit(X, Y)
    loop.assert_same(model)


class Twice(torch.optim.SGD):
    """Compute each batch twice before a step, as a line search may."""

    def step(self, closure):
        closure()
        return super().step(closure)


def test_a_solver_may_compute_a_batch_several_times():
    """Each time from the state before the batch."""
    models = [sgd(batch_size=3).set_params(solver=s) for s in (torch.optim.SGD, Twice)]
    once, twice = (model.fit(X, Y).predict(X) for model in models)
    np.testing.assert_array_equal(once, twice)


@pytest.mark.parametrize("cls", RECURRENT_CLASSIFIERS)
def test_learns_what_reaches_beyond_a_sample(cls):
    (X, y), (X_test, y_test) = cues(300, 0), cues(200, 1)
    calmly = {"batch_size": 10, "learning_rate_init": 0.02, "max_grad_norm": 0.5}
    model = quick(cls, hidden_layer_sizes=8, max_iter=25, **calmly).fit(X, y)
    assert model.score(X_test, y_test) > 0.95
    if cls is GRUClassifier:
        alone = clone(model).set_params(stateful=False).fit(X, y)
        assert alone.score(X_test, y_test) < 0.8  # a cue is in 1 of 4, else a guess


@pytest.mark.parametrize(
    ("cls", "params"),
    [(cls, {"hidden_layer_sizes": (4, 3)}) for cls in RECURRENT_REGRESSORS]
    + [(cls, {"hidden_layer_sizes": (4, 4), **options}) for cls, options in OPTIONS],
)
def test_predicts_as_on_the_whole_history(cls, params, monkeypatch):
    model = quick(cls, dtype="float64", batch_size=3, **params).fit(X, Y)
    predicted = model.predict(X)
    whole = forgetful(model)
    expected = [whole.predict([ROWS[: (i + 1) * T]])[0] for i in range(N)]
    np.testing.assert_allclose(predicted, expected, rtol=0, atol=1e-12)
    assert abs(predicted - whole.predict(X)).max() > 1e-4  # which forgets
    np.testing.assert_array_equal(model.predict(X), predicted)  # and remembers nothing
    monkeypatch.setattr("skrnn.training._datasets._PREDICT_VALUES", 100)
    np.testing.assert_allclose(model.predict(X), predicted, rtol=0, atol=1e-12)
    rows = model.predict(ROWS.reshape(-1, 1, 2))  # pieces may be of another length
    np.testing.assert_allclose(rows[T - 1 :: T], predicted, rtol=0, atol=1e-12)


def test_gates_of_the_whole_series():
    model = quick(LSTMRegressor, dtype="float64").fit(X, Y)
    gates = model.gate_activations(X)["cell"]
    one = clone(model).set_params(max_iter=2).fit(X, Y)
    whole = one.gate_activations(ROWS[None])["cell"]
    np.testing.assert_allclose(gates.reshape(whole.shape), whole, atol=1e-12)


@pytest.mark.parametrize("cls", [GRURegressor, GRUClassifier])
def test_early_stopping_scores_the_last_part_as_predict_does(cls):
    rows = np.sin(np.arange(40 * T) / 9)
    X, y = rows.reshape(40, T, 1), np.r_[rows[T::T], 0]
    y = y > 0 if cls is GRUClassifier else y
    model = quick(cls, max_iter=6, early_stopping=True, validation_fraction=0.2)
    model.fit(X, y)
    score = model.score(X[32:], y[32:])
    if cls is GRUClassifier:
        score = -log_loss(y[32:], model.predict_proba(X[32:]))
    assert max(model.validation_scores_) == pytest.approx(score, abs=1e-6)
    given = clone(model).fit(X[:32], y[:32], X_val=X[32:], y_val=y[32:])
    assert given.validation_scores_ == model.validation_scores_
    np.testing.assert_array_equal(given.predict(X), model.predict(X))


def test_held_out_targets_are_not_trained_on():
    """Targets 6 steps ahead, samples of 4 rows: two samples are left between."""
    y = RNG.standard_normal((N, 6))
    model = quick(GRURegressor, early_stopping=True, validation_fraction=0.3)
    model.fit(X, y)
    assert model.t_ == model.n_iter_ * (N - 4 - 2)


class Broken(Callback):
    is_set = False

    def on_epoch_begin(self, net, **kwargs):
        if Broken.is_set and len(net.history) == 4:
            raise ConnectionError("broken off")


def test_resumes_to_the_same_bits(tmp_path, monkeypatch):
    params = {"dropout": 0.2, "batch_size": 3, "max_iter": 6, "callbacks": [Broken()]}
    model = quick(GRURegressor, **params)
    expected = clone(model).fit(X, Y).predict(X)
    model.set_params(checkpoint=tmp_path, checkpoint_every=1)
    monkeypatch.setattr(Broken, "is_set", True)
    with pytest.raises(ConnectionError):
        model.fit(X, Y)
    monkeypatch.setattr(Broken, "is_set", False)
    assert model.fit(X, Y).predict(X).tobytes() == expected.tobytes()


def test_pickles_and_clones():
    model = quick(LSTMClassifier).fit(X, Y > 0)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    assert clone(model).stateful


def test_grid_search_in_order_of_time():
    search = GridSearchCV(
        quick(GRURegressor),
        {"batch_size": [1, 3], "stateful": [True, False]},
        cv=TimeSeriesSplit(2),
        error_score="raise",
    ).fit(X, Y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    by_hand = quick(GRURegressor, batch_size=3).fit(X[:8], Y[:8]).score(X[8:], Y[8:])
    assert search.cv_results_["split1_test_score"][2] == pytest.approx(by_hand)


def test_lanes_are_long_unless_asked_for():
    def n_lanes(n_samples, **params):
        rows = np.zeros((n_samples, 2, 1))
        return quick(RNNRegressor, max_iter=1, **params).fit(rows, rows[:, 0, 0]).net_

    assert n_lanes(9).batch_size == 1
    assert n_lanes(45).batch_size == 4
    assert n_lanes(3000).batch_size == 200
    assert n_lanes(9, batch_size=50).batch_size == 9


def test_tokens():
    ids = np.arange(1, 45).reshape(11, 4) % 7 + 1
    model = quick(GRUClassifier, embedding_dim=3).fit(ids, Y > 0)
    whole = model.predict_proba(ids)[-1]
    alone = forgetful(model)
    np.testing.assert_allclose(
        whole, alone.predict_proba([ids.ravel()])[0], rtol=0, atol=1e-6
    )


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"shuffle": True}, "set shuffle=False"),
        ({"bidirectional": True}, "set bidirectional=False"),
        ({"pooling": "mean"}, 'set pooling="last"'),
        ({"pooling": ("last", "mean")}, 'set pooling="last"'),
        ({"conv_filters": 2, "conv_strides": 2}, "set conv_strides=1"),
        ({"conv_filters": 2, "conv_pool_size": 2}, "set conv_pool_size=1"),
        ({"conv_filters": 2, "conv_pooling": "max"}, "set conv_pooling=None"),
        ({"solver": "lbfgs"}, 'such as "adam"'),
        ({"conv_filters": 2, "conv_padding": "same"}, 'set conv_padding="causal"'),
        (
            {"early_stopping": True, "validation_split": "random"},
            'set validation_split="last"',
        ),
    ],
)
def test_what_does_not_go_together(params, told):
    model = quick(LSTMRegressor, **params)
    with pytest.raises(ValueError, match=told):
        model.fit(X, Y)
    assert not hasattr(model, "net_")


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({"bidirectional": True}, {"bidirectional": False}),
        ({"pooling": "mean"}, {"pooling": "last"}),
        ({"conv_filters": 2, "conv_padding": "same"}, {"conv_padding": "causal"}),
        ({"conv_filters": 2, "conv_strides": 2}, {"conv_strides": 1}),
        ({"conv_filters": 2, "conv_pool_size": 2}, {"conv_pool_size": 1}),
    ],
)
def test_what_the_network_is_counts_not_what_it_is_said_to_be(made, said):
    model = LSTMRegressor(3, max_iter=1, **{**plain(LSTMRegressor), **made}).fit(X, Y)
    expected = model.predict(X)
    model.set_params(**said, stateful=True, shuffle=False)
    assert np.array_equal(model.predict(X), expected)
    if "pooling" not in made:
        with pytest.raises(ValueError, match="a stream answers after each row, which"):
            model.stream()


def test_a_fitted_network_stays_stateful():
    model = quick(GRURegressor).fit(X, Y)
    expected, gates = model.predict(X), model.gate_activations(X)["hidden"]
    model.set_params(stateful=False, shuffle=True)
    assert np.array_equal(model.predict(X), expected)
    assert np.array_equal(model.gate_activations(X)["hidden"], gates)
    alone = model.set_params(warm_start=True, max_iter=1).fit(X, Y).predict(X[-1:])
    assert np.array_equal(model.predict(X)[-1:], alone)  # asked for anew


def test_a_table_of_rows_is_told():
    table = pd.DataFrame(ROWS, columns=["load", "heat"])
    with pytest.warns(UserWarning, match=r"columns \['load', 'heat'\] have names"):
        quick(GRURegressor).fit(table, np.arange(float(len(table))))


def test_copies_of_sliding_windows_are_told():
    series = np.random.default_rng(0).normal(size=60)
    view = np.lib.stride_tricks.sliding_window_view(series, 6)
    with pytest.warns(UserWarning, match="most samples begin with rows of the one bef"):
        quick(GRURegressor).fit(view[:, :, None].copy(), np.arange(55.0))


def test_several_processes_are_refused(monkeypatch):
    several = type("Processes", (), {"count": 2, "broadcast": lambda self, v: v})()
    monkeypatch.setattr("skrnn.estimators._stateful.processes_of", lambda _: several)
    with pytest.raises(ValueError, match="launch one process"):
        quick(GRURegressor).fit(X, Y)


def test_instances_of_a_panel_are_no_pieces_of_one_series():
    index = pd.MultiIndex.from_product([range(N), range(T)])
    panel = pd.DataFrame(ROWS, index=index)
    with pytest.raises(ValueError, match="partial_fit with each of the others"):
        quick(GRURegressor).fit(panel, Y)
    model = quick(GRURegressor).fit(X, Y)
    with pytest.raises(ValueError, match="several instances"):
        model.predict(panel)
    np.testing.assert_array_equal(model.predict(panel.loc[[0]]), model.predict(X[:1]))


def missing(where):
    X_missing = X.copy()
    X_missing[where] = np.nan
    return X_missing


@pytest.mark.parametrize(
    ("X_wrong", "told"),
    [
        (windows_of(ROWS[: N + T], T)[0], "samples 0 and 1 share rows, as sliding win"),
        ([*X[:-1], X[-1][:2]], "sample 0 has 4 rows and sample 10 has 2"),
        (
            np.lib.stride_tricks.sliding_window_view(ROWS[: N + T - 1, 0], T),
            "share rows",
        ),
        (missing((3, 0)), "sample 0 has 4 rows and sample 3 has 3"),
        (missing((slice(None), 0)), "1 rows between samples 0 and 1 are missing"),
        (Windows(ROWS, np.arange(N)[::-1] * T, [T] * N), "are not in order"),
    ],
)
def test_what_is_no_series(X_wrong, told):
    model = quick(GRURegressor)
    with pytest.raises(ValueError, match=told) as raised:
        model.fit(X_wrong, Y)
    assert "rows[: n * T].reshape(n, T, -1)" in str(raised.value)
    model.fit(X[:, :, 0] if getattr(X_wrong, "ndim", 3) == 2 else X, Y)
    with pytest.raises(ValueError, match=told):
        model.predict(X_wrong)
    with pytest.raises(ValueError, match=told):
        model.partial_fit(X_wrong, Y)

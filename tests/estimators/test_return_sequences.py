"""A target at each step of a sequence."""

import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.metrics import accuracy_score, log_loss, r2_score
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from skorch.callbacks import Callback
from torch import nn
from torch.nn import functional

import skrnn.training._datasets as datasets
from skrnn import (
    GRUClassifier,
    GRURegressor,
    LSTMClassifier,
    LSTMRegressor,
    RNNClassifier,
    SequenceScaler,
    SlidingWindow,
    Windows,
)
from skrnn.estimators._tasks import finite
from tests.bare import BARE_CLASSIFIER, BARE_REGRESSOR, PLAIN_REGRESSOR
from tests.common_estimators import (
    RECURRENT,
    RECURRENT_CLASSIFIERS,
    RECURRENT_REGRESSORS,
    ragged,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 7, 2))
Y = X.sum(axis=2).cumsum(axis=1)  # (sample, time)
LABELS = np.array(["low", "mid", "high"])[np.digitize(Y, [-1.5, 1.5])]
RAGGED = ragged(30, 9, 2)
SUMS = [x.sum(axis=1).cumsum() for x in RAGGED]
EXACT = {"dtype": "float64", "random_state": 0, "return_sequences": True}
QUICK = {"hidden_layer_sizes": 4, "max_iter": 3, **EXACT}
STEP = {"solver": "sgd", "momentum": 0.0, "max_iter": 1, **EXACT, "bidirectional": True}


def signs(sequences):
    """A class at each step that the running sum tells."""
    return [np.where(one > 0, "up", "down") for one in sequences]


def targets_for(cls):
    if cls in RECURRENT_REGRESSORS:
        return Y, SUMS
    return LABELS, signs(SUMS)


def bare(model):
    """The network of a bidirectional LSTM estimator, of bare torch."""
    n_hidden = model.hidden_layer_sizes
    layer = nn.LSTM(2, n_hidden, batch_first=True, bidirectional=True)
    head = nn.Linear(2 * n_hidden, model.n_outputs_)
    layer, head = layer.double(), head.double()
    state = model.net_.module_.state_dict()
    with torch.no_grad():
        for name, value in layer.named_parameters():
            way = "backward" if name.endswith("_reverse") else "forward"
            plain = name.removesuffix("_reverse")
            value.copy_(state[f"layers.0.{way}_in_time.{plain}"])
    head.load_state_dict({"weight": state["head.weight"], "bias": state["head.bias"]})
    return layer, head


def penalty_of(layer, head):
    matrices = [p for p in [*layer.parameters(), *head.parameters()] if p.ndim > 1]
    return 0.5 * sum((matrix**2).sum() for matrix in matrices)


def assert_is_one_step_of(model, layer, head, rate):
    """The weights are those of bare torch after a step down its gradient."""
    with torch.no_grad():
        for parameter in [*layer.parameters(), *head.parameters()]:
            parameter -= rate * parameter.grad
    for mine, expected in zip(
        [*bare(model)[0].parameters(), *bare(model)[1].parameters()],
        [*layer.parameters(), *head.parameters()],
        strict=True,
    ):
        torch.testing.assert_close(mine, expected, rtol=1e-9, atol=1e-12)


def test_a_step_of_training_is_that_of_bare_torch_on_all_steps():
    options = {**BARE_REGRESSOR, **STEP, "hidden_layer_sizes": 5, "alpha": 0.7}
    start = LSTMRegressor(**{**options, "learning_rate_init": 1e-300}).fit(X, Y)
    layer, head = bare(start)
    output = head(layer(torch.tensor(X))[0])[:, :, 0]  # (sample, time)
    loss = 0.5 * functional.mse_loss(output, torch.tensor(Y))
    loss = loss + 0.7 * penalty_of(layer, head) / Y.size
    loss.backward()
    assert start.loss_curve_[0] == pytest.approx(loss.item(), rel=1e-12)
    np.testing.assert_allclose(start.predict(X), output.detach(), rtol=1e-9)
    model = LSTMRegressor(**{**options, "learning_rate_init": 0.3}).fit(X, Y)
    assert_is_one_step_of(model, layer, head, 0.3)


def test_weights_and_padding_count_in_a_step_of_training_as_by_hand():
    """Weights of samples and of classes, unequal lengths, and the penalty."""
    options = {**BARE_CLASSIFIER, **STEP, "hidden_layer_sizes": 5, "alpha": 0.7}
    by_class = {"up": 3.0, "down": 0.5}
    weights = RNG.integers(1, 5, len(RAGGED)).astype(float)
    y = signs(SUMS)
    start, model = [
        LSTMClassifier(
            **{**options, "learning_rate_init": rate}, class_weight=by_class
        ).fit(RAGGED, y, sample_weight=weights)
        for rate in (1e-300, 0.3)
    ]
    layer, head = bare(start)
    total, of_steps = 0.0, []
    for x, labels, weight in zip(RAGGED, y, weights, strict=True):
        raw = head(layer(torch.tensor(x)[None])[0])[0, :, 0]  # (time,)
        truth = torch.tensor(labels == "up").double()
        losses = functional.binary_cross_entropy_with_logits(
            raw, truth, reduction="none"
        )
        own = torch.tensor([weight * by_class[label] for label in labels])
        total = total + (own * losses).sum()
        of_steps += own.tolist()
    loss = (total + 0.7 * penalty_of(layer, head)) / sum(of_steps)
    loss.backward()
    assert start.loss_curve_[0] == pytest.approx(loss.item(), rel=1e-9)
    assert_is_one_step_of(model, layer, head, 0.3)


@pytest.mark.parametrize("is_shared", [True, False])
def test_balanced_weights_are_those_of_the_steps(is_shared):
    """As often as they are in a window, times the weight of the sample."""
    x, y = RAGGED, signs(SUMS)
    copies = x, y
    if is_shared:  # the rows at the ends of the series are in fewer windows
        series = np.linspace(-1, 2, 30)
        windows = np.lib.stride_tricks.sliding_window_view(series, 6)
        labels = np.where(series > 0, "up", "down")
        y = np.lib.stride_tricks.sliding_window_view(labels, 6)
        x = windows[:, :, None]
        copies = x.copy(), y.copy()
    own = RNG.integers(0, 4, len(x)).astype(float)
    counts = np.repeat(own, [len(labels) for labels in y])
    steps = np.concatenate(list(y))
    weight = {c: counts.sum() / 2 / counts[steps == c].sum() for c in ("up", "down")}
    fits = [
        GRUClassifier(class_weight=given, batch_size=7, **QUICK).fit(*data, own)
        for given, data in [("balanced", (x, y)), (weight, copies), (None, (x, y))]
    ]
    balanced, by_hand, plain = (model.loss_curve_ for model in fits)
    np.testing.assert_allclose(balanced, by_hand, rtol=1e-12)
    assert abs(plain[0] - balanced[0]) > 1e-4


def test_weight_of_a_sample_is_as_if_it_came_so_often():
    options = {**QUICK, "batch_size": 60, "solver": "sgd", "alpha": 0.0}
    counts = np.arange(30) % 3
    whole = GRURegressor(shuffle=False, **options)
    weighted = whole.fit(RAGGED, SUMS, sample_weight=counts)
    index = np.repeat(np.arange(30), counts)
    expected = np.concatenate(weighted.predict(RAGGED))
    score = weighted.score(RAGGED, SUMS, sample_weight=counts)
    again = [RAGGED[i] for i in index], [SUMS[i] for i in index]
    assert score == pytest.approx(weighted.score(*again), rel=1e-12)
    repeated = GRURegressor(shuffle=False, **options).fit(*again)
    np.testing.assert_allclose(
        np.concatenate(repeated.predict(RAGGED)), expected, rtol=1e-9
    )


@pytest.mark.parametrize("cls", RECURRENT)
def test_sequences_are_computed_as_if_alone(cls, monkeypatch):
    model = cls((4, 3), bidirectional=True, **EXACT, max_iter=2)
    model.fit(RAGGED, targets_for(cls)[1])
    is_regressor = cls in RECURRENT_REGRESSORS
    answer = model.predict if is_regressor else model.decision_function
    monkeypatch.setattr(datasets, "_LARGEST_BATCH", 7)  # several, longest first
    together = answer(RAGGED)
    assert [len(one) for one in together] == [len(x) for x in RAGGED]
    for x, values in zip(RAGGED, together, strict=True):
        np.testing.assert_allclose(values, answer([x])[0], rtol=0, atol=1e-10)
    several = answer(X)  # of equal length, in several batches
    assert several.shape == (30, 7)
    np.testing.assert_allclose(several[17], answer(X[17:18])[0], rtol=0, atol=1e-10)


@pytest.mark.parametrize("cls", RECURRENT_REGRESSORS)
def test_a_step_is_answered_from_the_steps_up_to_it(cls):
    """As a network without return_sequences answers for these alone."""
    model = cls((5, 4), conv_filters=3, **{**EXACT, "max_iter": 2}).fit(X, Y)
    plain = cls((5, 4), conv_filters=3, **{**EXACT, "return_sequences": False})
    plain.set_params(readout=None, max_iter=1)
    plain.fit(list(X), Y[:, -1])  # lengths may differ
    plain.net_.module_.load_state_dict(model.net_.module_.state_dict())
    at_steps = model.predict(X)
    for t in range(1, 8):
        np.testing.assert_allclose(
            at_steps[:, t - 1], plain.predict(list(X[:, :t])), rtol=1e-9
        )


def test_running_sum_is_learnt():
    x = RNG.normal(size=(150, 12, 1))
    y = 0.3 * x[:, :, 0].cumsum(axis=1)
    model = LSTMRegressor(
        16, learning_rate="onecycle", learning_rate_init=0.03, max_iter=40,
        batch_size=25, random_state=0, return_sequences=True,
    ).fit(x[:100], y[:100])  # fmt: skip
    assert model.score(x[100:], y[100:]) > 0.95


def test_running_parity_is_learnt():
    x = [RNG.integers(0, 2, length) for length in RNG.integers(4, 12, 200)]
    y = [np.array(["even", "odd"])[one.cumsum() % 2] for one in x]
    model = LSTMClassifier(
        12, learning_rate="onecycle", learning_rate_init=0.05, max_iter=40,
        batch_size=25, random_state=0, return_sequences=True,
    ).fit(x[:150], y[:150])  # fmt: skip
    assert model.score(x[150:], y[150:]) > 0.95


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_predictions_are_shaped_as_y_was(dtype):
    values = Y.astype(dtype)
    both = np.stack([values, -values], axis=2)
    windows = Windows.from_array(both)
    for y, shape in [
        (values, (30, 7)),
        (list(values), (30, 7)),
        (values[:, :, None], (30, 7, 1)),
        (both, (30, 7, 2)),
        (list(both), (30, 7, 2)),
        (windows, (30, 7, 2)),
    ]:
        model = GRURegressor(**QUICK).fit(X, y)
        prediction = model.predict(X)
        assert prediction.shape == shape
        assert prediction.dtype == np.dtype(dtype)
        assert model.n_outputs_ == (shape[2] if len(shape) == 3 else 1)
        one_a_row = prediction.reshape(210, -1)
        truth = np.asarray(y).reshape(210, -1)
        assert model.score(X, y) == pytest.approx(r2_score(truth, one_a_row))
    twice = [np.column_stack([one, -one]).astype(dtype) for one in SUMS]
    unequal = GRURegressor(**QUICK).fit(RAGGED, twice).predict(RAGGED)
    assert [one.shape for one in unequal] == [one.shape for one in twice]
    assert {one.dtype for one in unequal} == {np.dtype(dtype)}


@pytest.mark.parametrize("cls", RECURRENT_CLASSIFIERS)
def test_answers_of_a_classifier_at_each_step(cls):
    model = cls(**QUICK).fit(X, LABELS)
    assert model.classes_.tolist() == ["high", "low", "mid"]
    p, answers = model.predict_proba(X), model.predict(X)
    scores = model.decision_function(X)
    assert p.shape == scores.shape == (30, 7, 3)
    np.testing.assert_allclose(p.sum(axis=2), 1, rtol=1e-12)
    np.testing.assert_array_equal(answers, model.classes_[p.argmax(axis=2)])
    np.testing.assert_allclose(np.log(p), model.predict_log_proba(X), rtol=1e-9)
    expected = accuracy_score(LABELS.ravel(), answers.ravel())
    assert model.score(X, LABELS) == pytest.approx(expected)
    assert model.score(X, list(LABELS)) == pytest.approx(expected)
    two = cls(**QUICK).fit(RAGGED, signs(SUMS))
    assert [one.shape for one in two.predict_proba(RAGGED)] == [
        (len(x), 2) for x in RAGGED
    ]
    for scores, labels in zip(
        two.decision_function(RAGGED), two.predict(RAGGED), strict=True
    ):
        np.testing.assert_array_equal(labels, np.where(scores > 0, "up", "down"))


def test_missing_steps_may_be_given_in_any_form():
    """A list, arrays padded with NaN on either side, windows, a panel."""
    lengths = [len(x) for x in RAGGED]
    longest = max(lengths)
    late, early = np.full((2, 30, longest, 2), np.nan)
    y_late, y_early = np.full((2, 30, longest), np.nan)
    for i, n in enumerate(lengths):
        late[i, longest - n :], early[i, :n] = RAGGED[i], RAGGED[i]
        y_late[i, longest - n :], y_early[i, :n] = SUMS[i], SUMS[i]
    names = [f"s{i}" for i in range(30)]
    panel = pd.concat({k: pd.DataFrame(x) for k, x in zip(names, RAGGED, strict=True)})
    series = pd.concat({k: pd.Series(one) for k, one in zip(names, SUMS, strict=True)})
    windows = Windows.from_sequences([one[:, None] for one in SUMS])
    expected = GRURegressor(**QUICK).fit(RAGGED, SUMS).loss_curve_
    for x, y in [
        (late, y_late),
        (early, y_early),
        (early, SUMS),
        (RAGGED, windows),
        (panel, series),
        (panel, SUMS),
        (RAGGED, series),
    ]:
        model = GRURegressor(**QUICK).fit(x, y)
        np.testing.assert_allclose(model.loss_curve_, expected, rtol=1e-9)
        assert model.score(x, y) == pytest.approx(
            r2_score(np.concatenate(SUMS), np.concatenate(model.predict(RAGGED)))
        )
    labels = np.where(np.isnan(y_late), None, np.where(y_late > 0, "up", "down"))
    by_list = GRUClassifier(**QUICK).fit(RAGGED, signs(SUMS)).loss_curve_
    by_array = GRUClassifier(**QUICK).fit(late, labels).loss_curve_
    by_panel = GRUClassifier(**QUICK).fit(panel, np.sign(series) > 0).loss_curve_
    np.testing.assert_allclose(by_array, by_list, rtol=1e-9)
    np.testing.assert_allclose(by_panel, by_list, rtol=1e-9)


def test_sliding_windows_of_targets_are_not_copied():
    rows = RNG.normal(size=(60, 2))
    target = rows.sum(axis=1)
    x = SlidingWindow(8).fit_transform(rows)
    y = SlidingWindow(8).fit_transform(target[:, None])
    seen = []

    class Look(Callback):
        def on_train_begin(self, net, X, **kwargs):
            seen.append(X.target_rows)

    options = {**QUICK, "batch_size": 16}
    model = GRURegressor(callbacks=[Look()], **options).fit(x, y)
    assert seen[0].shape == (60, 1)
    copied = GRURegressor(**options).fit(x.copy(), y.copy())
    np.testing.assert_allclose(model.loss_curve_, copied.loss_curve_, rtol=1e-9)


@pytest.mark.parametrize("is_shared", [True, False])
def test_no_target_of_a_training_window_is_held_out(is_shared):
    """Of overlapping windows; sequences of their own need no gap."""
    series = np.arange(100.0)
    windows = np.lib.stride_tricks.sliding_window_view(series, 6)
    x = windows[:, :, None] if is_shared else windows[::6, :, None].copy()
    seen = {}

    class Look(Callback):
        def on_epoch_begin(self, net, dataset_train, dataset_valid, **kwargs):
            for name, data in [("train", dataset_train), ("held", dataset_valid)]:
                data = getattr(data, "dataset", data)
                ends = [data[i][1].numpy().ravel() for i in range(len(data))]
                seen[name] = set(np.concatenate(ends).tolist())

    options = {**QUICK, "early_stopping": True, "validation_fraction": 0.2}
    split = "auto" if is_shared else "last"
    GRURegressor(callbacks=[Look()], validation_split=split, **options).fit(
        x / 100, x[:, :, 0]
    )
    assert max(seen["train"]) < min(seen["held"])
    n_dropped = 100 - len(seen["train"]) - len(seen["held"])
    assert n_dropped == (0 if is_shared else 100 % 6)


def test_validation_score_is_that_of_all_steps():
    options = {**QUICK, "early_stopping": True, "max_iter": 1}
    model = GRURegressor(**options).fit(X, Y, X_val=RAGGED, y_val=SUMS)
    truth, answers = np.concatenate(SUMS), np.concatenate(model.predict(RAGGED))
    assert model.validation_scores_ == [pytest.approx(r2_score(truth, answers))]
    weight = {"up": 5.0, "down": 1.0}
    model = GRUClassifier(class_weight=weight, label_smoothing=0.0, **options)
    y = np.where(Y > 0, "up", "down")
    model.fit(X, y, X_val=RAGGED, y_val=signs(SUMS))
    truth = np.concatenate(signs(SUMS))
    p = np.concatenate(model.predict_proba(RAGGED))
    weights = [weight[label] for label in truth]
    expected = -log_loss(truth, p, sample_weight=weights, labels=model.classes_)
    assert model.validation_scores_ == [pytest.approx(expected)]
    drawn = GRUClassifier(**options).fit(X, y)  # from X
    assert drawn.t_ == len(X) - 3
    alone = GRURegressor(**options).fit(X, Y, X_val=X[:1], y_val=Y[:1])
    assert len(alone.validation_scores_) == 1  # of the steps of one sequence


def test_label_smoothing_and_all_samples_at_once():
    options = {"solver": "lbfgs", "dropout": 0.0, "alpha": 0.0, "label_smoothing": 0.3}
    model = RNNClassifier(**{**QUICK, **options, "max_iter": 100})
    model.fit(X, np.where(X[:, :, 0] > 0, 1, 0))
    p = model.predict_proba(X)
    assert log_loss((X[:, :, 0] > 0).ravel(), p.reshape(-1, 2)) < 0.3
    assert 0.8 < np.median(p.max(axis=2)) < 0.9  # 1 - 0.3 / 2


def test_training_goes_on():
    halves = GRUClassifier(**QUICK)
    for part in (slice(15), slice(15, 30)):
        halves.partial_fit(X[part], LABELS[part], classes=["high", "low", "mid"])
    assert halves.predict(X).shape == (30, 7)
    assert len(halves.loss_curve_) == 2
    options = {**QUICK, "warm_start": True, "max_iter": 2}
    model = GRURegressor(**options).fit(X, Y)
    before = model.loss_curve_[-1]
    assert model.fit(X, Y).loss_curve_[2] < before
    with pytest.raises(ValueError, match="return_sequences was True, is now False"):
        model.set_params(return_sequences=False).fit(X, Y[:, 0])
    assert model.predict(X).shape == (30, 7)  # by the last fit
    plain = GRURegressor(**{**options, "return_sequences": False}).fit(X, Y[:, 0])
    with pytest.raises(ValueError, match="return_sequences was False, is now True"):
        plain.set_params(return_sequences=True).fit(X, Y)
    assert plain.predict(X).shape == (30,)


def test_in_scikit_learn():
    pipeline = make_pipeline(SequenceScaler(), LSTMClassifier(**QUICK))
    pipeline.fit(RAGGED, signs(SUMS))
    copy = pickle.loads(pickle.dumps(pipeline))
    for mine, other in zip(
        pipeline.predict_proba(RAGGED), copy.predict_proba(RAGGED), strict=True
    ):
        np.testing.assert_array_equal(mine, other)
    assert copy.score(RAGGED, signs(SUMS)) == pipeline.score(RAGGED, signs(SUMS))
    grid = {"hidden_layer_sizes": [1, 6]}
    for model, x, y in [
        (GRURegressor(**QUICK), X, Y),
        (GRURegressor(**QUICK), RAGGED, SUMS),
        (GRUClassifier(**QUICK), X, LABELS),
        (GRUClassifier(**QUICK), RAGGED, signs(SUMS)),
    ]:
        search = GridSearchCV(model, grid, cv=KFold(2)).fit(x, y)
        alone = clone(model).set_params(hidden_layer_sizes=6).fit(x[15:], y[15:])
        expected = alone.score(x[:15], y[:15])
        assert search.cv_results_["split0_test_score"][1] == pytest.approx(expected)


def test_a_target_at_each_row_becomes_windows():
    rows = RNG.normal(size=(80, 2))
    y = SlidingWindow(5).fit_transform(rows[:, :1] + rows[:, 1:])
    pipeline = make_pipeline(SlidingWindow(5), GRURegressor(**QUICK)).fit(rows, y)
    assert [len(one) for one in pipeline.predict(rows)][:6] == [1, 2, 3, 4, 5, 5]
    with pytest.raises(ValueError, match=r"SlidingWindow\(window_length\)"):
        pipeline.fit(rows, rows[:, 0])


def flip(array):
    return array[:, ::-1].copy()


def padded(n):
    """Sequences of which the first lacks n steps at the front, and their sums."""
    x, y = X.copy(), Y.copy()
    x[0, :n], y[0, :n] = np.nan, np.nan
    return x, y


PANEL = pd.concat({"a": pd.DataFrame(X[0]), "b": pd.DataFrame(X[1])})
ERRORS = {
    "one target a sample": (X, Y[:, 0], r"\(n_samples, n_timesteps\).*got shape \(30,"),
    "four axes": (X, Y[:, :, None, None], r"got shape \(30, 7, 1, 1\)"),
    "fewer samples": (X, Y[:20], "X has 30 samples, y has 20"),
    "fewer steps": (X, Y[:, :5], "sample 0 has 7 steps in X, 5 in y"),
    "one shorter": (RAGGED, [*SUMS[:8], SUMS[8][1:], *SUMS[9:]], "sample 8 has"),
    "missing in X only": (padded(2)[0], Y, "sample 0 has 5 steps in X, 7 in y.*NaN"),
    "at the other side": (padded(2)[0], flip(padded(2)[1]), "pad both at the same"),
    "a gap": (X, np.where(np.arange(7) == 3, np.nan, Y), "Input y contains NaN"),
    "infinity": (X, np.where(np.arange(7) == 3, np.inf, Y), "Input y contains inf"),
    "empty": (RAGGED, [*SUMS[:-1], []], "none empty"),
    "several widths": (RAGGED, [*SUMS[:-1], SUMS[-1][:, None]], "all of shape"),
    "none": (RAGGED, [], "got arrays of the shapes"),
    "other rows": (PANEL, PANEL[0].sort_index(ascending=False), "in order of time"),
    "other names": (PANEL, PANEL[0].rename({"a": "c"}), "y.loc\\[X.index\\]"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors_say_what_to_do(case):
    x, y, words = ERRORS[case]
    with pytest.raises(ValueError, match=f"(?s){words}"):
        GRURegressor(**QUICK).fit(x, y)


def test_errors_of_weights_labels_and_scores():
    with pytest.raises(ValueError, match="one label per step"):
        GRUClassifier(**QUICK).fit(X, np.zeros((30, 7, 2), int))
    with pytest.raises(ValueError, match="values of the types"):
        GRUClassifier(**QUICK).fit(RAGGED, [*signs(SUMS)[:-1], SUMS[-1]])
    with pytest.raises(ValueError, match="Unknown label type"):
        GRUClassifier(**QUICK).fit(X, Y)
    with pytest.raises(ValueError, match="each of its steps"):
        GRURegressor(**QUICK).fit(X, Y, sample_weight=np.ones((30, 7)))
    with pytest.raises(ValueError, match="at least one non-zero"):
        GRURegressor(**QUICK).fit(X, Y, sample_weight=np.zeros(30))
    zero = dict.fromkeys(("low", "mid", "high"), 0.0)
    with pytest.raises(ValueError, match="all samples have weight 0"):
        GRUClassifier(class_weight=zero, **QUICK).fit(X, LABELS)
    with pytest.raises(ValueError, match="must not be negative"):
        GRURegressor(loss="poisson", **QUICK).fit(X, Y)
    with pytest.raises(ValueError, match="pooling"):
        GRURegressor(pooling="mean", **QUICK).fit(X, Y)
    model = GRURegressor(**QUICK).fit(X, Y)
    with pytest.raises(ValueError, match="y has 2 outputs"):
        model.partial_fit(X, np.stack([Y, Y], axis=2))
    with pytest.raises(ValueError, match="sample 0 has 7 and 6"):
        model.score(X, Y[:, 1:])
    with pytest.raises(ValueError, match="number of samples"):
        model.score(X, Y[1:])


def test_a_prediction_that_is_no_number_is_told_by_its_sample():
    values = np.zeros((14, 2))
    values[12] = np.nan
    with pytest.raises(ValueError, match="prediction of sample 4 is not finite"):
        finite(values, np.array([3, 3, 3, 3, 2]))


def test_checkpoint_knows_other_targets(tmp_path):
    options = {**QUICK, "checkpoint": tmp_path, "checkpoint_every": 1}
    model = GRURegressor(**options).fit(X, Y)
    again = GRURegressor(**options).fit(X, Y)
    np.testing.assert_array_equal(model.predict(X), again.predict(X))
    with pytest.raises(ValueError, match="fit on other data: y differ"):
        GRURegressor(**options).fit(X, Y + (np.arange(7) == 3))


def test_summary_tells_of_steps():
    text = repr(GRURegressor(**QUICK).fit(X, Y).summary())
    assert "(n_samples, n_timesteps, 1)" in text
    assert "pooling" not in text


def test_pieces_of_one_series_are_answered_as_the_whole():
    """A state that is carried on, in lanes in training and all in a row later."""
    options = {**PLAIN_REGRESSOR, **QUICK, "stateful": True, "shuffle": False}
    still = {"solver": "sgd", "learning_rate_init": 1e-300, "max_iter": 1, "alpha": 0}
    model = GRURegressor(batch_size=2, **{**options, **still}).fit(X, Y)
    whole = GRURegressor(**{**PLAIN_REGRESSOR, **QUICK})
    whole.fit([X.reshape(-1, 2)], [Y.ravel()])
    whole.net_.module_.load_state_dict(model.net_.module_.state_dict())
    in_a_row = whole.predict([X.reshape(-1, 2)])[0]
    np.testing.assert_allclose(model.predict(X).ravel(), in_a_row, rtol=1e-9)
    lanes = whole.predict(list(X.reshape(2, -1, 2)))
    loss = 0.5 * np.mean((lanes.ravel() - Y.ravel()) ** 2)
    assert model.loss_curve_[0] == pytest.approx(loss, rel=1e-9)


def test_accuracy_counts_the_steps_of_a_sample_by_its_weight():
    X = np.random.default_rng(0).normal(size=(6, 5, 2))
    y = X[:, :, 0] > 0
    model = GRUClassifier(3, return_sequences=True, learning_rate="cosine", max_iter=2)
    model.set_params(random_state=0)
    right = (model.fit(X, y).predict(X) == y).mean(axis=1)
    weights = np.r_[5.0, 0, 1, 2, 0, 0]
    expected = np.average(right, weights=weights)
    assert model.score(X, y, sample_weight=weights) == pytest.approx(expected)
    assert right.std() > 0  # else weights would not matter

"""The classifiers as a user of scikit-learn meets them."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.sparse import csr_array
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.exceptions import DataConversionWarning
from sklearn.inspection import permutation_importance
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.utils.class_weight import compute_class_weight

from skrnn import GRUClassifier, MLPClassifier, SequenceScaler, Windows
from skrnn.estimators._samples import hold_out
from tests.bare import BARE_CLASSIFIER, PLAIN_CLASSIFIER
from tests.common_estimators import RECURRENT_CLASSIFIERS, tones

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = tones(90)
TWO = Y % 2
LABELS = np.column_stack([Y == 0, Y == 1]).astype(int)
DENSE = np.stack([np.resize(x, (12, 1)) for x in X])


def quick(cls=GRUClassifier, **parameters):
    small = {"hidden_layer_sizes": 6, "max_iter": 3, "random_state": 0}
    return cls(**PLAIN_CLASSIFIER | small | parameters)


@pytest.fixture(scope="module")
def learnt():
    """A classifier that has learnt to tell three tones apart."""
    return quick(
        hidden_layer_sizes=16,
        pooling="mean",
        learning_rate_init=0.02,
        batch_size=30,
        max_iter=60,
    ).fit(X, Y)


@pytest.mark.parametrize("cls", RECURRENT_CLASSIFIERS)
def test_learns_sequences_of_unequal_length(cls):
    options = {"pooling": "mean", "learning_rate_init": 0.02, "batch_size": 30}
    model = quick(cls, hidden_layer_sizes=16, max_iter=100, **options).fit(X, Y)
    others, classes = tones(60, seed=1)
    assert model.score(others, classes) > 0.9


@pytest.mark.parametrize(
    "classes",
    [
        ["a", "b", "c"],
        np.array(["x", "yy", "zzz"], dtype=object),
        [-5, 0, 7],
        [1.0, 2.0, 4.0],
        [False, True],
        [-1, 1],
    ],
    ids=str,
)
def test_any_labels_come_back(classes):
    y = np.asarray(classes)[Y % len(classes)]
    model = quick().fit(X, y)
    np.testing.assert_array_equal(model.classes_, np.unique(y))
    prediction = model.predict(X)
    assert prediction.dtype == model.classes_.dtype
    assert set(prediction) <= set(classes)
    coded = quick().fit(X, Y % len(classes))
    np.testing.assert_array_equal(model.predict_proba(X), coded.predict_proba(X))


@pytest.mark.parametrize(
    "form",
    [
        list,
        pd.Series,
        lambda y: pd.Series(y, dtype="category"),
        lambda y: y.astype("O"),
    ],
)
def test_any_container_of_labels_is_taken(form):
    y = np.array(["no", "yes"])[TWO]
    expected = quick().fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(quick().fit(X, form(y)).predict_proba(X), expected)


@pytest.mark.parametrize("dtype", ["Int64", "boolean"])
def test_nullable_labels_keep_their_kind(dtype):
    model = quick().fit(X, pd.Series(TWO, dtype=dtype))
    assert model.classes_.dtype == {"Int64": np.int64, "boolean": np.bool_}[dtype]


def test_column_of_labels_is_taken_with_a_warning():
    with pytest.warns(DataConversionWarning):
        model = quick().fit(X, Y[:, None])
    assert model.predict(X).shape == (90,)


@pytest.mark.parametrize("y", [Y, TWO, LABELS], ids=["multiclass", "binary", "labels"])
def test_probabilities_logarithms_scores_and_classes_agree(y):
    model = quick(dtype="float64").fit(X, y)
    proba, scores = model.predict_proba(X), model.decision_function(X)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), proba)
    if y is LABELS:
        np.testing.assert_allclose(proba, 1 / (1 + np.exp(-scores)))
        np.testing.assert_array_equal(model.predict(X), proba > 0.5)
    else:
        np.testing.assert_allclose(proba.sum(axis=1), 1)
        best = model.classes_[proba.argmax(axis=1)]
        np.testing.assert_array_equal(model.predict(X), best)
    if y is TWO:
        np.testing.assert_array_equal(model.predict(X), (scores > 0).astype(int))
        np.testing.assert_allclose(proba[:, 1], 1 / (1 + np.exp(-scores)))
    if y is Y:
        shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
        np.testing.assert_allclose(proba, shifted / shifted.sum(1, keepdims=True))


def test_logarithms_stay_finite_where_probabilities_vanish(learnt):
    sure = copy.deepcopy(learnt)
    with torch.no_grad():
        sure.net_.module_.head.weight *= 1e3
    assert (sure.predict_proba(X) == 0).any()
    assert np.isfinite(sure.predict_log_proba(X)).all()


def test_loss_is_the_log_loss_of_scikit_learn():
    for y in (Y, TWO):
        model = quick(dtype="float64", alpha=0.0, max_iter=1, batch_size=90)
        model.fit(X, y, X_val=X, y_val=y)  # after the only step
        assert model.net_.history[-1]["valid_loss"] == pytest.approx(
            log_loss(y, model.predict_proba(X))
        )
    model = quick(dtype="float64", alpha=0.0, max_iter=1, batch_size=90)
    model.fit(X, LABELS, X_val=X, y_val=LABELS)
    each = [log_loss(LABELS[:, i], model.predict_proba(X)[:, i]) for i in range(2)]
    assert model.net_.history[-1]["valid_loss"] == pytest.approx(sum(each))


def test_several_labels_at_once():
    options = {"pooling": "mean", "learning_rate_init": 0.03, "max_iter": 80}
    model = quick(hidden_layer_sizes=16, **options).fit(X, LABELS)
    assert model.score(X, LABELS) > 0.9
    assert model.predict(X).shape == LABELS.shape
    np.testing.assert_array_equal(model.classes_, [0, 1])
    sparse = quick(hidden_layer_sizes=16, **options).fit(X, csr_array(LABELS))
    np.testing.assert_array_equal(sparse.predict_proba(X), model.predict_proba(X))


# --- weights


def test_class_weight_is_a_sample_weight():
    options = {"dtype": "float64"}
    weights = np.array([3.0, 1.0, 0.5])
    by_class = quick(class_weight=dict(enumerate(weights)), **options).fit(X, Y)
    by_sample = quick(**options).fit(X, Y, sample_weight=weights[Y])
    np.testing.assert_array_equal(by_class.predict_proba(X), by_sample.predict_proba(X))


def test_balanced_classes_and_sample_weights_multiply():
    y = np.where(np.arange(90) < 12, "rare", "common")
    own = np.linspace(0.5, 2, 90)
    balanced = quick(class_weight="balanced").fit(X, y)
    weights = compute_class_weight("balanced", classes=np.unique(y), y=y)
    named = dict(zip(np.unique(y), weights, strict=True))
    expected = quick(class_weight=named).fit(X, y)
    np.testing.assert_allclose(balanced.predict_proba(X), expected.predict_proba(X))
    both = quick(class_weight={"rare": 4, "common": 1}).fit(X, y, sample_weight=own)
    product = own * np.where(y == "rare", 4, 1)
    expected = quick().fit(X, y, sample_weight=product)
    np.testing.assert_allclose(both.predict_proba(X), expected.predict_proba(X))


def test_class_weight_of_labels():
    model = quick(class_weight=[{0: 1, 1: 3}, {0: 1, 1: 1}]).fit(X, LABELS)
    expected = quick().fit(X, LABELS, sample_weight=1.0 + 2 * LABELS[:, 0])
    np.testing.assert_allclose(model.predict_proba(X), expected.predict_proba(X))


def test_balanced_weights_leave_out_samples_that_do_not_count():
    counts = (Y != 2).astype(float)
    model = quick(class_weight="balanced").fit(X, Y, sample_weight=counts)
    assert np.isfinite(model.predict_proba(X)).all()


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({0: 0, 1: 0, 2: 0}, "all samples have weight 0"),
        ({0: -1, 1: 1, 2: 1}, "expected finite weights of 0 or more"),
        ({0: np.nan, 1: 1, 2: 1}, "class_weight=.*expected finite weights"),
        ({0: "x", 1: 1, 2: 1}, "class_weight must hold numbers"),
    ],
)
def test_weights_that_make_no_sense_are_refused(weights, message):
    with pytest.raises(ValueError, match=message):
        quick(class_weight=weights).fit(X, Y)


def test_class_of_weight_zero_is_never_predicted():
    model = quick(class_weight={0: 0, 1: 1, 2: 1}, max_iter=30).fit(X, Y)
    assert 0 not in model.predict(X)


# --- stopping, going on


def test_random_validation_keeps_the_classes_in_proportion():
    y = np.where(np.arange(90) < 20, "rare", "common")
    model = quick(validation_fraction=0.2, early_stopping=True)
    samples = model._learn(X, y, None)
    records, random_state = (model._reader, model._task), np.random.RandomState(0)
    train, held_out = hold_out(samples, *records, "auto", 0.2, random_state)
    counts = np.bincount(held_out.targets[:, 0].astype(int))
    assert counts.tolist() == [14, 4]  # common, rare
    assert len(train) + len(held_out) == 90


def test_early_stopping_restores_the_weights_of_the_smallest_loss():
    model = quick(
        early_stopping=True,
        pooling="mean",
        batch_size=30,
        learning_rate_init=0.05,
        max_iter=40,
        n_iter_no_change=40,
    )
    held_out, classes = tones(45, seed=3)
    model.fit(X, Y, X_val=held_out, y_val=classes)
    loss = log_loss(classes, model.predict_proba(held_out))
    assert max(model.validation_scores_) == pytest.approx(-loss, rel=1e-5)
    watched = quick(batch_size=8, max_iter=5).fit(X, Y, X_val=held_out, y_val=classes)
    loss = log_loss(classes, watched.predict_proba(held_out))
    assert watched.validation_scores_[-1] == pytest.approx(-loss, rel=1e-5)
    assert model.score(held_out, classes) > 0.6


def test_partial_fit_learns_class_by_class():
    model = quick(
        hidden_layer_sizes=16, pooling="mean", learning_rate_init=0.02, batch_size=10
    )
    order = np.argsort(Y % 2, kind="stable")
    X_by_class = [X[i] for i in order]
    for _ in range(60):
        for part in (slice(0, 60), slice(60, 90)):  # classes 0 and 2; class 1
            model.partial_fit(X_by_class[part], Y[order][part], classes=[0, 1, 2])
    np.testing.assert_array_equal(model.classes_, [0, 1, 2])
    assert model.score(X, Y) > 0.6
    assert model.t_ == 60 * 90


def test_fit_is_as_many_epochs_of_partial_fit():
    options = {**BARE_CLASSIFIER, "max_iter": 3, "dtype": "float64"}
    whole = quick(**options).fit(X, Y)
    parts = quick(**options)
    for _ in range(3):
        parts.partial_fit(X, Y, classes=[0, 1, 2])
    np.testing.assert_array_equal(parts.predict_proba(X), whole.predict_proba(X))


def test_warm_start_goes_on():
    model = quick(warm_start=True).fit(X, Y).fit(X, Y)
    assert len(model.loss_curve_) == 6
    with pytest.raises(ValueError, match=r"`y` has classes not in `self.classes_`"):
        model.fit(X, Y + 1)
    np.testing.assert_array_equal(model.classes_, [0, 1, 2])


# --- what is refused


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (
            np.zeros(90),
            r"at least 2 classes in the data, but .* only one class: \[0.\]",
        ),
        (["only"] * 90, "only one class: .*only"),
        (np.linspace(0, 1, 90), "Unknown label type: continuous"),
        (np.full(90, np.nan), "NaN"),
        (np.column_stack([Y, Y]), "several classes per sample.*MultiOutputClassifier"),
        (Y[:-1], "one target for each sequence"),
        (None, "requires y"),
        ([None] * 90, r"types \['NoneType'\].*none missing"),
        (np.array(["a", np.nan, "b"] * 30, dtype=object), "y contains NaN: label 1"),
        (np.array(["a", 1, None] * 30, dtype=object), "one type.*none missing"),
        (pd.Series(["a", None, "b"] * 30, dtype="string"), "none missing"),
        ([["a"], ["b", "c"]] * 45, "MultiLabelBinarizer"),
        (2 * LABELS - 1, r"holds the values \[-1, 1\], expected an indicator"),
    ],
)
def test_bad_targets_are_refused(y, message):
    with pytest.raises(ValueError, match=message):
        quick().fit(X, y)


def test_partial_fit_numbers_labels():
    model = quick().partial_fit(X, LABELS, classes=[0, 1])
    model.partial_fit(X, LABELS, classes=[0, 1]).partial_fit(X, LABELS)
    assert model.classes_.tolist() == [0, 1]
    for classes in ([0, 1, 2], ["zebra", "ant"]):
        with pytest.raises(ValueError, match=r"pass classes=np.arange\(2\)"):
            quick().partial_fit(X, LABELS, classes=classes)


def test_class_too_small_to_hold_out_is_named():
    y = ["often"] * 89 + ["once"]
    with pytest.raises(ValueError, match=r"early_stopping .*\['once'\].*X_val"):
        quick(early_stopping=True).fit(X, y)


def test_partial_fit_refuses_as_scikit_learn_does():
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        quick().partial_fit(X, Y)
    with pytest.raises(ValueError, match="'balanced' is not supported for partial_fit"):
        quick(class_weight="balanced").partial_fit(X, Y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match=r"`y` has classes not in `self.classes_`"):
        quick().partial_fit(X, Y, classes=[0, 1])
    model = quick().partial_fit(X, Y, classes=[0, 1, 2])
    before = model.predict_proba(X)
    with pytest.raises(ValueError, match=r"`self.classes_` has \[0 1 2\]. 'y' has"):
        model.partial_fit(X, Y + 1)
    with pytest.raises(ValueError, match="is not the same as on last call"):
        model.partial_fit(X, Y, classes=[0, 1, 2, 3])
    np.testing.assert_array_equal(model.predict_proba(X), before)


def test_labels_cannot_follow_classes():
    with pytest.raises(
        ValueError, match=r"an indicator of labels.*was fitted on one class"
    ):
        quick(warm_start=True).fit(X, Y).fit(X, LABELS)
    with pytest.raises(ValueError, match="y has 3 outputs"):
        quick(warm_start=True).fit(X, LABELS).fit(X, np.eye(3, dtype=int)[Y])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"label_smoothing": 1.0}, "label_smoothing"),
        ({"class_weight": "even"}, "balanced"),
        ({"class_weight": {0: 1, 9: 2}}, r"class_weight .*\[9\], .* are \[0, 1, 2\]"),
        ({"pooling": "sum"}, "pooling"),
        ({"loss": "squared_error"}, "unexpected keyword"),
    ],
)
def test_bad_parameters_are_refused(parameters, message):
    with pytest.raises((ValueError, TypeError), match=message):
        quick(**parameters).fit(X, Y)


# --- scikit-learn around it


def test_grid_search_and_cross_validation_of_lists():
    pipeline = make_pipeline(SequenceScaler(), quick())
    grid = {"gruclassifier__pooling": ["last", "mean"]}
    search = GridSearchCV(pipeline, grid, cv=3, scoring="neg_log_loss").fit(X, Y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    proba = cross_val_predict(quick(), X, Y, cv=3, method="predict_proba")
    assert proba.shape == (90, 3)
    windows = Windows.from_sequences(X)
    same = cross_val_predict(quick(), windows, Y, cv=3, method="predict_proba")
    np.testing.assert_allclose(same, proba, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("data", [X, DENSE], ids=["list", "3-D"])
def test_meta_estimators_of_scikit_learn(data):
    voting = VotingClassifier(
        [("a", quick()), ("b", quick(random_state=1))], voting="soft"
    ).fit(data, Y)
    assert voting.predict_proba(data).shape == (90, 3)
    one_by_one = OneVsRestClassifier(quick()).fit(data, Y)
    assert one_by_one.predict_proba(data).shape == (90, 3)
    several = MultiOutputClassifier(quick()).fit(data, LABELS)
    assert several.predict(data).shape == (90, 2)
    stack = StackingClassifier([("net", quick())], cv=2).fit(data, Y)
    assert stack.predict_proba(data).shape == (90, 3)


@pytest.mark.parametrize("method", ["sigmoid", "isotonic", "temperature"])
def test_calibration(method):
    calibrated = CalibratedClassifierCV(quick(), method=method, cv=3).fit(DENSE, Y)
    proba = calibrated.predict_proba(DENSE)
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-5)


def test_permutation_importance_of_a_table():
    rng = np.random.default_rng(0)
    table = rng.standard_normal((200, 4))
    y = (table[:, 2] > 0).astype(int)
    model = quick(hidden_layer_sizes=8, learning_rate_init=0.03, max_iter=60)
    model.fit(table, y)
    importance = permutation_importance(model, table, y, n_repeats=3, random_state=0)
    assert importance.importances_mean.argmax() == 2


def test_bagging_refuses_three_axes_itself():
    with pytest.raises(ValueError, match="with dim 3"):
        BaggingClassifier(quick(), 2).fit(DENSE, Y)
    assert BaggingClassifier(quick(), 2).fit(DENSE[:, :, 0], Y).score(DENSE[:, :, 0], Y)


# --- copies


def through_pickle(model):
    return pickle.loads(pickle.dumps(model))


@pytest.mark.parametrize("y", [np.array(["a", "b", "c"])[Y], LABELS])
@pytest.mark.parametrize("duplicate", [through_pickle, copy.deepcopy])
def test_copies_predict_the_same(duplicate, y):
    model = quick(label_smoothing=0.1).fit(X, y)
    other = duplicate(model.set_params(label_smoothing=0.0))
    np.testing.assert_array_equal(other.predict_proba(X), model.predict_proba(X))
    np.testing.assert_array_equal(other.predict(X), model.predict(X))


def test_label_smoothing_keeps_scores_small(learnt):
    smooth = copy.deepcopy(learnt).set_params(label_smoothing=0.3).fit(X, Y)
    assert smooth.predict_proba(X).max() < 0.9 < learnt.predict_proba(X).max()


# --- labels in other containers


@pytest.mark.parametrize("cls", [GRUClassifier, MLPClassifier])
def test_one_class_a_sample_as_an_indicator_is_noticed(cls):
    X, y = np.random.default_rng(0).normal(size=(30, 4)), np.arange(30) % 3
    model = cls(hidden_layer_sizes=2, max_iter=1, random_state=0)
    one_hot = np.eye(3, dtype=int)[y]
    for target in (one_hot, one_hot * 1.0, pd.get_dummies(y), csr_array(one_hot)):
        with pytest.warns(UserWarning, match="every row has a single 1. If") as told:
            model.fit(X, target)
        assert model.predict_proba(X).shape == (30, 3)
        assert "pass the number of the class: np.argmax(y, axis=1)" in str(
            told[0].message
        )
    model.fit(X, np.argmax(pd.get_dummies(y), axis=1))
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1, rtol=1e-5)
    model.fit(X, np.c_[y > 0, y > 1, y < 2])  # labels that hold together


@pytest.mark.parametrize(
    ("labels", "remedy"),
    [
        (np.array([0, 1] * 6, dtype=object), r"y\.astype\(int\)"),
        (np.array([0.0, 1] * 6, dtype=object), r"y\.astype\(int\)"),
        (pd.Series([3, 7] * 6, dtype=object), r"y\.astype\(int\)"),
        (np.array([True, False] * 6, dtype=object), r"y\.astype\(bool\)"),
        (np.array([0.5, 0.25] * 6, dtype=object), "fit a regressor"),
        (np.array([0, "a"] * 6, dtype=object), r"types \['int', 'str'\]. Expected"),
        ([0, "a"] * 6, r"types \['int', 'str'\]. Expected labels of one type"),
    ],
)
@pytest.mark.parametrize("cls", [GRUClassifier, MLPClassifier])
def test_labels_of_dtype_object(cls, labels, remedy):
    X = np.random.default_rng(0).normal(size=(12, 4))
    model = cls(hidden_layer_sizes=2, max_iter=1)
    with pytest.raises(ValueError, match=f"Unknown label type: .*{remedy}"):
        model.fit(X, labels)
    if "int" in remedy and "Expected" not in remedy:
        assert model.fit(X, labels.astype(int)).classes_.dtype.kind == "i"

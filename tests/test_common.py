"""scikit-learn's own checks over every estimator."""

import inspect
import re

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from skrnn import SlidingWindow

from .estimators import (
    MLPS,
    QUICK,
    RECURRENT,
    RECURRENT_CLASSIFIERS,
    RECURRENT_REGRESSORS,
    quick_estimators,
)

ROWS_ARE_NEIGHBOURS = dict.fromkeys(
    ("check_methods_sample_order_invariance", "check_methods_subset_invariance"),
    "a window is made of neighbouring rows, so the order of rows matters",
)
SUMS_ARE_ROUNDED = {
    "check_sample_weight_equivalence_on_dense_data": "compares at 1e-7, which weighted "
    "and repeated sums in float32 do not reach"
}


def expected_failures(estimator):
    if isinstance(estimator, SlidingWindow) and estimator.window_length > 1:
        return ROWS_ARE_NEIGHBOURS
    if getattr(estimator, "dtype", None) == "float32":
        return SUMS_ARE_ROUNDED
    return {}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(
    quick_estimators(), expected_failed_checks=expected_failures, xfail_strict=False
)
def test_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize("cls", RECURRENT + MLPS)
def test_every_parameter_and_attribute_is_documented(cls):
    documented = section(cls, "Parameters")
    assert list(documented) == list(inspect.signature(cls).parameters)
    model = cls(**QUICK | {"max_iter": 2, "tol": 0.0, "learning_rate": "cosine"})
    model.fit([[0.0, 1.0], [1.0, 2.0], [2.0, 3.0]], [0, 1, 2])
    learnt = {name for name in vars(model) if re.fullmatch(r"[a-z].*_", name)}
    assert learnt <= set(section(cls, "Attributes"))


@pytest.mark.parametrize("family", [RECURRENT_REGRESSORS, RECURRENT_CLASSIFIERS])
def test_shared_parameters_are_documented_in_the_same_words(family):
    assert different_words(*family) <= {"activation"}


def test_mlps_use_the_same_words():
    assert different_words(*MLPS) == {"early_stopping", "hidden_layer_sizes"} | {
        "validation_split"
    }


def test_both_families_use_the_same_words():
    one_of_each = (RECURRENT_REGRESSORS[1], RECURRENT_CLASSIFIERS[1])
    own = {"early_stopping", "validation_split"}  # name R2 and accuracy
    assert different_words(*one_of_each) == own


def different_words(*classes) -> set[str]:
    """Parameters that the first class and another have, described differently."""
    first, *others = (section(cls, "Parameters") for cls in classes)
    return {
        name
        for other in others
        for name in first.keys() & other.keys()
        if first[name] != other[name]
    }


def section(cls, title: str) -> dict[str, str]:
    """The entries of a numpydoc section, by name."""
    text = inspect.getdoc(cls)
    body = re.search(rf"{title}\n-+\n(.*?)(?=\n\n\S+[^\n]*\n-+\n)", text, re.S)[1]
    entries = re.findall(r"^(\w+) : (.*?)(?=^\w+ : |\Z)", body, re.S | re.M)
    return {name: words.strip() for name, words in entries}

"""scikit-learn's own checks over every estimator."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from skrnn import SlidingWindow
from tests.common_estimators import (
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


def is_quick(estimator):
    """Whether ``make check`` runs it: transformers, and a network in each precision."""
    if not hasattr(estimator, "hidden_layer_sizes"):
        return True
    quick = {"GRURegressor": "float32", "LSTMClassifier": "float64"}
    return quick.get(type(estimator).__name__) == getattr(estimator, "dtype", "")


def checks_of(estimators):
    return parametrize_with_checks(
        estimators, expected_failed_checks=expected_failures, xfail_strict=False
    )


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@checks_of([one for one in quick_estimators() if is_quick(one)])
def test_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@checks_of([one for one in quick_estimators() if not is_quick(one)])
def test_scikit_learn_with_the_other_estimators(estimator, check):
    check(estimator)

"""scikit-learn's own checks over every estimator."""

import pytest
from sklearn.utils.estimator_checks import (
    check_sample_weight_equivalence_on_dense_data,
    parametrize_with_checks,
)

from skrnn import GRURegressor, LSTMClassifier, SlidingWindow
from tests.common_estimators import (
    RECURRENT,
    RECURRENT_REGRESSORS,
    default_estimators,
    quick_estimators,
)

ROWS_ARE_NEIGHBOURS = dict.fromkeys(
    ("check_methods_sample_order_invariance", "check_methods_subset_invariance"),
    "a window is made of neighbouring rows, so the order of rows matters",
)
SAMPLES_ARE_DRAWN = {
    "check_sample_weight_equivalence_on_dense_data": "batches, the trial and masks are "
    "drawn of samples: repeated ones are drawn apart, heavy ones are not; in float32 "
    "sums of both differ besides, and the check compares at 1e-7"
}


def expected_failures(estimator):
    if isinstance(estimator, SlidingWindow) and estimator.window_length > 1:
        return ROWS_ARE_NEIGHBOURS
    if getattr(estimator, "dtype", None) == "float32":
        return SAMPLES_ARE_DRAWN
    return {}


def is_quick(estimator):
    """Whether ``make check`` runs it: some networks, and all transformers."""
    if type(estimator) not in RECURRENT:
        return True
    is_default = estimator.dtype == "float32"
    return isinstance(estimator, GRURegressor if is_default else LSTMClassifier)


def checks_of(estimators):
    return parametrize_with_checks(
        estimators, expected_failed_checks=expected_failures, xfail_strict=False
    )


ESTIMATORS = default_estimators() + quick_estimators()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@checks_of([one for one in ESTIMATORS if is_quick(one)])
def test_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@checks_of([one for one in ESTIMATORS if not is_quick(one)])
def test_scikit_learn_with_the_other_estimators(estimator, check):
    check(estimator)


@pytest.mark.parametrize("cls", RECURRENT_REGRESSORS)
def test_weights_of_default_regressors_count_as_repeated_samples(cls):
    """The check has few samples: regressions in closed form alone answer then."""
    model = cls(dtype="float64")
    check_sample_weight_equivalence_on_dense_data(cls.__name__, model)

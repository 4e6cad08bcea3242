"""scikit-learn's own tests of its MLPs, run on ours."""

import importlib.util

import pytest
import sklearn.neural_network

import skrnn

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore:Got `batch_size`",
)

LEFT_OUT = {
    "test_fit": "calls private methods; test_mlp works the same example out by hand",
    "test_gradient": "calls a private method; test_mlp checks gradients",
    "test_learning_rate_warmstart": "reads a private optimizer; see test_mlp",
    "test_adaptive_learning_rate": "reads a private optimizer; see test_mlp",
    "test_n_iter_no_change": "reads a private counter; see test_mlp",
    "test_n_iter_no_change_inf": "reads a private counter; see test_mlp",
    "test_nonfinite_params": "our message names the epoch and the remedies",
    "test_mlp_diverging_loss": "ours is an error, also with early stopping",
    "test_predict_proba_multilabel": "log-probabilities tell apart what rounds to 1",
}


def on_our_classes() -> dict:
    """The tests of the module, made while scikit-learn's names are ours."""
    spec = importlib.util.find_spec("sklearn.neural_network.tests.test_mlp")
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("MLPClassifier", "MLPRegressor"):
            patch.setattr(sklearn.neural_network, name, getattr(skrnn, name))
        spec.loader.exec_module(module)
    return {n: f for n, f in vars(module).items() if n.startswith("test_")}


@pytest.fixture
def global_random_seed():
    return 42


THEIRS = on_our_classes()
globals().update({n: f for n, f in THEIRS.items() if n not in LEFT_OUT})


def test_what_is_left_out_is_there_and_little():
    assert set(LEFT_OUT) <= set(THEIRS)
    assert len(THEIRS) - len(LEFT_OUT) >= 25

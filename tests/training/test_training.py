"""Training continues, and leaves threads, generators and gradients as they were."""

import copy
import pickle

import numpy as np
import pytest
import torch
from skorch.callbacks import (
    Callback,
)
from torch import nn

from skrnn import (
    GRURegressor,
    LSTMRegressor,
    MLPClassifier,
    MLPRegressor,
    RNNRegressor,
)
from skrnn.training import Settings, available_devices
from skrnn.training._schedules import schedule_callbacks
from tests.common_estimators import wave, windows_of

from .recorder import Recorder

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = windows_of(wave(120, 2), 8)


def test_warm_start_goes_on_from_the_weights():
    model = GRURegressor(6, max_iter=5, warm_start=True, random_state=0).fit(X, Y)
    before = model.loss_curve_.copy()
    model.set_params(solver="adamw", alpha=0.01).fit(X, Y)
    assert isinstance(model.net_.optimizer_, torch.optim.AdamW)
    assert model.n_iter_ == 5
    assert model.loss_curve_[:5] == before
    assert model.loss_curve_[5] < before[-1]
    with pytest.raises(ValueError, match="expecting 2 features"):
        model.fit(X[:, :, :1], Y)
    with pytest.raises(
        ValueError, match=r"hidden_layer_sizes was \(6,\), is now \(7,\)"
    ):
        model.set_params(hidden_layer_sizes=7).fit(X, Y)


def test_partial_fit_is_one_epoch_and_keeps_the_momenta():
    options = {"batch_size": 16, "learning_rate": "constant", "readout": None}
    options["random_state"] = 0
    whole = GRURegressor(6, max_iter=4, **options).fit(X, Y)
    bit_by_bit = GRURegressor(6, **options)
    for _ in range(4):
        bit_by_bit.partial_fit(X, Y)
    assert bit_by_bit.n_iter_ == 1  # of the last call
    assert bit_by_bit.loss_curve_ == whole.loss_curve_
    np.testing.assert_array_equal(bit_by_bit.predict(X), whole.predict(X))
    assert not hasattr(GRURegressor(solver="lbfgs"), "partial_fit")
    with pytest.raises(ValueError, match="early_stopping"):
        GRURegressor(early_stopping=True).partial_fit(X, Y)
    with pytest.raises(ValueError, match="y has 2 outputs"):
        bit_by_bit.partial_fit(X, np.c_[Y, Y])


class NotRead(list):
    """A curve that may be added to, and not looked at."""

    def __iter__(self):
        raise AssertionError("the whole curve was read")


@pytest.mark.parametrize("cls", [GRURegressor, MLPRegressor, MLPClassifier])
def test_partial_fit_costs_the_same_after_many_calls(cls, monkeypatch):
    monkeypatch.setattr("skrnn.training._train._EPOCHS_KEPT", 4)
    table, y = X[:, :, 0], Y > 0
    classes = {"classes": [False, True]} if cls is MLPClassifier else {}
    model = cls(hidden_layer_sizes=2, random_state=0)
    model.partial_fit(table, y, **classes)
    curve = model.loss_curve_ = NotRead(model.loss_curve_)
    first, numbers = list.__getitem__(curve, 0), []
    for _ in range(9):
        model.partial_fit(table, y)
        assert model.loss_curve_ is curve
        assert len(model.net_.history) <= 4
        numbers.append(model.net_.history[-1, "epoch"])
    assert numbers == list(range(2, 11))
    assert model.net_.history[:, "train_loss"] == curve[-4:]
    assert (len(curve), curve[0], model.t_) == (10, first, 10 * len(X))
    assert model.best_loss_ == min(curve[:])
    assert type(curve[9]) is (float if cls is GRURegressor else np.float64)
    model.loss_curve_ = curve[:]
    copied = copy.copy(model).partial_fit(table, y)
    assert len(copied.loss_curve_) == 11
    assert len(model.loss_curve_) == 10


def test_callers_grad_mode_does_not_matter():
    options = {"loss": "huber", "max_iter": 3, "random_state": 0}
    expected = RNNRegressor(4, **options).fit(X, Y, sample_weight=Y + 2)
    for mode in (torch.no_grad, torch.inference_mode):
        with mode():
            model = RNNRegressor(4, **options).fit(X, Y, sample_weight=Y + 2)
            model = pickle.loads(pickle.dumps(model))
        np.testing.assert_array_equal(model.predict(X), expected.predict(X))
        model.partial_fit(X, Y)


def test_threads_are_as_before():
    class Threads(Callback):
        def on_epoch_end(self, net, **kwargs):
            self.seen = torch.get_num_threads()

    before = torch.get_num_threads()
    for n_threads, expected in (("auto", 1), (3, 3)):
        model = RNNRegressor(2, max_iter=1, n_threads=n_threads, callbacks=[Threads()])
        model.fit(X, Y).predict(X)
        assert dict(model.net_.callbacks_)["Threads"].seen == expected
        assert torch.get_num_threads() == before


def test_devices_here_include_the_cpu():
    assert available_devices()[0] == "cpu"


def test_settings_take_the_parameters_of_the_estimator():
    settings = Settings.of(RNNRegressor(alpha=0.5, learning_rate="constant"))
    assert settings.alpha == 0.5
    assert schedule_callbacks(settings, 10, 2) == []


def test_history_does_not_keep_batches():
    model = RNNRegressor(2, batch_size=2, max_iter=2, callbacks=[Recorder()]).fit(X, Y)
    assert all(len(epoch["batches"]) <= 1 for epoch in model.net_.history)


def test_module_is_a_torch_module_with_the_stack_asked_for():
    model = LSTMRegressor((7, 3), max_iter=1).fit(X, Y)
    module = model.net_.module_
    assert isinstance(module, nn.Module)
    assert [layer.forward_in_time.hidden_size for layer in module.layers] == [7, 3]


def test_an_assembled_net_is_what_skorch_initializes():
    """The short way to build a net leaves nothing out that skorch relies on."""
    X, y = windows_of(wave(60, 2), 5)
    options = {"max_iter": 1, "random_state": 0}
    short = LSTMRegressor(3, **options).fit(X, y).net_
    long = LSTMRegressor(3, net_params={"use_caching": "auto"}, **options).fit(X, y)
    assert vars(short).keys() == vars(long.net_).keys()
    assert short.prefixes_ == long.net_.prefixes_
    assert short.virtual_params_.keys() == long.net_.virtual_params_.keys()
    names = short.module_.state_dict().keys()
    short.set_params(lr=0.5).initialize()
    assert short.optimizer_.param_groups[0]["lr"] == 0.5
    assert short.module_.state_dict().keys() == names

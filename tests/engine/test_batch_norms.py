"""Batch norms of convolutions in fits by the engine, and when torch takes over."""

import copy

import numpy as np
import pytest
import torch

from skrnn import GRUClassifier, GRURegressor
from skrnn.engine import library
from skrnn.modules import batch_norms
from skrnn.sktime import GRUForecaster
from tests.common_estimators import ragged
from tests.forecast_data import panel

from .test_epochs import CLASSES, MARKS, MEANS, RAGGED, X, Y, engine_of

pytestmark = MARKS
OPTIONS = {
    "hidden_layer_sizes": 4,
    "conv_filters": (5, 3),
    "conv_dilation": (1, 2),
    "conv_norm": "batch",
    "conv_activation": "tanh",
    "conv_padding": "same",
    "conv_pooling": ("mean", "max"),
    "conv_pool_size": 2,
    "max_iter": 6,
    "batch_size": 7,
    "n_iter_no_change": 100,
    "dtype": "float64",
    "random_state": 0,
}


def fitted(engine, cls=GRURegressor, data=X, y=Y, **options):
    with engine_of(engine):
        return cls(**OPTIONS | options).fit(data, y)


def figures_of(model):
    norms = batch_norms(model.net_.module_)
    return [
        array.numpy()
        for norm in norms
        for array in (norm.running_mean, norm.running_var, norm.num_batches_tracked)
    ]


@pytest.mark.parametrize(
    ("cls", "data", "y", "options"),
    [
        (GRURegressor, X, Y, {}),
        (GRURegressor, RAGGED, MEANS, {"batch_size": 8, "conv_padding": "causal"}),
        (GRUClassifier, X, CLASSES, {"alpha": 0.5, "max_grad_norm": 0.1}),
        (GRURegressor, X, Y, {"early_stopping": True, "normalize": "changes"}),
        (GRURegressor, X[:15], Y[:15], {"conv_pool_size": 1}),  # a last batch of one
    ],
)
def test_running_figures_and_predictions_are_those_of_torch(cls, data, y, options):
    found, expected = (
        fitted(engine, cls, data, y, **options) for engine in ("compiled", "torch")
    )
    assert (found.net_.kernel_, expected.net_.kernel_) == ("compiled", "torch")
    for one, other in zip(figures_of(found), figures_of(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)
    method = "predict_proba" if cls is GRUClassifier else "predict"
    for engine in ("compiled", "torch"):
        with engine_of(engine):
            for part in (slice(None), slice(1), slice(2, 9)):
                np.testing.assert_allclose(
                    getattr(found, method)(data[part]),
                    getattr(expected, method)(data[part]),
                    rtol=1e-8,
                )


def test_a_fit_continues_with_the_figures():
    found, expected = (fitted(engine) for engine in ("compiled", "torch"))
    for engine, model in (("compiled", found), ("torch", expected)):
        with engine_of(engine):
            model.partial_fit(X[:20], Y[:20])
            model.partial_fit(X[20:60], Y[20:60])
    for one, other in zip(figures_of(found), figures_of(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9)
    copied = copy.deepcopy(found)
    np.testing.assert_array_equal(copied.predict(X), found.predict(X))


def test_forecasters_have_them():
    y = panel().groupby(level=0).transform(lambda series: series / series.std())
    options = OPTIONS | {"window_length": 8, "horizon": 3, "loss": "squared_error"}
    del options["random_state"]
    forecasts = []
    for engine in ("compiled", "torch"):
        with engine_of(engine):
            model = GRUForecaster(**options, random_state=0).fit(y, fh=[1, 2, 3])
            assert model.net_.kernel_ == engine
            forecasts.append(model.predict())
    np.testing.assert_allclose(*forecasts, rtol=1e-8)


def test_torch_trains_on_batches_that_are_larger_than_a_block():
    with engine_of("compiled"):
        most = library("float64").skrnn_most_lanes()
    data = ragged(2 * most + 2, 5)
    y = np.arange(float(len(data)))
    for size, kernel in ((most, "compiled"), (most + 1, "torch")):
        model = fitted("compiled", data=data, y=y, batch_size=size, max_iter=1)
        assert model.net_.kernel_ == kernel


def test_torch_runs_what_the_engine_does_not_have():
    assert fitted("compiled", solver="lbfgs").net_.kernel_ == "torch"
    model = fitted("compiled")
    (norm, _) = batch_norms(model.net_.module_)
    with engine_of("compiled"):
        assert model.partial_fit(X, Y).net_.kernel_ == "compiled"
        norm.momentum = 0.5
        assert model.partial_fit(X, Y).net_.kernel_ == "torch"
        norm.momentum = 0.1
        assert model.partial_fit(X, Y).net_.kernel_ == "compiled"
        norm.running_mean = torch.zeros_like(norm.running_mean)  # other memory
        expected = model.predict(X[:1])
    with engine_of("torch"):
        np.testing.assert_allclose(model.predict(X[:1]), expected)
    norm.train()  # predictions then depend on each other
    with engine_of("compiled"):
        assert model.net_.engine_.network_of(model.net_.module_) is not None
        assert np.isfinite(model.predict(X)).all()

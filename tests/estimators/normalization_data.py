"""Networks that normalise, and the figures that they should have."""

import numpy as np

from skrnn import GRURegressor
from tests.bare import plain
from tests.common_estimators import ragged, windows_of

QUICK = {
    "hidden_layer_sizes": 6,
    "max_iter": 4,
    "learning_rate": "cosine",
    "learning_rate_init": 0.01,
    "random_state": 0,
}
RNG = np.random.default_rng(0)
LEVELS, SIZES = np.array([250_000.0, -3.0]), np.array([20_000.0, 0.01])
ROWS = LEVELS + SIZES * RNG.standard_normal((90, 2)).cumsum(0)
X, Y = windows_of(ROWS, 8)  # in dollars
UNEQUAL = [LEVELS + SIZES * one for one in ragged(40, 9, 2)]


def network(cls=GRURegressor, **further):
    return cls(**{**plain(cls), **QUICK, "normalize": "standard", **further})


def figures_of(model):
    """Mean and scale of the inputs, then of the outputs."""
    module = model.net_.module_
    layers = module.input_normalization, module.output_normalization
    return [
        part.numpy().copy()
        for one in layers
        if one is not None
        for part in (one.mean, one.scale)
    ]


def figures_by_hand(X, y):
    rows = np.concatenate(list(X))
    y = np.reshape(y, (len(y), -1))
    return [rows.mean(0), rows.std(0), y.mean(0), y.std(0)]


def assert_same_figures(found, expected, rtol=1e-6):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=rtol)

"""The module of the perceptrons: gradients, activations, sparse rows."""

import numpy as np
import pytest
import scipy.sparse
import torch

from skrnn.engine import Batches, CompiledNetwork, Samples, SolverPart
from skrnn.modules import (
    LOSSES,
    MLP_ACTIVATIONS,
    LogLoss,
    MLPNetwork,
    PointLoss,
    SparseRows,
    description_of,
    draw_layer,
    loss_part,
)
from tests.common_engine import needs_engine

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X = RNG.standard_normal((120, 4))
WEIGHTS = RNG.uniform(0.5, 2, len(X))


def network(**options) -> MLPNetwork:
    """A small network in double precision, its weights drawn."""
    module = MLPNetwork(4, [6, 5], 3, dtype="float64", **options)
    random_state = np.random.RandomState(2)
    with torch.no_grad():
        for layer in module.linear_layers():
            shape = layer.in_features, layer.out_features
            weight, bias = draw_layer("glorot", *shape, "tanh", random_state)
            layer.weight.copy_(torch.tensor(weight.T))
            layer.bias.copy_(torch.tensor(bias))
    return module


def losses() -> dict:
    """Every loss with targets for it, far from where it has a kink."""
    numbers = RNG.uniform(2.5, 4, (9, 3)) * RNG.choice([-1, 1], (9, 3))
    one_hot = np.eye(3)[RNG.integers(0, 3, 9)]
    indicator = RNG.integers(0, 2, (9, 3)).astype(float)
    cases = {
        name: (PointLoss(name, 0.2, sums_outputs=True), np.abs(numbers))
        for name in LOSSES
    }
    return {
        **cases,
        "mean of outputs": (PointLoss("huber"), numbers),
        "log_loss": (LogLoss(True), one_hot),
        "smoothed": (LogLoss(True, 0.1), one_hot),
        "labels": (LogLoss(False), indicator),
        "smoothed labels": (LogLoss(False, 0.1), indicator),
    }


def engine_gradients(module, criterion, y, weights, total):
    """Loss and gradients of the first nine rows, from the engine."""
    samples = Samples(
        X[:9], np.arange(9), np.ones(9, np.int64), targets=y, weights=weights
    )
    one, nine = np.array([0]), np.array([9])
    batches = Batches(None, one, nine, np.array([total]), np.zeros(1))
    values = [p.detach().numpy() for p in module.parameters()]
    gradients = [np.empty_like(value) for value in values]
    compiled = CompiledNetwork(description_of(module), values)
    solver = SolverPart("none")
    loss = loss_part(criterion)
    losses = compiled.train(samples, loss, solver, batches, gradients=gradients)
    return losses[0], gradients


@needs_engine
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("loss", losses())
@pytest.mark.parametrize("activation", MLP_ACTIVATIONS)
def test_gradient_is_that_of_autograd(activation, loss, weighted):
    criterion, y = losses()[loss]
    module = network(activation=activation)
    weights = WEIGHTS[:9] if weighted else None
    total = float(WEIGHTS[:9].sum()) if weighted else 9.0
    reported, own = engine_gradients(module, criterion, y, weights, total)
    targets = torch.tensor(y), None if weights is None else torch.tensor(weights)
    raw = module(torch.tensor(X[:9]))
    minimised = criterion(raw, *targets, total)
    expected = criterion.reported(minimised, raw, *targets, total)
    assert reported == pytest.approx(expected.item(), rel=1e-12)
    minimised.backward()
    for mine, parameter in zip(own, module.parameters(), strict=True):
        np.testing.assert_allclose(mine, parameter.grad, rtol=1e-9, atol=1e-12)


@needs_engine
@pytest.mark.parametrize(
    ("activation", "loss", "weighted"),
    [(name, "squared_error", True) for name in MLP_ACTIVATIONS]
    + [("tanh", name, i % 2 == 0) for i, name in enumerate(losses())],
)
def test_gradient_is_the_slope_of_the_loss(activation, loss, weighted):
    """By central differences along every weight; each part of the chain once."""
    criterion, y = losses()[loss]
    module = network(activation=activation)
    x = torch.tensor(X[:9])
    weights = WEIGHTS[:9] if weighted else None
    targets = torch.tensor(y), None if weights is None else torch.tensor(weights)
    total = float(WEIGHTS[:9].sum()) if weighted else 9.0
    _, gradients = engine_gradients(module, criterion, y, weights, total)
    step = 1e-6
    with torch.no_grad():
        for parameter, gradient in zip(module.parameters(), gradients, strict=True):
            flat, slopes = parameter.view(-1), []
            for i in range(len(flat)):
                centre = flat[i].item()
                ends = []
                for shift in (step, -step):
                    flat[i] = centre + shift
                    ends.append(criterion(module(x), *targets, total))
                flat[i] = centre
                slopes.append((ends[0] - ends[1]) / (2 * step))
            torch.testing.assert_close(
                torch.stack(slopes),
                torch.tensor(gradient).view(-1),
                rtol=1e-5,
                atol=1e-7,
            )


@pytest.mark.parametrize("name", MLP_ACTIVATIONS)
def test_activations_by_their_formulas(name):
    x = np.linspace(-3, 3, 13)
    e = np.exp(x)
    scale, slope = 1.0507009873554805, 1.6732632423543772
    erf = np.vectorize(__import__("math").erf)
    expected = {
        "identity": x,
        "logistic": 1 / (1 + 1 / e),
        "tanh": np.tanh(x),
        "relu": np.maximum(x, 0),
        "softplus": np.log1p(e),
        "elu": np.where(x > 0, x, e - 1),
        "gelu": x * (1 + erf(x / np.sqrt(2))) / 2,
        "selu": scale * np.where(x > 0, x, slope * (e - 1)),
        "silu": x / (1 + 1 / e),
        "leaky_relu": np.where(x > 0, x, 0.01 * x),
    }
    found = MLP_ACTIVATIONS[name](torch.tensor(x)).numpy()
    np.testing.assert_allclose(found, expected[name], rtol=1e-12, atol=1e-12)


def test_sparse_rows_times_a_matrix():
    dense = scipy.sparse.random_array((6, 9), density=0.3, rng=1).toarray()
    dense[2:4] = 0  # rows of nothing
    sparse = scipy.sparse.csr_array(dense)
    matrix = torch.tensor(RNG.standard_normal((9, 2)), requires_grad=True)
    found = SparseRows(sparse, torch.device("cpu")).matmul(matrix)
    np.testing.assert_allclose(found.detach(), sparse @ matrix.detach().numpy())
    gradient = RNG.standard_normal((6, 2))
    found.backward(torch.tensor(gradient))
    np.testing.assert_allclose(matrix.grad, sparse.toarray().T @ gradient)

"""Networks over random samples, trained by torch in float64 and by the engine."""

import os
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import cached_property
from unittest.mock import patch

import numpy as np
import torch
from torch import nn

from skrnn.engine import Batches, CompiledNetwork, Samples, SolverPart
from skrnn.modules import (
    Affine,
    Changes,
    ForecastNetwork,
    LogLoss,
    PointLoss,
    RecurrentNetwork,
    Squash,
    description_of,
    dropout_part,
    dropouts_of,
    loss_part,
    normalization_layers,
    normalizations_of,
)
from skrnn.training._gradients import Gradients

N_SMALL = 3  # samples of the batch before the one that is looked at
CELLS = {
    "rnn_tanh": {"cell": "rnn"},
    "rnn_relu": {"cell": "rnn", "activation": "relu"},
    "gru": {"cell": "gru"},
    "gru_reset_before": {"cell": "gru", "reset_after": False},
    "lstm": {"cell": "lstm"},
}


@dataclass(frozen=True)
class Case:
    """A network, a loss and two batches, the second of ``size`` samples."""

    cell: str = "lstm"  # or "mlp"
    sizes: tuple[int, ...] = (7,)
    n_features: int = 3
    n_outputs: int = 2
    n_steps: int = 5
    size: int = 9
    is_ragged: bool = False
    bidirectional: bool = False
    merge_mode: str = "concat"
    pooling: str | tuple[str, ...] = "last"
    conv_filters: tuple[int, ...] | None = None
    conv_kernel_size: int | tuple[int, ...] = 3
    conv_strides: int | tuple[int, ...] = 1
    conv_dilation: int | tuple[int, ...] = 1
    conv_padding: str = "causal"
    conv_norm: str | None = None
    conv_activation: str = "relu"
    conv_pooling: str | tuple[str, ...] | None = None
    conv_pool_size: int = 1
    activation: str = "relu"  # of an mlp
    dropout: float = 0.0
    input_dropout: float = 0.0
    loss: str = "squared_error"
    quantile: float = 0.3
    label_smoothing: float = 0.0
    clips: bool = False
    sums_outputs: bool = False
    is_weighted: bool = False
    normalize: str | None = None  # inputs, and targets, of a recurrent network
    is_forecast: bool = False  # of n_outputs steps of one column, in windows normalised
    alpha: float = 0.01
    max_norm: float | None = None
    n_threads: int = 1
    seed: int = 0

    @property
    def parts(self):
        """Keyword arguments of the recurrent part of the network."""
        names = ("bidirectional", "merge_mode", "pooling", "dropout", "input_dropout")
        names += tuple(f.name for f in fields(self) if f.name.startswith("conv_"))
        return {name: getattr(self, name) for name in names}

    def module(self, dtype):
        """The network of torch, with weights that are the same in both dtypes."""
        options = {"seed": self.seed, "dtype": "float64"}
        if self.cell == "mlp":
            options |= {"activation": self.activation, "dropout": self.dropout}
        else:
            options |= self.parts | CELLS[self.cell]
        cell = options.pop("cell", "mlp")
        if self.is_forecast or cell == "mlp":
            options |= {"window_length": self.n_steps, "horizon": self.n_outputs}
            module = ForecastNetwork(
                cell, self.n_features, self.sizes, n_targets=1, **options
            )
        else:
            sizes = self.n_features, self.sizes, self.n_outputs
            if self.normalize:
                options |= {
                    "normalize": self.normalize,
                    "normalize_outputs": "standard",
                }
            module = RecurrentNetwork(cell, *sizes, **options)
        rng = np.random.default_rng(self.seed)
        with torch.no_grad():  # no weight is zero
            for p in module.parameters():
                p += torch.from_numpy(rng.uniform(-0.2, 0.2, p.shape))
                p.copy_(p.float())
            for layer in normalization_layers(module).values():
                figures = figures_for(layer, rng)
                layer.learn(*(torch.from_numpy(part).float() for part in figures))
        return module.to(getattr(torch, dtype)).train()

    def criterion(self):
        if self.loss in ("softmax", "logistic"):
            options = {"label_smoothing": self.label_smoothing, "clips": self.clips}
            return LogLoss(self.loss == "softmax", **options)
        return PointLoss(self.loss, self.quantile, sums_outputs=self.sums_outputs)

    @cached_property
    def data(self):
        return Data(self)


def figures_for(layer, rng):
    """Random figures; levels clip about a third of them, half the columns are heavy."""
    shape = layer.n_columns
    scale = rng.uniform(0.5, 2, shape)
    if isinstance(layer, Changes):
        return scale, rng.uniform(-1.5, -0.5, shape), rng.uniform(0.5, 1.5, shape)
    if isinstance(layer, Squash):
        scale *= np.arange(shape) % 2 == 0
    return rng.normal(size=shape), scale


class Data:
    """Samples of a case, whose numbers are the same in both dtypes."""

    def __init__(self, case):
        rng = np.random.default_rng(case.seed + 1)
        n, horizon = N_SMALL + case.size, case.n_outputs
        n_rows = n + case.n_steps + horizon
        shape = (n_rows, case.n_features)
        self.rows = rng.normal(size=shape).astype("f4")
        longest = np.full(n, case.n_steps)
        self.lengths = rng.integers(1, longest + 1) if case.is_ragged else longest
        self.starts = rng.integers(0, n_rows - self.lengths - horizon + 1)
        self.starts[:2] = 0, n_rows - self.lengths[1] - horizon
        self.ends = self.starts + self.lengths
        self.order = rng.permutation(n)
        for part in (slice(N_SMALL), slice(N_SMALL, n)):  # as torch expects them
            longest_first = np.argsort(-self.lengths[self.order[part]], kind="stable")
            self.order[part] = self.order[part][longest_first]
        self.targets = _targets(case, rng, n)
        self.center = rng.normal(size=(n, 1)).astype("f4")
        self.scale = rng.uniform(0.5, 2, (n, 1)).astype("f4")
        self.weights = None
        if case.is_weighted:
            is_counted = rng.random(n) > 0.2
            is_counted[self.order[[0, -1]]] = True
            self.weights = (rng.uniform(0.5, 2, n) * is_counted).astype("f4")

    def total(self, batch):
        """What the loss of a batch is divided by."""
        return float(len(batch) if self.weights is None else self.weights[batch].sum())

    @property
    def batches(self):
        """The samples of both."""
        return self.order[:N_SMALL], self.order[N_SMALL:]


def _targets(case, rng, n):
    shape = n, case.n_outputs
    if case.loss == "poisson":
        return rng.poisson(1.5, shape).astype("f4")
    if case.loss == "softmax":
        return np.eye(case.n_outputs, dtype="f4")[rng.integers(0, case.n_outputs, n)]
    if case.loss == "logistic":
        return rng.integers(0, 2, shape).astype("f4")
    return rng.normal(size=shape).astype("f4")


@contextmanager
def library_of(variant):
    """The engine of one instruction set."""
    with patch.dict(os.environ, SKRNN_ENGINE=variant):
        yield


def by_torch(case, dtype="float64"):
    """Losses, gradients and predictions by autograd."""
    module, criterion, data = case.module(dtype), case.criterion(), case.data
    gradients = Gradients(module, criterion, case.alpha)
    losses, kind = [], getattr(torch, dtype)
    for batch in data.batches:
        module.zero_grad()
        targets = _targets_of(case, batch), _double(data.weights, batch)
        targets = [None if part is None else part.to(kind) for part in targets]
        inputs = _inputs(case, batch)
        inputs["x"] = inputs["x"].to(kind)
        loss, _ = gradients.compute(inputs, (*targets, data.total(batch)))
        losses.append(float(loss))
        if case.max_norm:
            nn.utils.clip_grad_norm_(module.parameters(), case.max_norm)
    found = [p.grad.numpy() for p in module.parameters()]
    module.eval()
    with torch.no_grad():
        return np.array(losses), found, module(**inputs).numpy()


def _double(values, batch):
    return None if values is None else torch.from_numpy(values[batch].astype("f8"))


def _inputs(case, batch):
    data = case.data
    lengths = data.lengths[batch]
    x = np.zeros((len(batch), lengths.max(), case.n_features))
    for b, i in enumerate(batch):
        window = x[b, : lengths[b]]
        window[:] = data.rows[data.starts[i] : data.ends[i]]
        if case.is_forecast:
            window[:, 0] = (window[:, 0] - data.center[i, 0]) / data.scale[i, 0]
    is_uniform = (lengths == lengths[0]).all()
    return {
        "x": torch.from_numpy(x),
        "lengths": None if is_uniform else torch.from_numpy(lengths),
    }


def _targets_of(case, batch):
    data = case.data
    if not case.is_forecast:
        return _double(data.targets, batch)
    affine = Affine(_double(data.center, batch), _double(data.scale, batch))
    steps = data.ends[batch][:, None] + np.arange(case.n_outputs)
    y = torch.from_numpy(data.rows[steps][:, :, :1].astype("f8"))
    return affine.apply(y).flatten(1)


def samples_of(case, dtype):
    """The samples as the engine reads them."""
    data = case.data
    rows = data.rows.astype(dtype)
    options = {"targets": data.targets.astype(dtype)}
    if case.is_forecast:
        options = {
            "center": data.center.astype(dtype),
            "scale": data.scale.astype(dtype),
            "targets": rows,
            "target_starts": data.ends,
            "n_target_steps": case.n_outputs,
            "n_target_columns": 1,
        }
    if data.weights is not None:
        options["weights"] = data.weights.astype(dtype)
    return Samples(rows, data.starts, data.lengths, **options)


def by_engine(case, dtype):
    """As :func:`by_torch`, by the library."""
    module, data, samples = case.module(dtype), case.data, samples_of(case, dtype)
    weights = [p.detach().numpy() for p in module.parameters()]
    normalizations = normalizations_of(module)
    network = CompiledNetwork(description_of(module), weights, **normalizations)
    gradients = [np.full_like(values, np.nan) for values in weights]
    dropout, input_dropout = dropouts_of(module)
    losses = network.train(
        samples,
        loss_part(case.criterion()),
        SolverPart("none", alpha=case.alpha, max_norm=case.max_norm or 0.0),
        Batches(
            data.order,
            np.array([0, N_SMALL]),
            np.array([N_SMALL, case.size]),
            np.array([data.total(batch) for batch in data.batches]),
            np.zeros(2),
        ),
        dropout=dropout_part(dropout),
        input_dropout=dropout_part(input_dropout),
        n_threads=case.n_threads,
        gradients=gradients,
    )
    return losses, gradients, network.predict(samples, data.batches[1])


def error_of(found, expected):
    """The largest error, relative to the largest entry of each array.

    An array of small entries counts as if it had a tenth of the largest of all.
    """
    sizes = [np.abs(values).max() for values in expected]
    least = max(0.1 * max(sizes), np.finfo(float).tiny)
    errors = [
        np.abs(values - right).max() / max(size, least)
        for values, right, size in zip(found, expected, sizes, strict=True)
    ]
    return float(np.max(errors))

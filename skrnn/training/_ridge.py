"""Linear regressions in closed form, with penalties chosen by leaving out samples."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

from ._threads import limit_threads

ALPHAS = np.logspace(-6, 4, 21)  # on standardised columns
_CONSTANT = 1e-6  # deviation over level, of columns in float32
_LEAST_ROOM = 1e-10  # of one less the leverage
_KINKS = 0.3, 0.03  # widths over which a kink is rounded, in mean absolute errors
_ITERATIONS = 100  # for each of them


class Linear(NamedTuple):
    """Predictions ``x @ weights + bias``: (n_columns, n_outputs) and (n_outputs,)."""

    weights: np.ndarray
    bias: np.ndarray
    alphas: np.ndarray  # the penalty of each output
    left_out: np.ndarray  # errors of samples that are left out, (n_samples, n_outputs)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return x @ self.weights + self.bias


class _Columns(NamedTuple):
    """Standardised columns, and what they were."""

    z: Tensor  # (sample, column)
    mean: Tensor  # (column,)
    scale: Tensor
    weights: Tensor  # of samples, (sample,)
    units: Tensor | float  # what is left out of each at a time
    total: float  # of the weights


def ridge(
    x: np.ndarray,
    y: np.ndarray,
    sample_weight: np.ndarray | None = None,
    alphas: np.ndarray = ALPHAS,
) -> Linear:
    """The ridge regression of y on the columns of x.

    It is computed on one thread, so that it has the same bits everywhere.

    Parameters
    ----------
    x : ndarray of shape (n_samples, n_columns)
    y : ndarray of shape (n_samples, n_outputs)
    sample_weight : ndarray of shape (n_samples,), default=None
        Whole numbers say how often a sample is there; it is left out once at a time. Of
        other weights only the ratios count; a sample is left out as a whole.
    alphas : ndarray of shape (n_alphas,)
        Penalties to choose from, for columns of deviation 1. Each output takes the one
        with the smallest squared error on samples that are left out one at a time,
        which is known in closed form [1]_.

    References
    ----------
    .. [1] G. Golub, M. Heath and G. Wahba, "Generalized cross-validation as a method
       for choosing a good ridge parameter", Technometrics 21(2), 1979.
       https://doi.org/10.1080/00401706.1979.10489751
    """
    with limit_threads(1), torch.inference_mode():
        return _ridge(_standardised(x, sample_weight), _tensor(y), alphas)


def linear_fit(
    x: np.ndarray,
    y: np.ndarray,
    sample_weight: np.ndarray | None,
    loss: str,
    quantile: float = 0.5,
) -> Linear:
    """The linear regression of y on the columns of x for a loss.

    Losses other than "squared_error" are minimised by L-BFGS, from the ridge regression
    and with its penalty. The kink of a loss is rounded over a small part of the errors.
    """
    if loss == "squared_error":
        return ridge(x, y, sample_weight)
    with limit_threads(1), torch.inference_mode():
        columns, targets = _standardised(x, sample_weight), _tensor(y)
        first = _ridge(columns, targets, ALPHAS)
        fits = [
            _minimised(columns, one, first, i, loss, quantile)
            for i, one in enumerate(targets.T)
        ]
        weights = torch.stack([one for one, _ in fits], 1) / columns.scale[:, None]
        bias = _tensor([one for _, one in fits]) - columns.mean @ weights
    return first._replace(weights=weights.numpy(), bias=bias.numpy())


def _tensor(values: Any) -> Tensor:
    return torch.from_numpy(np.require(values, "f8", ["C", "W"]))


def _standardised(x: np.ndarray, sample_weight: np.ndarray | None) -> _Columns:
    columns = _tensor(x)
    weights = torch.ones(len(x), dtype=torch.float64)
    units: Tensor | float = 1.0
    if sample_weight is not None:
        weights = _tensor(sample_weight)
        if not torch.equal(weights, weights.round()):
            units = weights = weights / weights.mean()
    total = float(weights.sum())
    mean = weights @ columns / total
    centred = columns - mean
    scale = (weights @ centred**2 / total).sqrt()
    varies = scale > _CONSTANT * (1 + mean.abs())
    scale = torch.where(varies, scale, 1.0)
    z = centred.div_(scale).mul_(varies)
    return _Columns(z, mean, scale, weights, units, total)


def _ridge(columns: _Columns, y: Tensor, alphas: np.ndarray) -> Linear:
    z, mean, scale, w, units, total = columns
    level = w @ y / total
    values, vectors = torch.linalg.eigh(z.T @ (z * w[:, None]))
    values = values.clamp(min=0)
    basis = z @ vectors  # (sample, column)
    rest = y - level
    products = basis.T @ (rest * w[:, None])  # (column, output)
    shrunk = 1 / (values[:, None] + _tensor(alphas))  # (column, alpha)
    leverage = units * (basis**2 @ shrunk + 1 / total).T  # (alpha, sample)
    room = (1 - leverage.T).clamp(min=_LEAST_ROOM)
    left_out = torch.empty_like(rest)
    least = torch.full((y.shape[1],), torch.inf, dtype=y.dtype)
    best = torch.empty_like(least)
    for i, alpha in enumerate(alphas.tolist()):
        errors = rest - basis @ (products * shrunk[:, [i]])
        errors /= room[:, [i]]
        squares = w @ errors**2  # (output,)
        is_better = squares < least
        left_out[:, is_better] = errors[:, is_better]
        best[is_better], least = alpha, torch.minimum(least, squares)
    weights = vectors @ (products / (values[:, None] + best)) / scale[:, None]
    found = weights, level - mean @ weights, best, left_out
    return Linear(*(one.numpy() for one in found))


def _minimised(
    columns: _Columns, y: Tensor, first: Linear, i: int, loss: str, quantile: float
) -> tuple[Tensor, float]:
    """Weights (column,) of standardised columns, and bias, for output i (sample,)."""
    z, w, alpha = columns.z, columns.weights, float(first.alphas[i])
    beta = _tensor(first.weights[:, i]) * columns.scale
    bias = float(first.bias[i]) + float(columns.mean @ _tensor(first.weights[:, i]))
    n = columns.total
    typical = float(w @ (y - z @ beta - bias).abs()) / n
    if not typical:
        return beta, bias
    slope, tilt = (0.5, quantile - 0.5) if loss == "quantile" else (1.0, 0.0)
    # a loss that grows like errors is weighed against the penalty like squared ones
    widths, size = ((1.0,), 1.0) if loss == "huber" else (_KINKS, typical)
    # in these coordinates squared errors are curved alike in all directions
    values, vectors = torch.linalg.eigh(z.T @ (z * w[:, None]))
    stretch = (values.clamp(min=0) + alpha).sqrt()
    axes, start = (
        vectors / stretch,
        stretch * (vectors.T @ beta),
    )  # (column, coordinate)
    root = n**0.5
    point = np.append(start.numpy(), bias * root)

    def objective(at: np.ndarray, width: float) -> tuple[float, np.ndarray]:
        beta = axes @ torch.from_numpy(at[:-1])
        errors = y - z @ beta - at[-1] / root
        inside = (errors / width).clamp(-1, 1)
        each = slope * inside * (errors - width * inside / 2) + tilt * errors
        value = size * float(w @ each) + alpha / 2 * float(beta @ beta)
        pull = w * (slope * inside + tilt)
        gradient = axes.T @ (alpha * beta - size * (z.T @ pull))
        return value / n, np.append(
            gradient.numpy(), -size * float(pull.sum()) / root
        ) / n

    for width in widths:
        width = width if loss == "huber" else width * typical
        options = {"maxiter": _ITERATIONS}
        found = minimize(objective, point, (width,), "L-BFGS-B", True, options=options)
        point = found.x
    return axes @ torch.from_numpy(point[:-1]), float(point[-1] / root)

"""The read-out of a regressor: its output layer, fitted anew in closed form.

Predictions are linear in what the recurrent layers have read and in the last rows of
the window. Two regressions are blended: the *base* reads the rows alone, the *network*
reads the states as well. Held-out samples say how far the second is to be trusted.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np
import torch

from ..modules import PointLoss
from ..training import Linear, figures_of, levels_of, linear_fit
from ._normalization import window_arrays
from ._samples import Samples

_MOST_VALUES = 2**23  # of samples that a regression reads
_FEWEST_READ = 2000
_LIKE = 4.0  # variances: the most that two series of one variance can differ by
_LEAST = 1e-30
_CAUTION = 10.0  # samples; with fewer the standard error counts several times
_FEWEST = 10  # held-out samples that say anything
_BLOCKS, _SHORTEST_BLOCK = 10, 20  # of samples
_SHARES = np.linspace(0, 1, 21)


class Rows(NamedTuple):
    """What the regressions read of the rows of samples, and their targets, in float64.

    Columns are rows and features. The last row of ``moves`` is as in ``levels``.
    """

    levels: np.ndarray  # (sample, row * feature), the normalised rows
    moves: np.ndarray  # likewise, less the last row
    last: np.ndarray  # (sample, output), of the feature that an output continues
    targets: np.ndarray  # (sample, output), normalised
    weights: np.ndarray | None


class Origin(NamedTuple):
    """The feature that each output continues, and its value in normalised targets.

    An output that is in other units than the features continues none: gain and shift
    are 0.
    """

    features: np.ndarray  # (output,)
    gain: np.ndarray  # (output,)
    shift: np.ndarray

    @classmethod
    def of(cls, module: Any, samples: Samples) -> Self:
        """The feature whose last value is nearest to y, up to a constant."""
        levels = levels_of(module, window_arrays(samples), 1)[:, 0]  # (sample, feature)
        n_features, n_outputs = levels.shape[1], samples.targets.shape[1]
        mean, scale = np.zeros(n_features), np.ones(n_features)
        if module.input_normalization is not None:
            mean, scale = figures_of(module.input_normalization)
        values = levels * scale + mean
        weights, targets = samples.weights, samples.targets
        columns = range(n_features)
        spreads = [_variance(targets - values[:, [i]], weights) for i in columns]
        features = np.argmin(spreads, axis=0)
        continues = np.min(spreads, axis=0) <= _LIKE * _variance(targets, weights)
        of_mean, of_scale = np.zeros(n_outputs), np.ones(n_outputs)
        if module.output_normalization is not None:
            of_mean, of_scale = figures_of(module.output_normalization)
        shift = (mean[features] - of_mean) / of_scale
        gain = scale[features] / of_scale
        return cls(features, gain * continues, shift * continues)


class Base:
    """The regression of y on the last rows of windows.

    For each output it is one of two: a regression on rows less the last one, added to
    the last value, does not see the level. The other one does: it is the mean of a
    regression on levels and one on moves. Errors of samples that are left out decide.

    Parameters
    ----------
    module : RecurrentNetwork
        With a path.
    training : Samples
    loss : PointLoss
    """

    def __init__(self, module: Any, training: Samples, loss: PointLoss) -> None:
        self.module = module
        self.loss = loss
        self.origin = Origin.of(module, training)
        self.rows = rows = self.rows_of(training)
        rest = rows.targets - rows.last
        self.by_levels = self.fitted(rows.levels, rows.targets, rows.weights)
        self.by_moves = self.fitted(rows.moves, rest, rows.weights)
        self.by_shape = self.fitted(self.shape_of(rows), rest, rows.weights)
        errors = (self.by_levels.left_out + self.by_moves.left_out) / 2
        without = _merit(self.by_shape.left_out, rows.weights)
        self.is_free = without > _merit(errors, rows.weights)  # of the level, (output,)

    def rows_of(self, samples: Samples) -> Rows:
        """What the regressions read of samples."""
        module, n = self.module, len(samples)
        levels = levels_of(module, window_arrays(samples), module.path.n_rows)
        moves = levels - levels[:, -1:]  # (sample, row, feature)
        moves[:, -1] = levels[:, -1]
        targets = samples.targets.astype("f8")
        if module.output_normalization is not None:
            mean, scale = figures_of(module.output_normalization)
            targets = (targets - mean) / scale
        features, gain, shift = self.origin
        last = levels[:, -1, features] * gain + shift
        columns = levels.reshape(n, -1), moves.reshape(n, -1)
        return Rows(*columns, last, targets, samples.weights)

    def shape_of(self, rows: Rows) -> np.ndarray:
        """The rows less the last one, without the last one."""
        return rows.moves[:, : rows.moves.shape[1] - self.module.n_features]

    def fitted(self, x: np.ndarray, y: np.ndarray, weights: Any) -> Linear:
        """A regression for the loss."""
        return linear_fit(x, y, weights, self.loss.name, self.loss.quantile)

    def __call__(self, rows: Rows) -> np.ndarray:
        free = self.by_shape(self.shape_of(rows)) + rows.last
        moved = self.by_moves(rows.moves) + rows.last
        return np.where(self.is_free, free, (self.by_levels(rows.levels) + moved) / 2)


class Readout:
    """The regression of y on states and rows, and its blend with a base.

    Parameters
    ----------
    base : Base
    states : ndarray of shape (n_samples, n_read)
        What the output layer reads of the samples of the base.
    """

    def __init__(self, base: Base, states: np.ndarray) -> None:
        self.base = base
        rows = base.rows
        read = self._everything(rows, states)
        self.network = base.fitted(read, rows.targets - rows.last, rows.weights)

    def share_for(self, held_out: Rows, states: np.ndarray) -> np.ndarray:
        """The share of the network that held-out samples ask for, (output,)."""
        base, network = self.base(held_out), self._network(held_out, states)
        if len(base) < _FEWEST:
            return np.zeros(base.shape[1])
        if self.base.loss.name == "squared_error":
            return _least_squares_share(base, network, held_out)
        return _best_share(base, network, held_out, self.base.loss)

    def loss_of(self, rows: Rows, states: np.ndarray, share: np.ndarray) -> float:
        """The loss of blended predictions, the mean over outputs."""
        base = self.base(rows)
        predictions = base + share * (self._network(rows, states) - base)
        losses = _losses(self.base.loss, predictions, rows)  # (sample, output)
        return float(np.average(losses, axis=0, weights=rows.weights).mean())

    def write(self, share: np.ndarray) -> None:
        """Give the module the weights that predict the blend."""
        base, module = self.base, self.base.module
        n_rows = module.path.n_rows
        states, moves = np.split(self.network.weights, [module.head.in_features])
        free = base.is_free * (1 - share)  # weights of the regressions, (output,)
        other = ~base.is_free * (1 - share) / 2
        moves = _of_length(moves, n_rows * module.n_features) * share
        moves += _of_length(base.by_shape.weights, len(moves)) * free
        moves += base.by_moves.weights * other
        rows = base.by_levels.weights * other + _of_levels(moves, n_rows)
        rows = rows.reshape(n_rows, -1, len(share))  # (row, feature, output)
        features, gain, shift = base.origin
        continues = 1 - other  # the weight of the last value
        rows[-1, features, np.arange(len(share))] += continues * gain
        bias = self.network.bias * share + base.by_shape.bias * free + continues * shift
        bias = bias + (base.by_levels.bias + base.by_moves.bias) * other
        _set(module.head, (states * share).T, bias)
        module.path.learn(torch.from_numpy(rows.transpose(2, 0, 1).copy()))

    def _everything(self, rows: Rows, states: np.ndarray) -> np.ndarray:
        """What the network's regression reads: states and rows side by side."""
        is_free = self.base.is_free.all()
        moves = self.base.shape_of(rows) if is_free else rows.moves
        return np.hstack([states.astype("f8"), moves])

    def _network(self, rows: Rows, states: np.ndarray) -> np.ndarray:
        return self.network(self._everything(rows, states)) + rows.last


def read_by(net: Any, samples: Samples) -> Samples:
    """The samples that a read-out of the net reads: of very many, some."""
    _check_head(net.module_.head)
    n_columns = net.module_.path.weight[0].numel() + net.module_.head.in_features
    n_outputs = samples.targets.shape[1]
    most = _MOST_VALUES // max(n_columns, n_outputs)
    if net.criterion_.name != "squared_error":  # then each output takes time
        most = max(most // n_outputs, _FEWEST_READ)
    return samples.at_most(most)


def _losses(loss: PointLoss, predictions: np.ndarray, rows: Rows) -> np.ndarray:
    """The loss of each prediction, (sample, output)."""
    raw, y = torch.from_numpy(predictions), torch.from_numpy(rows.targets)
    return loss.loss(raw, y).numpy()


def _best_share(
    base: np.ndarray, network: np.ndarray, rows: Rows, loss: PointLoss
) -> np.ndarray:
    """The smallest share whose loss is within a standard error of the least."""
    ways = [base + share * (network - base) for share in _SHARES]
    losses = np.stack([_losses(loss, way, rows) for way in ways])
    means = np.average(losses, axis=1, weights=rows.weights)  # (share, output)
    best = np.argmin(means, axis=0)
    found = np.empty(len(best))
    for i, place in enumerate(best):
        gaps = losses[:, :, i] - losses[place, :, i]  # (share, sample)
        errors = gaps.std(axis=1) * _caution(len(base))
        found[i] = _SHARES[np.argmax(means[:, i] - means[place, i] <= errors)]
    return found


def _least_squares_share(
    base: np.ndarray, network: np.ndarray, rows: Rows
) -> np.ndarray:
    """The least-squares share of the network, less one standard error."""
    weights = np.ones(len(base)) if rows.weights is None else rows.weights
    weights = weights[:, None] / weights.mean()
    moves, gaps = network - base, rows.targets - base
    total = (weights * moves**2).sum(0) + _LEAST
    share = np.minimum((weights * moves * gaps).sum(0) / total, 1)
    scores = weights * (moves * gaps - share * moves**2)
    error = scores.std(0) * len(base) / total
    return np.clip(share - _caution(len(base)) * error, 0, 1)


def _merit(errors: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """Minus the logarithm of the squared errors (sample, output), a mean over blocks.

    So a quiet block counts as much as a wild one.
    """
    n = len(errors)
    blocks = np.array_split(np.arange(n), min(_BLOCKS, max(1, n // _SHORTEST_BLOCK)))
    w = np.ones(n) if weights is None else weights
    squares = [np.average(errors[b] ** 2, axis=0, weights=w[b]) for b in blocks]
    return -np.mean([np.log(one + _LEAST) for one in squares], axis=0)


def _variance(values: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """The weighted variance of columns (sample, column)."""
    mean = np.average(values, axis=0, weights=weights)
    return np.average((values - mean) ** 2, axis=0, weights=weights)


def _of_length(weights: np.ndarray, length: int) -> np.ndarray:
    """The weights (column, output), with zeros for further columns."""
    return np.pad(weights, ((0, length - len(weights)), (0, 0)))


def _caution(n_samples: int) -> float:
    """The standard error of a mean over its deviation; larger for few samples."""
    return (1 + _CAUTION / n_samples) / np.sqrt(n_samples)


def _of_levels(moves: np.ndarray, n_rows: int) -> np.ndarray:
    """Weights of levels that do the same as these weights of moves."""
    parts = moves.reshape(n_rows, -1, moves.shape[1]).copy()  # (row, feature, output)
    parts[-1] -= parts[:-1].sum(axis=0)
    return parts.reshape(moves.shape)


def _check_head(head: Any) -> None:
    """Raise if the weights of the output layer can't be written."""
    if type(head) is torch.nn.Linear and isinstance(head.weight, torch.nn.Parameter):
        return
    raise ValueError(
        'readout="ridge" writes the weights of the output layer, which must be a '
        f"torch.nn.Linear, got {type(head).__name__}: a callback has changed it; set "
        "readout=None"
    )


@torch.inference_mode(False)
@torch.no_grad()
def _set(head: Any, weight: np.ndarray, bias: np.ndarray) -> None:
    for parameter, values in ((head.weight, weight), (head.bias, bias)):
        found = torch.from_numpy(np.ascontiguousarray(values))
        parameter.copy_(found.to(parameter.dtype))  # on the host: not all devices can

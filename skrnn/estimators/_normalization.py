"""The figures by which a network normalises its inputs and its targets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from .._warnings import warn
from ..modules import Changes, Normalization, RecurrentNetwork, Squash
from ..training import figures_of, levels_of, parts_of, path_outputs, ridge
from ..windows import (
    ChangeSizes,
    Moments,
    Squashing,
    StepTargets,
    WindowArrays,
    Windows,
    constant_columns,
    weights_of_changes,
    weights_of_rows,
)
from ._samples import Samples

_LOST = 1e5  # level over deviation; float32 has 7 digits
_ROUNDING = 1e-12  # of a constant in float64, as a share of its level
_CHUNK = 2**16  # rows of targets at once
_MOST_VALUES = 2**23  # of samples from which the path learns
_FINEST = 1e-6  # scale of what the last row leaves of y, over the deviation of y


def learn_normalization(
    module: RecurrentNetwork,
    training: Samples,
    feature_names: Any = None,
    *,
    is_one_series: bool = False,
    warns: bool = True,
) -> None:
    """Give a new network the figures of the samples that it is trained on.

    Every row counts as often as sequences hold it, times their weights: a sample of
    weight 2 counts as two samples, and one of weight 0 as none. ``feature_names`` are
    those of the inputs, or None. The sequences may be consecutive pieces of one series.
    """
    windows = training.inputs
    if module.input_normalization is not None:
        weights = weights_of_rows(windows, training.weights)
        layer, rows = module.input_normalization, windows.rows
        moments = _learn(
            layer, rows, weights, "X", feature_names, module.squash, warns=warns
        )
        if module.changes is not None:
            weights = weights_of_changes(windows, training.weights, is_one_series)
            _learn_changes(module.changes, layer, rows, weights, moments)
    if module.output_normalization is not None:
        moments = _learn(
            module.output_normalization, *training.table(), "y", warns=warns
        )
        if module.path is not None:
            _learn_rest(module, training, moments)


def _learn_rest(module: Any, training: Samples, moments: Moments) -> None:
    """Let the path know what y has of the last row; the network learns the rest.

    A trend, or a walk, is mostly the last row.
    """
    n = len(training)
    weights = np.ones(n) if training.weights is None else training.weights
    seen = training.at_most(_MOST_VALUES // module.n_features)
    last = levels_of(module, window_arrays(seen), 1)[:, 0]  # (sample, feature)
    known = ridge(last, seen.targets, seen.weights).weights  # (feature, output)
    windows = window_arrays(training)
    rest = np.empty(training.targets.shape)
    for part in parts_of(n, module.n_features):
        last = levels_of(module, windows.take(part), 1)[:, 0]
        rest[part] = training.targets[part] - last @ known
    found = Moments.of(rest, weights)
    # of a relation that is exact only rounding is left
    scale = np.maximum(found.deviation, _FINEST * moments.deviation)
    dtype = _dtype_of(module.output_normalization)
    scale = np.maximum(scale, np.finfo(dtype).tiny)
    scale = np.where(moments.is_constant, 1.0, scale)
    figures = (torch.from_numpy(one.astype(dtype)) for one in (found.mean, scale))
    module.output_normalization.learn(*figures)
    scale = figures_of(module.output_normalization)[1]
    module.path.learn(torch.from_numpy((known / scale).T[:, None]))


def learnt_targets(module: RecurrentNetwork, samples: Samples) -> Any:
    """Targets as training learns them: normalised, less what the path knows."""
    targets, layer = samples.targets, module.output_normalization
    if module.path is None:
        return targets if layer is None else normalized_targets(layer, targets)
    mean, scale = (0.0, 1.0) if layer is None else figures_of(layer)
    windows = window_arrays(samples)
    found = np.empty(targets.shape, str(module.path.weight.dtype).split(".")[1])
    for part in parts_of(len(found), module.path.weight[0].numel()):
        known = path_outputs(module, windows.take(part))
        with _overflows():
            found[part] = (targets[part] - mean) / scale - known
    return found


def window_arrays(samples: Samples) -> WindowArrays:
    """The windows of samples."""
    windows = samples.inputs
    return WindowArrays(windows.rows, windows.starts, windows.lengths)


def _learn(
    layer: Normalization,
    rows: Any,
    weights: np.ndarray,
    name: str,
    names: Any = None,
    squash: Squash | None = None,
    *,
    warns: bool,
) -> Moments:
    dtype = _dtype_of(layer)
    moments = read = Moments.of(rows, weights)
    if squash is not None:
        center, size, read = Squashing.of(rows, weights, moments, dtype)
        squash.learn(torch.from_numpy(center), torch.from_numpy(size))
    scale = np.where(read.is_constant, 1.0, read.deviation)
    with np.errstate(over="ignore"):
        mean, scale = read.mean.astype(dtype), scale.astype(dtype)
    if not (np.isfinite(mean).all() and np.isfinite(scale).all()):
        largest = max(np.abs(moments.low).max(), np.abs(moments.high).max())
        raise ValueError(
            f"{name} holds values up to {largest:.3g}, too large to be normalised in "
            f'{dtype}; divide {name} by a constant first, or set dtype="float64" if it '
            "is not set"
        )
    if warns and dtype == np.float32:
        _warn_of_level(moments, name, names)
    scale = np.maximum(scale, np.finfo(dtype).tiny)
    layer.learn(torch.from_numpy(mean), torch.from_numpy(scale))
    return moments


def _learn_changes(
    changes: Changes,
    levels: Normalization,
    rows: Any,
    weights: np.ndarray,
    moments: Moments,
) -> None:
    """Give the changes the figures of rows whose levels are normalised."""
    dtype, kinds = _dtype_of(levels), [rows.dtype] * rows.shape[1]
    sizes = ChangeSizes.of(rows, weights)
    # changes that are rounding, of the rows or of the network, are none
    level = np.maximum(np.abs(moments.low), np.abs(moments.high))
    bounds = np.stack([level - sizes.largest, level])
    is_still = moments.is_constant | (sizes.root_mean_square == 0)
    for each in (kinds, [dtype] * len(kinds)):
        is_still |= constant_columns(bounds, each)
    scale = sizes.root_mean_square / levels.scale.cpu().numpy().astype("f8")
    limits = np.finfo(dtype)
    scale = np.where(is_still, 1.0, np.clip(scale, limits.tiny, limits.max))
    scale = scale.astype(dtype)
    low, high = (
        levels(torch.from_numpy(bound.astype(dtype)).to(levels.mean.device))
        for bound in (moments.low, moments.high)
    )
    changes.learn(torch.from_numpy(scale), low, high)


def _dtype_of(layer: Normalization) -> np.dtype:
    return np.dtype(str(layer.mean.dtype).removeprefix("torch."))


def _warn_of_level(moments: Moments, name: str, names: Any) -> None:
    """Warn of columns whose spread is lost beside their level."""
    level = np.abs(moments.mean)
    varies = moments.high - moments.low > _ROUNDING * level
    places = np.flatnonzero(varies & (level > _LOST * moments.deviation))
    if not len(places):
        return
    which = name
    if len(level) > 1:
        kind = "features" if name == "X" else "outputs"
        which = f"{name} (of its {kind} {[_named(i, names) for i in places.tolist()]})"
    warn(
        f"the level of {which} is over {_LOST:,.0f} times its standard deviation, of "
        'which float32 keeps little; set dtype="float64", or subtract the level before '
        "fit"
    )


def _named(place: int, names: Any) -> Any:
    return place if names is None else names[place]


def normalized_targets(layer: Normalization, targets: Any) -> Any:
    """Targets as the network learns them, an array or StepTargets, in its dtype.

    They are computed in float64, so that a high level takes no digits.
    """
    if isinstance(targets, StepTargets):
        windows = targets.windows
        rows = normalized_targets(layer, targets.rows)
        return replace(targets, windows=Windows(rows, windows.starts, windows.lengths))
    mean, scale = (part.cpu().numpy() for part in (layer.mean, layer.scale))
    found = np.empty(targets.shape, mean.dtype)
    for first in range(0, len(targets), _CHUNK):
        part = slice(first, first + _CHUNK)
        with _overflows():
            found[part] = (targets[part] - mean.astype("f8")) / scale.astype("f8")
    return found


def _overflows() -> Any:
    """In here targets may become infinite: training then says that it diverged."""
    return np.errstate(over="ignore", invalid="ignore")

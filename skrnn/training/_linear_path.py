"""What a linear path reads of windows, and what it adds to outputs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..windows import WindowArrays, squashed

_VALUES = 2**20  # of windows that are gathered at once


def parts_of(n_samples: int, n_values: int) -> Iterator[slice]:
    """Parts of the samples, for arrays of so many values a sample."""
    size = max(1, _VALUES // max(1, n_values))
    for first in range(0, n_samples, size):
        yield slice(first, min(first + size, n_samples))


def figures_of(layer: Any) -> tuple[np.ndarray, np.ndarray]:
    """Mean and scale of a normalisation, in float64."""
    mean, scale = layer.mean.cpu().numpy(), layer.scale.cpu().numpy()
    return mean.astype("f8"), scale.astype("f8")


def squash_figures_of(module: Any) -> tuple[np.ndarray, np.ndarray]:
    """Center and scale of the columns that a network squashes; a scale of 0: not."""
    if module.squash is None:
        none = np.zeros(module.n_features)
        return none, none
    center, scale = (figure.cpu().numpy() for figure in module.squash.figures)
    return center.astype("f8"), scale.astype("f8")


def levels_of(module: Any, windows: WindowArrays, n_rows: int) -> np.ndarray:
    """The last rows of windows as a path reads them, (window, row, feature).

    They are squashed and normalised, in float64, and zero if a window lacks them.
    """
    found, is_missing = windows.last_rows(n_rows)
    found = squashed(found, *squash_figures_of(module))
    if module.input_normalization is not None:
        mean, scale = figures_of(module.input_normalization)
        found = (found - mean) / scale
    if is_missing is not None:
        found[is_missing] = 0.0
    return found


def path_outputs(module: Any, windows: WindowArrays) -> np.ndarray:
    """What the path of a module adds to its normalised outputs, (window, output)."""
    weight = module.path.weight.cpu().numpy().astype("f8")  # (output, row, feature)
    n_outputs, n_rows, n_features = weight.shape
    matrix = weight.reshape(n_outputs, -1).T  # (row * feature, output)
    out = np.empty((len(windows.starts), n_outputs))
    for part in parts_of(len(out), n_rows * n_features):
        levels = levels_of(module, windows.take(part), n_rows)
        out[part] = levels.reshape(-1, len(matrix)) @ matrix
    return out


def with_path(module: Any, windows: WindowArrays, outputs: np.ndarray) -> np.ndarray:
    """Outputs (window, output) of the layers, in units, to which the path is added."""
    added = path_outputs(module, windows)
    if module.output_normalization is not None:
        added *= figures_of(module.output_normalization)[1]
    return (outputs + added).astype(outputs.dtype)

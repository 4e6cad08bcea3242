"""Validated samples: inputs, targets and weights that go together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.validation import _check_sample_weight

from ..windows import Steps, reading, refuse_mask, unmasked


@dataclass(frozen=True)
class Samples:
    """Validated data: inputs, targets (n_samples, n_outputs), weights or None."""

    inputs: Any  # Windows, or the rows of a table
    targets: np.ndarray | Steps
    weights: np.ndarray | None

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def n_targets(self) -> int:
        """How often something is to be predicted: at each sample, or at each step."""
        if isinstance(self.targets, Steps):
            return int(self.targets.lengths.sum())
        return len(self)

    @property
    def mean_weight(self) -> float:
        """Of what is to be predicted."""
        if isinstance(self.targets, Steps):
            return self.targets.mean_weight(self.weights)
        return 1.0 if self.weights is None else float(np.mean(self.weights, dtype="f8"))

    def table(self) -> tuple[np.ndarray, np.ndarray]:
        """What is to be predicted, (n_targets, n_outputs), and the weight of each row.

        Without those of weight zero.
        """
        rows, weights = self.targets, self.weights
        if isinstance(rows, Steps):
            counts = rows.weight_of_rows(weights)
            weights = counts * (1 if rows.weights is None else rows.weights)
            rows = rows.rows
        if weights is None:
            return rows, np.ones(len(rows))
        return rows[weights > 0], weights[weights > 0].astype(np.float64)

    def named(self) -> dict[str, Any]:
        """By the names of the arguments of ``fit``."""
        return {"X": self.inputs, "y": self.targets, "sample_weight": self.weights}

    def take(self, index: np.ndarray) -> Samples:
        """The samples at ``index``."""
        weights = None if self.weights is None else self.weights[index]
        return Samples(self.inputs[index], self.targets[index], weights)


def check_samples(
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any,
    check_target: Callable[[Any], np.ndarray | Steps],
    *,
    reset: bool,
) -> Samples:
    """Validate the arguments of ``fit``.

    Samples of weight zero are left out, unless the estimator keeps them.
    """
    if y is None:
        raise ValueError(
            f"This {type(estimator).__name__} estimator requires y to be passed, but "
            "the target y is None"
        )
    X = unmasked(X)
    refuse_mask("y", y)
    refuse_mask("sample_weight", sample_weight)
    inputs = estimator._check_inputs(X, reset=reset)
    targets = check_target(y)
    estimator._check_aligned(X, y, inputs, targets)
    if sample_weight is not None:
        if isinstance(targets, Steps) and np.ndim(sample_weight) > 1:
            raise ValueError(
                f"sample_weight has shape {np.shape(sample_weight)}, expected "
                "(n_samples,): the weight of a sample is that of each of its steps"
            )
        with reading("sample_weight"):
            sample_weight = _check_sample_weight(
                sample_weight, targets, dtype=targets.dtype, ensure_non_negative=True
            )
    samples = _with_weight(estimator, Samples(inputs, targets, sample_weight))
    return _with_weight(estimator, estimator._weigh(samples))


def checked_weights(class_weight: Any, weights: Any, dtype: Any) -> np.ndarray:
    """Weights that come from the classes, if a loss can be made of them."""
    weights = np.asarray(weights, dtype)
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise ValueError(
            f"class_weight={class_weight!r} gives samples weights from "
            f"{weights.min()} to {weights.max()}; expected finite weights of 0 or more"
        )
    return weights


def finite(predictions: np.ndarray, lengths: np.ndarray | None = None) -> np.ndarray:
    """The predictions of shape (n_samples, n_outputs), if all are numbers.

    Where there is one at each step, ``lengths`` says how many each sample has.

    Raises
    ------
    ValueError
        If the network has computed infinity or NaN from finite values.
    """
    is_finite = np.isfinite(predictions)
    if not is_finite.all():
        sample = int(np.flatnonzero(~is_finite.all(axis=1))[0])
        if lengths is not None:
            sample = int(np.searchsorted(np.cumsum(lengths), sample, side="right"))
        raise ValueError(
            f"the prediction of sample {sample} is not finite: its values in X are too "
            "large for the network; scale X in the same way as in fit, for instance "
            "with StandardScaler in a pipeline"
        )
    return predictions


def _with_weight(estimator: Any, samples: Samples) -> Samples:
    """Without the samples of weight zero, if the estimator drops them."""
    if samples.mean_weight == 0:
        raise ValueError(
            "all samples have weight 0, so that there is nothing to learn from; see "
            "sample_weight and class_weight"
        )
    if samples.weights is None or samples.weights.all() or estimator._keeps_weightless:
        return samples
    return samples.take(np.flatnonzero(samples.weights))

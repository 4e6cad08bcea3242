"""Targets at each step: whether they fit X, their weights, and answers by sample."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.utils.validation import _check_sample_weight

from ..windows import (
    Steps,
    Windows,
    begins_missing,
    is_panel,
    read_steps,
    refuse_mask,
)
from ._labels import class_codes, weights_by_class


def check_steps_aligned(X: Any, y: Any, inputs: Windows, targets: Steps) -> None:
    """One target for each step of each sample.

    Raises
    ------
    ValueError
        If not, or if an array of y misses its steps elsewhere than X.
    """
    if len(targets) != len(inputs):
        raise ValueError(
            f"X has {len(inputs)} samples, y has {len(targets)}: with "
            "return_sequences=True y holds a sequence of targets for each sample"
        )
    if is_panel(X) and is_panel(y) and not X.index.equals(y.index):
        raise ValueError(
            "y has other rows than X, or has them in another order; use y.loc[X.index]"
        )
    differing = np.flatnonzero(targets.lengths != inputs.lengths)
    if len(differing):
        raise ValueError(_how_they_differ(int(differing[0]), inputs, targets))
    shorter = np.flatnonzero(inputs.lengths < inputs.n_timesteps)
    of_X, of_y = begins_missing(X, shorter), begins_missing(y, shorter)
    if of_X is None or of_y is None or np.array_equal(of_X, of_y):
        return
    sample = int(shorter[of_X != of_y][0])
    raise ValueError(
        f"the steps that are missing (NaN) in sample {sample} stand at the front in "
        "one of X and y, and at the end in the other; pad both at the same side"
    )


def _how_they_differ(sample: int, inputs: Windows, targets: Steps) -> str:
    text = (
        f"sample {sample} has {inputs.lengths[sample]} steps in X, "
        f"{targets.lengths[sample]} in y: with return_sequences=True y holds a target "
        "for each step. "
    )
    if inputs.n_tokens is not None:
        return text + "Token id 0 is padding, which counts as no step: give y as a list"
    return text + (
        "Rows of X that are NaN throughout count as no step: let y be NaN there, too, "
        "or give a list with an array for each sample"
    )


def with_class_weights(
    targets: Steps, sample_weight: Any, class_weight: Any, classes: np.ndarray
) -> Steps:
    """Targets whose rows have the weights of their classes, not those of samples."""
    counts = targets.weight_of_rows(sample_weight)
    is_used = targets.windows.is_row_used
    weights = np.zeros(len(counts))
    codes = class_codes(targets.rows[is_used])
    weights[is_used] = weights_by_class(class_weight, codes, classes, counts[is_used])
    return replace(targets, weights=weights.astype(targets.dtype))


def by_sample(values: np.ndarray, lengths: np.ndarray) -> Any:
    """Values (n_steps, ...) of all samples as (n_samples, n_timesteps, ...).

    A list of arrays (n_timesteps_i, ...) where lengths differ.
    """
    if (lengths == lengths[0]).all():
        return values.reshape(len(lengths), -1, *values.shape[1:])
    return np.split(values, np.cumsum(lengths)[:-1])


def truth_and_answers(
    y: Any, answers: Any, sample_weight: Any, is_single: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """True targets, predictions and weights of all steps, one a row, for a score.

    Raises
    ------
    ValueError
        If y has not as many steps as the predictions.
    """
    refuse_mask("y", y)
    table, starts, lengths = read_steps(y, is_single=is_single)
    expected = np.array([len(answer) for answer in answers])
    if not np.array_equal(lengths, expected):
        differing = "the number of samples differs"
        if len(lengths) == len(expected):
            first = int(np.flatnonzero(lengths != expected)[0])
            differing = f"sample {first} has {expected[first]} and {lengths[first]}"
        raise ValueError(f"y has other steps than the predictions for X: {differing}")
    rows = np.repeat(starts - np.cumsum(lengths) + lengths, lengths)
    truth = np.asarray(table)[rows + np.arange(lengths.sum())]
    if sample_weight is not None:
        weights = _check_sample_weight(sample_weight, lengths)
        sample_weight = np.repeat(weights, lengths)
    return truth, np.concatenate(list(answers)), sample_weight

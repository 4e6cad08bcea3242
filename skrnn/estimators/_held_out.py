"""Samples held out of training, to say when it should stop."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split

from ._samples import Samples


def hold_out(estimator: Any, samples: Samples) -> tuple[Samples, Samples]:
    """Samples to train on, and those held out.

    Raises
    ------
    ValueError
        If there are too few samples, or all of one side weigh nothing.
    """
    train_index, held_out = _split(estimator, samples)
    parts = samples.take(train_index), samples.take(held_out)
    for part in parts:
        if part.mean_weight == 0:
            raise ValueError(
                "sample_weight is 0 for all samples of one side of the split of "
                "early_stopping; give X_val and y_val, or more samples a weight"
            )
    return parts[0], checked_size(parts[1])


def checked_size(held_out: Samples) -> Samples:
    """The same samples, if they are enough for a score."""
    if held_out.n_targets < 2:
        raise ValueError(
            "The validation set is too small: it needs at least 2 samples, got "
            f"{held_out.n_targets}. Give X_val and y_val more samples; without them, "
            "increase 'validation_fraction' or the size of your dataset"
        )
    return held_out


def _split(estimator: Any, samples: Samples) -> tuple[np.ndarray, np.ndarray]:
    split = estimator._split_in_time(samples.inputs)
    if split is not None:
        return split
    try:
        return train_test_split(
            np.arange(len(samples)),
            test_size=estimator.validation_fraction,
            random_state=estimator._random_state,
            stratify=estimator._strata(samples.targets),
        )
    except ValueError as error:
        raise ValueError(
            "early_stopping cannot hold out validation_fraction="
            f"{estimator.validation_fraction} of {len(samples)} samples: {error} Give "
            "X_val and y_val, more samples, or early_stopping=False"
        ) from error

"""Samples held out of training, to say when it should stop."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.model_selection import train_test_split

from .._warnings import warn
from ._samples import Samples
from ._scores import examine


def with_held_out(
    estimator: Any, samples: Samples, given: Samples | None
) -> tuple[Samples, Samples | None]:
    """Samples to train on, and those to score: given ones, or some of X, or None."""
    if given is not None:
        examine(estimator, samples, given, is_given=True)
        return samples, given
    if not estimator._settings().early_stopping:
        return samples, None
    training, held_out = hold_out(estimator, samples)
    examine(estimator, training, held_out, is_given=False)
    return training, held_out


def hold_out(estimator: Any, samples: Samples) -> tuple[Samples, Samples]:
    """Samples to train on, and those held out.

    Raises
    ------
    ValueError
        If there are too few samples, or all of one side weigh nothing.
    """
    train_index, held_out, is_in_time = _split(estimator, samples)
    parts = samples.take(train_index), samples.take(held_out)
    for part in parts:
        if part.mean_weight == 0:
            raise ValueError(
                "sample_weight is 0 for all samples of one side of the split of "
                "early_stopping; give X_val and y_val, or more samples a weight"
            )
    checked_size(parts[1])
    if is_in_time and is_classifier(estimator):
        _warn_of_classes(estimator, samples, *parts)
    return parts


def checked_size(held_out: Samples) -> Samples:
    """The same samples, if they are enough for a score."""
    if held_out.n_targets < 2:
        raise ValueError(
            "The validation set is too small: it needs at least 2 samples, got "
            f"{held_out.n_targets}. Give X_val and y_val more samples; without them, "
            "increase 'validation_fraction' or the size of your dataset"
        )
    return held_out


def _split(estimator: Any, samples: Samples) -> tuple[np.ndarray, np.ndarray, bool]:
    """Indices of both parts, and whether they are the first and the last in time."""
    strata = estimator._strata(samples.targets)
    split = estimator._split_in_time(samples.inputs, strata)
    if split is not None:
        return *split, True
    try:
        train, held_out = train_test_split(
            np.arange(len(samples)),
            test_size=estimator.validation_fraction,
            random_state=estimator._random_state,
            stratify=strata,
        )
        return train, held_out, False
    except ValueError as error:
        raise ValueError(
            "early_stopping cannot hold out validation_fraction="
            f"{estimator.validation_fraction} of {len(samples)} samples: {error} Give "
            "X_val and y_val, more samples, or early_stopping=False"
        ) from error


def _warn_of_classes(
    estimator: Any, samples: Samples, training: Samples, held_out: Samples
) -> None:
    """Warn if a part of the split has no sample of some class."""
    all_of_them = estimator._classes_in(samples.targets)
    unseen, unscored = (
        np.setdiff1d(all_of_them, estimator._classes_in(part.targets)).tolist()
        for part in (training, held_out)
    )
    if unseen:
        what = f"no sample of the classes {unseen} is left to learn from"
    elif unscored and not estimator._is_multilabel:
        what = (
            f"none of them belongs to the classes {unscored}, about which the "
            "validation score says nothing"
        )
    else:
        return
    remedy = "give X_val and y_val"
    if not getattr(estimator, "_is_stateful", False):
        remedy += (
            ', or set validation_split="random", which draws from all classes (but '
            "if windows overlap, the two parts then share rows)"
        )
    warn(f"early_stopping holds out the last samples, and {what}; {remedy}")

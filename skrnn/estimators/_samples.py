"""Samples: inputs, targets and weights that go together, and some held out of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils.validation import _check_sample_weight

from ..windows import StepTargets, reading, refuse_mask, unmasked
from ._reader import Reader
from ._tasks import Task, check_steps_aligned

TRIAL_SHARE = 0.15  # of the samples, by which a trial is judged
_FEWEST_TO_TRY = 10


@dataclass(frozen=True)
class Samples:
    """Validated data: inputs, targets (n_samples, n_outputs), weights or None."""

    inputs: Any  # Windows, or the rows of a table
    targets: Any  # array, StepTargets, or None to predict
    weights: Any  # array (n_samples,) or None

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def n_targets(self) -> int:
        """Number of targets: one for each sample, or one for each step."""
        if isinstance(self.targets, StepTargets):
            return int(self.targets.lengths.sum())
        return len(self)

    @property
    def mean_weight(self) -> float:
        """Mean weight of the targets."""
        if isinstance(self.targets, StepTargets):
            return self.targets.mean_weight(self.weights)
        return 1.0 if self.weights is None else float(np.mean(self.weights, dtype="f8"))

    def table(self) -> tuple[np.ndarray, np.ndarray]:
        """The targets (n_targets, n_outputs), and the weight of each row.

        Targets of weight zero are left out.
        """
        rows, weights = self.targets, self.weights
        if isinstance(rows, StepTargets):
            counts = rows.weight_of_rows(weights)
            weights = counts * (1 if rows.weights is None else rows.weights)
            rows = rows.rows
        if weights is None:
            return rows, np.ones(len(rows))
        return rows[weights > 0], weights[weights > 0].astype(np.float64)

    def named(self) -> dict[str, Any]:
        """The samples as a dict by the names of the arguments of ``fit``."""
        return {"X": self.inputs, "y": self.targets, "sample_weight": self.weights}

    def with_weight(self, keeps_weightless: bool) -> Samples:
        """The samples without those of weight zero, unless these are to be kept."""
        if self.mean_weight == 0:
            raise ValueError(
                "all samples have weight 0, so there is nothing to learn from; check "
                "sample_weight and class_weight"
            )
        if self.weights is None or self.weights.all() or keeps_weightless:
            return self
        return self.take(np.flatnonzero(self.weights))

    def scored(self) -> Samples:
        """The same samples, as held-out ones; raise if they are too few for a score."""
        if self.n_targets < 2:
            raise ValueError(
                "The validation set is too small: it needs at least 2 samples, got "
                f"{self.n_targets}. Give X_val and y_val more samples; without them, "
                "increase 'validation_fraction' or the size of your dataset"
            )
        return self

    def take(self, index: np.ndarray) -> Samples:
        """The samples at ``index``."""
        weights = None if self.weights is None else self.weights[index]
        return Samples(self.inputs[index], self.targets[index], weights)

    def at_most(self, n: int) -> Samples:
        """The samples, or ``n`` of them that are evenly spread if there are more."""
        if len(self) <= n:
            return self
        return self.take(np.linspace(0, len(self) - 1, n).astype(np.intp))


def check_given(name: str, y: Any, sample_weight: Any) -> None:
    """Raise if targets are missing; ``name`` is the name of the estimator."""
    if y is None:
        raise ValueError(
            f"This {name} estimator requires y to be passed, but the target y is None"
        )
    refuse_mask("y", y)
    refuse_mask("sample_weight", sample_weight)


def checked(
    samples: Samples, reader: Reader, task: Task, X: Any, y: Any, class_weight: Any
) -> Samples:
    """Samples with aligned inputs and targets, and weights that include class weights.

    Parameters
    ----------
    samples : Samples
        Samples with the weights that the user gives.
    reader, task
        The objects that read X and encoded y.
    X, y
        The user's data.
    class_weight
        The parameter; None for regression.
    """
    inputs, targets = samples.inputs, samples.targets
    if isinstance(targets, StepTargets):
        check_steps_aligned(unmasked(X), y, inputs, targets)
    else:
        reader.check_aligned(X, y, inputs, targets)
    weights = _checked_weights(samples.weights, targets)
    keeps = reader.keeps_weightless
    samples = Samples(inputs, targets, weights).with_weight(keeps)
    targets, weights = task.weigh(samples.targets, samples.weights, class_weight)
    return Samples(samples.inputs, targets, weights).with_weight(keeps)


def _checked_weights(weights: Any, targets: Any) -> np.ndarray | None:
    """The weights of samples, of the dtype of their targets."""
    if weights is None:
        return None
    if isinstance(targets, StepTargets) and np.ndim(weights) > 1:
        raise ValueError(
            f"sample_weight has shape {np.shape(weights)}, expected (n_samples,): the "
            "weight of a sample counts for each of its steps"
        )
    with reading("sample_weight"):
        return _check_sample_weight(
            weights, targets, dtype=targets.dtype, ensure_non_negative=True
        )


def hold_out(
    samples: Samples,
    reader: Reader,
    task: Task,
    how: str,
    fraction: float,
    random_state: np.random.RandomState,
) -> tuple[Samples, Samples]:
    """Split into samples to train on and held-out samples.

    Parameters
    ----------
    samples : Samples
    reader, task
        The reader and the task of the samples.
    how : {"auto", "last", "random"}
        The parameter ``validation_split``.
    fraction : float
        The parameter ``validation_fraction``.
    random_state : RandomState
        The generator for a random split.

    Raises
    ------
    ValueError
        If there are too few samples, or all of one side weigh nothing.
    """
    strata = task.strata(samples.targets)
    split = _split_in_time(samples, reader, task, how, fraction, strata)
    indices = split or _drawn(len(samples), fraction, strata, random_state)
    training, held_out = parts = [samples.take(index) for index in indices]
    if any(part.mean_weight == 0 for part in parts):
        raise ValueError(
            "sample_weight is 0 for all samples on one side of the split of "
            "early_stopping; pass X_val and y_val, or give more samples a weight"
        )
    held_out = held_out.scored()
    if split is not None:
        targets = (part.targets for part in (samples, training, held_out))
        task.warn_of_split(*targets, can_draw=not reader.is_stateful)
    return training, held_out


def trial_parts(
    samples: Samples,
    reader: Reader,
    task: Task,
    how: str,
    random_state: np.random.RandomState,
) -> tuple[Samples, Samples] | None:
    """Samples for a trial, and others to judge it by; None if they are too few.

    They are split as :func:`hold_out` does, but without a word.
    """
    n = len(samples)
    if n < _FEWEST_TO_TRY:
        return None
    strata = task.strata(samples.targets)
    n_classes = 0 if strata is None else len(np.unique(strata))
    share = max(TRIAL_SHARE, n_classes / n)
    gap = min(samples.inputs.n_timesteps, n // 10)  # so that the parts share no rows
    try:
        split = _split_in_time(samples, reader, task, how, share, strata, gap)
        split = split or _drawn(n, share, strata, random_state)
    except ValueError:  # a class has a single sample
        return None
    training, held_out = (samples.take(index) for index in split)
    if not (len(training) and len(held_out)):
        return None
    if training.mean_weight == 0 or held_out.mean_weight == 0:
        return None
    return training, held_out


def _split_in_time(
    samples: Samples,
    reader: Reader,
    task: Task,
    how: str,
    fraction: float,
    strata: np.ndarray | None,
    gap: int = 0,
) -> tuple[np.ndarray, np.ndarray] | None:
    """Indices of the first samples and of the last; None for a random split.

    ``gap`` rows between them are dropped, beside those that targets reach ahead.
    """
    return reader.split_in_time(
        samples.inputs,
        how,
        fraction,
        n_steps_ahead=task.n_steps_ahead + gap,
        has_steps=task.has_steps,
        strata=strata,
    )


def _drawn(
    n_samples: int,
    fraction: float,
    strata: np.ndarray | None,
    random_state: np.random.RandomState,
) -> tuple[np.ndarray, np.ndarray]:
    """A random split."""
    try:
        return train_test_split(
            np.arange(n_samples),
            test_size=fraction,
            random_state=random_state,
            stratify=strata,
        )
    except ValueError as error:
        raise ValueError(
            f"early_stopping cannot hold out validation_fraction={fraction} of "
            f"{n_samples} samples: {error} Pass X_val and y_val, pass more samples, or "
            "set early_stopping=False"
        ) from error

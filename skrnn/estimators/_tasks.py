"""Tasks: how y becomes targets, and how outputs become predictions.

A task is plain data, which is written into files. The two kinds are in
``_regression.py`` and ``_classification.py``; this file holds what they share, targets
at each step included.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.utils.validation import _check_sample_weight
from torch import nn

from ..training import CLASSES, NUMBERS, Budget
from ..windows import (
    StepTargets,
    Windows,
    begins_missing,
    is_panel,
    read_steps,
    refuse_mask,
)


@dataclass(kw_only=True)
class Task(ABC):
    """The kind of y, learnt in ``fit``.

    Parameters
    ----------
    name : str
        Name of the class of the estimator, for errors.
    dtype : str
        The dtype of the targets and of the network.
    has_steps : bool
        Whether there is a target at each step.
    as_sklearn : bool
        Whether to follow scikit-learn's MLPs if their rules differ from ours.
    n_outputs : int
        Number of outputs of the network.
    classes : ndarray of shape (n_classes,)
        Sorted; None if targets are numbers.
    """

    name: str
    dtype: str
    has_steps: bool
    as_sklearn: bool
    n_outputs: int = 0
    classes: Any = None

    _is_single: ClassVar[bool]  # one target a step

    @classmethod
    def learn(cls, y: Any, *, classes: Any = None, **options: Any) -> tuple[Self, Any]:
        """Return the task that y needs, and the targets.

        Parameters
        ----------
        y : object
        classes : array-like, default=None
            All classes that may occur later; None takes those in y.
        **options
            Fields of the task.

        Returns
        -------
        task : Task
        targets : ndarray of shape (n_samples, n_outputs) or StepTargets
        """
        task = cls(**options)
        return task, task._by_sample(y, lambda table: task._learn(table, classes))

    def encode(self, y: Any) -> Any:
        """The targets in y, as ``learn`` returns them, checked against those."""
        return self._compared(self._by_sample(y, self._encode))

    def continued(self, y: Any, **options: Any) -> tuple[Self, Any]:
        """The task for a warm start with other options, and the targets in y."""
        task = replace(self, **options)
        return task, task._compared(task._by_sample(y, task._encode_all))

    def _by_sample(self, y: Any, encode: Callable[[Any], np.ndarray]) -> Any:
        if not self.has_steps:
            return encode(y)
        table, starts, lengths = read_steps(y, is_single=self._is_single)
        return StepTargets(Windows(encode(table), starts, lengths))

    def _compared(self, targets: Any) -> Any:
        if targets.shape[-1] != self.n_outputs:
            raise ValueError(
                f"y has {targets.shape[-1]} outputs, but {self.name} was fitted on "
                f"{self.n_outputs}"
            )
        return targets

    @abstractmethod
    def _learn(self, y: Any, classes: Any) -> np.ndarray:
        """Fill in the fields from y (n_samples,) or (n_samples, n_outputs); encode."""

    @abstractmethod
    def _encode(self, y: Any) -> np.ndarray:
        """Targets (n_samples, n_outputs)."""

    @abstractmethod
    def _encode_all(self, y: Any) -> np.ndarray:
        """Targets with which a warm start can begin."""

    @property
    @abstractmethod
    def attributes(self) -> dict[str, Any]:
        """The attributes that the estimator takes from the task."""

    @abstractmethod
    def loss_params(self) -> dict[str, Any]:
        """Arguments of the loss."""

    @abstractmethod
    def new_loss(self) -> nn.Module:
        """The loss to minimise."""

    @property
    def normalizes(self) -> bool:
        """Whether the network learns normalised targets."""
        return False

    @property
    def budget(self) -> Budget:
        """How long a recurrent network trains by default."""
        return NUMBERS if self.classes is None else CLASSES

    @property
    def has_readout(self) -> bool:
        """Whether the output layer is fitted anew after training."""
        return False

    @property
    @abstractmethod
    def out_activation(self) -> str:
        """The activation of the output layer, by scikit-learn's name."""

    @abstractmethod
    def scorer(self) -> Callable[[np.ndarray, np.ndarray, Any], float] | None:
        """Validation score of (targets, outputs, weights), larger is better.

        None is minus the loss.
        """

    @property
    @abstractmethod
    def n_steps_ahead(self) -> int:
        """Number of steps by which the target of a sample reaches beyond it."""

    @abstractmethod
    def strata(self, targets: Any) -> np.ndarray | None:
        """Groups that a random split keeps in proportion."""

    @abstractmethod
    def weigh(self, targets: Any, weights: Any, class_weight: Any) -> tuple[Any, Any]:
        """Targets and weights of the samples, class weights included."""

    @abstractmethod
    def warn_of_split(
        self, whole: Any, training: Any, held_out: Any, *, can_draw: bool
    ) -> None:
        """Warn if a part of the targets, split in time, is unlike the whole."""

    @abstractmethod
    def decode(self, raw: np.ndarray) -> Any:
        """Predictions from the outputs (n_samples, n_outputs) of the network."""

    def predictions(
        self, decode: Callable[[Any, np.ndarray], Any], raw: np.ndarray, inputs: Any
    ) -> Any:
        """The predictions that ``decode``, a method of the task, makes from the
        outputs.

        With targets at each step the shape is (n_samples, n_timesteps, ...); if lengths
        differ, the result is a list of arrays (n_timesteps_i, ...).
        """
        if not self.has_steps:
            return decode(self, finite(raw))
        lengths = inputs.lengths
        values = decode(self, finite(raw, lengths))
        if (lengths == lengths[0]).all():
            return values.reshape(len(lengths), -1, *values.shape[1:])
        return np.split(values, np.cumsum(lengths)[:-1])


def finite(predictions: np.ndarray, lengths: np.ndarray | None = None) -> np.ndarray:
    """The predictions (n_samples, n_outputs), if all of them are finite.

    If there is one at each step, ``lengths`` holds the number of steps of each sample.

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
            "large for the network; pass X in the units of fit, and scaled in the same "
            "way, for instance by StandardScaler in a pipeline"
        )
    return predictions


def check_steps_aligned(X: Any, y: Any, inputs: Windows, targets: StepTargets) -> None:
    """Raise unless there is one target for each step of each sample.

    Raises
    ------
    ValueError
        If not, or if the missing steps of an array y are not those of X.
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
        f"the missing steps (NaN) of sample {sample} are at the start in one of X and "
        "y, and at the end in the other; pad both at the same side"
    )


def _how_they_differ(sample: int, inputs: Windows, targets: StepTargets) -> str:
    text = (
        f"sample {sample} has {inputs.lengths[sample]} steps in X, "
        f"{targets.lengths[sample]} in y: with return_sequences=True y holds a target "
        "for each step. "
    )
    if inputs.n_tokens is not None:
        return text + "Token id 0 is padding, which is not a step: pass y as a list"
    return text + (
        "Rows of X that are NaN in every feature do not count as steps: set y to NaN "
        "there, too, or pass a list with an array for each sample"
    )


def truth_and_answers(
    y: Any, answers: Any, sample_weight: Any, is_single: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """True targets, predictions and weights of all steps, one a row, for a score.

    Raises
    ------
    ValueError
        If the numbers of steps in y and in the predictions differ.
    """
    refuse_mask("y", y)
    table, starts, lengths = read_steps(y, is_single=is_single)
    expected = np.array([len(answer) for answer in answers])
    if not np.array_equal(lengths, expected):
        differing = "the number of samples differs"
        if len(lengths) == len(expected):
            first = int(np.flatnonzero(lengths != expected)[0])
            differing = f"sample {first} has {expected[first]} and {lengths[first]}"
        raise ValueError(
            f"y and the predictions for X differ in their steps: {differing}"
        )
    rows = np.repeat(starts - np.cumsum(lengths) + lengths, lengths)
    truth = np.asarray(table)[rows + np.arange(lengths.sum())]
    if sample_weight is not None:
        weights = _check_sample_weight(sample_weight, lengths)
        sample_weight = np.repeat(weights, lengths)
    return truth, np.concatenate(list(answers)), sample_weight

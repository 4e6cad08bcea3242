"""The door for X: it learns the form of X in ``fit``, and reads X of that form.

A reader is plain data, which is written into files. The estimator is passed to it as
``owner``: scikit-learn's own validation keeps ``n_features_in_`` and
``feature_names_in_`` there, and errors name its class.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import validate_data

from ..windows import reading, time_ordered_split, unmasked


class Reader(ABC):
    """The form of X, and how to read it."""

    dtype: str  # the dtype of the network
    is_stateful: bool  # whether the samples are pieces of one series

    @classmethod
    @abstractmethod
    def learn(cls, owner: Any, X: Any, **options: Any) -> tuple[Self, Any]:
        """A reader for the form of X, and the samples in X."""

    @abstractmethod
    def read(self, owner: Any, X: Any) -> Any:
        """The samples in X, checked against the form that was learnt."""

    @abstractmethod
    def continued(self, **options: Any) -> Self:
        """The reader for a warm start with those of the options that may change."""

    @property
    @abstractmethod
    def attributes(self) -> dict[str, Any]:
        """The attributes that the estimator takes from the reader."""

    @property
    @abstractmethod
    def keeps_weightless(self) -> bool:
        """Whether samples of weight zero stay in the batches."""

    @abstractmethod
    def check_aligned(self, X: Any, y: Any, inputs: Any, targets: Any) -> None:
        """Raise unless there is one target for each sample, in the same order."""

    @abstractmethod
    def warn_of_samples(self, X: Any, inputs: Any) -> None:
        """Warn of samples that training may misread."""

    @abstractmethod
    def split_in_time(
        self,
        inputs: Any,
        split: str,
        fraction: float,
        *,
        n_steps_ahead: int,
        has_steps: bool = False,
        strata: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """Samples to train on and the last ones, or None for a random split.

        Parameters
        ----------
        inputs : Windows or table
        split : {"auto", "last", "random"}
        fraction : float
            Fraction of the samples that is held out.
        n_steps_ahead : int
            How many steps the target of a sample reaches beyond it.
        has_steps : bool, default=False
            Whether there is a target at each step.
        strata : ndarray of shape (n_samples,), default=None
            Groups that a split keeps in proportion.
        """


@dataclass
class TableReader(Reader):
    """Reads the rows of a dense or sparse table, as scikit-learn does."""

    dtype: str

    is_stateful = False

    @classmethod
    def learn(cls, owner: Any, X: Any, **options: Any) -> tuple[Self, Any]:
        table = _table(owner, X, (np.float64, np.float32), reset=True)
        return cls(table.dtype.name, **options), table

    def read(self, owner: Any, X: Any) -> Any:
        return _table(owner, X, np.dtype(self.dtype), reset=False)

    def continued(self, **options: Any) -> Self:
        return self

    @property
    def attributes(self) -> dict[str, Any]:
        return {}

    @property
    def keeps_weightless(self) -> bool:
        return True

    def check_aligned(self, X: Any, y: Any, inputs: Any, targets: Any) -> None:
        check_consistent_length(inputs, targets)

    def warn_of_samples(self, X: Any, inputs: Any) -> None:
        pass  # scikit-learn says nothing either

    def split_in_time(
        self,
        inputs: Any,
        split: str,
        fraction: float,
        *,
        n_steps_ahead: int,
        has_steps: bool = False,
        strata: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray] | None:
        if split != "last":
            return None
        return time_ordered_split(inputs.shape[0], fraction, n_steps_ahead - 1)


def _table(owner: Any, X: Any, dtype: Any, reset: bool) -> Any:
    options = {"accept_sparse": "csr", "accept_large_sparse": True}
    with reading("X"):
        return validate_data(owner, unmasked(X), reset=reset, dtype=dtype, **options)

"""What completes the base of the network estimators."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from torch import nn

from ..training import Checkpoint, DeviceDataset, Outcome, Settings
from ._reader import Reader
from ._samples import Samples
from ._tasks import Task


class NetworkParts(ABC):
    """What the subclasses of :class:`BaseNetwork` bring.

    There are two kinds. One says what y is, by a task (:class:`Regression`,
    :class:`Classification`); the other says what X is, by a reader, and brings the
    module (:class:`BaseRecurrent`, :class:`BaseMLP`).
    """

    _reader_class: ClassVar[type[Reader]]
    _task_class: ClassVar[type[Task]]
    _module_class: ClassVar[type[nn.Module]]
    _follows_sklearn: ClassVar[bool] = False  # even if its rules differ

    @abstractmethod
    def _reader_options(self) -> dict[str, Any]:
        """Options of the reader of X, from the parameters."""

    @abstractmethod
    def _task_options(self) -> dict[str, Any]:
        """Options of the task, from the parameters."""

    @abstractmethod
    def _check_parameters(self) -> None:
        """Raise if parameters of the training exclude each other."""

    @abstractmethod
    def _module_params(self) -> dict[str, Any]:
        """Arguments of the module, except its seed."""

    @abstractmethod
    def _settings(self) -> Settings:
        """Settings of the training, from the parameters."""

    @abstractmethod
    def _planned(self, settings: Settings, n_samples: int) -> Settings:
        """The settings with numbers in the places of "auto"."""

    @abstractmethod
    def _draw_weights(self) -> None:
        """Draw weights that the module does not draw from its seed."""

    @abstractmethod
    def _training_data(self, samples: Samples) -> DeviceDataset:
        """The training samples on the device; a new network learns their scale."""

    @abstractmethod
    def _validation_data(self, held_out: Samples) -> DeviceDataset:
        """The held-out samples on the device."""

    @abstractmethod
    def _prediction_data(self, inputs: Any) -> DeviceDataset:
        """The inputs for a prediction, on the device."""

    @abstractmethod
    def _tried(
        self,
        samples: Samples,
        given: Samples | None,
        module_params: dict[str, Any],
        settings: Settings,
        checkpoint: Checkpoint | None,
    ) -> tuple[Settings, Any]:
        """Settings that a trial on most of the samples chose, and what it found."""

    @abstractmethod
    def _begin_with(self, found: Any) -> None:
        """Begin with the network of a trial, if it found one to continue with."""

    @abstractmethod
    def _finish(self, training: Samples, held_out: Samples | None, found: Any) -> None:
        """What ``fit`` does after training; ``found`` is that of the trial."""

    @abstractmethod
    def _record(self, outcome: Outcome, n_samples: int) -> None:
        """Store the outcome of training."""

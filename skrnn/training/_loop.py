"""The epochs of one call that trains, and what becomes of it when they fail."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import torch
from skorch.helper import predefined_split

from .._warnings import warn
from ._checkpoint import Checkpoint
from ._datasets import DeviceDataset
from ._interrupts import is_one_of_many
from ._lbfgs import CONVERGED, LIMIT, STOPPED, lbfgs_loop
from ._memory import explain_lack
from ._net import DeviceNet
from ._outcome import Ending
from ._settings import Settings
from ._shuffling import Shuffling
from ._stopping import Diverged, StopTraining


@dataclass(frozen=True)
class Loop:
    """What takes part in one call that trains."""

    net: DeviceNet
    training: DeviceDataset
    validation: DeviceDataset | None
    settings: Settings
    n_epochs: int
    incremental: bool
    shuffling: Shuffling | None
    checkpoint: Checkpoint | None

    def run(self) -> Ending:
        """Train; on an error the net is as it was before."""
        net, validation = self.net, self.validation
        net.iterator_train__shuffling = self.shuffling
        net.iterator_train__processes = net.processes_
        net.train_split = None if validation is None else predefined_split(validation)
        before = net.snapshot()
        try:
            net.notify("on_train_begin", X=self.training, y=None)
            ending = self._train(before["n_epochs"])
        except BaseException as error:
            net.rewind(before)  # before a callback saves what has failed
            if self.checkpoint is not None and isinstance(error, Diverged):
                self.checkpoint.discard()
            with suppress(Exception):  # which would hide the first one
                net.notify("on_train_end", X=self.training, y=None)
            raise
        finally:
            net.train_split = net.iterator_train__shuffling = None  # they hold data
        try:
            net.notify("on_train_end", X=self.training, y=None)
        except BaseException:
            net.rewind(before)
            raise
        return ending

    def _train(self, n_epochs_before: int) -> Ending:
        """All epochs, or those that a checkpoint has left."""
        net = self.net
        if self.checkpoint is not None:
            ending = self.checkpoint.resume(net)
            if self.settings.verbose > 1 and len(net.history) > n_epochs_before:
                print(f"Epoch {len(net.history)} is read from a checkpoint")
            if ending is not None:
                return ending
        net.choose_gradient(self.training, is_watched=bool(self.settings.callbacks))
        with torch.inference_mode(False), torch.enable_grad():  # whatever the caller's
            ending = self._epochs(self.n_epochs - len(net.history) + n_epochs_before)
        net.check_weights()
        if self.checkpoint is not None:
            try:
                self.checkpoint.end(net, ending)
            except KeyboardInterrupt:
                self._keep_unless_passed_on()
        return ending

    def _epochs(self, n_epochs: int) -> Ending:
        net, training, settings = self.net, self.training, self.settings
        try:
            if settings.solver == "lbfgs":
                return _ending_of(
                    lbfgs_loop(net, training, self.validation, settings, n_epochs)
                )
            net.fit_loop(training, None, epochs=n_epochs)
            return Ending("max_iter")
        except StopTraining:
            return Ending("converged")
        except KeyboardInterrupt:
            self._keep_unless_passed_on()
            if "train_loss" not in net.history[-1]:
                del net.history[-1:]  # an epoch that has begun and not ended
            return Ending("interrupted")
        except torch.OutOfMemoryError:
            pass  # its traceback holds what the failed step has computed: let it go
        raise torch.OutOfMemoryError(explain_lack(net, training, settings))

    def _keep_unless_passed_on(self) -> None:
        """Tell that what was learnt is kept; raise again what is not for this fit."""
        if self.incremental or self.net.processes_.count > 1 or is_one_of_many():
            raise  # of several processes, each is at another step
        warn(
            "Training interrupted by user. What was learnt so far is kept.",
        )


def _ending_of(result: Any) -> Ending:
    kinds = {CONVERGED: "converged", STOPPED: "converged", LIMIT: "max_iter"}
    kind = kinds.get(result.status, "failed")
    return Ending(kind, float(result.fun), str(result.message))

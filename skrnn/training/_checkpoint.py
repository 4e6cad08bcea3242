"""Write the state of a fit to a folder, and resume from it."""

from __future__ import annotations

import copy
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from itertools import count
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from skorch.callbacks import Callback
from skorch.history import History

from .._warnings import warn
from ._batches import Shuffling
from ._fingerprint import check_same, described, digest
from ._net import DeviceNet
from ._processes import processes_of
from ._state import momenta_of, set_momenta, set_weights, to_arrays, weights_of
from ._state_folder import StateFolder
from ._stopping import Ending

_FORMAT = 2
_EACH = "{fit}"  # in a path: stands for a name unique to the fit


class Checkpoint(Callback):
    """The state of one fit in a folder, written after the other callbacks of an epoch.

    ``identity`` distinguishes this fit from others, see :func:`check_same`.
    """

    def __init__(
        self, folder: StateFolder, every: int | str, identity: dict[str, Any]
    ) -> None:
        self.folder = folder
        self.identity = identity
        self.shuffling: Shuffling | None = None  # of the training that it is given to
        self._is_due = _clock(every)
        self._start: dict[str, Any] = {}
        self._saved: dict[str, Any] | None = None
        self._found: dict[str, Any] | None = None  # before training
        self._has_failed = False

    def begin(self, random_state: np.random.RandomState) -> np.random.RandomState:
        """The generator that the fit begins with: the given one, or the saved fit's.

        Raises
        ------
        ValueError
            If the folder belongs to another fit.
        OSError
            If the folder cannot be written.
        """
        saved = self.folder.read()
        if saved is None:
            self._start = random_state.get_state(legacy=False)
            with self.folder.explained():
                self.folder.write(self._header())
            return random_state
        where = f"the checkpoint in {self.folder.path}"
        if saved["format"] != _FORMAT:
            raise ValueError(
                f"{where} was written by another version of skrnn (format "
                f"{saved['format']}, here {_FORMAT}); delete the folder to start again"
            )
        check_same(saved["identity"], self.identity, where)
        self._start = saved["start"]
        self._saved = saved.get("training")
        self._found = saved.get("found")
        if random_state is np.random.mtrand._rand:  # NumPy's own, shared by all
            random_state = copy.deepcopy(random_state)
        random_state.set_state(self._start)
        return random_state

    def found(self, search: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What the fit has found out before training; a resumed fit reads it."""
        if self._found is None:
            try:
                self._found = search()
            except ValueError:  # it diverged
                self.discard()
                raise
            self._try_to_write(self._header(), "before the first epoch")
        return self._found

    def resume(self, net: DeviceNet) -> Ending | None:
        """Restore the net; return how training ended, or None if it did not."""
        if self._saved is None:
            return None
        saved, self._saved = self._saved, None
        set_weights(net, saved["weights"])
        set_momenta(net, saved["momenta"])
        net.history_ = History(saved["history"])
        net.lowest_ = saved["lowest"]
        for name, part in self._parts(net).items():
            if name in saved["parts"]:
                part.load_state_dict(saved["parts"][name])
        return None if saved["ending"] is None else Ending(**saved["ending"])

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        if self._is_due():
            self._write(net)

    def end(self, net: DeviceNet, ending: Ending) -> None:
        """Record that training has ended, unless it was interrupted."""
        if ending.kind != "interrupted":
            self._write(net, asdict(ending))

    def discard(self) -> None:
        """Forget a state that would only lead to the same error again."""
        self.folder.clear()

    def _write(self, net: DeviceNet, ending: dict[str, Any] | None = None) -> None:
        """Write the state of the net."""
        states = {name: part.state_dict() for name, part in self._parts(net).items()}
        training = {
            "weights": weights_of(net),
            "momenta": momenta_of(net),
            "history": [{**e, "batches": e["batches"][:1]} for e in net.history],
            "lowest": net.lowest_,
            "parts": states,
            "ending": ending,
        }
        state = {**self._header(), "training": to_arrays(training)}
        self._try_to_write(state, f"of epoch {len(net.history)}")

    def _try_to_write(self, state: dict[str, Any], of_when: str) -> None:
        """Write a state; warn of a failure, and let training continue."""
        try:
            self.folder.write(state)
        except (OSError, TypeError) as error:
            if not self._has_failed:
                warn(
                    f"the checkpoint {of_when} could not be written to "
                    f"{self.folder.path} ({error}); training continues, and later "
                    "epochs try again"
                )
            self._has_failed = True

    def _header(self) -> dict[str, Any]:
        first = {"start": self._start, "found": self._found}
        return {"format": _FORMAT, "identity": self.identity, **first}

    def _parts(self, net: DeviceNet) -> dict[str, Any]:
        """The objects besides the net that have a state, by name."""
        named = {f"callback {name}": callback for name, callback in net.callbacks_}
        named |= {"shuffling": self.shuffling, "batch rates": net.batch_rates_}
        return {n: part for n, part in named.items() if hasattr(part, "state_dict")}


@contextmanager
def open_checkpoint(
    estimator: Any, data: dict[str, Any], further: dict[str, Any] | None = None
) -> Iterator[Checkpoint | None]:
    """The checkpoint of an estimator; None if it does not ask for one.

    ``data`` is everything that the fit learns from, see :func:`digest`; ``further``
    holds what determines the fit besides the parameters.

    Raises
    ------
    ValueError
        If the estimator cannot be resumed, or the folder is in use.
    OSError
        If the folder cannot be made.
    """
    every = estimator.checkpoint_every
    _clock(every)  # an error also if nothing is written
    if estimator.checkpoint is None:
        yield None
        return
    path = os.fspath(estimator.checkpoint)
    _check_resumable(estimator, path)
    # __init__ of a user's subclass may set some parameters itself
    stated = {one.name: getattr(estimator, one.name) for one in fields(estimator)}
    params = {**estimator.get_params(deep=False), **stated, **(further or {})}
    identity = {
        "estimator": type(estimator).__name__,
        "parameters": described(params),
        "data": {name: digest(values) for name, values in data.items()},
    }
    name = digest(repr(identity))[:16]
    folder = StateFolder(path.replace(_EACH, name), waits=_EACH in path)
    try:
        yield Checkpoint(folder, every, identity)
    finally:
        folder.close()


def _check_resumable(estimator: Any, path: str) -> None:
    if estimator.solver == "lbfgs":
        raise ValueError(
            'checkpoint does not support solver="lbfgs", because its line search does '
            "not expose its state; use another solver, or set checkpoint=None"
        )
    if processes_of(estimator.device).count > 1:
        raise ValueError(
            'checkpoint does not support several processes of device="accelerate", '
            "because their dropout masks differ; launch one process, or set "
            "checkpoint=None"
        )
    if getattr(estimator, "warm_start", False):
        raise ValueError(
            "checkpoint resumes one fit, but warm_start=True continues from one fit "
            "to the next; set only one of them"
        )
    if _EACH in path and estimator.random_state is None:
        raise ValueError(
            f'"{_EACH}" in the path of a checkpoint needs a random_state, such as 0: '
            "without one, fits on the same data cannot be told apart, and all would "
            "resume the first one"
        )
    if "{" in path.replace(_EACH, ""):
        raise ValueError(
            f'checkpoint may contain "{_EACH}" and no other braces, got {path!r}'
        )


def _clock(every: int | str) -> Callable[[], bool]:
    """A function, called after each epoch, that returns whether to write.

    ``every`` is a number of epochs, or a duration such as "30s" between two writes.
    """
    if isinstance(every, Integral):
        epochs = count(1)
        return lambda: next(epochs) % int(every) == 0
    text = str(every).strip()
    try:  # a bare number is not a duration
        seconds = 0.0 if text[-1:].isdigit() else pd.Timedelta(text).total_seconds()
    except ValueError:
        seconds = 0.0
    if not seconds > 0:
        raise ValueError(
            "checkpoint_every must be a number of epochs or a duration such as "
            f'"30s" or "5min", got {every!r}'
        )
    last = time.monotonic()

    def is_due() -> bool:
        nonlocal last
        if time.monotonic() - last < seconds:
            return False
        last = time.monotonic()
        return True

    return is_due

"""Write where a fit stands, and take it up there."""

from __future__ import annotations

import copy
import os
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from skorch.callbacks import Callback
from skorch.history import History

from ._fingerprint import described, digest
from ._net import DeviceNet
from ._outcome import Ending
from ._processes import processes_of
from ._state import momenta_of, set_momenta, set_weights, weights_of
from ._state_folder import StateFolder

_FORMAT = 1


class Checkpoint:
    """Where one fit stands, in a folder.

    Parameters
    ----------
    folder : StateFolder
    every : int or str
        Epochs, or a duration such as "30s", from one writing to the next.
    fit : dict
        What tells this fit from others.
    """

    def __init__(
        self, folder: StateFolder, every: int | str, fit: dict[str, Any]
    ) -> None:
        self.folder = folder
        self._is_due = _clock(every)
        self._fit = fit
        self._start: dict[str, Any] = {}
        self.saved: dict[str, Any] | None = None

    def begin(self, random_state: np.random.RandomState) -> np.random.RandomState:
        """The generator that the fit begins with: the given one, or that of the saved.

        Raises
        ------
        ValueError
            If the folder is of another fit.
        OSError
            If the folder cannot be written.
        """
        saved = self.folder.read()
        if saved is None:
            self._start = random_state.get_state(legacy=False)
            self.folder.write(self._header())
            return random_state
        self._check(saved)
        self._start = saved["start"]
        self.saved = saved.get("training")
        begun = copy.deepcopy(random_state)
        begun.set_state(self._start)
        return begun

    def resume(self, net: DeviceNet, parts: dict[str, Any]) -> dict[str, Any] | None:
        """Bring a net, and what trains it, to where they were.

        Parameters
        ----------
        parts : dict
            Whatever else has a ``load_state_dict``, by name.

        Returns
        -------
        ending : dict or None
            How training ended, if it did.
        """
        if self.saved is None:
            return None
        saved, self.saved = self.saved, None
        set_weights(net, saved["weights"])
        set_momenta(net, saved["momenta"])
        net.history_ = History(saved["history"])
        net.lowest_ = saved["lowest"]
        for name, part in _stateful(net, parts).items():
            if name in saved["parts"]:
                part.load_state_dict(saved["parts"][name])
        return saved["ending"]

    def write_if_due(self, net: DeviceNet, parts: dict[str, Any]) -> None:
        """Write at the end of an epoch, if it is time to."""
        if self._is_due():
            self.write(net, parts)

    def write(
        self,
        net: DeviceNet,
        parts: dict[str, Any],
        ending: dict[str, Any] | None = None,
    ) -> None:
        """Write where training stands; a failure is told, and training goes on."""
        states = {n: part.state_dict() for n, part in _stateful(net, parts).items()}
        training = {
            "weights": weights_of(net),
            "momenta": momenta_of(net),
            "history": list(net.history),
            "lowest": net.lowest_,
            "parts": states,
            "ending": ending,
        }
        try:
            self.folder.write({**self._header(), "training": training})
        except OSError as error:
            warnings.warn(
                f"the checkpoint of epoch {len(net.history)} could not be written "
                f"({error}); training goes on, and the one before it is kept",
                UserWarning,
                stacklevel=2,
            )

    def _header(self) -> dict[str, Any]:
        return {"format": _FORMAT, "fit": self._fit, "start": self._start}

    def _check(self, saved: dict[str, Any]) -> None:
        """Raise if what is saved is of another fit."""
        remedy = (
            "Take them back to resume, delete the folder to begin anew, or give each "
            'fit a folder of its own by "{fit}" in the path'
        )
        where = f"the checkpoint in {self.folder.path}"
        if saved["format"] != _FORMAT:
            raise ValueError(
                f"{where} was written by another version of skrnn (format "
                f"{saved['format']}, here {_FORMAT}); delete the folder to begin anew"
            )
        if saved["fit"] == self._fit:
            return
        theirs, mine = saved["fit"], self._fit
        if theirs["estimator"] != mine["estimator"]:
            raise ValueError(
                f"{where} is of a {theirs['estimator']}, not of a "
                f"{mine['estimator']}. {remedy}"
            )
        for kind in ("parameters", "data"):
            changes = _changes(theirs[kind], mine[kind])
            if changes and kind == "parameters":
                raise ValueError(
                    f"{where} is of a fit with other parameters: "
                    f"{', '.join(changes)}. {remedy}"
                )
            if changes:
                names = ", ".join(change.split("=")[0] for change in changes)
                raise ValueError(
                    f"{where} is of a fit on other data: {names} differ. {remedy}"
                )


class CheckpointWriter(Callback):
    """Writes a checkpoint after the other callbacks have seen an epoch."""

    def __init__(self, checkpoint: Checkpoint, parts: dict[str, Any]) -> None:
        self.checkpoint = checkpoint
        self.parts = parts

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        self.checkpoint.write_if_due(net, self.parts)


class Resumption:
    """A checkpoint, if there is one, seen from training."""

    def __init__(self, checkpoint: Checkpoint | None, parts: dict[str, Any]) -> None:
        self.checkpoint = checkpoint
        self.parts = parts

    def callbacks(self) -> list[tuple[str, Any]]:
        if self.checkpoint is None:
            return []
        return [("skrnn_checkpoint", CheckpointWriter(self.checkpoint, self.parts))]

    def resume(self, net: DeviceNet) -> Ending | None:
        """Bring the net to where it was; how training ended, if it did."""
        if self.checkpoint is None:
            return None
        ending = self.checkpoint.resume(net, self.parts)
        return None if ending is None else Ending(**ending)

    def end(self, net: DeviceNet, ending: Ending) -> None:
        """Write that training has ended, unless it was broken off."""
        if self.checkpoint is not None and ending.kind != "interrupted":
            self.checkpoint.write(net, self.parts, asdict(ending))


@contextmanager
def open_checkpoint(
    estimator: Any, data: dict[str, Any]
) -> Iterator[Checkpoint | None]:
    """The checkpoint that an estimator asks for, None if it asks for none.

    Parameters
    ----------
    estimator : object
        Has the parameters ``checkpoint`` and ``checkpoint_every``.
    data : dict
        All that the fit learns from, see :func:`digest`.

    Raises
    ------
    ValueError
        If the estimator cannot be resumed.
    OSError
        If the folder cannot be made.
    """
    if estimator.checkpoint is None:
        yield None
        return
    _check_resumable(estimator)
    fit = {
        "estimator": type(estimator).__name__,
        "parameters": described(estimator.get_params(deep=False)),
        "data": {name: digest(values) for name, values in data.items()},
    }
    name = digest({"fit": np.frombuffer(repr(fit).encode(), np.uint8)})[:16]
    path = os.fspath(estimator.checkpoint)
    folder = StateFolder(path.replace("{fit}", name), waits="{fit}" in path)
    try:
        yield Checkpoint(folder, estimator.checkpoint_every, fit)
    finally:
        folder.close()


def _check_resumable(estimator: Any) -> None:
    if estimator.solver == "lbfgs":
        raise ValueError(
            'checkpoint does not go with solver="lbfgs", whose line search keeps its '
            "state to itself; take another solver, or checkpoint=None"
        )
    if processes_of(estimator.device).count > 1:
        raise ValueError(
            'checkpoint does not go with several processes of device="accelerate", '
            "whose dropout masks differ; launch one process, or set checkpoint=None"
        )
    if getattr(estimator, "warm_start", False):
        raise ValueError(
            "checkpoint holds one fit, and warm_start=True goes on from one fit to the "
            "next; set one of them only"
        )


def _stateful(net: DeviceNet, parts: dict[str, Any]) -> dict[str, Any]:
    """What has a state of its own, by name: the parts and the callbacks."""
    named = {**parts, **dict(net.callbacks_)}
    return {n: part for n, part in named.items() if hasattr(part, "load_state_dict")}


def _changes(theirs: dict[str, str], mine: dict[str, str]) -> list[str]:
    names = sorted({*theirs, *mine})
    return [
        f"{name}={theirs.get(name, 'absent')} there, {mine.get(name, 'absent')} here"
        for name in names
        if theirs.get(name) != mine.get(name)
    ]


def _clock(every: int | str) -> Any:
    """A function that tells, once an epoch, whether it is time."""
    if isinstance(every, Integral):
        n_epochs = 0

        def counted() -> bool:
            nonlocal n_epochs
            n_epochs += 1
            return n_epochs % every == 0

        return counted
    seconds, last = seconds_of(every), time.monotonic()

    def elapsed() -> bool:
        nonlocal last
        is_due = time.monotonic() - last >= seconds
        if is_due:
            last = time.monotonic()
        return is_due

    return elapsed


def seconds_of(duration: Any) -> float:
    """The seconds of a text such as "30s" or "5min".

    Raises
    ------
    ValueError
        If it is no duration above 0.
    """
    try:
        seconds = pd.Timedelta(duration).total_seconds()
    except (ValueError, TypeError):
        seconds = 0.0
    if not seconds > 0 or str(duration).strip().replace(".", "").isdigit():
        raise ValueError(
            "checkpoint_every must be a number of epochs or a duration such as "
            f'"30s" or "5min", got {duration!r}'
        )
    return seconds

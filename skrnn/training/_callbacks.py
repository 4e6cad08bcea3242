"""The callbacks of a fit: the user's, and those that show how it proceeds."""

from __future__ import annotations

import copy
from numbers import Number
from typing import Any

import numpy as np
from skorch.callbacks import Callback, Freezer, Initializer, ParamMapper, Unfreezer
from tqdm.auto import tqdm

_REWRITTEN = (Freezer, Initializer, ParamMapper, Unfreezer)  # initialize rewrites them


def user_callbacks(callbacks: Any) -> list[Any]:
    """The user's callbacks themselves, as in skorch, so that users can read their
    records.

    Only those of skorch that ``initialize`` would change for good, and that record
    nothing, are copied.

    Raises
    ------
    ValueError
        If an entry is not a skorch callback.
    """
    checked = []
    for entry in callbacks or []:
        callback = entry[1] if isinstance(entry, tuple) and len(entry) == 2 else entry
        is_class = isinstance(callback, type) and issubclass(callback, Callback)
        if not (is_class or isinstance(callback, Callback)):
            raise ValueError(
                "callbacks must be skorch callbacks or (name, callback) pairs, got "
                f"{entry!r}"
            )
        own = copy.copy(callback) if type(callback) in _REWRITTEN else callback
        checked.append(own if callback is entry else (entry[0], own))
    return checked


def saved_callbacks(callbacks: Any) -> Any:
    """Callbacks of a fitted estimator, for its copies and files.

    Attributes whose names end in "_" are left out if they are not data, such as the
    net, its optimiser or an open file: training sets them again.
    """
    if not callbacks:
        return callbacks
    return type(callbacks)(
        tuple(map(_saved, entry)) if isinstance(entry, tuple) else _saved(entry)
        for entry in callbacks
    )


def _saved(callback: Any) -> Any:
    names = [
        name
        for name, value in getattr(callback, "__dict__", {}).items()
        if name.endswith("_") and not _is_data(value)
    ]
    if not (names and isinstance(callback, Callback)):
        return callback
    kept = copy.copy(callback)
    for name in names:
        vars(kept).pop(name, None)  # its own copy may lack the name
    return kept


def _is_data(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_is_data, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_is_data, value))
    return value is None or isinstance(
        value, str | bytes | Number | np.generic | np.ndarray
    )


class ProgressBar(Callback):
    """A progress bar over the epochs, with the loss."""

    def __init__(self, n_epochs: int) -> None:
        self.n_epochs = n_epochs

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        self.n_epochs_before_ = len(net.history)
        self.bar_ = tqdm(total=self.n_epochs, unit="epoch")

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        epoch = net.history[-1]
        text = f"loss = {epoch['train_loss']:.6g}"
        if "valid_score" in epoch:
            text += f", validation score = {epoch['valid_score']:.6g}"
        self.bar_.set_postfix_str(text, refresh=False)
        self._advance(net)

    def on_train_end(self, net: Any, **kwargs: Any) -> None:
        self._advance(net)
        self.bar_.close()

    def _advance(self, net: Any) -> None:
        """Count the epochs of the history, including those from a checkpoint."""
        n_epochs = len(net.history) - self.n_epochs_before_
        self.bar_.update(max(0, n_epochs - self.bar_.n))


class EpochLines(Callback):
    """Printed lines for each epoch, as scikit-learn prints them."""

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        self.n_epochs_before_ = len(net.history)

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        epoch = net.history[-1]
        number = len(net.history) - self.n_epochs_before_
        print(f"Iteration {number}, loss = {epoch['train_loss']:.8f}")
        if "valid_score" in epoch:
            print(f"Validation score: {epoch['valid_score']:f}")


def progress_callbacks(verbose: int, n_epochs: int) -> list[tuple[str, Any]]:
    """None for 0, a bar for 1, lines for more."""
    if verbose <= 0:
        return []
    shown = ProgressBar(n_epochs) if verbose == 1 else EpochLines()
    return [("skrnn_progress", shown)]

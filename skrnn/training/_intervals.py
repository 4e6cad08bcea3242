"""When a checkpoint is due."""

from __future__ import annotations

import time
from collections.abc import Callable
from numbers import Integral
from typing import Any

import pandas as pd


def clock(every: int | str) -> Callable[[], bool]:
    """A function that tells, asked at the end of each epoch, whether it is time.

    Parameters
    ----------
    every : int or str
        Epochs, or a duration such as "30s" from one time to the next.

    Raises
    ------
    ValueError
        If it is neither.
    """
    if isinstance(every, Integral):
        return _count(int(every))
    return _watch(_seconds_of(every))


def _count(every: int) -> Callable[[], bool]:
    n_epochs = 0

    def is_due() -> bool:
        nonlocal n_epochs
        n_epochs += 1
        return n_epochs % every == 0

    return is_due


def _watch(seconds: float) -> Callable[[], bool]:
    last = time.monotonic()

    def is_due() -> bool:
        nonlocal last
        if time.monotonic() - last < seconds:
            return False
        last = time.monotonic()
        return True

    return is_due


def _seconds_of(duration: Any) -> float:
    """The seconds of a text such as "30s" or "5min"; a bare number is none."""
    text = str(duration).strip()
    try:
        seconds = 0.0 if text[-1:].isdigit() else pd.Timedelta(text).total_seconds()
    except ValueError:
        seconds = 0.0
    if not seconds > 0:
        raise ValueError(
            "checkpoint_every must be a number of epochs or a duration such as "
            f'"30s" or "5min", got {duration!r}'
        )
    return seconds

"""Which steps of which series a forecasting horizon asks for, and their stamps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sktime.forecasting.base import ForecastingHorizon

from ._history import History


@dataclass(frozen=True)
class Steps:
    """The values asked for, one an entry, in the order of the answer.

    Parameters
    ----------
    series : ndarray of int
        Place of the series in the history.
    steps : ndarray of int
        1 is the first after the last row of that series, 0 that row itself.
    index : Index
        Stamps, with the names of the series before them if there are several.
    """

    series: np.ndarray
    steps: np.ndarray
    index: pd.Index

    @property
    def n_ahead(self) -> int:
        """Steps to roll, none if all are within the sample."""
        return max(0, int(self.steps.max()))


def steps_of(fh: ForecastingHorizon, history: History) -> Steps:
    """Each series counts its steps, and gets its stamps, from its own last row."""
    by_cutoff: dict[Any, tuple[np.ndarray, pd.Index]] = {}
    steps, stamps = [], []
    for times in history.times:
        if times[-1] not in by_cutoff:
            by_cutoff[times[-1]] = _from_cutoff(fh, _cutoff(times, fh))
        own_steps, own_stamps = by_cutoff[times[-1]]
        steps.append(own_steps)
        stamps.append(own_stamps)
    return Steps(
        np.concatenate([np.full(len(steps[place]), place) for place in history.order]),
        np.concatenate([steps[place] for place in history.order]),
        history.index_of(stamps, history.order),
    )


def stamps_ahead(fh: ForecastingHorizon, history: History, n_steps: int) -> pd.Index:
    """The stamps of steps 1 to ``n_steps`` of each series, in the order of the keys."""
    ahead = ForecastingHorizon(np.arange(1, n_steps + 1), freq=fh.freq)
    by_cutoff: dict[Any, pd.Index] = {}
    stamps = []
    for times in history.times:
        if times[-1] not in by_cutoff:
            by_cutoff[times[-1]] = _from_cutoff(ahead, _cutoff(times, fh))[1]
        stamps.append(by_cutoff[times[-1]])
    return history.index_of(stamps, range(len(history.keys)))


def _cutoff(times: pd.Index, fh: ForecastingHorizon) -> pd.Index:
    """The last stamp as an index that knows its frequency."""
    cutoff = times[-1:]
    if isinstance(cutoff, pd.DatetimeIndex) and cutoff.freq is None:
        freq = fh.freq or (pd.infer_freq(times[-10:]) if len(times) > 2 else None)
        if freq is not None:
            cutoff = pd.DatetimeIndex(cutoff, freq=freq)
    return cutoff


def _from_cutoff(
    fh: ForecastingHorizon, cutoff: pd.Index
) -> tuple[np.ndarray, pd.Index]:
    relative = np.asarray(fh.to_relative(cutoff).to_pandas(), dtype=np.int64)
    return relative, fh.to_absolute_index(cutoff)

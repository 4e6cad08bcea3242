"""Which steps of which series a forecasting horizon asks for, and their stamps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sktime.forecasting.base import ForecastingHorizon

from ._history import History, usual_step

_MOST_STEPS = 1_000_000


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
    for cutoff in cutoffs_of(fh, history):
        if cutoff[0] not in by_cutoff:
            by_cutoff[cutoff[0]] = from_cutoff(fh, cutoff)
        own_steps, own_stamps = by_cutoff[cutoff[0]]
        steps.append(own_steps)
        stamps.append(own_stamps)
    last = max(int(own.max()) for own in steps)
    if last > _MOST_STEPS:
        raise ValueError(
            f"fh asks for step {last} ahead; forecasts reach {_MOST_STEPS} steps at "
            "most, which are rolled one block after the other. See that fh counts "
            "steps of the index of y"
        )
    return Steps(
        np.concatenate([np.full(len(steps[place]), place) for place in history.order]),
        np.concatenate([steps[place] for place in history.order]),
        history.index_of(stamps, history.order),
    )


def steps_within(index: pd.MultiIndex, history: History) -> Steps:
    """The steps of rows that have been seen, by their names and stamps."""
    places = {key: place for place, key in enumerate(history.keys)}
    names = index.droplevel(-1)
    unknown = [name for name in names.unique() if name not in places]
    if unknown:
        raise ValueError(f"y holds series that the forecaster has not seen: {unknown}")
    series = np.array([places[name] for name in names])
    steps, stamps = np.empty(len(index), dtype=np.int64), index.get_level_values(-1)
    for place in np.unique(series):
        own, times = series == place, history.times[place]
        if (stamps[own] > times[-1]).any():
            raise ValueError(
                f"y holds rows after {times[-1]}, the last that was seen of a series; "
                "give them to update first"
            )
        steps[own] = times.searchsorted(stamps[own]) - (len(times) - 1)
    return Steps(series, steps, index)


def stamps_ahead(fh: ForecastingHorizon, history: History, n_steps: int) -> pd.Index:
    """The stamps of steps 1 to ``n_steps`` of each series, in the order of the keys."""
    ahead = ForecastingHorizon(np.arange(1, n_steps + 1), freq=fh.freq)
    by_cutoff: dict[Any, pd.Index] = {}
    stamps = []
    for cutoff in cutoffs_of(fh, history):
        if cutoff[0] not in by_cutoff:
            by_cutoff[cutoff[0]] = from_cutoff(ahead, cutoff)[1]
        stamps.append(by_cutoff[cutoff[0]])
    return history.index_of(stamps, range(len(history.keys)))


def cutoffs_of(fh: ForecastingHorizon, history: History) -> list[pd.Index]:
    """The last stamp of each series, as an index that knows its frequency."""
    lasts = [times[-1:] for times in history.times]
    if not isinstance(lasts[0], pd.DatetimeIndex):
        return lasts
    longest = history.times[int(history.sizes.argmax())]
    freq = fh.freq or longest.freq
    if freq is None and len(longest) > 2:
        freq = pd.infer_freq(longest[-10:])
    return [_with_frequency(last, freq, usual_step(longest)) for last in lasts]


def _with_frequency(cutoff: pd.DatetimeIndex, freq: Any, step: Any) -> pd.DatetimeIndex:
    """With the frequency, or the usual step if there is none or it does not fit."""
    if freq is not None:
        try:
            return pd.DatetimeIndex(cutoff, freq=freq)
        except ValueError:  # a stamp that is off its grid
            pass
    if step is None:
        return cutoff
    return pd.DatetimeIndex(cutoff, freq=pd.tseries.frequencies.to_offset(step))


def from_cutoff(
    fh: ForecastingHorizon, cutoff: pd.Index
) -> tuple[np.ndarray, pd.Index]:
    """The steps that are asked for after a last stamp, and their stamps."""
    try:
        relative = np.asarray(fh.to_relative(cutoff).to_pandas(), dtype=np.int64)
        return relative, fh.to_absolute_index(cutoff)
    except (TypeError, OverflowError) as error:
        raise ValueError(
            f"steps cannot be counted from {cutoff[0]!r}, the last row of y, whose "
            f"index is a {type(cutoff).__name__}: {error}. Give y dates or periods of "
            "a known frequency (y.asfreq, y.to_period), or numbers"
        ) from error

"""What a forecaster has seen of each series."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from sktime.datatypes import update_data

from .._warnings import warn
from ..windows import refuse_complex


class History:
    """The rows of all series, one series after the other, oldest first.

    The series are in an order of their names, so that the order in which they were
    given changes nothing.

    Parameters
    ----------
    y : DataFrame
        One series, or several with a MultiIndex whose last level is the time.
    X : DataFrame or None
        The same rows, or more.

    Attributes
    ----------
    keys : list
        Name of each series; a tuple in a hierarchy, None if there is one series.
    times : list of Index
        Of the rows of each series.
    sizes : ndarray of int
        Rows of each series.
    y, X : ndarray of shape (n_rows, n_targets), (n_rows, n_covariates)
    order : ndarray of int
        Place of each series in ``keys``, in the order in which they were given.
    """

    def __init__(self, y: pd.DataFrame, X: pd.DataFrame | None) -> None:
        if 0 in y.shape:
            raise ValueError(
                f"y of shape {y.shape} is empty; a minimum of 1 row and 1 column is "
                "required"
            )
        self.y_frame = y.copy()  # the user's may change
        self.X_frame = None if X is None else X.copy()
        self.is_panel = y.index.nlevels > 1
        self.X_names = [] if X is None else list(X.columns)
        self._given, rows = _rows_by_series(y.index)
        given = list(self._given)
        places = _sorted_places(given)
        self.keys = [given[place] for place in places]
        self._places = np.array(places)
        self.order = np.argsort(places)
        self.index_names = y.index.names
        self.y_names = y.columns
        times = y.index.get_level_values(-1)
        parts = [rows[place] for place in places]
        self.times = [times[part] for part in parts]
        self.sizes = np.array([len(part) for part in parts])
        together = np.concatenate(parts)
        self.y = _numbers(y, "y")[together]
        self.X = _covariates(X, y.index)[together]

    @property
    def offsets(self) -> np.ndarray:
        """First row of each series."""
        return np.cumsum(self.sizes) - self.sizes

    @property
    def ends(self) -> np.ndarray:
        """The row after the last of each series."""
        return np.cumsum(self.sizes)

    @property
    def content(self) -> dict[str, Any]:
        """Arrays that hold all there is, stamps as numbers."""
        stamps = [pd.util.hash_pandas_object(t, index=False) for t in self.times]
        index = [hashes.to_numpy() for hashes in stamps]
        return {"y": self.y, "X": self.X, "index": index, "series": self.sizes}

    def extended(self, y: pd.DataFrame, X: pd.DataFrame | None) -> History:
        """With newer rows; the last one of ``y`` is the newest that counts."""
        if y.index.nlevels != len(self.index_names):
            raise ValueError(
                f"y has {y.index.nlevels} level(s) of the index, but the forecaster "
                f"was fitted on {list(self.index_names)}; give one series of a panel "
                "as y.loc[[name]], with all levels"
            )
        if (X is None) != (self.X_frame is None):
            raise ValueError(
                "update takes X if, and only if, fit was given X; this forecaster was "
                f"fitted {'without' if X is not None else 'with'} X"
            )
        if self.X_frame is not None and X is not None:
            absent = [name for name in self.X_names if name not in X.columns]
            if absent:
                raise ValueError(
                    f"X lacks the columns {absent}, with which the forecaster was "
                    "fitted; update needs all of them, past_columns too"
                )
            X = X.loc[:, self.X_names].loc[y.index]
            X = update_data(_until(self.X_frame, y), self._named(X))
        known = _until(self.y_frame, y)
        if len(known) < len(self.y_frame):
            warn(
                f"update went back in time, to {y.index[-1]}: the "
                f"{len(self.y_frame) - len(known)} rows seen after it are forgotten",
            )
        return History(update_data(known, self._named(self._same_columns(y))), X)

    def _same_columns(self, y: pd.DataFrame) -> pd.DataFrame:
        """The columns in the order that the network knows."""
        if len(self.y_names) == 1 == y.shape[1]:
            return y.set_axis(self.y_names, axis=1)
        if set(y.columns) != set(self.y_names):
            raise ValueError(
                f"y has the columns {list(y.columns)}, but the forecaster was fitted "
                f"on {list(self.y_names)}"
            )
        return y.loc[:, self.y_names]

    def _named(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame with the names of levels that the first one had."""
        return frame.set_axis(frame.index.set_names(self.index_names))

    def index_of(self, stamps: list[pd.Index], order: Iterable[int]) -> pd.Index:
        """One index from the stamps of each series, the series in this order."""
        if not self.is_panel:
            return stamps[0]
        order = list(order)
        counts = [len(stamps[place]) for place in order]
        repeated = self._given.take(np.repeat(self._places[order], counts))
        times = stamps[order[0]].append([stamps[place] for place in order[1:]])
        levels = [repeated]
        if isinstance(repeated, pd.MultiIndex):
            levels = [repeated.get_level_values(i) for i in range(repeated.nlevels)]
        return pd.MultiIndex.from_arrays([*levels, times], names=self.index_names)


def usual_step(times: pd.Index) -> Any:
    """The most frequent distance between stamps; None if there is no telling."""
    distances = (times[1:] - times[:-1])[times[1:] > times[:-1]]
    return pd.Series(distances).mode().iloc[0] if len(distances) else None


def warn_of_gaps(history: History) -> None:
    """Say if the longest series is not evenly spaced, which it is taken to be."""
    times = history.times[int(history.sizes.argmax())]
    if len(times) < 4 or times.dtype == object:
        return
    if isinstance(times, pd.DatetimeIndex) and (times.freq or pd.infer_freq(times)):
        return
    if isinstance(times, pd.PeriodIndex):
        times = pd.Index(times.astype("int64"))
    n_gaps = int((times[1:] - times[:-1] != usual_step(times)).sum())
    if n_gaps:
        warn(
            f"the longest series is not evenly spaced: {n_gaps} distances differ from "
            "the usual one, but its rows are taken as following each other. Fill gaps "
            "before, for instance with y.asfreq(...).interpolate()",
        )


def _rows_by_series(index: pd.Index) -> tuple[Any, list[np.ndarray]]:
    """Names of the series as they come, and the rows of each in order of time."""
    if index.nlevels == 1:
        return [None], [np.argsort(index, kind="stable")]
    codes, names = index.droplevel(-1).factorize()
    by_time = index.get_level_values(-1).argsort(kind="stable")
    order = by_time[np.argsort(codes[by_time], kind="stable")]
    return names, np.split(order, np.cumsum(np.bincount(codes))[:-1])


def _sorted_places(keys: list) -> list[int]:
    try:
        return sorted(range(len(keys)), key=lambda place: keys[place])
    except TypeError:  # names of several types
        return sorted(range(len(keys)), key=lambda place: str(keys[place]))


def _until(frame: pd.DataFrame, y: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``frame`` that are no newer than the last one of the series in y."""
    y = y.sort_index(level=-1)
    times = frame.index.get_level_values(-1)
    if frame.index.nlevels == 1:
        return frame[times <= y.index.max()]
    newest = dict(zip(y.index.droplevel(-1), y.index.get_level_values(-1), strict=True))
    codes, names = frame.index.droplevel(-1).factorize()
    is_met = np.array([name in newest for name in names])
    last = pd.Index([newest.get(name, times[0]) for name in names])
    return frame[~is_met[codes] | (times <= last.take(codes))]


def _covariates(X: pd.DataFrame | None, index: pd.Index) -> np.ndarray:
    if X is None:
        return np.empty((len(index), 0))
    missing = index.difference(X.index)
    if len(missing):
        raise ValueError(
            f"X must have a row for each row of y, but it has none for {missing[0]} "
            f"({len(missing)} rows are missing); align them with X.reindex(y.index)"
        )
    return _numbers(X.loc[index], "X")


def _numbers(frame: pd.DataFrame, name: str) -> np.ndarray:
    refuse_complex(frame)
    try:
        values = frame.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(
            f"{name} holds values that are no numbers ({error}); encode them as "
            "numbers, or leave these columns out"
        ) from error
    if not np.isfinite(values).all():
        row, column = np.argwhere(~np.isfinite(values))[0]
        raise ValueError(
            f"{name} holds NaN or infinity, first in column {frame.columns[column]!r} "
            f"at {frame.index[row]}; impute it first, for instance with sktime's "
            "Imputer or pandas' interpolate"
        )
    return values

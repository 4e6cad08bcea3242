"""The rows of each series that a forecaster has seen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from .._warnings import warn
from ..windows import refuse_complex
from ._calendar import Calendar, better_of, calendar_of
from ._stamps import freq_of, in_zone_of, kind_of, places_of

_FEW_ROWS = 14  # two weeks may have no holiday, or no weekend


class History:
    """The rows of all series, one series after the other, oldest first.

    Series are sorted by name, so that their order in y does not matter.

    Several series have a MultiIndex whose last level is the time; X has the rows of y,
    or more. ``calendar=None`` finds it from the index.

    Attributes
    ----------
    keys : list
        Name of each series; a tuple in a hierarchy, None if there is one series.
    times : list of Index
        Times of the rows of each series.
    sizes : ndarray of int
        Number of rows of each series.
    y, X : ndarray of shape (n_rows, n_targets), (n_rows, n_covariates)
    order : ndarray of int
        Place of each series in ``keys``, in the order in which y gives them.
    """

    def __init__(
        self,
        y: pd.DataFrame,
        X: pd.DataFrame | None,
        calendar: Calendar | None = None,
    ) -> None:
        if 0 in y.shape:
            raise ValueError(
                f"y of shape {y.shape} is empty; a minimum of 1 row and 1 column is "
                "required"
            )
        self.y_frame = y.copy()  # the user may change theirs
        self.X_frame = None if X is None else _beside(X, y)
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
        self.y = _finite(y, "y")[together]
        self.X = np.empty((len(y), 0))
        if self.X_frame is not None:
            self.X = _finite(self.X_frame, "X")[together]
        if calendar is None:
            hint = None if X is None else freq_of(X.index)
            calendar = calendar_of(y.index, self.longest, hint)
        self.calendar = calendar

    @property
    def offsets(self) -> np.ndarray:
        """First row of each series."""
        return np.cumsum(self.sizes) - self.sizes

    @property
    def ends(self) -> np.ndarray:
        """The row after the last of each series."""
        return np.cumsum(self.sizes)

    @property
    def longest(self) -> pd.Index:
        """The stamps of the series with the most rows."""
        return self.times[int(self.sizes.argmax())]

    @property
    def content(self) -> dict[str, Any]:
        """All data as arrays, stamps as hashes."""
        hashes = [pd.util.hash_pandas_object(t, index=False) for t in self.times]
        index = [one.to_numpy() for one in hashes]
        return {"y": self.y, "X": self.X, "index": index, "series": self.sizes}

    def extended(self, y: pd.DataFrame, X: pd.DataFrame | None) -> History:
        """Add newer rows; rows after the last one of ``y`` are forgotten."""
        y, X = self._like_mine(y, X)
        is_known = _is_until(self.y_frame.index, y)
        n_forgotten = int((~is_known).sum())
        if n_forgotten:
            warn(
                f"update went back in time, to {y.index[-1]}: the {n_forgotten} rows "
                "seen after it are forgotten"
            )
        is_kept = is_known & ~self.y_frame.index.isin(y.index)
        new_y, new_X = pd.concat([self.y_frame[is_kept], y]), None
        order = np.concatenate(_rows_by_series(new_y.index)[1])  # series by series
        if self.X_frame is not None and X is not None:
            new_X = pd.concat([self.X_frame[is_kept], X]).iloc[order]
        history = History(new_y.iloc[order], new_X, self._calendar_with(y))
        history.warn_of_gaps(since=self)
        return history

    def _like_mine(
        self, y: pd.DataFrame, X: pd.DataFrame | None
    ) -> tuple[pd.DataFrame, pd.DataFrame | None]:
        """Newer rows with the columns, level names and time zone of this history."""
        if y.index.nlevels != len(self.index_names):
            raise ValueError(
                f"the index of y has {y.index.nlevels} level(s), but the forecaster "
                f"was fitted on {list(self.index_names)}; pass one series of a panel "
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
                    f"X lacks the columns {absent}, which the forecaster was fitted "
                    "with; update needs all of them, past_columns too"
                )
            X = _beside(X.loc[:, self.X_names], y)
        mine, other = (kind_of(frame.index) for frame in (self.y_frame, y))
        if mine != other:
            raise ValueError(
                f"y has an index of {other}, but the forecaster was fitted on {mine}; "
                "pass update an index of the same kind (to_period, to_timestamp, "
                "tz_localize), or fit again"
            )
        y = self._same_columns(y)
        index = y.index.set_names(self.index_names)
        y = y.set_axis(in_zone_of(index, self.y_frame.index))
        return y, None if X is None else X.set_axis(y.index)

    def _calendar_with(self, y: pd.DataFrame) -> Calendar | None:
        """The calendar with newer rows; None if it came from too few rows."""
        if not self.calendar.is_known and len(self.longest) < _FEW_ROWS:
            return None
        return better_of(self.calendar, freq_of(y.index), self.longest)

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

    def index_of(self, stamps: list[pd.Index], order: Iterable[int]) -> pd.Index:
        """One index from the stamps of each series, in this order of the series."""
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

    def warn_of_gaps(self, since: History | None = None) -> None:
        """Warn if rows (only newer ones than ``since`` has) are not evenly spaced."""
        if self.y_frame.index.get_level_values(-1).dtype == object:
            return
        stamps = self.times[0].append(self.times[1:])
        known = () if since is None else zip(since.keys, since.times, strict=True)
        newest = {key: times[-1] for key, times in known}
        is_counted = np.ones(len(stamps), dtype=bool)
        for offset, key, times in zip(self.offsets, self.keys, self.times, strict=True):
            n_seen = 1  # nothing comes before the first row of a series
            if key in newest:
                n_seen = max(1, times.searchsorted(newest[key], side="right"))
            is_counted[offset : offset + n_seen] = False
        is_counted = is_counted[1:]
        follows = self.calendar.follow(stamps)
        is_gap = is_counted & ~follows
        if not is_gap.any():
            return
        first = int(is_gap.argmax())
        text = self._of_gaps(
            int(is_gap.sum()),
            int(is_counted.sum()),
            f"{stamps[first]} to {stamps[first + 1]}",
        )
        series = np.repeat(np.arange(len(self.sizes)), self.sizes)[1:]
        n_gaps = np.bincount(series[is_gap], minlength=len(self.sizes))
        n_counted = np.bincount(series[is_counted], minlength=len(self.sizes))
        is_odd = (n_gaps > 1) & (n_gaps == n_counted)
        if is_odd.any() and not is_odd.all():
            odd = [self.keys[place] for place in np.flatnonzero(is_odd)[:3]]
            text += (
                f". It is not a step in the series {odd} at all, so their stamps ahead "
                "are a guess; forecast these series separately"
            )
        warn(text)

    def _of_gaps(self, n_gaps: int, n_distances: int, first_gap: str) -> str:
        times = self.longest
        text = (
            f"y is not evenly spaced: {n_gaps} of {n_distances} distances differ from "
            f"{self.calendar}, first from {first_gap}; its rows are treated as "
            "consecutive. "
        )
        if times.has_duplicates:
            return text + (
                f"Its stamps repeat, such as {times[times.duplicated()][0]}: several "
                "series in one table need an (instance, time) MultiIndex; drop other "
                "repeats with y[~y.index.duplicated()]"
            )
        if 2 * n_gaps > n_distances:
            return text + (
                "Most rows do not follow that step, so the stamps ahead are a guess: "
                "make y regular first, for instance with y.resample(...).mean()"
            )
        if isinstance(times, pd.DatetimeIndex) and not self.calendar.is_known:
            return text + (
                "That step was assumed, because the index has no freq. Fill gaps with "
                "y.asfreq(...).interpolate(), or give the calendar, holidays too, as "
                "y.index = pd.DatetimeIndex(y.index, freq=pd.offsets."
                "CustomBusinessDay(holidays=[...]))"
            )
        return text + "Fill gaps first, for instance with interpolate()"

    def __getstate__(self) -> dict[str, Any]:
        """Return frames and calendar, as data."""
        calendar = vars(self.calendar).copy()
        return {"y": self.y_frame, "X": self.X_frame, "calendar": calendar}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Read the frames again."""
        calendar = state.get("calendar")
        known = None if calendar is None else Calendar(**calendar)
        self.__dict__.update(vars(History(state["y"], state["X"], known)))


def _rows_by_series(index: pd.Index) -> tuple[Any, list[np.ndarray]]:
    """Names of the series, in order of y, and the rows of each in order of time."""
    if index.nlevels == 1:
        return [None], [np.argsort(index, kind="stable")]
    codes, names = index.droplevel(-1).factorize()
    by_time = index.get_level_values(-1).argsort(kind="stable")
    order = by_time[np.argsort(codes[by_time], kind="stable")]
    return names, np.split(order, np.cumsum(np.bincount(codes))[:-1])


def _sorted_places(keys: list) -> list[int]:
    try:
        return sorted(range(len(keys)), key=lambda place: keys[place])
    except TypeError:  # names of different types
        return sorted(range(len(keys)), key=lambda place: str(keys[place]))


def _is_until(index: pd.Index, y: pd.DataFrame) -> np.ndarray:
    """Whether stamps are not newer than the last one of their series in y."""
    times, new = index.get_level_values(-1), y.index.get_level_values(-1)
    if index.nlevels == 1:
        return np.asarray(times <= new.max())
    by_time = new.argsort()
    newest = dict(zip(y.index.droplevel(-1)[by_time], new[by_time], strict=True))
    codes, names = index.droplevel(-1).factorize()
    is_met = np.array([name in newest for name in names])
    last = pd.Index([newest.get(name, times[0]) for name in names])
    return ~is_met[codes] | np.asarray(times <= last.take(codes))


def _beside(X: pd.DataFrame, y: pd.DataFrame) -> pd.DataFrame:
    """The row of X for each row of y."""
    places = places_of(y.index, X.index, "X")
    if (places < 0).any():
        missing = y.index[places < 0]
        raise ValueError(
            f"X must have a row for each row of y, but it has none for {missing[0]} "
            f"({len(missing)} rows are missing); align X with X.reindex(y.index)"
        )
    return X.iloc[places].set_axis(y.index)


def numbers_of(frame: pd.DataFrame, name: str) -> np.ndarray:
    """A frame as float64, missing values as NaN."""
    refuse_complex(frame)
    try:
        return frame.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(
            f"{name} holds values that are not numbers ({error}); encode them as "
            "numbers, or leave these columns out"
        ) from error


def _finite(frame: pd.DataFrame, name: str) -> np.ndarray:
    values = numbers_of(frame, name)
    if not np.isfinite(values).all():
        row, column = np.argwhere(~np.isfinite(values))[0]
        raise ValueError(
            f"{name} holds NaN or infinity, first in column {frame.columns[column]!r} "
            f"at {frame.index[row]}; impute it first, for instance with sktime's "
            "Imputer or pandas' interpolate"
        )
    return values

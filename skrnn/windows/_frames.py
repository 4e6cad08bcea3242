"""The series of a table: their rows, and their times."""

from __future__ import annotations

import re
from calendar import day_abbr, day_name, month_abbr, month_name
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._warnings import warn
from ._validation import converted


@dataclass(frozen=True)
class Series:
    """The place of one series in a table."""

    key: Any  # its instance in a panel
    rows: slice
    times: Any  # None if the index holds no times
    kind: str | None  # of times, such as "datetime" or "period[M]"

    @property
    def n_rows(self) -> int:
        return self.rows.stop - self.rows.start


def is_panel(X: Any) -> bool:
    """Whether X is a pandas object with an (instance, time) MultiIndex."""
    return getattr(getattr(X, "index", None), "nlevels", 1) > 1


def has_time(X: Any) -> bool:
    """Whether X is a pandas object whose index measures time, panels included."""
    index = getattr(X, "index", None)
    if index is None or callable(index):
        return False
    last = index.get_level_values(-1)
    return is_panel(X) or (_kind(last) or "number") != "number"


def looks_like_series(X: Any) -> bool:
    """Whether the rows of a table seem to be time steps, and its columns features.

    Its index holds dates, periods or durations, and its column names do not name time
    steps: months, weekdays, or names that differ only in a number, like lags.
    """
    names = list(getattr(X, "columns", ()))
    if len(names) < 2 or is_panel(X) or not has_time(X):
        return False
    if not all(isinstance(name, str) for name in names):
        return False
    if len({re.sub(r"\d+", "", name) for name in names}) == 1:
        return False
    calendar = {*day_abbr, *day_name, *month_abbr, *month_name}
    return not {name.strip().title() for name in names} <= calendar


def series_of(X: Any, n_rows: int, warns: bool = True) -> list[Series]:
    """The series of a table: one, or one per instance of a pandas MultiIndex.

    Raises if the rows of an instance are not adjacent, a series is not in order of
    time, or its stamps repeat as if the table held several series. With ``warns``, a
    few repeated stamps are a warning.
    """
    if not is_panel(X):
        index = getattr(X, "index", None)
        series = [Series(None, slice(0, n_rows), *_times(index))]
        _check_repeats(index, series, warns)
        return series
    _check_level_order(X.index)
    if len(X) == 0:
        raise ValueError("the frame has no row (0 sample(s)); pass at least one")
    instances = X.index.droplevel(-1)
    times = X.index.get_level_values(-1)
    codes = instances.factorize()[0]
    if (codes < 0).any() or any(
        instances.get_level_values(i).hasnans for i in range(instances.nlevels)
    ):
        raise ValueError(
            "an instance label of the MultiIndex is missing (NaN); drop these rows, or "
            "give them a label"
        )
    first = np.flatnonzero(np.diff(codes, prepend=-1))
    if len(first) != codes.max(initial=-1) + 1:
        raise ValueError(
            "the rows of each instance must be adjacent and in order of time; sort "
            "them with X.sort_index(), and bring y into the same order"
        )
    bounds = zip(first, [*first[1:], len(codes)], strict=True)
    series = [
        Series(
            instances[start], slice(int(start), int(stop)), *_times(times[start:stop])
        )
        for start, stop in bounds
    ]
    _check_repeats(X.index, series, warns)
    return series


def _check_level_order(index: Any) -> None:
    """Raise if the time is not the last level of a MultiIndex."""
    kinds = [_kind(level) or "label" for level in index.levels]
    has_time_before = any(kind not in ("number", "label") for kind in kinds[:-1])
    if has_time_before and kinds[-1] in ("number", "label"):
        raise ValueError(
            f"the levels of the MultiIndex must be (instance, time), but {index.names} "
            "has the time first; use X.swaplevel().sort_index()"
        )


def frame_rows(
    frame: Any, dtype: Any = None, warns: bool = True
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, starts and lengths of the instances of an (instance, time) MultiIndex."""
    if not is_panel(frame):
        raise ValueError(
            "expected a DataFrame with an (instance, time) MultiIndex, got "
            f"{type(frame).__name__}; make one with frame.set_index([instance, time])"
        )
    refuse_complex(frame)
    is_float = dtype is not None and np.dtype(dtype).kind == "f"
    try:
        with np.errstate(over="ignore"):
            rows = frame.to_numpy(
                dtype=dtype if is_float else np.float64, na_value=np.nan
            )
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(
            "a column of the frame holds values that are not numbers; encode them as "
            f"numbers, or leave the column out ({error})"
        ) from error
    bounds = [one.rows for one in series_of(frame, len(frame), warns)]
    starts = np.array([one.start for one in bounds], dtype=np.int64)
    stops = np.array([one.stop for one in bounds], dtype=np.int64)
    rows = converted(rows.reshape(len(frame), -1), dtype)
    return rows, starts, stops - starts


def refuse_complex(frame: Any) -> None:
    """Raise before pandas drops the imaginary part of a DataFrame or Series."""
    columns = frame.dtypes if frame.ndim == 2 else [frame.dtype]
    if any(column.kind == "c" for column in columns):
        raise ValueError(
            "Complex data not supported: put the real and the imaginary part into "
            "separate columns"
        )


def instances_of(frame: Any) -> Any:
    """The instances of an (instance, time) MultiIndex, in their order."""
    return frame.index.droplevel(-1).unique()


def next_time_by(series: Series) -> Any:
    """The latest time at which a row still comes right after the series.

    It is one step of a regular calendar ahead, or else the largest gap in the series.
    None if there are no times, or a single row.
    """
    times = series.times
    if times is None or series.n_rows < 2:
        return None
    if series.kind == "datetime" and series.n_rows > 2:
        frequency = times.freq or times.inferred_freq
        if frequency is not None:
            return times[-1:].shift(1, freq=frequency)[0]
    gap = (times[1:] - times[:-1]).max()
    return times[-1] + (gap * (1 + 1e-9) if series.kind == "number" else gap)


def _times(index: Any) -> tuple[Any, str | None]:
    """The index if it measures time (dates, periods, numbers), and its kind."""
    if index is None or callable(index):  # list.index is a method
        return None, None
    given = index
    if index.inferred_type in ("date", "datetime"):  # Python objects
        index = index.astype("datetime64[ns]")
    kind = _kind(index)
    if kind is None:
        return None, None
    if index.hasnans:
        raise ValueError("a time in the index is missing (NaT or NaN); drop these rows")
    if kind.startswith("period") or index.dtype.kind in "iu":
        index = index.astype("int64")  # periods as integers, in their own frequency
    if not index.is_monotonic_increasing:
        if _are_stacked(_counts(index)):
            raise _stacked(given, int(np.argmax(index.duplicated(keep=False))))
        raise ValueError(
            "rows must be in order of time, but the index goes back; sort them with "
            "X.sort_index(), split without shuffling, or, if the index is not a time, "
            "drop it with X.reset_index(drop=True)"
        )
    return index, kind


def _kind(index: Any) -> str | None:
    if index.dtype.name.startswith("period"):
        return str(index.dtype)
    kinds = {"i": "number", "u": "number", "f": "number", "m": "timedelta"}
    if index.dtype.kind == "M":
        return "datetime"
    return kinds.get(index.dtype.kind)


def _check_repeats(index: Any, series: list[Series], warns: bool) -> None:
    """Raise, or warn, if stamps repeat within a series."""
    if any(one.times is None for one in series):
        if warns:
            _warn_of_labels(index)
        return
    repeating = [one for one in series if not one.times.is_unique]
    if not repeating:
        return
    first = repeating[0]
    row = first.rows.start + int(np.argmax(first.times.duplicated()))
    counts = np.concatenate([_counts(one.times) for one in series])
    if _are_stacked(counts):
        raise _stacked(index, row)
    if warns:
        warn(
            f"the index holds {(counts > 1).sum()} of its {len(counts)} stamps more "
            f"than once, the first is {_stamp(index, row)}; their rows are read one "
            "after the other, as steps of one series. Several series need an "
            "(instance, time) index; for one, number the rows: "
            "X.reset_index(drop=True)"
        )


def _warn_of_labels(index: Any) -> None:
    """Warn if labels that are not times, such as texts, repeat like stamps."""
    if index is None or callable(index) or index.is_unique:
        return
    if _are_stacked(_counts(index)):
        row = int(np.argmax(index.duplicated(keep=False)))
        warn(
            f"the labels in the index repeat, such as {_stamp(index, row)}, as if "
            "several series stood in one table; its rows are read as one. Give the "
            "table an (instance, time) index: X.set_index([instance, time]), with "
            "times by pd.to_datetime; if it is one series, drop the labels: "
            "X.reset_index(drop=True)"
        )


def _counts(times: Any) -> np.ndarray:
    """The count of each stamp, in order of the stamps."""
    codes = times.factorize()[0]
    return np.bincount(codes[codes >= 0])


def _are_stacked(counts: np.ndarray) -> bool:
    """Whether stamps repeat because the table holds several series, not by chance.

    Most of them repeat, and neighbours about equally often: counts of independent
    events have a mean squared difference of twice their mean.
    """
    if len(counts) < 3 or np.median(counts) < 2:
        return False
    return bool(np.square(np.diff(counts.astype(float))).mean() < counts.mean())


def _stacked(index: Any, row: int) -> ValueError:
    return ValueError(
        "expected the rows of one series, but most stamps in the index come several "
        f"times, such as {_stamp(index, row)}. {_remedy(index)}"
    )


def _stamp(index: Any, row: int) -> str:
    """The stamp of a row, and its instance."""
    if index.nlevels == 1:
        return str(index[row])
    *instance, time = index[row]
    return f"{time} of instance {', '.join(map(str, instance))}"


def _remedy(index: Any) -> str:
    text = (
        "If the table holds several series, move the column that tells them apart, "
        'say "shop", into an (instance, time) index, and bring y into the same order: '
        'X.set_index("shop", append=True).swaplevel().sort_index(). If it is one '
        "series, "
    )
    if index.nlevels == 1:
        return text + "drop the index: X.reset_index(drop=True)"
    levels = list(range(index.nlevels - 1))
    return text + (
        f"number its rows: X.set_index(X.groupby(level={levels}).cumcount(), "
        "append=True).droplevel(-2)"
    )

"""One series of the data that sktime's forecasters take and return."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd


def one_series(data: Any, name: str, instance: Any, variable: Any) -> pd.Series:
    """One column of one instance of a time series or panel, as floats."""
    if not isinstance(data, (pd.Series, pd.DataFrame)):
        raise TypeError(
            f"{name} should be a Series or DataFrame with the times as index, got "
            f"{type(data).__name__}"
        )
    data = _one_instance(data, name, instance)
    if isinstance(data, pd.DataFrame):
        column = _chosen(list(data.columns), name, "variable", variable)
        data = data.iloc[:, column]
    return data.astype(float)


def one_fan(frame: Any, instance: Any, variable: Any) -> pd.DataFrame:
    """Intervals of one series, with columns (coverage, "lower" or "upper").

    ``frame`` is what ``predict_interval`` or ``predict_quantiles`` returns. The widest
    interval comes first.
    """
    if not isinstance(frame, pd.DataFrame) or frame.columns.nlevels not in (2, 3):
        raise TypeError(
            "intervals should be a DataFrame as predict_interval or predict_quantiles "
            f"returns it, with columns of 3 or 2 levels; got {type(frame).__name__}"
        )
    frame = _one_instance(frame, "intervals", instance)
    variables = list(frame.columns.unique(0))
    place = _chosen(variables, "intervals", "variable", variable)
    frame = frame.loc[:, frame.columns.get_level_values(0) == variables[place]]
    frame = frame.droplevel(0, axis=1)
    fan = frame if frame.columns.nlevels == 2 else _pairs_of_quantiles(frame)
    coverages = sorted(set(fan.columns.get_level_values(0)), reverse=True)
    ordered = [(c, bound) for c in coverages for bound in ("lower", "upper")]
    return fan.astype(float)[ordered]


def naive_forecast(
    history: pd.Series, index: pd.Index, season_length: int
) -> pd.Series:
    """For each time, the newest known value that is whole seasons before it.

    ``season_length=1`` repeats the last value. Times within the history get the value
    of a season before.
    """
    ahead = _rows_ahead(history.index, index)
    n_seasons = np.maximum(-(-ahead // season_length), 1)
    place = len(history) - 1 + ahead - n_seasons * season_length
    values = np.full(len(index), np.nan)
    is_known = (place >= 0) & (place < len(history))
    values[is_known] = history.to_numpy()[place[is_known]]
    return pd.Series(values, index)


def times_of(index: pd.Index) -> Any:
    """Times as matplotlib draws them; a period is at its start."""
    return index.to_timestamp() if isinstance(index, pd.PeriodIndex) else index


def check_same_times(named: dict[str, Any]) -> None:
    """Raise if the times are of different kinds, such as dates and numbers."""
    kinds = {name: _kind(data.index) for name, data in named.items()}
    if len(set(kinds.values())) > 1:
        told = ", ".join(f"{name} has {kind}" for name, kind in kinds.items())
        raise ValueError(f"the times should all be of one kind, but {told}")


def _kind(index: pd.Index) -> str:
    if isinstance(index, pd.PeriodIndex):
        return f"periods of {index.freqstr}"
    if isinstance(index, pd.DatetimeIndex):
        return "dates" if index.tz is None else f"dates in {index.tz}"
    if pd.api.types.is_numeric_dtype(index):
        return "numbers"
    return f"an index of {index.dtype}"


def _one_instance(data: Any, name: str, instance: Any) -> Any:
    if data.index.nlevels == 1:
        return data
    keys = data.index.droplevel(-1)
    names = list(keys.unique())
    place = _chosen(names, name, "instance", instance)
    is_chosen = np.array([key == names[place] for key in keys])
    chosen = data[is_chosen]
    return chosen.set_axis(chosen.index.get_level_values(-1))


def _chosen(found: list, name: str, parameter: str, wanted: Any) -> int:
    """The index of the wanted series; a single one needs no choice."""
    if wanted is None and len(found) == 1:
        return 0
    if len(found) == 1 and found[0] in (0, None):
        return 0  # sktime calls a series without a name 0
    if wanted in found:
        return found.index(wanted)
    some = ", ".join(map(repr, found[:5])) + (", …" if len(found) > 5 else "")
    what = "columns" if parameter == "variable" else "instances"
    problem = f"choose one by {parameter}="
    if wanted is not None:
        problem = f"not {parameter}={wanted!r}"
    raise ValueError(f"{name} has the {what} {some}; {problem}")


def _pairs_of_quantiles(frame: pd.DataFrame) -> pd.DataFrame:
    levels = {round(float(level), 10): level for level in frame.columns}
    pairs = {}
    for low, column in levels.items():
        high = round(1 - low, 10)
        if low < 0.5 and high in levels:
            coverage = round(high - low, 10)
            pairs[coverage, "lower"] = frame[column]
            pairs[coverage, "upper"] = frame[levels[high]]
    if not pairs:
        raise ValueError(
            f"the quantiles {list(frame.columns)} do not form an interval; pass levels "
            "in pairs, such as 0.05 and 0.95"
        )
    return pd.DataFrame(pairs)


def _rows_ahead(known: pd.Index, index: pd.Index) -> np.ndarray:
    """Rows from the last known row to each time; 0 or less if the time is known."""
    last, end = known[-1], max(index.max(), known[-1])
    if isinstance(known, pd.PeriodIndex):
        after = pd.period_range(last, end, freq=known.freq)
    elif isinstance(known, pd.DatetimeIndex):
        frequency = known.freq or (pd.infer_freq(known) if len(known) > 2 else None)
        if frequency is None:
            raise ValueError(
                "the dates of the history have no frequency, so the rows ahead cannot "
                "be counted for a naive forecast; use y.asfreq(...), or set "
                "season_length=None to draw no naive forecast"
            )
        after = pd.date_range(last, end, freq=frequency)
    else:
        step = known[-1] - known[-2] if len(known) > 1 else 1
        after = pd.Index(np.arange(last, end + step / 2, step))
    ahead = after.get_indexer(index)
    within = known.get_indexer(index)
    if ((ahead < 0) & (within < 0)).any():
        odd = index[(ahead < 0) & (within < 0)][0]
        raise ValueError(
            f"the forecast has {odd}, which is not a time of the series if it "
            f"continues after {last} as before; set season_length=None to draw no "
            "naive forecast"
        )
    return np.where(within >= 0, within - (len(known) - 1), ahead)

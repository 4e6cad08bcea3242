"""Times, indices and tables of pandas as arrays and strings, and back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import time, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from pandas import offsets
from pandas.tseries.frequencies import to_offset

_TEXTS = ("object", "str", "string")


def describe(value: Any) -> tuple[str, dict[str, Any]] | None:
    """Kind and content of a pandas object; None if its kind is unknown."""
    if value is pd.NaT:
        return "not a time", {}
    if isinstance(value, pd.Timestamp):
        zone = _zone_name(value.tz)
        content = {"count": int(value.asm8.view("i8")), "unit": value.unit}
        return None if zone is None else ("timestamp", {**content, "zone": zone})
    if isinstance(value, pd.Timedelta):
        return "timedelta", {"count": int(value.asm8.view("i8")), "unit": value.unit}
    if isinstance(value, pd.Period):
        return "period", {"ordinal": int(value.ordinal), "freq": value.freqstr}
    if isinstance(value, pd.offsets.BaseOffset):
        step = _describe_offset(value)
        return None if step is None else ("step", step)
    if isinstance(value, pd.MultiIndex):
        return "levels", {
            "levels": list(value.levels),
            "codes": [np.asarray(codes) for codes in value.codes],
            "names": list(value.names),
        }
    if isinstance(value, pd.Index):
        return _describe_index(value)
    if isinstance(value, pd.DataFrame):
        return _describe_frame(value)
    return None


def _describe_index(index: Any) -> tuple[str, dict[str, Any]] | None:
    name = {"name": index.name}
    if isinstance(index, pd.RangeIndex):
        bounds = {"start": index.start, "stop": index.stop, "step": index.step}
        return "range", bounds | name
    if isinstance(index, pd.PeriodIndex):
        return "periods", {"ordinals": index.asi8, "freq": index.freqstr} | name
    if isinstance(index, pd.DatetimeIndex | pd.TimedeltaIndex):
        freq = None if index.freq is None else _describe_offset(index.freq)
        content = {"counts": index.asi8, "unit": index.unit, "freq": freq or ""} | name
        if isinstance(index, pd.TimedeltaIndex):
            return "timedeltas", content
        zone = _zone_name(index.tz)
        return None if zone is None else ("timestamps", content | {"zone": zone})
    if isinstance(index, pd.CategoricalIndex):
        parts = {"categories": index.categories, "codes": np.asarray(index.codes)}
        return "categories", parts | {"ordered": bool(index.ordered)} | name
    if isinstance(index.dtype, np.dtype) and index.dtype.kind in "biuf":
        return "numbers", {"values": index.to_numpy()} | name
    if str(index.dtype) in _TEXTS:
        return "labels", {"values": list(index), "dtype": str(index.dtype)} | name
    return None


def _describe_frame(frame: Any) -> tuple[str, dict[str, Any]] | None:
    columns = []
    for place in range(frame.shape[1]):
        column = frame.iloc[:, place]
        if not isinstance(column.dtype, np.dtype):  # of pandas' own, NA included
            try:
                column = column.astype("float64")
            except (TypeError, ValueError):
                return None
        if column.dtype.kind not in "biuf":
            return None
        columns.append(column.to_numpy())
    content = {"columns": columns, "names": frame.columns, "index": frame.index}
    return "table", content


def _describe_offset(step: Any) -> dict[str, Any] | None:
    """A step as data: its name, or its class and arguments, as numbers and texts."""
    try:
        if to_offset(step.freqstr) == step:
            return {"freq": step.freqstr}
    except ValueError:
        pass  # a name such as "<DateOffset: days=3>" cannot be read
    kind = type(step).__name__
    if getattr(offsets, kind, None) is not type(step):
        return None
    own = {name: _as_text(v) for name, v in step.kwds.items() if name != "calendar"}
    if any(value is None for value in own.values()):
        return None
    return {"kind": kind, "n": int(step.n), "normalize": bool(step.normalize), **own}


def _as_text(value: Any) -> Any:
    """An argument of an offset: a number, a text, or texts; None for anything else."""
    if isinstance(value, tuple):  # an offset with holidays or hours
        return [str(_as_text(item)) for item in value]
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, time):
        return value.strftime("%H:%M")
    if isinstance(value, np.datetime64):
        return str(value)
    return value if isinstance(value, int | str) else None


def _zone_name(zone: Any) -> str | None:
    """Name of a time zone, or its seconds from UTC, "" without one; None if unknown."""
    if zone is None:
        return ""
    name = getattr(zone, "key", None) or getattr(zone, "zone", None)
    if name is not None:
        return str(name)
    shift = zone.utcoffset(None)
    return None if shift is None else f"{shift.total_seconds():g}"


def _zone(name: str) -> Any:
    try:
        return timezone(timedelta(seconds=float(name)))
    except ValueError:
        return ZoneInfo(name)


def _timestamp(count: int, unit: str, zone: str) -> Any:
    moment = pd.Timestamp(np.array(count).view(f"M8[{unit}]")[()])
    return moment.tz_localize("UTC").tz_convert(_zone(zone)) if zone else moment


def _timestamps(counts: Any, unit: str, freq: Any, zone: str, name: Any) -> Any:
    index = pd.DatetimeIndex(counts.view(f"M8[{unit}]"), name=name)
    if zone:
        index = index.tz_localize("UTC").tz_convert(_zone(zone))
    return _with_freq(index, freq)


def _timedeltas(counts: Any, unit: str, freq: Any, name: Any) -> Any:
    index = pd.TimedeltaIndex(counts.view(f"m8[{unit}]"), name=name)
    return _with_freq(index, freq)


def _with_freq(index: Any, freq: Any) -> Any:
    """The index with a freq: a text, or the content of a step; "" without one."""
    with suppress(ValueError):  # pandas refuses some that it has made itself
        index.freq = _step(**freq) if isinstance(freq, dict) else freq or None
    return index


def _periods(ordinals: Any, freq: str, name: Any) -> Any:
    return pd.PeriodIndex.from_ordinals(ordinals, freq=freq, name=name)


def _levels(levels: list, codes: list, names: list) -> Any:
    return pd.MultiIndex(levels=levels, codes=codes, names=names)


def _categories(categories: Any, codes: Any, ordered: bool, name: Any) -> Any:
    values = pd.Categorical.from_codes(codes, categories=categories, ordered=ordered)
    return pd.CategoricalIndex(values, name=name)


def _labels(values: list, dtype: str, name: Any) -> Any:
    if dtype not in _TEXTS:
        raise ValueError(f"labels of dtype {dtype!r}, expected one of {_TEXTS}")
    return pd.Index(values, dtype=dtype, name=name, tupleize_cols=False)


def _table(columns: list, names: Any, index: Any) -> Any:
    frame = pd.DataFrame(dict(enumerate(columns)), index=index)
    return frame.set_axis(names, axis=1)


def _period(ordinal: int, freq: str) -> Any:
    return pd.Period(ordinal=ordinal, freq=freq)


def _range(start: int, stop: int, step: int, name: Any) -> Any:
    return pd.RangeIndex(start, stop, step, name=name)


def _not_a_time() -> Any:
    return pd.NaT


def _timedelta(count: int, unit: str) -> Any:
    return pd.Timedelta(np.array(count).view(f"m8[{unit}]")[()])


def _numbers(values: Any, name: Any) -> Any:
    return pd.Index(values, name=name)


def _step(
    freq: str = "", kind: str = "", n: int = 1, normalize: bool = False, **own: Any
) -> Any:
    if freq:
        return to_offset(freq)
    found = getattr(offsets, kind, None)
    if not (isinstance(found, type) and issubclass(found, offsets.BaseOffset)):
        raise ValueError(f"{kind!r} is not an offset of pandas")
    if "offset" in own:
        own["offset"] = timedelta(seconds=own["offset"])
    return found(n, normalize, **own)


_BUILDERS: dict[str, Callable[..., Any]] = {
    "not a time": _not_a_time,
    "timestamp": _timestamp,
    "timedelta": _timedelta,
    "period": _period,
    "step": _step,
    "levels": _levels,
    "range": _range,
    "periods": _periods,
    "timestamps": _timestamps,
    "timedeltas": _timedeltas,
    "categories": _categories,
    "numbers": _numbers,
    "labels": _labels,
    "table": _table,
}


def rebuild(kind: str, content: dict[str, Any]) -> Any:
    """The object that :func:`describe` was given.

    Raises
    ------
    ValueError
        If the kind is unknown, or the content does not fit it.
    """
    if kind not in _BUILDERS:
        raise ValueError(
            f"the file holds data of a kind that this version of skrnn does not know, "
            f"{kind!r}; it is damaged, or was written by a newer version"
        )
    return _BUILDERS[kind](**content)

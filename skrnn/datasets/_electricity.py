"""Hourly electricity demand with temperature."""

from __future__ import annotations

from typing import Any

from sklearn.utils import Bunch

from ._files import read_description, read_table

_TARGET = "demand"
_FEATURES = ["temp_min", "temp_max", "holiday"]


def load_electricity(*, return_X_y: bool = False, as_frame: bool = True) -> Any:
    """Load the hourly electricity demand in the Carolinas, 2019-03-11 to 2020-12-30.

    ============ ====================================================
    Rows         15,864 hours, without a gap
    Columns      3 (the day's temperatures in degrees C, its holiday)
    Target       the demand in the same hour, in megawatts
    ============ ====================================================

    Parameters
    ----------
    return_X_y : bool, default=False
        If True, return ``(data, target)`` instead of a Bunch.
    as_frame : bool, default=True
        If True, ``data`` is a DataFrame with a DatetimeIndex of ``freq="h"`` and
        ``target`` and ``forecast`` are Series. If False, all are NumPy arrays.

    Returns
    -------
    electricity : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        data : DataFrame or ndarray of shape (15864, 3)
            temp_min and temp_max, the lowest and highest temperature of the day in
            degrees Celsius, and holiday, 1 on federal holidays, else 0.
        target : Series or ndarray of shape (15864,)
            Demand in megawatts.
        frame : DataFrame of shape (15864, 4), or None
            demand, temp_min, temp_max and holiday, if ``as_frame``.
        forecast : Series or ndarray of shape (15864,)
            Forecast of the grid operator on the day before, in megawatts, for
            comparison. NaN in two hours, before 2020-11-02.
        feature_names : list of str
        target_name : str
        DESCR : str
            Source, licence, and what was changed.
    (data, target) : tuple
        If ``return_X_y``.

    Notes
    -----
    Times are the starts of the hours in Eastern Standard Time (UTC-5), in summer too,
    and have no time zone attached. ``data`` holds no features of the calendar: they
    follow from the index.

    Temperatures are measured ones. As covariates known in advance they are a perfect
    weather forecast.

    In the last eight weeks, from 2020-11-05, the demand in the same hour a week before
    is off by 11.3 % on average, the forecast of the operator by 2.5 %.

    Examples
    --------
    >>> from skrnn.datasets import load_electricity
    >>> frame = load_electricity().frame
    >>> frame.loc["2019-07-16 15:00"].tolist()
    [20597.0, 21.1, 34.4, 0.0]
    >>> frame.index.freqstr
    'h'
    """
    table = read_table("electricity", parse_dates=["time"], index_col="time")
    table = table.asfreq("h").astype("float64")
    data, target = table[_FEATURES], table[_TARGET]
    forecast = table["operator_forecast"]
    if not as_frame:
        data, target, forecast = data.to_numpy(), target.to_numpy(), forecast.to_numpy()
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        frame=table[[_TARGET, *_FEATURES]] if as_frame else None,
        forecast=forecast,
        feature_names=list(_FEATURES),
        target_name=_TARGET,
        DESCR=read_description("electricity"),
    )

"""Daily stock prices."""

from __future__ import annotations

from typing import Any

from sklearn.utils import Bunch

from ._files import read_description, read_table

_SYMBOLS = ("IBM", "MSFT")
_COLUMNS = ["Open", "High", "Low", "Close", "Adj Close", "Volume"]


def load_stocks(
    symbol: str = "IBM", *, return_X_y: bool = False, as_frame: bool = True
) -> Any:
    """Load the daily records of IBM or MSFT, 2000-03-01 to 2013-03-01.

    ============ =========================================
    Rows         3,270 trading days
    Columns      6 (prices in US dollars, volume in shares)
    Target       the next trading day's close, in dollars
    ============ =========================================

    Parameters
    ----------
    symbol : {"IBM", "MSFT"}, default="IBM"
        Which company.
    return_X_y : bool, default=False
        If True, return ``(data, target)`` instead of a Bunch.
    as_frame : bool, default=True
        If True, ``data`` is a DataFrame with a DatetimeIndex and ``target`` a
        Series. If False, both are NumPy arrays.

    Returns
    -------
    stocks : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        data : DataFrame or ndarray of shape (3269, 6)
            Open, High, Low, Close, Adj Close and Volume of each day but the last.
        target : Series or ndarray of shape (3269,)
            Close of the trading day after.
        frame : DataFrame of shape (3270, 6), or None
            All days, the last one included, if ``as_frame``.
        feature_names : list of str
        target_name : str
        DESCR : str
            Source, licence, and what is adjusted for splits.
    (data, target) : tuple
        If ``return_X_y``.

    Raises
    ------
    ValueError
        If the symbol is unknown.

    Notes
    -----
    Open, High, Low and Close are as traded; Adj Close accounts for dividends and
    splits. MSFT split two for one on 2003-02-18, so its unadjusted prices halve; IBM
    did not split in these years.

    Examples
    --------
    >>> from skrnn.datasets import load_stocks
    >>> load_stocks("IBM").frame["Close"].head(3).tolist()
    [100.25, 103.12, 108.0]
    """
    if symbol not in _SYMBOLS:
        raise ValueError(f"symbol must be one of {list(_SYMBOLS)}, got {symbol!r}")
    table = read_table("stocks", parse_dates=["Date"])
    frame = table[table["Symbol"] == symbol].set_index("Date")
    frame = frame[_COLUMNS].astype("float64")
    data = frame.iloc[:-1]
    target = frame["Close"].shift(-1).iloc[:-1].rename("next Close")
    if not as_frame:
        data, target = data.to_numpy(), target.to_numpy()
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        frame=frame if as_frame else None,
        feature_names=list(_COLUMNS),
        target_name="next Close",
        DESCR=read_description("stocks"),
    )

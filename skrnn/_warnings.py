"""Warnings that point at the line of the user."""

from __future__ import annotations

import sys
import warnings

# between the user and us: they call our methods, or we are called through them
_BETWEEN = {
    "skrnn",
    "sklearn",
    "sktime",
    "skbase",
    "skpro",
    "skorch",
    "mlforecast",
    "skforecast",
    "skops",
    "torch",
    "numpy",
    "pandas",
    "scipy",
    "joblib",
    "pickle",
    "copy",
    "contextlib",
    "functools",
}


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the nearest line outside our code and the libraries we work with.

    Parameters
    ----------
    message : str
        What was expected, what came, and what mends it.
    category : type of Warning, default=UserWarning
    """
    level = 1
    frame = sys._getframe()
    while frame.f_back is not None:
        package = frame.f_globals.get("__name__", "").partition(".")[0]
        if package not in _BETWEEN:
            break
        frame = frame.f_back
        level += 1
    warnings.warn(message, category, stacklevel=level)

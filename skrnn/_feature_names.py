"""The names of the features that an estimator was fitted on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import _check_feature_names

from ._warnings import warn


def check_feature_names(
    estimator: Any, names: list[Any] | None, *, reset: bool
) -> None:
    """Set ``feature_names_in_`` if ``reset``, compare with it otherwise.

    As in scikit-learn's tables, other names or another order are an error. Names on one
    side only are a warning, unless a single feature gets them later.

    Parameters
    ----------
    estimator : object
    names : list or None
        Names of the features, as :func:`~skrnn.windows.feature_names` reads them.
    reset : bool
    """
    was_given = getattr(estimator, "feature_names_in_", None) is not None
    if reset or (was_given and names is not None):
        table = np.empty((1, 1)) if names is None else pd.DataFrame(columns=names)
        _check_feature_names(estimator, table, reset=reset)
        return
    name = type(estimator).__name__
    if was_given:
        warn(
            f"X does not have valid feature names, but {name} was fitted with feature "
            "names"
        )
    elif names is not None and len(names) > 1:
        warn(f"X has feature names, but {name} was fitted without feature names")

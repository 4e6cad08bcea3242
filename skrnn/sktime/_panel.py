"""From sktime's panels to the sequences of our estimators."""

from __future__ import annotations

from typing import Any

import numpy as np
from sktime.datatypes import convert

from .._feature_names import check_feature_names
from ..windows import feature_names


def sequences_of(estimator: Any, X: Any, mtype: str) -> Any:
    """Sequences in the axis order (sample, time, feature).

    Sets ``feature_names_in_`` on an estimator that is being fitted, compares with it
    otherwise.

    Parameters
    ----------
    estimator : BaseClassifier or BaseRegressor
        Of sktime.
    X : panel of time series
        Of any type that sktime knows as a panel; an array is (instance, variable,
        time).
    mtype : str
        sktime's name of that type.

    Returns
    -------
    sequences : ndarray of shape (n_samples, n_timesteps, n_features), or list
        A list of arrays (n_timesteps_i, n_features) if lengths differ.

    Raises
    ------
    ValueError
        If the variables have other names than in ``fit``, or another order.
    """
    names = None
    if mtype != "numpy3D":
        frames = convert(X, from_type=mtype, to_type="df-list", as_scitype="Panel")
        if not mtype.startswith("numpy"):  # else the names are made up
            names = feature_names(frames)
    check_feature_names(estimator, names, reset=not estimator.is_fitted)
    if mtype == "numpy3D":
        return np.swapaxes(X, 1, 2)
    sequences = [frame.to_numpy() for frame in frames]
    if len({len(sequence) for sequence in sequences}) == 1:
        return np.stack(sequences)
    return sequences

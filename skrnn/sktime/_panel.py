"""From sktime's panels to the sequences of our estimators."""

from __future__ import annotations

from typing import Any

import numpy as np
from sktime.datatypes import convert


def sequences_of(X: Any, mtype: str) -> Any:
    """Sequences in the axis order (sample, time, feature).

    Parameters
    ----------
    X : panel of time series
        Of any type that sktime knows as a panel; an array is (instance, variable,
        time).
    mtype : str
        sktime's name of that type.

    Returns
    -------
    sequences : ndarray of shape (n_samples, n_timesteps, n_features), or list
        A list of arrays (n_timesteps_i, n_features) if lengths differ.
    """
    if mtype == "numpy3D":
        return np.swapaxes(X, 1, 2)
    frames = convert(X, from_type=mtype, to_type="df-list", as_scitype="Panel")
    sequences = [frame.to_numpy() for frame in frames]
    if len({len(sequence) for sequence in sequences}) == 1:
        return np.stack(sequences)
    return sequences

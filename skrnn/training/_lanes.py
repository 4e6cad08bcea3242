"""Pieces of one series in lanes that run side by side."""

from __future__ import annotations

import numpy as np

_MOST_LANES = 200
_SHORTEST_LANE = 10  # samples, where nobody says otherwise


def auto_lanes(n_samples: int) -> int:
    """How many lanes, of which each still hands its state on many times."""
    return max(1, min(_MOST_LANES, n_samples // _SHORTEST_LANE))


def plan_lanes(n_samples: int, n_lanes: int) -> tuple[np.ndarray, list[int]]:
    """The order in which an epoch visits the samples, and the sizes of its batches.

    The samples are cut into ``n_lanes`` stretches, each as long as the others but the
    last, which may be shorter; there may be fewer of them where the samples do not
    suffice. A batch holds the next sample of each lane, in order of the lanes, so that
    those of a lane that has ended are missing at the end.

    Returns
    -------
    order : ndarray of int, shape (n_samples,)
    sizes : list of int
    """
    length = -(-n_samples // n_lanes)
    batches = [np.arange(first, n_samples, length) for first in range(length)]
    return np.concatenate(batches), [len(batch) for batch in batches]

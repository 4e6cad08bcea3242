"""The order in which samples are visited."""

from __future__ import annotations

from typing import Any

import numpy as np

_FIELDS = ("kind", "key", "position", "has_normal", "normal")


class Shuffling:
    """Draws an order for each epoch, and remembers it.

    Parameters
    ----------
    random_state : numpy.random.RandomState
    """

    def __init__(self, random_state: np.random.RandomState) -> None:
        self.random_state = random_state
        self.order: np.ndarray | None = None

    def next_order(self, n_samples: int, goes_on: bool) -> np.ndarray:
        """A new order, drawn from that of the last epoch if it goes on from there."""
        order = self.random_state.permutation(n_samples)
        if goes_on:
            order = order if self.order is None else self.order[order]
            self.order = order
        return order

    def state_dict(self) -> dict[str, Any]:
        """Where it stands."""
        return {"order": self.order, "random_state": random_state_at(self.random_state)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where :meth:`state_dict` was taken."""
        self.order = state["order"]
        self.random_state.set_state(tuple(state["random_state"].values()))


def random_state_at(random_state: np.random.RandomState) -> dict[str, Any]:
    """Where a generator stands, by name."""
    return dict(zip(_FIELDS, random_state.get_state(legacy=True), strict=True))

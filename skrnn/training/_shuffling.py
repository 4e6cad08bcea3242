"""The order in which samples are visited."""

from __future__ import annotations

from typing import Any

import numpy as np


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
        position = self.random_state.get_state(legacy=False)
        return {"order": self.order, "random_state": position}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where :meth:`state_dict` was taken."""
        self.order = state["order"]
        self.random_state.set_state(state["random_state"])

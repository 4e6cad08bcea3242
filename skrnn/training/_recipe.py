"""What "auto" stands for in the training of recurrent networks, counted in updates.

A network learns by updates, not by epochs: thirty samples in one batch make a single
update an epoch. So small sets get small batches and many epochs, and large ones large
batches and few epochs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from ._batches import auto_lanes
from ._settings import Settings

SMALLEST_BATCH, LARGEST_BATCH = 16, 256
BATCHES = 50  # in an epoch, while batches may grow
NORMED_BATCH = 16  # of a network with batch norms: any engine holds it in one block
FEWEST_EPOCHS = 5
CYCLES = 4  # of a trial
PATIENCE = 300  # updates without improvement
SHORTEST_PATIENCE = 10  # epochs
_ITERATIONS = 200  # of "lbfgs"


class Budget(NamedTuple):
    """How long to train: epochs at most, but so many that there are these updates.

    All epochs together visit at most so many samples.
    """

    epochs: int
    updates: int
    visits: int = 2_000_000

    def epochs_for(self, n_samples: int, n_batches: int) -> int:
        """More for few updates, fewer for many samples."""
        n_epochs = min(self.epochs, self.visits // n_samples)
        return max(n_epochs, FEWEST_EPOCHS, -(-self.updates // n_batches))


NUMBERS = Budget(epochs=375, updates=1500)  # to learn
CLASSES = Budget(epochs=40, updates=1000, visits=500_000)

# what "auto" is, for the docstrings of the parameters
RECIPE = {
    "batch_size": f"makes about {BATCHES} batches of the samples, each of "
    f"{SMALLEST_BATCH} to {LARGEST_BATCH} (a power of two), but of {NORMED_BATCH} with "
    "conv_norm; on a GPU set more",
    "max_iter": f"is up to {NUMBERS.epochs} ({CLASSES.epochs} for classes), but for "
    f"few samples so many that they make {NUMBERS.updates:,} ({CLASSES.updates:,}) "
    f"updates, and for many so few that they visit {NUMBERS.visits:,} "
    f"({CLASSES.visits:,})",
    "n_iter_no_change": f"is {PATIENCE} updates, but at least {SHORTEST_PATIENCE} "
    "epochs",
}


def planned(
    settings: Settings,
    n_samples: int,
    budget: Budget = NUMBERS,
    *,
    is_one_series: bool = False,
    has_norms: bool = False,
) -> Settings:
    """The settings with numbers in the places of "auto", for so many samples.

    If these are the pieces of one series, a batch has a piece of each lane. Batches are
    small if the network has batch norms.
    """
    is_lbfgs = settings.solver == "lbfgs"
    size = settings.batch_size
    if size == "auto":
        size = (auto_lanes if is_one_series else auto_batch_size)(n_samples)
        size = min(size, NORMED_BATCH) if has_norms else size
    size = n_samples if is_lbfgs else min(int(size), n_samples)
    n_batches = -(-n_samples // size)
    n_epochs, patience = settings.max_iter, settings.n_iter_no_change
    if n_epochs == "auto":
        n_epochs = budget.epochs_for(n_samples, n_batches)
        n_epochs = _ITERATIONS if is_lbfgs else n_epochs
    if patience == "auto":
        patience = max(SHORTEST_PATIENCE, -(-PATIENCE // n_batches))
    return replace(
        settings, batch_size=size, max_iter=n_epochs, n_iter_no_change=patience
    )


def auto_batch_size(n_samples: int) -> int:
    """The power of two that makes about ``BATCHES`` batches, within its limits."""
    size = SMALLEST_BATCH
    while size < LARGEST_BATCH and n_samples >= 2 * size * BATCHES:
        size *= 2
    return size


def trial_cycles(
    settings: Settings, n_samples: int, budget: Budget, *, has_norms: bool = False
) -> list[int]:
    """Epochs of the cycles of a trial: each is twice as long as the one before.

    Together they have ``max_iter`` epochs. There is one cycle if that is a
    number, or the solver is L-BFGS.
    """
    n_epochs = planned(settings, n_samples, budget, has_norms=has_norms).max_iter
    if settings.max_iter != "auto" or settings.solver == "lbfgs":
        return [n_epochs]
    length = max(1, n_epochs // (2**CYCLES - 1))
    cycles: list[int] = []
    while len(cycles) < CYCLES - 1 and sum(cycles) + length < n_epochs:
        cycles.append(length)
        length *= 2
    return [*cycles, n_epochs - sum(cycles)]

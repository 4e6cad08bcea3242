"""What "auto" stands for in the training of recurrent networks, counted in updates.

A network learns by updates, not by epochs: thirty samples in one batch make a single
update an epoch. So small sets get small batches and many epochs, and large ones large
batches and few epochs.
"""

from __future__ import annotations

from dataclasses import replace

from ._batches import auto_lanes
from ._settings import Settings

SMALLEST_BATCH, LARGEST_BATCH = 16, 256
BATCHES = 30  # in an epoch, while batches may grow
FEWEST_UPDATES = 1500
EPOCHS = 100, 10  # of small and large sets, at most and at least
MOST_VISITS = 2_000_000  # of samples, in all epochs together
PATIENCE, FEWEST_EPOCHS = 300, 10  # updates and epochs without improvement
_ITERATIONS = 200  # of "lbfgs"


def planned(
    settings: Settings, n_samples: int, *, is_one_series: bool = False
) -> Settings:
    """The settings with numbers in the places of "auto", for so many samples.

    If these are the pieces of one series, a batch has a piece of each lane.
    """
    size = settings.batch_size
    if size == "auto":
        size = (auto_lanes if is_one_series else auto_batch_size)(n_samples)
    size = n_samples if settings.solver == "lbfgs" else min(int(size), n_samples)
    n_batches = -(-n_samples // size)
    n_epochs, patience = settings.max_iter, settings.n_iter_no_change
    if n_epochs == "auto":
        is_lbfgs = settings.solver == "lbfgs"
        n_epochs = _ITERATIONS if is_lbfgs else auto_epochs(n_samples, n_batches)
    if patience == "auto":
        patience = max(FEWEST_EPOCHS, -(-PATIENCE // n_batches))
    return replace(
        settings, batch_size=size, max_iter=n_epochs, n_iter_no_change=patience
    )


def auto_batch_size(n_samples: int) -> int:
    """The power of two that makes about thirty batches, from 16 to 256."""
    size = SMALLEST_BATCH
    while size < LARGEST_BATCH and n_samples >= 2 * size * BATCHES:
        size *= 2
    return size


def auto_epochs(n_samples: int, n_batches: int) -> int:
    """A hundred epochs; more for few updates, fewer for many samples."""
    most, least = EPOCHS
    n_epochs = max(least, min(most, MOST_VISITS // n_samples))
    return max(n_epochs, -(-FEWEST_UPDATES // n_batches))

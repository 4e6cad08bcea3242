"""Which samples stand together in a batch, and how little of it is padding."""

from __future__ import annotations

import numpy as np

from ..modules import Segments

_JITTER = 0.25  # how far, relative to its length, a sequence may stray from its like
_PADDING = 0.08  # share of a segment's work that may be padding
_SHORTEST_SEGMENT = 32  # steps; shorter ones cost more to start than they save


def batch_sizes(n_samples: int, batch_size: int) -> list[int]:
    """Sizes of the batches of an epoch, the last one what is left."""
    n_full, n_rest = divmod(n_samples, batch_size)
    return [batch_size] * n_full + [n_rest] * (n_rest > 0)


def plan_batches(
    lengths: np.ndarray, batch_size: int, random_state: np.random.RandomState | None
) -> tuple[np.ndarray, np.ndarray]:
    """The order in which an epoch visits sequences, and the sizes of its batches.

    Sequences of unequal length are drawn into batches of similar length; within each,
    the longest comes first. The batches come in random order, and one that is smaller
    than the others, whose samples weigh more, is drawn from all lengths: each sample is
    as likely at one place of the epoch as at another.

    Parameters
    ----------
    lengths : ndarray of int, shape (n_samples,)
    batch_size : int
    random_state : numpy.random.RandomState or None
        None keeps the samples of each batch, and the batches, in the order given.

    Returns
    -------
    order : ndarray of int, shape (n_samples,)
    sizes : ndarray of int, shape (n_batches,)
    """
    n_samples = len(lengths)
    sizes = np.array(batch_sizes(n_samples, batch_size))
    if random_state is None:
        return _longest_first(np.arange(n_samples), lengths, sizes), sizes
    order = random_state.permutation(n_samples)
    n_rest = n_samples % batch_size
    rest, others = order[:n_rest], order[n_rest:]
    stray = random_state.uniform(1, 1 + _JITTER, len(others))
    others = others[np.argsort(lengths[others] * stray)]
    batches = [*others.reshape(-1, batch_size), *([rest] if n_rest else [])]
    sequence = random_state.permutation(len(batches))
    order = np.concatenate([batches[i] for i in sequence])
    sizes = sizes[sequence]
    return _longest_first(order, lengths, sizes), sizes


def _longest_first(
    order: np.ndarray, lengths: np.ndarray, sizes: np.ndarray
) -> np.ndarray:
    """The same batches, each sorted by length."""
    batch = np.repeat(np.arange(len(sizes)), sizes)
    return order[np.lexsort((-lengths[order], batch))]


def cut_segments(lengths: np.ndarray) -> Segments | None:
    """Stretches of time in which a batch, longest first, is computed at one width.

    Sequences that have ended drop out from one segment to the next, so that at most a
    small share of the work is padding. None means one stretch for all.

    Returns
    -------
    segments : list of (n_alive, stop), or None
        The first ``n_alive`` samples are computed up to step ``stop``.
    """
    ends, counts = np.unique(lengths, return_counts=True)  # ascending
    if ends[-1] <= _SHORTEST_SEGMENT or len(ends) == 1:
        return None
    alive = len(lengths) - np.cumsum(counts)  # left after each end
    segments: Segments = []
    first, n_alive, padding = 0, len(lengths), 0
    for i, end in enumerate(ends[:-1].tolist()):
        padding += (n_alive - int(alive[i])) * (int(ends[i + 1]) - end)
        work = n_alive * (int(ends[i + 1]) - first)
        if padding > _PADDING * work and end - first >= _SHORTEST_SEGMENT:
            segments.append((n_alive, end))
            first, n_alive, padding = end, int(alive[i]), 0
    segments.append((n_alive, int(ends[-1])))
    return segments if len(segments) > 1 else None

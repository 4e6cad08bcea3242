"""The last rows of each window."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np


class WindowArrays(NamedTuple):
    """Rows, starts and lengths as in :class:`Windows`, without its checks."""

    rows: Any
    starts: np.ndarray
    lengths: np.ndarray

    def take(self, index: Any) -> Self:
        """The windows at an index."""
        return self._replace(starts=self.starts[index], lengths=self.lengths[index])

    def last_rows(self, n_rows: int) -> tuple[np.ndarray, np.ndarray | None]:
        """The last rows of each window (window, row, feature), the oldest first.

        Also which of them a shorter window lacks, (window, row); None if it lacks none.
        """
        index = (self.starts + self.lengths)[:, None] + np.arange(-n_rows, 0)
        is_missing = index < self.starts[:, None]  # (window, row)
        found = np.asarray(self.rows[np.maximum(index, 0)])  # (window, row, feature)
        return found, is_missing if is_missing.any() else None

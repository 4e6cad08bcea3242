"""The one data structure for all sequence data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ._arrays import (
    concatenate_sequences,
    dense_windows,
    gather_dense,
    listed,
    series_windows,
    share_rows,
)
from ._frames import frame_rows
from ._names import feature_names
from ._validation import (
    check_bounds,
    check_positive,
    check_rows,
    check_tokens,
    converted,
    drop_missing_ends,
    frozen_integers,
    one_bool_a_row,
    reading,
    unmasked,
)


@dataclass(frozen=True, eq=False, repr=False)
class Windows:
    """Samples as windows into shared rows; no window is ever copied.

    Sample ``i`` is ``rows[starts[i] : starts[i] + lengths[i]]``. Windows may overlap,
    may differ in length, and need no more memory than the rows. For scikit-learn a
    ``Windows`` behaves like a 3-D array of shape ``(n_samples, n_timesteps,
    n_features)``: it has a ``shape``, is indexed by sample, and ``np.asarray`` copies
    it into a dense array, with NaN for missing history.

    Parameters
    ----------
    rows : array of shape (n_rows, n_features)
        The observations, oldest first within each series. Anything that slices like a
        NumPy array works, for instance ``np.memmap``.
    starts : array-like of int, shape (n_samples,)
        Row at which each window begins.
    lengths : array-like of int, shape (n_samples,)
        Number of rows in each window, at least 1.
    n_tokens : int, default=None
        If the rows are token ids, one integer each: the number of ids, all of them
        smaller. None if the rows are measurements.

    Raises
    ------
    ValueError
        If rows are not 2-D, starts and lengths differ in shape, or a window is empty or
        extends beyond the rows.

    Notes
    -----
    Axis order is (sample, time, feature).

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.windows import Windows
    >>> windows = Windows(np.arange(5.0).reshape(-1, 1), starts=[0, 2], lengths=[2, 3])
    >>> windows
    Windows(n_samples=2, n_timesteps=3, n_features=1, n_rows=5)
    >>> windows[1].ravel()
    array([2., 3., 4.])
    """

    rows: Any
    starts: np.ndarray
    lengths: np.ndarray
    n_tokens: int | None = None

    _feature_names: ClassVar[list[Any] | None] = None  # of an instance: see _named

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", check_rows(self.rows))
        if self.n_tokens is not None:
            check_tokens(self.rows, self.n_tokens)
        starts = frozen_integers("starts", self.starts)
        lengths = frozen_integers("lengths", self.lengths)
        object.__setattr__(self, "starts", starts)
        object.__setattr__(self, "lengths", lengths)
        if starts.ndim != 1 or starts.shape != lengths.shape:
            raise ValueError(
                "starts and lengths must be 1-D and equally long, got shapes "
                f"{starts.shape} and {lengths.shape}"
            )
        check_bounds(starts, lengths, len(self.rows))

    @classmethod
    def from_array(cls, X: np.ndarray, dtype: Any = None) -> Windows:
        """One window per sample of a dense array, a sliding view or a padded array.

        The rows of a sliding view (a 3-D array whose windows overlap in memory) are
        recovered from its strides, and copied only if ``dtype`` differs. Leading rows
        of a window that are NaN in every feature are missing history: the window starts
        after them. If windows do not overlap, such rows at their end are padding.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_timesteps, n_features) or \
                (n_samples, n_timesteps)
            A 2-D array is read as sequences of one feature.
        dtype : dtype, default=None
            Type of the rows; None keeps the array's.

        Raises
        ------
        ValueError
            If X is neither 2-D nor 3-D, or a window holds infinity, no observed row,
            or NaN between its first and its last one.

        Examples
        --------
        >>> import numpy as np
        >>> from skrnn.windows import Windows
        >>> series = np.arange(6.0)
        >>> view = np.lib.stride_tricks.sliding_window_view(series, 3)[:, :, None]
        >>> Windows.from_array(view)
        Windows(n_samples=4, n_timesteps=3, n_features=1, n_rows=6)
        """
        with reading("X"):
            X = np.asarray(unmasked(X))
        rows, starts, lengths = dense_windows(X)
        with reading("X"):
            rows = converted(rows, dtype)
        is_padded = not share_rows(X)
        return cls(rows, *drop_missing_ends(rows, starts, lengths, trailing=is_padded))

    @classmethod
    def from_sequences(
        cls, sequences: Any, dtype: Any = None, n_tokens: int | None = None
    ) -> Windows:
        """One window per sequence of a list; they may differ in length.

        Parameters
        ----------
        sequences : list of array-like, each of shape (n_timesteps_i, n_features) or \
                (n_timesteps_i,)
            One array per sample.
        dtype : dtype, default=None
            Type of the rows; None takes the common type of the sequences.
        n_tokens : int, default=None
            Size of the vocabulary, if the sequences are token ids.

        Raises
        ------
        ValueError
            If there is no sequence, one is empty, they differ in the number of features
            or in their columns, or one holds infinity, or NaN between its first and its
            last observed row.

        Examples
        --------
        >>> from skrnn.windows import Windows
        >>> Windows.from_sequences([[1.0, 2.0, 3.0], [4.0]]).lengths
        array([3, 1])
        """
        sequences = listed(sequences)
        names = feature_names(sequences)
        rows, starts, lengths = concatenate_sequences(sequences, dtype)
        bounds = drop_missing_ends(rows, starts, lengths, trailing=True)
        return cls(rows, *bounds, n_tokens)._named(names)

    @classmethod
    def from_frame(cls, frame: Any, dtype: Any = None) -> Windows:
        """One window for each instance of a pandas (instance, time) MultiIndex.

        Parameters
        ----------
        frame : DataFrame of shape (n_rows, n_features)
            The rows of each instance together, in order of time. The last level of
            the index is the time; those before it name the instance.
        dtype : dtype, default=None
            Type of the rows; None is float64.

        Raises
        ------
        ValueError
            If the index has a single level, the rows of an instance are not adjacent or
            not in order of time, or a column does not hold numbers.

        Examples
        --------
        >>> import pandas as pd
        >>> from skrnn.windows import Windows
        >>> index = pd.MultiIndex.from_tuples([("a", 0), ("a", 1), ("b", 0)])
        >>> Windows.from_frame(pd.DataFrame({"x": [1.0, 2.0, 3.0]}, index)).lengths
        array([2, 1])
        """
        rows, starts, lengths = frame_rows(frame, dtype)
        bounds = drop_missing_ends(rows, starts, lengths, trailing=True)
        return cls(rows, *bounds)._named(feature_names(frame))

    @classmethod
    def from_series(
        cls,
        rows: Any,
        window_length: int,
        *,
        step_length: int = 1,
        series_lengths: Any = None,
        complete: bool = True,
    ) -> Windows:
        """Sliding windows over one series, or over each series of a panel in turn.

        Parameters
        ----------
        rows : array of shape (n_rows, n_features)
            One series, or several stacked one after the other.
        window_length : int
            Rows in a window.
        step_length : int, default=1
            Rows from one window to the next.
        series_lengths : array-like of int, shape (n_series,), default=None
            Rows of each series of the panel; None means one series.
        complete : bool, default=True
            If True, return only full windows. If False, return one window *ending* at
            each row; windows near the start of a series are shorter.

        Raises
        ------
        ValueError
            If no series is as long as ``window_length``, or the lengths do not add
            up to the rows.

        Examples
        --------
        >>> import numpy as np
        >>> from skrnn.windows import Windows
        >>> rows = np.arange(7.0).reshape(-1, 1)
        >>> Windows.from_series(rows, 3, series_lengths=[4, 3]).starts
        array([0, 1, 4])
        """
        rows = check_rows(rows)
        starts, lengths = series_windows(
            len(rows), window_length, step_length, series_lengths, complete
        )
        return cls(rows, starts, lengths)

    def with_rows(self, rows: Any) -> Windows:
        """The same windows into other rows (n_rows, n_features).

        Leading rows that are NaN in every feature are cut off.
        """
        whole = Windows(rows, self.starts, self.lengths)
        bounds = drop_missing_ends(rows, whole.starts, whole.lengths)
        return Windows(rows, *bounds)._named(self._feature_names)

    def keep_rows(self, keep: np.ndarray) -> Windows:
        """The same windows into a copy of some rows, without the others.

        ``keep`` is an array of bool of shape (n_rows,).

        Examples
        --------
        >>> import numpy as np
        >>> from skrnn.windows import Windows
        >>> windows = Windows(np.array([[3], [0], [5]]), starts=[0], lengths=[3])
        >>> windows.keep_rows(windows.rows[:, 0] != 0)[0].ravel()
        array([3, 5])
        """
        keep = one_bool_a_row("keep", keep, len(self.rows))
        before = np.concatenate([[0], np.cumsum(keep)])
        starts, stops = before[self.starts], before[self.starts + self.lengths]
        kept = Windows(self.rows[keep], starts, stops - starts, self.n_tokens)
        return kept._named(self._feature_names)

    @property
    def is_row_used(self) -> np.ndarray:
        """Which rows lie in a window, of shape (n_rows,)."""
        n_rows = len(self.rows)
        begins = np.bincount(self.starts, minlength=n_rows + 1)
        ends = np.bincount(self.starts + self.lengths, minlength=n_rows + 1)
        return np.cumsum(begins - ends)[:-1] > 0

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def n_features(self) -> int:
        return int(self.rows.shape[1])

    @property
    def n_timesteps(self) -> int:
        """Length of the longest window."""
        return int(self.lengths.max()) if len(self) else 0

    @property
    def is_uniform(self) -> bool:
        """True if all windows are equally long."""
        return len(self) == 0 or bool((self.lengths == self.lengths[0]).all())

    @property
    def shape(self) -> tuple[int, int, int]:
        return (len(self), self.n_timesteps, self.n_features)

    @property
    def ndim(self) -> int:
        return 3

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(self.rows.dtype)

    def __getitem__(self, key: Any) -> Any:
        """One sample's rows for an integer; else the chosen samples as Windows."""
        if isinstance(key, tuple):
            key, *rest = key
            if any(part not in (Ellipsis, slice(None)) for part in rest):
                raise IndexError(
                    "Windows are indexed by sample only; np.asarray(windows) gives an "
                    "array that can be indexed by time and feature"
                )
        if isinstance(key, (int, np.integer)):
            start = self.starts[key]
            return self.rows[start : start + self.lengths[key]]
        chosen = Windows(self.rows, self.starts[key], self.lengths[key], self.n_tokens)
        return chosen._named(self._feature_names)

    def _named(self, names: list[Any] | None) -> Windows:
        """These windows, with the names of their features."""
        object.__setattr__(self, "_feature_names", names)
        return self

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("Windows share rows; a dense array of them is a copy")
        dense = self.to_array()
        return dense if dtype is None else dense.astype(dtype, copy=False)

    def to_array(self, n_timesteps: int | None = None) -> np.ndarray:
        """Copy into a dense array of shape (n_samples, n_timesteps, n_features).

        Each window is at the end of the time axis, after rows of NaN. ``n_timesteps``
        must be at least the length of the longest window; None takes that length.
        """
        if n_timesteps is not None:
            check_positive("n_timesteps", n_timesteps)
        width = self.n_timesteps if n_timesteps is None else int(n_timesteps)
        if width < self.n_timesteps:
            raise ValueError(
                f"n_timesteps={n_timesteps} is shorter than the longest window "
                f"({self.n_timesteps} rows)"
            )
        return gather_dense(self.rows, self.starts, self.lengths, width)

    def __repr__(self) -> str:
        n_samples, n_timesteps, n_features = self.shape
        return (
            f"Windows(n_samples={n_samples}, n_timesteps={n_timesteps}, "
            f"n_features={n_features}, n_rows={len(self.rows)})"
        )

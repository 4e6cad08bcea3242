"""Targets at each step: windows into a table of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ._arrays import dense_windows, n_axes, share_rows
from ._forms import form_of
from ._frames import series_of
from ._moments import weights_of_rows
from ._names import feature_names
from ._validation import drop_missing_ends, reading
from ._windows import Windows

_EXPECTED = (
    "with return_sequences=True y holds a target for each step of each sample: an "
    "array of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_outputs), "
    "or a list of arrays"
)


@dataclass(frozen=True, eq=False)
class StepTargets:
    """Targets at each step of each sample, indexed by sample like an array."""

    windows: Windows  # into rows of targets, (n_rows, n_outputs)
    weights: np.ndarray | None = None  # of the rows, besides those of the samples

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, index: np.ndarray) -> StepTargets:
        return replace(self, windows=self.windows[index])

    @property
    def lengths(self) -> np.ndarray:
        """Number of steps of each sample."""
        return self.windows.lengths

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.windows.shape

    @property
    def dtype(self) -> np.dtype:
        return self.windows.dtype

    @property
    def rows(self) -> np.ndarray:
        """The targets, which several samples may share."""
        return np.asarray(self.windows.rows)

    def weight_of_rows(self, sample_weight: np.ndarray | None) -> np.ndarray:
        """For each row, the sum of the weights of the samples that contain it."""
        return weights_of_rows(self.windows, sample_weight)

    def mean_weight(self, sample_weight: np.ndarray | None) -> float:
        """Mean weight over the steps of all samples."""
        if sample_weight is None and self.weights is None:
            return 1.0
        of_rows = self.weight_of_rows(
            None if sample_weight is None else np.asarray(sample_weight, "f8")
        )
        total = of_rows.sum() if self.weights is None else of_rows @ self.weights
        return float(total / self.lengths.sum())


def read_steps(y: Any, *, is_single: bool = False) -> tuple[Any, Any, Any]:
    """Targets at each step as a table, and the place of each sample in it.

    ``y`` holds numbers or labels, as an array (n_samples, n_timesteps[, n_outputs]), a
    list of arrays (n_timesteps_i[, n_outputs]), a pandas object with an (instance,
    time) MultiIndex, or Windows. Steps at the start or the end that are missing
    entirely (NaN or None) are cut off, as in :meth:`Windows.from_array`. If it
    ``is_single``, there is one target per step.

    Returns
    -------
    table : array or pandas object of shape (n_rows,) or (n_rows, n_outputs)
        The targets, without rows that belong to no sample.
    starts, lengths : ndarray of int, shape (n_samples,)
    """
    table, starts, lengths, is_padded = _table_of(y)
    if is_single and table.ndim == 2:
        if table.shape[1] > 1:
            raise ValueError(
                f"y gives each step {table.shape[1]} values, expected one label per "
                "step: several labels at a step are not supported; fit one classifier "
                "for each. If every step has a single 1, pass the number of its "
                "class: np.argmax(y, axis=-1)"
            )
        table = table.iloc[:, 0] if hasattr(table, "iloc") else table[:, 0]
    missing = _missing_in(table)
    if missing is not None:
        marks = np.where(missing, np.nan, 0.0).reshape(len(table), -1)
        starts, lengths = drop_missing_ends(
            marks, starts, lengths, trailing=is_padded, name="y"
        )
    numbers = Windows(np.arange(len(table))[:, np.newaxis], starts, lengths)
    is_used = numbers.is_row_used
    if not is_used.all():
        numbers = numbers.keep_rows(is_used)
        kept = numbers.rows[:, 0]
        table = table.iloc[kept] if hasattr(table, "iloc") else table[kept]
    return table, numbers.starts, numbers.lengths


def _table_of(y: Any) -> tuple[Any, np.ndarray, np.ndarray, bool]:
    """Table, starts, lengths, and whether samples may be padded at their end."""
    form, y = form_of(y)
    if form == "windows":
        return np.asarray(y.rows), y.starts, y.lengths, False
    if form == "panel":
        bounds = [one.rows for one in series_of(y, len(y), warns=False)]  # X did
        starts = np.array([one.start for one in bounds])
        return y, starts, np.array([one.stop for one in bounds]) - starts, True
    if form == "list":
        return *_joined(y), True
    with reading("y"):
        array = np.asarray(y)
    if array.ndim not in (2, 3) or 0 in array.shape:
        raise ValueError(
            f"{_EXPECTED}; got shape {array.shape}. For one target a sequence set "
            "return_sequences=False; the windows of a target at each row are "
            "SlidingWindow(window_length).fit_transform(y.reshape(-1, 1))"
        )
    rows, starts, lengths = dense_windows(array)
    table = rows[:, 0] if array.ndim == 2 else rows
    return table, starts, lengths, not share_rows(array)


def _joined(sequences: list[Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One sequence after the other, of numbers or of labels."""
    feature_names(sequences, "y")  # raises if they differ
    arrays = []
    for i, sequence in enumerate(sequences):
        with reading(f"sequence {i} of y"):
            arrays.append(np.asarray(sequence))
    shapes = sorted({array.shape[1:] for array in arrays if array.ndim})
    lengths = np.array([len(array) if array.ndim else 0 for array in arrays])
    if len(shapes) != 1 or len(shapes[0]) > 1 or not lengths.all():
        given = [array.shape for array in arrays[:3]]
        raise ValueError(
            f"{_EXPECTED}, all of shape (n_timesteps_i,), or all (n_timesteps_i, "
            f"n_outputs), and none empty; got arrays of the shapes {given}..."
        )
    are_numbers = {array.dtype.kind in "fiub" for array in arrays}
    if len(are_numbers) > 1:  # which NumPy would turn into texts
        arrays = [array.astype(object) for array in arrays]
    return np.concatenate(arrays), np.cumsum(lengths) - lengths, lengths


def _missing_in(table: Any) -> np.ndarray | None:
    """Which values are NaN or None; None if all are present."""
    if hasattr(table, "iloc"):
        missing = table.isna().to_numpy()
    elif table.dtype.kind == "f":
        missing = np.isnan(table)
    elif table.dtype.kind == "O":
        is_none = [value is None or bool(value != value) for value in table.flat]
        missing = np.array(is_none).reshape(table.shape)
    else:
        return None
    return missing if missing.any() else None


def begins_missing(array: Any, which: np.ndarray) -> np.ndarray | None:
    """Whether the first step of some samples of an array holds no value.

    None unless ``array`` is one of (n_samples, n_timesteps[, n_values]).
    """
    if not isinstance(array, np.ndarray) or n_axes(array) not in (2, 3):
        return None
    first = array[which, :1].reshape(len(which), *array.shape[2:])  # (sample, value)
    missing = _missing_in(first)
    if missing is None:
        return np.zeros(len(which), bool)
    return np.asarray(missing.reshape(len(which), -1).all(axis=1))

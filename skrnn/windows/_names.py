"""Names of the features, of any form of sequences."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .._warnings import warn

_SHOWN = 8


def feature_names(X: Any, name: str = "X") -> list[Any] | None:
    """The column names of sequences, from anything that has ``columns``.

    It reads a DataFrame (a panel, or sktime's nested frame), frames in a list, an
    object array or a Series, of pandas or polars, and ``Windows`` made of these. None
    if no name is a string, as in scikit-learn. Frames of one list must have equal
    columns in the same order. ``name`` is the name of the argument, for errors.
    """
    if hasattr(X, "_feature_names"):  # Windows
        return X._feature_names
    labels = _labels(X)
    if labels is not None:
        return _strings(list(labels))
    if hasattr(X, "iloc"):  # a Series; with two levels of index it is a panel
        X = X.to_numpy() if X.dtype == object and X.index.nlevels == 1 else None
    is_object_array = isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 1
    is_list = isinstance(X, (list, tuple))
    return _names_of_items(X, name) if is_object_array or is_list else None


def _labels(item: Any) -> Any:
    """The columns of a DataFrame; None for anything else."""
    labels = getattr(item, "column_names", None)  # pyarrow: its columns are data
    return getattr(item, "columns", None) if labels is None else labels


def _strings(labels: list[Any]) -> list[Any] | None:
    return labels if any(isinstance(label, str) for label in labels) else None


def _names_of_items(items: Iterable[Any], name: str) -> list[Any] | None:
    """The names that all frames of a list share; other items are skipped."""
    first, expected, place, bare = None, [], -1, -1
    for i, item in enumerate(items):
        labels = _labels(item)
        if labels is None:
            bare = i
        elif first is None:
            first, expected, place = labels, list(labels), i
        elif not _are_equal(labels, first):
            if _are_columns_of_a_table(items):
                return None
            _refuse_other(i, list(labels), place, expected, name)
    names = _strings(expected)
    if names is not None and bare >= 0:
        warn(
            f"sequence {bare} of {name} has no column names, while sequence {place} "
            f"has {_shown(names)}; its features are taken in this order. Give all "
            "sequences the names, or none: frame.to_numpy()"
        )
    return names


def _are_equal(labels: Any, first: Any) -> bool:
    if hasattr(labels, "equals") and labels.equals(first):
        return True
    return list(labels) == list(first)


def _are_columns_of_a_table(items: Iterable[Any]) -> bool:
    """Whether each frame has a single column with a name of its own."""
    labels = [_labels(item) for item in items]
    if any(one is None or len(one) != 1 for one in labels):
        return False
    return len({one[0] for one in labels}) == len(labels)


def _refuse_other(
    index: int, found: list[Any], place: int, expected: list[Any], name: str
) -> None:
    """Raise unless the labels are only numbers."""
    is_same_set = set(found) == set(expected)
    if not (is_same_set or _strings(found) or _strings(expected)):
        return  # such as columns cut from a larger table
    remedy = (
        f"Bring the columns into one order: names = list(X[{place}].columns); "
        "X = [frame[names] for frame in X]"
    )
    if not is_same_set:
        remedy = (
            "Rename or drop columns until all frames have the same, then take them in "
            f"one order: names = list(X[{place}].columns); X = [frame[names] for frame "
            "in X]. If the place of a column counts and not its name, pass arrays: "
            "[frame.to_numpy() for frame in X]"
        )
    raise ValueError(
        f"sequence {index} of {name} has the columns {_shown(found)}, but sequence "
        f"{place} has {_shown(expected)}. {remedy.replace('X', name)}"
    )


def _shown(labels: list[Any]) -> str:
    more = f" and {len(labels) - _SHOWN} more" if len(labels) > _SHOWN else ""
    return f"{labels[:_SHOWN]}{more}"

"""Class labels: which are allowed, and how they become numbers."""

from __future__ import annotations

from dataclasses import replace
from numbers import Real
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.exceptions import DataConversionWarning
from sklearn.utils import compute_class_weight, compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_array, column_or_1d

from .._warnings import warn
from ..windows import StepTargets, reading


def check_labels(y: Any) -> np.ndarray:
    """Labels of shape (n_samples,), or an indicator of shape (n_samples, n_labels).

    Raises
    ------
    ValueError
        If y is continuous, holds NaN or labels of several types, or has several
        columns that are not an indicator of 0 and 1.
    """
    y = y.toarray() if issparse(y) else _without_extension(y)
    is_list = isinstance(y, (list, tuple))
    if is_list and len({isinstance(label, str) for label in y}) > 1:
        raise _unknown(np.array(y, dtype=object))  # NumPy would make all strings
    _refuse_missing(y)
    try:
        with reading("y"):
            labels = check_array(y, ensure_2d=False, dtype=None, input_name="y")
            kind = type_of_target(labels, input_name="y")
    except TypeError:  # labels that cannot be compared with each other
        labels, kind = np.asarray(y, dtype=object), "unknown"
    if kind == "unknown":
        raise _unknown(labels)
    with reading("y"):
        check_classification_targets(labels)
    if kind == "multiclass-multioutput":
        raise ValueError(
            f"Unknown label type: y of shape {labels.shape} holds several classes per "
            "sample. Expected one class per sample, or an indicator of 0 and 1 with a "
            "column for each label; MultiOutputClassifier fits one network per column"
        )
    if kind != "multilabel-indicator":
        warn_of_column(labels)
        return column_or_1d(labels)
    values = np.unique(labels)
    if not np.isin(values, (0, 1)).all():
        raise ValueError(
            f"y of shape {labels.shape} holds the values {values.tolist()}, expected "
            "an indicator of 0 and 1 with a column for each label; use "
            "(y > 0).astype(int) if any larger value marks a label"
        )
    return labels


def _unknown(labels: np.ndarray) -> ValueError:
    """The error for labels of several types, or of a type that labels cannot have."""
    flat = list(np.ravel(labels))
    types = sorted({type(label).__name__ for label in flat})
    remedy = "Expected labels of one type (strings, integers or booleans), none missing"
    if all(isinstance(label, (bool, np.bool_)) for label in flat):
        remedy = "They are in an array of dtype object; convert it: y.astype(bool)"
    elif all(isinstance(label, (Real, np.bool_)) for label in flat):
        is_whole = all(float(label).is_integer() for label in flat)
        remedy = (
            "They are in an array of dtype object; convert it: y.astype(int)"
            if is_whole
            else "Fractions are not classes; fit a regressor"
        )
    return ValueError(
        f"Unknown label type: y holds values of the types {types}. {remedy}"
    )


def _without_extension(y: Any) -> Any:
    """Pandas' nullable integers and booleans as NumPy's, if none is missing."""
    numpy_dtype = getattr(getattr(y, "dtype", None), "numpy_dtype", None)
    if numpy_dtype is None or y.isna().any():
        return y
    return y.to_numpy(dtype=numpy_dtype)


def _refuse_missing(y: Any) -> None:
    """Raise an error that names the NaN among objects; scikit-learn's does not."""
    try:
        labels = np.asarray(y)
    except ValueError as error:
        raise ValueError(
            "y holds lists of unequal length. For several labels per sample turn them "
            "into an indicator of 0 and 1: MultiLabelBinarizer().fit_transform(y)"
        ) from error
    if labels.dtype != object or labels.ndim != 1:
        return
    missing = [
        i
        for i, label in enumerate(labels)
        if isinstance(label, float) and label != label
    ]
    if missing:
        raise ValueError(
            f"Input y contains NaN: label {missing[0]} is missing; drop the sample"
        )


def warn_of_column(y: np.ndarray) -> None:
    """Warn that a y of one column is read as 1-D, in scikit-learn's words."""
    if y.ndim == 2:
        text = (
            "A column-vector y was passed when a 1d array was expected. Please change "
            "the shape of y to (n_samples,), for example using ravel()."
        )
        warn(text, DataConversionWarning)


def check_same_classes(labels: np.ndarray, classes: np.ndarray) -> None:
    """Raise if the classes of labels (n_samples,) are not exactly these."""
    if labels.ndim == 1 and not np.array_equal(np.unique(labels), classes):
        raise ValueError(
            "warm_start can only be used where `y` has the same classes as in the "
            f"previous call to fit. Previously got {classes}, `y` has "
            f"{np.unique(labels)}"
        )


def one_hot(labels: np.ndarray, classes: np.ndarray, dtype: Any) -> np.ndarray:
    """One column per class; for one or two classes, only that of the second."""
    if len(classes) <= 2:
        return np.isin(labels, classes[1:]).astype(dtype)[:, np.newaxis]
    targets = np.zeros((len(labels), len(classes)), dtype=dtype)
    targets[np.arange(len(labels)), np.searchsorted(classes, labels)] = 1
    return targets


def class_codes(targets: np.ndarray) -> np.ndarray:
    """The index of the class of each row of :func:`one_hot`, or of its scores."""
    if targets.shape[1] == 1:
        return (targets[:, 0] > 0).astype(np.int64)
    return targets.argmax(axis=1)


def weigh_classes(
    class_weight: Any, codes: np.ndarray, classes: np.ndarray, sample_weight: Any
) -> np.ndarray:
    """Weight of each sample: the weight of its class, times its own."""
    weights = weights_by_class(class_weight, codes, classes, sample_weight)
    return weights * (1 if sample_weight is None else sample_weight)


def weights_by_class(
    class_weight: Any, codes: np.ndarray, classes: np.ndarray, sample_weight: Any
) -> np.ndarray:
    """Weight of each sample's class; "balanced" takes the samples' own into account."""
    if isinstance(class_weight, str):  # of the classes that occur
        present, codes = np.unique(codes, return_inverse=True)
        weights = compute_class_weight(
            class_weight,
            classes=np.arange(len(present)),
            y=codes,
            sample_weight=sample_weight,
        )
    else:
        weights = _named_weights(class_weight, classes.tolist())
    return weights[codes]


def with_class_weights(
    targets: StepTargets, sample_weight: Any, class_weight: Any, classes: np.ndarray
) -> StepTargets:
    """Targets whose rows have the weights of their classes instead of the samples'."""
    counts = targets.weight_of_rows(sample_weight)
    is_used = targets.windows.is_row_used
    weights = np.zeros(len(counts))
    codes = class_codes(targets.rows[is_used])
    weights[is_used] = weights_by_class(class_weight, codes, classes, counts[is_used])
    return replace(targets, weights=weights.astype(targets.dtype))


def _named_weights(class_weight: Any, classes: list[Any]) -> np.ndarray:
    """Weight of each class; 1 for those not named, unless a name may be a typo."""
    if not isinstance(class_weight, dict):
        raise ValueError(
            "class_weight must be a dict if each sample has one class; a list of "
            "dicts is for an indicator of several labels"
        )
    if not all(isinstance(weight, Real) for weight in class_weight.values()):
        raise ValueError(f"class_weight must hold numbers, got {class_weight}")
    unknown = [name for name in class_weight if name not in classes]
    if unknown and not set(classes) <= set(class_weight):
        raise ValueError(
            f"class_weight names {unknown}, but the classes in y are {classes}"
        )
    return np.array([class_weight.get(name, 1.0) for name in classes])


def weigh_label_sets(
    class_weight: Any, targets: np.ndarray, sample_weight: Any
) -> np.ndarray:
    """Like :func:`weigh_classes`, for an indicator: weights of its columns' values."""
    weights = compute_sample_weight(class_weight, targets.astype(np.int64))
    return weights * (1 if sample_weight is None else sample_weight)

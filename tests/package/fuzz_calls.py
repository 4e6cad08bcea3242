"""What may come of a call: a result that is right, or a refusal in a sentence."""

from __future__ import annotations

import os
import pickle
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from hypothesis import HealthCheck, settings
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning

from skrnn import Windows

EXAMPLES = int(os.environ.get("SKRNN_FUZZ_EXAMPLES", "40"))
SETTINGS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
TALLY: Counter[tuple[str, str]] = Counter()  # by method, and "result" or "refused"
_DOCUMENTED = (ConvergenceWarning, DataConversionWarning)
_SPOKEN_OF = (  # warnings of scikit-learn and of ours, each with a cause
    "feature names",
    "number of unique classes",
    "R^2 score is not well-defined",
    "read as",
    "larger than the",
    "index: a step before",
    "held-out target is constant",
    "y_val has mean",
    "early_stopping holds out",
    "all samples of y_val",
)
_NUMPY_SAYS = (
    "setting an array element",
    "could not convert",
    "float() argument",
    "Cannot cast",
    "at least one array",
    "The truth value",
    "'NoneType'",
    "object of type",
    "zip()",
)


def judge(
    method: str,
    call: Callable[[], Any],
    inputs: tuple = (),
    check: Callable[[Any], None] = lambda result: None,
    *,
    allowed: tuple = (ValueError, TypeError),
    may_warn: tuple = (),
) -> Any:
    """Call, and assert that nothing went wrong; the result, or None if refused."""
    before = [_fingerprint(one) for one in inputs]
    with warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("always")
        try:
            result, refusal = call(), None
        except Exception as error:
            result, refusal = None, error
    if refusal is not None:
        _assert_is_sentence(refusal, allowed)
    for warning in noted:
        _assert_has_cause(warning, may_warn)
    for one, was in zip(inputs, before, strict=True):
        assert was is None or _fingerprint(one) == was, f"{method} changed its input"
    if refusal is None:
        check(result)
    TALLY[method, "result" if refusal is None else "refused"] += 1
    return result


def report() -> str:
    """How many inputs were tried; a wrong one would have raised."""
    refused = sum(n for (_, outcome), n in TALLY.items() if outcome == "refused")
    total = sum(TALLY.values())
    return f"inputs fuzzed: {total}, refused with a sentence: {refused}, wrong: 0"


def assert_finite(result: Any) -> None:
    """Fail if any number in arrays, frames or distributions is NaN or infinite."""
    values = np.asarray(result)
    assert values.dtype.kind in "fiubmMUSO", values.dtype
    if values.dtype.kind == "f":
        assert np.isfinite(values).all(), "the result is not finite"


def n_samples(X: Any) -> int | None:
    """Samples of an input: instances of a panel, else its first axis, if it has one."""
    index = getattr(X, "index", None)
    if getattr(index, "nlevels", 1) > 1:
        return len(index.droplevel(-1).unique())
    shape = getattr(X, "shape", None)
    if shape is not None:
        return shape[0] if len(shape) else None
    return len(X) if hasattr(X, "__len__") and not isinstance(X, dict) else None


def _assert_is_sentence(error: Exception, allowed: tuple) -> None:
    frames = traceback.extract_tb(error.__traceback__)
    passed_on = "_vocabulary.py"  # calls of sktime's methods go through it
    is_ours = any(
        "skrnn" in frame.filename and not frame.filename.endswith(passed_on)
        for frame in frames[2:]
    )
    if not is_ours:
        return  # sktime, in words of its own
    assert isinstance(error, allowed), _told(error)
    message = str(error)
    assert len(message.split()) > 3, _told(error)
    assert not message.startswith(_NUMPY_SAYS), _told(error)


def _told(error: Exception) -> str:
    return "".join(traceback.format_exception(error)[-4:])


def _assert_has_cause(warning: Any, may_warn: tuple) -> None:
    if issubclass(warning.category, (*_DOCUMENTED, *may_warn)):
        return
    text = str(warning.message)
    assert any(words in text for words in _SPOKEN_OF), (warning.category, text)


def _fingerprint(value: Any) -> bytes | None:
    """Equal for equal values; None where they cannot be looked at without a change."""
    if hasattr(value, "__next__"):
        return None
    try:
        return pickle.dumps(_plain(value))
    except Exception:  # what cannot be pickled cannot be compared
        return None


def _plain(value: Any) -> Any:
    """Without what pandas and SciPy keep in mind of a table."""
    if isinstance(value, Windows):
        return _plain(np.asarray(value.rows)), value.starts, value.lengths
    if isinstance(value, pd.DataFrame):
        parts = [value.iloc[:, i].to_numpy(copy=True) for i in range(value.shape[1])]
        kinds = list(map(str, value.dtypes))
        return list(value.columns), kinds, _plain(parts), value.index.to_numpy()
    if isinstance(value, pd.Series):
        return str(value.dtype), _plain(value.to_numpy(copy=True)), value.name
    if sp.issparse(value):
        return value.shape, value.toarray()
    if isinstance(value, np.ndarray) and value.dtype == object:
        return [_plain(one) for one in value.ravel()]
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value

"""Keep an estimator whole when a call fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_APPENDED_TO = ("loss_curve_", "validation_scores_")  # calls append in place


@contextmanager
def unchanged_on_error(estimator: Any) -> Iterator[None]:
    """Leave the estimator as it was if training or validation fails."""
    before = estimator.__dict__.copy()
    lengths = {name: len(before.get(name) or ()) for name in _APPENDED_TO}
    random_state = None if estimator._follows_sklearn else before.get("_random_state")
    position = None if random_state is None else random_state.get_state()
    try:
        yield
    except BaseException:
        for name, length in lengths.items():
            del (before.get(name) or [])[length:]
        estimator.__dict__ = before
        if random_state is not None:
            random_state.set_state(position)
        raise

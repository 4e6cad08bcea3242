"""The base classes of scikit-learn, and what mypy reads in their place.

scikit-learn and sktime have no types. A base class without types is ``Any`` to mypy,
and below ``Any`` it accepts every argument of an ``__init__`` that a decorator writes.
"""

from typing import Any

MYPY = False  # mypy takes it for True

if MYPY:

    class BaseEstimator:
        __getstate__: Any
        __setstate__: Any
        __sklearn_tags__: Any
        _check_fh: Any

        def __getattr__(self, name: str) -> Any: ...

    class ClassifierMixin:
        score: Any

    class RegressorMixin:
        score: Any
else:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

__all__ = ["MYPY", "BaseEstimator", "ClassifierMixin", "RegressorMixin"]

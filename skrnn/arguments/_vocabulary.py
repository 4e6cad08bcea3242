"""Unknown arguments and values become errors that name the right ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from functools import wraps
from inspect import Parameter, getattr_static, isfunction, signature
from typing import Any

from ._values import check_values
from ._words import ARGUMENTS

_BY_WORD = {
    word: (ours, advice) for words, ours, advice in ARGUMENTS for word in words.split()
}
_METHODS = (
    "__init__",
    "fit",
    "update",
    "predict",
    "predict_proba",
    "predict_interval",
    "score",
)


class Vocabulary:
    """Turn unknown arguments and values into errors that name ours and the class.

    Put it before the base classes of scikit-learn and sktime.
    """

    _parameter_constraints: dict

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name in _METHODS:
            method = getattr_static(cls, name, None)
            is_new = isfunction(method) and not hasattr(method, "_advises")
            if is_new and (name in cls.__dict__ or name != "__init__"):
                setattr(cls, name, with_advice(method, name))

    def set_params(self, **params: Any) -> Any:
        try:
            # from the other base of the class that this is mixed into
            return super().set_params(**params)  # type: ignore[misc]
        except ValueError as error:
            names = _arguments(type(self), "__init__")
            unknown = [
                word for word in params if "__" not in word and word not in names
            ]
            advice = _advice(type(self), "__init__", unknown)
            if not advice or advice in str(error):
                raise
            raise ValueError(f"{str(error).rstrip('.')}; {advice}") from None

    def _validate_params(self) -> None:
        # from the other base, as above
        values = self.get_params(deep=False)  # type: ignore[attr-defined]
        check_values(self._parameter_constraints, values, type(self).__name__)


def with_advice(method: Any, name: str) -> Callable:
    """The method, with helpful errors about arguments that it does not take."""
    form = signature(method)
    kinds = [parameter.kind for parameter in form.parameters.values()]
    if Parameter.VAR_KEYWORD in kinds or Parameter.VAR_POSITIONAL in kinds:
        return method
    in_order = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    n_in_order = sum(map(kinds.count, in_order)) - 1  # but for self

    @wraps(method)
    def advising(self: Any, *args: Any, **named: Any) -> Any:
        unknown = [word for word in named if word not in form.parameters]
        if unknown:
            raise TypeError(_unexpected(type(self), name, unknown))
        if len(args) > n_in_order:
            raise TypeError(_too_many(type(self), name, n_in_order, len(args)))
        return method(self, *args, **named)

    vars(advising).update(__signature__=form, _advises=True)  # for getfullargspec
    return advising


def _unexpected(cls: type, method: str, words: list[str]) -> str:
    called = _called(cls, method)
    advice = _advice(cls, method, words) or f"help({cls.__name__}) lists them all"
    if len(words) == 1:
        return f"{called} got an unexpected keyword argument {words[0]!r}; {advice}"
    listed = ", ".join(map(repr, words))
    return f"{called} got unexpected keyword arguments {listed}; {advice}"


def _too_many(cls: type, method: str, n_in_order: int, n_given: int) -> str:
    names = _arguments(cls, method)[:n_in_order]
    return (
        f"{_called(cls, method)} takes {n_in_order} positional argument(s) "
        f"({', '.join(names)}), but {n_given} were given; pass the others by name"
    )


def _called(cls: type, method: str) -> str:
    return f"{cls.__name__}()" if method == "__init__" else f"{cls.__name__}.{method}()"


def _arguments(cls: type, method: str) -> list[str]:
    found = getattr(cls, method, None)
    return [] if found is None else list(signature(found).parameters)[1:]


def _advice(cls: type, method: str, words: Iterable[str]) -> str:
    """What to write instead of each word, as far as it is known."""
    clauses = {word: _instead(cls, method, word) for word in words}
    if len(clauses) == 1:
        return next(iter(clauses.values()))
    return "; ".join(
        f"for {word!r} {clauses[word]}" for word in clauses if clauses[word]
    )


def _instead(cls: type, method: str, word: str) -> str:
    """What to write instead of a word, or "" if that is unknown."""
    ours, otherwise = _BY_WORD.get(word, ((), ""))
    for place in dict.fromkeys((method, "__init__", "fit")):
        names = _arguments(cls, place)
        where = f"{cls.__name__}(...)" if place == "__init__" else place
        for option in ours:
            if re.split(r"\W", option)[0] in names:
                return f"use {option}" + ("" if place == method else f", in {where}")
        if word in names:
            return f"pass it to {where}"
    if "estimator" in _arguments(cls, "__init__"):
        return "pass it to the network that you use as estimator"
    if word in _BY_WORD:
        return otherwise
    names = [*_arguments(cls, method), *_arguments(cls, "__init__")]
    close = get_close_matches(word, names, n=1, cutoff=0.75)
    return f"use {close[0]}" if close else ""

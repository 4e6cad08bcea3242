"""Parameters of estimators, each stated once: default, allowed values and text."""

from __future__ import annotations

import inspect
import re
from dataclasses import Field, dataclass, field, fields
from functools import cache
from itertools import chain
from numbers import Integral
from textwrap import dedent, indent
from typing import Any, TypeVar, dataclass_transform

from sklearn.utils._param_validation import Interval, StrOptions

from ._vocabulary import with_advice

_T = TypeVar("_T", bound=type)
_WIDTH = 88
_INDENT = "    "
_SPACE = "\N{NO-BREAK SPACE}"  # in a text that is not to be broken


def parameter(
    *,
    default: Any,
    allowed: list[Any],
    text: str,
    kind: str = "",
    kw_only: bool = True,
    before: Any = ...,
) -> Any:
    """Declare a parameter, as a field of a class under :func:`parameters`.

    Parameters
    ----------
    default : object
    allowed : list
        Constraints of scikit-learn; a tuple of strings stands for a choice of them.
    text : str
        Its description in the docstring.
    kind : str, default=""
        Its values as the docstring describes them; "" derives them from ``allowed``.
    kw_only : bool, default=True
        False lets it be passed by position as well.
    before : object, default=...
        What estimators did before they had it: its value in files that lack it. The
        Ellipsis stands for the default.
    """
    stated = {"allowed": allowed, "text": text, "kind": kind, "before": before}
    return field(default=default, kw_only=kw_only, metadata=stated)


def revised(group: Any, name: str, *, default: Any, **changes: Any) -> Any:
    """The parameter of a group, with another default or other changes.

    Files that lack it are of the time when the default of the group held.
    """
    stated: Field = group.__dataclass_fields__[name]
    options = {**stated.metadata, "kw_only": bool(stated.kw_only), **changes}
    if options["before"] is ...:
        options["before"] = stated.default
    return parameter(default=default, **options)


def text_of(group: Any, name: str) -> str:
    """The text of a parameter of a group."""
    stated: Field = group.__dataclass_fields__[name]
    return str(stated.metadata["text"])


@dataclass_transform(
    eq_default=False, kw_only_default=True, field_specifiers=(parameter, revised)
)
def parameters(cls: _T) -> _T:
    """Write ``__init__``, ``_parameter_constraints`` and the docstring of a class.

    In the docstring, ``{parameters}`` becomes the section Parameters, for those that
    ``_common`` names, and the section Other Parameters, for the rest by their groups.
    ``{attributes}`` becomes the section Attributes, from the texts in ``_attributes``.
    Further names are looked up in ``_passages``, in which ``{name}`` is the name of the
    class. ``_texts`` replaces the text of parameters. All of these are collected along
    the method resolution order; a subclass overrides its bases.
    """
    made: Any = dataclass(init=False, eq=False, repr=False, match_args=False)(cls)
    common, others = _sections(made)
    by_name = {one.name: one for one in fields(made)}
    names = [*common, *chain.from_iterable(others.values())]
    stated = {name: by_name[name] for name in names}
    made._parameter_constraints = {
        name: [_constraint(value) for value in one.metadata["allowed"]]
        for name, one in stated.items()
    }
    made.__init__ = with_advice(_initializer(made, stated), "__init__")
    made.__doc__ = _filled(made, stated)
    return made


def _collected(cls: type, name: str) -> dict[str, Any]:
    """The entries of a dict that classes of the order each have a part of."""
    found: dict[str, Any] = {}
    for one in reversed(cls.__mro__):
        found.update(vars(one).get(name, {}))
    return found


def _sections(cls: Any) -> tuple[list[str], dict[str, list[str]]]:
    """Names of the common parameters, and of the others by the title of their group."""
    names = [one.name for one in fields(cls)]
    usual = dict.fromkeys(getattr(cls, "_common", ()))
    common = [name for name in usual if name in names]
    left = set(names) - set(common)
    titles: dict[str, list[str]] = {}
    for group in cls.__mro__:
        if "__dataclass_fields__" in vars(group):
            title = (group.__doc__ or "").partition("\n")[0].rstrip(".")
            own = [name for name in group.__annotations__ if name in left]
            left -= set(own)
            titles[title] = titles.pop(title, []) + own  # its last place counts
    return common, {title: own for title, own in titles.items() if own}


def _constraint(value: Any) -> Any:
    return StrOptions(set(value)) if isinstance(value, tuple) else value


def _initializer(cls: Any, stated: dict[str, Field]) -> Any:
    """Assign the parameters, then do what a base class without parameters does."""
    defaults = {name: one.default for name, one in stated.items()}
    in_order = [name for name, one in stated.items() if not one.kw_only]
    begin = next(
        vars(one)["__init__"]
        for one in cls.__mro__
        if "__init__" in vars(one) and "__dataclass_fields__" not in vars(one)
    )

    def initialize(self: Any, *args: Any, **named: Any) -> None:
        given = dict(zip(in_order, args, strict=False))
        for name in given.keys() & named.keys():
            raise TypeError(f"{cls.__name__}() got multiple values for {name!r}")
        for name, value in {**defaults, **given, **named}.items():
            setattr(self, name, value)
        begin(self)  # by name: super() would lead to groups, and to their defaults

    vars(initialize)["__signature__"] = _signature(stated)
    initialize.__annotations__ = {one.name: one.type for one in stated.values()}
    initialize.__name__ = "__init__"
    initialize.__qualname__ = f"{cls.__qualname__}.__init__"
    return initialize


def _signature(stated: dict[str, Field]) -> inspect.Signature:
    """Parameters in the order of the docstring."""
    in_order = [one for one in stated.values() if not one.kw_only]
    by_name = [one for one in stated.values() if one.kw_only]
    several, only = (
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        inspect.Parameter.KEYWORD_ONLY,
    )
    return inspect.Signature(
        [
            inspect.Parameter("self", several),
            *(inspect.Parameter(o.name, several, default=o.default) for o in in_order),
            *(inspect.Parameter(o.name, only, default=o.default) for o in by_name),
        ]
    )


def _filled(cls: Any, stated: dict[str, Field]) -> str:
    """The docstring of a class with its passages in place."""
    texts = _collected(cls, "_passages")

    def passage(match: re.Match) -> str:
        name = match[1]
        if name == "parameters":
            text = _parameter_sections(cls, stated)
        elif name == "attributes":
            text = _attribute_section(cls)
        else:
            text = dedent(texts[name]).strip().replace("{name}", cls.__name__)
        return indent(text, _INDENT)

    return re.sub(r"^ *\{(\w+)\}$", passage, cls.__doc__, flags=re.M)


def _parameter_sections(cls: Any, stated: dict[str, Field]) -> str:
    texts = _collected(cls, "_texts")
    entries = {
        name: _entry(
            f"{name} : {_kind(one)}, default={_shown(one.default)}",
            texts.get(name, one.metadata["text"]),
        )
        for name, one in stated.items()
    }
    common, others = _sections(cls)
    lines = ["Parameters", "----------", *(entries[n] for n in common)]
    if others:
        lines += ["", "Other Parameters", "----------------"]
    for title, names in others.items():
        lines += [f"{title}:", *(entries[n] for n in names)]
    return "\n".join(lines)


def _attribute_section(cls: type) -> str:
    """Attributes by name, each with the text of the most derived class."""
    by_name = {}
    for header, text in _collected(cls, "_attributes").items():
        name = header.partition(" ")[0]
        by_name[name] = _entry(header, text)
    return "\n".join(["Attributes", "----------", *by_name.values()])


@cache
def _entry(header: str, text: str) -> str:
    """A header and its text in lines, broken neither in intervals nor in code."""
    whole = re.sub(r"\[[\d., ]+[\])]|``.*?``", _unbroken, " ".join(text.split()))
    lines = [_INDENT]
    for word in whole.split(" "):
        if len(lines[-1]) + len(word) > _WIDTH - len(_INDENT):
            lines.append(_INDENT)
        lines[-1] += f"{word} "
    return "\n".join([header, *map(str.rstrip, lines)]).replace(_SPACE, " ")


def _unbroken(match: re.Match) -> str:
    return match[0].replace(" ", _SPACE)


def _shown(default: Any) -> str:
    return f'"{default}"' if isinstance(default, str) else repr(default)


def _kind(one: Field) -> str:
    """The values that a parameter may have, for a reader."""
    if one.metadata["kind"]:
        return str(one.metadata["kind"])
    kinds = [_kind_of(value) for value in one.metadata["allowed"]]
    return " or ".join(dict.fromkeys(kinds))


def _kind_of(value: Any) -> str:
    if isinstance(value, tuple):
        return "{" + ", ".join(f'"{option}"' for option in value) + "}"
    if isinstance(value, Interval):
        return "int" if value.type is Integral else "float"
    if value in ("boolean", None):
        return "bool" if value else "None"
    return getattr(value, "__name__", str(value))

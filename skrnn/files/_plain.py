"""States of estimators as plain data, and back.

Files can safely hold numbers, strings, arrays, lists, tuples, and dicts whose keys are
strings. A closed list of other kinds is written as a dict that names its kind: dicts
with other keys, and the times and tables of pandas. Anything else in a state (such as a
solver or a callback of the user) stays as it is, and pickle accepts or refuses it.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np

KIND = "skrnn kind"
_LONG = 16  # items; longer lists and dicts of scalars are kept as one text
_SCALARS = (str, int, float, bool, type(None))


def plain(value: Any) -> Any:
    """A value as data; see :func:`restored`."""
    if type(value) is dict:
        return _plain_dict(value)
    if type(value) is list:
        return _plain_list(value)
    if type(value) is tuple:
        return tuple(plain(v) for v in value)
    if "pandas" in sys.modules:  # otherwise it is not a pandas object
        from ._tables import describe

        described = describe(value)
        if described is not None:
            kind, content = described
            return {KIND: kind, **{name: plain(v) for name, v in content.items()}}
    return value


def _plain_list(value: list) -> Any:
    if _is_long(value):
        return _as_text(value)
    if value and all(type(v) is np.float64 for v in value):
        return {KIND: "floats", "values": np.array(value)}
    return [plain(v) for v in value]


def _plain_dict(value: dict) -> dict:
    if KIND in value or any(type(key) is not str for key in value):
        keys, values = [plain(key) for key in value], list(value.values())
        return {KIND: "dict", "keys": keys, "values": [plain(v) for v in values]}
    if _is_long(value.values()):
        return _as_text(value)
    return {key: plain(v) for key, v in value.items()}


def _is_long(values: Any) -> bool:
    return len(values) > _LONG and all(type(v) in _SCALARS for v in values)


def _as_text(value: Any) -> dict:
    return {KIND: "json", "text": json.dumps(value)}


def restored(value: Any) -> Any:
    """The value that :func:`plain` was given.

    Raises
    ------
    ValueError
        If its kind is unknown.
    """
    if type(value) is list:
        return [restored(v) for v in value]
    if type(value) is tuple:
        return tuple(restored(v) for v in value)
    if type(value) is not dict:
        return value
    content = {name: restored(v) for name, v in value.items() if name != KIND}
    kind = value.get(KIND)
    if kind is None:
        return content
    if kind == "json":
        return json.loads(content["text"])
    if kind == "floats":
        return list(content["values"])
    if kind == "dict":
        return dict(zip(content["keys"], content["values"], strict=True))
    from ._tables import rebuild

    return rebuild(kind, content)

"""Objects whose state is written as data."""

from __future__ import annotations

from typing import Any

from ._checksum import pack, unpack


class PackedState:
    """Copies and files of the object hold data with a checksum; see :func:`pack`."""

    def __getstate__(self) -> dict[str, Any]:
        state: Any = super().__getstate__()  # a dict: estimators have no slots
        return pack(state)

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = unpack(state, self)
        assign = getattr(super(), "__setstate__", self.__dict__.update)
        assign(state)

"""Which compiled library this process uses, and why none.

The environment variable ``SKRNN_ENGINE`` decides: without it, the best library that
this CPU can run is used, and none if there is none; ``torch`` uses none; ``compiled``
raises an error if there is none; the name of an instruction set, such as
``x86_64_v2``, uses that one. ``SKRNN_ENGINE_LIBRARIES`` names another folder.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from skrnn.engine._compile import (
    C_TYPES,
    LIBRARIES,
    NOT_COMPILED,
    InstructionSet,
    file_name,
    instruction_sets,
    this_machine,
)

INTERFACE = 9  # as skrnn_interface in source/engine.cpp


class _Choice(NamedTuple):
    """The libraries of one instruction set, by dtype, or the reason for none."""

    variant: str | None
    libraries: Mapping[str, ctypes.CDLL]
    reason: str


# By the two variables. No lock, which a fork could copy while it is held: threads that
# choose at the same time open the same libraries, and all keep the first choice.
_choices: dict[tuple[str, str], _Choice] = {}


def library(dtype: str) -> ctypes.CDLL | None:
    """Library for ``"float32"`` or ``"float64"``; None if torch has to do it.

    Raises
    ------
    RuntimeError
        If ``SKRNN_ENGINE`` asks for a library that is not there.
    """
    return _choose().libraries.get(dtype)


def variant() -> str | None:
    """Instruction set of the library, such as ``"x86_64_v3"``; None without one."""
    return _choose().variant


def is_forced() -> bool:
    """Whether the user asks for a library, even if torch is faster."""
    return os.environ.get("SKRNN_ENGINE", "") not in ("", "torch")


def why_not() -> str:
    """Why there is no library; empty if there is one."""
    try:
        return _choose().reason
    except RuntimeError as error:
        return str(error)


def variants() -> list[str]:
    """Instruction sets that can be used: built, and known to this CPU, best first."""
    return [name for name, choice in _load_all(_folder()).items() if choice.libraries]


def _choose() -> _Choice:
    asked = os.environ.get("SKRNN_ENGINE", "")
    key = asked, os.environ.get("SKRNN_ENGINE_LIBRARIES", "")
    choice = _choices.get(key)
    if choice is None:
        choice = _choices.setdefault(key, _choose_anew(asked, _folder()))
    return choice


def _folder() -> Path:
    return Path(os.environ.get("SKRNN_ENGINE_LIBRARIES") or LIBRARIES)


def _choose_anew(asked: str, folder: Path) -> _Choice:
    if asked == "torch":
        return _Choice(None, {}, "SKRNN_ENGINE=torch")
    loaded = _load_all(folder)
    usable = {name: choice for name, choice in loaded.items() if choice.libraries}
    if asked in usable:
        return usable[asked]
    if asked not in ("", "compiled"):
        there = ", ".join(usable) or "none"
        why = loaded[asked].reason if asked in loaded else "there is no such library"
        raise RuntimeError(
            f"SKRNN_ENGINE={asked}: {why}; there is: {there}. Or set it to torch, "
            "compiled or nothing"
        )
    for choice in usable.values():
        return choice
    reason = NOT_COMPILED.format("the engine is not written for this machine")
    reason = next((choice.reason for choice in loaded.values()), reason)
    if asked:
        raise RuntimeError(f"SKRNN_ENGINE={asked} needs a library: {reason}")
    return _Choice(None, {}, reason)


def _load_all(folder: Path) -> dict[str, _Choice]:
    """All instruction sets, best first: their libraries, or why they are not used."""
    target = this_machine()
    if target is None:
        return {}
    sets = instruction_sets(target)
    first = _load(sets[0], folder, target)  # it runs everywhere, and knows the CPU
    if not first.libraries:
        return {sets[0].name: first}
    level = first.libraries["float32"].skrnn_cpu_level()
    return {
        each.name: _load(each, folder, target)
        if each.level <= level
        else _Choice(None, {}, "this CPU cannot run it")
        for each in reversed(sets)
    }


def _load(instruction_set: InstructionSet, folder: Path, target: str) -> _Choice:
    libraries = {}
    for dtype in C_TYPES:
        path = folder / file_name(instruction_set.name, dtype, target)
        if not path.exists():
            return _Choice(None, {}, NOT_COMPILED.format(f"there is no {path}"))
        try:
            loaded = ctypes.CDLL(str(path))
            interface = loaded.skrnn_interface()
        except (OSError, AttributeError) as error:
            return _Choice(None, {}, f"{path} cannot be loaded: {error}")
        if interface != INTERFACE:
            reason = (
                f"{path} has interface {interface}, and this skrnn needs {INTERFACE}; "
                "install skrnn again, or run make in a clone"
            )
            return _Choice(None, {}, reason)
        libraries[dtype] = loaded
    return _Choice(instruction_set.name, libraries, "")

"""Whom Ctrl-C is for."""

from __future__ import annotations

import dis
import sys
from types import FrameType, TracebackType

_LOOPS = ("joblib", "sklearn", "sktime")
_PASS_ON = {"base", "_base", "pipeline", "_pipeline", "_target"}


def is_one_of_many() -> bool:
    """Whether a search, a cross-validation or an ensemble has called this fit.

    To end just this fit would have them go on with the next. Told by the functions
    that are being called; those of scikit-learn and sktime that only pass on a single
    fit, as a pipeline does, do not count.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if _loops(str(frame.f_globals.get("__name__", ""))):
            return True
        frame = frame.f_back
    return False


def _loops(module: str) -> bool:
    package, *names = module.split(".")
    return package in _LOOPS and _PASS_ON.isdisjoint(names)


def was_raised_on_purpose(traceback: TracebackType | None) -> bool:
    """Whether a callback has raised KeyboardInterrupt by a statement, to end training.

    A real one comes between two instructions, wherever the program happens to be.
    """
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None:
        return False
    frame = traceback.tb_frame
    instruction = frame.f_code.co_code[traceback.tb_lasti]
    return instruction == dis.opmap["RAISE_VARARGS"]

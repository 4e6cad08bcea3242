"""How many CPU threads torch uses while we compute."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

_lock = threading.Lock()
_n_inside = 0
_setting_outside = 1
_this_thread = threading.local()


def choose_threads(n_threads: int | str, module: Any, batch_size: int) -> int | None:
    """Threads for a network; None leaves torch's setting as it is.

    ``"auto"`` is one thread where a step of the module is too short to be shared.
    """
    if n_threads != "auto":
        return int(n_threads)
    return None if module.is_worth_sharing(batch_size) else 1


@contextmanager
def limit_threads(n_threads: int | None) -> Iterator[None]:
    """Set torch's threads for this block, and the caller's setting again after it.

    torch keeps the setting for each thread, but a new thread starts from the one set
    last anywhere. So the setting from before the first of several concurrent blocks
    is remembered, and every thread that leaves sets that one.
    """
    if n_threads is None or getattr(_this_thread, "is_inside", False):
        yield
        return
    _enter(n_threads)
    try:
        yield
    finally:
        _leave()


def _enter(n_threads: int) -> None:
    global _n_inside, _setting_outside
    with _lock:
        if _n_inside == 0:
            _setting_outside = torch.get_num_threads()
        _n_inside += 1
        _this_thread.is_inside = True
        torch.set_num_threads(n_threads)


def _leave() -> None:
    global _n_inside
    with _lock:
        _n_inside -= 1
        _this_thread.is_inside = False
        torch.set_num_threads(_setting_outside)

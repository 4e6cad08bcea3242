"""The number of CPU threads that torch uses while we compute."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

_lock = threading.Lock()
_n_inside = 0
_setting_outside = 1
_is_forked = False
_this_thread = threading.local()


def choose_threads(n_threads: int | str, module: Any, batch_size: int) -> int | None:
    """Threads for a network; None leaves torch's setting as it is.

    ``"auto"`` is one thread if a step of the module is too short to be shared, and in a
    worker of a pool: its siblings compute at the same time, and if each took torch's
    setting, together they would ask for several times the cores. A worker is any thread
    but the main one, or a process of ``multiprocessing.Pool``. loky's processes set
    ``OMP_NUM_THREADS`` to their share of the cores, which torch follows.

    A forked process has one thread for any value; see the end of this file.
    """
    if _is_forked:
        return 1
    if n_threads != "auto":
        return int(n_threads)
    if _is_pool_worker() or not module.is_worth_sharing(batch_size):
        return 1
    return None


def choose_engine_threads(n_threads: int | str, is_worth_sharing: bool) -> int:
    """Threads of the compiled engine, as :func:`choose_threads` chooses torch's."""
    if _is_forked:
        return 1
    if n_threads != "auto":
        return int(n_threads)
    if _is_pool_worker() or not is_worth_sharing:
        return 1
    is_inside = getattr(_this_thread, "is_inside", False)
    return _setting_outside if is_inside else torch.get_num_threads()


def _is_pool_worker() -> bool:
    """Whether this thread or process is probably one of several workers."""
    is_main = threading.current_thread() is threading.main_thread()
    return not is_main or multiprocessing.current_process().daemon


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
    global _n_inside, _setting_outside
    with _lock:
        setting = torch.get_num_threads()  # else torch, asked first while we compute,
        if _n_inside == 0:  # takes for a new thread what others have set by then
            _setting_outside = setting
        _n_inside += 1
        _this_thread.is_inside = True
        torch.set_num_threads(n_threads)
    try:
        yield
    finally:
        with _lock:
            _n_inside -= 1
            _this_thread.is_inside = False
            torch.set_num_threads(_setting_outside)


def _begin_as_forked() -> None:
    """Let a forked process compute: only the thread that forked survives in it.

    Others may have held the lock. From now on torch computes on one thread: its OpenMP
    threads are not in this process, and work given to them never ends, even if a
    network is only copied.
    """
    global _lock, _n_inside, _is_forked, _setting_outside
    _lock = threading.Lock()
    _n_inside = int(getattr(_this_thread, "is_inside", False))
    _is_forked = True
    _setting_outside = 1
    torch.set_num_threads(1)


if hasattr(os, "register_at_fork"):  # not on Windows, which cannot fork
    os.register_at_fork(after_in_child=_begin_as_forked)

"""Makes the task process a subreaper: what loses its reaper becomes its child, and can be found and ended.

Without it, a process that has dropped its tag and its parent could not be found once the reaper is killed.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import threading

from airflow_spark_guard.process import leftovers, proctree

_PR_SET_CHILD_SUBREAPER, _PR_GET_CHILD_SUBREAPER = 36, 37


class Adoption:
    """While it is open, orphans below this process become its children; attempts may overlap.

    On a system without subreapers it has no effect.
    """

    _lock = threading.Lock()
    _open = 0
    _was_on = False

    def __init__(self) -> None:
        self._is_open = False

    def open(self) -> None:
        """Switch it on, for the first attempt that is open."""
        with Adoption._lock:
            if Adoption._open == 0:
                Adoption._was_on = _is_on()
                _switch(on=True)
            Adoption._open += 1
            self._is_open = True

    def close(self) -> None:
        """Restore the former state once the last attempt is closed."""
        with Adoption._lock:
            if self._is_open:
                self._is_open = False
                Adoption._open -= 1
                if Adoption._open == 0 and not Adoption._was_on:
                    _switch(on=False)


def end_adopted(reaper: proctree.Proc, tag: leftovers.Tag) -> tuple[str, ...]:
    """End what has become our child since its reaper was killed, with all below it.

    Args:
        reaper: the reaper of the attempt; the job is younger than it.
        tag: the tag of the attempt.

    Returns:
        What could not be ended.
    """
    adopted: set[int] = set()

    def look() -> list[proctree.Proc]:
        table = proctree.table()
        found = [proc for proc in table.values() if _is_adopted(proc, reaper, tag)]
        adopted.update(proc.pid for proc in found)
        whole = {proc.pid: proc for one in found for proc in (one, *proctree.below(one.pid, table))}
        for pid in adopted:
            with contextlib.suppress(OSError):
                os.waitpid(pid, os.WNOHANG)
        return [proc for proc in whole.values() if proc.state != "Z"]

    return tuple(leftovers.end_all(look)[1])


def _is_adopted(proc: proctree.Proc, reaper: proctree.Proc, tag: leftovers.Tag) -> bool:
    """Whether it is a child that we have not started: the reaper had a session of its own.

    A process with the tag of another attempt belongs to that attempt.
    """
    if proc.parent != os.getpid() or proc.pid == reaper.pid or proc.started < reaper.started:
        return False
    try:
        is_ours = os.getsid(proc.pid) == os.getsid(0)
    except OSError:
        return False
    own = os.fsencode(str(tag))
    return not is_ours and all(entry == own for entry in leftovers.tags(proc.pid))


def _is_on() -> bool:
    value = ctypes.c_int(0)
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(value), 0, 0, 0)
    return bool(value.value)


def _switch(*, on: bool) -> None:
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, int(on), 0, 0, 0)

"""The task process as a subreaper: what loses its reaper becomes its child, and can be found and ended.

A job's process that has given up its tag and its parent would be nobody's once the reaper was killed.
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

    It neither fails nor has an effect where the system knows no subreapers.
    """

    _lock = threading.Lock()
    _open = 0
    _was_on = False

    def __init__(self) -> None:
        self._is_open = False

    def open(self) -> None:
        """From now on."""
        with Adoption._lock:
            if Adoption._open == 0:
                Adoption._was_on = _is_on()
                _switch(on=True)
            Adoption._open += 1
            self._is_open = True

    def close(self) -> None:
        """The last one that is closed leaves the process as the first one has found it."""
        with Adoption._lock:
            if self._is_open:
                self._is_open = False
                Adoption._open -= 1
                if Adoption._open == 0 and not Adoption._was_on:
                    _switch(on=False)


def end_adopted(reaper: proctree.Proc, tag: leftovers.Tag) -> tuple[str, ...]:
    """End what has become our child since its reaper was killed, with all below it; what could not be ended.

    Args:
        reaper: of the attempt; its job is younger than it.
        tag: of the attempt.
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
    """Whether it is a child of ours that we have not started: the reaper had a session of its own.

    Whatever carries the tag of another attempt is that one's.
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

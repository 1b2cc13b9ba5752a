"""What outlived its attempt: found by the tag in its environment, ended, and looked for again."""

from __future__ import annotations

import os
import signal
import time
import uuid
from dataclasses import dataclass

from airflow_spark_guard.core.failure.takeover import Earlier
from airflow_spark_guard.process import proctree

TAG_ENV = "SPARK_GUARD_TAG"
_GRACE = 1.0
_KILL_TIME = 2.0
_REAPER = b"reaper_main.py"
_LONGEST_COMMAND = 1 << 16


@dataclass(frozen=True)
class Tag:
    """Marks every process of an attempt on this host.

    Attributes:
        task: identifies the task instance (same for all its tries), and the Airflow it belongs to.
        attempt: identifies one try (:func:`new_attempt`).
    """

    task: str
    attempt: str

    def __str__(self) -> str:
        return f"{self.task}:{self.attempt}"


def find(tag: Tag, *, of_this_attempt: bool) -> list[proctree.Proc]:
    """Living processes of our user that carry the task's tag, of this attempt or of earlier ones.

    This process, those above it and those below it are never among them.
    """
    processes = proctree.table()
    spared = proctree.ancestors(os.getpid(), processes)
    spared |= {proc.pid for proc in proctree.descendants(os.getpid(), processes)}
    return [
        proc
        for proc in processes.values()
        if proc.pid not in spared and proc.state != "Z" and _carries(proc.pid, tag, of_this_attempt)
    ]


def earlier(tag: Tag) -> Earlier | None:
    """What earlier attempts of the task have on this host; None where there is nothing."""
    found = find(tag, of_this_attempt=False)
    if not found:
        return None
    attempts = dict.fromkeys(name for proc in found for name in _attempts(proc.pid, tag))
    reapers = [proc.pid for proc in found if _is_reaper(proc.pid)]
    return Earlier(tuple(attempts), reapers[0] if reapers else None, tuple(map(str, sorted(found))))


def end(tag: Tag, *, of_this_attempt: bool) -> tuple[list[str], list[str]]:
    """End them, first by SIGTERM, then by SIGKILL: (what was found, what could not be ended)."""
    found: dict[int, str] = {}
    begin = time.monotonic()
    while living := find(tag, of_this_attempt=of_this_attempt):
        passed = time.monotonic() - begin
        if passed > _GRACE + _KILL_TIME:
            return sorted(found.values()), [str(proc) for proc in living]
        for proc in living:
            if proc.pid not in found or passed > _GRACE:
                proctree.send(proc, signal.SIGTERM if passed <= _GRACE else signal.SIGKILL)
            found[proc.pid] = str(proc)
        time.sleep(0.05)
    return sorted(found.values()), []


def _carries(pid: int, tag: Tag, of_this_attempt: bool) -> bool:  # noqa: FBT001 - passed on by name above
    """Whether the process has the tag."""
    return any((attempt == tag.attempt) is of_this_attempt for attempt in _attempts(pid, tag))


def _attempts(pid: int, tag: Tag) -> list[str]:
    """The attempts that the process carries. Its environment holds secrets: nothing else of it is kept."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:  # noqa: PTH123 - as in proctree
            environment = file.read().split(b"\0")
    except OSError:  # gone, or another user's
        return []
    prefix = f"{TAG_ENV}={tag.task}:".encode()
    return [
        entry[len(prefix) :].decode(errors="replace") for entry in environment if entry.startswith(prefix)
    ]


def _is_reaper(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:  # noqa: PTH123 - as in proctree
            return any(part.endswith(_REAPER) for part in file.read(_LONGEST_COMMAND).split(b"\0"))
    except OSError:
        return False


def new_attempt(try_number: int | None = None) -> str:
    """A name for an attempt that nothing else has; it begins with the try's number, where there is one."""
    name = uuid.uuid4().hex
    return name if try_number is None else f"{try_number}-{name}"

"""What outlived its attempt: found by the tag in its environment, ended, and looked for again."""

from __future__ import annotations

import os
import signal
import time
import uuid
from dataclasses import dataclass

from airflow_spark_guard.process import proctree

TAG_ENV = "SPARK_GUARD_TAG"
_GRACE = 1.0
_KILL_TIME = 2.0


@dataclass(frozen=True)
class Tag:
    """Marks every process of an attempt on this host.

    Attributes:
        task: identifies the task instance (same for all its tries), and the Airflow it belongs to.
        attempt: identifies one try.
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
    """Whether the process has the tag. Its environment holds secrets: nothing else of it is kept."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:  # noqa: PTH123 - as in proctree
            environment = file.read().split(b"\0")
    except OSError:  # gone, or another user's
        return False
    prefix = f"{TAG_ENV}={tag.task}:".encode()
    attempts = [entry[len(prefix) :].decode() for entry in environment if entry.startswith(prefix)]
    return any((attempt == tag.attempt) is of_this_attempt for attempt in attempts)


def new_attempt() -> str:
    """A name for an attempt that nothing else has."""
    return uuid.uuid4().hex

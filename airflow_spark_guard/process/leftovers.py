"""Processes that outlived their attempt: finds them by the tag in their environment, and ends them."""

from __future__ import annotations

import os
import signal
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_spark_guard.core.failure.takeover import Earlier
from airflow_spark_guard.process import proctree

if TYPE_CHECKING:
    from collections.abc import Callable

TAG_ENV = "SPARK_GUARD_TAG"
_TAG_IS = f"{TAG_ENV}=".encode()
_GRACE = 1.0
_KILL_TIME = 2.0
_REAPER = b"reaper_main.py"
_LONGEST_COMMAND = 1 << 16
_LONGEST_EXEC = 1.0  # seconds; it takes less than a millisecond, unless the machine is short of CPU


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

    Never among them: this process, those above it, and those below it that inherited the tag from it.
    """
    processes = proctree.table()
    above = proctree.ancestors(os.getpid(), processes)
    below = {proc.pid for proc in proctree.below(os.getpid(), processes)}
    own = _own_attempts(tag)
    return [
        proc
        for proc in processes.values()
        if proc.pid not in above
        and proc.state != "Z"
        and any(
            (attempt == tag.attempt) is of_this_attempt
            for attempt in _attempts(proc.pid, tag)
            if not (proc.pid in below and attempt in own)
        )
    ]


def earlier(tag: Tag) -> Earlier | None:
    """What earlier attempts of the task have left on this host; None if nothing is left."""
    found = find(tag, of_this_attempt=False)
    if not found:
        return None
    attempts = dict.fromkeys(name for proc in found for name in _attempts(proc.pid, tag))
    reapers = [proc.pid for proc in found if _is_reaper(proc.pid)]
    return Earlier(tuple(attempts), reapers[0] if reapers else None, tuple(map(str, sorted(found))))


def end(tag: Tag, *, of_this_attempt: bool) -> tuple[list[str], list[str]]:
    """End them, first by SIGTERM, then by SIGKILL; return (what was found, what could not be ended)."""
    return end_all(lambda: find(tag, of_this_attempt=of_this_attempt))


def end_all(look: Callable[[], list[proctree.Proc]]) -> tuple[list[str], list[str]]:
    """End the processes that ``look`` returns, as :func:`end` does, until it returns none."""
    found: dict[int, str] = {}
    begin = time.monotonic()
    while living := look():
        passed = time.monotonic() - begin
        if passed > _GRACE + _KILL_TIME:
            return sorted(found.values()), [str(proc) for proc in living]
        for proc in living:
            if proc.pid not in found or passed > _GRACE:
                proctree.send(proc, signal.SIGTERM if passed <= _GRACE else signal.SIGKILL)
            found[proc.pid] = str(proc)
        time.sleep(0.05)
    return sorted(found.values()), []


def tags(pid: int) -> list[bytes]:
    """The tags that the process carries. Its environment holds secrets: nothing else of it is kept.

    Bytes: a process may put anything into its environment.
    """
    try:
        environment = _environment(pid)
    except OSError:  # gone, or another user's
        return []
    return [entry[len(_TAG_IS) :] for entry in environment.split(b"\0") if entry.startswith(_TAG_IS)]


def _environment(pid: int) -> bytes:
    """The environment; of a process that is just executing a program, the one that it then has.

    Between its old and its new memory such a process shows neither environment nor arguments: it would pass
    for one without a tag, and be missed, or be taken for a child of ours.
    """
    limit = time.monotonic() + _LONGEST_EXEC
    is_executed = False
    while not (found := _read(pid, "environ")) and not is_executed and _has_program(pid):
        # Its arguments show a moment before its environment does: one more look after them.
        is_executed = bool(_read(pid, "cmdline")) or time.monotonic() > limit
        time.sleep(0.001)
    return found


def _read(pid: int, name: str) -> bytes:
    with open(f"/proc/{pid}/{name}", "rb") as file:  # noqa: PTH123 - as in proctree
        return file.read()


def _has_program(pid: int) -> bool:
    """Whether it has memory of its own: neither a thread of the kernel nor a zombie."""
    try:
        Path(f"/proc/{pid}/exe").readlink()
    except OSError:
        return False
    return True


def _attempts(pid: int, tag: Tag) -> list[str]:
    """The attempts of the task that the process carries."""
    return _of_task(tags(pid), tag)


def _own_attempts(tag: Tag) -> list[str]:
    """The attempts that this process carries; it may have changed its environment since it started."""
    return _of_task([*tags(os.getpid()), os.environb.get(TAG_ENV.encode(), b"")], tag)


def _of_task(found: list[bytes], tag: Tag) -> list[str]:
    prefix = os.fsencode(f"{tag.task}:")
    return [entry[len(prefix) :].decode(errors="replace") for entry in found if entry.startswith(prefix)]


def _is_reaper(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:  # noqa: PTH123 - as in proctree
            return any(part.endswith(_REAPER) for part in file.read(_LONGEST_COMMAND).split(b"\0"))
    except OSError:
        return False


def new_attempt(try_number: int | None = None) -> str:
    """A unique name for an attempt; it begins with the try number, if there is one."""
    name = uuid.uuid4().hex
    return name if try_number is None else f"{try_number}-{name}"

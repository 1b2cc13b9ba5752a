"""Heartbeats that executors write to their standard error: read from the tail of an executor's log.

The writing end is ``job/heartbeats.py``, which ships with the job and cannot be imported from here.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MARK = "SPARK_GUARD_HEARTBEAT"
LONGEST = 4096  # characters; ours are far shorter


def digest(stderr_tail: str) -> str:
    """Short text that changes when a worker of this executor wrote another heartbeat; empty without one.

    It is made of the newest line alone, whichever worker wrote it: older lines leave the tail when anything
    else is printed, and that must not look like a heartbeat. For the same reason an empty answer after a full
    one means that the line has left the tail, not that something moved: :func:`heard` keeps the last one.

    Args:
        stderr_tail: the end of one executor's standard error; untrusted. A line cut at either end of it is
            passed over.
    """
    lines = stderr_tail.split("\n")[:-1]
    for line in reversed(lines):
        beat = _beat(line)
        if beat is not None:
            return hashlib.blake2b(repr(beat).encode(), digest_size=8).hexdigest()
    return ""


def heard(known: Mapping[str, str], tails: Mapping[str, str]) -> dict[str, str]:
    """What is known of every executor's newest heartbeat after another look at some logs.

    Args:
        known: the answer to the last look; empty at first.
        tails: the end of standard error by executor id, of those whose log could be read.
    """
    new = {executor: found for executor, tail in tails.items() if (found := digest(tail))}
    return {**known, **new}


def is_heartbeat(line: str) -> bool:
    """Whether the line is nothing but a heartbeat, so that the task log can leave it out."""
    return line.startswith(f"{MARK} ") and _beat(line) is not None


def _beat(line: str) -> tuple[int, float, int] | None:
    """(worker, time, count) of a line; text of the user's own may stand before it."""
    _, found, text = line.partition(f"{MARK} ") if len(line) <= LONGEST else ("", "", "")
    if not found:
        return None
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    beat = (fields.get("w"), fields.get("t"), fields.get("n"))
    return beat if all(type(value) in (int, float) for value in beat) else None  # type: ignore[return-value]

"""Heartbeats that executors write to their standard error: read from the tail of an executor's log.

The writing end is ``job/heartbeats.py``, which ships with the job and cannot be imported from here.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_spark_guard.core.watch.observation import TaskHeartbeat

if TYPE_CHECKING:
    from collections.abc import Mapping

    Known = Mapping[tuple[str, int | None], TaskHeartbeat]

MARK = "SPARK_GUARD_HEARTBEAT"
LONGEST = 4096  # characters; ours are far shorter
_MOST_STAGES = 50  # in one tail
_MOST_KNOWN = 2000


def newest(executor: str, stderr_tail: str) -> tuple[TaskHeartbeat, ...]:
    """The newest heartbeat of each stage in the log of one executor, whichever worker wrote it.

    Older lines leave the tail when anything else is printed, and that must not look like a heartbeat: only a
    stage's newest line counts. For the same reason a stage without a line may have had one: :func:`heard`
    keeps the last one.

    Args:
        executor: the executor's id; empty for the driver's own output.
        stderr_tail: the end of its standard error; untrusted. A line cut at either end of it is passed over.
    """
    found: dict[int | None, TaskHeartbeat] = {}
    for line in reversed(stderr_tail.split("\n")[:-1]):
        beat = _beat(line)
        if beat is not None and beat.stage not in found and len(found) < _MOST_STAGES:
            digest = hashlib.blake2b(repr(beat).encode(), digest_size=8).hexdigest()
            found[beat.stage] = TaskHeartbeat(executor, beat.stage, digest)
    return tuple(found.values())


def heard(known: Known, tails: Mapping[str, str]) -> Known:
    """What is known of every stage's newest heartbeat after another look at some logs.

    Args:
        known: the answer to the last look; empty at first.
        tails: the end of standard error by executor id, of those whose log could be read.
    """
    new = [beat for executor, tail in tails.items() for beat in newest(executor, tail)]
    merged = {**known, **{(beat.executor, beat.stage): beat for beat in new}}
    # Stages of long ago go first: ids only grow.
    while len(merged) > _MOST_KNOWN:
        del merged[next(iter(merged))]
    return merged


def is_heartbeat(line: str) -> bool:
    """Whether the line is nothing but a heartbeat, so that the task log can leave it out."""
    return line.startswith(f"{MARK} ") and _beat(line) is not None


class _Beat(NamedTuple):
    worker: float
    time: float
    calls: float
    stage: int | None


def _beat(line: str) -> _Beat | None:
    """The figures of a line; text of the user's own may stand before it."""
    _, found, text = line.partition(f"{MARK} ") if len(line) <= LONGEST else ("", "", "")
    if not found:
        return None
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    beat: list[Any] = [fields.get(name) for name in ("w", "t", "n")]
    stage = fields.get("s")
    if not all(type(value) in (int, float) for value in beat) or not (stage is None or type(stage) is int):
        return None
    worker, at, calls = beat
    try:
        return _Beat(float(worker), float(at), float(calls), stage)
    except OverflowError:  # a number of hundreds of digits
        return None

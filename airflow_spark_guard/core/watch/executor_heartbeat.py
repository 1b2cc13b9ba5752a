"""Reads heartbeats that executors write to their standard error from the tail of an executor's log.

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
LONGEST = 4096  # characters; our lines are far shorter
_MOST_STAGES = 50  # in one tail
_MOST_KNOWN = 2000


def newest(executor: str, stderr_tail: str) -> tuple[TaskHeartbeat, ...]:
    """The newest heartbeat of each stage in the log of one executor, from any worker.

    Older lines leave the tail when anything else is printed, which must not look like a heartbeat: only the
    newest line of a stage counts. For the same reason a stage without a line may have had one:
    :func:`latest` keeps the last one.

    Args:
        executor: the executor's id; empty for the driver's own output.
        stderr_tail: the end of its standard error; untrusted. Lines that are cut at its ends are skipped.
    """
    found: dict[int | None, TaskHeartbeat] = {}
    for line in reversed(stderr_tail.split("\n")[:-1]):
        beat = _beat(line)
        if beat is not None and beat.stage not in found and len(found) < _MOST_STAGES:
            digest = hashlib.blake2b(repr(beat).encode(), digest_size=8).hexdigest()
            found[beat.stage] = TaskHeartbeat(executor, beat.stage, digest)
    return tuple(found.values())


def latest(known: Known, tails: Mapping[str, str]) -> Known:
    """The newest heartbeat of every stage, after another read of some logs.

    Args:
        known: the previous result; empty at first.
        tails: the end of standard error by executor id, for logs that could be read.
    """
    new = [beat for executor, tail in tails.items() for beat in newest(executor, tail)]
    merged = {**known, **{(beat.executor, beat.stage): beat for beat in new}}
    # Stages of long ago go first: ids only grow.
    while len(merged) > _MOST_KNOWN:
        del merged[next(iter(merged))]
    return merged


def is_heartbeat(line: str) -> bool:
    """Whether the line is only a heartbeat, so that the task log can leave it out."""
    return line.startswith(f"{MARK} ") and _beat(line) is not None


class _Beat(NamedTuple):
    worker: float
    time: float
    calls: float
    stage: int | None


def _beat(line: str) -> _Beat | None:
    """The figures of a line; text of the user may come before it."""
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
    except OverflowError:  # a number with hundreds of digits
        return None

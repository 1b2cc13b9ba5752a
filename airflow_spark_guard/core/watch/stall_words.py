"""Texts for the task log and the verdict about a stage that stands still."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.clock import EpochTime, WatchTime
from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.core.watch.evidence import State
from airflow_spark_guard.core.watch.process_sample import IDLE, NEIGHBOUR, PYTHON, PYTHON_START

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.core.watch.movement import Standstill
    from airflow_spark_guard.core.watch.observation import Observation, Stage
    from airflow_spark_guard.core.watch.process_sample import ProcessSample
    from airflow_spark_guard.core.watch.watch_limits import Limit

PAUSE: Final = 20.0
"""Minimum time between two lines about one stage, in seconds."""
_NAME, _PLACE = 120, 120
_FEWEST_DUMPS = 2

BUSY: Final[Mapping[State, str]] = {
    State.SPINNING: "its workers compute",
    State.WAITING: "its workers wait in a loop that sleeps",
    State.BACKGROUND: "its workers' own threads stand still while background threads of a library move",
}
"""States in which a standstill may be work, as the reason for a longer limit."""

LEFT_ALONE: Final[Mapping[State, str]] = {
    State.WORKING: "its workers are working; no action. Call heartbeat() in the function that runs in the "
    "worker to show its progress.",
    State.BEHIND: "it waits for a block or memory that a task of another stage holds; no action.",
}
"""States in which a stage is left alone, as the log gives the reason."""

_ADVICE: Final[Mapping[State, str]] = {
    State.BLOCKED: "Set a time-out for the call in that line. If it may take that long, raise "
    "GuardLimits.stall_timeout, or call heartbeat() in the function that runs in the worker.",
    State.WAITING: "The loop in that line sleeps and checks a condition that never becomes true: give it a "
    "time-out. If it may wait that long, call heartbeat() in it, or raise GuardLimits.stall_timeout.",
    State.BACKGROUND: "Set a time-out for the call in that line. If it is healthy and waits for a library's "
    "thread that moves less than 4 KiB a second, call heartbeat() in the function that runs in the worker, "
    "or raise GuardLimits.stall_timeout.",
    State.SPINNING: "Check that line for an endless loop. If it is one long computation, raise "
    "GuardLimits.stall_timeout, or call heartbeat() between its parts.",
    State.UNSEEN: "Check that line for a call without a time-out or an endless loop. If the stage may be "
    "silent for that long, call heartbeat() in the function that runs in the worker, or raise "
    "GuardLimits.stall_timeout.",
}
_IN_THE_JVM: Final[Mapping[State, str]] = {
    State.BLOCKED: "The tasks wait in the JVM, where heartbeat() cannot help. Set a time-out for the data "
    "source: an option of its driver or connector (JDBC: queryTimeout, and the driver's socketTimeout in the "
    "URL). If it may take that long, raise GuardLimits.stall_timeout.",
    State.SPINNING: "The tasks compute in the JVM, where heartbeat() cannot help. Check the query for a join "
    "without a condition, skewed keys, or a slow regular expression. If it is one long computation, "
    "raise GuardLimits.stall_timeout.",
}
_PYTHON_START: Final = (
    "The executor waits for a Python worker that does not start: run spark.pyspark.python (PYSPARK_PYTHON) "
    "on that host by hand, and import the packages that the job needs."
)


def name(stage: Stage) -> str:
    """``Stage 3 (count at job.py:12)``; the name is text of the job."""
    text = safe_text(stage.name)[:_NAME].strip()
    return f"Stage {stage.stage} ({text})" if text else f"Stage {stage.stage}"


def left_alone(stage: Stage, still: Standstill, now: WatchTime) -> str:
    """The line about a stage whose counters stand still for one of the reasons of :data:`LEFT_ALONE`."""
    why = LEFT_ALONE[still.workers.state or State.WORKING]
    return f"{name(stage)} has not moved for {readable_duration(now - still.first)}, but {why}"


def moves_again(stage: Stage, stood: float) -> str:
    """The line about a stage that moves again after it was found to stand still for too long."""
    return f"{name(stage)} moves again after {readable_duration(stood)}."


def unchanged(stage: Stage, still: Standstill, limit: Limit, now: WatchTime, wall: EpochTime) -> str:
    """The line about a stage that stands still.

    Args:
        stage: the stage.
        still: since when, and what its workers do.
        limit: the limit that applies now.
        now: the time of the observation.
        wall: the time of day; 0 if unknown.
    """
    stood = now - still.since
    left = max(limit.seconds - stood, 0.0)
    end = (
        f"ends at {time.strftime('%H:%M:%S', time.gmtime(wall + left))} UTC"
        if wall > 0
        else f"ends in {readable_duration(left)}"
    )
    longer = f" (last moved {readable_duration(now - still.first)} ago)" if still.first < still.since else ""
    return (
        f"{name(stage)} unchanged for {readable_duration(stood)} of {limit}{longer}; "
        f"{stage.done} of {stage.tasks} tasks done, {workers(still, stage.stage)}; {end} unless it moves"
    )


def workers(still: Standstill, stage: int) -> str:
    """``4 workers blocked at enrich.py:38, enrich``, or less if not everything is known.

    Where no worker has a line that may hang, ``2 task threads blocked at com.acme.Jdbc.commit(Jdbc.java:7)``.
    """
    state = still.workers.state
    doing = f" {state}" if state is not None else ""
    for who, rows in (("worker", _stuck(still, stage)), ("task thread", _threads(still, stage))):
        places = Counter(safe_text(row.place)[:_PLACE] for row in rows if row.place)
        if places:
            place, count = places.most_common(1)[0]
            return f"{count} {who}{'s' if count > 1 else ''}{doing} at {place}{_beside(still)}"
    return f"workers{doing}{_beside(still)}{_dumps(still, stage)}" if doing else "workers not compared yet"


def _beside(still: Standstill) -> str:
    if still.workers.state is not State.BACKGROUND:
        return ""
    rate = f"{still.workers.trickle:.0f} B/s"
    return f" (its own threads stand still; only background threads of a library move: {rate})"


def _dumps(still: Standstill, stage: int) -> str:
    """What stack dumps of workers out of sight show, of the executor with most of them."""
    if still.workers.state is not State.UNSEEN:
        return ""
    rows = _readings(still)
    others = {row.executor for row in rows if row.role == "task" and row.stage not in (None, stage)}
    logs = [row for row in rows if row.dumps is not None and row.executor not in others]
    row = max(logs, key=lambda row: row.dumps.same if row.dumps else 0, default=None)
    if row is None or row.dumps is None or row.dumps.same < _FEWEST_DUMPS:
        return ""
    count, lasted = row.dumps.same, readable_duration(row.dumps.seconds)
    executor, place = (" ".join(safe_text(text)[:_PLACE].split()) for text in (row.executor, row.place))
    where = f"in the log of executor {executor} show no change, the last one at {place}"
    return f"; {count} stack dumps over {lasted} {where}"


def advice(still: Standstill, stage: int) -> str:
    """What to do about it, depending on what its workers do; where it stands in the JVM, on that."""
    state, threads = still.workers.state or State.UNSEEN, _threads(still, stage)
    if any(row.kind == PYTHON_START for row in threads) and state is State.BLOCKED:
        return _PYTHON_START
    if threads and not any(row.place for row in _stuck(still, stage)):
        return _IN_THE_JVM.get(state, _ADVICE[State.UNSEEN])
    return _ADVICE.get(state, _ADVICE[State.UNSEEN])


def other_signs(seen: Observation) -> str:
    """Signs of life that are not about this stage, to explain why they did not count."""
    if seen.inside is None or not seen.inside.heartbeats:
        return ""
    note = f' ("{safe_text(seen.inside.note)[:_NAME]}")' if seen.inside.note else ""
    return f"; heartbeats of the driver{note} do not show that this stage moves"


def stuck(still: Standstill, stage: int) -> tuple[str, ...]:
    """Keys of the readings of the workers that do not move, to find the line that hangs."""
    return tuple(row.key for row in _stuck(still, stage)) if still.workers.own else ()


def _threads(still: Standstill, stage: int) -> list[ProcessSample]:
    """The threads of the stage's tasks that stand or compute in the JVM, in the state of the stage.

    One that waits for a block or memory of another task counts only if there is no other.
    """
    own, state = still.workers.own, still.workers.state
    if state not in (None, *_IN_THE_JVM):
        return []
    rows = [row for row in _readings(still) if row.role == "task" and row.stage in (None, stage)]
    rows = [row for row in rows if row.kind != PYTHON and state in (None, own.get(row.key))]
    return [row for row in rows if row.kind != NEIGHBOUR] or rows


def _readings(still: Standstill) -> tuple[ProcessSample, ...]:
    return still.workers.before[1] if still.workers.before is not None else ()


def _stuck(still: Standstill, stage: int) -> list[ProcessSample]:
    """The stage's workers in the state of the stage; without a comparison all of them.

    Workers whose stage is not known count only if none of them works: they may belong to another stage.
    """
    ours = [
        row
        for row in _readings(still)
        if row.role == "worker" and row.kind != IDLE and row.stage in (None, stage)
    ]
    own, state = still.workers.own, still.workers.state
    if not own:
        return ours
    same = [row for row in ours if own.get(row.key) is state]
    if any(row.stage is None and own.get(row.key) is State.WORKING for row in ours):
        same = [row for row in same if row.stage is not None]
    return same

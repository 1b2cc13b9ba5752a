"""What the watchdog answers: healthy so far, a notice for the task log, or the end of the attempt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from airflow_spark_guard.core.clock import LaunchTime, WatchTime
from airflow_spark_guard.core.codec import Stored
from airflow_spark_guard.core.verdict import Verdict

Clock = TypeVar("Clock", LaunchTime, WatchTime)


@dataclass(frozen=True)
class Finding(Stored):
    """A limit that has passed.

    Attributes:
        verdict: what the attempt ends with.
        what: one sentence.
        limit: the limit in seconds, as it was applied.
        reached_at: when it was reached.
        got: what was seen.
        expected: what was wanted.
        advice: what to do next.
        suspect: whose line is to be named: ``worker``, where a stage stands still; ``driver``, where it works
            alone; ``any``, where the stacks decide; empty when no line is to blame.
        retry: whether the evidence says that a retry can help; None where the verdict alone decides.
        stages: ids of the stages in question; empty where the finding is about none.
        stuck: keys of the readings of the processes that stand still, as far as they are known.
    """

    verdict: Verdict
    what: str
    limit: float
    reached_at: LaunchTime
    got: str = ""
    expected: str = ""
    advice: str = ""
    suspect: str = ""
    retry: bool | None = None
    stages: tuple[int, ...] = ()
    stuck: tuple[str, ...] = ()


@dataclass(frozen=True)
class Look(Generic[Clock]):
    """What the watchdog wants to see next.

    Attributes:
        at: when, by the clock of whoever is told.
        readings: whether processes and task threads are wanted too.
        details: whether the durations of tasks are wanted too.
    """

    at: Clock
    readings: bool = False
    details: bool = False


@dataclass(frozen=True)
class Decision:
    """The answer to one observation.

    Attributes:
        look: what to look at next, and when.
        finding: what ends the attempt; None while it goes on.
        notices: warnings for the task log.
        lines: what the task log shows beside them: how long the job has been silent.
        observed: what would end the attempt, where it is only observed; each is given once.
    """

    look: Look[LaunchTime]
    finding: Finding | None = None
    notices: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    observed: tuple[Finding, ...] = ()

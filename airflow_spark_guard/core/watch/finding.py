"""The watchdog's answers: healthy so far, a notice for the task log, or the end of the attempt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Literal, TypeAlias, TypeVar

from airflow_spark_guard.core.clock import LaunchTime, WatchTime
from airflow_spark_guard.core.codec import Stored
from airflow_spark_guard.core.verdict import Verdict

Suspect: TypeAlias = Literal["worker", "driver", "any", ""]
"""Whose line to name: a worker's if a stage stands still; the driver's if it works alone; any one that the
stacks show; or none.
"""
Clock = TypeVar("Clock", LaunchTime, WatchTime)


@dataclass(frozen=True)
class Finding(Stored):
    """A limit that was exceeded.

    Attributes:
        verdict: the verdict of the attempt.
        what: what happened, in one sentence.
        limit: the limit in seconds, as applied.
        reached_at: when it was reached.
        got: what was found.
        expected: what was expected.
        advice: what to do next.
        suspect: whose line to name.
        retry: whether the evidence shows that a retry can help; None if the verdict decides.
        stages: ids of the stages in question; may be empty.
        stuck: keys of the readings of processes that are known not to move.
    """

    verdict: Verdict
    what: str
    limit: float
    reached_at: LaunchTime
    got: str = ""
    expected: str = ""
    advice: str = ""
    suspect: Suspect = ""
    retry: bool | None = None
    stages: tuple[int, ...] = ()
    stuck: tuple[str, ...] = ()


@dataclass(frozen=True)
class ObservationRequest(Generic[Clock]):
    """The next observation that the watchdog requests.

    Attributes:
        at: when, by the clock of the receiver.
        readings: whether to sample processes and task threads too.
        details: whether to read the durations of tasks too.
    """

    at: Clock
    readings: bool = False
    details: bool = False


@dataclass(frozen=True)
class Decision:
    """The answer to one observation.

    Attributes:
        look: what to observe next, and when.
        finding: the finding that ends the attempt; None while it continues.
        notices: warnings for the task log.
        lines: other lines for the task log: how long the job has been silent.
        observed: in observe mode the findings that would end the attempt; each is returned once.
    """

    look: ObservationRequest[LaunchTime]
    finding: Finding | None = None
    notices: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    observed: tuple[Finding, ...] = ()

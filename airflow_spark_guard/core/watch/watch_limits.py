"""The limits of the watch as plain numbers for the watchdog, in seconds unless noted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from airflow_spark_guard.core.codec import LATER
from airflow_spark_guard.core.quantity import readable_duration, seconds, whole_number

if TYPE_CHECKING:
    from airflow_spark_guard.core.limits import GuardLimits

PATIENCE = 3.0
"""The factor for the limit of a standstill that may be work (busy, or out of sight)."""
_HEARTBEATS = 3.0
_MEDIANS = 5.0
HEARTBEAT = 10.0
"""Spark's default of spark.executor.heartbeatInterval, in seconds."""


class Limit(NamedTuple):
    """A limit as it is applied.

    Attributes:
        seconds: how long.
        why: where it comes from, as a message shows it.
    """

    seconds: float
    why: str

    def times(self, factor: float, reason: str) -> Limit:
        """The limit multiplied by a factor."""
        return Limit(self.seconds * factor, f"{factor:g} x {self.why}, because {reason}")

    def __str__(self) -> str:
        return f"{readable_duration(self.seconds)} ({self.why})"


@dataclass(frozen=True)
class WatchLimits:
    """The values of ``GuardLimits``, read once when the attempt starts.

    Attributes:
        deadline: None if only ``execution_timeout`` applies.
        gone_chosen: whether the user set ``executors_gone``: it is then used as set if a node goes away.
        stall_chosen: whether the user set ``stall_timeout``: it is then used as set if workers can be seen.
        heartbeat: how often executors report, which is how often counters are updated.
        losses: None: depends on the size of the application (``core/watch/loss_events.py``).
        local: whether the master is ``local[n]``, where the driver is its own executor.
        observe: whether findings are only reported and do not end the attempt.
        others: see :class:`~airflow_spark_guard.core.limits.GuardLimits`.
    """

    deadline: float | None
    start: float
    stall: float
    silence: float | None
    losses: int | None
    loss_window: float
    gone: float
    evidence: float
    poll: float
    exit: float
    heartbeat: float
    local: bool = False
    stall_chosen: bool = False
    observe: bool = field(default=False, metadata=LATER)
    gone_chosen: bool = field(default=False, metadata=LATER)

    @classmethod
    def of(
        cls,
        limits: GuardLimits,
        *,
        deadline: float | None,
        heartbeat: float | None = None,
        local: bool = False,
    ) -> WatchLimits:
        """From checked limits; defaults adapt to shorter limits."""
        stall = seconds(limits.stall_timeout)
        silence = None if limits.driver_silence is None else seconds(limits.driver_silence)
        shortest = min(stall, silence or stall)
        return cls(
            deadline=deadline,
            start=seconds(limits.start_timeout),
            stall=stall,
            silence=silence,
            losses=None if limits.executor_losses is None else whole_number(limits.executor_losses),
            loss_window=seconds(limits.executor_window),
            gone=seconds(limits.executors_gone),
            evidence=min(seconds(limits.evidence_window), shortest / 2),
            poll=min(seconds(limits.poll_interval), shortest / 4),
            exit=seconds(limits.exit_timeout),
            heartbeat=heartbeat or HEARTBEAT,
            local=local,
            stall_chosen=not limits.is_default("stall_timeout"),
            observe=limits.observes,
            gone_chosen=not limits.is_default("executors_gone"),
        )

    def gone_with_node(self) -> Limit:
        """How long a job may be without executors if the last one went with its node.

        A cluster needs some minutes to start another node.
        """
        gone = Limit(self.gone, "GuardLimits.executors_gone")
        if self.gone_chosen or self.gone >= self.start:
            return gone
        return Limit(self.start, "GuardLimits.start_timeout, since its node went away")

    def stall_of(self, median: float | None) -> Limit:
        """The default stall limit of a stage whose finished tasks took ``median`` seconds."""
        return max(
            Limit(self.stall, "stall_timeout"),
            Limit(_HEARTBEATS * self.heartbeat, "3 x spark.executor.heartbeatInterval"),
            Limit(_MEDIANS * (median or 0.0), "5 x the median of the stage's finished tasks"),
        )

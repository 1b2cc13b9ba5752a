"""STALLED: a Spark job is active, but Spark starts no stage for it. A healthy job is without one for seconds.

The job's own report, the driver's REST API and the processes of the driver must agree before that ends an
attempt; the log shows it in any case.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.clock import WatchTime
from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch import evidence
from airflow_spark_guard.core.watch.comparison import Comparison
from airflow_spark_guard.core.watch.evidence import State
from airflow_spark_guard.core.watch.finding import Finding
from airflow_spark_guard.core.watch.observation import STALE
from airflow_spark_guard.core.watch.standing import Standing
from airflow_spark_guard.core.watch.watch_limits import PATIENCE, Limit

if TYPE_CHECKING:
    from airflow_spark_guard.core.watch.finding import ObservationRequest
    from airflow_spark_guard.core.watch.observation import Observation
    from airflow_spark_guard.core.watch.process_sample import ProcessSample
    from airflow_spark_guard.core.watch.watch_limits import WatchLimits

_QUIET, _PAUSE = 300.0, 60.0
_NO_TASK = "the job has no running task"
_WHY = {State.SPINNING: "the driver's JVM computes", State.UNSEEN: "the driver cannot be seen"}
_ADVICE = (
    "Spark starts stages on the thread dag-scheduler-event-loop of the driver: see where it stands in the "
    "stacks of its JVM, and look for errors of the DAGScheduler in the log. SPARK-24687 and SPARK-25211 are "
    "jobs that lost their stages; a newer Spark has them fixed."
)


@dataclass
class StagelessRule:
    """Watches Spark jobs that have no active stage.

    Attributes:
        watch_limits: the limits.
        since: since when there is such a job, as it counts towards the limit; None while there is none.
        first: since when there is such a job; later than that counts only if the driver's Python works.
        signature: everything that changes when the driver or a task makes progress.
        processes: what the driver's Python and JVM do.
        notices: lines for the task log; the watchdog removes them.
        found: whether this was found to take too long; in observe mode it is reported once.
    """

    watch_limits: WatchLimits
    since: WatchTime | None = None
    first: WatchTime = WatchTime(0.0)
    signature: Any = None
    processes: Comparison = field(init=False)
    notices: list[str] = field(default_factory=list)
    found: bool = False
    _jobs: int = 0
    _run_ms: int = 0
    _doubt: str = ""
    _line_at: WatchTime = WatchTime(0.0)

    def __post_init__(self) -> None:
        self.processes = Comparison(self.watch_limits.evidence)

    def observe(self, seen: Observation, now: WatchTime) -> Finding | None:
        """The finding, if a job has been without a stage for too long."""
        self._jobs, self._doubt, signature = _jobs_without_stage(seen), _doubt(seen), self._signature(seen)
        if self.since is None or not self._jobs or signature != self.signature:
            self.since, self.first, self.signature = (now if self._jobs else None), now, signature
            self._line_at, self.found = now, False
            self.processes.forget()
            return None
        self.processes.weigh(seen.readings, now, _driver_state)
        if self.processes.state is State.WORKING:
            # Its script goes on: the job may be one of another thread, or one whose end Spark has lost.
            self.since = now
            self.processes.forget()
        limit = self._limit()
        if self._is_late(now, limit):
            self.found = self.watch_limits.observe
            return self._finding(seen, limit, now)
        self._say(limit, now)
        return None

    def look(self, _: Observation, now: WatchTime) -> ObservationRequest[WatchTime] | None:
        """When to observe again, and whether to sample the processes."""
        if self.since is None or self._doubt or self.found:
            return None
        return self.processes.look(self.since, self._shortest().seconds, now)

    def standing(self, now: WatchTime) -> Standing | None:
        """For how long a job has been without a stage, and the limit for it; None while there is none."""
        if self.since is None:
            return None
        limit = self._limit()
        return Standing(
            unchanged=max(0.0, now - self.first),
            counted=max(0.0, now - self.since),
            limit=None if self._doubt else limit.seconds,
            why=self._doubt or limit.why,
            doing=f"{self._name()} without an active stage",
        )

    def _signature(self, seen: Observation) -> tuple[object, ...]:
        if seen.driver is not None:
            # In local[n] the driver's row counts the time, whether tasks run or not.
            self._run_ms = sum(row.run_ms for row in seen.driver.executors if row.id != "driver")
        inside = seen.inside
        of_job = () if inside is None else (inside.application_id, inside.jobs, inside.sql, inside.heartbeats)
        return (*of_job, self._run_ms)

    def _shortest(self) -> Limit:
        """The limit of a stage without a running task: a driver that waits for a store looks as if idle."""
        waits = Limit(self.watch_limits.stall, "stall_timeout").times(PATIENCE, _NO_TASK)
        return max(waits, Limit(self.watch_limits.start, "start_timeout"))

    def _limit(self) -> Limit:
        shortest, reason = self._shortest(), _WHY.get(self.processes.state or State.BLOCKED)
        if reason is None:
            return shortest
        base = readable_duration(shortest.seconds)
        why = f"{PATIENCE:g} x {base}, because {reason}; {base} is {shortest.why}"
        return Limit(PATIENCE * shortest.seconds, why)

    def _is_late(self, now: WatchTime, limit: Limit) -> bool:
        if self.since is None or self._doubt or self.found or self.processes.state is None:
            return False
        return now - self.since >= limit.seconds

    def _name(self) -> str:
        return f"{self._jobs} Spark job{'' if self._jobs == 1 else 's'}"

    def _say(self, limit: Limit, now: WatchTime) -> None:
        """From 5 minutes on (half a shorter limit), log how long that has lasted, less and less often."""
        stood = now - self.first
        if (
            self.found
            or stood < min(_QUIET, limit.seconds / 2)
            or now - self._line_at < max(_PAUSE, stood / 2)
        ):
            return
        advice = "" if self._line_at > self.first else f" {_ADVICE}"
        self._line_at = now
        ends = f"not ended, because {self._doubt}" if self._doubt else f"ends after {limit}"
        what = f"{self._name()} without an active stage for {readable_duration(stood)}"
        self.notices.append(f"{what}; {ends}.{advice}")

    def _finding(self, seen: Observation, limit: Limit, now: WatchTime) -> Finding:
        since = now if self.since is None else self.since
        return Finding(
            Verdict.STALLED,
            f"{self._name()} stood still for {readable_duration(now - self.first)}: Spark started no stage.",
            limit.seconds,
            seen.launch_time(WatchTime(max(since + limit.seconds, self.processes.turned_at)), now),
            got=f"{self._name()} without an active stage, the driver's processes are {self.processes.state}",
            expected=f"a stage within {limit}",
            advice=_ADVICE,
            suspect="driver",
        )


def _jobs_without_stage(seen: Observation) -> int:
    """The number of active jobs if no stage is; 0 also if the job's own report is not recent."""
    inside, driver = seen.inside, seen.driver
    if inside is None or inside.ended or inside.stages or seen.at - inside.heard_at > STALE:
        return 0
    if driver is not None and (driver.stages or not driver.jobs):
        return 0
    return inside.jobs


def _doubt(seen: Observation) -> str:
    """Why the job may be over, although it is listed; empty if nothing suggests that."""
    if seen.driver is None:
        return "the driver's REST API does not confirm it"
    return "Spark has lost events, and the job may be over" if seen.driver.dropped_events else ""


def _driver_state(
    before: tuple[ProcessSample, ...], after: tuple[ProcessSample, ...], seconds: float
) -> State:
    """What the JVM does; WORKING if the driver's Python is busy, which does not wait for the job then."""
    found = evidence.pairs(before, after, seconds)
    python, jvm = (
        evidence.together(evidence.state_of(pair) for pair in found if pair.after.role == role)
        for role in ("driver", "jvm")
    )
    if python in (State.WORKING, State.SPINNING):
        return State.WORKING
    return evidence.together((python, jvm))

"""DRIVER_SILENT: no Spark job, no heartbeat, no end. Opt-in: only the author knows how long that may take.

A driver that is blocked before there is an application waits for the cluster, as in a full queue: STARVED.
Even without the limit the log shows from time to time how long the driver has been silent. While processes
that it has started work, or its JVM reads and writes, the driver is left alone (``driver_work``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.clock import LaunchTime, WatchTime
from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch import evidence
from airflow_spark_guard.core.watch.comparison import Comparison
from airflow_spark_guard.core.watch.driver_work import work_beside
from airflow_spark_guard.core.watch.evidence import State
from airflow_spark_guard.core.watch.finding import Finding
from airflow_spark_guard.core.watch.standing import Standing
from airflow_spark_guard.core.watch.watch_limits import PATIENCE, Limit

if TYPE_CHECKING:
    from airflow_spark_guard.core.watch.finding import ObservationRequest
    from airflow_spark_guard.core.watch.observation import Inside, Observation
    from airflow_spark_guard.core.watch.process_sample import ProcessSample, Role
    from airflow_spark_guard.core.watch.watch_limits import WatchLimits

_DRIVER_ROLES: frozenset[Role] = frozenset({"driver", "jvm", "child"})
_QUIET, _PAUSE = 300.0, 20.0
_MAY_WAIT = (State.BLOCKED, State.UNSEEN, None)
_WHY = {State.SPINNING: "the driver computes", State.UNSEEN: "the driver cannot be seen"}


@dataclass
class SilenceRule:
    """Watches the driver's own code between Spark jobs.

    Attributes:
        watch_limits: the limits; without ``silence`` the rule is off.
        since: since when the driver is silent, as it counts towards the limit; None while it is not.
        first: since when it is silent; later than that counts only if something worked for it.
        signature: everything that changes when it makes progress.
        run_ms: total run time of tasks so far, as counted by the executors; None before that is known.
        processes: what the driver's Python and JVM do.
        lines: lines for the task log that are not warnings; the watchdog removes them.
        found: whether this silence was found to be too long; in observe mode it is reported once.
    """

    watch_limits: WatchLimits
    since: WatchTime | None = None
    first: WatchTime = WatchTime(0.0)
    signature: Any = None
    run_ms: int | None = None
    processes: Comparison = field(init=False)
    lines: list[str] = field(default_factory=list)
    found: bool = False
    _line_at: WatchTime = WatchTime(0.0)
    _work: str = ""
    _inside: Inside | None = None

    def __post_init__(self) -> None:
        self.processes = Comparison(self.watch_limits.evidence)

    def observe(self, seen: Observation, now: WatchTime) -> Finding | None:
        """The finding, if the driver has been silent for too long."""
        self._inside = seen.inside or self._inside
        if seen.inside is None:
            return None
        signature = (seen.inside.heartbeats, seen.inside.sql, seen.inside.application_id)
        occupied = self._tasks_ran(seen) or _occupied(seen)
        if self.since is None or occupied or signature != self.signature:
            self.since, self.signature = (None if _occupied(seen) else now), signature
            self._line_at = self.first = now
            self.found = False
            self.processes.forget()
            return None
        if self.watch_limits.silence is None or self.found:
            self._say(seen, now, None)
            return None
        self.processes.weigh(seen.readings, now, partial(self._state, seen))
        if self._work:
            self._excuse(now)
            return None
        limit = self._limit(self._silence(seen.inside))
        if now - self.since >= limit.seconds:
            self.found = self.watch_limits.observe
            return self._finding(seen, limit, now)
        self._say(seen, now, limit)
        return None

    def look(self, seen: Observation, now: WatchTime) -> ObservationRequest[WatchTime] | None:
        """When to observe again, and whether to sample the processes."""
        if self.since is None or self.watch_limits.silence is None or seen.inside is None or self.found:
            return None
        return self.processes.look(self.since, self._silence(seen.inside).seconds, now)

    def standing(self, now: WatchTime) -> Standing | None:
        """For how long the driver has been silent, and the limit for it; None while it is not."""
        if self.since is None or self._inside is None:
            return None
        silent, counted = max(0.0, now - self.first), max(0.0, now - self.since)
        if self.watch_limits.silence is None:
            return Standing(silent, counted, None)
        limit = self._limit(self._silence(self._inside))
        return Standing(silent, counted, limit.seconds, limit.why, str(self.processes.state or ""))

    def _state(
        self,
        seen: Observation,
        before: tuple[ProcessSample, ...],
        after: tuple[ProcessSample, ...],
        seconds: float,
    ) -> State:
        executors = seen.driver.executors if seen.driver is not None else ()
        self._work = work_beside(before, after, seconds, sum(row.active for row in executors))
        return _driver_state(before, after, seconds)

    def _excuse(self, now: WatchTime) -> None:
        """Restart the limit although the driver is silent."""
        silent = readable_duration(now - self.first)
        self.lines.append(f"No Spark job for {silent}, but the driver waits: {self._work}; no action.")
        self.since, self._line_at, self._work = now, now, ""
        self.processes.forget()

    def _tasks_ran(self, seen: Observation) -> bool:
        """Whether tasks ended since the last observation: the only sign of a short Spark job in between."""
        if seen.driver is None:
            return False
        # In local[n] the driver's row counts the time, whether tasks run or not.
        rows = [row for row in seen.driver.executors if row.id != "driver"]
        before, self.run_ms = self.run_ms, sum(row.run_ms for row in rows)
        return before not in (None, self.run_ms)

    def _silence(self, inside: Inside) -> Limit:
        """The limit of this phase: a SparkContext that is being created waits for the cluster."""
        silence = Limit(self.watch_limits.silence or 0.0, "driver_silence")
        if inside.application_id:
            return silence
        return max(
            silence, Limit(self.watch_limits.start, "start_timeout, since there is no SparkContext yet")
        )

    def _limit(self, silence: Limit) -> Limit:
        state = self.processes.state
        if state is State.BLOCKED:
            return silence
        return silence.times(PATIENCE, _WHY.get(state or State.UNSEEN, "the driver works"))

    def _say(self, seen: Observation, now: WatchTime, limit: Limit | None) -> None:
        """From half the limit on (5 minutes without one), log how long the driver has been silent."""
        silent = now - self.first
        first = _QUIET if limit is None else min(_QUIET, limit.seconds / 2)
        if silent < first or now - self._line_at < max(_PAUSE, silent / 2):
            return
        self._line_at = now
        ends = "" if limit is None else f"; ends after {limit}"
        self.lines.append(f"No Spark job for {readable_duration(silent)}; {_last_sign(seen)}{ends}.")

    def _finding(self, seen: Observation, limit: Limit, now: WatchTime) -> Finding:
        since = now if self.since is None else self.since
        reached_at = seen.launch_time(WatchTime(max(since + limit.seconds, self.processes.turned_at)), now)
        if self._waits_for_application(seen):
            return _no_application(now - self.first, limit, reached_at, self.processes.state)
        return Finding(
            Verdict.DRIVER_SILENT,
            f"The driver has run for {readable_duration(now - self.first)} without a Spark job or a "
            "heartbeat.",
            limit.seconds,
            reached_at,
            got=f"its processes are {self.processes.state or State.UNSEEN}",
            expected=f"a Spark job or a heartbeat within {limit}",
            advice="If that line may take so long, call heartbeat() between its parts, or raise "
            "GuardLimits.driver_silence.",
            suspect="driver",
        )

    def _waits_for_application(self, seen: Observation) -> bool:
        """Whether the driver may wait in SparkContext's constructor, which returns with the application.

        One that computes does not wait, nor does one that is at a line of its own; ``local[n]`` has no queue.
        """
        if self.watch_limits.local or seen.inside is None or seen.inside.application_id:
            return False
        _, samples = self.processes.before or (None, ())
        is_elsewhere = any(row.role == "driver" and row.place for row in samples)
        return self.processes.state in _MAY_WAIT and not is_elsewhere


def _no_application(waited: float, limit: Limit, reached_at: LaunchTime, state: State | None) -> Finding:
    return Finding(
        Verdict.STARVED,
        f"No Spark application has started for {readable_duration(waited)}.",
        limit.seconds,
        reached_at,
        got=f"the driver's processes are {state or State.UNSEEN}",
        expected=f"a SparkContext within {limit}",
        advice="A SparkContext that is being created waits for its application: check the manager's queue, "
        "its quota and the applications before this one, or raise GuardLimits.start_timeout if waiting is "
        "normal here. If the line is in your own code, call heartbeat() between its parts.",
        suspect="driver",
    )


def _last_sign(seen: Observation) -> str:
    """The driver's last heartbeat, and how long ago it was."""
    inside = seen.inside
    if inside is None or not inside.heartbeats:
        return "no heartbeat() yet"
    ago = (
        ""
        if inside.heartbeat_at is None
        else f" {readable_duration(max(0.0, seen.at - inside.heartbeat_at))} ago"
    )
    return f"last heartbeat{ago}" + (f': "{safe_text(inside.note)}"' if inside.note else "")


def _occupied(seen: Observation) -> bool:
    """Whether Spark works for the driver, or the script has ended."""
    inside = seen.inside
    if inside is not None and (inside.ended or inside.jobs or inside.stages):
        return True
    return seen.driver is not None and bool(seen.driver.jobs or seen.driver.stages)


def _driver_state(
    before: tuple[ProcessSample, ...], after: tuple[ProcessSample, ...], seconds: float
) -> State:
    found = evidence.pairs(before, after, seconds)
    return evidence.together(evidence.state_of(pair) for pair in found if pair.after.role in _DRIVER_ROLES)

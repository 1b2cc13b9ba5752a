"""STALLED: a stage is active but does not move. Slow is not hung, so its processes are inspected too.

Every stage is judged separately, by signals about this stage only (``movement``) and by the workers and
threads of its own tasks (``belonging``).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from airflow_spark_guard.core.clock import WatchTime
from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch import belonging, stall_words
from airflow_spark_guard.core.watch.comparison import NEARLY, Comparison
from airflow_spark_guard.core.watch.evidence import State
from airflow_spark_guard.core.watch.finding import Finding, ObservationRequest
from airflow_spark_guard.core.watch.movement import Standstill, inside_row, signature
from airflow_spark_guard.core.watch.stages import known_stages
from airflow_spark_guard.core.watch.standing import Standing
from airflow_spark_guard.core.watch.watch_limits import PATIENCE, Limit, WatchLimits

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_spark_guard.core.watch.observation import Observation, Stage
    from airflow_spark_guard.core.watch.process_sample import ProcessSample

Key = tuple[int, int]
# An observation that comes slightly early still counts as the requested one.
_EARLY = 1.0
# The job reports at most so many stages (job/status.py).
MOST_INSIDE = 50


@dataclass
class StallRule:
    """Watches every active stage.

    Attributes:
        watch_limits: the limits.
        stages: the stages that run or have run tasks, by (stage, attempt).
        notices: lines for the task log; the watchdog removes them.
    """

    watch_limits: WatchLimits
    stages: dict[Key, Standstill] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    _dropped: int = 0
    _looked_at: WatchTime = WatchTime(float("-inf"))
    _known: dict[Key, Stage] = field(default_factory=dict)

    def observe(self, seen: Observation, now: WatchTime) -> Finding | None:
        """The finding, if a stage has stood still for too long."""
        known = known_stages(seen)
        if known is None:
            return None
        stages = self._known = _judged(known)
        self._follow(stages, seen, now)
        if seen.readings is not None:
            self._looked_at = now
        late = [key for key in stages if self._judge(stages, key, seen, now) and not self.stages[key].found]
        if not late:
            return None
        first = min(
            late,
            key=lambda key: (self.stages[key].workers.state is not State.BLOCKED, self.stages[key].first),
        )
        finding = self._finding(stages[first], seen, now)
        if self.watch_limits.observe:
            # The watch continues. The autopsy that follows stops the workers for a moment: samples have to
            # be compared from then on.
            self.stages[first].found = True
            self.stages[first].workers.forget()
        return finding

    def look(self, seen: Observation, now: WatchTime) -> ObservationRequest[WatchTime] | None:
        """When to observe again, and whether to sample the processes."""
        del seen
        wanted = [self._wanted(still, now) for still in self.stages.values() if not still.doubtful]
        if not wanted:
            return None
        # Stages whose limits are close share their samples: each sample stops the workers for a moment.
        soonest = self._looked_at + self.watch_limits.evidence / 4
        first = min(wanted, key=lambda look: look.at)
        return replace(first, at=WatchTime(max(first.at, now, soonest if first.readings else now)))

    def limit(self, stage: Stage) -> Limit:
        """How long this stage may stand still, depending on what its workers do, and why."""
        still = self.stages[stage.key]
        state, widened = still.workers.state, self.watch_limits.stall_of(still.median)
        if not stage.active:
            # Its executors were removed; another limit decides how long it may wait for others.
            waits = widened.times(PATIENCE, "it has no running task")
            return max(waits, Limit(self.watch_limits.start, "start_timeout"))
        if state is State.UNSEEN:
            return widened.times(PATIENCE, "its workers cannot be seen")
        limit = Limit(self.watch_limits.stall, "stall_timeout") if self.watch_limits.stall_chosen else widened
        reason = stall_words.BUSY.get(state) if state is not None else None
        return limit.times(PATIENCE, reason) if reason else limit

    def _follow(self, stages: dict[Key, Stage], seen: Observation, now: WatchTime) -> None:
        if seen.driver is not None or len(stages) < MOST_INSIDE:
            # A full list may lack a stage that is still active.
            for key in set(self.stages) - set(stages):
                del self.stages[key]
        dropped = seen.driver.dropped_events if seen.driver is not None else self._dropped
        busy = any(stage.active for stage in stages.values())
        for key, stage in stages.items():
            found = signature(stage, seen, alone=len(stages) == 1, local=self.watch_limits.local)
            still = self.stages.get(key)
            if still is None:
                workers = Comparison(self.watch_limits.evidence)
                still = Standstill(found, now, now, workers, doubtful=dropped > self._dropped)
                self.stages[key] = still
            own = inside_row(stage, seen)
            was_found, stood = still.found, now - still.first
            still.take(stage, found, now, 0.0 if own is None else own.python_start)
            if was_found and not still.found:
                self.notices.append(stall_words.moves_again(stage, stood))
            if busy and not stage.active:
                still.excuse(now)  # its tasks are queued behind those of another stage
        self._dropped = dropped

    def _judge(self, stages: dict[Key, Stage], key: Key, seen: Observation, now: WatchTime) -> bool:
        """Whether the stage has stood still for too long; adds lines about it to the log."""
        still, stage = self.stages[key], stages[key]
        if now - still.since >= self._first_look(still) - _EARLY:
            others = frozenset(other.stage for other in stages.values() if other.key != key and other.active)
            still.workers.weigh(seen.readings, now, partial(self._state, still, stage.stage, others, seen))
        if still.workers.state in stall_words.LEFT_ALONE:
            # Workers that work now cannot have hung before; where a stage waits for another one, the clock of
            # that one decides.
            self.notices.append(stall_words.left_alone(stage, still, now))
            still.excuse(now)
            return False
        limit = self.limit(stage)
        if not still.doubtful and still.workers.state is not None and now - still.since >= limit.seconds:
            return True
        self._say(stage, still, seen, now)
        return False

    def _state(
        self,
        still: Standstill,
        stage: int,
        others: frozenset[int],
        seen: Observation,
        before: tuple[ProcessSample, ...],
        after: tuple[ProcessSample, ...],
        seconds: float,
    ) -> State:
        running = None
        if seen.driver is not None:
            running = {row.id for row in seen.driver.executors if row.active and row.active_tasks}
        looks = belonging.looks(before, after, seconds, running)
        still.workers.own, still.workers.trickle = belonging.own_states(looks), belonging.trickle(looks)
        return belonging.stage_state(stage, looks, others)

    def _shortest(self, still: Standstill) -> Limit:
        """The limit for blocked workers, used for planning before the first sample."""
        chosen = self.watch_limits.stall_chosen
        return (
            Limit(self.watch_limits.stall, "stall_timeout")
            if chosen
            else self.watch_limits.stall_of(still.median)
        )

    def _first_look(self, still: Standstill) -> float:
        """Seconds until the first sample of the processes: half of the limit."""
        return self._shortest(still).seconds / 2

    def _wanted(self, still: Standstill, now: WatchTime) -> ObservationRequest[WatchTime]:
        """The next observation of this stage, and whether to sample its processes."""
        limit, window = self._shortest(still).seconds, self.watch_limits.evidence
        if still.workers.before is None:
            return ObservationRequest(WatchTime(still.since + self._first_look(still)), readings=True)
        last = still.workers.before[0]
        # The two samples that decide are taken one window before the limit and at it; then one per window.
        begin = WatchTime(still.since + limit - window)
        if now < begin:
            return ObservationRequest(begin, readings=begin - last >= window * NEARLY)
        ends = [end for end in (still.since + limit, still.since + limit * PATIENCE) if end > now]
        at = WatchTime(min([last + window, *ends]))
        return ObservationRequest(at, readings=at - last >= window * NEARLY)

    def _say(self, stage: Stage, still: Standstill, seen: Observation, now: WatchTime) -> None:
        """From half the limit on, log that the stage stands still, less and less often."""
        stood, limit = now - still.since, self.limit(stage)
        if not stage.active or still.doubtful or still.found or stood < self._first_look(still) - _EARLY:
            return
        pause = max(stall_words.PAUSE, stood / 4)
        if still.line_at is None or limit != still.line_limit or now - still.line_at >= pause:
            still.line_at, still.line_limit = now, limit
            self.notices.append(stall_words.unchanged(stage, still, limit, now, seen.wall))

    def _finding(self, stage: Stage, seen: Observation, now: WatchTime) -> Finding:
        still, limit = self.stages[stage.key], self.limit(stage)
        stood = now - still.first
        return Finding(
            Verdict.STALLED,
            f"{stall_words.name(stage)} stood still for {readable_duration(stood)}: no task ended, no row "
            "was read or written.",
            limit.seconds,
            seen.launch_time(WatchTime(max(still.since + limit.seconds, still.workers.turned_at)), now),
            got=f"{stage.done} of {stage.tasks} tasks done, {stage.active} running, "
            f"{stall_words.workers(still, stage.stage)}{stall_words.other_signs(seen)}",
            expected=f"a change within {limit}",
            advice=stall_words.advice(still, stage.stage),
            suspect="worker",
            stages=(stage.stage,),
            stuck=stall_words.stuck(still, stage.stage),
        )

    def standing(self, now: WatchTime) -> tuple[Standing, ...]:
        """For how long each stage has not moved, and the limit for it."""
        return tuple(
            self._standing(self._known[key], still, now)
            for key, still in self.stages.items()
            if key in self._known
        )

    def _standing(self, stage: Stage, still: Standstill, now: WatchTime) -> Standing:
        limit = None if still.doubtful else self.limit(stage)
        return Standing(
            unchanged=max(0.0, now - still.first),
            counted=max(0.0, now - still.since),
            limit=limit.seconds if limit is not None else None,
            why=limit.why if limit is not None else "Spark has lost events, so nothing is decided by it",
            doing=stall_words.workers(still, stage.stage),
            key=stage.key,
        )

    def forget_samples(self) -> None:
        """Compare samples from now on: another tool has stopped the processes in between."""
        for still in self.stages.values():
            still.workers.forget()

    def suspects(self) -> tuple[tuple[int, ...], tuple[str, ...]]:
        """Stages whose workers do not move, and the keys of those workers' readings."""
        found = [
            (key[0], still)
            for key, still in self.stages.items()
            if still.workers.state in (State.BLOCKED, State.BACKGROUND, State.WAITING) and not still.doubtful
        ]
        keys = [key for stage, still in found for key in stall_words.stuck(still, stage)]
        return tuple(stage for stage, _ in found), tuple(keys)


def _judged(known: Iterable[Stage]) -> dict[Key, Stage]:
    """The stages that run or have run tasks, by key.

    Of several attempts only the last one counts: tasks left from an earlier one do not block the job.
    """
    found: dict[int, Stage] = {}
    for stage in known:
        other = found.get(stage.stage)
        if (stage.active or stage.launched) and (other is None or other.attempt < stage.attempt):
            found[stage.stage] = stage
    return {stage.key: stage for stage in found.values() if not stage.unbounded}

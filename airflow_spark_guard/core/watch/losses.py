"""EXECUTORS_LOST: executors are gone for a bad reason, too many of them, too quickly, or all of them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from airflow_spark_guard.core.output.output import safe_text
from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.executor_loss import is_bad_removal
from airflow_spark_guard.core.watch.finding import Finding, Look

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_spark_guard.core.watch.observation import Executor, Observation
    from airflow_spark_guard.core.watch.windows import Windows

# A cluster may replace an executor that dies at its start 100 times a second, for ever.
_LOOP_LOSSES, _LOOP_WINDOW = 20, 60.0
_REASON = 160
_ADVICE = (
    "137 is mostly memory: raise spark.executor.memoryOverhead (Python's share) or spark.executor.memory; 52 "
    "is the JVM's own OutOfMemoryError; otherwise read the executor's stderr. "
    "GuardLimits.executor_losses allows more."
)
_LOOP_ADVICE = (
    "Read the standard error of one of them on its worker: mostly spark.executor.extraJavaOptions, a Java or "
    "a file that is not there, or memory that the worker does not give."
)


@dataclass
class LossRule:
    """Counts losses, from the REST API and from spark-submit's output; the larger count holds.

    Attributes:
        windows: the limits.
        rest: when each loss happened at the latest, by the REST API.
        printed: when each loss was first seen in the output.
        reason: why the last one was lost, in Spark's words.
    """

    windows: Windows
    rest: list[float] = field(default_factory=list)
    printed: list[float] = field(default_factory=list)
    reason: str = ""
    _known: set[str] = field(default_factory=set)
    _exits: int = 0
    _had: bool = False
    _lost_last: bool = False
    _was_known: bool = False
    _gone_since: float | None = None

    def observe(self, seen: Observation, now: float) -> Finding | None:
        """The finding, if the budget is used up, or no executor is left."""
        self._count(seen, now)
        if seen.inside is not None and seen.inside.ended:
            return None
        return self._looping(now) or self._over_budget(now) or self._none_left(seen, now)

    def look(self, seen: Observation, now: float) -> Look | None:
        """When the time without executors will have passed."""
        if seen.driver is None or self._gone_since is None:
            return None
        return Look(max(now, self._gone_since + self.windows.gone))

    def _count(self, seen: Observation, now: float) -> None:
        rows = seen.driver.executors if seen.driver else ()
        if seen.driver is not None:
            # What a driver has forgotten it does not list again: an application may run for months.
            self._known &= {row.id for row in rows}
        gone = [row for row in rows if not row.active and row.id not in self._known]
        if gone:
            clock = seen.driver.clock if seen.driver else None
            self._count_gone(sorted(gone, key=lambda row: row.removed or math.inf), clock, now)
        new = seen.executor_exits - self._exits
        if new > 0:
            # More than the window can hold say nothing more.
            self.printed.extend([now] * min(new, _LOOP_LOSSES + self.windows.losses + 1))
            self.reason, self._exits = seen.exit_reason or self.reason, seen.executor_exits
        oldest = now - max(self.windows.loss_window, _LOOP_WINDOW)
        self.rest = [at for at in self.rest if at >= oldest]
        self.printed = [at for at in self.printed if at >= oldest]

    def _count_gone(self, gone: list[Executor], clock: float | None, now: float) -> None:
        """Executors that are newly gone, in the order in which they went."""
        self._known.update(row.id for row in gone)
        self._lost_last, self._gone_since = is_bad_removal(gone[-1].reason), None
        # Nobody may have looked for long; where the driver's clock is not known, the last one went just now.
        newest = clock or gone[-1].removed
        for row in gone:
            if is_bad_removal(row.reason):
                age = newest - row.removed if newest and row.removed else 0.0
                self.rest.append(now - max(0.0, age))
                self.reason = row.reason

    def _within(self, window: float, now: float) -> int:
        return max(_since(self.rest, now - window), _since(self.printed, now - window))

    def _looping(self, now: float) -> Finding | None:
        count = self._within(_LOOP_WINDOW, now)
        if count < _LOOP_LOSSES:
            return None
        finding = self._finding(
            f"{count} executors or more were lost within a minute: they die as soon as they start.", now, 0.0
        )
        return replace(finding, advice=_LOOP_ADVICE)

    def _over_budget(self, now: float) -> Finding | None:
        count = self._within(self.windows.loss_window, now)
        if count <= self.windows.losses:
            return None
        window = readable_duration(self.windows.loss_window)
        return self._finding(
            f"{count} executor{'s were' if count > 1 else ' was'} lost within {window}; "
            f"{self.windows.losses} may be.",
            now,
            0.0,
        )

    def _none_left(self, seen: Observation, now: float) -> Finding | None:
        if seen.driver is None or self.windows.local:
            return None
        living = _living(seen.driver.executors)
        self._had = self._had or bool(living)
        self._was_known = self._was_known or (seen.master is not None and seen.master.known)
        wanted = bool(seen.driver.stages)
        if living or not (self._had and self._lost_last and wanted):
            self._gone_since = None
            return None
        self._gone_since = now if self._gone_since is None else self._gone_since
        if now - self._gone_since < self.windows.gone:
            return None
        if self._was_known and seen.master is not None and not seen.master.known:
            return self._vanished(now)
        return self._finding(
            f"No executor has been left for {readable_duration(now - self._gone_since)}, and none has come.",
            now,
            self.windows.gone,
        )

    def _vanished(self, now: float) -> Finding:
        return Finding(
            Verdict.VANISHED,
            "The master no longer knows the application, and no executor of it is left.",
            self.windows.gone,
            now,
            expected="the application among the master's active ones",
            advice="See the master's page: somebody ended it there, or the master was restarted.",
        )

    def _finding(self, what: str, now: float, limit: float) -> Finding:
        return Finding(
            Verdict.EXECUTORS_LOST,
            what,
            limit,
            now,
            got=safe_text(self.reason)[:_REASON],
            expected=f"at most {self.windows.losses} lost in {readable_duration(self.windows.loss_window)}",
            advice=_ADVICE,
        )


def _since(times: Iterable[float], begin: float) -> int:
    return sum(1 for at in times if at >= begin)


def _living(executors: tuple[Executor, ...]) -> list[Executor]:
    return [row for row in executors if row.active]

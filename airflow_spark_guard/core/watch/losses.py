"""EXECUTORS_LOST: too many executors were lost, too quickly, or all of them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_spark_guard.core.clock import LaunchTime, WatchTime
from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch import loss_words
from airflow_spark_guard.core.watch.executor_loss import AGAINST_WILL, Removal, removal_of
from airflow_spark_guard.core.watch.finding import Finding, ObservationRequest
from airflow_spark_guard.core.watch.loss_advice import advice_on
from airflow_spark_guard.core.watch.loss_events import SHARE, Loss, default_budget, default_turnover
from airflow_spark_guard.core.watch.loss_ledger import LossLedger
from airflow_spark_guard.core.watch.watch_limits import PATIENCE

if TYPE_CHECKING:
    from airflow_spark_guard.core.watch.observation import Executor, Observation
    from airflow_spark_guard.core.watch.watch_limits import WatchLimits

# A cluster may replace an executor that dies at its start 100 times a second, for ever.
_LOOP_LOSSES, _LOOP_WINDOW = 20, 60.0
_MORE = " GuardLimits.executor_losses allows more."


@dataclass
class LossRule:
    """Counts losses from the REST API and from spark-submit's output; the larger count decides.

    Attributes:
        watch_limits: the limits.
        ledger: losses within the window.
        peak: the largest number of executors that this SparkContext had at once, from the REST API or the
            output; 0 if neither lists any.
    """

    watch_limits: WatchLimits
    ledger: LossLedger = field(default_factory=LossLedger)
    peak: int = 0
    _last: Removal | None = None
    _last_loss: Loss | None = None
    _was_known: bool = False
    _was_listed: bool = False
    _gone_since: WatchTime | None = None
    _application: str = ""

    def observe(self, seen: Observation, now: WatchTime) -> Finding | None:
        """The finding, if the budget is exceeded, or no executor is left."""
        self._count(seen, now)
        if seen.inside is not None and seen.inside.ended:
            return None
        return (
            self._looping(seen, now)
            or self._over_budget(seen, now)
            or self._turned_over(seen, now)
            or self._none_left(seen, now)
        )

    def look(self, seen: Observation, now: WatchTime) -> ObservationRequest[WatchTime] | None:
        """When the limit without executors will be reached."""
        if seen.driver is None or self._gone_since is None:
            return None
        return ObservationRequest(WatchTime(max(now, self._gone_since + self._patience)))

    def _count(self, seen: Observation, now: WatchTime) -> None:
        self.ledger.take_exits(seen, now)
        if self._is_another_context(seen):
            # This observation may still show the previous one.
            self.ledger.clear()
            self.peak, self._last, self._last_loss = 0, None, None
            self._was_known, self._was_listed, self._gone_since = False, False, None
            return
        self.peak = max(self.peak, seen.executor_peak)
        if seen.driver is not None:
            self._was_listed = True
            self.peak = max(self.peak, sum(row.active for row in seen.driver.executors))
            gone = self.ledger.take_rows(seen.driver, now)
            if gone:
                newest = max(gone, key=lambda loss: loss.removed or math.inf)
                self._last, self._last_loss = removal_of(newest.reason), newest
                self._gone_since = None
        self.ledger.forget(WatchTime(now - max(self.watch_limits.loss_window, _LOOP_WINDOW)), 4 * self.peak)

    def _is_another_context(self, seen: Observation) -> bool:
        """Whether the script has stopped its SparkContext and created another one."""
        before, name = self._application, seen.inside.application_id if seen.inside is not None else ""
        self._application = name or before
        return bool(before and name) and name != before

    def _looping(self, seen: Observation, now: WatchTime) -> Finding | None:
        limit = max(_LOOP_LOSSES, self.peak)
        losses = self.ledger.young(WatchTime(now - _LOOP_WINDOW))
        if len(losses) < limit:
            return None
        return self._finding(
            f"{len(losses)} executors lost within {readable_duration(_LOOP_WINDOW)} (limit: {limit}): "
            "they die as soon as they start.",
            seen.at,
            expected=f"fewer than {limit} in {readable_duration(_LOOP_WINDOW)}",
            losses=losses,
        )

    def _over_budget(self, seen: Observation, now: WatchTime) -> Finding | None:
        events = self.ledger.events(WatchTime(now - self.watch_limits.loss_window))
        budget = self.budget
        if len(events) <= budget:
            return None
        losses = [loss for event in events for loss in event.losses]
        window = readable_duration(self.watch_limits.loss_window)
        counted = f"{_plural(len(losses), 'executor')} lost"
        of = "" if len(losses) == len(events) else f" in {_plural(len(events), 'event')}"
        return self._finding(
            f"{counted}{of} within {window} (limit: {_plural(budget, 'event') if of else budget}).",
            seen.at,
            expected=f"at most {budget} within {window}{self._why()}; losses on one host or at one moment "
            "count once",
            losses=losses,
            more=_MORE,
        )

    @property
    def budget(self) -> int:
        """Events that are allowed within the window."""
        return default_budget(self.peak) if self.watch_limits.losses is None else self.watch_limits.losses

    def _why(self) -> str:
        if self.watch_limits.losses is not None:
            return " (GuardLimits.executor_losses)"
        if not self.peak and not self._was_listed:
            return " (the number of executors that the application had is not known)"
        grown = self.budget > default_budget(0)
        return f" (1 for every {SHARE} of {self.peak} executors)" if grown else ""

    def _turned_over(self, seen: Observation, now: WatchTime) -> Finding | None:
        """Few events, but each of them took most of the cluster."""
        limit = default_turnover(self.peak) if self.watch_limits.losses is None else None
        losses = self.ledger.within(WatchTime(now - self.watch_limits.loss_window))
        if limit is None or len(losses) <= limit:
            return None
        window = readable_duration(self.watch_limits.loss_window)
        return self._finding(
            f"{len(losses)} executors lost within {window} (limit: {limit}, twice the peak of {self.peak}).",
            seen.at,
            expected=f"at most {limit} within {window}",
            losses=losses,
            more=_MORE,
        )

    @property
    def _patience(self) -> float:
        """How long the job may be without executors; replacements of removed ones may come late.

        The same time that a stage without a running task may wait (``standstill``).
        """
        if self._last is Removal.NODE:
            return self.watch_limits.gone_with_node().seconds
        if self._last is Removal.LOST:
            return self.watch_limits.gone
        return max(self.watch_limits.start, PATIENCE * self.watch_limits.stall)

    def _none_left(self, seen: Observation, now: WatchTime) -> Finding | None:
        if seen.driver is None or self.watch_limits.local:
            return None
        self._was_known = self._was_known or (seen.master is not None and seen.master.known)
        wanted = bool(seen.driver.stages)
        if _living(seen.driver.executors) or self.peak == 0 or self._last is None or not wanted:
            self._gone_since = None
            return None
        self._gone_since = now if self._gone_since is None else self._gone_since
        waited = now - self._gone_since
        if self._was_known and seen.master is not None and not seen.master.known:
            # No node that comes later can run its executors.
            limit = self.watch_limits.gone if self._last in AGAINST_WILL else self._patience
            return self._vanished(seen.at, limit) if waited >= limit else None
        return self._not_replaced(waited, seen.at) if waited >= self._patience else None

    def _not_replaced(self, waited: float, at: LaunchTime) -> Finding:
        last = [] if self._last_loss is None else [self._last_loss]
        what = f"No executor has been running for {readable_duration(waited)}."
        limit = readable_duration(self._patience)
        if self._last in AGAINST_WILL:
            node = self._last is Removal.NODE
            why = self.watch_limits.gone_with_node().why if node else "GuardLimits.executors_gone"
            expected = f"an executor within {limit} ({why})"
            return self._finding(what, at, expected=expected, losses=last, limit=self._patience)
        return Finding(
            Verdict.STARVED,
            what,
            self._patience,
            at,
            got=f"the last: {loss_words.several(last)}",
            expected=f"an executor within {limit} (the longer of GuardLimits.start_timeout and "
            f"{PATIENCE:g} x stall_timeout)",
            advice="The cluster removed the executors and has not provided others: check its queue, quota "
            "and free nodes, or raise GuardLimits.start_timeout if waiting is normal here.",
        )

    def _vanished(self, at: LaunchTime, limit: float) -> Finding:
        return Finding(
            Verdict.VANISHED,
            "The master no longer lists the application, and it has no executor left.",
            limit,
            at,
            expected="the application among the master's active ones",
            advice="Check the master's page: the application was killed there, or the master was restarted.",
        )

    def _finding(
        self,
        what: str,
        at: LaunchTime,
        *,
        expected: str,
        losses: list[Loss],
        limit: float = 0.0,
        more: str = "",
    ) -> Finding:
        return Finding(
            Verdict.EXECUTORS_LOST,
            what,
            limit,
            at,
            got=loss_words.several(losses),
            expected=expected,
            advice=advice_on(loss.reason for loss in losses) + more,
        )


def _plural(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _living(executors: tuple[Executor, ...]) -> list[Executor]:
    return [row for row in executors if row.active]

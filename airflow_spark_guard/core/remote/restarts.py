"""Lost executors, counted from the driver's own record: the count does not depend on when it is read.

A driver lists its dead executors with their removal times, so no loss is missed between two polls or before
the first one. The :class:`Ledger` keeps what the driver forgets (``spark.ui.retainedDeadExecutors``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple, Self

from airflow_spark_guard.core.clock import EpochTime, since
from airflow_spark_guard.core.codec import Stored
from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.executor_loss import was_lost
from airflow_spark_guard.core.watch.finding import Finding
from airflow_spark_guard.core.watch.loss_advice import advice_on

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_spark_guard.core.watch.observation import Executor
    from airflow_spark_guard.core.web.snapshot import Snapshot

_REASON = 300
_SHOWN = 5
_KEPT = 200
_END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC).timestamp()


class Loss(NamedTuple):
    """A lost executor: its removal was neither dynamic allocation nor a decommission.

    Attributes:
        executor: Spark's executor id.
        host: where it ran; empty if unknown.
        reason: Spark's text; untrusted.
        at: when, by the driver's clock.
    """

    executor: str
    host: str
    reason: str
    at: EpochTime

    def __str__(self) -> str:
        moment = datetime.fromtimestamp(self.at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        where = f" on {self.host}" if self.host else ""
        return safe_text(f"executor {self.executor}{where} at {moment}: {self.reason or 'no reason given'}")


@dataclass(frozen=True)
class Ledger(Stored):
    """The losses so far, oldest first: about the newest 200, and the number of earlier ones."""

    losses: tuple[Loss, ...] = ()
    forgotten: int = 0

    def with_rows(self, executors: Iterable[Executor], at: EpochTime, kept: int = _KEPT) -> Ledger:
        """Add the losses that a driver lists now.

        Args:
            executors: living and dead ones.
            at: the removal time of an executor for which the driver reports none.
            kept: how many losses to keep in full.
        """
        names = {loss.executor for loss in self.losses}
        # By id alone: the master may report a loss without a time, and the driver a moment later with it.
        new = {
            row.id: Loss(row.id, row.host[:_REASON], row.reason[:_REASON], row.removed or at)
            for row in executors
            if not (row.active or row.id in names or self._has_forgotten(row)) and was_lost(row.reason)
        }
        if not new:
            return self
        losses = sorted([*self.losses, *new.values()], key=_order)
        return Ledger(tuple(losses[-kept:]), self.forgotten + max(0, len(losses) - kept))

    def _has_forgotten(self, row: Executor) -> bool:
        """Whether it was counted and then dropped: it is older than every kept loss."""
        if not self.forgotten:
            return False
        if row.removed:
            return _order(Loss(row.id, "", "", row.removed)) < min(map(_order, self.losses))
        # Without a time its number decides: Spark numbers executors in order.
        numbers = [int(loss.executor) for loss in self.losses if loss.executor.isdecimal()]
        return row.id.isdecimal() and int(row.id) < min(numbers, default=0)

    @classmethod
    def from_json(cls, raw: object) -> Self:
        """The inverse of :meth:`to_json`.

        Raises:
            ValueError: JSON of another shape, or values out of range.
        """
        ledger = super().from_json(raw)
        shown = all(0 <= loss.at < _END_OF_TIME for loss in ledger.losses)
        if not shown or ledger.forgotten < 0 or (ledger.forgotten and not ledger.losses):
            msg = "not a valid ledger"
            raise ValueError(msg)
        return ledger


def _order(loss: Loss) -> tuple[float, int, str]:
    number = int(loss.executor) if loss.executor.isdecimal() else -1
    return loss.at, number, loss.executor


@dataclass(frozen=True)
class RestartBudget:
    """How many executors an application may lose.

    Attributes:
        restarts: how many executors may be lost within ``window``.
        window: seconds; None for the application's whole life.
        minimum: how many executors must run.
        grace: how long there may be fewer than ``minimum``, in seconds.
        gone: how long a running Spark job may be without any executor after it had one, in seconds.
    """

    restarts: int = 0
    window: float | None = None
    minimum: int = 0
    grace: float = 120.0
    gone: float = 60.0


@dataclass
class RestartRule:
    """Watches the executors of one application.

    Attributes:
        budget: how many executors may be lost.
        ledger: those that were lost.
    """

    budget: RestartBudget
    ledger: Ledger = field(default_factory=Ledger)

    def observe(self, snapshot: Snapshot) -> Finding | None:
        """The finding, if the budget is used up or executors are missing."""
        # Forgotten losses have no time, so a window must be able to keep more losses than the budget allows.
        kept = _KEPT if self.budget.window is None else max(_KEPT, self.budget.restarts + 1)
        self.ledger = self.ledger.with_rows(snapshot.executors, snapshot.at, kept)
        finding = self._over_budget(snapshot)
        if finding is not None or snapshot.driver is None:
            return finding
        return self._too_few(snapshot)

    def _over_budget(self, snapshot: Snapshot) -> Finding | None:
        fullest = fullest_window(self.ledger.losses, self.budget.window)
        count = len(fullest) + (self.ledger.forgotten if self.budget.window is None else 0)
        if count <= self.budget.restarts:
            return None
        span = "" if self.budget.window is None else f" within {readable_duration(self.budget.window)}"
        shown = "; ".join(str(loss) for loss in fullest[-_SHOWN:])
        if count > _SHOWN:
            shown = f"{count - _SHOWN} earlier ones; {shown}"
        last = fullest[-1]
        return Finding(
            Verdict.EXECUTORS_LOST,
            f"{'An executor was' if count == 1 else f'{count} executors were'} lost{span}.",
            self.budget.window or 0.0,
            since(snapshot.started or last.at, last.at),
            got=shown,
            expected=f"at most {self.budget.restarts}{span or ' while the application runs'}",
            advice=f"{advice_on(loss.reason for loss in fullest)} A higher max_restarts allows more.",
        )

    def _too_few(self, snapshot: Snapshot) -> Finding | None:
        started = snapshot.started or snapshot.at
        wanted = wanted_since(snapshot)
        cases = [(self.budget.minimum, self.budget.grace, started)]
        if wanted is not None:
            cases.append((1, self.budget.gone, wanted))
        for minimum, grace, begin in cases:
            short = short_since(snapshot.executors, minimum, started)
            if short is not None and snapshot.at - max(short, begin) >= grace:
                return self._short(minimum, snapshot, max(short, begin), grace)
        return None

    def _short(self, minimum: int, snapshot: Snapshot, begun: EpochTime, grace: float) -> Finding:
        living = sum(row.active for row in snapshot.executors)
        last = f"; the last one lost: {self.ledger.losses[-1]}" if self.ledger.losses else ""
        few = f"Only {living} executor{'s have' if living > 1 else ' has'}" if living else "No executor has"
        return Finding(
            Verdict.EXECUTORS_LOST,
            f"{few} been running for {readable_duration(snapshot.at - begun)}.",
            grace,
            since(snapshot.started or begun, EpochTime(begun + grace)),
            got=f"{living} of {minimum}{last}",
            expected=f"at least {minimum} (grace period: {readable_duration(grace)})",
            advice="Check free cores and memory on the master's page, or lower min_executors.",
        )


def fullest_window(losses: tuple[Loss, ...], window: float | None) -> tuple[Loss, ...]:
    """The largest set of losses within any ``window`` seconds; the later one of two equal sets."""
    if window is None or not losses:
        return losses
    best: tuple[Loss, ...] = ()
    first = 0
    for last, loss in enumerate(losses):
        while loss.at - losses[first].at > window:
            first += 1
        if last - first + 1 >= len(best):
            best = losses[first : last + 1]
    return best


def wanted_since(snapshot: Snapshot) -> EpochTime | None:
    """Since when a Spark job has waited for a lost executor; None if no job waits.

    Without such a job, or if dynamic allocation removed the last executor, their absence may be intended.
    """
    stages = snapshot.driver.stages if snapshot.driver is not None else ()
    gone = [row for row in snapshot.executors if not row.active]
    if not stages or not gone or not was_lost(max(gone, key=lambda row: row.removed or 0.0).reason):
        return None
    return min(stage.submitted or EpochTime(0.0) for stage in stages)


def short_since(executors: Iterable[Executor], minimum: int, started: EpochTime) -> EpochTime | None:
    """Since when fewer than ``minimum`` executors have run; None while there are enough.

    Args:
        executors: living and dead ones, with the times of their addition and removal.
        minimum: how many should run.
        started: when the application started.
    """
    rows = [row for row in executors if row.active or row.removed]  # a dead one without a time says nothing
    living = sum(row.active for row in rows)
    if living >= minimum:
        return None
    changes = [(row.added, 1) for row in rows]
    changes += [(row.removed, -1) for row in rows if not row.active and row.removed]
    for at, change in sorted(changes, reverse=True):
        living -= change
        if living >= minimum:
            return max(at, started)
    return started

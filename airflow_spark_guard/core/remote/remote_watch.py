"""The watch over an application of somebody else's: a sight in, a decision out. No I/O, no clock."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

from airflow_spark_guard.core.remote.restarts import Ledger
from airflow_spark_guard.core.watch.observation import Observation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.core.remote.course import CourseRule, EndedWell
    from airflow_spark_guard.core.remote.restarts import RestartRule
    from airflow_spark_guard.core.remote.sight import Sight
    from airflow_spark_guard.core.watch.finding import Finding
    from airflow_spark_guard.core.watch.watchdog import Watchdog


@dataclass(frozen=True)
class Memory:
    """What has to outlive the process that watches: it changes seldom, and is small.

    Attributes:
        application_id: the one that was found by its name.
        known: whether any witness has ever known it.
        started: when it started, seconds since the epoch; None when unknown.
        ledger: what it has lost.
    """

    application_id: str = ""
    known: bool = False
    started: float | None = None
    ledger: Ledger = field(default_factory=Ledger)

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "application_id": self.application_id,
            "known": self.known,
            "started": self.started,
            **self.ledger.to_json(),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """The inverse of :meth:`to_json`.

        Raises:
            ValueError: it is none.
        """
        try:
            started = value["started"]
            return cls(
                str(value["application_id"]),
                bool(value["known"]),
                None if started is None else float(started),
                Ledger.from_json(value),
            )
        except (KeyError, TypeError, OverflowError) as error:
            msg = f"no memory of a watch: {error}"
            raise ValueError(msg) from error


@dataclass
class RemoteWatch:
    """Ties the rules together.

    Attributes:
        course: whether it runs, or how it ended.
        restarts: what it may lose.
        watchdog: the guard's own, for stalls, starvation and lost executors; None where only restarts count.
    """

    course: CourseRule
    restarts: RestartRule | None = None
    watchdog: Watchdog | None = None
    _application_id: str = ""
    _notices: list[str] = field(default_factory=list)

    def recall(self, memory: Memory) -> None:
        """Go on where another process has stopped."""
        self._application_id = memory.application_id
        self.course.known, self.course.started = memory.known, memory.started
        if self.restarts is not None:
            self.restarts.ledger = memory.ledger

    @property
    def memory(self) -> Memory:
        """What another process needs to go on."""
        ledger = Ledger() if self.restarts is None else self.restarts.ledger
        return Memory(self._application_id, self.course.known, self.course.started, ledger)

    def observe(self, sight: Sight, now: float) -> EndedWell | Finding | None:
        """What is known now; None while the application may go on.

        Args:
            sight: the look.
            now: seconds since the epoch, by our clock.
        """
        if self.course.is_another(sight):
            return self.course.observe(sight, now)  # what it has lost is not ours
        self._application_id = sight.application_id or self._application_id
        course = self.course.observe(sight, now)
        started = self.course.started or sight.started
        # Restarts that nobody has seen yet count even when the application is over.
        found = self.restarts.observe(replace(sight, started=started)) if self.restarts is not None else None
        watched = self._watched(sight, started) if self.watchdog is not None else None
        return found or course or watched

    def take_notices(self) -> tuple[str, ...]:
        """What is to be said; each is given once."""
        told = (*self.course.notices, *self._notices)
        self.course.notices.clear()
        self._notices.clear()
        return told

    def _watched(self, sight: Sight, started: float | None) -> Finding | None:
        """The guard's watchdog, which knows no workers here: they are out of sight."""
        alive = sight.driver is not None or (sight.manager is not None and sight.manager.alive)
        if self.watchdog is None or not alive:
            return None
        # Where the master alone answers, the deadline still holds.
        seen = Observation(
            at=max(0.0, sight.at - (started or self.course.began)),
            driver=sight.driver,
            readings=(),
            master=sight.manager.master if sight.manager is not None else None,
        )
        decision = self.watchdog.observe(seen)
        self._notices += decision.notices
        return decision.finding

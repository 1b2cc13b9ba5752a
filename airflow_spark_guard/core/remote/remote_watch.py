"""The watch over an application of somebody else's: a sight in, a decision out. No I/O, no clock."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Self

from airflow_spark_guard.core.clock import EpochTime, since
from airflow_spark_guard.core.codec import LATER, Stored
from airflow_spark_guard.core.remote.restarts import Ledger
from airflow_spark_guard.core.watch.observation import Observation
from airflow_spark_guard.core.watch.observed import News

if TYPE_CHECKING:
    from airflow_spark_guard.core.remote.course import CourseRule, EndedWell
    from airflow_spark_guard.core.remote.restarts import RestartRule
    from airflow_spark_guard.core.watch.finding import Finding
    from airflow_spark_guard.core.watch.watchdog import Watchdog
    from airflow_spark_guard.core.web.snapshot import Sight


_RESTARTS = "restarts"
_LEDGER = frozenset(field.name for field in fields(Ledger))


@dataclass(frozen=True)
class Memory(Stored):
    """What has to outlive the process that watches: it changes seldom, and is small.

    Attributes:
        application_id: the one that was found by its name.
        known: whether any witness has ever known it.
        started: when it started; None when unknown.
        ledger: what it has lost.
        said: in observe mode, what of its executors was said last; empty before.
    """

    application_id: str = ""
    known: bool = False
    started: EpochTime | None = None
    ledger: Ledger = field(default_factory=Ledger)
    said: str = field(default="", metadata=LATER)

    def to_json(self) -> dict[str, Any]:
        """The ledger's fields stand beside the others."""
        found = super().to_json()
        said, ledger = found.pop("said"), found.pop("ledger")
        return {**found, **({"said": said} if said else {}), **ledger}

    @classmethod
    def from_json(cls, raw: object) -> Self:
        """The inverse of :meth:`to_json`.

        Raises:
            ValueError: JSON of another shape.
        """
        given = dict(raw) if isinstance(raw, dict) else {}
        ledger = Ledger.from_json({name: given.pop(name) for name in _LEDGER if name in given})
        return replace(super().from_json({**given, "ledger": Ledger().to_json()}), ledger=ledger)


@dataclass
class RemoteWatch:
    """Ties the rules together.

    Attributes:
        course: whether it runs, or how it ended.
        restarts: what it may lose.
        watchdog: the guard's own, for stalls, starvation and lost executors; None where only restarts count.
        observes: whether limits that have passed are only said; how the application ends counts all the same.
    """

    course: CourseRule
    restarts: RestartRule | None = None
    watchdog: Watchdog | None = None
    observes: bool = False
    _application_id: str = ""
    _notices: list[str] = field(default_factory=list)
    _news: News = field(default_factory=News)
    _observed: list[Finding] = field(default_factory=list)

    def recall(self, memory: Memory) -> None:
        """Go on where another process has stopped."""
        self._application_id = memory.application_id
        self.course.known, self.course.started = memory.known, memory.started
        if self.restarts is not None:
            self.restarts.ledger = memory.ledger
        if memory.said:
            self._news.standing[_RESTARTS] = memory.said

    @property
    def memory(self) -> Memory:
        """What another process needs to go on."""
        ledger = Ledger() if self.restarts is None else self.restarts.ledger
        said = self._news.standing.get(_RESTARTS, "")
        return Memory(self._application_id, self.course.known, self.course.started, ledger, said)

    def observe(self, sight: Sight, now: EpochTime) -> EndedWell | Finding | None:
        """What is known now; None while the application may go on.

        Args:
            sight: the look.
            now: by our clock.
        """
        if self.course.is_another(sight):
            return self.course.observe(sight, now)  # what it has lost is not ours
        self._application_id = sight.application_id or self._application_id
        course = self.course.observe(sight, now)
        started = self.course.started or sight.started
        # Restarts that nobody has seen yet count even when the application is over.
        found = self.restarts.observe(replace(sight, started=started)) if self.restarts is not None else None
        watched = self._watched(sight, started) if self.watchdog is not None else None
        if not self.observes:
            return found or course or watched
        losses = self.memory.ledger
        key = "" if found is None else f"{found.verdict} {len(losses.losses) + losses.forgotten}"
        self._news.take(_RESTARTS, found, key)
        self._observed += self._news.out()
        return course

    def take_observed(self) -> tuple[Finding, ...]:
        """In observe mode, the limits that have passed; each is given once, restarts again with each more."""
        found = tuple(self._observed)
        self._observed.clear()
        return found

    def take_notices(self) -> tuple[str, ...]:
        """What is to be said; each is given once."""
        told = (*self.course.notices, *self._notices)
        self.course.notices.clear()
        self._notices.clear()
        return told

    def _watched(self, sight: Sight, started: EpochTime | None) -> Finding | None:
        """The guard's watchdog, which knows no workers here: they are out of sight."""
        alive = sight.driver is not None or (sight.manager is not None and sight.manager.alive)
        if self.watchdog is None or not alive:
            return None
        # Where the master alone answers, the deadline still holds.
        seen = Observation(
            at=since(started or self.course.began, sight.at),
            driver=sight.driver,
            readings=(),
            master=sight.manager.master if sight.manager is not None else None,
        )
        decision = self.watchdog.observe(seen)
        self._notices += decision.notices
        self._observed += decision.observed
        return decision.finding

"""The watch over an application of another system: a snapshot in, a decision out. No I/O, no clock."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Self

from airflow_spark_guard.core.clock import EpochTime, since
from airflow_spark_guard.core.codec import LATER, Stored
from airflow_spark_guard.core.remote.restarts import Ledger
from airflow_spark_guard.core.watch.observation import Observation
from airflow_spark_guard.core.watch.observed import News

if TYPE_CHECKING:
    from airflow_spark_guard.core.remote.lifecycle import EndedWell, LifecycleRule
    from airflow_spark_guard.core.remote.restarts import RestartRule
    from airflow_spark_guard.core.watch.finding import Finding
    from airflow_spark_guard.core.watch.watchdog import Watchdog
    from airflow_spark_guard.core.web.snapshot import Snapshot


_RESTARTS = "restarts"
_LEDGER = frozenset(field.name for field in fields(Ledger))


@dataclass(frozen=True)
class Memory(Stored):
    """The state that has to outlive the watching process: small, and it changes seldom.

    Attributes:
        application_id: the one that was found by its name.
        known: whether any witness has ever known it.
        started: when it started; None if unknown.
        ledger: the executors that it has lost.
        ``said``: in observe mode, the finding on its executors that was reported last; empty before.
    """

    application_id: str = ""
    known: bool = False
    started: EpochTime | None = None
    ledger: Ledger = field(default_factory=Ledger)
    said: str = field(default="", metadata=LATER)

    def to_json(self) -> dict[str, Any]:
        """The ledger's fields stand beside the others."""
        stored = super().to_json()
        said, ledger = stored.pop("said"), stored.pop("ledger")
        return {**stored, **({"said": said} if said else {}), **ledger}

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
    """Applies all rules to one application.

    Attributes:
        course: whether it runs, or how it ended.
        restarts: how many executors it may lose.
        watchdog: the guard's own, for stalls, starvation and lost executors; None if only restarts count.
        observes: whether passed limits are only reported; how the application ends always counts.
    """

    course: LifecycleRule
    restarts: RestartRule | None = None
    watchdog: Watchdog | None = None
    observes: bool = False
    _application_id: str = ""
    _notices: list[str] = field(default_factory=list)
    _news: News = field(default_factory=News)
    _observed: list[Finding] = field(default_factory=list)

    def recall(self, memory: Memory) -> None:
        """Continue where another process stopped."""
        self._application_id = memory.application_id
        self.course.known, self.course.started = memory.known, memory.started
        if self.restarts is not None:
            self.restarts.ledger = memory.ledger
        if memory.said:
            self._news.standing[_RESTARTS] = memory.said

    @property
    def memory(self) -> Memory:
        """What another process needs to continue."""
        ledger = Ledger() if self.restarts is None else self.restarts.ledger
        said = self._news.standing.get(_RESTARTS, "")
        return Memory(self._application_id, self.course.known, self.course.started, ledger, said)

    def observe(self, snapshot: Snapshot, now: EpochTime) -> EndedWell | Finding | None:
        """The outcome so far; None while the application may continue.

        Args:
            snapshot: the newest snapshot.
            now: by our clock.
        """
        if self.course.is_another(snapshot):
            return self.course.observe(snapshot, now)  # its losses are not those of our application
        self._application_id = snapshot.application_id or self._application_id
        course = self.course.observe(snapshot, now)
        started = self.course.started or snapshot.started
        # Restarts since the last snapshot count even if the application has ended.
        over = (
            self.restarts.observe(replace(snapshot, started=started)) if self.restarts is not None else None
        )
        watched = self._watched(snapshot, started) if self.watchdog is not None else None
        if not self.observes:
            return over or course or watched
        losses = self.memory.ledger
        key = "" if over is None else f"{over.verdict} {len(losses.losses) + losses.forgotten}"
        self._news.take(_RESTARTS, over, key)
        self._observed += self._news.out()
        return course

    def take_observed(self) -> tuple[Finding, ...]:
        """In observe mode, the passed limits; each is returned once, restarts again after each new one."""
        observed = tuple(self._observed)
        self._observed.clear()
        return observed

    def take_notices(self) -> tuple[str, ...]:
        """Lines for the task log; each is returned once."""
        notices = (*self.course.notices, *self._notices)
        self.course.notices.clear()
        self._notices.clear()
        return notices

    def _watched(self, snapshot: Snapshot, started: EpochTime | None) -> Finding | None:
        """The finding of the guard's watchdog, which cannot see the Python workers from here."""
        alive = snapshot.driver is not None or (snapshot.manager is not None and snapshot.manager.alive)
        if self.watchdog is None or not alive:
            return None
        # If only the master answers, the deadline still applies.
        seen = Observation(
            at=since(started or self.course.began, snapshot.at),
            driver=snapshot.driver,
            readings=(),
            master=snapshot.manager.master if snapshot.manager is not None else None,
        )
        decision = self.watchdog.observe(seen)
        self._notices += decision.notices
        self._observed += decision.observed
        return decision.finding

"""The state of an application that another system submitted: it runs, has succeeded, or has failed.

A driver's pages die with it, so their silence proves nothing: the end needs a witness that outlives it. An
application whose success no witness confirms counts as failed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_spark_guard.core.clock import EpochTime, LaunchTime, since
from airflow_spark_guard.core.quantity import readable_duration, seconds
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.finding import Finding

if TYPE_CHECKING:
    from airflow_spark_guard.core.limits import GuardLimits
    from airflow_spark_guard.core.web.snapshot import Snapshot

_SAME_START = 2.0  # seconds: two servers round it differently


@dataclass(frozen=True)
class Patience:
    """How long to wait for information.

    Attributes:
        start: how long to wait for the application to appear, in seconds.
        end: how long to wait for a witness of its end after the driver stopped answering, in seconds.
        history_server: whether one is configured; it then has to confirm success.
        alone: whether only the history server can be asked; an open log then counts as running.
    """

    start: float
    end: float
    history_server: bool = False
    alone: bool = False

    @classmethod
    def of(cls, limits: GuardLimits) -> Patience:
        """The patience of checked limits."""
        return cls(seconds(limits.start_timeout), seconds(limits.end_timeout))


@dataclass(frozen=True)
class EndedWell:
    """The application ended by itself; a witness confirms it.

    Attributes:
        witness: one sentence for the task log.
    """

    witness: str


@dataclass
class LifecycleRule:
    """Follows one application.

    Attributes:
        patience: how long to wait for information.
        began: when the watch began, by our clock.
        known: whether any witness has ever known the application.
        started: when it started, by its witnesses; distinguishes it from another one with the same id.
        notices: lines for the task log; the reader clears them.
    """

    patience: Patience
    began: EpochTime
    known: bool = False
    started: EpochTime | None = None
    notices: list[str] = field(default_factory=list)
    _silent_since: EpochTime | None = None
    _blind: bool = False

    def observe(self, snapshot: Snapshot, now: EpochTime) -> EndedWell | Finding | None:
        """The outcome; None while the application runs, or may still turn out to run.

        Args:
            snapshot: the newest snapshot.
            now: by our clock.
        """
        if self.is_another(snapshot):
            what = "Another application now has this id: the watched one is gone."
            return self._vanished(what, self.patience.end, now)
        alive = _alive(snapshot) or self._has_open_log(snapshot)
        self.known = self.known or alive or _ever_known(snapshot)
        self.started = self.started or snapshot.started
        outcome = self._condemned(snapshot) or (
            None if snapshot.driver is not None else self._ended(snapshot)
        )
        if outcome is not None:
            return outcome
        if alive:
            self._silent_since = None
            self._note_blind(snapshot)
            return None
        return self._silent(snapshot, now)

    @property
    def undecided(self) -> bool:
        """Whether the newest snapshot shows neither a running application nor a witness of its end."""
        return self._silent_since is not None

    def is_another(self, snapshot: Snapshot) -> bool:
        """Whether another application has taken the id: it started at another time."""
        if self.started is None or snapshot.started is None:
            return False
        return abs(self.started - snapshot.started) > _SAME_START

    def _has_open_log(self, snapshot: Snapshot) -> bool:
        history = snapshot.history
        return self.patience.alone and history is not None and history.known and not history.completed

    def _note_blind(self, snapshot: Snapshot) -> None:
        blind = snapshot.driver is None and (self.patience.alone or not snapshot.executors)
        if blind and not self._blind and self.patience.alone:
            self.notices.append(
                "Only the history server can be asked, and a killed driver's event log stays open there: the "
                "sensor does not notice a kill before its timeout. Give driver_ui= or master= to notice it."
            )
        elif blind and not self._blind:
            why = snapshot.why_silent or "no address"
            self.notices.append(f"The application runs, but its driver cannot be asked: {why}.")
        self._blind = blind

    def _silent(self, snapshot: Snapshot, now: EpochTime) -> Finding | None:
        if not self.known:
            return self._unknown(snapshot) if now - self.began >= self.patience.start else None
        if self._silent_since is None:
            self._silent_since = now
        if now - self._silent_since < self.patience.end:
            return None
        reached = EpochTime(self._silent_since + self.patience.end)
        if snapshot.manager is not None and snapshot.manager.state == "FINISHED":
            return self._vanished(
                "The master reports FINISHED, as it does for a killed driver, and the history server has no "
                "closed event log of the application.",
                self.patience.end,
                reached,
                got=snapshot.why_silent,
                advice="Check whether the driver was killed. If it succeeded, set spark.eventLog.enabled and "
                "spark.eventLog.dir to the folder that the history server reads.",
            )
        return self._vanished(
            f"The driver has not answered for {readable_duration(now - self._silent_since)}, and no witness "
            "reports that the application ended.",
            self.patience.end,
            reached,
            got=snapshot.why_silent,
            advice="A driver's pages disappear with it. Give history_server= (or master=), which can "
            "distinguish success from a killed driver.",
        )

    def _unknown(self, snapshot: Snapshot) -> Finding:
        return self._vanished(
            "No server that was asked knows this application.",
            self.patience.start,
            EpochTime(self.began + self.patience.start),
            got=snapshot.why_silent,
            expected=f"an application with that id or name within {readable_duration(self.patience.start)}",
            advice="Check id or name, and the addresses of driver, master and history server. start_timeout "
            "sets how long to wait.",
        )

    def _condemned(self, snapshot: Snapshot) -> Finding | None:
        """A failure that one witness reports, whatever the others report."""
        state = snapshot.manager.state if snapshot.manager is not None else ""
        if state == "KILLED":
            return Finding(
                Verdict.KILLED,
                "The application was killed through the master.",
                0.0,
                self._launch_time(snapshot.at),
                got="state KILLED",
                advice="A user or a program killed it on the master's page or through its API.",
            )
        if state == "FAILED":
            return Finding(
                Verdict.EXECUTORS_LOST,
                "The master gave up on the application: its executors failed repeatedly.",
                0.0,
                self._launch_time(snapshot.at),
                got="state FAILED",
                advice="Read the standard error of one of the executors on its worker.",
            )
        if snapshot.task == "failed":
            return Finding(
                Verdict.UNKNOWN,
                "The task that runs the application has failed.",
                0.0,
                self._launch_time(snapshot.at),
                advice="See that task's log and its XCom spark_guard_verdict for the cause.",
            )
        return None

    def _ended(self, snapshot: Snapshot) -> EndedWell | Finding | None:
        """What a witness reports of the end, if the driver does not answer."""
        history = snapshot.history
        if history is not None and history.completed:
            if history.last_job_failed:
                return Finding(
                    Verdict.UNKNOWN,
                    "The application ended after its last Spark job had failed.",
                    0.0,
                    self._launch_time(history.ended or snapshot.at),
                    got="a closed event log whose newest job is FAILED",
                    expected="success of the newest job",
                    advice="See its page on the history server.",
                )
            return EndedWell("Its event log is closed: the driver ended by itself.")
        if snapshot.task == "success":
            return EndedWell("The task that ran it succeeded.")
        finished = snapshot.manager is not None and snapshot.manager.state == "FINISHED"
        if finished and not self.patience.history_server:
            return EndedWell(
                "The master reports FINISHED (also for a killed driver); history_server= distinguishes them."
            )
        return None

    def _vanished(
        self,
        what: str,
        limit: float,
        at: EpochTime,
        *,
        got: str = "",
        expected: str = "an end that a witness confirms",
        advice: str = "",
    ) -> Finding:
        return Finding(
            Verdict.VANISHED, what, limit, self._launch_time(at), got=got, expected=expected, advice=advice
        )

    def _launch_time(self, at: EpochTime) -> LaunchTime:
        """Since its start; since the watch began if the start is not known."""
        return since(self.started or self.began, at)


def _alive(snapshot: Snapshot) -> bool:
    # The task that runs the application reports it too, but its host may be long gone: not a sign of life.
    return snapshot.driver is not None or (snapshot.manager is not None and snapshot.manager.alive)


def _ever_known(snapshot: Snapshot) -> bool:
    manager = snapshot.manager is not None and bool(snapshot.manager.state)
    return manager or (snapshot.history is not None and snapshot.history.known)

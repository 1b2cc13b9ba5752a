"""How an application of somebody else's stands: it runs, it ended well, or something is wrong with it.

A driver's own pages die with it, so their silence proves nothing: an end needs a witness that outlives the
driver. Where none says that it was a good end, it was none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_spark_guard.core.clock import EpochTime, LaunchTime, since
from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.finding import Finding

if TYPE_CHECKING:
    from airflow_spark_guard.core.web.snapshot import Sight

_SAME_START = 2.0  # seconds: two servers round it differently


@dataclass(frozen=True)
class Patience:
    """How long nothing may be known.

    Attributes:
        start: seconds until an application that nobody knows is none.
        end: seconds for the witnesses of its end, once its driver has gone silent.
        history_server: whether one is named, which then has to confirm a good end.
        alone: whether nobody but it can be asked: an open log is then all that there can be of one that runs.
    """

    start: float = 300.0
    end: float = 120.0
    history_server: bool = False
    alone: bool = False


@dataclass(frozen=True)
class EndedWell:
    """The application is over, and a witness says that it ended by itself.

    Attributes:
        witness: one sentence for the task log.
    """

    witness: str


@dataclass
class CourseRule:
    """Follows one application.

    Attributes:
        patience: how long nothing may be known.
        began: when the watch began, by our clock.
        known: whether any witness has ever known the application.
        started: when it started, by its witnesses; tells it from another one under the same id.
        notices: what is to be said; whoever follows takes them away.
    """

    patience: Patience
    began: EpochTime
    known: bool = False
    started: EpochTime | None = None
    notices: list[str] = field(default_factory=list)
    _silent_since: EpochTime | None = None
    _blind: bool = False

    def observe(self, sight: Sight, now: EpochTime) -> EndedWell | Finding | None:
        """What is known now; None while it runs, or while there is still hope to know more.

        Args:
            sight: the look.
            now: by our clock.
        """
        if self.is_another(sight):
            return self._vanished(
                "Another application has taken its id: this one is gone.", self.patience.end, now
            )
        alive = _alive(sight) or self._logs(sight)
        self.known = self.known or alive or _ever_known(sight)
        self.started = self.started or sight.started
        told = self._condemned(sight) or (None if sight.driver is not None else self._ended(sight))
        if told is not None:
            return told
        if alive:
            self._silent_since = None
            self._say_blind(sight)
            return None
        return self._silent(sight, now)

    @property
    def undecided(self) -> bool:
        """Whether the last look found neither a living application nor a witness of its end."""
        return self._silent_since is not None

    def is_another(self, sight: Sight) -> bool:
        """Whether another application answers under the same id: it started at another time."""
        if self.started is None or sight.started is None:
            return False
        return abs(self.started - sight.started) > _SAME_START

    def _logs(self, sight: Sight) -> bool:
        """Whether it runs as far as anybody can say."""
        history = sight.history
        return self.patience.alone and history is not None and history.known and not history.completed

    def _say_blind(self, sight: Sight) -> None:
        blind = sight.driver is None and (self.patience.alone or not sight.executors)
        if blind and not self._blind and self.patience.alone:
            self.notices.append(
                "Only the history server can be asked, where the log of a killed driver stays open: such an "
                "end is not noticed before the sensor's timeout. driver_ui= or master= would tell."
            )
        elif blind and not self._blind:
            self.notices.append(
                f"The application runs, but its driver cannot be asked: {sight.why_silent or 'no address'}."
            )
        self._blind = blind

    def _silent(self, sight: Sight, now: EpochTime) -> Finding | None:
        if not self.known:
            return self._unknown(sight) if now - self.began >= self.patience.start else None
        if self._silent_since is None:
            self._silent_since = now
        if now - self._silent_since < self.patience.end:
            return None
        reached = EpochTime(self._silent_since + self.patience.end)
        if sight.manager is not None and sight.manager.state == "FINISHED":
            return self._vanished(
                "The master says that it is finished, as it does of a driver that was killed too; the "
                "history server has no closed event log of it.",
                self.patience.end,
                reached,
                got=sight.why_silent,
                advice="Look whether the driver was killed. If it ended well: spark.eventLog.enabled and "
                "spark.eventLog.dir have to lead where the history server reads.",
            )
        return self._vanished(
            f"Its driver has not answered for {readable_duration(now - self._silent_since)}, and no witness "
            "says that it ended.",
            self.patience.end,
            reached,
            got=sight.why_silent,
            advice="A driver's pages go with it: give history_server= (or master=), which can tell a good "
            "end from a driver that was killed.",
        )

    def _unknown(self, sight: Sight) -> Finding:
        return self._vanished(
            "Nobody who was asked knows this application.",
            self.patience.start,
            EpochTime(self.began + self.patience.start),
            got=sight.why_silent,
            expected=f"an application of that id or name within {readable_duration(self.patience.start)}",
            advice="Check id or name, and the addresses of driver, master and history server. start_timeout "
            "says how long to wait for it.",
        )

    def _condemned(self, sight: Sight) -> Finding | None:
        """What a witness says against it, whatever the others say."""
        state = sight.manager.state if sight.manager is not None else ""
        if state == "KILLED":
            return Finding(
                Verdict.KILLED,
                "The application was ended at the master.",
                0.0,
                self._launch_time(sight.at),
                got="state KILLED",
                advice="Somebody, or a program, ended it on the master's page or by its API.",
            )
        if state == "FAILED":
            return Finding(
                Verdict.EXECUTORS_LOST,
                "The master gave the application up: its executors failed again and again.",
                0.0,
                self._launch_time(sight.at),
                got="state FAILED",
                advice="Read the standard error of one of them on its worker.",
            )
        if sight.task == "failed":
            return Finding(
                Verdict.UNKNOWN,
                "The task that runs the application has failed.",
                0.0,
                self._launch_time(sight.at),
                advice="Its log, and its XCom spark_guard_verdict, say why.",
            )
        return None

    def _ended(self, sight: Sight) -> EndedWell | Finding | None:
        """What a witness says of the end of an application whose driver does not answer."""
        history = sight.history
        if history is not None and history.completed:
            if history.last_job_failed:
                return Finding(
                    Verdict.UNKNOWN,
                    "The application ended, and its last Spark job had failed.",
                    0.0,
                    self._launch_time(history.ended or sight.at),
                    got="a closed event log whose newest job is FAILED",
                    expected="a newest job that succeeded",
                    advice="See its page on the history server.",
                )
            return EndedWell("Its event log is closed: the driver ended by itself.")
        if sight.task == "success":
            return EndedWell("The task that ran it succeeded.")
        finished = sight.manager is not None and sight.manager.state == "FINISHED"
        if finished and not self.patience.history_server:
            return EndedWell(
                "The master says FINISHED, as it does of a killed driver too: history_server= would tell."
            )
        return None

    def _vanished(
        self,
        what: str,
        limit: float,
        at: EpochTime,
        *,
        got: str = "",
        expected: str = "an end that somebody has seen",
        advice: str = "",
    ) -> Finding:
        return Finding(
            Verdict.VANISHED, what, limit, self._launch_time(at), got=got, expected=expected, advice=advice
        )

    def _launch_time(self, at: EpochTime) -> LaunchTime:
        """Since it started; since the watch began where its start is not known."""
        return since(self.started or self.began, at)


def _alive(sight: Sight) -> bool:
    # A task that runs the application says it too, from a host that may be long gone: no life sign.
    return sight.driver is not None or (sight.manager is not None and sight.manager.alive)


def _ever_known(sight: Sight) -> bool:
    manager = sight.manager is not None and bool(sight.manager.state)
    return manager or (sight.history is not None and sight.history.known)

"""The watch over an application on a cluster: one status after the other, until it is over or overdue.

Its decisions depend only on what was seen and when, not on having watched from the start, so that a trigger
that was killed and restarted comes to the same result.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_spark_guard.core.clock import EpochTime, LaunchTime, since
from airflow_spark_guard.core.cluster.status import ClusterState
from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.finding import Finding
from airflow_spark_guard.core.watch.observed import News
from airflow_spark_guard.core.watch.watchdog import EXIT_ADVICE

if TYPE_CHECKING:
    from airflow_spark_guard.core.cluster.status import ClusterStatus

# Answers that must agree that an application is gone: a manager that is just starting may give one.
_LOOKS_AT_A_GAP = 2
# Seconds of silence until the task log reports it, and until it does so again.
_SILENCE_NOTED = 60.0
_SILENCE_REPEATED = 600.0
_LONGEST_GOT = 600
_SHORTEST_PAUSE = 0.01


@dataclass(frozen=True)
class ClusterLimits:
    """The limits of an application.

    Attributes:
        submitted_at: when it was submitted: the attempt's start.
        start: seconds that it may wait for its driver to be started.
        deadline_at: when it must have ended.
        exit: seconds that its driver may go on after its script has ended.
        observe: whether these limits are only observed, and end nothing.
        last_at: when it is ended even then; None for never.
    """

    submitted_at: EpochTime
    start: float
    deadline_at: EpochTime
    exit: float
    observe: bool = False
    last_at: EpochTime | None = None

    @property
    def deadline(self) -> float:
        """The run budget, seconds."""
        return self.deadline_at - self.submitted_at

    def pause(self, now: EpochTime, longest: float) -> float:
        """Seconds until the next poll: at most ``longest``, and not beyond the next limit."""
        moments = (self.deadline_at, self.last_at)
        coming = [at - now for at in moments if at is not None and at > now]
        return max(_SHORTEST_PAUSE, min([longest, *coming]))


@dataclass(frozen=True)
class Step:
    """What the watch decides on one status.

    Attributes:
        final: the last status; None while it goes on, and if a finding ends it.
        finding: what ends the attempt; None while it goes on.
        notices: lines for the task log, each only once.
        observed: what would end the attempt (observe mode), each only once.
    """

    final: ClusterStatus | None = None
    finding: Finding | None = None
    notices: tuple[str, ...] = ()
    observed: tuple[Finding, ...] = ()

    @property
    def over(self) -> bool:
        """Whether nothing is left to wait for."""
        return self.final is not None or self.finding is not None


@dataclass
class ClusterWatch:
    """Watches one application.

    Args:
        limits: its limits.
        manager: the manager's name in messages.

    Attributes:
        last: the newest status; None before the first.
    """

    limits: ClusterLimits
    manager: str
    last: ClusterStatus | None = None
    _blind_since: EpochTime | None = None
    _blind_reason: str = ""
    _noted_at: EpochTime | None = None
    _gone: int = 0
    _waiting_since: EpochTime | None = None
    _ran: bool = False
    _noticed: set[str] = field(default_factory=set)
    _news: News = field(default_factory=News)

    def see(self, status: ClusterStatus, now: EpochTime, idle_since: LaunchTime | None = None) -> Step:
        """Judge an answer of the manager.

        Args:
            status: the answer.
            now: its time.
            idle_since: when the job's script ended, or the last Spark job of its threads; None before that.
        """
        notices = self._back_in_sight(now)
        if status.state is ClusterState.VANISHED:
            return self._missing(status, now, notices)
        self._gone = 0
        changed = self.last is None or (self.last.state, self.last.what) != (status.state, status.what)
        self.last = status
        if not status.state.is_active:
            return Step(final=status, notices=notices)
        if changed:
            notices += self._once(f"{status.application_id}: {status.what or status.state}")
        found = (self._overdue(now), self._not_started(status, now), self._not_exiting(now, idle_since))
        return self._step(now, notices, *found)

    def blind(self, reason: str, now: EpochTime) -> Step:
        """Judge a manager that gave no answer or refused access; ``reason`` is safe to show."""
        if self._blind_since is None:
            self._blind_since = self._noted_at = now
        self._blind_reason = reason
        notices: tuple[str, ...] = ()
        silent = now - self._blind_since
        pause = _SILENCE_NOTED if silent < _SILENCE_REPEATED else _SILENCE_REPEATED
        if self._noted_at is not None and now - self._noted_at >= pause:
            self._noted_at = now
            text = (
                f"{self.manager} has not answered for {readable_duration(silent)}: {reason}. The application "
                "may still run; the guard keeps asking until the deadline."
            )
            notices = (text,)
        return self._step(now, notices, self._overdue(now))

    def _step(self, now: EpochTime, notices: tuple[str, ...], *found: Finding | None) -> Step:
        """The step with the finding that ends the attempt; in observe mode only Airflow's own limit does."""
        if not self.limits.observe:
            return Step(finding=next(filter(None, found), None), notices=notices)
        if self.limits.last_at is not None and now >= self.limits.last_at:
            return Step(finding=self._late(now, self.limits.last_at, "execution_timeout"), notices=notices)
        for rule, finding in enumerate(found):
            self._news.take(str(rule), finding)
        return Step(notices=notices, observed=self._news.out())

    def _once(self, text: str) -> tuple[str, ...]:
        """Each text once: a state that comes and goes is not news."""
        if text in self._noticed:
            return ()
        self._noticed.add(text)
        return (text,)

    def _back_in_sight(self, now: EpochTime) -> tuple[str, ...]:
        begun, self._blind_since = self._blind_since, None
        if begun is None or now - begun < _SILENCE_NOTED:
            return ()
        return (f"{self.manager} answers again, after {readable_duration(now - begun)}.",)

    def _missing(self, status: ClusterStatus, now: EpochTime, notices: tuple[str, ...]) -> Step:
        self._gone += 1
        if self._gone < _LOOKS_AT_A_GAP:
            text = f"{self.manager} no longer knows {status.application_id}; asking once more."
            return self._step(now, notices + self._once(text), self._overdue(now))
        last = self.last
        finding = Finding(
            Verdict.VANISHED,
            f"{self.manager} no longer knows the application {status.application_id}, so its outcome is "
            "unknown.",
            limit=0.0,
            reached_at=self._since_launch(now),
            got=f"{status.what}; last seen: {last.what or last.state if last else 'never'}",
            expected="an end that its manager confirms",
            advice="Find out what removed it: an eviction, a clean-up job, a manager that lost its state. "
            "Check what the job has written before you run it again.",
        )
        return Step(finding=finding, notices=notices)

    def _overdue(self, now: EpochTime) -> Finding | None:
        if now < self.limits.deadline_at:
            return None
        return self._late(now, self.limits.deadline_at, "GuardLimits.deadline")

    def _late(self, now: EpochTime, at: EpochTime, name: str) -> Finding:
        limit = readable_duration(at - self.limits.submitted_at)
        got = f"{self.last.what or self.last.state}" if self.last else "never seen"
        blind = ""
        if self._blind_since is not None:
            silent = readable_duration(max(0.0, now - self._blind_since))
            blind = f" {self.manager} has not answered for the last {silent}."
            got = f"{got}, then no answer: {self._blind_reason}"
        return Finding(
            Verdict.DEADLINE,
            f"The application did not end within {limit}.{blind}",
            limit=at - self.limits.submitted_at,
            reached_at=self._since_launch(at),
            got=got[:_LONGEST_GOT],
            expected=f"its end within {limit} of its submission",
            advice=f"If the job is healthy, raise {name}; if not, read the driver's log.",
        )

    def _not_started(self, status: ClusterStatus, now: EpochTime) -> Finding | None:
        if status.state is not ClusterState.WAITING:
            self._waiting_since, self._ran = None, True
            return None
        if self._waiting_since is None:
            # A driver that had started once is being restarted: this is a new wait, of which only the part
            # that was seen counts.
            again = self._ran or status.started_at is not None
            self._waiting_since = now if again else self.limits.submitted_at
        waited = now - self._waiting_since
        if waited < self.limits.start:
            return None
        limit = readable_duration(self.limits.start)
        reason = f": {status.diagnostics}" if status.diagnostics else ""
        return Finding(
            Verdict.STARVED,
            f"The driver did not start within {limit}.",
            limit=self.limits.start,
            reached_at=self._since_launch(EpochTime(self._waiting_since + self.limits.start)),
            got=f"{status.what or status.state}{reason}"[:_LONGEST_GOT],
            expected=f"a running driver within {limit} (GuardLimits.start_timeout)",
            advice="See the manager's reason. If the queue or cluster is full and waiting is normal, raise "
            "start_timeout; otherwise fix the image, quota or node selector.",
        )

    def _not_exiting(self, now: EpochTime, idle_since: LaunchTime | None) -> Finding | None:
        if idle_since is None or self._since_launch(now) - idle_since < self.limits.exit:
            return None
        limit = readable_duration(self.limits.exit)
        return Finding(
            Verdict.NOT_EXITING,
            f"The script ended, but its driver did not exit within {limit}, and ran no Spark job.",
            limit=self.limits.exit,
            reached_at=LaunchTime(idle_since + self.limits.exit),
            got=self.last.what if self.last else "",
            expected="the end of the application",
            advice=EXIT_ADVICE,
        )

    def _since_launch(self, at: EpochTime) -> LaunchTime:
        return since(self.limits.submitted_at, at)

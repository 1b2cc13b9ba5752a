"""The watchdog: observations in, decisions out. It knows neither HTTP, nor Airflow, nor what time it is.

Every rule is a small state machine of its own: ``standstill`` and ``stageless`` (STALLED), ``starvation``
(STARVED), ``losses`` (EXECUTORS_LOST, VANISHED), ``silence`` (DRIVER_SILENT, STARVED), and here what the
clock alone decides (DEADLINE, NOT_EXITING). ``core/failure/ending.py`` evaluates the end of a process
(USER_CODE, JVM_GONE, ...).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.clock import LaunchTime, WatchTime
from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.finding import Decision, Finding, ObservationRequest
from airflow_spark_guard.core.watch.losses import LossRule
from airflow_spark_guard.core.watch.notices import NoticeRule
from airflow_spark_guard.core.watch.observed import News
from airflow_spark_guard.core.watch.silence import SilenceRule
from airflow_spark_guard.core.watch.stageless import StagelessRule
from airflow_spark_guard.core.watch.standstill import StallRule
from airflow_spark_guard.core.watch.starvation import StarvationRule

if TYPE_CHECKING:
    from airflow_spark_guard.core.watch.observation import Observation
    from airflow_spark_guard.core.watch.standing import Standing
    from airflow_spark_guard.core.watch.watch_limits import WatchLimits

# A gap that is this much longer than planned means that this host was asleep or frozen.
_GAP = 30.0
# The rest of a driver whose Python has died normally ends by itself within a second or two.
_HALF_A_DRIVER = 5.0
EXIT_ADVICE: Final = (
    "Wait for the threads in the script: join() them, or use `with ThreadPoolExecutor(...)` and call "
    "result() on each future, which also raises what went wrong. Give atexit handlers that wait a time-out. "
    "Only a thread without work to finish may be a daemon: Python ends it when the script ends."
)
"""What to do about a driver that stays when its script has ended."""


def overdue(
    watch_limits: WatchLimits,
    now: LaunchTime,
    idle_since: LaunchTime | None,
    gone_at: LaunchTime | None = None,
) -> Finding | None:
    """The findings that depend only on the clock.

    Args:
        watch_limits: the limits.
        now: the time of this observation.
        idle_since: when the script ended, or the last Spark job of its threads; None before that.
        gone_at: when the driver's Python was first missing; None while it is running.
    """
    if gone_at is not None and idle_since is None and now - gone_at >= _HALF_A_DRIVER:
        return Finding(
            Verdict.DRIVER_GONE,
            "The driver's Python ended before its script did, but its JVM is still running.",
            _HALF_A_DRIVER,
            LaunchTime(gone_at + _HALF_A_DRIVER),
            expected="the end of the script (its closing message never came)",
            advice="Usually it was killed from outside, or by os._exit() in its own code: check the host's "
            "log for the out-of-memory killer.",
        )
    if idle_since is not None and now - idle_since >= watch_limits.exit:
        allowed = readable_duration(watch_limits.exit)
        return Finding(
            Verdict.NOT_EXITING,
            f"The script ended, but its process was still running {allowed} later, without a Spark job.",
            watch_limits.exit,
            LaunchTime(idle_since + watch_limits.exit),
            expected="a process that exits when its script ends",
            advice=EXIT_ADVICE,
            suspect="any",
        )
    if watch_limits.deadline is not None and now >= watch_limits.deadline:
        return Finding(
            Verdict.DEADLINE,
            f"The attempt was still running at its deadline of {readable_duration(watch_limits.deadline)}.",
            watch_limits.deadline,
            LaunchTime(watch_limits.deadline),
            advice="If the job is healthy, raise GuardLimits.deadline; if not, the lines below show where it "
            "was.",
            suspect="any",
        )
    return None


class Watchdog:
    """One attempt's watchdog.

    In observe mode (``watch_limits.observe``) a finding does not end the attempt: it is returned once, by
    ``Decision.observed`` or :meth:`news`, and the watch continues. Without its driver an attempt ends in
    every mode.

    Args:
        watch_limits: the limits.
    """

    def __init__(self, watch_limits: WatchLimits) -> None:
        self.watch_limits = watch_limits
        self._stall, self._silence = StallRule(watch_limits), SilenceRule(watch_limits)
        self._stageless = StagelessRule(watch_limits)
        of_stages = (StarvationRule(watch_limits), self._stall, self._stageless)
        self._rules = (LossRule(watch_limits), *of_stages, self._silence)
        self._notices = NoticeRule(watch_limits)
        self._news = News()
        self._last = LaunchTime(0.0)
        self._planned = WatchTime(0.0)
        self._skipped = 0.0

    def observe(self, seen: Observation) -> Decision:
        """Judge one observation of the attempt.

        Observations must be in order; one with an earlier clock than the last counts as simultaneous.
        """
        now = self._clock(seen.at)
        idle_since = seen.inside.idle_since(seen.at) if seen.inside is not None else None
        finding = self.overdue(seen.at, idle_since, seen.driver_gone_at)
        for rule in self._rules:
            # Every rule sees every observation, or its counts would have holes.
            found = rule.observe(seen, now)
            # Without its driver an application falls apart: findings about that are not the cause.
            if seen.driver_gone_at is not None:
                continue
            if self.watch_limits.observe:
                self._news.take(type(rule).__name__, found)
            else:
                finding = finding or found
        notices = (*self._notices.observe(seen, now), *self._stall.notices, *self._stageless.notices)
        lines = tuple(self._silence.lines)
        self._stall.notices.clear()
        self._stageless.notices.clear()
        self._silence.lines.clear()
        look = self._look(seen, now)
        self._planned = look.at
        planned = ObservationRequest(LaunchTime(look.at + self._skipped), look.readings, look.details)
        return Decision(planned, finding, notices, lines, self.news())

    def overdue(
        self, at: LaunchTime, idle_since: LaunchTime | None, gone_at: LaunchTime | None = None
    ) -> Finding | None:
        """The findings that depend only on the clock; at a deadline with the stage that stands still."""
        finding = overdue(self.watch_limits, at, idle_since, gone_at)
        if finding is not None and finding.verdict is Verdict.DEADLINE:
            stages, stuck = self._stall.suspects()
            if stages:
                finding = replace(finding, suspect="worker", stages=stages, stuck=stuck)
        if finding is None or not self.watch_limits.observe or finding.verdict is Verdict.DRIVER_GONE:
            return finding
        self._news.take(str(finding.verdict), finding)
        return None

    def news(self) -> tuple[Finding, ...]:
        """Findings in observe mode that were not returned yet."""
        return self._news.out()

    def standing(self, at: LaunchTime) -> tuple[Standing, ...]:
        """For how long each stage, a job without one, or the driver between jobs has not moved."""
        now = WatchTime(max(at, self._last) - self._skipped - self._gap(at))
        driver = self._stageless.standing(now) or self._silence.standing(now)
        return (*self._stall.standing(now), *([driver] if driver is not None else []))

    def suspects(self) -> tuple[tuple[int, ...], tuple[str, ...]]:
        """Stages whose workers do not move, and the keys of those workers' readings."""
        return self._stall.suspects()

    def forget_samples(self) -> None:
        """Compare samples from now on: another tool has stopped the processes in between."""
        self._stall.forget_samples()
        self._silence.processes.forget()
        self._stageless.processes.forget()

    def _gap(self, at: LaunchTime) -> float:
        """Seconds since the last observation in which this machine slept."""
        gap = at - max(self._planned + self._skipped, self._last)
        return gap if self._last and gap > _GAP + self.watch_limits.poll else 0.0

    def _clock(self, at: LaunchTime) -> WatchTime:
        """The time on the clock of the rules, which leaves gaps out."""
        self._skipped += self._gap(at)
        self._last = max(at, self._last)
        return WatchTime(self._last - self._skipped)

    def _look(self, seen: Observation, now: WatchTime) -> ObservationRequest[WatchTime]:
        """The next observation: after at most one poll interval, earlier if a rule can decide earlier."""
        wanted = [look for rule in self._rules if (look := rule.look(seen, now)) is not None]
        at = min([now + self.watch_limits.poll, *(look.at for look in wanted)])
        # At the moment when a limit is reached a clock may still show slightly less.
        at = WatchTime(max(at, now + min(0.5, self.watch_limits.poll)))
        readings = any(look.readings and look.at <= at + 0.5 for look in wanted)
        return ObservationRequest(at, readings=readings, details=self._notices.wants_details(seen, now))

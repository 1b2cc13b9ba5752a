"""The watch over one attempt: decides when to look, and passes what was seen to the watchdog."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from airflow_spark_guard.attempt.driver_presence import DriverPresence
from airflow_spark_guard.attempt.observer import Application
from airflow_spark_guard.attempt.spec import ignore
from airflow_spark_guard.attempt.submit_output import SubmitOutput
from airflow_spark_guard.core.clock import EpochTime, LaunchTime
from airflow_spark_guard.core.watch.finding import ObservationRequest
from airflow_spark_guard.core.watch.observation import Observation
from airflow_spark_guard.core.watch.watchdog import Watchdog

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spark_guard.attempt.observer import Observer
    from airflow_spark_guard.core.watch.channel_state import ChannelState
    from airflow_spark_guard.core.watch.finding import Finding
    from airflow_spark_guard.core.watch.observation import DriverView
    from airflow_spark_guard.core.watch.standing import Standing
    from airflow_spark_guard.core.watch.watch_limits import WatchLimits

# The REST API shows a removed executor a moment after Spark has logged it.
_SOON = 2.0


@dataclass
class Watch:
    """Connects the observer to the watchdog.

    Args:
        watch_limits: the limits.
        observer: looks at the job; None to watch only the clock.
        on_notice: takes warnings for the task log.
        on_line: takes lines for the task log that are not warnings.
        on_observation: takes every observation, for the record.
        on_application: takes the application, on the thread that calls :meth:`tick`: as soon as it is known,
            again once its address is known, and each further application.

    Attributes:
        driver: the driver's last answer; None before the first one.
        submit_output: what spark-submit's output has reported.
    """

    watch_limits: WatchLimits
    observer: Observer | None = None
    on_notice: Callable[[str], None] = ignore
    on_line: Callable[[str], None] = ignore
    on_observation: Callable[[Observation], None] = ignore
    on_application: Callable[[Application], None] = ignore
    driver: DriverView | None = None
    submit_output: SubmitOutput = field(init=False)
    _presence: DriverPresence = field(default_factory=DriverPresence)
    _observed: list[Finding] = field(default_factory=list)
    _watchdog: Watchdog = field(init=False)
    _next: ObservationRequest[LaunchTime] = field(init=False)
    _now: LaunchTime = LaunchTime(0.0)
    _application: Application | None = None

    def __post_init__(self) -> None:
        self._watchdog = Watchdog(self.watch_limits)
        self.submit_output = SubmitOutput(self.on_notice)
        # Not at once: the first request costs the driver a second of CPU, which would slow a short job.
        self._next = ObservationRequest(LaunchTime(self.watch_limits.poll * 2))

    def read_output(self, chunk: bytes) -> None:
        """Read spark-submit's output."""
        self.submit_output.read(chunk, self._now)

    def tick(self, now: LaunchTime, channel_state: ChannelState) -> Finding | None:
        """The finding that ends the attempt; None while it may go on.

        In observe mode :meth:`observed` returns the findings.
        """
        self._now = now
        self._hurry()
        self.announce(channel_state)
        self._presence.look(now, channel_state.pid)
        gone_at = self._presence.gone_at
        finding = self._watchdog.overdue(now, channel_state.idle_since(now), gone_at)
        news = self._watchdog.news()
        self._observed += news
        if finding is not None or news:
            self.on_observation(Observation(at=now, inside=channel_state.inside, driver_gone_at=gone_at))
        if finding is not None or self.observer is None:
            return finding
        seen = self.observer.take()
        if seen is not None:
            return self._judge(now, seen, channel_state)
        if now >= self._next.at and not self.observer.busy:
            self.observer.request(self._next, self.application(channel_state))
        return None

    def application(self, channel_state: ChannelState) -> Application | None:
        """The application that the job, or else spark-submit's output, names."""
        if channel_state.application_id:
            return Application(channel_state.application_id, channel_state.ui_url)
        log = self.submit_output.log
        return Application(log.application_id, log.ui_url, log.ui_is_here) if log.application_id else None

    def announce(self, channel_state: ChannelState) -> Application | None:
        """The application; what is new goes to ``on_application``."""
        found = self.application(channel_state)
        if found is not None and found != self._application:
            self._application = found
            self.on_application(found)
        return found

    def observed(self) -> tuple[Finding, ...]:
        """The findings of observe mode since the last call."""
        found = tuple(self._observed)
        self._observed.clear()
        return found

    def standing(self, now: LaunchTime) -> tuple[Standing, ...]:
        """For how long each stage, or the driver between Spark jobs, has not moved; with its limit."""
        return self._watchdog.standing(now)

    def suspects(self) -> tuple[tuple[int, ...], tuple[str, ...]]:
        """Stages whose workers do not move, and the keys of those workers' readings."""
        return self._watchdog.suspects()

    def forget_samples(self) -> None:
        """Compare samples of processes from now on: another tool has stopped them in between."""
        self._watchdog.forget_samples()

    def close(self) -> None:
        """End the observer."""
        if self.observer is not None:
            self.observer.close()

    def _hurry(self) -> None:
        """Look soon after an executor has ended, so that the task log reports it in time."""
        if not self.submit_output.has_new_exits():
            return
        soon = LaunchTime(self._now + min(_SOON, self.watch_limits.poll))
        if soon < self._next.at:
            self._next = replace(self._next, at=soon)

    def _judge(self, now: LaunchTime, seen: Observation, channel_state: ChannelState) -> Finding | None:
        seen = replace(
            self.submit_output.added_to(seen),
            at=now,
            inside=channel_state.inside,
            driver_gone_at=self._presence.gone_at,
            wall=EpochTime(round(time.time(), 1)),
        )
        self.driver = seen.driver or self.driver
        self.on_observation(seen)
        decision = self._watchdog.observe(seen)
        for notice in decision.notices:
            self.on_notice(notice)
        for line in decision.lines:
            self.on_line(line)
        self._next = decision.look
        self._observed += decision.observed
        return decision.finding

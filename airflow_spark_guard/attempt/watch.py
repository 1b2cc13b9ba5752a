"""The watch over one attempt: decides when to look, and passes what was seen to the watchdog."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from airflow_spark_guard.attempt.observer import Application
from airflow_spark_guard.attempt.spec import ignore
from airflow_spark_guard.core.clock import EpochTime, LaunchTime
from airflow_spark_guard.core.watch.executor_heartbeat import MARK, latest
from airflow_spark_guard.core.watch.finding import ObservationRequest
from airflow_spark_guard.core.watch.observation import Observation
from airflow_spark_guard.core.watch.submit_log import WORDS, SubmitLog
from airflow_spark_guard.core.watch.watchdog import Watchdog
from airflow_spark_guard.process import proctree

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spark_guard.attempt.observer import Observer
    from airflow_spark_guard.core.watch.channel_state import ChannelState
    from airflow_spark_guard.core.watch.executor_heartbeat import Known
    from airflow_spark_guard.core.watch.finding import Finding
    from airflow_spark_guard.core.watch.observation import DriverView
    from airflow_spark_guard.core.watch.standing import Standing
    from airflow_spark_guard.core.watch.watch_limits import WatchLimits

_WORDS = tuple(word.encode() for word in WORDS)
_HEARTBEAT = MARK.encode()
_LONGEST_LINE = 4096
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
    """

    watch_limits: WatchLimits
    observer: Observer | None = None
    on_notice: Callable[[str], None] = ignore
    on_line: Callable[[str], None] = ignore
    on_observation: Callable[[Observation], None] = ignore
    on_application: Callable[[Application], None] = ignore
    submit_log: SubmitLog = field(default_factory=SubmitLog)
    driver: DriverView | None = None
    _observed: list[Finding] = field(default_factory=list)
    _watchdog: Watchdog = field(init=False)
    _next: ObservationRequest[LaunchTime] = field(init=False)
    _rest: bytes = b""
    _noticed: int = 0
    _now: LaunchTime = LaunchTime(0.0)
    _exits: int = 0
    _driver_seen: bool = False
    _gone_at: LaunchTime | None = None
    _beats: Known = field(default_factory=dict)
    _application: Application | None = None

    def __post_init__(self) -> None:
        self._watchdog = Watchdog(self.watch_limits)
        # Not at once: the first request costs the driver a second of CPU, which would slow a short job.
        self._next = ObservationRequest(LaunchTime(self.watch_limits.poll * 2))

    def hear_output(self, chunk: bytes) -> None:
        """Read spark-submit's output, which names executors that live too briefly for a look to see them."""
        body, end, rest = (self._rest + chunk).rpartition(b"\n")
        self._rest = rest[-_LONGEST_LINE:]
        if end and (self.submit_log.exits.waiting or any(word in body for word in _WORDS)):
            for line in body.split(b"\n"):
                self.submit_log.hear(line.decode(errors="replace"), self._now)
            for text in self.submit_log.oversized[self._noticed :]:
                self.on_notice(text)
            self._noticed = len(self.submit_log.oversized)
        if end and _HEARTBEAT in body:
            # Executors in local[n] and forks of the driver write theirs into the driver's own output.
            self._beats = latest(self._beats, {"": body.decode(errors="replace") + "\n"})

    def tick(self, now: LaunchTime, channel_state: ChannelState) -> Finding | None:
        """The finding that ends the attempt; None while it may go on.

        In observe mode :meth:`observed` returns the findings.
        """
        self._now = now
        self._hurry()
        self.tell(channel_state)
        self._look_for_driver(now, channel_state.pid)
        finding = self._watchdog.overdue(now, channel_state.ended_at, self._gone_at)
        news = self._watchdog.news()
        self._observed += news
        if finding is not None or news:
            self.on_observation(
                Observation(at=now, inside=channel_state.inside, driver_gone_at=self._gone_at)
            )
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
        log = self.submit_log
        return Application(log.application_id, log.ui_url, log.ui_is_here) if log.application_id else None

    def tell(self, channel_state: ChannelState) -> Application | None:
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

    def _look_for_driver(self, now: LaunchTime, pid: int) -> None:
        """Notice that the driver's Python is gone. A pid never seen on this host means nothing."""
        if pid <= 1 or self._gone_at is not None:
            return
        proc = proctree.read(pid)
        if proc is not None and proc.state != "Z":
            self._driver_seen = True
        elif self._driver_seen:
            self._gone_at = now

    def _hurry(self) -> None:
        """Look soon after an executor has ended, so that the task log reports it in time."""
        if self.submit_log.exits.ended == self._exits:
            return
        self._exits = self.submit_log.exits.ended
        soon = LaunchTime(self._now + min(_SOON, self.watch_limits.poll))
        if soon < self._next.at:
            self._next = replace(self._next, at=soon)

    def _judge(self, now: LaunchTime, seen: Observation, channel_state: ChannelState) -> Finding | None:
        seen = replace(
            seen,
            at=now,
            inside=channel_state.inside,
            task_heartbeats=(*seen.task_heartbeats, *self._beats.values()),
            executor_exits=self.submit_log.executor_exits,
            exit_reason=self.submit_log.exit_reason,
            exits=self.submit_log.exits.take(),
            executor_peak=self.submit_log.executor_peak,
            driver_gone_at=self._gone_at,
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

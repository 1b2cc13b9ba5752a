"""What the watchdog would have done: its rules over an event log, or over the observations of a record.

The rules are those of a live watch, fed at the moments at which they ask to look, by the time of the events.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.clock import EpochTime, LaunchTime
from airflow_spark_guard.core.conf.conf_view import manager_of, read
from airflow_spark_guard.core.history.event_view import driver_view
from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.watch.observation import Inside, Observation
from airflow_spark_guard.core.watch.watch_limits import PATIENCE, WatchLimits
from airflow_spark_guard.core.watch.watchdog import Watchdog

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from airflow_spark_guard.core.history.event_fold import EventFold
    from airflow_spark_guard.core.limits import GuardLimits
    from airflow_spark_guard.core.watch.finding import Decision, Finding

_MOST_LOOKS: Final = 50_000
_MOST_NOTICES: Final = 200
_SHORTEST: Final = 100
"""Milliseconds between two looks, whatever the rules ask for."""
_GAP: Final = 120.0
"""Seconds between two recorded observations from which on the record has left some out."""
_NO_COUNTERS: Final = (
    "An event log has no counters of running tasks and no processes: a stage counts as hung only after "
    "{longest} without the start or the end of a task ({factor} x stall_timeout). A live watch that sees "
    "blocked workers acts after {shortest}, and leaves alone those that work."
)
_NOT_IN_A_LOG: Final = (
    "Not in an event log: the end of the script (NOT_EXITING), a driver that died (DRIVER_GONE), and "
    "executors that ended before they registered."
)
_NO_START: Final = (
    "The log lacks its start: times count from its first event, and what was there before is not known, such "
    "as executors."
)
_OTHER_SAMPLES: Final = (
    "Workers were sampled when the limits of the attempt asked for it: with other limits, a stage may count "
    "as unseen, and its limit is then longer."
)


@dataclass(frozen=True)
class Acted:
    """A moment at which the watchdog would have acted.

    Attributes:
        at: the moment.
        finding: the verdict, and why.
    """

    at: EpochTime
    finding: Finding


@dataclass(frozen=True)
class Noticed:
    """A warning that the task log would have shown; the text is safe to show."""

    at: EpochTime
    text: str


@dataclass(frozen=True)
class Replayed:
    """What the watchdog would have done.

    Attributes:
        acted: by time. The first one would have ended the attempt; later ones would have come if it had not.
        notices: warnings, by time, at most 200.
        looks: how often it looked.
        limits: the limits that it applied; None if it never looked.
        caveats: what a live watch would have seen and a replay cannot, one sentence each.
    """

    acted: tuple[Acted, ...] = ()
    notices: tuple[Noticed, ...] = ()
    looks: int = 0
    limits: WatchLimits | None = None
    caveats: tuple[str, ...] = ()


class _Watch:
    """A watchdog in observe mode, and what it has found."""

    def __init__(self, limits: WatchLimits) -> None:
        self.limits = limits
        self.looks = 0
        self._watchdog = Watchdog(replace(limits, observe=True))
        self._acted: list[Acted] = []
        self._notices: list[Noticed] = []

    def observe(self, seen: Observation) -> Decision:
        """Judge one observation."""
        decision = self._watchdog.observe(seen)
        self.looks += 1
        found = (*decision.observed, decision.finding) if decision.finding is not None else decision.observed
        self._acted += [Acted(seen.wall, finding) for finding in found]
        if len(self._notices) < _MOST_NOTICES:
            self._notices += [Noticed(seen.wall, text) for text in decision.notices]
        return decision

    def replayed(self, caveats: Iterable[str]) -> Replayed:
        """The result."""
        notices = tuple(self._notices[:_MOST_NOTICES])
        return Replayed(tuple(self._acted), notices, self.looks, self.limits, tuple(caveats))


class LogReplay:
    """Watches an application while its event log is read: the ``watcher`` of an ``EventFold``.

    Args:
        limits: the guard's limits.
        deadline: seconds from the start of the application; None for no deadline.

    Attributes:
        due: the next moment to look at, in milliseconds since the epoch.
    """

    def __init__(self, limits: GuardLimits, *, deadline: float | None = None) -> None:
        self.due = 0
        self._limits, self._deadline = limits, deadline
        self._watch: _Watch | None = None
        self._begun = 0
        self._readings = self._details = self._is_cut = self._is_headless = False

    def look(self, fold: EventFold, until: int) -> None:
        """Look at each moment that is due before ``until``."""
        if fold.begun is None or fold.ended is not None:
            return
        if self._watch is None:
            self._watch = _Watch(limits_for(self._limits, fold.conf, deadline=self._deadline))
            self.due = self._begun = fold.begun
            self._is_headless = fold.started is None
        while self.due < until and self._watch.looks < _MOST_LOOKS:
            decision = self._watch.observe(self._observation(fold, self._begun))
            self._readings, self._details = decision.look.readings, decision.look.details
            wanted = self._begun + int(decision.look.at * 1000)
            self.due = max(self.due + _SHORTEST, wanted)
        self._is_cut = self.due < until

    def replayed(self) -> Replayed:
        """What the watchdog would have done so far."""
        if self._watch is None:
            return Replayed(caveats=("The log has no moment at which the watchdog could have looked.",))
        return self._watch.replayed(self._caveats(self._watch.limits))

    def _observation(self, fold: EventFold, started: int) -> Observation:
        at = LaunchTime(max(0, self.due - started) / 1000)
        view = driver_view(fold, self.due, details=self._details)
        inside = None
        if self._limits.driver_silence is not None:
            inside = Inside(application_id=fold.id or "unknown", jobs=view.jobs, heard_at=at)
        return Observation(
            at=at,
            driver=view,
            inside=inside,
            # There are no processes to see: the longer limit applies.
            readings=() if self._readings else None,
            wall=EpochTime(self.due / 1000),
        )

    def _caveats(self, limits: WatchLimits) -> list[str]:
        found = [
            _NO_COUNTERS.format(
                longest=readable_duration(PATIENCE * limits.stall_of(None).seconds),
                factor=f"{PATIENCE:g}",
                shortest=readable_duration(limits.stall),
            ),
            _NOT_IN_A_LOG,
        ]
        if limits.silence is not None:
            found.append(
                "An event log has no heartbeat() of the script: DRIVER_SILENT may be found too often."
            )
        if self._is_headless:
            found.append(_NO_START)
        if self._is_cut:
            found.append(f"The replay ended after {_MOST_LOOKS} looks.")
        return found


def limits_for(limits: GuardLimits, conf: Mapping[str, str], *, deadline: float | None) -> WatchLimits:
    """The limits of the watch of an application with this configuration.

    Args:
        limits: the guard's.
        conf: Spark's configuration.
        deadline: seconds from the start of the application; None for no deadline.
    """
    heartbeat = None
    with suppress(ValueError, OverflowError):
        heartbeat = read("duration", conf.get("spark.executor.heartbeatInterval", ""), "ms")
    local = manager_of(conf.get("spark.master", "")) == "local"
    return WatchLimits.of(limits, deadline=deadline, heartbeat=heartbeat, local=local)


def replay_observations(rows: Iterable[object], limits: WatchLimits) -> Replayed:
    """What the watchdog would have done with other limits than those of the attempt.

    Args:
        rows: the lines of ``observations.jsonl`` as JSON, by time. One of another form is left out.
        limits: the limits to apply.
    """
    unreadable: list[object] = []
    found = replay_seen(_readable(rows, unreadable), limits)
    if not unreadable:
        return found
    first, *rest = found.caveats
    return replace(found, caveats=(first, f"{len(unreadable)} observations cannot be read.", *rest))


def replay_seen(observations: Iterable[Observation], limits: WatchLimits) -> Replayed:
    """What the watchdog would have done with other limits than those of the attempt.

    Args:
        observations: of its record, by time.
        limits: the limits to apply.
    """
    watch = _Watch(limits)
    gaps = 0
    last = None
    for seen in observations:
        gaps += last is not None and seen.at - last > max(_GAP, 2 * limits.poll)
        last = seen.at
        watch.observe(seen)
    found = [_OTHER_SAMPLES]
    if gaps:
        found.append(
            f"Gaps of more than {readable_duration(_GAP)} between observations: {gaps}. The watchdog leaves "
            "them out, as if its machine had slept."
        )
    return watch.replayed(found)


def _readable(rows: Iterable[object], unreadable: list[object]) -> Iterator[Observation]:
    for row in rows:
        try:
            yield Observation.from_json(row)
        except (ValueError, RecursionError) as error:
            unreadable.append(type(error))

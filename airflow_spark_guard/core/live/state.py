"""``live.json``: what is known of an attempt at this moment. ``docs/live.md`` has its fields."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from airflow_spark_guard.core.clock import LaunchTime
from airflow_spark_guard.core.instruments.words import short
from airflow_spark_guard.core.text.printable import one_line
from airflow_spark_guard.core.watch.observation import STALE
from airflow_spark_guard.core.watch.remaining import Remaining

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from airflow_spark_guard.core.clock import EpochTime
    from airflow_spark_guard.core.instruments.instrument import Instrument
    from airflow_spark_guard.core.watch.observation import DriverView, Inside, Observation, Stage
    from airflow_spark_guard.core.watch.standing import Standing

VERSION: Final = 1
_MOST_STAGES, _MOST_NAMES, _MOST_LOSSES, _MOST_WARNINGS = 20, 500, 5, 20
_MOST_MEASURED = _MOST_FROM_JOB = 10
_TEXT = 300

Key = tuple[int, int]
Phase = Literal["running", "collecting", "ending"]


@dataclass(frozen=True)
class Moment:
    """What the attempt itself knows when it writes.

    Attributes:
        at: the time.
        wall: the time of day.
        phase: ``running``, ``collecting`` (a stack sample) or ``ending`` (diagnostics, kill and proof).
        application_id: empty as long as it is not known.
        inside: what the job has reported; None before its first message.
        standing: what has not moved.
        requests: kinds of requests that the attempt answers.
    """

    at: LaunchTime
    wall: EpochTime
    phase: Phase = "running"
    application_id: str = ""
    inside: Inside | None = None
    standing: tuple[Standing, ...] = ()
    requests: tuple[str, ...] = ()


@dataclass
class LiveState:
    """Gathers observations, warnings and measurements, and makes the fields of ``live.json`` of them.

    Args:
        deadline: of the attempt, in seconds; None without one.
    """

    deadline: float | None = None
    _seen: Observation | None = None
    _driver: DriverView | None = None
    _names: dict[Key, str] = field(default_factory=dict)
    _warnings: deque[tuple[LaunchTime, str]] = field(default_factory=lambda: deque(maxlen=_MOST_WARNINGS))
    # Apart, so that no job drives the watchdog's out of the list.
    _from_job: deque[tuple[LaunchTime, str]] = field(default_factory=lambda: deque(maxlen=_MOST_FROM_JOB))
    _measured: deque[Mapping[str, Any]] = field(default_factory=lambda: deque(maxlen=_MOST_MEASURED))
    _remaining: Remaining = field(default_factory=Remaining)
    _now: LaunchTime = LaunchTime(0.0)

    def observe(self, seen: Observation) -> None:
        """Take an observation."""
        self._seen, self._now = seen, max(seen.at, self._now)
        self._driver = seen.driver or self._driver
        if seen.driver is not None:
            self._names |= {stage.key: one_line(stage.name, _TEXT) for stage in seen.driver.stages}
            while len(self._names) > _MOST_NAMES:
                del self._names[next(iter(self._names))]

    def warn(self, text: str) -> None:
        """Take a warning of the watchdog, which is about the last observation."""
        self._warnings.append((self._now, one_line(text, 2 * _TEXT)))

    def take(self, measured: Instrument | None, warnings: Iterable[str]) -> None:
        """Take a message of the job.

        Args:
            measured: what its instruments have measured; None for another message.
            warnings: the texts of its warnings; one that is listed already is not repeated.
        """
        if measured is not None:
            row = {
                "what": measured.what,
                "text": one_line(short(measured), _TEXT),
                "warning": bool(measured.warning),
            }
            self._measured.append({"at": round(self._now, 1), **row})
        for text in warnings:
            shown = one_line(text, 2 * _TEXT)
            if all(known != shown for _, known in self._from_job):
                self._from_job.append((self._now, shown))

    def fields(self, moment: Moment) -> dict[str, Any]:
        """The fields."""
        inside, seen = moment.inside, self._seen
        self._now = max(moment.at, self._now)
        stages = self._stages(moment)
        self._remaining.look({stage.key: stage.done for stage in stages}, moment.at)
        standing = {row.key: row for row in moment.standing}
        driver = standing.get(None)
        return {
            "v": VERSION,
            "at": round(moment.at, 1),
            "wall": round(moment.wall, 1),
            "phase": moment.phase,
            "application_id": moment.application_id,
            "looked_at": round(seen.at, 1) if seen is not None else None,
            "blind": seen.blind if seen is not None else "",
            "deadline_s": self.deadline,
            "jobs": self._jobs(moment),
            "stages": [self._row(stage, standing.get(stage.key), moment) for stage in stages[:_MOST_STAGES]],
            "stages_left_out": max(0, len(stages) - _MOST_STAGES),
            "driver": _standing(driver) if driver is not None and not stages else None,
            "heartbeat": _heartbeat(inside, moment.at),
            "executors": self._executors(),
            "warnings": [{"at": round(at, 1), "text": text} for at, text in self._all_warnings()],
            "instruments": list(self._measured),
            "requests": list(moment.requests),
        }

    def _all_warnings(self) -> list[tuple[LaunchTime, str]]:
        """Of watchdog and job, by time."""
        return sorted((*self._warnings, *self._from_job), key=lambda warning: warning[0])

    def _stages(self, moment: Moment) -> Sequence[Stage]:
        """As the job reports them, which is newer; else as the driver's REST API did."""
        inside = moment.inside
        if inside is not None and (inside.ended or _is_fresh(inside, moment.at)):
            return () if inside.ended and not inside.works_on(moment.at) else inside.stages
        return self._driver.stages if self._driver is not None else ()

    def _jobs(self, moment: Moment) -> int | None:
        inside = moment.inside
        if inside is not None and _is_fresh(inside, moment.at):
            return inside.jobs
        return self._driver.jobs if self._driver is not None else None

    def _row(self, stage: Stage, standing: Standing | None, moment: Moment) -> dict[str, Any]:
        left = self._remaining.seconds(stage.key, stage.tasks, moment.at)
        return {
            "stage": stage.stage,
            "attempt": stage.attempt,
            "name": self._names.get(stage.key, ""),
            "tasks": stage.tasks,
            "active": stage.active,
            "done": stage.done,
            "failed": stage.failed,
            "left_s": None if left is None else round(left),
            **(_standing(standing) if standing is not None else {}),
        }

    def _executors(self) -> dict[str, Any] | None:
        if self._driver is None:
            return None
        rows = self._driver.executors
        removed = sorted((row for row in rows if not row.active), key=lambda row: row.removed or 0.0)
        return {
            "active": sum(row.active for row in rows),
            "removed": len(removed),
            "last": [
                {"id": row.id, "host": row.host, "reason": one_line(row.reason, _TEXT), "at": row.removed}
                for row in removed[-_MOST_LOSSES:]
            ],
        }


def _is_fresh(inside: Inside, at: LaunchTime) -> bool:
    """Whether the job's own report of its stages can be used."""
    return bool(inside.application_id) and (at - inside.heard_at <= STALE or inside.works_on(at))


def _standing(row: Standing) -> Mapping[str, Any]:
    return {
        "unchanged_s": round(row.unchanged, 1),
        "counted_s": round(row.counted, 1),
        "limit_s": None if row.limit is None else round(row.limit, 1),
        "why": row.why,
        "doing": one_line(row.doing, _TEXT),
    }


def _heartbeat(inside: Inside | None, at: LaunchTime) -> Mapping[str, Any] | None:
    if inside is None or not inside.heartbeats:
        return None
    beat = inside.heartbeat_at
    return {
        "count": inside.heartbeats,
        "note": inside.note,
        "at": None if beat is None else round(min(beat, at), 1),
    }

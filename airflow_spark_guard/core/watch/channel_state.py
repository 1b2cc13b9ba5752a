"""The state of the channel: what the job has reported so far, gathered from its messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.clock import LaunchTime
from airflow_spark_guard.core.protocol import beat_text
from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.core.watch.observation import Inside, Stage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.core.protocol import Message

_MOST_STAGES = 200
_MOST_THREADS = 10
_LONGEST_NOTE = 200
_LARGEST = 1 << 53
_LONGEST_DIGEST = 64


@dataclass
class ChannelState:
    """Everything received.

    Attributes:
        hello: whether the launcher has sent its first message.
        pid: pid of the driver's Python, as reported by itself; 0 before.
        executable: path of the driver's Python, safe to show; empty if unknown.
        bye: whether the closing message came.
        ended_at: when the script ended, with success or with an error; None before.
        threads: names of the threads, safe to show, that Python waited for after the script had ended, by the
            last message; empty before.
        has_result: whether a result was reported.
        result: the last reported result.
        error: the fields of the error message; None if none came.
        application_id: id of the newest SparkContext's application; empty before there is one.
        ui_url: URL of its UI; empty if it has none.
    """

    hello: bool = False
    pid: int = 0
    executable: str = ""
    bye: bool = False
    ended_at: LaunchTime | None = None
    threads: tuple[str, ...] = ()
    has_result: bool = False
    result: Any = None
    error: Mapping[str, Any] | None = None
    application_id: str = ""
    ui_url: str = ""
    _progress: Mapping[str, Any] | None = None
    _heartbeat: Mapping[str, Any] | None = None
    _reports: int = 0
    _last: LaunchTime = LaunchTime(0.0)
    _heartbeat_at: LaunchTime | None = None
    _worked_at: LaunchTime | None = None

    def receive(self, message: Message, now: LaunchTime) -> None:
        """Add one message."""
        fields, self._last = message.fields, now
        if message.kind == "hello":
            self.hello, self.pid = True, fields["pid"]
            self.executable = safe_text(fields.get("executable") or self.executable)[:_LONGEST_NOTE]
            if "application_id" in fields:
                # A new SparkContext; its own hello shows whether it has a UI.
                self.application_id, self.ui_url = fields["application_id"], fields.get("ui_url") or ""
        elif message.kind == "progress":
            self._show(fields, now)
            self._beat(fields.get("heartbeat") or self._heartbeat or {}, now)
        elif message.kind == "metric":
            self._reports += 1
            self._heartbeat_at = now
        elif message.kind == "result":
            self.has_result, self.result = True, fields["value"]
        elif message.kind == "error":
            cleaned = {key: safe_text(value) for key, value in fields.items() if isinstance(value, str)}
            self.error = {**fields, **cleaned}
            self._end(now)
        elif message.kind == "bye":
            self.bye = True
            self._end(now)

    def _show(self, figures: Mapping[str, Any], now: LaunchTime) -> None:
        """Take new figures. Threads of a script that has failed get no time for their work."""
        before = self._progress if self._worked_at is not None else None
        self._progress = figures
        names = figures.get("threads") or []
        self.threads = tuple(safe_text(str(name))[:_LONGEST_NOTE] for name in names[:_MOST_THREADS])
        if self.bye and self.error is None and (_has_work(figures) or _has_work(before or {})):
            self._worked_at = now

    def _beat(self, beat: Mapping[str, Any], now: LaunchTime) -> None:
        """A progress message repeats the newest heartbeat."""
        if beat.get("count") != (self._heartbeat or {}).get("count"):
            self._heartbeat, self._heartbeat_at = beat, now

    def _end(self, now: LaunchTime) -> None:
        """Only the first message about the end counts: repeating it must not extend the limit after it."""
        self.ended_at = now if self.ended_at is None else self.ended_at

    def idle_since(self, now: LaunchTime) -> LaunchTime | None:
        """Since when neither the script nor a Spark job of its threads runs; ``now`` while one runs.

        None before the end of the script.
        """
        inside = self.inside
        return self.ended_at if inside is None else inside.idle_since(now)

    @property
    def inside(self) -> Inside | None:
        """This state as part of an observation; None before the first message."""
        if not self.hello:
            return None
        progress, beat = self._progress or {}, self._heartbeat or {}
        return Inside(
            application_id=safe_text(self.application_id)[:_LONGEST_NOTE],
            jobs=_count(progress.get("jobs")),
            stages=_stages(progress.get("stages")),
            sql=safe_text(str(progress.get("sql") or ""))[:_LONGEST_NOTE],
            heartbeats=_count(beat.get("count")) + self._reports,
            note=safe_text(beat_text(beat))[:_LONGEST_NOTE],
            rss=_count(progress.get("rss")),
            ended=self.ended_at is not None,
            heard_at=self._last if self.ended_at is None else self.ended_at,
            heartbeat_at=self._heartbeat_at,
            worked_at=self._worked_at,
        )


def _has_work(figures: Mapping[str, Any]) -> bool:
    return bool(_count(figures.get("jobs")) or _stages(figures.get("stages")))


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        return 0
    return min(max(0, value), _LARGEST)


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    return float(value) if 0 < value < _LARGEST else 0.0


def _stages(rows: object) -> tuple[Stage, ...]:
    """The rows of the status tracker; values of another shape are left out."""
    found = [row for row in (rows if isinstance(rows, list) else []) if isinstance(row, dict)]
    return tuple(
        Stage(
            stage=_count(row.get("stage")),
            attempt=_count(row.get("attempt")),
            tasks=_count(row.get("tasks")),
            active=_count(row.get("active")),
            done=_count(row.get("done")),
            failed=_count(row.get("failed")),
            launched=bool(_count(row.get("active")) or _count(row.get("done")) or _count(row.get("failed"))),
            sql=safe_text(str(row.get("sql") or ""))[:_LONGEST_DIGEST],
            python_start=_seconds(row.get("python_start")),
            unbounded=_count(row.get("receiver")) > 0,
        )
        for row in found[:_MOST_STAGES]
    )

"""Lines in the task log for a job's messages: figures, warnings, heartbeats, progress."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_spark_guard.core.clock import EpochTime, MonotonicTime
from airflow_spark_guard.core.instruments.instrument import Instrument
from airflow_spark_guard.core.instruments.words import warning_of
from airflow_spark_guard.core.output.progress import Progress
from airflow_spark_guard.core.protocol import beat_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.core.protocol import Message

_HEARTBEAT_EVERY = 10.0
# Spark counts finished tasks a moment after the script continues: for so long, figures of a stage may be
# older than what the script has just reported.
_SETTLES_IN = 2.0
# A script that reports every second must not suppress progress for ever.
_LONGEST_WITHOUT = 30.0


class MessageLine(NamedTuple):
    """One line; untrusted text."""

    text: str
    is_warning: bool = False
    is_progress: bool = False


@dataclass
class Heartbeats:
    """Texts of ``heartbeat()`` for the log: each new one, at most one every 10 s, and the last one."""

    _logged: str = ""
    _logged_at: MonotonicTime = MonotonicTime(float("-inf"))
    _waiting: str = ""

    def line(self, beat: Mapping[str, Any] | None, now: MonotonicTime) -> str:
        """The line to log for a heartbeat; empty if none is due."""
        note = beat_text(beat or {})
        text = note and f"heartbeat: {note}"
        if not text or text == self._logged:
            self._waiting = ""
            return ""
        if 0 <= now - self._logged_at < _HEARTBEAT_EVERY:
            self._waiting = text
            return ""
        self._logged, self._logged_at, self._waiting = text, now, ""
        return text

    def rest(self) -> str:
        """The last text, if it has not been logged."""
        text, self._waiting = self._waiting, ""
        return text


@dataclass
class MessageLines:
    """Turns messages into lines, at a rate that can be read."""

    _progress: Progress = field(default_factory=Progress)
    _heartbeats: Heartbeats = field(default_factory=Heartbeats)
    _reported_at: EpochTime = EpochTime(float("-inf"))
    _silent_since: MonotonicTime | None = None
    _ended: bool = False

    def lines(self, message: Message, now: MonotonicTime) -> list[MessageLine]:
        """The lines to log for a message; ``now`` in seconds of a monotonic clock."""
        fields = message.fields
        if message.kind == "hello" and "application_id" in fields:
            return [
                MessageLine(
                    f"Spark application {fields['application_id']}, UI at {fields.get('ui_url') or 'none'}"
                )
            ]
        if message.kind == "metric":
            self._reported_at = message.sent_at
            skipped = (
                f" (the newest; {fields['skipped']} before it were left out)" if "skipped" in fields else ""
            )
            figures = ", ".join(f"{name}={value}" for name, value in fields["values"].items())
            return [MessageLine(figures + skipped)]
        if message.kind in {"warning", "instrument"}:
            return [MessageLine(text, is_warning=True) for text in _warnings(message)]
        if message.kind == "progress":
            return self._of_progress(message, now)
        self._ended |= message.kind in {"result", "error", "bye"}
        return []

    def names(self, names: Mapping[tuple[int, int], str]) -> None:
        """Add the known names of stages, by id and attempt."""
        self._progress.names(names)

    def rest(self) -> list[MessageLine]:
        """The lines that are still waiting at the end."""
        last = self._heartbeats.rest()
        return [MessageLine(last, is_progress=True)] if last else []

    def _of_progress(self, message: Message, now: MonotonicTime) -> list[MessageLine]:
        found = [self._heartbeats.line(message.fields.get("heartbeat"), now)]
        if not self._ended and not self._may_be_old(message, now):
            found.append(self._progress.line(message.fields["stages"], now))
        return [MessageLine(text, is_progress=True) for text in found if text]

    def _may_be_old(self, message: Message, now: MonotonicTime) -> bool:
        """Whether these figures may be older than what the script has just reported."""
        if not 0 <= message.sent_at - self._reported_at < _SETTLES_IN:
            self._silent_since = None
            return False
        self._silent_since = now if self._silent_since is None else self._silent_since
        return now - self._silent_since < _LONGEST_WITHOUT


def _warnings(message: Message) -> list[str]:
    """The text of a warning, or of a measurement that has one: the job itself prints the others."""
    measured = Instrument.of(message)
    text = message.fields["text"] if measured is None else warning_of(measured)
    return [text] if text else []

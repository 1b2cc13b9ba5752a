"""A line about the progress of a job for the task log, at a limited rate."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.clock import MonotonicTime
from airflow_spark_guard.core.watch.remaining import Remaining

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SHOWN = 4
_EVERY = 10.0
_LARGEST = 10**12
_LONGEST_NAME = 80
_MOST_NAMES = 2000
# Call sites in Spark's own code and in Java: not user code.
_NO_PLACE = (
    *("NativeMethodAccessorImpl.java", "DirectMethodHandleAccessor.java", "CompletableFuture.java"),
    *("FutureTask.java", "ThreadPoolExecutor.java", "Thread.java", "<unknown>"),
)
_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0


@dataclass(frozen=True)
class _Row:
    """One active stage, as reported by the job."""

    stage: int
    attempt: int
    tasks: int
    active: int
    done: int
    failed: int
    nth: int
    of: int

    @property
    def key(self) -> tuple[int, int]:
        return (self.stage, self.attempt)

    def text(self, left: str = "", name: str = "") -> str:
        """``stage 3 (2 of 7), count at job.py:12: 412/900 tasks, 8 running, 2 failed, about 2 min left``."""
        place = f" ({self.nth} of {self.of})" if 0 < self.nth <= self.of else ""
        retry = f", attempt {self.attempt + 1}" if self.attempt else ""
        failed = f", {self.failed} failed" if self.failed else ""
        return (
            f"stage {self.stage}{place}{retry}{name and ', '}{name}: {self.done}/{self.tasks} tasks, "
            f"{self.active} running{failed}{left and ', '}{left}"
        )


@dataclass
class Progress:
    """Turns the stages of ``progress`` messages into a line now and then.

    A line is due every 10 s while something changes. Otherwise the watchdog logs how long a stage has stood
    still, and its limit.
    """

    _logged_at: MonotonicTime | None = None
    _logged: tuple[_Row, ...] = ()
    _remaining: Remaining = field(default_factory=Remaining)
    _names: dict[tuple[int, int], str] = field(default_factory=dict)

    def names(self, names: Mapping[tuple[int, int], str]) -> None:
        """Add Spark's names of stages, by id and attempt; untrusted text."""
        self._names |= {key: _short_name(name) for key, name in names.items()}
        while len(self._names) > _MOST_NAMES:
            del self._names[next(iter(self._names))]

    def line(self, stages: Sequence[Any], now: MonotonicTime) -> str:
        """The line to log; empty if none is due.

        Args:
            stages: rows of a ``progress`` message, untrusted: whole numbers ``stage``, ``attempt``,
                ``tasks``, ``active``, ``done`` and ``failed``; if known, ``nth`` and ``of`` (such as the
                second of the seven stages of its job).
            now: seconds of a monotonic clock.
        """
        rows = _rows(stages)
        self._remaining.look({row.key: row.done for row in rows[:_SHOWN]}, now)
        if not rows or not self._is_due(rows, now):
            return ""
        self._logged_at, self._logged = now, rows
        texts = [row.text(self._left(row, now), self._names.get(row.key, "")) for row in rows[:_SHOWN]]
        return _line(texts, len(rows))

    def _is_due(self, rows: tuple[_Row, ...], now: MonotonicTime) -> bool:
        if self._logged_at is None:
            return True
        return rows != self._logged and not 0 <= now - self._logged_at < _EVERY

    def _left(self, row: _Row, now: MonotonicTime) -> str:
        """The estimated time left; empty if it cannot be estimated."""
        left = self._remaining.seconds(row.key, row.tasks, now)
        return "" if left is None else _coarse(left)


def _short_name(name: str) -> str:
    """``count at job.py:12``; call sites in Spark's own code, the only ones for DataFrames, are removed."""
    text = " ".join(name.split())
    action, _, place = text.rpartition(" at ")
    if action and place.startswith(_NO_PLACE):
        text = "" if "$" in action else action
    return text if len(text) <= _LONGEST_NAME else f"{text[:_LONGEST_NAME]}..."


def _line(texts: list[str], rows: int) -> str:
    more = [f"and {rows - _SHOWN} more stages"] if rows > _SHOWN else []
    return "; ".join([*texts, *more])


def _rows(stages: Sequence[Any]) -> tuple[_Row, ...]:
    rows = {}
    for raw in stages:
        if isinstance(raw, dict) and _is_count(raw.get("stage")) and _is_count(raw.get("tasks")):
            row = _Row(**{name: _count(raw.get(name)) for name in _Row.__dataclass_fields__})
            rows[row.key] = row
    return tuple(rows.values())


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST


def _count(value: Any) -> int:
    return int(value) if _is_count(value) else 0


def _coarse(left: float) -> str:
    if left < _MINUTE:
        return "less than 1 min left"
    if left > _DAY:
        return "more than a day left"
    if left < 10 * _MINUTE:
        return f"about {round(left / _MINUTE)} min left"
    if left < _HOUR - 2.5 * _MINUTE:
        return f"about {5 * round(left / (5 * _MINUTE))} min left"
    return f"about {round(2 * left / _HOUR) / 2:g} h left"

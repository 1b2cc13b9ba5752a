"""What the attempts of the last seven days have wasted, summed over those that a user may read.

A summary is read once, when its attempt has ended or its worker is gone; a look reads for at most a second,
and what it has not reached is counted as not read yet and left to the next one.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from airflow_spark_guard.core.clock import epoch_now
from airflow_spark_guard.core.errors import RecordError
from airflow_spark_guard.core.history.numbers import moment_of, number_of
from airflow_spark_guard.core.history.waste import waste_in
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.process.live_reader import read_live
from airflow_spark_guard.process.record_reader import read_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from airflow_spark_guard.core.history.waste import Waste
    from airflow_spark_guard.plugins.index import Found
    from airflow_spark_guard.process.record_reader import AttemptRecord

DAYS: Final = 7
BUDGET: Final = 1.0
"""Seconds for reading records, at most."""
MOST: Final = 20_000
"""Attempts that are summed, the newest."""
SUCCESS: Final = "SUCCESS"
SILENT: Final = "SILENT"
GONE: Final = 3600.0
"""Seconds without a sign of life after which the worker of an attempt that is recorded as running is gone."""
OTHER: Final = "other"
"""A verdict that this version does not know; the file may say anything."""
_VERDICTS: Final = frozenset(map(str, Verdict))
_SPAN = DAYS * 86400.0


@dataclass(frozen=True)
class Ended:
    """An attempt as it is summed.

    Attributes:
        at: when it ended; of a silent one, its last sign of life; of a record that cannot be read, when it
            was written.
        verdict: ``SUCCESS``, a verdict, ``SILENT`` or ``other``; empty if the record cannot be read.
        waste: what it wasted; None if that is not known.
    """

    at: float
    verdict: str
    waste: Waste | None


@dataclass
class Sum:
    """Attempts of one verdict, or all.

    Attributes:
        attempts: how many.
        unknown: of these, without a figure.
        tasks_unknown: of the others, without a figure for tasks that failed and repeated stages.
        held: by executors, in core-seconds; so are the parts.
    """

    attempts: int = 0
    unknown: int = 0
    tasks_unknown: int = 0
    held: float = 0.0
    idle: float = 0.0
    tasks: float = 0.0
    thrown_away: float = 0.0

    @property
    def wasted(self) -> float:
        """The sum of the parts."""
        return self.idle + self.tasks + self.thrown_away

    def add(self, waste: Waste | None) -> None:
        """Count one attempt."""
        self.attempts += 1
        if waste is None:
            self.unknown += 1
            return
        self.tasks_unknown += waste.tasks is None
        self.held += waste.held
        self.idle += waste.idle
        self.tasks += waste.tasks or 0.0
        self.thrown_away += waste.thrown_away

    def json(self) -> dict[str, float]:
        """For the page."""
        return {
            "attempts": self.attempts,
            "unknown": self.unknown,
            "tasks_unknown": self.tasks_unknown,
            "held_core_s": round(self.held, 1),
            "wasted_core_s": round(self.wasted, 1),
            "idle_core_s": round(self.idle, 1),
            "tasks_core_s": round(self.tasks, 1),
            "thrown_away_core_s": round(self.thrown_away, 1),
        }


@dataclass
class Week:
    """Reads and sums. What was read of attempts that have ended is kept in memory.

    Args:
        root: the folder of all records.
    """

    root: Path
    _known: dict[Found, Ended] = field(default_factory=dict)
    _reading: threading.Lock = field(default_factory=threading.Lock)

    def summed(self, attempts: Iterable[Found]) -> dict[str, Any]:
        """The sums.

        Args:
            attempts: that the user may read, the newest first.
        """
        begin = epoch_now() - _SPAN
        # A folder changes for the last time at the end of its attempt or later.
        recent = [found for found in attempts if found.written >= begin]
        ended, unread = self._read(recent[:MOST])
        every, by_verdict, unreadable = Sum(), dict[str, Sum](), 0
        for one in ended:
            if one.at < begin:
                continue
            if not one.verdict:
                unreadable += 1
                continue
            every.add(one.waste)
            by_verdict.setdefault(one.verdict, Sum()).add(one.waste)
        rows = sorted(by_verdict.items(), key=lambda row: (-row[1].wasted, -row[1].attempts, row[0]))
        return {
            "days": DAYS,
            **every.json(),
            "verdicts": [{"verdict": verdict, **found.json()} for verdict, found in rows],
            "unreadable": unreadable,
            "unread": unread,
            "left_out": max(0, len(recent) - MOST),
        }

    def _read(self, recent: Sequence[Found]) -> tuple[list[Ended], int]:
        """Those that have ended, and how many could not be read in time."""
        # Two who ask at once do not read the same files; a store that hangs stops one thread only.
        may_read = self._reading.acquire(blocking=False)
        try:
            return self._read_until(recent, time.monotonic() + BUDGET if may_read else 0.0)
        finally:
            if may_read:
                self._reading.release()

    def _read_until(self, recent: Sequence[Found], end: float) -> tuple[list[Ended], int]:
        ended, unread = [], 0
        # Those that could not be read come last: however many they are, the others are read.
        for found in sorted(recent, key=self._has_failed):
            one = self._known.get(found)
            if one is None or not one.verdict:
                if time.monotonic() < end:
                    one = self._ended(found)
                else:
                    unread += one is None
            if one is not None:
                ended.append(one)
        if len(self._known) > 2 * MOST:  # those of other users are read again
            self._known = {found: self._known[found] for found in recent if found in self._known}
        return ended, unread

    def _has_failed(self, found: Found) -> bool:
        """Whether it could not be read. A folder does not change when its rights do: it is read again."""
        one = self._known.get(found)
        return one is not None and not one.verdict

    def _ended(self, found: Found) -> Ended | None:
        """None while it runs."""
        one = _ended(found.task.folder(self.root) / found.task.try_name(found.number), found.written)
        if one is None:
            self._known.pop(found, None)
        else:
            self._known[found] = one
        return one


def _ended(folder: Path, written: float) -> Ended | None:
    try:
        record = read_record(folder)
    except RecordError:
        return Ended(written, "", None)
    if not record.is_over:
        return _gone(record, written) if record.state else Ended(written, "", None)
    started, seconds = moment_of(record.number("started_at")), number_of(record.number("ended_at_s"))
    at = written if started is None or seconds is None or seconds < 0 else started + seconds
    verdict = record.text("verdict")
    known = SUCCESS if record.state == "success" else verdict if verdict in _VERDICTS else OTHER
    return Ended(at, known, waste_in(record.summary.get("cost")))


def _gone(record: AttemptRecord, written: float) -> Ended | None:
    """An attempt whose worker is gone; None as long as it may run. Each ``live.json`` changes the folder."""
    now = epoch_now()
    if record.state != "running" or now - written <= GONE:
        return None
    seen = max(written, read_live(record).written)
    return Ended(seen, SILENT, None) if now - seen > GONE else None

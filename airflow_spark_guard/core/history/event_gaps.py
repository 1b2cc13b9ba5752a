"""What the log of an application lacks, as sentences."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_spark_guard.core.quantity import counted
from airflow_spark_guard.core.text.printable import one_line

if TYPE_CHECKING:
    from airflow_spark_guard.core.history.event_fold import EventFold

_MOST_NOTES = 50
_MOST_NAMES = 5
_LONGEST = 300


@dataclass
class Gaps:
    """What is missing.

    Attributes:
        is_over: whether another log has begun in the file, whose events are left out.
        foreign: events that were left out for that.
    """

    is_over: bool = False
    foreign: int = 0
    _unreadable: Counter[str] = field(default_factory=Counter)
    _notes: list[str] = field(default_factory=list)
    _mixed: list[str] = field(default_factory=list)
    _after: list[str] = field(default_factory=list)

    def note(self, sentence: str) -> None:
        """Add what the reader of the log has found."""
        if len(self._notes) < _MOST_NOTES and sentence not in self._notes:
            self._notes.append(sentence)

    def unreadable(self, kind: str) -> None:
        """Count a line that cannot be read; ``kind`` is the event that it says it has."""
        name = one_line(kind, 100) or "no event"
        if name not in self._unreadable and len(self._unreadable) >= _MOST_NOTES:
            name = "others"
        self._unreadable[name] += 1

    def another(self, application: str, *, is_mixed: bool) -> None:
        """Take the start of another application in the same file.

        Args:
            application: its id.
            is_mixed: whether its events cannot be separated from those of the first one.
        """
        names = self._mixed if is_mixed else self._after
        if len(names) < _MOST_NAMES:
            names.append(one_line(application, 100) or "an application without an id")

    def sentences(self, fold: EventFold) -> tuple[str, ...]:
        """One sentence for each thing that is missing."""
        return tuple(
            one_line(sentence, _LONGEST)
            for sentence in (
                *self._notes,
                *self._of_lines(),
                *self._of_others(),
                *_of_application(fold),
                *_of_stages(fold),
                *_of_ends(fold),
                *_of_bounds(fold),
            )
        )

    def _of_lines(self) -> list[str]:
        if not self._unreadable:
            return []
        total = self._unreadable.total()
        common = self._unreadable.most_common(_MOST_NAMES)
        named = ", ".join(f"{count} x {name}" for name, count in common)
        more = (
            f", {len(self._unreadable) - _MOST_NAMES} other kinds"
            if len(self._unreadable) > _MOST_NAMES
            else ""
        )
        return [f"{total} {'line' if total == 1 else 'lines'} cannot be read: {named}{more}."]

    def _of_others(self) -> list[str]:
        found = []
        if self._mixed:
            found.append(
                "The log mixes the events of several applications, which cannot be separated: the figures "
                f"may include those of {', '.join(self._mixed)}."
            )
        if self._after or self.foreign:
            others = ", ".join(self._after) or "another log"
            found.append(f"The file goes on with {others}: {self.foreign} of its events are left out.")
        return found


def _of_application(fold: EventFold) -> list[str]:
    found = []
    if fold.started is None:
        found.append("The log lacks the start of the application, and maybe more of its beginning.")
    if not fold.conf:
        found.append("The log lacks Spark's configuration.")
    if fold.ended is None:
        found.append(
            "The log has no end: the application is still running, or its driver was killed or lost the log."
        )
    return found


def _of_stages(fold: EventFold) -> list[str]:
    found = []
    stages = fold.stages
    if stages.unsubmitted:
        found.append(
            f"The log lacks the submission of {counted(stages.unsubmitted, 'stage')}: "
            "a part of it is missing."
        )
    lacking, tasks = stages.lacking()
    if lacking:
        found.append(
            f"The log lacks the ends of {lacking} of {tasks} tasks in stages that succeeded: the figures of "
            "these stages are too low."
        )
    return found


def _of_ends(fold: EventFold) -> list[str]:
    """Starts without ends and ends without starts."""
    found = []
    if fold.jobs.unstarted:
        found.append(f"The log lacks the start of {counted(fold.jobs.unstarted, 'job')}.")
    if count := fold.executors.unregistered():
        found.append(
            f"The log lacks the registration of {counted(count, 'executor')}: times and cores are not known."
        )
    if fold.ended is None:
        return found
    ends = ((len(fold.jobs.active), "job"), (fold.sql.unended(), "SQL execution"))
    return found + [f"The log lacks the end of {counted(count, noun)}." for count, noun in ends if count]


def _of_bounds(fold: EventFold) -> list[str]:
    counts = (
        (fold.stages.left_out, "stage attempts with the least run time"),
        (fold.stages.stripped, "call stacks, executors and slowest tasks of stages with the least run time"),
        (fold.executors.left_out, "executors after the first ones"),
        (fold.jobs.left_out, "jobs that ended first"),
        (fold.sql.left_out, "SQL executions that started first"),
        (fold.sql.stripped, "plans of the shortest SQL executions"),
    )
    return [f"Left out, because the application is large: {count} {what}." for count, what in counts if count]

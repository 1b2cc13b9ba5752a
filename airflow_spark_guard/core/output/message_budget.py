"""Limits how many of the job's messages go to the task log."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from airflow_spark_guard.core.clock import MonotonicTime
from airflow_spark_guard.core.output.pace import Pace
from airflow_spark_guard.core.text.printable import LONGEST_LINE, safe_text

if TYPE_CHECKING:
    from typing import Self

# Beyond the budget, as for output, a message is shown now and then.
_SAMPLES, _SAMPLE_EVERY = 40, 60.0


class LineBudget(Protocol):
    """The budget that messages share with the job's output (``core/output/output.py``)."""

    budget: int
    messages: int
    forwarded: int


@dataclass
class MessageBudget:
    """Messages and output of a job share one budget of lines, ``GuardLimits.log_lines``.

    Like output, messages are shown as they come until it is used up, then one a minute, at most 40. Lines
    about progress have their own rate limit and do not count.

    Attributes:
        output: the job's output; each message shown reduces its budget by one.
        shown: number of messages shown.
        left_out: number of messages not shown.
    """

    output: LineBudget
    shown: int = 0
    left_out: int = 0
    _last: str = ""
    _samples: int = 0
    _sampled_at: MonotonicTime = MonotonicTime(float("-inf"))
    _pace: Pace = field(default_factory=Pace)
    _waiting: str = ""

    @classmethod
    def beside(cls, output: LineBudget) -> Self:
        """Create a budget shared with this output."""
        return cls(output)

    def take(self, text: str, now: MonotonicTime) -> str | None:
        """The line to show, safe and bounded; None if the message is left out.

        Args:
            text: text of the message.
            now: seconds of a monotonic clock.
        """
        if self.output.messages + self.output.forwarded < self.output.budget:
            self.output.messages += 1
        elif self._samples < _SAMPLES and now - self._sampled_at >= _SAMPLE_EVERY:
            self._samples, self._sampled_at = self._samples + 1, now
        else:
            self.left_out, self._last = self.left_out + 1, text
            return None
        self.shown += 1
        self._last = ""
        return _line(text)

    def progress(self, text: str, now: MonotonicTime) -> str | None:
        """The line about progress to show, or None; the last one that is left out is shown at the end."""
        if self._pace.is_due(now):
            self._waiting = ""
            return _line(text)
        self._waiting = text
        return None

    def finish(self) -> list[str]:
        """The lines to show at the end if messages were left out."""
        waiting = [_line(self._waiting)] if self._waiting else []
        if not self.left_out:
            return waiting
        note = (
            f"... {self.left_out} of {self.left_out + self.shown} messages of the job (metrics, warnings) "
            f"were left out of this log (limit: log_lines={self.output.budget}, shared with its output)"
        )
        last = [f"{note}; the last one:", _line(self._last)] if self._last else [f"{note}."]
        return [*waiting, *last]


def _line(text: str) -> str:
    safe = safe_text(text[: 2 * LONGEST_LINE]).replace("\n", " ")
    return safe if len(safe) <= LONGEST_LINE else f"{safe[:LONGEST_LINE]} ... (line cut)"

"""A job's output: bounded, without repetition, made safe to show, and its evidence kept."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from airflow_spark_guard.core.output.evidence_lines import EvidenceLines
from airflow_spark_guard.core.output.printable import LONGEST_LINE, safe_text, shown
from airflow_spark_guard.core.output.repetition import Count, Repetition

__all__ = ["JobOutput", "safe_text", "shown"]

_FULL_SHARE = 0.8
# A bar that is drawn anew, blanked out first or not.
_BLANKED = re.compile(rb"\r *(?=\r)")


@dataclass
class JobOutput:
    """Turns chunks of bytes into the lines that go to the task log.

    Lines that only repeat others are counted instead of forwarded. Of ``budget`` lines four fifths are
    forwarded as they come; the rest is spent at one line a second, so that the log still shows that the job
    is alive. The last lines are kept whatever happens.

    Attributes:
        budget: lines forwarded at the most.
        total_lines: lines seen; each drawing of a progress bar is one.
        total_bytes: bytes seen.
        forwarded: lines forwarded, with those that stand for many.
    """

    budget: int
    total_lines: int = 0
    total_bytes: int = 0
    forwarded: int = 0
    _rest: bytes = b""
    _cutting: bool = False
    _lines: EvidenceLines = field(default_factory=EvidenceLines)
    _repetition: Repetition = field(default_factory=Repetition)
    _counts: int = 0
    _held_back: bool = False
    _last_sample: float = float("-inf")

    def feed(self, chunk: bytes, now: float) -> list[str]:
        """The lines of this chunk to forward; ``now`` in seconds of a monotonic clock.

        An empty chunk is welcome: counts of repeated lines may be due.
        """
        self.total_bytes += len(chunk)
        data = self._rest + chunk
        if b"\r" in data:
            data = _without_returns(data)
        body, end, self._rest = data.rpartition(b"\n")
        if end and self._cutting:
            # The end of a line whose beginning is out already.
            _, end, body = body.partition(b"\n")
            self._cutting = False
        if len(self._rest) > LONGEST_LINE:
            # A line without an end: its beginning goes out now, what follows up to its end is dropped.
            if not self._cutting:
                body, end = (body + end + self._rest, b"\n")
            self._cutting, self._rest = True, b""
        return self._select(body, now) if end else self._forward(self._due(now))

    def finish(self, now: float) -> list[str]:
        """The last line, if it had no end, and a word on what was held back."""
        last = self._rest.rstrip(b"\r")
        lines = self._select(last, now) if last and not self._cutting else []
        self._rest = b""
        if not self._held_back:
            lines += self._forward(self._repetition.rest(now)[: self._free])
        missing = self.total_lines - (self.forwarded - self._counts)
        if missing <= 0:
            return lines
        said = (
            f"... {missing} of {self.total_lines} lines of output ({self.total_bytes} bytes) were held back"
        )
        if self._held_back:
            return [*lines, f"{said}; the last ones:", *self._lines.last()]
        return [*lines, f"{said}: they repeat others."]

    def evidence(self, *, failed: bool = True) -> str:
        """The part of the output that says what went wrong, secrets masked.

        Of a job that failed, its last tracebacks (Python's and the JVM's, however much was printed after
        them) and the end of the output; of one that was ended, and where nothing looks like a failure, the
        last lines.
        """
        return self._lines.text(failed=failed)

    def ended(self) -> str:
        """The last lines of a job that was ended from outside, without what its JVM prints going down."""
        return self._lines.ended()

    @property
    def _free(self) -> int:
        return max(0, int(self.budget * _FULL_SHARE) - self.forwarded)

    def _due(self, now: float) -> list[bytes]:
        return self._repetition.due(now)[: self._free]

    def _select(self, body: bytes, now: float) -> list[str]:
        number = body.count(b"\n") + 1
        self.total_lines += number
        free = self._free
        # Once the budget is spent, nothing is worth the search for repetition.
        lines = self._repetition.take(body, number, now) if free else [body]
        self._lines.take(body, number, quiet=free > 0 and self._repetition.quiet)
        chosen = lines[:free]
        if len(lines) > free:
            self._held_back = True
            if self.forwarded + len(chosen) < self.budget and now - self._last_sample >= 1:
                chosen.append(body[body.rfind(b"\n") + 1 :])
                self._last_sample = now
        return self._forward(chosen)

    def _forward(self, lines: list[bytes]) -> list[str]:
        self.forwarded += len(lines)
        self._counts += sum(isinstance(line, Count) for line in lines)
        return [shown(line) for line in lines]


def _without_returns(data: bytes) -> bytes:
    """Each drawing of a bar as a line of its own; a return at the end may still become a newline."""
    data = _BLANKED.sub(b"", data.replace(b"\r\n", b"\n"))
    return data[:-1].replace(b"\r", b"\n") + data[-1:]

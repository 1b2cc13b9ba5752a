"""Processes a job's output: bounds it, makes it safe to show, and keeps the evidence."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from airflow_spark_guard.core.clock import MonotonicTime
from airflow_spark_guard.core.output.drawings import Drawings
from airflow_spark_guard.core.output.evidence_lines import LAST_LINES, EvidenceLines
from airflow_spark_guard.core.output.masked_lines import MaskedLines
from airflow_spark_guard.core.output.spark_log import SparkFilter
from airflow_spark_guard.core.text.known_secrets import KNOWN
from airflow_spark_guard.core.text.mark import MARK
from airflow_spark_guard.core.text.printable import LONGEST_LINE, shown
from airflow_spark_guard.core.watch.executor_heartbeat import MARK as HEARTBEAT
from airflow_spark_guard.core.watch.executor_heartbeat import is_heartbeat

# Beyond the budget a line is shown now and then, so that the log still shows what the job is doing.
_SAMPLES, _SAMPLE_EVERY = 40, 60.0
_HEARTBEAT = HEARTBEAT.encode()


@dataclass
class JobOutput:
    """Turns chunks of bytes into the lines that go to the task log.

    The first ``budget`` lines are forwarded as they come, without delay and in order. After that one line a
    minute is forwarded, at most 40. The last lines that were held back are kept.

    Secrets are masked, both in forwarded lines and in the evidence. Heartbeats that executors write for the
    guard are left out. Drawings of a running progress bar have their own rate limit and do not count.

    Attributes:
        budget: number of lines forwarded as they come, including those for messages.
        spark: leaves out Spark's own lines below a level; they do not count.
        messages: number of lines of the budget used by messages of the job.
        total_lines: number of lines read.
        forwarded: number of lines forwarded.
    """

    budget: int
    spark: SparkFilter = field(default_factory=SparkFilter)
    messages: int = 0
    total_lines: int = 0
    forwarded: int = 0
    _rest: bytes = b""
    _cutting: bool = False
    _drawings: Drawings = field(default_factory=Drawings)
    _lines: EvidenceLines = field(default_factory=EvidenceLines)
    _held: deque[bytes] = field(default_factory=lambda: deque(maxlen=LAST_LINES))
    _sampled_at: MonotonicTime = MonotonicTime(float("-inf"))
    _masked: MaskedLines = field(default_factory=MaskedLines)

    def feed(self, chunk: bytes, now: MonotonicTime) -> list[str]:
        """The lines of this chunk to forward; ``now`` in seconds of a monotonic clock.

        Call it with an empty chunk as well: a delayed line may be due.
        """
        data, drawing = self._drawings.lines(self._rest + chunk, now)
        body, end, self._rest = data.rpartition(b"\n")
        if end and self._cutting:
            # The end of a line whose beginning was forwarded already.
            _, end, body = body.partition(b"\n")
            self._cutting = False
        if len(self._rest) > LONGEST_LINE:
            # A line that is too long: its beginning is forwarded now, the rest up to its end is dropped.
            if not self._cutting:
                body, end = (body + end + self._masked.begun(self._rest), b"\n")
            self._cutting, self._rest = True, b""
        lines = self._select(body, now) if end else self._forward(self.spark.due(now), now)
        return [*lines, *self._drawn(drawing)]

    def finish(self, now: MonotonicTime) -> list[str]:
        """The last line, if it had no newline, and a note about lines that were held back."""
        last = self._rest.rstrip(b"\r")
        lines = self._select(last, now) if last and not self._cutting else []
        lines += self._forward(self.spark.rest(), now)
        self._rest = b""
        missing = self.total_lines - self.spark.left_out - self.forwarded
        if missing <= 0:
            return lines
        beside = f", {self.messages} of them for messages" if self.messages else ""
        note = (
            f"{MARK}{missing} of {missing + self.forwarded} lines of output were held back "
            f"(limit: log_lines={self.budget}{beside}); the last ones:"
        )
        return [*lines, note, *self._shown(list(self._held))]

    def evidence(self, *, failed: bool = True) -> str:
        """The part of the output that shows what went wrong, with secrets masked.

        For a failed job: its last tracebacks (Python's and the JVM's, however much was printed after them)
        and the end of the output. For a job that was ended, and if nothing looks like a failure: the last
        lines.
        """
        return self._lines.text(failed=failed)

    def ended(self) -> str:
        """The last lines of a job that was ended from outside, without its JVM's output during shutdown."""
        return self._lines.ended()

    def _select(self, body: bytes, now: MonotonicTime) -> list[str]:
        if _HEARTBEAT in body:
            rows = [row for row in body.split(b"\n") if not is_heartbeat(row.decode(errors="replace"))]
            if not rows:
                return []
            body = b"\n".join(rows)
        body = KNOWN.mask_raw(body)
        number = body.count(b"\n") + 1
        self.total_lines += number
        self._lines.take(body, number)
        return self._forward(self.spark.shown(body.split(b"\n"), now), now)

    def _drawn(self, drawing: bytes) -> list[str]:
        """The lines to show for a progress bar; none if it ends a line that was forwarded in part."""
        if not drawing:
            return []
        if self._cutting:
            self._cutting = False
            return []
        drawing = KNOWN.mask_raw(drawing)
        self._lines.take(drawing, 1)
        return self._shown([drawing])

    def _forward(self, lines: list[bytes], now: MonotonicTime) -> list[str]:
        room = max(0, self.budget - self.messages - self.forwarded)
        chosen, held = lines[:room], lines[room:]
        if held and self._samples(now):
            self._sampled_at = now
            chosen.append(held.pop())
        self._held.extend(held[-LAST_LINES:])
        self.forwarded += len(chosen)
        return self._shown(chosen)

    def _shown(self, lines: list[bytes]) -> list[str]:
        return [shown(line) for line in self._masked.whole(b"\n".join(lines)).split(b"\n")] if lines else []

    def _samples(self, now: MonotonicTime) -> bool:
        return (
            self.forwarded < self.budget - self.messages + _SAMPLES
            and now - self._sampled_at >= _SAMPLE_EVERY
        )

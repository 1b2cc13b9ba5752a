"""A job's output: bounded, made safe to show, and its evidence kept."""

from __future__ import annotations

from dataclasses import dataclass, field

from airflow_spark_guard.core.output.drawings import Drawings
from airflow_spark_guard.core.output.evidence_lines import EvidenceLines
from airflow_spark_guard.core.output.mark import MARK
from airflow_spark_guard.core.output.printable import LONGEST_LINE, safe_text, shown
from airflow_spark_guard.core.output.repetition import Count, Repetition
from airflow_spark_guard.core.output.spark_log import SparkFilter

__all__ = ["JobOutput", "safe_text", "shown"]

# Beyond the budget: so far lines that repeat others are counted and the rest is shown, and so far one line
# every few seconds shows that the job is alive.
_COUNTED_TO, _SAMPLED_TO = 1.1, 1.2
_SAMPLE_EVERY = 10.0


@dataclass
class JobOutput:
    """Turns chunks of bytes into the lines that go to the task log.

    The first ``budget`` lines are forwarded as they come: none is held back, late or out of order. Beyond
    them, lines that repeat others are counted; after a tenth as many again only a sample is forwarded, and
    after a fifth nothing. The last lines are kept whatever happens.

    Attributes:
        budget: lines forwarded as they come.
        spark: leaves out what Spark logs below a level; such lines cost no budget.
        total_lines: lines seen; of a progress bar, those drawings that are shown.
        total_bytes: bytes seen.
        forwarded: lines forwarded, with those that stand for many.
    """

    budget: int
    spark: SparkFilter = field(default_factory=SparkFilter)
    total_lines: int = 0
    total_bytes: int = 0
    forwarded: int = 0
    _rest: bytes = b""
    _cutting: bool = False
    _drawings: Drawings = field(default_factory=Drawings)
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
        data = self._drawings.lines(self._rest + chunk, now)
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
        lines += self._forward(self.spark.rest()[: self._room(_COUNTED_TO)])
        self._rest = b""
        if not self._held_back:
            lines += self._forward(self._repetition.rest(now)[: self._room(_COUNTED_TO)])
        missing = self.total_lines - self.spark.left_out - (self.forwarded - self._counts)
        if missing <= 0:
            return lines
        said = (
            f"{MARK}{missing} of {self.total_lines} lines of output ({self.total_bytes} bytes) are not shown "
            f"(log_lines={self.budget})"
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

    def _room(self, share: float = 1.0) -> int:
        return max(0, int(self.budget * share) - self.forwarded)

    def _due(self, now: float) -> list[bytes]:
        return [*self.spark.due(now), *self._repetition.due(now)][: self._room(_COUNTED_TO)]

    def _select(self, body: bytes, now: float) -> list[str]:
        number = body.count(b"\n") + 1
        self.total_lines += number
        if not self._room(_COUNTED_TO):
            # Nothing of it is worth the search for repetition, or for Spark's lines.
            self._lines.take(body, number)
            self._held_back = True
            return self._forward(self._sample(body, now))
        lines = self.spark.shown(body.split(b"\n"), now)
        room = self._room()
        if len(lines) <= room:
            self._lines.take(body, number)
            return self._forward(lines)
        more = self._repetition.take(b"\n".join(lines[room:]), len(lines) - room, now)
        self._lines.take(body, number, quiet=not room and self._repetition.quiet)
        chosen = [*lines[:room], *more][: self._room(_COUNTED_TO)]
        self._held_back |= room + len(more) > len(chosen)
        return self._forward(chosen)

    def _sample(self, body: bytes, now: float) -> list[bytes]:
        if not self._room(_SAMPLED_TO) or now - self._last_sample < _SAMPLE_EVERY:
            return []
        self._last_sample = now
        return self.spark.shown([body[body.rfind(b"\n") + 1 :]], now)

    def _forward(self, lines: list[bytes]) -> list[str]:
        self.forwarded += len(lines)
        self._counts += sum(isinstance(line, Count) for line in lines)
        return [f"{MARK if isinstance(line, Count) else ''}{shown(line)}" for line in lines]

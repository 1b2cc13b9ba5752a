"""A job's output: bounded, made safe to show, and with the part kept that says what went wrong."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field

from airflow_spark_guard.core.masking import mask_text

_LONGEST_LINE = 4096
_EVIDENCE_LINES = 60
_LAST_LINES = 20
_TAIL_LINES = 200
# Where a failure starts in what Spark, the JVM and Python print.
_ANCHORS = re.compile(
    r"Exception in thread|Traceback \(most recent call last\)|^Error:|^Caused by: |"
    r"Error: Could not |\bFATAL\b|JAVA_GATEWAY_EXITED|^Fatal Python error"
)
# What a healthy Spark says all the time; it never tells what went wrong.
_CHATTER = re.compile(r"^\S+ \S+ (?:INFO|DEBUG) ")
# Everything that could move the reader's cursor or hide text; the tab stays.
_CONTROL = {code: None for code in (*range(32), *range(127, 160)) if code != ord("\t")}
_FULL_SHARE = 0.8


@dataclass
class JobOutput:
    """Turns chunks of bytes into the lines that go to the task log.

    Of ``budget`` lines four fifths are forwarded as they come; the rest is spent at one line a second, so
    that the log still shows that the job is alive. The last lines are kept whatever happens.

    Attributes:
        budget: lines forwarded at the most.
        total_lines: lines seen.
        total_bytes: bytes seen.
        forwarded: lines forwarded.
    """

    budget: int
    total_lines: int = 0
    total_bytes: int = 0
    forwarded: int = 0
    _rest: bytes = b""
    _cutting: bool = False
    _tail: deque[bytes] = field(default_factory=lambda: deque(maxlen=_TAIL_LINES))
    _last_sample: float = float("-inf")

    def feed(self, chunk: bytes, now: float) -> list[str]:
        """The lines of this chunk to forward; ``now`` in seconds of a monotonic clock."""
        self.total_bytes += len(chunk)
        lines = (self._rest + chunk).replace(b"\r\n", b"\n").split(b"\n")
        self._rest = lines.pop()
        if lines and self._cutting:
            lines, self._cutting = lines[1:], False
        if len(self._rest) > _LONGEST_LINE:
            # A line without an end: its beginning goes out now, what follows up to its end is dropped.
            if not self._cutting:
                lines.append(self._rest)
            self._cutting, self._rest = True, b""
        return self._select(lines, now)

    def finish(self, now: float) -> list[str]:
        """The last line, if it had no end, and a word on what was held back."""
        lines = self._select([self._rest] if self._rest and not self._cutting else [], now)
        self._rest = b""
        held_back = self.total_lines - self.forwarded
        if held_back > 0:
            lines.append(
                f"... {held_back} of {self.total_lines} lines of output ({self.total_bytes} bytes) "
                "were held back; the last ones:"
            )
            lines += [shown(line) for line in list(self._tail)[-_LAST_LINES:]]
        return lines

    def evidence(self, *, failed: bool = True) -> str:
        """The part of the output that says what went wrong, secrets masked.

        Of a job that failed, from the first sign of failure near the end; of one that was ended, and where
        there is no such sign, the last lines.
        """
        lines = [text for line in self._tail if not _CHATTER.match(text := shown(line))][-_EVIDENCE_LINES:]
        starts = [number for number, line in enumerate(lines) if _ANCHORS.search(line)] if failed else []
        begin = starts[0] if starts else max(0, len(lines) - _LAST_LINES)
        return mask_text("\n".join(lines[begin:]))

    def _select(self, lines: list[bytes], now: float) -> list[str]:
        self.total_lines += len(lines)
        self._tail.extend(lines)
        free = max(0, int(self.budget * _FULL_SHARE) - self.forwarded)
        chosen = lines[:free]
        if len(lines) > free and self.forwarded + len(chosen) < self.budget and now - self._last_sample >= 1:
            chosen.append(lines[-1])
            self._last_sample = now
        self.forwarded += len(chosen)
        return [shown(line) for line in chosen]


def safe_text(text: str) -> str:
    """Text of an untrusted job as it may stand in an exception or a log: lines kept, secrets masked."""
    plain = text.encode(errors="replace").decode()
    return mask_text("\n".join(line.translate(_CONTROL) for line in plain.split("\n")))


def shown(line: bytes) -> str:
    """A line of untrusted output as it may stand in a log: valid text, no control characters, bounded."""
    text = line[: _LONGEST_LINE + 1].decode(errors="replace").translate(_CONTROL)
    return text if len(text) <= _LONGEST_LINE else f"{text[:_LONGEST_LINE]} ... (line cut)"

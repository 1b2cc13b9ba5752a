"""Keeps the part of a job's output that shows what went wrong, however much output follows it."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field

from airflow_spark_guard.core.output.masked_lines import MaskedLines
from airflow_spark_guard.core.output.spark_log import head
from airflow_spark_guard.core.text.masking import mask_text
from airflow_spark_guard.core.text.printable import shown, unfolded

_EVIDENCE_LINES = 60
LAST_LINES = 20
_TAIL_LINES = 200
# Of a traceback its beginning and its end are kept, and in between the first frames of each JVM stack.
_BLOCK_HEAD, _BLOCK_TAIL, _FRAMES = 60, 60, 8
_BLOCK_LINE = 1000
# Lines without indentation that may continue a traceback: messages of several lines.
_LOOSE = 5
# A traceback further back was handled: the job continued.
_FARTHEST = 5000
# Where a failure starts in what Spark, the JVM and Python print.
_ANCHORS = re.compile(
    r"Exception in thread|Traceback \(most recent call last\)|^Error:|^Caused by: |"
    r"Error: Could not |\bFATAL\b|JAVA_GATEWAY_EXITED|^Fatal Python error"
)
# Levels that a healthy Spark logs all the time; they never show what went wrong.
_CHATTER = ("TRACE", "DEBUG", "INFO")
# From here on a JVM is shutting down; logged at INFO, so it may be missing.
_SHUTDOWN = re.compile(
    r"stop\(\) from shutdown hook|ShutdownHookManager: Shutdown hook called|"
    r"^Calling System\.exit\(\) with exit code \d+ because "
)
_OF_A_STACK = re.compile(r"\tat |Caused by: |\t\.\.\. \d+ more|\s+Suppressed: |Driver stacktrace:")
_HEADING = re.compile(r"^(?:[\w.$]+(?:Error|Exception)\b|Exception in thread )")
# Loggers of a JVM that is shutting down, about its parts that have stopped.
_GOING_DOWN = re.compile(
    r"\S+ \S+ (?:WARN|ERROR) (?:Utils|TaskSchedulerImpl|TaskSetManager|TransportResponseHandler|Inbox|"
    r"TransportRequestHandler|TransportChannelHandler|RpcOutboxMessage|Executor|BlockManager\w*|Dispatcher|"
    r"StandaloneSchedulerBackend|StandaloneAppClient\S*|CoarseGrained\S+|NettyRpcEnv|AsyncEventQueue|"
    r"HeartbeatReceiver|DAGScheduler|ShutdownHookManager|OneForOne\w+|SparkUncaughtExceptionHandler|"
    r"MapOutputTracker\w+|PythonRunner|Python\w*Runner\S*|Worker|Master|ProcfsMetricsGetter): "
)
_LOG_LINE = re.compile(rb"\S+ \S+ (?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL) ")
_FRAME = b"\tat "
_PYTHON = (b"Traceback (most recent call last)", b"Fatal Python error")
_JVM = b"Exception in thread"
# Printed by a process that has no memory for its threads; Spark's own lines do not repeat it.
_NATIVE = b"libgomp: "
_TELLING = (*_PYTHON, _JVM, _NATIVE, b"\n" + _FRAME)
_GOES_ON = re.compile(
    rb"Caused by: |Suppressed: |Driver stacktrace:|: |During handling of |The above exception |"
    rb"Traceback |Current thread |Thread 0x|\.\.\. \d+ more|[\w.$]+(?:Error|Exception|Interrupt|Exit)\b"
)


@dataclass
class _Block:
    """A traceback, its lines by number."""

    head: list[tuple[int, bytes]] = field(default_factory=list)
    tail: deque[tuple[int, bytes]] = field(default_factory=lambda: deque(maxlen=_BLOCK_TAIL))
    frames: int = 0
    loose: int = 0

    def add(self, number: int, line: bytes) -> None:
        self.frames = self.frames + 1 if line.startswith(_FRAME) else 0
        if len(self.head) < _BLOCK_HEAD:
            self.head.append((number, _bounded(line)))
        elif self.frames <= _FRAMES:
            self.tail.append((number, _bounded(line)))

    def goes_on(self, line: bytes) -> bool:
        """Whether this line continues it."""
        if not line or line[:1] in b" \t" or _GOES_ON.match(line):
            self.loose = 0
            return True
        if _LOG_LINE.match(line):
            return False
        self.loose += 1
        return self.loose <= _LOOSE

    def lines(self) -> list[tuple[int, bytes]]:
        found = [*self.head, *self.tail]
        # A few lines and then the log: they are its message. More: they are other output of the program.
        return found[:-_LOOSE] if self.loose > _LOOSE else found


class EvidenceLines:
    """The last lines of an output, and the last traceback of Python and of the JVM in it."""

    def __init__(self) -> None:
        self._lines = 0
        self._tail: deque[bytes] = deque(maxlen=_TAIL_LINES)
        self._open: _Block | None = None
        self._blocks: dict[str, _Block] = {}

    def take(self, body: bytes, lines: int, *, quiet: bool = False) -> None:
        """Add ``lines`` lines, joined by newlines; ``quiet`` if none of them looks like a failure."""
        if quiet:
            self._open = None
        elif self._open is not None or any(word in body for word in _TELLING):
            self._look_through(body.split(b"\n"))
        self._tail.extend(body.rsplit(b"\n", _TAIL_LINES)[-_TAIL_LINES:])
        self._lines += lines

    def text(self, *, failed: bool) -> str:
        """The lines that show what went wrong, with secrets masked.

        For a failed job: its last tracebacks of Python and of the JVM, and the lines from the first sign of
        failure near the end. For a job that was ended, and without such a sign: the last lines.
        """
        first = self._lines - len(self._tail)
        numbered = [(first + row, shown(line)) for row, line in enumerate(self._tail)]
        lines = [(row, text) for row, text in numbered if not _is_chatter(text)][-_EVIDENCE_LINES:]
        starts = [row for row, (_, text) in enumerate(lines) if _ANCHORS.search(text)] if failed else []
        chosen = dict(lines[starts[0] if starts else max(0, len(lines) - LAST_LINES) :])
        if failed:
            for block in self._blocks.values():
                chosen |= self._block_lines(block)
        return unfolded(mask_text("\n".join(_joined(chosen, first))))

    def ended(self) -> str:
        """The last lines of a job that was ended from outside, with secrets masked.

        The JVM's output during shutdown is left out: everything from its shutdown hook on, every JVM stack,
        and logged errors about lost connections.
        """
        lines: list[str] = []
        in_stack = False
        for line in map(shown, self._tail):
            if _SHUTDOWN.search(line):
                break
            if _OF_A_STACK.match(line):
                if not in_stack and lines and _HEADING.search(lines[-1]):
                    lines.pop()
                in_stack = True
            elif not _is_chatter(line) and not _GOING_DOWN.match(line):
                lines.append(line)
                in_stack = False
        return unfolded(mask_text("\n".join(lines[-LAST_LINES:])))

    def _block_lines(self, block: _Block) -> dict[int, str]:
        lines = block.lines()
        recent = self._lines - lines[-1][0] <= _FARTHEST
        return {number: shown(line) for number, line in lines} if recent else {}

    def _look_through(self, lines: list[bytes]) -> None:
        before = list(self._tail)[-2:]
        for number, line in enumerate(lines, self._lines):
            if self._open is not None:
                if self._open.goes_on(line):
                    self._open.add(number, line)
                    continue
                self._open = None
            kind = _kind(line)
            if kind is not None:
                self._begin(kind, _heading(before) if line.startswith(_FRAME) else [], number)
            if self._open is not None:
                self._open.add(number, line)
            before = [*before[-1:], line]

    def _begin(self, kind: str, heading: list[bytes], number: int) -> None:
        # A dict keeps its order: the newest last.
        self._blocks.pop(kind, None)
        self._open = self._blocks[kind] = _Block()
        for row, line in enumerate(heading, number - len(heading)):
            self._open.add(row, line)


def _bounded(line: bytes) -> bytes:
    """Mask a line before cutting it, so that no secret is cut in half."""
    if len(line) <= _BLOCK_LINE:
        return line
    return MaskedLines().begun(line[: 2 * _BLOCK_LINE])[:_BLOCK_LINE]


def _is_chatter(line: str) -> bool:
    """Whether it is Spark's and below WARN; what a job logs at INFO may say what went wrong."""
    found = head(line.encode(errors="replace"))
    return found is not None and found.is_sparks and found.level in _CHATTER


def _kind(line: bytes) -> str | None:
    """The kind of traceback that begins with this line; None if none does."""
    if line.startswith(_FRAME) or _JVM in line:
        return "JVM"
    if any(word in line for word in _PYTHON):
        return "Python"
    return "native" if line.startswith(_NATIVE) else None


def _heading(before: list[bytes]) -> list[bytes]:
    """The exception above its first frame, and the log line above that."""
    if len(before) > 1 and not _LOG_LINE.match(before[-2]):
        return before[-1:]
    return before


def _joined(chosen: dict[int, str], first_kept: int) -> list[str]:
    found: list[str] = []
    previous = None
    for number in sorted(chosen):
        # Between the last lines only chatter was left out.
        if previous is not None and number - previous > 1 and previous < first_kept:
            found.append(f"... {number - previous - 1} lines ...")
        found.append(chosen[number])
        previous = number
    return found

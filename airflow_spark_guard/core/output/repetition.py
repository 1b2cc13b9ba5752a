"""Lines that say the same again and again: the first ones are passed on, the others counted.

It is for what a job prints beyond its budget (``output.py``); below it nothing is counted away.

Two lines say the same when they differ only in digits, ids and the drawing of a bar. A *status* line (a log
line below ERROR, a progress bar) is counted wherever it comes again; any other line only where it follows
its like at once, since tables and a program's own figures repeat themselves too. What looks like a failure,
and what is indented as the frames of a traceback are, is never counted away.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

_FEW = 3
# A training job's figures: nobody wants to miss them, a million of them nobody wants.
_FIGURES = 100
_SHAPES = 512
_LONGEST_SHAPE = 1000
_SAMPLE = 300
_STATUS_EVERY = 60.0
_RUN_EVERY = 10.0
_OTHER_EVERY = 10.0
_CHECK_EVERY = 1.0
# Digits, what stands between them in times and ids, blanks, and what bars are drawn with (also in UTF-8).
_VARYING = b"0123456789 .,:-=>#\xe2\x96" + bytes(range(0x80, 0x90))
_HEX_LETTERS = b"abcdefABCDEF"
_HEX_ID = re.compile(rb"\b(?=[a-fA-F-]*\d)(?=[\d-]*[a-fA-F])[0-9a-fA-F]{4,}(?:-[0-9a-fA-F]{4,})*\b")
_STATUS = re.compile(
    rb"(?:\S+ ){0,3}[\[(]?(?:INFO|WARN|WARNING|DEBUG|TRACE)\b|\[Stage \d+:|[^|]{0,60}\d%\|", re.IGNORECASE
)
_FAILURE = (
    *(b"ERROR", b"FATAL", b"CRITICAL", b"Traceback (most recent", b"Exception in thread"),
    *(b"Caused by: ", b"JAVA_GATEWAY_EXITED", b"Fatal Python error", b"Error: Could not "),
)
_EXCEPTION = re.compile(rb"Error\b|Exception\b|Interrupt\b")


class Count(bytes):
    """A line of ours that stands for many of the job's."""

    __slots__ = ()


@dataclass(eq=False)
class _Group:
    """Lines of one shape."""

    shape: bytes
    allowance: float
    every: float
    shown: int = 0
    pending: int = 0
    swallowed_at: float = 0.0
    sample: bytes = b""
    said_at: float = float("-inf")
    quiet_until: float = float("-inf")

    @property
    def muted(self) -> bool:
        return self.shown >= self.allowance

    def swallow(self, lines: int, sample: bytes, now: float) -> None:
        self.pending += lines
        self.swallowed_at = now
        self.sample = sample[:_SAMPLE]

    def say(self, now: float) -> list[bytes]:
        lines, self.pending = self.pending, 0
        self.said_at, self.quiet_until = now, now + _OTHER_EVERY
        if lines == 1 and self.swallowed_at == now:
            return [self.sample]
        more = b"1 more line" if lines == 1 else b"%d more lines" % lines
        return [Count(b"... %b like: %b" % (more, self.sample))] if lines else []


class Repetition:
    """Passes lines on, less those that repeat others. Memory is bounded, a muted line is cheap.

    Attributes:
        quiet: whether all of what was taken last was counted: then nothing of it looks like a failure.
    """

    def __init__(self) -> None:
        self._groups: dict[bytes, _Group] = {}  # of status lines, oldest first
        self._run = _Group(b"\n", 0, _RUN_EVERY)  # of the last line; this one has no line's shape
        self._checked = float("-inf")
        self.quiet = False

    def take(self, body: bytes, lines: int, now: float) -> list[bytes]:
        """What to show of ``lines`` lines, joined by newlines: the lines themselves, and :class:`Count` s."""
        shapes = body.translate(None, _VARYING)
        run = self._run
        if run.muted and shapes == (run.shape + b"\n") * (lines - 1) + run.shape:
            run.swallow(lines, _last_line(body), now)
            self.quiet = True
            return self.due(now)
        keys = shapes.split(b"\n")
        self.quiet = self._all_muted(counts := Counter(keys))
        if not self.quiet:
            return [*self._one_by_one(body.split(b"\n"), keys, now), *self.due(now)]
        said = self._turn_to(self._groups[keys[-1]], now)
        for key, number in counts.items():
            group = self._groups[key]
            group.swallow(number, group.sample, now)
        self._run.sample = _last_line(body)[:_SAMPLE]
        return [*said, *self.due(now)]

    def due(self, now: float) -> list[bytes]:
        """Counts that were not said for a while; to be called now and then even when no line comes."""
        if now - self._checked < _CHECK_EVERY:
            return []
        self._checked = now
        late = [group for group in self._pending() if now - group.said_at >= group.every]
        return [line for group in late for line in group.say(now)]

    def rest(self, now: float) -> list[bytes]:
        """Every count that was not said yet."""
        return [line for group in self._pending() for line in group.say(now)]

    def _pending(self) -> list[_Group]:
        groups = list(self._groups.values())
        if self._run.shape not in self._groups:
            groups.append(self._run)
        return [group for group in groups if group.pending]

    def _all_muted(self, counts: Counter[bytes]) -> bool:
        return all((group := self._groups.get(key)) is not None and group.muted for key in counts)

    def _one_by_one(self, lines: list[bytes], keys: list[bytes], now: float) -> list[bytes]:
        found: list[bytes] = []
        for line, key in zip(lines, keys, strict=True):
            group = self._run
            if key != group.shape:
                group = self._groups.get(key) or self._group(line, key, found, now)
                if group is not self._run:
                    found += self._turn_to(group, now)
            if group.shown >= group.allowance:
                group.swallow(1, line, now)
                continue
            # Something else comes: what was swallowed before it is said first.
            for other in self._pending():
                if now >= other.quiet_until:
                    found += other.say(now)
            group.shown += 1
            group.said_at = now
            found.append(line)
        return found

    def _turn_to(self, group: _Group, now: float) -> list[bytes]:
        run, self._run = self._run, group
        if run is group or not run.pending or run.every != _RUN_EVERY:
            return []
        return run.say(now)

    def _group(self, line: bytes, key: bytes, found: list[bytes], now: float) -> _Group:
        """The group of a line whose shape is not known as it stands."""
        # No line's shape holds a newline: this is the key of lines whose hexadecimal ids differ.
        key = key[:_LONGEST_SHAPE]
        without_ids = b"\n" + key.translate(None, _HEX_LETTERS)
        for known in (without_ids, key):
            if (group := self._groups.get(known)) is not None:
                return group
        if any(map(line.__contains__, _FAILURE)):
            return _Group(key, float("inf"), _RUN_EVERY)
        if not _STATUS.match(line):
            return _Group(key, _allowance(line), _RUN_EVERY)
        shape = without_ids if _HEX_ID.search(line) else key
        group = self._groups[shape] = _Group(shape, _FEW, _STATUS_EVERY)
        if len(self._groups) > _SHAPES:
            found += self._groups.pop(next(iter(self._groups))).say(now)
        return group


def _allowance(line: bytes) -> float:
    """How often lines like this one, that is no status line, may follow each other."""
    if line[:1] in (b" ", b"\t") or _EXCEPTION.search(line):
        return float("inf")
    return _FIGURES if any(map(line.__contains__, b"0123456789")) else _FEW


def _last_line(body: bytes) -> bytes:
    return body[body.rfind(b"\n") + 1 :]

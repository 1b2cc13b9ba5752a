"""Thread dumps that a JVM prints on SIGQUIT: keeps them out of the task log, and parses them."""

from __future__ import annotations

import re

from airflow_spark_guard.core.web.spark_rest import JavaThread

_START = b"Full thread dump "
# The line above it, which has no meaning by itself.
_STAMP = re.compile(rb"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")
_PART = re.compile(
    rb'^(?:"|\s+(?:at |- |java\.lang\.Thread\.State|Locked ownable|No compile task|Compiling:|JavaThread )'
    rb"|\t|Threads class SMR info|_(?:java_thread|to_delete)_list|0x[0-9a-f]{8,}|}$|\s*$"
    rb"|JNI global ref|Found \d+ deadlock|Found one Java-level|=====|Java stack information|  which is held"
    rb"|  waiting (?:to lock|for)|\s+\d+: )"
)
_HEAP = re.compile(rb"^Heap\s*$")
_HEAP_PART = re.compile(rb"^\s+\S|^\s*$")
_HEAD = re.compile(r'^"(?P<name>.*)" #?\d*')
_STATE = re.compile(r"^\s+java\.lang\.Thread\.State: (\w+)")
_LONGEST_LINE = 4096
_LARGEST = 1 << 20
# After so many consecutive lines that do not belong to a dump, its end was missed.
_STRANGERS = 50
_MOST_THREADS, _MOST_FRAMES = 2000, 512


class JvmDumpSplitter:
    """Takes chunks of output and returns them without the thread dumps in them.

    Lines of other processes between those of a dump stay in the output. Only lines that look like a dump's
    are diverted, so that a job that prints "Full thread dump" loses little.

    Attributes:
        size: size of the dumps so far, in bytes.
    """

    def __init__(self) -> None:
        self.size = 0
        self._dump: list[bytes] = []
        self._rest = b""
        self._held = b""
        self._inside = self._heap = False
        self._strangers = 0

    def feed(self, chunk: bytes) -> bytes:
        """The part for the log. An incomplete last line is held until its rest comes.

        The output of a progress bar, up to its last carriage return, is not held.
        """
        lines = (self._rest + chunk).split(b"\n")
        self._rest = lines.pop()
        out = b"".join(self._take(line + b"\n") for line in lines)
        drawn = self._rest.rfind(b"\r") + 1
        if drawn and not self._inside:
            out, self._rest = out + self._release() + self._rest[:drawn], self._rest[drawn:]
        if len(self._rest) > _LONGEST_LINE and not self._inside:
            out, self._rest = out + self._release() + self._rest, b""
        return out

    def finish(self) -> bytes:
        """The lines that are still held at the end of the output."""
        rest, self._rest = self._rest, b""
        return self._take(rest) + self._release() if rest else self._release()

    @property
    def dump(self) -> str:
        """The dumps so far, at most 1 MB of them."""
        return b"".join(self._dump).decode(errors="replace")

    def _take(self, line: bytes) -> bytes:
        if line.startswith(_START):
            self._inside, self._heap, self._strangers, self._held = True, False, 0, b""
            return self._divert(line)
        if not self._inside:
            return self._pass(line)
        if self._heap:
            return self._take_heap(line)
        if _HEAP.match(line):
            self._heap = True
            return self._divert(line)
        if _PART.match(line):
            self._strangers = 0
            return self._divert(line)
        self._strangers += 1
        self._inside = self._strangers < _STRANGERS
        return line

    def _take_heap(self, line: bytes) -> bytes:
        if _HEAP_PART.match(line):
            self._inside = bool(line.strip())
            return self._divert(line)
        self._inside = False
        return self._pass(line)

    def _pass(self, line: bytes) -> bytes:
        out = self._release()
        if _STAMP.match(line.rstrip()):
            self._held = line
            return out
        return out + line

    def _release(self) -> bytes:
        held, self._held = self._held, b""
        return held

    def _divert(self, line: bytes) -> bytes:
        if self.size < _LARGEST:
            self._dump.append(line[:_LONGEST_LINE])
        self.size += len(line)
        return b""


def parse_dump(text: str) -> list[JavaThread]:
    """The threads of the last SIGQUIT dump in the text."""
    found: list[tuple[str, list[str], list[str]]] = []
    for line in text.rpartition(_START.decode())[2].splitlines():
        if head := _HEAD.match(line):
            found.append((head["name"], [""], []))
        elif not found:
            continue
        elif state := _STATE.match(line):
            found[-1][1][0] = state[1]
        elif line.startswith("\t") and len(found[-1][2]) < _MOST_FRAMES:
            found[-1][2].append(line.strip())
    return [JavaThread(name, state[0], tuple(stack)) for name, state, stack in found[:_MOST_THREADS]]

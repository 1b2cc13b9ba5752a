"""Copies the job's messages from its own channel file to a directory that Airflow reads.

The directory gets files ``<writer>-<number>.jsonl``, each written atomically, in the order of their names.
What cannot be written yet stays in the channel file and goes with the next one.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_spark_guard.job.stores import Store

# Seconds between two files. Object stores charge for each, so the pause grows in a long job.
FIRST_PAUSE, LONGEST_PAUSE, GROWTH = 5.0, 60.0, 1.2
LAST_TRIES = 3  # at the end, when the rest would be lost
BETWEEN_TRIES = 1.0  # seconds
LONGEST_END = 60.0  # seconds; a store that hangs must not keep the driver alive
# Size limit of one file; readers refuse larger ones.
LARGEST_FILE = 4 << 20
# Linux: the length stays, the blocks go.
_PUNCH_HOLE_KEEP_SIZE = 0x02 | 0x01
# Every message begins with version and kind (``job/wire.py``).
_PROGRESS, _HEAD = b'"kind":"progress"', 40


class Carrier:
    """Copies one channel file, in whole lines.

    Args:
        channel: the file that the job's messages are appended to.
        store: the store of the channel directory.
        writer: prefix for the names of this process's files.
    """

    def __init__(self, channel: str, store: Store, writer: str) -> None:
        self._file = open(channel, "r+b", buffering=0)  # noqa: SIM115, PTH123 - for the process's life
        self._store, self._writer = store, writer
        self._rest, self._number, self._freed = b"", 0, 0
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._complained = self._hangs = False
        self._server = threading.Thread(target=self._serve, name="spark-guard-carrier", daemon=True)

    def start(self) -> None:
        """Copy every few seconds, on a thread of its own."""
        self._server.start()

    def carry_all(self) -> None:
        """Copy everything now, because the script has ended; its threads may still go on.

        It never raises and takes at most ``LONGEST_END`` seconds: the job's outcome must not depend on it.
        """
        last = threading.Thread(target=self._try_all, name="spark-guard-carrier-end", daemon=True)
        last.start()
        self._wait_for(last)

    def finish(self) -> None:
        """Copy the rest, because Python exits: it starts no thread then. Limits as in :meth:`carry_all`."""
        self._over.set()
        if not self._hangs:
            self._wait_for(self._server)

    def _wait_for(self, thread: threading.Thread) -> None:
        thread.join(LONGEST_END)
        if thread.is_alive():
            self._hangs = True
            self._complain(TimeoutError(f"no answer within {LONGEST_END:g} s"))

    def _try_all(self) -> None:
        for left in reversed(range(LAST_TRIES)):
            try:
                if self.carry(urgent=True):
                    return
            except Exception as error:  # noqa: BLE001 - the job is done, whatever a store raises
                self._complain(error)
            if left:
                threading.Event().wait(BETWEEN_TRIES)

    def carry(self, *, urgent: bool = False) -> bool:
        """Copy the new lines; return whether none is left.

        Args:
            urgent: set up access to the store if necessary; else use only what the job has set up anyway.

        Raises:
            Exception: whatever the store raises.
        """
        with self._lock:
            while True:
                self._rest += self._file.read(LARGEST_FILE)
                self._give_back()
                end = self._rest.rfind(b"\n", 0, LARGEST_FILE) + 1
                if not end:
                    return True
                if not self._store.is_ready(urgent=urgent):
                    return False
                self._store.write(f"{self._writer}-{self._number:06d}.jsonl", newest(self._rest[:end]))
                self._rest, self._number = self._rest[end:], self._number + 1

    def _give_back(self) -> None:
        """Free the disk blocks of what was read, every 4 MiB: a job may report for days."""
        end = self._file.tell()
        if end - self._freed >= LARGEST_FILE:
            self._freed = end
            with contextlib.suppress(OSError, AttributeError):  # not Linux
                allocate = ctypes.CDLL(None).fallocate
                allocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
                allocate(self._file.fileno(), _PUNCH_HOLE_KEEP_SIZE, 0, end)

    def _serve(self) -> None:
        pause = FIRST_PAUSE
        while not self._over.wait(pause):
            pause = min(pause * GROWTH, LONGEST_PAUSE)
            try:
                self.carry()
            except Exception as error:  # noqa: BLE001 - reporting must not end a healthy job
                self._complain(error)
        self._try_all()

    def _complain(self, error: Any) -> None:
        """Report it once in the driver's log, the only place that can still be reached."""
        if not self._complained:
            self._complained = True
            reason = f"{type(error).__name__}: {error}"[:500]
            print(f"spark-guard: the channel directory cannot be written: {reason}", file=sys.stderr)


def newest(lines: bytes) -> bytes:
    """The lines without all but the last ``progress`` message, which includes what the others reported."""
    found = lines.splitlines(keepends=True)
    passed = [line for line in found if _PROGRESS in line[:_HEAD]][:-1]
    return b"".join(line for line in found if line not in passed) if passed else lines

"""Reads an event log of Spark, wherever it is and however it is compressed, once, into a history."""

from __future__ import annotations

import zipfile
from contextlib import closing
from typing import IO, TYPE_CHECKING, cast

from airflow_spark_guard.core.errors import BadInputError
from airflow_spark_guard.core.history.event_fold import EventFold
from airflow_spark_guard.core.text.printable import one_line
from airflow_spark_guard.sources.event_log_events import event_of, kind_of
from airflow_spark_guard.sources.event_log_files import LogFiles, Place, files_of, unreadable
from airflow_spark_guard.sources.event_log_lines import Lines
from airflow_spark_guard.sources.event_log_streams import Source, stream_of

if TYPE_CHECKING:
    from airflow_spark_guard.core.clock import EpochTime
    from airflow_spark_guard.core.history.event_fold import Watcher
    from airflow_spark_guard.core.history.model import ApplicationHistory

# A file of another program has no event in its first lines.
_TRIED = 200
_SPARK = b"park"
_LONGEST = 200


def read_event_log(
    place: Place, *, watcher: Watcher | None = None, until: EpochTime | None = None
) -> ApplicationHistory:
    """The history of the application that wrote a log.

    A log that is still written, is cut, or has damaged lines is read as far as it goes; ``missing`` says what
    it lacks.

    Args:
        place: a file, the folder of a rolling log, a folder with a single log, or a ``.zip`` with one of
            these; a path of any store.
        watcher: looks at the state between events; see ``core/history/replay.py``.
        until: when an application whose log has no end is known to have run still: the watcher looks that
            long. None for the time of the last event.

    Raises:
        BadInputError: there is no event log, or its codec cannot be read.
    """
    if place.name.endswith(".zip"):
        with closing(_opened(place)) as file:
            return read_zip(file, place.name, watcher=watcher)
    return _read(files_of(place), watcher, until)


def read_zip(file: IO[bytes], name: str, *, watcher: Watcher | None = None) -> ApplicationHistory:
    """The history in a zip, as a history server gives one; of several attempts, the last one.

    Args:
        file: the zip; it can seek.
        name: for messages.
        watcher: as in :func:`read_event_log`.

    Raises:
        BadInputError: as :func:`read_event_log`.
    """
    try:
        archive = zipfile.ZipFile(file)
        archive.filename = name
        files = files_of(cast("Place", zipfile.Path(archive)), newest=True)
    except (zipfile.BadZipFile, NotImplementedError, OSError) as error:
        raise BadInputError(
            f"The zip {one_line(name, _LONGEST)} cannot be opened.",
            got=one_line(str(error), _LONGEST),
            expected="a zip of event logs, as a history server gives it",
            advice="Download it again.",
        ) from error
    return _read(files, watcher)


def _read(log: LogFiles, watcher: Watcher | None, until: EpochTime | None = None) -> ApplicationHistory:
    fold = EventFold(watcher)
    for note in log.notes:
        fold.gaps.note(note)
    reading = _Reading(fold)
    for place in log.files:
        reading.read(place)
    reading.check()
    if watcher is not None:
        watcher.look(fold, max(fold.clock.now, int((until or 0) * 1000)) + 1)
    return fold.history()


class _Reading:
    """Reads the files of one log, one after the other.

    Attributes:
        found: whether an event of Spark was found.
    """

    def __init__(self, fold: EventFold) -> None:
        self.found = False
        self._fold = fold
        self._others = 0
        self._last: tuple[Place, Source] | None = None

    def check(self) -> None:
        """Check that there was a log in the files.

        Raises:
            BadInputError: there was none.
        """
        if not self.found and self._last is not None:
            raise _no_event(*self._last)

    def read(self, place: Place) -> None:
        """Read a file.

        Raises:
            BadInputError: it cannot be opened, or is not an event log.
        """
        with closing(_opened(place)) as file:
            source = Source(file)
            lines = Lines(stream_of(source, one_line(place.name, _LONGEST)))
            for line in lines:
                if not self._take(line) and not self.found and self._others >= _TRIED:
                    raise _no_event(place, source)
        self._end(lines, source, one_line(place.name, _LONGEST))
        self._last = (place, source)

    def _take(self, line: bytes) -> bool:
        """Take a line; whether it can be read."""
        kind = b""
        try:
            kind = kind_of(line)
            event = event_of(kind, line)
        except (ValueError, RecursionError):
            if line.strip():
                self._others += 1
                self._fold.gaps.unreadable(kind.decode(errors="replace"))
            return False
        self.found = self.found or _SPARK in kind
        if event is not None:
            self._fold.take(event)
        return True

    def _end(self, lines: Lines, source: Source, name: str) -> None:
        """What stands after the last line, and what is wrong with the file."""
        gaps = self._fold.gaps
        if source.error is not None:
            gaps.note(f"{name}: it could not be read to its end: {source.error}")
        elif lines.damage:
            gaps.note(f"{name}: {lines.damage}")
        if lines.too_long:
            gaps.note(f"{name}: {lines.too_long} lines are too long to be read.")
        if lines.rest.strip() and not self._is_whole(lines.rest):
            gaps.note(f"{name}: the last line is cut.")

    def _is_whole(self, line: bytes) -> bool:
        """Whether the last line can be read without its end; then it is taken."""
        try:
            event_of(kind_of(line), line)
        except (ValueError, RecursionError):
            return False
        return self._take(line)


def _opened(place: Place) -> IO[bytes]:
    try:
        return place.open("rb")
    except Exception as error:
        raise unreadable(place, error) from error


def _no_event(place: Place, source: Source) -> BadInputError:
    """The error for a file without an event."""
    if source.error is not None:
        return unreadable(place, source.error)
    where = one_line(str(place), _LONGEST)
    if place.name.startswith("appstatus_"):
        return BadInputError(
            f"The file {where} only marks the state of a rolling log.",
            got="a file beside the log, without an event",
            expected="the folder of the log, or one of its files events_1_APP, events_2_APP, ...",
            advice="Name the folder that it is in.",
        )
    if not source.head:
        return BadInputError(
            f"The event log {where} is empty.",
            got="0 bytes",
            expected="a line of JSON for each event, the first one SparkListenerLogStart",
            advice="If the application runs, wait until it has written something.",
        )
    return BadInputError(
        f"The file {where} is not an event log of Spark.",
        got=f"a file that begins with {one_line(repr(source.head), _LONGEST)}, without an event",
        expected='lines of JSON such as {"Event":"SparkListenerLogStart", ...}',
        advice="Name a log in spark.eventLog.dir, not the output of the driver.",
    )

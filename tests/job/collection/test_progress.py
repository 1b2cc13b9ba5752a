"""The progress of a collection, twice a second at most."""

from __future__ import annotations

import io
import os
import pty

import pytest

from airflow_spark_guard.job.collection import progress as rows_progress
from airflow_spark_guard.job.collection.progress import RowProgress


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Clock:
    def __init__(self):
        self.now = 100.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(rows_progress.time, "monotonic", clock.monotonic)
    return clock


def advance(progress, clock, *steps):
    for seconds, rows in steps:
        clock.now += seconds
        progress.advance(rows)


def test_a_terminal_shows_rows_and_share_on_one_line(clock, monkeypatch):
    """Twice a second at most, each over the one before; closing clears the line."""
    monkeypatch.setattr("sys.stderr", Terminal())
    progress = RowProgress(2000)
    advance(progress, clock, (0.1, 100), (0.5, 900), (0.2, 500), (0.5, 900))
    shown = rows_progress.sys.stderr.getvalue()
    first, second = "collecting: 1,000 rows of 2,000, 50%", "collecting: 2,400 rows of 2,000, 100%"
    assert shown == f"\r{first}\r{second}"
    progress.close()
    assert rows_progress.sys.stderr.getvalue() == shown + "\r" + " " * len(second) + "\r"


def test_without_a_total_rows_alone_are_shown(clock, monkeypatch):
    """Where the number of rows is unknown, no share is invented; neither for a total of 0."""
    for total in (None, 0):
        monkeypatch.setattr("sys.stderr", Terminal())
        advance(RowProgress(total), clock, (0.6, 1234))
        assert rows_progress.sys.stderr.getvalue() == "\rcollecting: 1,234 rows"


def test_a_shorter_line_covers_the_longer_one(clock, monkeypatch):
    """No letters of the line before stay behind it."""
    monkeypatch.setattr("sys.stderr", Terminal())
    progress = RowProgress(None)
    progress._show("a long line")
    progress._show("short")
    assert rows_progress.sys.stderr.getvalue() == "\ra long line\rshort      "


def test_files_and_pipes_get_nothing(clock, monkeypatch):
    """A log is no place for a line that is written over; nor does a process without stderr fail."""
    for stream in (io.StringIO(), None):
        monkeypatch.setattr("sys.stderr", stream)
        progress = RowProgress(10)
        advance(progress, clock, (1, 5), (1, 5))
        progress.close()
        assert stream is None or stream.getvalue() == ""


def test_a_short_collection_shows_nothing(clock, monkeypatch):
    """Nothing is shown in the first half second, and there is nothing to clear."""
    monkeypatch.setattr("sys.stderr", Terminal())
    progress = RowProgress(10)
    advance(progress, clock, (0.1, 5), (0.1, 5))
    progress.close()
    assert rows_progress.sys.stderr.getvalue() == ""


def test_a_real_terminal_is_known_as_one(clock, monkeypatch):
    """A pseudo-terminal in the place of standard error gets the line."""
    leader, follower = pty.openpty()
    with os.fdopen(follower, "w") as stream:
        monkeypatch.setattr("sys.stderr", stream)
        advance(RowProgress(None), clock, (1, 7))
        assert os.read(leader, 100) == b"\rcollecting: 7 rows"
        monkeypatch.undo()
    os.close(leader)


def test_a_guarded_attempt_gets_heartbeats(clock, monkeypatch):
    """Each is a heartbeat with rows done and in all, also without a terminal."""
    sent = []
    monkeypatch.setattr(rows_progress, "heartbeat", lambda text, **numbers: sent.append((text, numbers)))
    progress = RowProgress(50)
    advance(progress, clock, (0.1, 5), (0.6, 5), (0.6, 5))
    assert sent == [
        ("rows collected", {"done": 10, "total": 50}),
        ("rows collected", {"done": 15, "total": 50}),
    ]

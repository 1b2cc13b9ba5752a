"""A request is left in the record, whole, and in a form that the attempt takes."""

from __future__ import annotations

import time
from contextlib import closing

import pytest

from airflow_spark_guard.core.errors import RecordError
from airflow_spark_guard.process.request_folder import RequestFolder
from airflow_spark_guard.process.request_writer import MOST_WAITING, leave_request
from tests.support.live_records import put_record


def test_the_attempt_takes_what_was_left(tmp_path):
    """With the user's name on one line."""
    folder = put_record(tmp_path)
    with closing(RequestFolder(folder, every=0.05)) as requests:
        time.sleep(0.2)
        left = leave_request(folder, "stacks", "alice\nadmin")
        limit = time.monotonic() + 5
        while (taken := requests.take()) is None:
            assert time.monotonic() < limit
            time.sleep(0.01)
    assert taken == left
    assert taken.by == "alice admin"


def test_the_worker_may_be_another_user(tmp_path):
    """It must be able to read the file."""
    folder = put_record(tmp_path)
    left = leave_request(folder, "end", "alice")
    assert (folder / left.name).stat().st_mode & 0o044
    assert not list(folder.glob(".request*"))


def test_requests_that_nothing_takes_do_not_pile_up(tmp_path):
    """The worker may be gone."""
    folder = put_record(tmp_path)
    for _ in range(MOST_WAITING):
        leave_request(folder, "stacks", "alice")
    with pytest.raises(RecordError, match="Too many requests wait"):
        leave_request(folder, "stacks", "alice")


def test_a_record_that_cannot_be_written_is_an_error_with_advice(tmp_path):
    """And so is one that is gone, or a link."""
    with pytest.raises(RecordError, match="cannot be written") as caught:
        leave_request(tmp_path / "a" / "b" / "c", "end", "alice")
    assert "same user" in caught.value.advice
    real = put_record(tmp_path)
    link = real.parent / "try-2"
    link.symlink_to(real)
    with pytest.raises(RecordError, match="cannot be written"):
        leave_request(link, "end", "alice")
    assert not list(real.glob("request*"))

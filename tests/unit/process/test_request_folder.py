"""Requests in a record's folder."""

from __future__ import annotations

import os
import time
from contextlib import closing

import pytest

from airflow_spark_guard.core.live.request import Request
from airflow_spark_guard.process.request_folder import RequestFolder


def request(number, at=1000.0, kind="stacks"):
    return Request(f"{number:032x}", kind, "alice", at)


def put(folder, one):
    new = folder / f".{one.name}"
    new.write_text(one.text())
    new.rename(folder / one.name)


def taken(requests, seconds=5.0):
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if (found := requests.take()) is not None:
            return found
        time.sleep(0.01)
    return None


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "try-1"
    made.mkdir()
    return made


@pytest.fixture
def requests(folder):
    with closing(RequestFolder(folder, every=0.05)) as made:
        time.sleep(0.2)
        yield made


def test_requests_come_one_after_the_other_by_their_times(folder, requests):
    """Each once; its file is removed."""
    for number, at in ((1, 2000.0), (2, 1000.0)):
        put(folder, request(number, at))
    found = [taken(requests), taken(requests)]
    assert {one.id for one in found} == {request(1).id, request(2).id}
    assert taken(requests, 0.3) is None
    assert list(folder.iterdir()) == []


def test_what_is_no_request_stays_and_is_ignored(folder, requests, tmp_path):
    """Links, folders, pipes, long files, nonsense, and files of before."""
    outside = tmp_path / "outside"
    outside.write_text(request(1).text())
    (folder / request(1).name).symlink_to(outside)
    (folder / request(2).name).mkdir()
    os.mkfifo(folder / request(3).name)
    (folder / request(4).name).write_text(" " * 3000)
    (folder / request(5).name).write_text("nonsense")
    old = tmp_path / "old"
    old.write_text(request(6).text())
    os.utime(old, (1, 1))
    old.rename(folder / request(6).name)
    assert taken(requests, 0.4) is None
    assert len(list(folder.iterdir())) == 6
    put(folder, request(7))
    assert taken(requests).id == request(7).id


def test_a_folder_that_comes_later_is_found(tmp_path):
    """The record is made on a thread of its own."""
    with closing(RequestFolder(tmp_path / "later", every=0.05)) as requests:
        time.sleep(0.1)
        (tmp_path / "later").mkdir()
        time.sleep(0.1)
        put(tmp_path / "later", request(1))
        assert taken(requests).id == request(1).id


def test_a_flood_costs_no_more_than_one_look(folder, requests):
    """Names beyond the limit are not read in one look."""
    for number in range(1200):
        (folder / f"request-{number:032x}.json").write_text("x")
    assert taken(requests, 0.3) is None

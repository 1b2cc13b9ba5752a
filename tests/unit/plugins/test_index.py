"""The attempts of a store: the newest first, cheaply."""

from __future__ import annotations

import os
import time

import pytest

from airflow_spark_guard.plugins import index as module
from airflow_spark_guard.plugins.index import Index
from tests.support.live_records import put_record


@pytest.fixture(autouse=True)
def looks_are_not_shared(monkeypatch):
    monkeypatch.setattr(module, "SHARED", 0.0)


def names(index):
    return [(found.task.run, found.number) for found in index.look().attempts]


def test_the_newest_come_first(tmp_path):
    """By the last change of their folders."""
    put_record(tmp_path, run="old", age=500)
    put_record(tmp_path, run="new", number=2)
    put_record(tmp_path, run="new", number=1, age=50)
    assert names(Index(tmp_path)) == [("new", 2), ("new", 1), ("old", 1)]


def test_what_is_no_attempt_is_left_out(tmp_path):
    """Links, files, folders of another name; the root itself may be a link."""
    put_record(tmp_path / "real", run="r")
    (tmp_path / "real" / "etl" / "r" / "train" / "try-1.previous").mkdir()
    (tmp_path / "real" / "etl" / "file").write_text("x")
    (tmp_path / "real" / "linked").symlink_to(tmp_path / "real" / "etl")
    (tmp_path / "root").symlink_to(tmp_path / "real")
    assert names(Index(tmp_path / "root")) == [("r", 1)]


def test_new_attempts_are_found_and_old_folders_are_not_read_again(tmp_path, monkeypatch):
    """Only where a modification time has changed."""
    for number in range(20):
        put_record(tmp_path, run=f"r{number}")
    for path in [tmp_path, *tmp_path.rglob("*")]:
        if path.is_dir() and not path.name.startswith("try"):
            os.utime(path, (time.time() - 60,) * 2)
    index = Index(tmp_path)
    assert len(index.look().attempts) == 20
    read = []
    monkeypatch.setattr(module, "_folders", lambda folder: read.append(folder) or FOLDERS(folder))
    assert len(index.look().attempts) == 20
    assert read == []
    put_record(tmp_path, run="r3", number=2)
    put_record(tmp_path, run="another")
    assert len(index.look().attempts) == 22


FOLDERS = module._folders


def test_a_look_is_shared_for_a_moment(tmp_path, monkeypatch):
    """By all who look."""
    monkeypatch.setattr(module, "SHARED", 60.0)
    index = Index(tmp_path)
    assert index.look() is index.look()


def test_a_look_that_takes_too_long_says_that_it_is_not_complete(tmp_path, monkeypatch):
    """The page then says so."""
    monkeypatch.setattr(module, "BUDGET", 0.0)
    put_record(tmp_path)
    listing = Index(tmp_path).look()
    assert (listing.attempts, listing.complete) == ((), False)


def test_a_store_that_is_gone_is_an_error(tmp_path):
    """An empty one is not."""
    with pytest.raises(FileNotFoundError):
        Index(tmp_path / "gone").look()
    assert Index(tmp_path).look().attempts == ()


def test_tries_that_have_been_still_for_long_are_looked_at_rarely(tmp_path, monkeypatch):
    """Most attempts of a store have ended."""
    put_record(tmp_path, run="old", age=5000)
    put_record(tmp_path, run="new")
    index = Index(tmp_path)
    index.look()
    looked = []
    monkeypatch.setattr(module, "_stat", lambda path, **more: looked.append(path) or STAT(path, **more))
    index.look()
    assert [path.split("/")[-3] for path in looked if path.endswith("/try-1")] == ["new"]


STAT = module._stat


def test_what_was_removed_is_forgotten(tmp_path):
    """After a complete look."""
    put_record(tmp_path)
    index = Index(tmp_path)
    index._tries_written = {str(number): (0.0, 0.0) for number in range(2000)}
    index.look()
    assert len(index._tries_written) <= 1

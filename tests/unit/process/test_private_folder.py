"""Folders of this user alone; those that were left behind go."""

from __future__ import annotations

import os
import stat
import tempfile
import time

import pytest

from airflow_spark_guard.process import private_folder


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def test_no_other_user_can_read_it():
    folder = private_folder.private_folder()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert private_folder.new_path() != private_folder.new_path()
    (folder / "x").touch()
    private_folder.remove(folder)
    assert not folder.exists()


def test_one_that_was_left_behind_goes_after_a_day_and_one_in_use_stays(tmp_path):
    old, used = private_folder.private_folder(), private_folder.private_folder()
    for folder in (old, used, tmp_path):
        os.utime(folder, (0, 0))
    private_folder.touch(used)
    other = tmp_path / "another"
    other.mkdir()
    os.utime(other, (0, 0))
    link = tmp_path / f"{old.name}-link"
    link.symlink_to(other)
    private_folder.remove_stale()
    assert (old.exists(), used.exists(), other.exists(), link.is_symlink()) == (False, True, True, True)
    assert time.time() - used.stat().st_mtime < 60

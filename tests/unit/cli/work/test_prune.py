"""Retention on demand."""

from __future__ import annotations

import json
import os
import time

import pytest

from tests.support.spark_guard import run


@pytest.fixture
def root(tmp_path):
    """Thirty records, one a day, and one that runs."""
    for day in range(30):
        folder = tmp_path / "records" / "d" / f"r{day:02}" / "t" / "try-1"
        folder.mkdir(parents=True)
        state = "running" if day == 3 else "success"
        (folder / "summary.json").write_text(json.dumps({"v": 1, "state": state}).ljust(1024))
        at = time.time() - (day + 0.5) * 86400
        os.utime(folder / "summary.json", (at, at))
    return tmp_path / "records"


def test_what_is_too_old_is_removed_and_named(capsys, root):
    code, out, _ = run(capsys, "prune", root, "--older-than", "25d")
    assert code == 0
    assert out.splitlines() == [
        *(f"removed: d/r{day:02}/t/try-1  1 KiB" for day in range(25, 30)),
        f"{root}: 5 records removed, 5 KiB; 25 kept, 25 KiB.",
    ]
    assert len(list((root / "d").iterdir())) == 25


def test_the_oldest_go_beyond_a_size_and_a_running_one_stays(capsys, root):
    code, out, _ = run(capsys, "prune", root, "--larger-than", "2k")
    assert code == 0
    assert out.splitlines()[0] == "removed: d/r29/t/try-1  1 KiB"
    assert out.splitlines()[-2] == "removed: 8 more"
    assert out.splitlines()[-1] == f"{root}: 28 records removed, 28 KiB; 2 kept, 2 KiB, 1 of them running."
    assert sorted(path.name for path in (root / "d").iterdir()) == ["r00", "r03"]


def test_a_dry_run_removes_nothing(capsys, root):
    code, out, _ = run(capsys, "prune", root, "--older-than", "29d", "--dry-run")
    assert code == 0
    assert out.splitlines() == [
        "would be removed: d/r29/t/try-1  1 KiB",
        f"{root}: 1 record would be removed, 1 KiB; 29 kept, 29 KiB.",
    ]
    assert (root / "d" / "r29").exists()


def test_without_options_airflows_count(capsys, root, monkeypatch):
    """The folder as well."""
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__RECORD_FOLDER", str(root))
    code, _, err = run(capsys, "prune")
    assert code == 1
    assert "Nothing says which records may go." in err
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__RECORD_MAX_AGE", "29d")
    code, out, _ = run(capsys, "prune")
    assert code == 0
    assert out.endswith(": 1 record removed, 1 KiB; 29 kept, 29 KiB.\n")


def test_a_store_that_is_not_there_is_a_clear_error(capsys, tmp_path, monkeypatch):
    code, out, err = run(capsys, "prune", tmp_path / "nowhere", "--older-than", "1d")
    assert (code, out) == (1, "")
    assert "The folder of records cannot be read." in err
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__RECORD_FOLDER", "none")
    code, _, err = run(capsys, "prune", "--older-than", "1d")
    assert code == 1
    assert "There is no folder of records." in err


def test_what_cannot_be_removed_is_named_and_the_exit_code_is_1(capsys, root, monkeypatch):
    def rmdir(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "rmdir", rmdir)
    code, out, _ = run(capsys, "prune", root, "--older-than", "29d")
    assert code == 1
    assert "failed: d/r29/t/try-1: Permission denied" in out

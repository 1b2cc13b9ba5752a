"""Old records go; whatever is not a record, or may still be written to, stays."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from airflow_spark_guard.process import record_folder as record_folder_module
from airflow_spark_guard.process.record import Record
from airflow_spark_guard.process.record_folder import make, record_folder
from airflow_spark_guard.process.retention import Retention, prune

DAY = 86400.0
NOW = 1_800_000_000.0
MONTH = Retention(max_age=30 * DAY)


@pytest.fixture
def root(tmp_path):
    return tmp_path / "records"


def put(root, *place, age=0.0, size=100, state="success", name="try-1"):
    """A record of so many bytes, last written so many days before."""
    folder = root.joinpath(*place, name)
    folder.mkdir(parents=True)
    text = json.dumps({"v": 1, "state": state})
    (folder / "summary.json").write_text(text)
    (folder / "output.log").write_bytes(b"x" * (size - len(text)))
    touch(folder, age)
    return folder


def touch(folder, age):
    for path in folder.iterdir():
        os.utime(path, (NOW - age * DAY,) * 2, follow_symlinks=False)


def names(root):
    """The records that are left, and the folders above them."""
    return sorted(
        str(path.relative_to(root)) for path in root.rglob("*") if path.is_dir() and not any(path.glob("*/"))
    )


def test_what_is_older_than_allowed_goes_with_its_empty_folders(root):
    """The rest stays, and so does a folder that still has something."""
    put(root, "d", "r1", "t", age=31)
    put(root, "d", "r1", "t", age=40, name="try-2")
    put(root, "d", "r1", "t", age=40, name="map-3-try-1")
    put(root, "d", "r1", "t", age=50, name="try-1.previous")
    put(root, "d", "r1", "t", age=50, name="try-1.previous-1796019846458879200")
    put(root, "d", "r2", "t", age=29)
    done = prune(root, MONTH, now=NOW)
    assert names(root) == ["d/r2/t/try-1"]
    assert [len(done.removed), done.freed, done.kept, done.kept_size] == [5, 500, 1, 100]
    assert (done.complete, done.failed, done.running) == (True, [], 0)


def test_the_last_record_takes_its_folders_along_but_not_the_root(root):
    """Which has a mode and an owner of its own."""
    put(root, "d", "r", "t", age=31)
    prune(root, MONTH, now=NOW)
    assert list(root.iterdir()) == []


def test_a_record_is_as_old_as_its_newest_file(root):
    """An attempt of a month is not old."""
    folder = put(root, "d", "r", "t", age=31)
    os.utime(folder / "output.log", (NOW - DAY,) * 2)
    assert prune(root, MONTH, now=NOW).removed == []


def test_the_oldest_go_until_the_rest_fits(root):
    """In order of their last change."""
    for age in (3, 1, 4, 2):
        put(root, "d", f"r{age}", "t", age=age)
    done = prune(root, Retention(max_size=200), now=NOW)
    assert names(root) == ["d/r1/t/try-1", "d/r2/t/try-1"]
    assert [record.place[1] for record in done.removed] == ["r4", "r3"]
    assert prune(root, Retention(max_size=200), now=NOW).removed == []


def test_both_rules_together(root):
    """What age has removed is not counted."""
    for age in (1, 2, 3, 40):
        put(root, "d", f"r{age}", "t", age=age)
    prune(root, Retention(30 * DAY, 200), now=NOW)
    assert names(root) == ["d/r1/t/try-1", "d/r2/t/try-1"]


def test_without_a_rule_nothing_goes(root):
    """Nor is anything removed in a dry run."""
    put(root, "d", "r", "t", age=400)
    assert not Retention().removes
    assert prune(root, Retention(), now=NOW).removed == []
    done = prune(root, Retention(0.0, 0), now=NOW, dry_run=True)
    assert [record.place for record in done.removed] == [("d", "r", "t", "try-1")]
    assert names(root) == ["d/r/t/try-1"]


@pytest.mark.parametrize("state", ["running", "deferred"])
def test_a_running_attempts_record_stays_until_it_was_not_written_to_for_a_week(root, state):
    """Whichever rule wants it; a killed task leaves its record at running."""
    put(root, "d", "r1", "t", age=6.9, state=state)
    put(root, "d", "r2", "t", age=7.1, state=state)
    done = prune(root, Retention(DAY, 0), now=NOW)
    assert names(root) == ["d/r1/t/try-1"]
    assert (done.running, done.kept, done.kept_size) == (1, 1, 100)


def test_a_real_record_stays_while_it_is_written(root):
    """And goes when it is closed."""
    folder = record_folder(root, "d", "r", "t", -1, 1)
    with Record(folder, 1 << 20) as record:
        record.summary({"v": 1, "state": "running"})
        while not (folder / "summary.json").exists():
            time.sleep(0.01)
        assert prune(root, Retention(0.0, 0)).removed == []
        record.summary({"v": 1, "state": "success"})
    assert len(prune(root, Retention(max_size=0)).removed) == 1
    assert list(root.iterdir()) == []


@pytest.mark.parametrize(
    "place",
    ["d/r/t/logs", "d/r/try-1", "d/r/t/u/try-1", "try-1", "d/r/t/try-x", "d/r/t/try-1x", "d/r/t/map-try-1"],
)
def test_a_folder_elsewhere_is_not_a_record(root, place):
    """Whatever it holds."""
    (root / place).mkdir(parents=True)
    (root / place / "summary.json").write_text('{"state": "success"}')
    touch(root / place, 400)
    assert prune(root, Retention(DAY, 0), now=NOW).removed == []
    assert (root / place / "summary.json").exists()


@pytest.mark.parametrize(
    ("text", "others", "goes"),
    [
        ('{"state": "failed"}', (), True),
        ('{"left_out": "a summary of 9 bytes"}', (), True),
        ('{"total": 3}', ("output.log",), False),
        ("[1]", ("output.log",), False),
        ("{", (), False),
        ("{", ("output.log",), True),
        ("", ("observations.jsonl",), True),
    ],
)
def test_a_summary_of_others_protects_its_folder(root, text, others, goes):
    """A damaged one does not, if the other files of a record are there."""
    folder = root / "d" / "r" / "t" / "try-1"
    folder.mkdir(parents=True)
    (folder / "summary.json").write_text(text)
    for name in others:
        (folder / name).touch()
    touch(folder, 400)
    assert len(prune(root, MONTH, now=NOW).removed) == goes
    assert folder.exists() is not goes


def test_no_link_is_followed_at_any_depth(root, tmp_path):
    """A link within a record goes, what it leads to stays."""
    victim = put(tmp_path / "elsewhere", "d", "r", "t", age=400)
    for place in ("a", "b/r", "c/r/t", "e/r/t/try-1"):
        link = root / place
        link.parent.mkdir(parents=True)
        link.symlink_to(tmp_path.joinpath("elsewhere", "d", "r", "t", "try-1").parents[3 - place.count("/")])
    folder = put(root, "f", "r", "t", age=400)
    (folder / "link").symlink_to(victim)
    (folder / "summary.json").rename(folder / "kept")
    (folder / "summary.json").symlink_to(folder / "kept")
    touch(folder, 400)
    assert prune(root, Retention(0.0, 0), now=NOW).removed == []
    (folder / "summary.json").unlink()
    (folder / "kept").rename(folder / "summary.json")
    assert len(prune(root, Retention(0.0, 0), now=NOW).removed) == 1
    assert sorted(path.name for path in victim.iterdir()) == ["output.log", "summary.json"]


def test_a_folder_within_a_record_goes_with_it(root):
    """The summary goes last: what is left of an interrupted removal is still a record."""
    folder = put(root, "d", "r", "t", age=400)
    (folder / "more" / "deep").mkdir(parents=True)
    (folder / "more" / "deep" / "file").touch()
    touch(folder, 400)
    prune(root, MONTH, now=NOW)
    assert not folder.exists()


def test_a_budget_ends_it_and_each_part_has_its_turn(root):
    """By size nothing goes before everything was met."""
    for run in range(10):
        put(root, "d", f"r{run}", "t", age=40)
    done = prune(root, Retention(None, 0), now=NOW, budget=-1.0)
    assert (done.complete, done.removed) == (False, [])
    first = []
    for start in (0.0, 0.35, 0.99):
        with pytest.MonkeyPatch.context() as patch:
            ticks = iter([0.0, 0.0, *[9.0] * 99])
            patch.setattr("airflow_spark_guard.process.retention.time.monotonic", lambda: next(ticks))  # noqa: B023
            done = prune(root, MONTH, now=NOW, budget=1.0, start=start)
        first += [record.place[1] for record in done.removed]
        assert not done.complete
    assert first == ["r0", "r4", "r9"]


def test_what_cannot_be_removed_is_reported_and_the_rest_goes(root, monkeypatch):
    """One line each."""
    put(root, "d", "r1", "t", age=40)
    put(root, "d", "r2", "t", age=40)
    plain = os.unlink

    def unlink(name, *, dir_fd):
        if str(Path(f"/proc/self/fd/{dir_fd}").readlink()).endswith("r1/t/try-1"):
            raise PermissionError(13, "Permission denied")
        plain(name, dir_fd=dir_fd)

    monkeypatch.setattr(os, "unlink", unlink)
    done = prune(root, MONTH, now=NOW)
    assert done.failed == ["d/r1/t/try-1: Permission denied"]
    assert names(root) == ["d/r1/t/try-1"]
    assert done.kept == 1


def test_a_root_that_does_not_exist_is_an_error(root):
    """The caller says so."""
    with pytest.raises(FileNotFoundError):
        prune(root, MONTH)


def test_a_new_attempt_survives_the_removal_of_the_empty_folder_above_it(root, monkeypatch):
    """At the worst moment: its parents are there, and gone when it makes its own folder."""
    folder = record_folder(root, "d", "r", "t", -1, 2)
    plain = record_folder_module._make_private
    removed = []

    def make_private(path):
        if path == folder and not removed:
            removed.append(path)
            folder.parent.rmdir()
            folder.parent.parent.rmdir()
        plain(path)

    monkeypatch.setattr(record_folder_module, "_make_private", make_private)
    os.close(make(folder))
    assert removed
    assert folder.is_dir()

"""Where records stand."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_spark_guard.process.record_folder import make, record_folder

ROOT = Path("/r")
IDS = st.text(st.characters(), max_size=300) | st.text("./%~aA\\ ", max_size=4)


def test_the_usual_ids_stay_readable():
    """As in Airflow's logs."""
    folder = record_folder(ROOT, "my_dag", "manual__2026-11-20T20:57:04+00:00", "group.task", -1, 2)
    assert folder == Path("/r/my_dag/manual__2026-11-20T20:57:04+00:00/group.task/try-2")
    assert record_folder(ROOT, "d", "r", "t", 3, 1) == Path("/r/d/r/t/map-3-try-1")


@pytest.mark.parametrize(
    ("dag", "name"),
    [
        ("../../etc", "..%2F..%2Fetc"),
        ("..", "%2E%2E"),
        (".", "%2E"),
        ("", "%"),
        ("a~b", "a%7Eb"),
        ("a%2Fb", "a%252Fb"),
        ("a\0b\n", "a%00b%0A"),
        ("größe", "gr%C3%B6%C3%9Fe"),
    ],
)
def test_no_id_leaves_its_place(dag, name):
    """Neither up nor down."""
    assert record_folder(ROOT, dag, "r", "t", -1, 1) == ROOT / name / "r" / "t" / "try-1"


@given(st.lists(st.tuples(IDS, IDS, IDS, st.integers(-1, 3), st.integers(0, 3)), min_size=2, max_size=8))
def test_two_keys_never_share_a_folder_and_none_is_too_long(keys):
    """Whatever the ids hold."""
    folders = {key: record_folder(ROOT, *key) for key in keys}
    assert len(set(folders.values())) == len(set(keys))
    for folder in folders.values():
        assert len(folder.relative_to(ROOT).parts) == 4
        assert all(len(part.encode()) <= 120 for part in folder.parts)
        assert ".." not in folder.parts


def test_long_ids_with_the_same_beginning_differ():
    """By their hash."""
    one, two = (record_folder(ROOT, "d" * 300 + end, "r", "t", -1, 1) for end in "ab")
    assert one != two


def test_the_folder_is_its_owners_and_an_old_one_is_moved_aside(tmp_path):
    """Once: a third run replaces what the first has left."""
    folder = tmp_path / "a" / "try-1"
    for run in range(3):
        os.close(make(folder))
        assert folder.stat().st_mode & 0o777 == 0o700
        assert list(folder.iterdir()) == []
        (folder / f"run-{run}").touch()
    assert [path.name for path in (tmp_path / "a" / "try-1.previous").iterdir()] == ["run-1"]
    assert len(list((tmp_path / "a").iterdir())) == 2


def test_a_link_in_the_place_of_the_folder_is_not_followed(tmp_path):
    """It is moved aside itself."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "try-1").symlink_to(tmp_path / "elsewhere")
    os.close(make(tmp_path / "try-1"))
    assert not (tmp_path / "try-1").is_symlink()
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_file_in_the_way_is_an_error(tmp_path):
    """The record notices."""
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        make(tmp_path / "file" / "try-1")


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o277, 0o777])
def test_every_folder_is_its_owners_alone(tmp_path, umask):
    """Whatever the umask; one that is there already is somebody's, and stays as it is."""
    (tmp_path / "logs").mkdir(mode=0o755)
    (tmp_path / "logs").chmod(0o755)
    before = os.umask(umask)
    try:
        os.close(make(record_folder(tmp_path / "logs" / "records", "d", "r", "t", -1, 1)))
    finally:
        os.umask(before)
    made = sorted(path for path in (tmp_path / "logs").rglob("*") if path.is_dir())
    assert [path.name for path in made] == ["records", "d", "r", "t", "try-1"]
    assert {path.stat().st_mode & 0o777 for path in made} == {0o700}
    assert (tmp_path / "logs").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("kind", ["file", "link", "dangling", "fifo", "folder"])
def test_whatever_stands_in_the_place_of_the_previous_record_gives_way(tmp_path, kind):
    """What a link leads to is left alone."""
    previous, elsewhere = tmp_path / "try-1.previous", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").touch()
    if kind == "file":
        previous.touch()
    elif kind == "fifo":
        os.mkfifo(previous)
    elif kind == "folder":
        (previous / "deep" / "er").mkdir(parents=True)
    else:
        previous.symlink_to(elsewhere if kind == "link" else tmp_path / "nowhere")
    os.close(make(tmp_path / "try-1"))
    (tmp_path / "try-1" / "mine").touch()
    os.close(make(tmp_path / "try-1"))
    assert [path.name for path in previous.iterdir()] == ["mine"]
    assert not previous.is_symlink()
    assert [path.name for path in elsewhere.iterdir()] == ["kept"]


def test_a_previous_record_that_cannot_be_removed_costs_no_new_one(tmp_path, monkeypatch):
    """It may hold what belongs to somebody else."""
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)
    for run in range(3):
        os.close(make(tmp_path / "try-1"))
        (tmp_path / "try-1" / f"run-{run}").touch()
    assert sorted(path.name for path in tmp_path.rglob("run-*")) == ["run-0", "run-1", "run-2"]

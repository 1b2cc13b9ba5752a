"""The note in an attempt's folder: written safely, read safely, removed in time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from airflow_spark_guard.core.failure.takeover import Takeover
from airflow_spark_guard.process import takeover
from airflow_spark_guard.process.leftovers import new_attempt
from airflow_spark_guard.process.takeover import NOTE
from airflow_spark_guard.process.workspace import Workspace, leave_note

NEWER = Takeover(3, 36645.0)


@pytest.fixture
def folder(tmp_path):
    """As an attempt's folder is made."""
    place = tmp_path / "attempt"
    place.mkdir(mode=0o700)
    return place


def test_the_earlier_attempt_reads_what_the_newer_one_writes(folder):
    """Again and again; the newest counts."""
    assert takeover.read(folder) is None
    takeover.leave(folder, Takeover(2, 1.0))
    takeover.leave(folder, NEWER)
    assert takeover.read(folder) == NEWER
    assert (folder / NOTE).stat().st_mode & 0o777 == 0o600


def test_a_folder_that_is_not_private_or_only_a_way_to_one_gets_no_note(folder, tmp_path):
    """Anybody may put such a thing into the temporary folder."""
    (tmp_path / "link").symlink_to(folder)
    takeover.leave(tmp_path / "link", NEWER)
    folder.chmod(0o770)
    takeover.leave(folder, NEWER)
    takeover.leave(tmp_path / "nowhere", NEWER)
    assert list(folder.iterdir()) == []


def test_a_link_in_the_notes_place_is_replaced_and_not_followed(folder, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (folder / NOTE).symlink_to(victim)
    assert takeover.read(folder) is None
    takeover.leave(folder, NEWER)
    assert victim.read_text() == "mine"
    assert takeover.read(folder) == NEWER


@pytest.mark.parametrize("kind", ["folder", "pipe", "huge", "foreign"])
def test_what_is_no_note_is_read_as_none_and_blocks_nobody(folder, kind):
    note = folder / NOTE
    if kind == "folder":
        note.mkdir()
    elif kind == "pipe":
        os.mkfifo(note)
    else:
        note.write_text(
            NEWER.to_json() + " " * 2000 if kind == "huge" else "\udcff{", errors="surrogateescape"
        )
    assert takeover.read(folder) is None


def test_every_earlier_attempt_of_the_task_gets_the_note_and_keeps_it_until_it_is_old():
    """Secrets go at once; the folder goes with its attempt, or with a later try's."""
    task = new_attempt()
    earlier, other = Workspace(task), Workspace(new_attempt())
    earlier.write_properties("spark.password=x")
    (earlier.folder / "sub").mkdir()
    (earlier.folder / "sub" / "file").touch()
    leave_note(task, NEWER)
    later = Workspace(task)
    assert takeover.read(earlier.folder) == NEWER
    assert [entry.name for entry in earlier.folder.iterdir()] == [NOTE]
    assert takeover.read(other.folder) is takeover.read(later.folder) is None
    os.utime(earlier.folder / NOTE, (1.0, 1.0))
    third = Workspace(task)
    assert not Path(earlier.folder).exists()
    for workspace in (other, later, third):
        workspace.remove()

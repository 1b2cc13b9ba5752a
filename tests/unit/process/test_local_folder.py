"""A folder that somebody else writes to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from airflow_spark_guard.process.local_folder import LocalFolder, local_folder


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "root" / "task" / "attempt").mkdir(parents=True)
    return LocalFolder(tmp_path / "root" / "task" / "attempt")


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("file:///a/b/c", "/a/b/c"),
        ("file:///a b/c%20d/e#f?g", "/a b/c%20d/e#f?g"),
        ("file://host/a/b/c", None),
        ("file:///a", None),
        ("s3://bucket/a/b", None),
        ("/a/b/c", None),
        ("", None),
    ],
)
def test_only_an_address_of_this_machine_is_a_folder(url, path):
    """Taken as it is written, as Airflow's object storage takes it."""
    assert local_folder(url) == (None if path is None else LocalFolder(Path(path)))


def test_files_are_listed_and_read(folder):
    """As with any path."""
    for name in ("b", "a"):
        (folder.path / name).write_text(name * 3)
    assert sorted(entry.name for entry in folder.iterdir()) == ["a", "b"]
    with (folder / "a").open("rb") as file:
        assert (file.read(2), file.read()) == (b"aa", b"a")
    with pytest.raises(FileNotFoundError):
        (folder / "c").open("rb")


@pytest.mark.parametrize("kind", ["link", "folder", "fifo", "device", "socket"])
def test_what_is_no_regular_file_is_not_opened(folder, kind):
    """Nor waited for."""
    place = folder.path / "x"
    if kind == "link":
        place.symlink_to("/etc/passwd")
    elif kind == "folder":
        place.mkdir()
    elif kind == "fifo":
        os.mkfifo(place)
    elif kind == "device":
        place = Path("/dev/null")
        folder = LocalFolder(Path("/proc/../dev"))
        with pytest.raises(OSError, match="it is not a regular file: 'null'"):
            (folder / "null").open("rb")
        return
    else:
        import socket

        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(place))
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(OSError, match=r"it is (a link|not a regular file)|No such device"):
        (folder / "x").open("rb")
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.parametrize("part", ["task", "attempt"])
def test_a_link_in_the_place_of_a_folder_of_the_drivers_is_not_followed(tmp_path, folder, part):
    """Neither read, nor removed; above them the path is the administrator's."""
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "attempt").mkdir(parents=True)
    (elsewhere / "attempt" / "x").touch()
    if part == "task":
        folder.path.rmdir()
        folder.path.parent.rmdir()
        folder.path.parent.symlink_to(elsewhere)
    else:
        folder.path.rmdir()
        folder.path.symlink_to(elsewhere / "attempt")
    for action in (lambda: list(folder.iterdir()), (folder / "x").open, lambda: folder.rmdir(recursive=True)):
        with pytest.raises(OSError, match="Not a directory|symbolic link"):
            action()
    assert (elsewhere / "attempt" / "x").exists()
    (tmp_path / "link").symlink_to(tmp_path / "root")
    if part == "attempt":
        folder.path.unlink()
        folder.path.mkdir()
        assert list(LocalFolder(tmp_path / "link" / "task" / "attempt").iterdir()) == []


def test_it_is_removed_with_what_is_in_it(tmp_path, folder):
    """What a link in it leads to stays."""
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "x").touch()
    (folder.path / "link").symlink_to(tmp_path / "kept")
    with pytest.raises(OSError, match="not empty"):
        folder.rmdir(recursive=False)
    folder.rmdir(recursive=True)
    assert not folder.path.exists()
    assert (tmp_path / "kept" / "x").exists()
    folder.path.mkdir()
    folder.rmdir(recursive=False)
    assert folder.path.parent.exists()

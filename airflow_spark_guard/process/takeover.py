"""Writes and reads the note that a newer try leaves in the private folder of the try that it ends."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import time
from typing import TYPE_CHECKING

from airflow_spark_guard.core.failure.takeover import LONGEST_NOTE, Takeover

if TYPE_CHECKING:
    from pathlib import Path

NOTE = "taken-over.json"
# The earlier try reads its note within seconds; where it is dead, a later try removes the folder.
_KEPT_FOR = 600.0


def leave(folder: Path, takeover: Takeover) -> None:
    """Write the note into another attempt's folder; does nothing if other users can access that folder."""
    with contextlib.suppress(OSError):
        # By descriptor, so that the folder that was checked is the one written to.
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            if _is_private(os.fstat(handle)):
                _write(handle, takeover.to_json())
        finally:
            os.close(handle)


def read(folder: Path) -> Takeover | None:
    """The note in this attempt's own folder; None until a newer try has left one."""
    try:
        handle = os.open(folder / NOTE, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return None
        text = os.read(handle, LONGEST_NOTE + 1)
    finally:
        os.close(handle)
    return Takeover.from_json(text.decode(errors="replace")) if len(text) <= LONGEST_NOTE else None


def clear(folder: Path) -> None:
    """Remove an earlier attempt's folder; keep the note in it as long as it may still be read."""
    if not _may_still_be_read(folder / NOTE):
        shutil.rmtree(folder, ignore_errors=True)
        return
    for entry in folder.iterdir():
        if entry.name == NOTE:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)


def _write(handle: int, text: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(NOTE, dir_fd=handle)
    note = os.open(NOTE, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=handle)
    try:
        os.write(note, text.encode())
    finally:
        os.close(note)


def _is_private(found: os.stat_result) -> bool:
    return found.st_uid == os.getuid() and not found.st_mode & (stat.S_IRWXG | stat.S_IRWXO)


def _may_still_be_read(note: Path) -> bool:
    try:
        found = note.lstat()
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and time.time() - found.st_mtime < _KEPT_FOR

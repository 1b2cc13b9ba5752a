"""Private folders in the temporary area: records on their way to an object store, and copies from one."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat
import tempfile
import time
from pathlib import Path
from typing import Final

STALE: Final = 86400.0
"""Seconds after its last change that a folder is kept if its process was killed, or its store was gone."""
_PREFIX: Final = "spark-guard-store-"


def new_path() -> Path:
    """The path of a folder to create with mode 0700; no other user can foresee its name."""
    return Path(tempfile.gettempdir(), f"{_PREFIX}{secrets.token_hex(16)}")


def private_folder() -> Path:
    """A new folder that only this user can read."""
    folder = new_path()
    folder.mkdir(mode=0o700)
    return folder


def touch(folder: Path) -> None:
    """Say that the folder is in use."""
    with contextlib.suppress(OSError):
        os.utime(folder)


def remove(folder: Path) -> None:
    """Remove it with its contents; what cannot be removed stays."""
    shutil.rmtree(folder, ignore_errors=True)


def remove_stale() -> None:
    """Remove those that were left behind: a process was killed, or a store was gone."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        # Every user may write into the temporary area: take only what is ours, and no symbolic link.
        with contextlib.suppress(OSError):
            found = folder.lstat()
            is_ours = found.st_uid == os.getuid() and stat.S_ISDIR(found.st_mode)
            if is_ours and time.time() - found.st_mtime > STALE:
                remove(folder)

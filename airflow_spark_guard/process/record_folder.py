"""The path of an attempt's record, and the creation of its folder."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
import time
from pathlib import Path
from urllib.parse import quote

from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.process.output_file import open_at, write_all

_LONGEST_NAME = 120
_KEPT = 80
_PREVIOUS = ".previous"
_LONGEST_FILE = 1 << 18
_PRIVATE = 0o700


def record_folder(
    root: Path, dag_id: str, run_id: str, task_id: str, map_index: int, try_number: int
) -> Path:
    """``root / dag / run / task / try-1``, or ``map-0-try-1`` for a mapped task; unique for each key.

    Letters, digits and ``_-+:@=,.`` are kept, anything else becomes ``%XX``; a long id ends in a hash.
    """
    mapped = f"map-{map_index}-" if map_index >= 0 else ""
    task = root / folder_name(dag_id) / folder_name(run_id) / folder_name(task_id)
    return task / f"{mapped}try-{try_number}"


def make(folder: Path) -> int:
    """Create the folder, readable by its owner only, and return its descriptor.

    The record of an earlier run of the same try is moved to ``<folder>.previous`` and replaces what was
    there. Other records are removed only by ``process/retention.py``.

    Raises:
        OSError: the store is gone, full or read-only, or the path is taken by something else.
    """
    _make_parents(folder.parent)
    try:
        _make_private(folder)
    except FileExistsError:
        _move_aside(folder)
        _make_private(folder)
    except FileNotFoundError:  # the folder above was empty, and retention has removed it in between
        _make_parents(folder)
    # By descriptor: an earlier run of this try that is still alive keeps writing to the folder moved aside.
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)


def _make_parents(folder: Path) -> None:
    """Create the missing folders, each readable by its owner only; existing ones stay as they are."""
    try:
        _make_private(folder)
    except FileNotFoundError:
        _make_parents(folder.parent)
        _make_parents(folder)
    except FileExistsError:
        if not folder.is_dir():
            raise


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=_PRIVATE)
    folder.chmod(_PRIVATE)  # the umask may have removed permissions


def _move_aside(folder: Path) -> None:
    """Move to ``<folder>.previous`` and replace what is there; to a unique name if that is impossible."""
    previous = Path(f"{folder}{_PREVIOUS}")
    with contextlib.suppress(OSError):
        if stat.S_ISDIR(previous.lstat().st_mode):
            shutil.rmtree(previous, ignore_errors=True)
        else:
            previous.unlink()
    try:
        folder.rename(previous)
    except OSError:
        folder.rename(f"{previous}-{time.time_ns()}")


def leave(folder: Path, name: str, text: str) -> None:
    """Write a file into a closed record, with secrets masked; does nothing if the folder does not exist."""
    data = safe_text(text).encode()[:_LONGEST_FILE]
    with contextlib.suppress(OSError):
        place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            with open_at(place, name, os.O_WRONLY | os.O_TRUNC) as file:
                write_all(file, data)
        finally:
            os.close(place)


def folder_name(name: str) -> str:
    """The name of the folder of a DAG, run or task: unique for its id, without a slash."""
    text = quote(name, safe="+:@=,", errors="surrogatepass").replace("~", "%7E")
    if not text.strip("."):
        text = text.replace(".", "%2E") or "%"
    if len(text) <= _LONGEST_NAME:
        return text
    digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()
    # A tilde occurs in no other name.
    return f"{text[:_KEPT]}~{digest[:32]}"

"""Leaves a request of a user in the record of an attempt."""

from __future__ import annotations

import contextlib
import os
import secrets
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.clock import epoch_now
from airflow_spark_guard.core.errors import RecordError
from airflow_spark_guard.core.live.request import REQUEST, Request, user_name
from airflow_spark_guard.core.text.printable import one_line
from airflow_spark_guard.process.local_folder import LocalFolder

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_spark_guard.core.live.request import Kind

MOST_WAITING: Final = 8
"""Requests that may wait in a record."""
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def leave_request(folder: Path, kind: Kind, user: object) -> Request:
    """Write a request; the attempt looks for it every 2 s.

    Args:
        folder: of the record.
        kind: what is asked for.
        user: the name of who asks.

    Raises:
        RecordError: too many requests wait, or the record cannot be written.
    """
    request = Request(secrets.token_hex(16), kind, user_name(user), epoch_now())
    try:
        with LocalFolder(folder).opened() as place:
            _check_waiting(place)
            _write(place, request)
    except OSError as error:
        raise RecordError(
            "The request cannot be written into the record.",
            got=one_line(f"{error.strerror or type(error).__name__}", 200),
            expected="a record that the API server may write to",
            advice="Run API server and workers as the same user, with the record store mounted for both.",
        ) from error
    return request


def _check_waiting(place: int) -> None:
    with os.scandir(place) as entries:
        waiting = sum(REQUEST.fullmatch(entry.name) is not None for entry in entries)
    if waiting >= MOST_WAITING:
        raise RecordError(
            "Too many requests wait for the attempt.",
            got=f"{waiting} (limit: {MOST_WAITING})",
            expected="an attempt that answers within a few seconds",
            advice="Its worker may be gone: see whether the page still gets reports.",
        )


def _write(place: int, request: Request) -> None:
    """Whole or not at all; the worker may be another user, who only reads it."""
    new = f".{request.name}"
    handle = os.open(new, _NEW, 0o644, dir_fd=place)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(request.text())
        os.rename(new, request.name, src_dir_fd=place, dst_dir_fd=place)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(new, dir_fd=place)
        raise

"""The channel directory's store, as Airflow opens it."""

from __future__ import annotations

from typing import Any


def open_directory(url: str, conn_id: str | None) -> Any:
    """A directory of any store that Airflow's object storage knows.

    Args:
        url: of the directory.
        conn_id: the Airflow connection for the store; None for its default.
    """
    from airflow.sdk import ObjectStoragePath  # noqa: PLC0415 - it loads the file systems

    return ObjectStoragePath(url, conn_id=conn_id)

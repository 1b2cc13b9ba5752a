"""Stores as Airflow opens them: the channel directory's, and that of records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.errors import BadInputError
from airflow_spark_guard.core.text.printable import one_line
from airflow_spark_guard.hooks.raw_connection import not_found
from airflow_spark_guard.process.object_store import ObjectStore

if TYPE_CHECKING:
    from airflow_spark_guard.core.store_address import StoreAddress


def open_directory(url: str, conn_id: str | None) -> Any:
    """A directory of any store that Airflow's object storage knows.

    Args:
        url: of the directory.
        conn_id: the Airflow connection for the store; None for its default, or for the one in the URL.
    """
    from airflow.sdk import ObjectStoragePath  # noqa: PLC0415 - it loads the file systems

    return ObjectStoragePath(url, conn_id=conn_id)


def open_store(address: StoreAddress) -> ObjectStore:
    """The store of records at this address, with the credentials of its Airflow connection.

    Raises:
        ConnectionMissingError: the connection in the address does not exist.
        BadInputError: there is no file system for its scheme.
    """
    if address.conn_id:  # without it Airflow's provider for S3 would look for other credentials, or use none
        _check_connection(address)
    try:
        path = open_directory(address.url, None)
        system, root = path.fs, str(path.path)
    except Exception as error:
        raise BadInputError(
            f"The record store {address} cannot be opened.",
            got=one_line(f"{type(error).__name__}: {error}", 300).rstrip("."),
            expected="a scheme whose file system is installed, and an Airflow connection that exists",
            advice=f"For {address.scheme}:// workers and API server need: {address.brings}",
        ) from error
    return ObjectStore(system, root)


def _check_connection(address: StoreAddress) -> None:
    from airflow.providers.common.compat.sdk import BaseHook  # noqa: PLC0415 - it imports Airflow

    try:
        BaseHook.get_connection(address.conn_id)
    except Exception as error:
        raise not_found(
            address.conn_id,
            error,
            "the connection of the record store",
            f"Create it, or correct its id in {address}: Airflow's option [spark_guard] record_folder.",
        ) from error

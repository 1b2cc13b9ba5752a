"""Records of an object store on the command line: copied into a private local folder first."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.errors import RecordError
from airflow_spark_guard.core.store_address import StoreAddress
from airflow_spark_guard.core.text.printable import one_line
from airflow_spark_guard.process import private_folder
from airflow_spark_guard.process.record import OBSERVATIONS, SUMMARY
from airflow_spark_guard.process.record_key import record_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_spark_guard.process.object_store import ObjectStore

FOR_LIMITS: Final = frozenset({SUMMARY, OBSERVATIONS})
_PARTS: Final = 4  # of a record's place: DAG, run, task and try
_MOST: Final = 5000


@contextlib.contextmanager
def fetched(place: Path | StoreAddress, names: frozenset[str] = frozenset()) -> Iterator[Path]:
    """The place as a local folder: itself, or a copy that is removed at the end.

    Args:
        place: of records.
        names: of the files to copy; empty for all that an attempt writes.

    Raises:
        RecordError: the store cannot be read.
        BadInputError: it cannot be opened.
    """
    if isinstance(place, Path):
        yield place
        return
    folder = private_folder.private_folder()
    try:
        _copy(place, folder, names)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def fetched_record(place: Path | StoreAddress) -> Iterator[Path]:
    """The folder of one record, as :func:`fetched`.

    Raises:
        RecordError: it does not exist, or the store cannot be read.
        BadInputError: the store cannot be opened.
    """
    with fetched(place) as folder:
        if isinstance(place, StoreAddress):
            folder = folder.joinpath(*place.parts[-_PARTS:])  # noqa: PLW2901 - the record in the copy
        yield folder


def opened(address: StoreAddress) -> ObjectStore:
    """The store at an address.

    Raises:
        BadInputError: it cannot be opened.
    """
    from airflow_spark_guard.hooks.object_storage import open_store  # noqa: PLC0415 - it imports Airflow

    return open_store(address)


def unreadable(address: StoreAddress, error: OSError) -> RecordError:
    """The error for a store that does not answer as it should."""
    return RecordError(
        "The record store cannot be read.",
        got=one_line(f"{address}: {error.strerror or type(error).__name__}", 1000),
        expected="a store that the Airflow connection in its address may list and read",
        advice="Check the connection: airflow connections get ID.",
    )


def _copy(address: StoreAddress, folder: Path, names: frozenset[str]) -> None:
    store = opened(address)
    try:
        for one in store.files()[: _MOST * 10]:
            # However deep the address is, a record's file ends in these.
            tail = (*address.parts, *one.key.split("/"))[-_PARTS - 1 :]
            key = record_key("/".join(tail), with_previous=True)
            if key is not None and (not names or key.name in names):
                target = folder / key.key
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                store.get(one.key, target)
    except OSError as error:
        raise unreadable(address, error) from error

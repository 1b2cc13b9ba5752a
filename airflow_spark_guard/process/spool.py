"""A record that belongs into an object store: written into a private local folder, and copied from there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from airflow_spark_guard.process import private_folder
from airflow_spark_guard.process.record import NoRecord, Record

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spark_guard.core.store_address import StoreAddress

_PARTS = 4  # of a record's place: DAG, run, task and try


@dataclass(frozen=True)
class Spool:
    """Where a record is written, and where it goes.

    Attributes:
        folder: of the record, ``<root>/<dag>/<run>/<task>/try-1``; its root is removed with it.
        address: of the store of all records.
    """

    folder: Path
    address: StoreAddress

    @classmethod
    def of(cls, address: StoreAddress, place: Callable[[Path], Path]) -> Spool:
        """A new one; nothing is created.

        Args:
            address: of the store.
            place: the folder of the record below a root.
        """
        return cls(place(private_folder.new_path()), address)

    def __str__(self) -> str:
        return self.address.below(self.place)

    @property
    def root(self) -> Path:
        """The private folder."""
        return self.folder.parents[_PARTS - 1]

    @property
    def place(self) -> str:
        """The record's place in the store, ``dag/run/task/try-1``."""
        return "/".join(self.folder.parts[-_PARTS:])


Place: TypeAlias = Path | Spool
"""Where an attempt writes its record: a folder in the store of records, or one on its way to such a store."""


def folder_of(place: Place | None) -> Path | None:
    """The folder that a record is written to."""
    return place.folder if isinstance(place, Spool) else place


def open_record(place: Place | None, size: int) -> Record | NoRecord:
    """The record in this place, of at most so many bytes; one that keeps nothing for None."""
    if isinstance(place, Spool):
        return Record(place.folder, size, str(place))
    return NoRecord() if place is None else Record(place, size)

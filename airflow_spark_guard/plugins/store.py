"""The store of records as the page reads it: the folder or the object store that Airflow's option names."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from airflow_spark_guard.core.errors import BadInputError, RecordError
from airflow_spark_guard.core.store_address import StoreAddress
from airflow_spark_guard.core.text.printable import one_line
from airflow_spark_guard.hooks.object_storage import open_store
from airflow_spark_guard.hooks.settings import record_root
from airflow_spark_guard.plugins.listing import Attempts
from airflow_spark_guard.plugins.store_mirror import Needs, StoreMirror
from airflow_spark_guard.plugins.store_threads import StoreSlowError, StoreThreads

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from airflow_spark_guard.process.object_store import ObjectStore

T = TypeVar("T")
_RIGHTS: Final = "The API server needs the rights of the user that runs the tasks: records have mode 0700."
_ACCESS: Final = (
    "The API server needs the Airflow connection in that address, with the rights to list and read objects, "
    "and for the buttons to write them."
)
_AGAIN: Final = "The page asks again; jobs do not wait for it."
_ALL: Final = Needs()


class StoreGoneError(Exception):
    """The store cannot be used; the text says why, for the page."""


@dataclass
class Store:
    """The store.

    Args:
        root: finds where all records are; None if records are switched off.
        threads: on which it is read.
        open_store: opens an object store.
    """

    root: Callable[[], Path | StoreAddress | None] = record_root
    threads: StoreThreads = field(default_factory=StoreThreads)
    open_store: Callable[[StoreAddress], ObjectStore] = open_store
    _attempts: Attempts | None = None
    _address: StoreAddress | None = None
    _mirror: StoreMirror | None = None

    async def read(self, function: Callable[[Path, Attempts], T], needs: Needs = _ALL) -> T:
        """The result of a function that reads the store; it gets the root and the attempts.

        Args:
            function: what reads, on a thread.
            needs: what it reads: that much of an object store is brought up to date before.

        Raises:
            StoreGoneError: records are switched off, or the store is gone, unreadable or too slow.
        """
        try:
            root = self.root()
        except BadInputError as error:
            raise StoreGoneError(one_line(f"{error.what} {error.advice}", 500)) from error
        if root is None:
            raise StoreGoneError("Records are switched off by Airflow's option [spark_guard] record_folder.")
        try:
            if isinstance(root, StoreAddress):
                return await self.threads.run(partial(self._read_mirrored, root, function, needs))
            attempts = self._attempts_in(root)
            return await self.threads.run(lambda: function(root, attempts))
        except StoreSlowError as error:
            raise StoreGoneError(str(error)) from error
        except RecordError:
            raise
        except (OSError, BadInputError) as error:
            raise StoreGoneError(_reason(root, error)) from error

    def _read_mirrored(
        self, address: StoreAddress, function: Callable[[Path, Attempts], T], needs: Needs
    ) -> T:
        mirror = self._mirror_of(address)
        mirror.refresh(needs)
        if needs.task is None and mirror.is_whole and not any(mirror.root.iterdir()):
            raise FileNotFoundError
        found = function(mirror.root, self._attempts_in(mirror.root, lambda: mirror.is_whole))
        mirror.send(needs)
        return found

    def _mirror_of(self, address: StoreAddress) -> StoreMirror:
        if self._mirror is None or self._address != address:
            self._address, self._mirror = address, StoreMirror(partial(self.open_store, address))
        return self._mirror

    def _attempts_in(self, root: Path, is_whole: Callable[[], bool] | None = None) -> Attempts:
        if self._attempts is None or self._attempts.root != root:
            self._attempts = Attempts(root) if is_whole is None else Attempts(root, is_whole)
        return self._attempts


def _reason(root: Path | StoreAddress, error: OSError | BadInputError) -> str:
    """Why the store cannot be used, for the page."""
    place = one_line(str(root), 300)
    if isinstance(error, BadInputError):
        return one_line(f"{error.what} {error.got}. {error.advice}", 900)
    if isinstance(root, StoreAddress):
        if isinstance(error, FileNotFoundError):
            why = error.strerror or "there is no record"
            return (
                f"Nothing was found below {place}: {one_line(why, 300)}. Either no guarded task has run yet, "
                "or the workers use another address."
            )
        why = one_line(error.strerror or type(error).__name__, 300).rstrip(".")
        advice = _ACCESS if isinstance(error, PermissionError) else _AGAIN
        return f"The record store {place} cannot be read: {why}. {advice}"
    if isinstance(error, FileNotFoundError):
        return (
            f"There is no folder {place} on the API server. Either no guarded task has run yet, or the "
            "record store is not mounted here."
        )
    why = one_line(error.strerror or type(error).__name__, 200)
    return f"The record store cannot be read: {why}. {_RIGHTS}"

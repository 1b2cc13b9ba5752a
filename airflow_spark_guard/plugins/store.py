"""The store of records as the page reads it: the folder that Airflow's option names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from airflow_spark_guard.core.errors import RecordError
from airflow_spark_guard.core.text.printable import one_line
from airflow_spark_guard.hooks.settings import record_root
from airflow_spark_guard.plugins.listing import Attempts
from airflow_spark_guard.plugins.store_threads import StoreSlowError, StoreThreads

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")


class StoreGoneError(Exception):
    """The store cannot be used; the text says why, for the page."""


@dataclass
class Store:
    """The store.

    Args:
        root: finds the folder of all records; None if records are switched off.
        threads: on which it is read.
    """

    root: Callable[[], Path | None] = record_root
    threads: StoreThreads = field(default_factory=StoreThreads)
    _attempts: Attempts | None = None

    async def read(self, function: Callable[[Path, Attempts], T]) -> T:
        """The result of a function that reads the store; it gets the root and the attempts.

        Raises:
            StoreGoneError: records are switched off, or the store is gone, unreadable or too slow.
        """
        root = self.root()
        if root is None:
            raise StoreGoneError("Records are switched off by Airflow's option [spark_guard] record_folder.")
        if self._attempts is None or self._attempts.root != root:
            self._attempts = Attempts(root)
        attempts = self._attempts
        try:
            return await self.threads.run(lambda: function(root, attempts))
        except StoreSlowError as error:
            raise StoreGoneError(str(error)) from error
        except FileNotFoundError:
            raise StoreGoneError(
                f"There is no folder {one_line(str(root), 300)} on the API server. Either no guarded task "
                "has run yet, or the record store is not mounted here."
            ) from None
        except RecordError:
            raise
        except OSError as error:
            raise StoreGoneError(
                f"The record store cannot be read: {one_line(error.strerror or type(error).__name__, 200)}. "
                "The API server needs the rights of the user that runs the tasks: records have mode 0700."
            ) from error

"""The record of a try that goes to an object store: copied while the task runs, completed at its end."""

from __future__ import annotations

import contextlib
import threading
from functools import partial
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.errors import SparkGuardError
from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.hooks.object_storage import open_store
from airflow_spark_guard.process import private_folder
from airflow_spark_guard.process.record_upload import PATIENCE, RecordUpload
from airflow_spark_guard.process.spool import Spool

if TYPE_CHECKING:
    from airflow_spark_guard.attempt.marked_log import MarkedLog
    from airflow_spark_guard.process.spool import Place

_LONGEST_FILE: Final = 1 << 18


def leave_in_store(spool: Spool, name: str, text: str, patience: float = PATIENCE) -> None:
    """Add a file to a record that is in its store already, with secrets masked; nothing is raised.

    A task that was deferred ends in another process than it began in, which has no local copy.

    Args:
        spool: the record.
        name: of the file.
        text: its content.
        patience: seconds that this waits for the store.
    """
    data = safe_text(text).encode()[:_LONGEST_FILE]
    thread = threading.Thread(target=_add, args=(spool, name, data), name="spark-guard-upload", daemon=True)
    thread.start()
    thread.join(patience)


def _add(spool: Spool, name: str, data: bytes) -> None:
    with contextlib.suppress(SparkGuardError, OSError):  # a courtesy: the exception is in the task log too
        store = open_store(spool.address)
        if store.files(spool.place):
            store.write(f"{spool.place}/{name}", data)


class Recording:
    """Copies a record as long as its task runs; one that is written into a folder is where it belongs.

    Args:
        log: gets a line when the store fails, and one if the record is not complete at the end.
    """

    def __init__(self, log: MarkedLog) -> None:
        self._log = log
        self._spool: Spool | None = None
        self._upload: RecordUpload | None = None

    def start(self, record: Place | None) -> None:
        """Begin.

        Args:
            record: of the try; None without one.
        """
        if isinstance(record, Spool):
            private_folder.remove_stale()
            self._spool = record
            warn = partial(self._log.warning, "%s")
            self._upload = RecordUpload(record, partial(open_store, record.address), warn)

    def close(self, patience: float = PATIENCE) -> None:
        """Copy the rest; nothing is raised.

        Args:
            patience: seconds that the end of the task waits for the store.
        """
        if self._upload is None or self._spool is None:
            return
        if missing := self._upload.close(patience):
            self._log.warning("%s For a day all of it is on this worker: %s", missing, self._spool.folder)
        else:
            private_folder.remove(self._spool.root)

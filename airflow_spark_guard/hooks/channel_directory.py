"""The channel directory as Airflow reads it: every store that its object storage knows."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.cluster.channel_files import LARGEST_FILE, ChannelFiles
from airflow_spark_guard.core.errors import BadInputError
from airflow_spark_guard.core.output.output import safe_text
from airflow_spark_guard.core.protocol import parse
from airflow_spark_guard.core.watch.heard import Heard

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spark_guard.core.protocol import Message


class ChannelDirectory:
    """Where one try's driver puts what it says.

    Args:
        url: of the try's own directory, as Airflow names it.
        conn_id: the Airflow connection for the store; None for its default.

    Attributes:
        trouble: why the last look failed; empty when it did not.
        heard: what the driver has said so far; times are seconds since the epoch.
    """

    def __init__(self, url: str, conn_id: str | None = None) -> None:
        self._url, self._conn_id = url, conn_id
        self._files = ChannelFiles()
        self.trouble = ""
        self.heard = Heard()

    def check(self) -> None:
        """Whether the store can be read at all.

        Raises:
            BadInputError: it cannot; the job's end would never be heard.
        """
        self._names()
        if self.trouble:
            raise BadInputError(
                "The channel directory cannot be read.",
                got=self.trouble,
                expected=f"a directory that driver and Airflow reach: {safe_text(self._url)}",
                advice="Mend channel_directory in the Airflow connection's extra, or name Airflow's way to "
                "it (channel_directory_airflow, channel_conn_id).",
            )

    def read(self, now: float, tell: Callable[[Message], None]) -> None:
        """Take in what is new.

        Args:
            now: seconds since the epoch.
            tell: is given each message.

        Raises:
            ProtocolError: a line is not of the wire protocol.
        """
        another, names = self._files.next(self._names())
        if another:
            self.heard = Heard()
        for name in names:
            content = self._content(name)
            if content is None:
                return
            self._files.taken()
            for line in content.splitlines():
                message = parse(line)
                self.heard.hear(message, now)
                tell(message)

    def remove(self) -> None:
        """Remove the try's directory; it may be the driver's user's own, and stay."""
        with contextlib.suppress(Exception):
            self._path().rmdir(recursive=True)

    def _names(self) -> list[str]:
        self.trouble = ""
        try:
            return [path.name for path in self._path().iterdir()]
        except (FileNotFoundError, NotADirectoryError):  # the driver makes it
            return []
        except Exception as error:  # noqa: BLE001 - each store raises errors of its own
            self.trouble = safe_text(f"{type(error).__name__}: {error}")[:300]
            return []

    def _content(self, name: str) -> bytes | None:
        try:
            with (self._path() / name).open("rb") as file:
                return bytes(file.read(LARGEST_FILE))
        except Exception as error:  # noqa: BLE001 - as above; it comes again with the next look
            self.trouble = safe_text(f"{name}: {type(error).__name__}: {error}")[:300]
            return None

    def _path(self) -> Any:
        from airflow.sdk import ObjectStoragePath  # noqa: PLC0415 - it loads the file systems

        return ObjectStoragePath(self._url, conn_id=self._conn_id)

"""The channel directory as Airflow reads it, on any store that its object storage supports."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.clock import LaunchTime
from airflow_spark_guard.core.cluster.channel_files import LARGEST_FILE, ChannelFiles
from airflow_spark_guard.core.errors import BadInputError
from airflow_spark_guard.core.protocol import parse_lines
from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.core.watch.channel_state import ChannelState
from airflow_spark_guard.process.local_folder import local_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spark_guard.core.protocol import Message

    OpenDirectory = Callable[[str, str | None], Any]  # by URL and connection id; returns a kind of Path

_PATIENCE = 10.0  # seconds
# In one read; they are kept in memory.
_MOST_FILES = 8


def no_store(url: str, _: str | None) -> Any:
    """Refuse every directory: only local ones can be opened.

    Raises:
        BadInputError: always.
    """
    raise BadInputError(
        "The channel directory cannot be opened here.",
        got=safe_text(url),
        expected="a local directory, or a hook that can open object stores",
        advice="Use SafeSparkSubmitHook, which reads every store that Airflow's object storage supports.",
    )


class ChannelDirectory:
    """The directory that one try's driver writes its messages to.

    Args:
        url: of the try's own directory, as Airflow names it.
        conn_id: the Airflow connection for the store; None for its default.
        open_directory: opens a directory that is not local.

    Attributes:
        trouble: why the last read failed; empty if it did not.
        ``channel_state``: what the driver has reported so far.
        has_more: whether the last read left files for the next one.
    """

    def __init__(
        self, url: str, conn_id: str | None = None, open_directory: OpenDirectory = no_store
    ) -> None:
        self._url, self._conn_id, self._open = url, conn_id, open_directory
        self._files = ChannelFiles()
        self._local = local_folder(url)
        self._fetched: deque[tuple[bool, bytes]] = deque()
        self._late: threading.Thread | None = None
        self.trouble = ""
        self.has_more = False
        self.channel_state = ChannelState()

    def check(self) -> None:
        """Check that the store can be read.

        Raises:
            BadInputError: it cannot; the guard would never learn that the job has ended.
        """
        self._in_time(self._names)
        if self.trouble:
            raise BadInputError(
                "The channel directory cannot be read.",
                got=self.trouble,
                expected=f"a directory that both the driver and Airflow can reach: {safe_text(self._url)}",
                advice="Correct channel_directory in the Airflow connection's extra, or Airflow's way to it "
                "(channel_directory_airflow, channel_conn_id).",
            )

    def read(self, now: LaunchTime, on_message: Callable[[Message], None]) -> None:
        """Read the new messages; a store that does not answer delays the caller for at most 10 s.

        Args:
            now: the time of this read.
            on_message: takes each message.

        Raises:
            ProtocolError: a line that does not follow the wire protocol.
        """
        self.has_more = False
        self._in_time(self._fetch)
        while self._fetched:
            another, content = self._fetched.popleft()
            if another:
                self.channel_state = ChannelState()
            for message in parse_lines(content.split(b"\n")):
                self.channel_state.receive(message, now)
                on_message(message)

    def remove(self) -> None:
        """Remove the try's directory; it stays if it belongs to the driver's user alone."""
        self._in_time(lambda: self._path().rmdir(recursive=True))

    def _fetch(self) -> None:
        """Read the next files, each with whether it is the first one of another driver."""
        another, names = self._files.next(self._names())
        self.has_more = len(names) > _MOST_FILES
        for name in names[:_MOST_FILES]:
            with (self._path() / name).open("rb") as file:
                self._fetched.append((another, bytes(file.read(LARGEST_FILE))))
            self._files.taken()
            another = False

    def _names(self) -> list[str]:
        try:
            return [path.name for path in self._path().iterdir()]
        except (FileNotFoundError, NotADirectoryError):  # the driver creates it
            return []

    def _in_time(self, action: Callable[[], object]) -> None:
        """Run the action and wait up to 10 s for it; ``trouble`` has the reason if it fails.

        It runs on a thread of its own, because no timeout can interrupt a file system that hangs. While a
        late action still runs, the next call waits for it and starts nothing else.
        """
        if self._late is None or self._is_done(self._late):
            self._late, self.trouble = threading.Thread(target=self._try, args=(action,), daemon=True), ""
            self._late.start()
            self._is_done(self._late)

    def _is_done(self, thread: threading.Thread) -> bool:
        thread.join(_PATIENCE)
        if thread.is_alive():
            self.trouble = f"no answer within {_PATIENCE:g} s"
        return not thread.is_alive()

    def _try(self, action: Callable[[], object]) -> None:
        try:
            action()
        except Exception as error:  # noqa: BLE001 - each store raises its own errors
            self.trouble = safe_text(f"{type(error).__name__}: {error}")[:300]

    def _path(self) -> Any:
        return self._local if self._local is not None else self._open(self._url, self._conn_id)

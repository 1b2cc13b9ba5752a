"""The channel directory as Airflow reads it: every store that its object storage knows."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.clock import LaunchTime
from airflow_spark_guard.core.cluster.channel_files import LARGEST_FILE, ChannelFiles
from airflow_spark_guard.core.errors import BadInputError
from airflow_spark_guard.core.protocol import parse_lines
from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.core.watch.heard import Heard
from airflow_spark_guard.process.local_folder import local_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spark_guard.core.protocol import Message

    OpenDirectory = Callable[[str, str | None], Any]  # by URL and connection id; the answer is like a Path

_PATIENCE = 10.0  # seconds
# At one look; they are held in memory.
_MOST_FILES = 8


def no_store(url: str, _: str | None) -> Any:
    """Open no directory but local ones.

    Raises:
        BadInputError: always.
    """
    raise BadInputError(
        "The channel directory cannot be opened here.",
        got=safe_text(url),
        expected="a local directory, or a hook that opens object stores",
        advice="Use SafeSparkSubmitHook, which reads every store that Airflow's object storage knows.",
    )


class ChannelDirectory:
    """Where one try's driver puts what it says.

    Args:
        url: of the try's own directory, as Airflow names it.
        conn_id: the Airflow connection for the store; None for its default.
        open_directory: opens a directory that is not a local one.

    Attributes:
        trouble: why the last look failed; empty when it did not.
        heard: what the driver has said so far.
        has_more: whether files are left that the last look did not reach.
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
        self.heard = Heard()

    def check(self) -> None:
        """Whether the store can be read at all.

        Raises:
            BadInputError: it cannot; the job's end would never be heard.
        """
        self._in_time(self._names)
        if self.trouble:
            raise BadInputError(
                "The channel directory cannot be read.",
                got=self.trouble,
                expected=f"a directory that driver and Airflow reach: {safe_text(self._url)}",
                advice="Correct channel_directory in the Airflow connection's extra, or the path by which "
                "Airflow reaches it (channel_directory_airflow, channel_conn_id).",
            )

    def read(self, now: LaunchTime, tell: Callable[[Message], None]) -> None:
        """Take in what is new; a store that does not answer holds nobody up for more than 10 s.

        Args:
            now: the time of this look.
            tell: is given each message.

        Raises:
            ProtocolError: a line is not of the wire protocol.
        """
        self.has_more = False  # unless this look says so
        self._in_time(self._fetch)
        while self._fetched:
            another, content = self._fetched.popleft()
            if another:
                self.heard = Heard()
            for message in parse_lines(content.split(b"\n")):
                self.heard.hear(message, now)
                tell(message)

    def remove(self) -> None:
        """Remove the try's directory; it may be the driver's user's own, and stay."""
        self._in_time(lambda: self._path().rmdir(recursive=True))

    def _fetch(self) -> None:
        """The contents of the next files, and whether each is the first one of another driver."""
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
        except (FileNotFoundError, NotADirectoryError):  # the driver makes it
            return []

    def _in_time(self, action: Callable[[], object]) -> None:
        """Do it, and wait for it up to 10 s; ``trouble`` says why it was not done.

        On a thread of its own, since no limit of ours interrupts a file system that hangs. What has taken too
        long is waited for the next time, and nothing is begun beside it.
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
        except Exception as error:  # noqa: BLE001 - each store raises errors of its own
            self.trouble = safe_text(f"{type(error).__name__}: {error}")[:300]

    def _path(self) -> Any:
        return self._local if self._local is not None else self._open(self._url, self._conn_id)

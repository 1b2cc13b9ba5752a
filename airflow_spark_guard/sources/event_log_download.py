"""The event log of an application from a history server: ``/api/v1/applications/APP/logs``, a zip."""

from __future__ import annotations

from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote

from airflow_spark_guard.core.errors import MonitorError
from airflow_spark_guard.core.text.printable import one_line
from airflow_spark_guard.core.web.access import Access
from airflow_spark_guard.core.web.answer import Request, UnusableAnswerError, decoded
from airflow_spark_guard.sources.blocking import waiting
from airflow_spark_guard.sources.event_log import read_zip
from airflow_spark_guard.sources.http import HttpSource
from airflow_spark_guard.sources.remote import opened

if TYPE_CHECKING:
    import httpx

    from airflow_spark_guard.core.history.event_fold import Watcher
    from airflow_spark_guard.core.history.model import ApplicationHistory
    from airflow_spark_guard.core.web.answer import Dialogue

LARGEST = 64 << 30
"""Bytes of a zip that are downloaded at most."""
_OK = 200
_SILENCE = 60.0
_PATIENCE = 3600.0
_LONGEST = 300


def read_from_history_server(
    url: str,
    application_id: str,
    *,
    access: Access | None = None,
    watcher: Watcher | None = None,
    largest: int = LARGEST,
) -> ApplicationHistory:
    """The history of an application from the log that a history server has; of its last attempt.

    The zip is kept in a temporary file, which is deleted.

    Args:
        url: the server, such as ``http://host:18080``.
        application_id: Spark's application id.
        access: credentials for the server; None for none.
        watcher: as in ``read_event_log``.
        largest: limit of the zip, in bytes.

    Raises:
        MonitorError: the server gave no log of this application.
        BadInputError: the log cannot be read.
        ConnectionMissingError: the file of certificates of ``access`` cannot be read.
    """
    with TemporaryFile() as file:
        try:
            waiting(_download)(url, application_id, file, access or Access(), largest)
        except UnusableAnswerError as error:
            raise MonitorError(
                f"The history server {one_line(url, _LONGEST)} gave no event log of "
                f"{one_line(application_id, _LONGEST)}.",
                got=one_line(str(error), _LONGEST),
                expected="a zip with the log, from a server that has read it",
                advice=error.advice or "Check the address and the application's id, or read the log itself.",
            ) from error
        file.seek(0)
        return read_zip(file, f"of {application_id}", watcher=watcher)


async def _download(url: str, application_id: str, file: IO[bytes], access: Access, largest: int) -> None:
    source = opened(_Download, url, file, largest, access=access)
    try:
        await source.run(_logs(application_id))
    finally:
        await source.aclose()


def _logs(application_id: str) -> Dialogue[None]:
    answer = yield Request(f"/api/v1/applications/{quote(application_id, safe='')}/logs")
    if answer.status != _OK:
        decoded(answer, "the event log")


class _Download(HttpSource):
    """Writes the body of an answer into a file, so that it need not fit into memory.

    Args:
        base_url: as of an :class:`HttpSource`, like ``access``.
        file: open for writing.
        largest: bytes that the body may have.
        access: credentials and certificates.
    """

    def __init__(self, base_url: str, file: IO[bytes], largest: int, *, access: Access, **given: Any) -> None:
        super().__init__(base_url, timeout=_SILENCE, access=access, **given)
        self._budget = _PATIENCE
        self._file, self._largest = file, largest

    async def _body(self, response: httpx.Response) -> bytes:
        if response.status_code != _OK:
            return await super()._body(response)
        size = 0
        async for chunk in response.aiter_raw():
            size += len(chunk)
            if size > self._largest:
                raise UnusableAnswerError(f"the zip is larger than {self._largest} bytes")
            self._file.write(chunk)
        return b""

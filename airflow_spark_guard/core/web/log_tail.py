"""The end of a log on the log page of a standalone worker. No I/O; see ``sources/log_page.py`` for that."""

from __future__ import annotations

import re
from typing import NamedTuple

from airflow_spark_guard.core.web.answer import Answer, Dialogue, Request, UnusableAnswerError

_OK = 200
_HEADER = re.compile(rb"==== Bytes \d{1,18}-(\d{1,18}) of \d+ of [^\n]*====\n")


class LogEnd(NamedTuple):
    """The end of a log: where it ends, in bytes from the log's beginning, and the last bytes. Untrusted."""

    end: int
    raw: bytes

    @property
    def text(self) -> str:
        """All of it."""
        return self.raw.decode(errors="replace")

    def after(self, offset: int) -> str:
        """What was written after that offset of the log, as far as it is here."""
        new = max(0, self.end - offset)
        return self.raw[-new:].decode(errors="replace") if new else ""


def tail(stderr_url: str, length: int) -> Dialogue[str]:
    """The text of :func:`ending`."""
    return (yield from ending(stderr_url, length)).text


def ending(stderr_url: str, length: int) -> Dialogue[LogEnd]:
    """The last ``length`` bytes of a log, without the page's header.

    Raises:
        UnusableAnswerError: the address is not that of such a page, or there is no log.
    """
    if not stderr_url.startswith(("http://", "https://")) or "/logPage/?" not in stderr_url:
        raise UnusableAnswerError("not the log page of a standalone worker")
    url = stderr_url.replace("/logPage/?", "/log/?", 1)
    return _end((yield Request(f"{url}&byteLength={length}")), length)


def _end(answer: Answer, length: int) -> LogEnd:
    header = _HEADER.match(answer.body)
    if answer.status != _OK or header is None:
        raise UnusableAnswerError(f"no executor log at this address: HTTP status {answer.status}")
    return LogEnd(int(header[1]), answer.body[header.end() :][-length:])

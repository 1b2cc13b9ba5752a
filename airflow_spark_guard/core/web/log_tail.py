"""The end of a log on the log page of a standalone worker. No I/O; see ``sources/log_page.py`` for that."""

from __future__ import annotations

import re

from airflow_spark_guard.core.web.answer import Answer, Dialogue, Request, UnusableAnswerError

_OK = 200
_HEADER = re.compile(r"==== Bytes \d+-\d+ of \d+ of [^\n]*====\n")


def tail(stderr_url: str, length: int) -> Dialogue[str]:
    """The last ``length`` bytes of a log, without the page's header; untrusted text.

    Raises:
        UnusableAnswerError: the address is not that of such a page, or there is no log.
    """
    if not stderr_url.startswith(("http://", "https://")) or "/logPage/?" not in stderr_url:
        raise UnusableAnswerError("not the log page of a standalone worker")
    url = stderr_url.replace("/logPage/?", "/log/?", 1)
    return _text((yield Request(f"{url}&byteLength={length}")), length)


def _text(answer: Answer, length: int) -> str:
    text = answer.body.decode(errors="replace")
    header = _HEADER.match(text)
    if answer.status != _OK or header is None:
        raise UnusableAnswerError(f"no executor log at this address: HTTP status {answer.status}")
    return text[header.end() :][-length:]

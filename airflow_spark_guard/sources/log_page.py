"""The end of an executor's stderr, from the log page of its worker."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from airflow_spark_guard.core.web import log_tail
from airflow_spark_guard.sources.at_once import ask_all
from airflow_spark_guard.sources.blocking import waiting
from airflow_spark_guard.sources.http import HttpSource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.core.web.log_tail import LogEnd

_LENGTH = 65536
_HEADER = 4096  # the page's first line names a path
_AT_ONCE = 8  # log pages are on many workers; eight answers of 16 kB are little for one machine


async def tail_async(stderr_url: str, length: int = _LENGTH, *, timeout: float = 5.0) -> str:  # noqa: ASYNC109 - of one silence
    """The last ``length`` bytes of the log behind ``Executor.stderr_url``; untrusted text.

    Args:
        stderr_url: only http and https, only a standalone worker's log page.
        length: in bytes.
        timeout: longest silence of the worker, in seconds; the whole may take three times that.

    Raises:
        UnusableAnswerError: the worker is gone, or what is there is no such log.
    """
    source = HttpSource(timeout=timeout, max_body=length + _HEADER)
    try:
        return await source.run(log_tail.tail(stderr_url, length))
    finally:
        await source.aclose()


async def tails_async(
    stderr_urls: Mapping[str, str], length: int = _LENGTH, *, seconds: float
) -> dict[str, LogEnd | None]:
    """The ends of many logs, a few at once; None for a log that could not be read.

    Args:
        stderr_urls: ``Executor.stderr_url`` by the executor's id; read in this order.
        length: in bytes, of each.
        seconds: for all of them together. A log that was not reached, or not finished, is left out.
    """
    source = HttpSource(timeout=seconds, max_body=length + _HEADER)
    try:
        questions = {
            name: partial(source.run, log_tail.ending(url, length)) for name, url in stderr_urls.items()
        }
        return await ask_all(questions, seconds=seconds, most=_AT_ONCE)
    finally:
        await source.aclose()


# For callers that wait.
tail, tails = waiting(tail_async), waiting(tails_async)

"""The end of an executor's stderr, from the log page of its worker."""

from __future__ import annotations

from airflow_spark_guard.core.web import log_tail
from airflow_spark_guard.sources.blocking import BlockingLoop
from airflow_spark_guard.sources.http import HttpSource

_LENGTH = 65536
_HEADER = 4096  # the page's first line names a path


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


def tail(stderr_url: str, length: int = _LENGTH, *, timeout: float = 5.0) -> str:
    """The same for callers that wait; arguments and errors are those of :func:`tail_async`."""
    loop = BlockingLoop()
    try:
        return loop.run(tail_async(stderr_url, length, timeout=timeout))
    finally:
        loop.close()

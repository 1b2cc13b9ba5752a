"""Why a web server did not answer, and what to do about it: maps exceptions of names, sockets and TLS.

No I/O; see ``sources/http.py`` for that. Clients wrap these exceptions, so causes are inspected too.
"""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.core.web.answer import UnusableAnswerError

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST = 200
_MOST_CAUSES = 10
_SILENT = "The server is overloaded, or a firewall drops the connection; a longer timeout may help."
_REFUSED = "Check host and port. A driver's UI ends with its application; a history server keeps running."
# OpenSSL's X509_V_ERR_*.
_EXPIRED, _OTHER_NAMES = 10, (62, 64)


def no_answer(error: BaseException, url: str, timeout: float) -> UnusableAnswerError:
    """Our error for an exception of the client.

    Args:
        error: the client's exception.
        url: the requested URL; only host and port are shown.
        timeout: the time-out for a silent server, in seconds.
    """
    causes = tuple(_causes(error))
    for cause in causes:
        found = _explained(cause, _server(url), timeout)
        if found is not None:
            return UnusableAnswerError(f"no answer: {safe_text(found[0])[: 2 * _LONGEST]}", advice=found[1])
    # "All connection attempts failed" is less specific than the last of them.
    plain = next((cause for cause in reversed(causes) if isinstance(cause, OSError) and str(cause)), error)
    reason = safe_text(str(plain))[:_LONGEST] or type(error).__name__
    return UnusableAnswerError(
        f"no answer: {reason}", advice="Check that one of Spark's web servers runs at this address."
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error itself and its causes; of an exception group only the first."""
    cause: BaseException | None = error
    for _ in range(_MOST_CAUSES):
        if cause is None:
            return
        yield cause
        first = cause.exceptions[0] if isinstance(cause, BaseExceptionGroup) else None
        cause = first or cause.__cause__ or cause.__context__


def _server(url: str) -> str:
    try:
        return urlsplit(url).netloc.rpartition("@")[2][:_LONGEST]
    except ValueError:
        return "the server"


def _explained(cause: BaseException, server: str, timeout: float) -> tuple[str, str] | None:
    """What it means and what to do; None if its own cause may be more specific."""
    if isinstance(cause, ssl.SSLError):
        return _tls(cause, server)
    if isinstance(cause, socket.gaierror):
        return f"the name of {server} cannot be resolved", "Check the spelling, and DNS on this machine."
    if isinstance(cause, TimeoutError):
        return f"{server} did not respond for {timeout:g} s", _SILENT
    if isinstance(cause, ConnectionRefusedError):
        return f"{server} refused the connection", _REFUSED
    if isinstance(cause, ConnectionResetError):
        advice = "Check the port, and whether the server wants https://."
        return f"{server} closed the connection without an answer", advice
    return None


def _tls(error: ssl.SSLError, server: str) -> tuple[str, str]:
    if not isinstance(error, ssl.SSLCertVerificationError):
        reason = str(getattr(error, "reason", None) or error)[:_LONGEST]  # one that Python raises has none
        return f"TLS with {server} failed: {reason}", "If the server speaks plain HTTP, use http://."
    message = str(error.verify_message)[:_LONGEST]
    if error.verify_code in _OTHER_NAMES:
        advice = "Use a name that the server's certificate contains, or have this name added to it."
        return f"the certificate of {server} is for another name: {message}", advice
    if error.verify_code == _EXPIRED:
        return f"the certificate of {server} has expired", "Have it renewed."
    advice = "Set verify to the file with the certificate of the authority that signed it."
    return f"the certificate of {server} is not trusted: {message}", advice

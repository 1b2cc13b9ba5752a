"""Why a web server gave no answer, and what to do about it: read off the exceptions of name, socket and TLS.

No I/O; ``sources/http.py`` has it. A client wraps them in exceptions of its own, so causes are looked at too.
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
_SILENT = "The server is overloaded, or a firewall swallows the connection; a longer timeout may help."
_REFUSED = "Check host and port. A driver's own UI ends with its application; a history server stays."
# Of OpenSSL's X509_V_ERR_*.
_EXPIRED, _OTHER_NAMES = 10, (62, 64)


def no_answer(error: BaseException, url: str, timeout: float) -> UnusableAnswerError:
    """The error of ours for one of the client's.

    Args:
        error: what the client raised.
        url: what it was asked for; only host and port are shown.
        timeout: the longest silence that it was allowed, seconds.
    """
    causes = tuple(_causes(error))
    for cause in causes:
        said = _said(cause, _server(url), timeout)
        if said is not None:
            return UnusableAnswerError(f"no answer: {safe_text(said[0])[: 2 * _LONGEST]}", advice=said[1])
    # «All connection attempts failed» says less than the last of them.
    plain = next((cause for cause in reversed(causes) if isinstance(cause, OSError) and str(cause)), error)
    reason = safe_text(str(plain))[:_LONGEST] or type(error).__name__
    return UnusableAnswerError(f"no answer: {reason}", advice="Check that a web server of Spark's is there.")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error itself, and what it was raised from; of a group of equals the first."""
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


def _said(cause: BaseException, server: str, timeout: float) -> tuple[str, str] | None:
    """What it means, and what to do; None where its cause may tell more."""
    if isinstance(cause, ssl.SSLError):
        return _tls(cause, server)
    if isinstance(cause, socket.gaierror):
        return f"the name of {server} is not known", "Check the spelling; the machine that asks resolves it."
    if isinstance(cause, TimeoutError):
        return f"{server} was silent for {timeout:g} s", _SILENT
    if isinstance(cause, ConnectionRefusedError):
        return f"nobody listens at {server} (connection refused)", _REFUSED
    if isinstance(cause, ConnectionResetError):
        advice = "Check the port, and whether the server wants https://."
        return f"{server} closed the connection without an answer", advice
    return None


def _tls(error: ssl.SSLError, server: str) -> tuple[str, str]:
    if not isinstance(error, ssl.SSLCertVerificationError):
        reason = str(getattr(error, "reason", None) or error)[:_LONGEST]  # one that Python raises has none
        return f"no TLS with {server}: {reason}", "If the server speaks plain HTTP, ask it with http://."
    message = str(error.verify_message)[:_LONGEST]
    if error.verify_code in _OTHER_NAMES:
        advice = "Ask the server by a name that its certificate holds, or have the name added to it."
        return f"the certificate of {server} is of another name: {message}", advice
    if error.verify_code == _EXPIRED:
        return f"the certificate of {server} has expired", "Have it renewed."
    advice = "Name the file with the certificate of the authority that signed it (verify)."
    return f"the certificate of {server} is not believed: {message}", advice

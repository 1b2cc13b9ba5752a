"""Requests to Spark's web servers and their answers, without any I/O; answers are checked, not trusted.

A dialogue is a generator: it yields requests, receives the answers, and returns its result. If a request
fails, the error is thrown into it, so that it can decide whether to continue. ``sources/http.py`` runs
dialogues.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_spark_guard.core.clock import EpochTime
from airflow_spark_guard.core.strict_json import checked_depth
from airflow_spark_guard.core.text.printable import safe_text

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_TEXT = 300
_MAX_URL = 2000
_MILLISECONDS = 1000
_MAX_COUNT = 2**63 - 1
_HUGE = 1e300
_OK = 200
_NOT_FOUND = 404
_LOGIN = "Set login and password, or the header that it requires, in the Airflow connection (conn_id)."
_ADVICE = {
    401: _LOGIN,
    403: "These credentials may not read it: ask the server's administrator for the right to view "
    "applications.",
    404: "Check the application's id, and whether this server knows it: a driver knows only its own.",
    407: "There is a proxy in front of the server; use the server's own address.",
}
# A login page comes with status 200 as well.
_NO_API = f"A web page, not Spark's REST API. If it is a login page: {_LOGIN} Otherwise check host and port."

Row = dict[str, Any]
T = TypeVar("T")


class UnusableAnswerError(ValueError):
    """There was no answer, or one without the requested information.

    Args:
        text: one sentence, safe to show.
        advice: what to do next; may be empty.
    """

    def __init__(self, text: str, *, advice: str = "") -> None:
        super().__init__(text)
        self.advice = advice


@dataclass(frozen=True)
class Request:
    """An HTTP request.

    Attributes:
        url: absolute, or a path on the server of the dialogue.
        form: fields to POST; None for no form.
        body: value to send as JSON; None for no body.
        method: HTTP method; empty for POST if something is sent, else GET.
    """

    url: str
    form: Mapping[str, str] | None = None
    body: object = None
    method: str = ""


@dataclass(frozen=True)
class Answer:
    """An HTTP response.

    Attributes:
        status: HTTP status.
        body: the complete body; one above the source's size limit is refused.
        at: the server's clock; None if it did not report it.
    """

    status: int
    body: bytes
    at: EpochTime | None = None


Dialogue = Generator[Request, Answer, T]


def decoded(answer: Answer, what: str) -> Any:
    """The JSON of an answer; ``what`` names it in the error.

    Raises:
        UnusableAnswerError: the status is not 200, or the body is not JSON.
    """
    if answer.status != _OK:
        text = f"{what}: HTTP status {answer.status}{_explanation(answer)}"
        raise UnusableAnswerError(text, advice=_ADVICE.get(answer.status, ""))
    try:
        return checked_depth(json.loads(answer.body), answer.body)
    except (ValueError, RecursionError) as error:
        begin = safe_text(repr(answer.body[:60]))
        text = f"{what}: not JSON but {begin} ({len(answer.body)} bytes)"
        advice = _NO_API if answer.body.lstrip()[:1] == b"<" else ""
        raise UnusableAnswerError(text, advice=advice) from error


def _explanation(answer: Answer) -> str:
    # Spark explains a 404 in plain text; an error page in HTML explains nothing.
    text = answer.body[:100].decode(errors="replace").strip()
    return f", {safe_text(text)!r}" if answer.status == _NOT_FOUND and text and text[0] != "<" else ""


def rows(value: object, what: str) -> list[Row]:
    """A JSON array of objects.

    Raises:
        UnusableAnswerError: it is something else.
    """
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise UnusableAnswerError(f"{what}: not the list that Spark returns")
    return value


def record(value: object, what: str) -> Row:
    """A JSON object.

    Raises:
        UnusableAnswerError: it is something else.
    """
    if not isinstance(value, dict):
        raise UnusableAnswerError(f"{what}: not the object that Spark returns")
    return value


def is_number(value: object) -> bool:
    """Whether it is a finite JSON number that a float can hold; true and false are not numbers."""
    return not isinstance(value, bool) and isinstance(value, int | float) and -_HUGE < value < _HUGE


def count(row: Row, name: str) -> int:
    """A number that cannot be negative; 0 if missing."""
    value = row.get(name)
    return min(max(0, int(value)), _MAX_COUNT) if is_number(value) else 0  # type: ignore[arg-type]


def required(row: Row, name: str, what: str) -> int:
    """A number without which a row is meaningless.

    Raises:
        UnusableAnswerError: it is missing or not a number.
    """
    if not is_number(row.get(name)):
        raise UnusableAnswerError(f"{what}: {name} is missing or not a number")
    return count(row, name)


def text(row: Row, name: str, length: int = MAX_TEXT) -> str:
    """Untrusted text, bounded, safe to show; empty if missing."""
    value = row.get(name)
    return safe_text(value[:length])[:length] if isinstance(value, str) else ""


def web_url(row: Row, name: str) -> str:
    """An http or https URL; empty if missing or not valid."""
    value = row.get(name)
    known = isinstance(value, str) and value.startswith(("http://", "https://")) and len(value) <= _MAX_URL
    return str(value) if known and value.isprintable() else ""  # type: ignore[union-attr]


def epoch_time(row: Row, name: str) -> EpochTime | None:
    """Milliseconds since the epoch as a time; None if missing or 0."""
    return EpochTime(count(row, name) / _MILLISECONDS) if count(row, name) else None


def timestamp(row: Row, name: str) -> EpochTime | None:
    """Spark's ``2026-11-20T17:46:49.066GMT`` as a time; None if missing or not valid."""
    value = row.get(name)
    if not isinstance(value, str) or not value.endswith("GMT"):
        return None
    try:
        moment = datetime.fromisoformat(f"{value[:-3]}+00:00").timestamp()
    except (ValueError, OverflowError):
        return None
    return EpochTime(moment) if moment >= 0 else None

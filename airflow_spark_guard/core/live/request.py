"""Requests of the live page to an attempt, and its answers: small files in the record, checked strictly."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, cast, get_args

from airflow_spark_guard.core.clock import EpochTime
from airflow_spark_guard.core.strict_json import strict_json
from airflow_spark_guard.core.text.printable import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["stacks", "end"]
State = Literal["working", "done", "refused"]
VERSION: Final = 1
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
STATES: Final[tuple[State, ...]] = get_args(State)
LONGEST: Final = 2048
"""Size limit of a request's file, in bytes."""
LONGEST_ANSWER: Final = 1 << 14
LONGEST_USER: Final = 200
MOST: Final = 50
"""Requests that one attempt answers."""
ENDED_BY_A_USER: Final = "Airflow does not retry it, because a user ended it: clear the task to run it again."
ENDED: Final = "The job was ended; the verdict says whether anything is left of it."
_ID: Final = r"[0-9a-f]{32}"
REQUEST: Final = re.compile(rf"request-({_ID})\.json", re.ASCII)
ANSWER: Final = re.compile(rf"answer-({_ID})\.json", re.ASCII)
_FIELDS = {"v", "id", "kind", "by", "at"}
_HUGE = 1e11


@dataclass(frozen=True)
class Request:
    """What a user asks of an attempt.

    Attributes:
        id: 32 hexadecimal digits.
        kind: ``stacks`` for a stack sample, ``end`` to end the attempt.
        by: the user's name, printable, one line.
        at: when, by the API server's clock.
    """

    id: str
    kind: Kind
    by: str
    at: EpochTime

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"request-{self.id}.json"

    @property
    def sample_name(self) -> str:
        """The name of the file with its stack sample."""
        return f"sample-{self.id}.txt"

    def text(self) -> str:
        """The content of its file."""
        return json.dumps({"v": VERSION, "id": self.id, "kind": self.kind, "by": self.by, "at": self.at})


@dataclass(frozen=True)
class Answer:
    """What an attempt answers; written once or twice.

    Attributes:
        request: which it answers.
        state: ``working``, ``done`` or ``refused``.
        text: one sentence for the user.
        place: the line of the user's Python that a sample names; empty if there is none.
        at: when, by the worker's clock.
        has_sample: whether the record has a file with the sample.
    """

    request: Request
    state: State
    text: str
    at: EpochTime
    place: str = ""
    has_sample: bool = False

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"answer-{self.request.id}.json"

    def json(self) -> dict[str, Any]:
        """The content of its file."""
        request = self.request
        return {
            "v": VERSION,
            "id": request.id,
            "kind": request.kind,
            "by": request.by,
            "asked_at": request.at,
            "at": self.at,
            "state": self.state,
            "text": self.text,
            "place": self.place,
            "sample": self.has_sample,
        }


def parse_request(name: str, data: bytes) -> Request:
    """The request in a file.

    Args:
        name: of the file.
        data: its content.

    Raises:
        ValueError: it is not a request of this version; nothing of it is repeated in the text.
    """
    found = REQUEST.fullmatch(name)
    if found is None or len(data) > LONGEST:
        msg = "not the name of a request, or too long"
        raise ValueError(msg)
    fields = strict_json(data)
    if not isinstance(fields, dict) or fields.keys() != _FIELDS or fields["v"] != VERSION:
        msg = "not a request of this version"
        raise ValueError(msg)
    if fields["id"] != found[1] or fields["kind"] not in KINDS:
        msg = "its id or its kind is not valid"
        raise ValueError(msg)
    return Request(found[1], cast("Kind", fields["kind"]), _user(fields["by"]), _moment(fields["at"]))


def parse_answer(name: str, data: bytes) -> Mapping[str, Any]:
    """The fields of an answer, safe to show.

    Raises:
        ValueError: it is not an answer of this version.
    """
    found = ANSWER.fullmatch(name)
    fields = strict_json(data) if found is not None and len(data) <= LONGEST_ANSWER else None
    if found is None or not isinstance(fields, dict) or fields.get("v") != VERSION:
        msg = "not an answer of this version"
        raise ValueError(msg)
    request = Request(
        found[1],
        cast("Kind", _one_of(KINDS, fields.get("kind"))),
        _user(fields.get("by")),
        _moment(fields.get("asked_at")),
    )
    return Answer(
        request,
        cast("State", _one_of(STATES, fields.get("state"))),
        one_line(str(fields.get("text")), 2000),
        _moment(fields.get("at")),
        one_line(str(fields.get("place") or ""), 500),
        fields.get("sample") is True,
    ).json()


def user_name(name: object) -> str:
    """A user's name as requests have it: one line, printable, never empty."""
    return one_line(str(name or ""), LONGEST_USER) or "a user without a name"


def _user(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_USER:
        msg = "the user's name is not valid"
        raise ValueError(msg)
    return user_name(value)


def _moment(value: object) -> EpochTime:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _HUGE:
        msg = "the time is not valid"
        raise ValueError(msg)
    return EpochTime(float(value))


def _one_of(values: tuple[str, ...], value: object) -> str:
    if value not in values or not isinstance(value, str):
        msg = "a value is not valid"
        raise ValueError(msg)
    return value

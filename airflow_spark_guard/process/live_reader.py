"""What an attempt and the live page have left for each other in a record: untrusted, made safe to show."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from airflow_spark_guard.core.live.request import ANSWER, LONGEST_ANSWER, REQUEST, parse_answer, parse_request
from airflow_spark_guard.core.live.state import VERSION
from airflow_spark_guard.core.strict_json import strict_json
from airflow_spark_guard.core.text.printable import one_line, safe_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from airflow_spark_guard.process.record_reader import AttemptRecord

NAME: Final = "live.json"
_LONGEST = 1 << 18
_LONGEST_SAMPLE = 1 << 20
_KEY = re.compile(r"[a-z_]{1,40}", re.ASCII)
_TEXT, _MOST_ITEMS, _DEEPEST = 700, 60, 5
_HUGE = 1e15
_MOST_ANSWERS = 20


@dataclass(frozen=True)
class LiveFile:
    """``live.json``.

    Attributes:
        fields: of the attempt, safe to show; empty if there is none, or if it cannot be used.
        written: when it was written, by the store's clock; 0 if there is none.
        trouble: why it cannot be used, in one sentence; empty if it can, or if there is none.
    """

    fields: Mapping[str, Any] = field(default_factory=dict)
    written: float = 0.0
    trouble: str = ""


def read_live(record: AttemptRecord) -> LiveFile:
    """``live.json`` of a record; nothing is raised."""
    try:
        with (record.folder / NAME).open("rb") as file:
            written = os.fstat(file.fileno()).st_mtime
            data = file.read(_LONGEST + 1)
    except FileNotFoundError:
        return LiveFile()
    except OSError as error:
        return LiveFile(trouble=f"{NAME} cannot be read: {one_line(error.strerror or '', 200)}.")
    return _parsed(data, written)


def _parsed(data: bytes, written: float) -> LiveFile:
    try:
        fields = strict_json(data) if len(data) <= _LONGEST else None
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        return LiveFile({}, written, f"{NAME} is damaged.")
    if fields.get("v") != VERSION:
        return LiveFile({}, written, f"{NAME} has a format that this version cannot read.")
    return LiveFile(cleaned(fields), written)


def cleaned(value: Any, depth: int = _DEEPEST) -> Any:
    """JSON of an untrusted writer: texts printable and bounded, numbers finite, lists short, plain keys."""
    if isinstance(value, str):
        return one_line(value[: 2 * _TEXT], _TEXT) if value else ""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value if abs(value) < _HUGE else None
    if depth and isinstance(value, dict):
        items = list(value.items())[:_MOST_ITEMS]
        return {key: cleaned(item, depth - 1) for key, item in items if _KEY.fullmatch(key)}
    if depth and isinstance(value, list):
        return [cleaned(item, depth - 1) for item in value[:_MOST_ITEMS]]
    return None


def answers_of(record: AttemptRecord) -> Sequence[Mapping[str, Any]]:
    """The newest answers, and the requests without one (state ``waiting``), the newest first."""
    try:
        names = [path.name for path in record.folder.iterdir()]
    except OSError:
        return ()
    answered = {found["id"]: found for found in _answers(record, names)}
    waiting = [found for found in _waiting(record, names) if found["id"] not in answered]
    return sorted([*answered.values(), *waiting], key=lambda found: -found["asked_at"])[:_MOST_ANSWERS]


def sample_of(record: AttemptRecord, request_id: str) -> str:
    """A stack sample, safe to show; empty if there is none.

    Args:
        record: of the attempt.
        request_id: 32 hexadecimal digits.
    """
    data = _content(record, f"sample-{request_id}.txt", _LONGEST_SAMPLE)
    return safe_text(data.decode(errors="replace"))


def _answers(record: AttemptRecord, names: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    for name in sorted(filter(ANSWER.fullmatch, names))[: 4 * _MOST_ANSWERS]:
        try:
            yield parse_answer(name, _content(record, name, LONGEST_ANSWER))
        except ValueError:
            continue


def _waiting(record: AttemptRecord, names: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    for name in sorted(filter(REQUEST.fullmatch, names))[:_MOST_ANSWERS]:
        try:
            request = parse_request(name, _content(record, name, LONGEST_ANSWER))
        except ValueError:
            continue
        yield {"id": request.id, "kind": request.kind, "by": request.by, "asked_at": request.at} | {
            "state": "waiting",
            "text": "The attempt has not read it yet.",
        }


def _content(record: AttemptRecord, name: str, most: int) -> bytes:
    try:
        with (record.folder / name).open("rb") as file:
            data: bytes = file.read(most)
    except OSError:
        return b""
    return data

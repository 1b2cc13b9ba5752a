"""Wire protocol, reading end: lines of an untrusted channel become checked messages.

The writing end is ``job/wire.py``, which ships with the job and cannot be imported from here; golden messages
in ``tests/golden/`` hold the two together.

``progress`` always carries ``stages`` (active ones, by the status tracker), and where it is known ``jobs``
(running now), ``sql`` (16 hex digits that change when a live SQL metric moves; empty when no execution
runs), ``rss`` (of the driver's Python, bytes) and ``heartbeat`` (the newest one; ``count`` is cumulative). It
comes when one of them but ``rss`` has moved, and every 30 s as a sign of life. The optional fields joined
version 1: both ends come from the same package, so that a reader that does not know them is never met.

A row of ``stages`` has ``receiver`` (1) where the stage is the receiver of a DStream.

``metric`` has ``skipped`` where so many metrics before it were left out: ``job/wire.py`` has a pace for them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

PROTOCOL_VERSION = 1
MAX_LINE = 1 << 20

# What each line begins with.
_HEAD = b'{"v":1,"kind":"'
_TEXT, _INT, _MAP, _LIST = (str,), (int,), (dict,), (list,)
_OPTIONAL_TEXT = (str, type(None))
_LONGEST_TEXT = 200
_HUGE = 1e300  # NaN and infinity, which Python's JSON takes, are beyond it
# What ``heartbeat`` of a progress message holds, all of it.
_HEARTBEAT: Mapping[str, tuple[type, ...]] = {
    "count": (int,),
    "text": (str,),
    "done": (int, float, type(None)),
    "total": (int, float, type(None)),
}
# kind -> required fields and optional fields, each with its JSON types
_KINDS: Mapping[str, tuple[Mapping[str, tuple[type, ...]], Mapping[str, tuple[type, ...]]]] = {
    "hello": (
        {"pid": _INT, "python": _TEXT},
        {"application_id": _TEXT, "ui_url": _OPTIONAL_TEXT, "spark": _TEXT, "executable": _TEXT},
    ),
    "progress": ({"stages": _LIST}, {"jobs": _INT, "sql": _TEXT, "rss": _INT, "heartbeat": _MAP}),
    "metric": ({"values": _MAP}, {"skipped": _INT}),
    "warning": ({"text": _TEXT}, {}),
    "result": ({"value": (object,)}, {}),
    "error": (
        {"category": _TEXT, "type": _TEXT, "message": _TEXT, "traceback": _TEXT, "frames": _LIST},
        {"code": _INT},
    ),
    "bye": ({}, {}),
}


@dataclass(frozen=True)
class Message:
    """One checked message.

    Attributes:
        kind: one of ``hello progress metric warning result error bye``.
        sent_at: seconds since the epoch, by the driver's clock.
        fields: what the kind carries.
    """

    kind: str
    sent_at: float
    fields: Mapping[str, Any]


def parse_lines(lines: Iterable[bytes]) -> Iterator[Message]:
    """The lines as messages. A message of ours that was cut off by a full disk is a warning instead.

    Raises:
        ProtocolError: as :func:`parse`.
    """
    for line in lines:
        try:
            if line:
                yield parse(line)
        except ProtocolError:
            if not _is_cut_off(line):
                raise
            yield Message("warning", 0.0, {"text": "A message of the job was cut off: its disk was full."})


def parse(line: bytes) -> Message:
    """One line of the channel as a message.

    Raises:
        ProtocolError: not JSON, another version, an unknown kind, or a field missing or of another type.
    """
    if len(line) > MAX_LINE:
        raise _error(f"a line of {len(line)} bytes", f"at most {MAX_LINE} bytes")
    try:
        raw = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _error(repr(line[:80]), "a JSON object on one line") from error
    if not isinstance(raw, dict):
        raise _error(repr(line[:80]), "a JSON object on one line")
    if raw.get("v") != PROTOCOL_VERSION:
        raise _error(f"version {raw.get('v')!r}", f"version {PROTOCOL_VERSION}")
    return _checked(raw)


def _is_cut_off(line: bytes) -> bool:
    """Whether it begins as ``job/wire.py`` begins each line, and is no JSON."""
    if not (line.startswith(_HEAD) or _HEAD.startswith(line)):
        return False
    try:
        json.loads(line)
    except ValueError:
        return True
    except RecursionError:  # whole, and not ours
        return False
    return False


def _checked(raw: dict[str, Any]) -> Message:
    kind = raw.pop("kind", None)
    if not isinstance(kind, str) or kind not in _KINDS:
        raise _error(f"kind {kind!r}", f"one of {', '.join(_KINDS)}")
    del raw["v"]
    sent_at = raw.pop("t", None)
    if isinstance(sent_at, bool) or not isinstance(sent_at, int | float):
        raise _error(f"{kind} with t={sent_at!r}", "t in seconds since the epoch")
    required, optional = _KINDS[kind]
    for name, types in required.items():
        if name not in raw or not isinstance(raw[name], types):
            raise _error(f"{kind} with {name}={raw.get(name)!r}"[:200], f"{kind} with {name}")
    for name, value in raw.items():
        if name not in required and not isinstance(value, optional.get(name, ())):
            raise _error(
                f"{kind} with {name}={value!r}"[:200], f"{kind} as protocol {PROTOCOL_VERSION} has it"
            )
    if "heartbeat" in raw and not _is_heartbeat(raw["heartbeat"]):
        raise _error(
            f"{kind} with heartbeat={raw['heartbeat']!r}"[:200], f"heartbeat with {', '.join(_HEARTBEAT)}"
        )
    return Message(kind, float(sent_at), raw)


def _is_heartbeat(value: Mapping[str, Any]) -> bool:
    if value.keys() != _HEARTBEAT.keys() or len(str(value["text"])) > _LONGEST_TEXT:
        return False
    return all(
        isinstance(item, _HEARTBEAT[name]) and (not isinstance(item, int | float) or _is_number(item))
        for name, item in value.items()
    )


def _is_number(value: float) -> bool:
    return not isinstance(value, bool) and -_HUGE < value < _HUGE


def _error(got: str, expected: str) -> ProtocolError:
    return ProtocolError(
        "The job's channel holds a message that is not of the wire protocol.",
        got=got,
        expected=expected,
        advice="Something else wrote to it, or driver and task run different versions of this package.",
    )

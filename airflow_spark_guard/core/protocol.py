"""Wire protocol, reading end: lines of an untrusted channel become checked messages.

The writing end is ``job/wire.py``, which ships with the job and cannot be imported from here; golden messages
in ``tests/golden/`` hold the two together.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Mapping

PROTOCOL_VERSION = 1
MAX_LINE = 1 << 20

_TEXT, _INT, _MAP, _LIST = (str,), (int,), (dict,), (list,)
_OPTIONAL_TEXT = (str, type(None))
# kind -> required fields and optional fields, each with its JSON types
_KINDS: Mapping[str, tuple[Mapping[str, tuple[type, ...]], Mapping[str, tuple[type, ...]]]] = {
    "hello": (
        {"pid": _INT, "python": _TEXT},
        {"application_id": _TEXT, "ui_url": _OPTIONAL_TEXT, "spark": _TEXT},
    ),
    "progress": ({"stages": _LIST}, {}),
    "metric": ({"values": _MAP}, {}),
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


def parse(line: bytes) -> Message:
    """One line of the channel as a message.

    Raises:
        ProtocolError: not JSON, another version, an unknown kind, or a field missing or of another type.
    """
    if len(line) > MAX_LINE:
        raise _error(f"a line of {len(line)} bytes", f"at most {MAX_LINE} bytes")
    try:
        raw = json.loads(line)
    except ValueError as error:
        raise _error(repr(line[:80]), "a JSON object on one line") from error
    if not isinstance(raw, dict):
        raise _error(repr(line[:80]), "a JSON object on one line")
    if raw.get("v") != PROTOCOL_VERSION:
        raise _error(f"version {raw.get('v')!r}", f"version {PROTOCOL_VERSION}")
    return _checked(raw)


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
    return Message(kind, float(sent_at), raw)


def _error(got: str, expected: str) -> ProtocolError:
    return ProtocolError(
        "The job's channel holds a message that is not of the wire protocol.",
        got=got,
        expected=expected,
        advice="Something else wrote to it, or driver and task run different versions of this package.",
    )

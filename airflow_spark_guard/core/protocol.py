"""The reading end of the wire protocol: checks the lines of an untrusted channel and returns messages.

The writing end is ``job/wire.py``, which ships with the job and cannot be imported from here; golden messages
in ``tests/data/golden/`` keep the two in step.

``progress`` always has ``stages`` (the active ones, from the status tracker), and if known ``jobs`` (running
now), ``sql`` (16 hex digits that change when a live SQL metric changes; empty if no execution runs), ``rss``
(of the driver's Python, bytes) and ``heartbeat`` (the newest one; ``count`` is cumulative). Once the script
has ended it has ``threads``, the names of those that Python waits for (at most 10). It is sent when one of
them other than ``rss`` has changed, and every 30 s as a sign of life. The optional fields were added
to version 1: both ends come from the same package, so every reader knows them.

A row of ``stages`` has ``receiver`` (1) if the stage is the receiver of a DStream.

``metric`` has ``skipped``, the number of metrics left out before it by the rate limit of ``job/wire.py``.

``instrument`` is one thing that the job's instruments have measured: ``what`` it is, its ``name``, the
``line`` of the user's script (``job.py:38``; empty if it is not known), and a ``warning``, one sentence,
empty if nothing is wrong. ``skipped`` as above. Each of ``values`` may be missing or null, and others are
ignored (``core/instruments/instrument.py``); sizes are in bytes, times in seconds:

- ``closure``: ``bytes``, ``captured``: at most 5 of ``path``, ``type``, ``bytes``
- ``frame``: ``columns``, ``partitions``, ``depth`` (operators on the longest path of the plan),
  ``rdd_depth``, ``nodes``, ``bytes`` (estimated), ``rows``
- ``checkpoint``: ``depth_before``, ``depth_after``, ``how`` (``local`` or ``reliable``), ``seconds``
- ``broadcast``: ``bytes``, ``type``
- ``stage``: ``stage``, ``attempt``, ``tasks``, ``result_bytes``, ``spill_bytes``, ``input_bytes``,
  ``shuffle_read_bytes``, ``shuffle_write_bytes``, ``run_s``, ``max_s``, ``median_s``, ``skew``, ``gc_share``
"""

from __future__ import annotations

import json
import re
import reprlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from airflow_spark_guard.core.clock import EpochTime
from airflow_spark_guard.core.errors import ProtocolError
from airflow_spark_guard.core.strict_json import strict_json
from airflow_spark_guard.core.text.printable import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

PROTOCOL_VERSION = 1
MAX_LINE = 1 << 20

Kind: TypeAlias = Literal["hello", "progress", "metric", "instrument", "warning", "result", "error", "bye"]
What: TypeAlias = Literal["closure", "frame", "checkpoint", "broadcast", "stage"]

# The beginning of each line.
_HEAD = b'{"v":1,"kind":"'
_TEXT, _INT, _MAP, _LIST = (str,), (int,), (dict,), (list,)
_OPTIONAL_TEXT = (str, type(None))
_LONGEST_TEXT = 200
_HUGE = 1e300
_LARGEST_INT = 2**63
_LONGEST_SHOWN, _LONGEST_NAME = 100, 30
_WORD = re.compile(r"[a-z_]{1,20}")
_BRIEF = reprlib.Repr()  # limited to a few levels
_BRIEF.maxstring = _BRIEF.maxother = _BRIEF.maxlong = 60
# All fields of ``heartbeat`` in a progress message.
_HEARTBEAT: Mapping[str, tuple[type, ...]] = {
    "count": (int,),
    "text": (str,),
    "done": (int, float, type(None)),
    "total": (int, float, type(None)),
}
# kind -> required fields and optional fields, each with its JSON types
_KINDS: Mapping[Kind, tuple[Mapping[str, tuple[type, ...]], Mapping[str, tuple[type, ...]]]] = {
    "hello": (
        {"pid": _INT, "python": _TEXT},
        {"application_id": _TEXT, "ui_url": _OPTIONAL_TEXT, "spark": _TEXT, "executable": _TEXT},
    ),
    "progress": (
        {"stages": _LIST},
        {"jobs": _INT, "sql": _TEXT, "rss": _INT, "heartbeat": _MAP, "threads": _LIST},
    ),
    "metric": ({"values": _MAP}, {"skipped": _INT}),
    "instrument": (
        {"what": _TEXT, "name": _TEXT, "values": _MAP, "line": _TEXT, "warning": _TEXT},
        {"skipped": _INT},
    ),
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
        kind: which message it is.
        sent_at: by the driver's clock.
        fields: the fields of its kind.
    """

    kind: Kind
    sent_at: EpochTime
    fields: Mapping[str, Any]


def parse_lines(lines: Iterable[bytes]) -> Iterator[Message]:
    """The lines as messages. A message that was cut off by a full disk is replaced by a warning.

    Messages that another writer has appended to such a line are still read.

    Raises:
        ProtocolError: see :func:`parse`.
    """
    for line in lines:
        try:
            if line:
                yield parse(line)
        except ProtocolError:
            first, *others = _split(line)
            if not _is_cut_off(first):
                raise
            yield Message(
                "warning", EpochTime(0.0), {"text": "A message of the job was cut off: its disk was full."}
            )
            yield from parse_lines(others)


def parse(line: bytes) -> Message:
    """One line of the channel as a message.

    Raises:
        ProtocolError: not JSON (NaN, infinity and duplicate keys are not allowed), another version, an
            unknown kind, or a field that is missing or has another type.
    """
    if len(line) > MAX_LINE:
        raise _error(f"a line of {len(line)} bytes", f"at most {MAX_LINE} bytes")
    try:
        raw = strict_json(line)
    except ValueError as error:
        # The line may come from any file: no part of it is shown.
        reason = "" if isinstance(error, UnicodeError | json.JSONDecodeError) else f": {error}"
        what = f"a line of {len(line)} bytes that is not JSON{reason[:_LONGEST_SHOWN]}"
        raise _error(what, "a JSON object on one line") from None
    if not isinstance(raw, dict):
        raise _error(
            f"a line of {len(line)} bytes with a JSON {type(raw).__name__}", "a JSON object on one line"
        )
    version = raw.get("v")
    if type(version) is not int or version != PROTOCOL_VERSION:
        raise _error(f"version {_word_or_type(version)}", f"version {PROTOCOL_VERSION}")
    return _checked(raw)


def _split(line: bytes) -> list[bytes]:
    """Split before each beginning of a message, which cannot occur within one: quotes there are escaped."""
    before, *others = line.split(_HEAD)
    return [before] * bool(before) + [_HEAD + rest for rest in others]


def _is_cut_off(line: bytes) -> bool:
    """Whether it begins as ``job/wire.py`` begins each line, but is not JSON."""
    if not (line.startswith(_HEAD) or _HEAD.startswith(line)):
        return False
    try:
        json.loads(line)
    except json.JSONDecodeError:
        return True
    except (ValueError, RecursionError):  # complete, but not ours
        return False
    return False


def _checked(raw: dict[str, Any]) -> Message:
    sent = raw.pop("kind", None)
    kind = next((known for known in _KINDS if known == sent), None)
    if kind is None:
        raise _error(f"kind {_word_or_type(sent)}", f"one of {', '.join(_KINDS)}")
    del raw["v"]
    sent_at = raw.pop("t", None)
    if not isinstance(sent_at, int | float) or not _is_number(sent_at):
        raise _error(f"{kind} with t={_brief(sent_at)}", "t in seconds since the epoch")
    _check_fields(kind, raw)
    return Message(kind, EpochTime(float(sent_at)), raw)


def _check_fields(kind: Kind, raw: Mapping[str, Any]) -> None:
    """Raise :class:`ProtocolError` unless they are the fields of their kind."""
    required, optional = _KINDS[kind]
    for name, types in required.items():
        if name not in raw or not _is_of(raw[name], types):
            raise _error(f"{kind} with {name}={_brief(raw.get(name))}", f"{kind} with {name}")
    for name, value in raw.items():
        if name not in required and not _is_of(value, optional.get(name, ())):
            what = f"{kind} with {one_line(name, _LONGEST_NAME)}={_brief(value)}"
            raise _error(what, f"{kind} as defined in protocol {PROTOCOL_VERSION}")
    if "heartbeat" in raw and not _is_heartbeat(raw["heartbeat"]):
        what = f"{kind} with heartbeat={_brief(raw['heartbeat'])}"
        raise _error(what, f"heartbeat with {', '.join(_HEARTBEAT)}")
    if kind == "instrument" and raw["what"] not in get_args(What):
        raise _error(f"{kind} with what={_brief(raw['what'])}", f"one of {', '.join(get_args(What))}")


def _is_of(value: object, types: tuple[type, ...]) -> bool:
    """Whether the value has one of these JSON types; booleans and integers beyond 64 bits are not numbers."""
    if types == _INT:
        return type(value) is int and -_LARGEST_INT <= value < _LARGEST_INT
    return isinstance(value, types)


def _is_heartbeat(value: Mapping[str, Any]) -> bool:
    if value.keys() != _HEARTBEAT.keys() or len(str(value["text"])) > _LONGEST_TEXT:
        return False
    return all(
        isinstance(item, _HEARTBEAT[name]) and (not isinstance(item, int | float) or _is_number(item))
        for name, item in value.items()
    )


def _is_number(value: float) -> bool:
    return not isinstance(value, bool) and -_HUGE < value < _HUGE


def _brief(value: object) -> str:
    """A value of a message that is nearly valid, shortened to one line."""
    text = one_line(_BRIEF.repr(value), _LONGEST_SHOWN + 1)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def _word_or_type(value: object) -> str:
    """A value of a line that may come from elsewhere: a plain word, a small number, or only its type."""
    plain = value is None or isinstance(value, bool | int | float) or _WORD.fullmatch(str(value)) is not None
    text = repr(value) if plain else ""
    return text if 0 < len(text) <= _LONGEST_NAME else f"of type {type(value).__name__}"


def _error(got: str, expected: str) -> ProtocolError:
    return ProtocolError(
        "The job's channel holds a message that does not follow the wire protocol.",
        got=got,
        expected=expected,
        advice="Something else wrote to it, or driver and task run different versions of this package.",
    )


def beat_text(beat: Mapping[str, Any]) -> str:
    """The text of a heartbeat with how much is done, if known: ``part 1 of 3 (1/3)``."""
    text, done, total = str(beat.get("text") or ""), beat.get("done"), beat.get("total")
    figures = "" if done is None else f"{done:g}" if total is None else f"{done:g}/{total:g}"
    return f"{text} ({figures})" if text and figures else text or figures

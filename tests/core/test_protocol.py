"""The reading end of the wire protocol; ``tests/golden`` holds both ends to the same lines."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from airflow_spark_guard.core import protocol
from airflow_spark_guard.core.errors import ProtocolError
from airflow_spark_guard.job import wire

GOLDEN = [
    json.loads(line)
    for line in (Path(__file__).parent.parent / "golden" / "messages.jsonl").read_text().splitlines()
]


@pytest.mark.parametrize("message", GOLDEN, ids=lambda m: m["kind"])
def test_a_golden_message_is_read(message):
    """What the protocol says is a message is one."""
    read = protocol.parse(json.dumps(message).encode())
    assert read.kind == message["kind"]
    assert read.sent_at == message["t"]
    assert read.fields == {k: v for k, v in message.items() if k not in ("v", "kind", "t")}


@pytest.mark.parametrize("message", GOLDEN, ids=lambda m: m["kind"])
def test_the_writing_end_writes_the_golden_message(message):
    """The same message, written by the job's side, is the same line."""
    fields = {k: v for k, v in message.items() if k not in ("v", "kind", "t")}
    assert json.loads(wire.encode(message["kind"], fields, message["t"])) == message


def test_the_golden_messages_cover_every_kind():
    """A kind without a golden message is held by nobody."""
    assert {message["kind"] for message in GOLDEN} == set(protocol._KINDS)


def test_both_ends_agree_on_version_and_length():
    """The two constants stand in two files because the job's side ships alone."""
    assert (protocol.PROTOCOL_VERSION, protocol.MAX_LINE) == (wire.PROTOCOL_VERSION, wire.MAX_LINE)


def beat(**other):
    """A progress message whose heartbeat is wrong in one place."""
    heartbeat = {"count": 1, "text": "", "done": None, "total": None, **other}
    return json.dumps({"v": 1, "kind": "progress", "t": 1, "stages": [], "heartbeat": heartbeat}).encode()


@pytest.mark.parametrize(
    ("line", "got"),
    [
        (b"", "b''"),
        (b"hello", "b'hello'"),
        (b"[1]", r"b'\[1\]'"),
        (b'\xff{"v":1}', r"b'\\xff"),
        (b'{"v":2,"kind":"bye","t":1}', "version 2"),
        (b'{"kind":"bye","t":1}', "version None"),
        (b'{"v":1,"kind":"shutdown","t":1}', "kind 'shutdown'"),
        (b'{"v":1,"kind":[],"t":1}', r"kind \[\]"),
        (b'{"v":1,"kind":"bye"}', "bye with t=None"),
        (b'{"v":1,"kind":"bye","t":true}', "bye with t=True"),
        (b'{"v":1,"kind":"bye","t":1,"extra":1}', "bye with extra=1"),
        (b'{"v":1,"kind":"hello","t":1,"pid":"1","python":"3"}', "hello with pid='1'"),
        (b'{"v":1,"kind":"hello","t":1,"pid":1,"python":"3","spark":4}', "hello with spark=4"),
        (b'{"v":1,"kind":"result","t":1}', "result with value=None"),
        (b'{"v":1,"kind":"progress","t":1,"stages":[],"sql":3}', "progress with sql=3"),
        (b'{"v":1,"kind":"progress","t":1,"stages":[],"heartbeat":{}}', r"progress with heartbeat=\{\}"),
        (beat(count=True), "progress with heartbeat=.*True"),
        (beat(count=1.5), "progress with heartbeat=.*1.5"),
        (beat(text="x" * 201), "progress with heartbeat=.*x"),
        (beat(text=1), "progress with heartbeat=.*'text': 1"),
        (beat(done="3"), "progress with heartbeat=.*'done': '3'"),
        (beat(done=float("nan")), "progress with heartbeat=.*'done': nan"),
        (beat(total=10**400), "progress with heartbeat=.*"),
        (beat(pid=1), "progress with heartbeat=.*'pid': 1"),
        (b"1" * (protocol.MAX_LINE + 1), f"a line of {protocol.MAX_LINE + 1} bytes"),
    ],
)
def test_anything_else_is_refused_and_named(line, got):
    """An unknown kind or version, or a field of another type, fails loudly."""
    with pytest.raises(ProtocolError, match="not of the wire protocol.\n  got: ") as caught:
        protocol.parse(line)
    assert re.search(got, caught.value.got)
    assert caught.value.expected

"""The reading end of the wire protocol; ``tests/golden`` holds both ends to the same lines."""

from __future__ import annotations

import json
import re
from typing import get_args

import pytest

from airflow_spark_guard.core import protocol
from airflow_spark_guard.core.errors import ProtocolError
from airflow_spark_guard.job import wire
from tests.support.paths import DATA

GOLDEN = [json.loads(line) for line in (DATA / "golden" / "messages.jsonl").read_text().splitlines()]


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
    """And both ends declare the same ones."""
    kinds = {message["kind"] for message in GOLDEN}
    assert kinds == set(protocol._KINDS) == set(get_args(protocol.Kind)) == set(get_args(wire.Kind))


def test_the_golden_messages_cover_everything_that_is_measured():
    """Both ends declare the same."""
    measured = {message["what"] for message in GOLDEN if message["kind"] == "instrument"}
    assert measured == set(get_args(protocol.What)) == set(get_args(wire.What))


def test_both_ends_agree_on_version_and_length():
    """The two constants stand in two files because the job's side ships alone."""
    assert (protocol.PROTOCOL_VERSION, protocol.MAX_LINE) == (wire.PROTOCOL_VERSION, wire.MAX_LINE)


def beat(**other):
    """A progress message whose heartbeat is wrong in one place."""
    heartbeat = {"count": 1, "text": "", "done": None, "total": None, **other}
    return json.dumps({"v": 1, "kind": "progress", "t": 1, "stages": [], "heartbeat": heartbeat}).encode()


def measurement(**other):
    """A measurement that is wrong in one place."""
    fields = {"what": "closure", "name": "f", "values": {}, "line": "", "warning": "", **other}
    return json.dumps({"v": 1, "kind": "instrument", "t": 1, **fields}).encode()


@pytest.mark.parametrize(
    ("line", "got"),
    [
        (b"", "a line of 0 bytes that is not JSON$"),
        (b"hello", "a line of 5 bytes that is not JSON$"),
        (b"[1]", "a line of 3 bytes with a JSON list$"),
        (b'\xff{"v":1}', "a line of 8 bytes that is not JSON$"),
        (b'{"v":2,"kind":"bye","t":1}', "version 2"),
        (b'{"v":true,"kind":"bye","t":1}', "version True"),
        (b'{"v":1.0,"kind":"bye","t":1}', "version 1.0"),
        (b'{"v":"1","kind":"bye","t":1}', "version of type str"),
        (b'{"v":1,"v":1,"kind":"bye","t":1}', "duplicate key in an object"),
        (b'{"v":1,"kind":"metric","t":1,"values":{"a":1,"a":2}}', "duplicate key in an object"),
        (b'{"v":1,"kind":"bye","t":NaN}', "NaN is not a number in JSON"),
        (b'{"v":1,"kind":"bye","t":-Infinity}', "-Infinity is not a number in JSON"),
        (b'{"v":1,"kind":"result","t":1,"value":[NaN]}', "NaN is not a number in JSON"),
        (b'{"v":1,"kind":"bye","t":1e400}', "a number that is too large for Python"),
        (b'{"v":1,"kind":"bye","t":' + b"9" * 400 + b"}", r"bye with t=9{20,}\.\.\.9+$"),
        (b'{"v":1,"kind":"bye","t":' + b"9" * 5000 + b"}", "not JSON: Exceeds the limit"),
        (b'{"v":1,"kind":"result","t":1,"value":' + b"[" * 100_000, "nested more than 200 levels deep"),
        (b'{"v":1,"kind":"result","t":1,"value":' + b"[" * 300 + b"]" * 300 + b"}", "nested more than 200"),
        (b'{"v":1,"kind":"result","t":1,"value":' + b'{"a":' * 300 + b"1" + b"}" * 301, "nested more than 2"),
        (b'{"v":1,"kind":"hello","t":1,"pid":true,"python":"3"}', "hello with pid=True"),
        (b'{"v":1,"kind":"hello","t":1,"pid":1.0,"python":"3"}', "hello with pid=1.0"),
        (b'{"v":1,"kind":"hello","t":1,"pid":9223372036854775808,"python":"3"}', "hello with pid=92233720"),
        (b'{"v":1,"kind":"progress","t":1,"stages":[],"rss":true}', "progress with rss=True"),
        (b'{"kind":"bye","t":1}', "version None"),
        (b'{"v":1,"kind":"shutdown","t":1}', "kind 'shutdown'"),
        (b'{"v":1,"kind":[],"t":1}', "kind of type list"),
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
        (beat(done=float("nan")), "NaN is not a number in JSON"),
        (beat(total=10**400), "progress with heartbeat=.*"),
        (beat(pid=1), "progress with heartbeat=.*'pid': 1"),
        (measurement(what="query"), "instrument with what='query'"),
        (measurement(what=[]), r"instrument with what=\[\]"),
        (measurement(name=None), "instrument with name=None"),
        (measurement(values=[]), r"instrument with values=\[\]"),
        (measurement(warning=1), "instrument with warning=1"),
        (measurement(skipped="3"), "instrument with skipped='3'"),
        (measurement(more=1), "instrument with more=1"),
        (b"1" * (protocol.MAX_LINE + 1), f"a line of {protocol.MAX_LINE + 1} bytes"),
    ],
)
def test_anything_else_is_refused_and_named(line, got):
    """An unknown kind or version, or a field of another type, fails loudly."""
    with pytest.raises(ProtocolError, match="does not follow the wire protocol.\n  got: ") as caught:
        protocol.parse(line)
    assert re.search(got, caught.value.got)
    assert caught.value.expected


@pytest.mark.parametrize(
    "line",
    [
        b"root:x:0:0:root:/root:/bin/bash",
        b"hunter2hunter2",
        b'"hunter2"',
        b'{"v": "hunter2 hunter2"}',
        b'{"v": 1, "kind": "hunter2 hunter2"}',
        b'{"v": 1, "kind": "bye", "t": 1, "a": "password=hunter2"}',
        b'{"v": 1, "kind": "bye", "t": 1, "\\u202e\\u001b[31m": "\\u001b[2J\\u202e\\u2028::group::"}',
    ],
)
def test_a_line_that_is_not_ours_is_not_quoted(line):
    """A channel may be a link to any file; what is nearly a message is shown safe and in short."""
    with pytest.raises(ProtocolError) as caught:
        protocol.parse(line)
    shown = str(caught.value)
    assert "hunter2" not in shown
    assert "root" not in shown
    assert "::group::" not in shown
    assert all(char.isprintable() or char == "\n" for char in shown)


@pytest.mark.parametrize("name", ["v", "kind", "t", "pid", "python", "more", "n" * 900_000])
@pytest.mark.parametrize("value", ["x" * 900_000, ["x" * 900_000], {"x" * 900_000: 1}, 10**4000])
def test_the_text_of_the_error_is_short(name, value):
    """However long the line is."""
    fields = {"v": 1, "kind": "hello", "t": 1, "pid": 1, "python": "3", name: value}
    line = json.dumps(fields).encode()[: protocol.MAX_LINE]
    if name == "python" and isinstance(value, str):
        return
    with pytest.raises(ProtocolError) as caught:
        protocol.parse(line)
    assert len(str(caught.value)) < 600


def test_a_message_behind_a_torn_one_is_found():
    """A forked writer may be ended in the middle of a line: what others write goes on behind it."""
    for cut in range(1, 40):
        torn = b'{"v":1,"kind":"metric","t":1,"values":{"loss":0.25}}'[:cut]
        found = list(protocol.parse_lines([torn + b'{"v":1,"kind":"bye","t":2}']))
        assert [message.kind for message in found] == ["warning", "bye"], torn
    with pytest.raises(ProtocolError):
        list(protocol.parse_lines([b'other{"v":1,"kind":"bye","t":2}']))
    with pytest.raises(ProtocolError):
        list(protocol.parse_lines([b'{"v":1,"kind":"bye","t":NaN}']))

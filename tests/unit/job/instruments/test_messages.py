from __future__ import annotations

import json

import pytest

from airflow_spark_guard.job import wire
from airflow_spark_guard.job.instruments.messages import ChannelSink, ListSink

CLOSURE = ("closure", "save", {"bytes": 2_000_000}, "job.py:3", "save is large.")


@pytest.fixture
def channel(tmp_path, monkeypatch):
    file = tmp_path / "channel"
    file.touch()
    monkeypatch.setenv(wire.CHANNEL_ENV, str(file))
    return file


def test_a_measurement_is_a_message(channel, capfd):
    ChannelSink().measured(*CLOSURE)
    message = json.loads(channel.read_text())
    assert message.pop("t") > 0
    assert message == {
        "v": 1,
        "kind": "instrument",
        "what": "closure",
        "name": "save",
        "values": {"bytes": 2_000_000},
        "line": "job.py:3",
        "warning": "save is large.",
    }
    assert capfd.readouterr().err == ""


def test_outside_an_attempt_a_warning_goes_to_standard_error(monkeypatch, capfd):
    monkeypatch.delenv(wire.CHANNEL_ENV, raising=False)
    ChannelSink().measured(*CLOSURE)
    ChannelSink().measured(*CLOSURE[:-1], "")
    assert capfd.readouterr().err == "spark-guard: save is large.\n"


def test_names_and_warnings_are_cut(channel):
    ChannelSink().measured("frame", "n" * 1000, {}, "", "w" * 5000)
    message = json.loads(channel.read_text())
    assert (len(message["name"]), len(message["warning"])) == (200, 1000)


def test_a_measurement_that_cannot_be_sent_is_left_out(channel, capfd):
    ChannelSink().measured("frame", "rows", {"text": "x" * (wire.MAX_LINE + 1)}, "", "")
    assert channel.read_text() == ""
    assert "A measurement of 'rows' was left out" in capfd.readouterr().err


def test_a_list_sink_keeps_everything():
    sink = ListSink()
    sink.measured(*CLOSURE)
    sink.say("text")
    assert (sink.rows, sink.texts, sink.warnings) == ([CLOSURE], ["text"], ["save is large."])

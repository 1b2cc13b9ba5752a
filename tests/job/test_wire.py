"""The writing end of the wire protocol, read by the reading end."""

from __future__ import annotations

import os
import threading

import pytest

from airflow_spark_guard.job import wire
from airflow_spark_guard.process.channel import ChannelReader


@pytest.fixture
def channel_path(tmp_path, monkeypatch):
    path = tmp_path / "channel.jsonl"
    monkeypatch.setenv(wire.CHANNEL_ENV, str(path))
    return path


def test_messages_arrive_in_order(channel_path):
    """What is sent is what is read."""
    reader = ChannelReader(channel_path)
    channel = wire.open_channel()
    channel.send("result", value=1)
    channel.send("bye")
    assert [(m.kind, m.fields) for m in reader.read()] == [("result", {"value": 1}), ("bye", {})]
    assert reader.read() == []
    reader.close()


def test_the_channel_is_opened_once(channel_path):
    """All threads share its lock."""
    ChannelReader(channel_path).close()
    assert wire.open_channel() is wire.open_channel()


def test_threads_and_forked_children_do_not_mix_their_lines(channel_path):
    """One append a message, whoever writes."""
    reader = ChannelReader(channel_path)
    channel = wire.open_channel()

    def write():
        for _ in range(200):
            channel.send("warning", text="x" * 500)

    child = os.fork()
    if child == 0:
        write()
        os._exit(0)
    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.waitpid(child, 0)
    messages = []
    while found := reader.read():
        messages += found
    assert len(messages) == 1000
    assert {m.fields["text"] for m in messages} == {"x" * 500}
    reader.close()


def test_outside_an_attempt_there_is_a_stand_in(monkeypatch, tmp_path):
    """It checks and drops."""
    monkeypatch.delenv(wire.CHANNEL_ENV, raising=False)
    assert isinstance(wire.open_channel(), wire.NoChannel)
    monkeypatch.setenv(wire.CHANNEL_ENV, str(tmp_path / "gone"))
    channel = wire.open_channel()
    assert isinstance(channel, wire.NoChannel)
    channel.send("bye")
    with pytest.raises(TypeError, match="not JSON serializable"):
        channel.send("result", value=object())


def test_a_message_beyond_the_readers_bound_is_not_written():
    """Better an error here than a channel that the reader refuses."""
    with pytest.raises(ValueError, match=r"a result message of \d+ bytes is longer than 1048576"):
        wire.encode("result", {"value": "x" * wire.MAX_LINE}, 0)

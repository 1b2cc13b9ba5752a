"""The writing end of the wire protocol, read by the reading end."""

from __future__ import annotations

import os
import signal
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


def test_a_fork_can_write_while_its_parent_is_writing(channel_path):
    """The child gets a copy of the lock, held by a thread that it does not have."""
    reader = ChannelReader(channel_path)
    channel = wire.open_channel()
    locked, go_on = threading.Event(), threading.Event()

    def hold():
        with channel._lock:
            locked.set()
            go_on.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    locked.wait(30)
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        channel.send("bye")
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    go_on.set()
    thread.join()
    assert [m.kind for m in reader.read()] == ["bye"]
    reader.close()


def test_outside_an_attempt_the_channel_leads_nowhere(monkeypatch, tmp_path):
    """It checks and drops."""
    monkeypatch.delenv(wire.CHANNEL_ENV, raising=False)
    channel = wire.open_channel()
    monkeypatch.setenv(wire.CHANNEL_ENV, str(tmp_path / "gone"))
    assert wire.open_channel() is channel
    channel.send("bye")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(TypeError, match="not JSON serializable"):
        channel.send("result", value=object())


def test_a_message_beyond_the_readers_bound_is_not_written():
    """Better an error here than a channel that the reader refuses."""
    with pytest.raises(ValueError, match=r"a result message of \d+ bytes is longer than 1048576"):
        wire.encode("result", {"value": "x" * wire.MAX_LINE}, 0)

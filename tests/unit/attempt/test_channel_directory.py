import json
import os
import subprocess
import sys
import threading

import pytest

from airflow_spark_guard.attempt import channel_directory
from airflow_spark_guard.attempt.channel_directory import ChannelDirectory
from airflow_spark_guard.core.cluster.channel_files import LARGEST_FILE
from airflow_spark_guard.core.errors import BadInputError, ProtocolError
from airflow_spark_guard.job.wire import encode
from tests.support.processes import ROOT

FIRST, SECOND = "1795220516234-17", "1795220599999-4"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "channel"


@pytest.fixture
def directory(folder):
    return ChannelDirectory(f"file://{folder}")


def put(folder, writer, number, *messages):
    folder.mkdir(exist_ok=True)
    (folder / f"{writer}-{number:06d}.jsonl").write_bytes(
        b"".join(encode(*message, 1.0) for message in messages)
    )


def test_before_the_driver_has_made_it_nothing_is_wrong(directory):
    """It is the driver's to make."""
    directory.check()
    directory.read(5.0, print)
    assert (directory.trouble, directory.channel_state.hello) == ("", False)


def test_messages_are_heard_once_and_in_order(directory, folder):
    """Each is told on."""
    told = []
    put(folder, FIRST, 0, ("hello", {"pid": 7, "python": "3.11"}))
    directory.read(5.0, told.append)
    put(folder, FIRST, 1, ("result", {"value": 3}), ("bye", {}))
    directory.read(6.0, told.append)
    directory.read(7.0, told.append)
    assert [message.kind for message in told] == ["hello", "result", "bye"]
    assert (directory.channel_state.result, directory.channel_state.ended_at) == (3, 6.0)


def test_another_driver_begins_anew(directory, folder):
    """The first one's error is not the second one's."""
    error = {"category": "user", "type": "E", "message": "", "traceback": "", "frames": []}
    put(folder, FIRST, 0, ("error", error))
    directory.read(5.0, print)
    assert directory.channel_state.error is not None
    put(folder, SECOND, 0, ("bye", {}))
    directory.read(6.0, print)
    assert (directory.channel_state.error, directory.channel_state.bye) == (None, True)


def test_a_foreign_message_is_an_error(directory, folder):
    """The channel is the job's alone."""
    folder.mkdir()
    (folder / f"{FIRST}-000000.jsonl").write_text(json.dumps({"v": 1, "kind": "nonsense", "t": 1}))
    with pytest.raises(ProtocolError, match="kind 'nonsense'"):
        directory.read(5.0, print)


def test_a_store_that_fails_for_a_while_is_asked_again(directory, folder, monkeypatch):
    """What it holds is read later; the trouble is kept to be told."""
    put(folder, FIRST, 0, ("bye", {}))
    real = type(directory)._path
    monkeypatch.setattr(type(directory), "_path", lambda _: 1 / 0)
    directory.read(5.0, print)
    assert directory.trouble.startswith("ZeroDivisionError")
    with pytest.raises(BadInputError, match="The channel directory cannot be read"):
        directory.check()
    monkeypatch.setattr(type(directory), "_path", real)
    (folder / f"{FIRST}-000000.jsonl").rename(folder / "aside")
    (folder / f"{FIRST}-000000.jsonl").mkdir()
    directory.read(5.0, print)
    assert directory.trouble.startswith("IsADirectoryError")
    (folder / f"{FIRST}-000000.jsonl").rmdir()
    (folder / "aside").rename(folder / f"{FIRST}-000000.jsonl")
    directory.read(6.0, print)
    assert (directory.trouble, directory.channel_state.bye) == ("", True)


def test_a_store_that_hangs_holds_nobody_up(directory, folder, monkeypatch):
    """What comes late is not lost, and nothing is begun beside it."""
    monkeypatch.setattr(channel_directory, "_PATIENCE", 0.1)
    put(folder, FIRST, 0, ("bye", {}))
    real, hangs, asked = type(directory)._path, threading.Event(), []

    def slow(self):
        asked.append(1)
        hangs.wait(60)
        return real(self)

    monkeypatch.setattr(type(directory), "_path", slow)
    for _ in range(3):
        directory.read(5.0, print)
        assert (directory.trouble, directory.channel_state.bye) == ("no answer within 0.1 s", False)
    assert len(asked) == 1
    hangs.set()
    monkeypatch.setattr(channel_directory, "_PATIENCE", 5.0)
    directory.read(6.0, print)
    assert (directory.trouble, directory.channel_state.bye) == ("", True)


def test_what_was_read_before_a_failure_is_heard(directory, folder):
    """It does not come again."""
    put(folder, FIRST, 0, ("hello", {"pid": 7, "python": "3"}))
    (folder / f"{FIRST}-000001.jsonl").mkdir()
    directory.read(5.0, print)
    assert directory.channel_state.hello
    assert directory.trouble


def test_it_is_removed_when_all_is_heard(directory, folder):
    """Twice is no error: it may be somebody else's to remove."""
    put(folder, FIRST, 0, ("bye", {}))
    directory.remove()
    assert not folder.exists()
    directory.remove()


def test_a_flood_is_read_in_parts(directory, folder):
    """What is held in memory is bounded; the last part has the end."""
    told = []
    for number in range(20):
        put(folder, FIRST, number, ("metric", {"values": {"step": number}}))
    put(folder, FIRST, 20, ("result", {"value": 7}), ("bye", {}))
    looks = 0
    while not directory.channel_state.bye:
        directory.read(5.0, told.append)
        looks += 1
        assert directory.has_more is (looks < 3)
    assert (looks, len(told), directory.channel_state.result) == (3, 22, 7)


def test_a_message_that_was_cut_off_is_a_warning(directory, folder):
    """As beside the task."""
    told = []
    folder.mkdir()
    (folder / f"{FIRST}-000000.jsonl").write_bytes(b'{"v":1,"kind":"met\n' + encode("bye", {}, 1.0))
    directory.read(5.0, told.append)
    assert [message.kind for message in told] == ["warning", "bye"]


@pytest.mark.parametrize("kind", ["link", "fifo", "folder"])
def test_what_is_no_regular_file_is_not_read_and_nothing_of_it_is_shown(directory, folder, kind):
    """Whoever writes there would have the worker read its own files; a pipe would be waited for."""
    put(folder, FIRST, 0, ("hello", {"pid": 7, "python": "3"}))
    place, secret = folder / f"{FIRST}-000001.jsonl", folder.parent / "secret"
    secret.write_text("hunter2")
    {"link": lambda: place.symlink_to(secret), "fifo": lambda: os.mkfifo(place), "folder": place.mkdir}[
        kind
    ]()
    directory.read(5.0, print)
    assert directory.channel_state.hello
    assert directory.trouble.endswith(
        f"it is {'a link' if kind == 'link' else 'not a regular file'}: '{place.name}'"
    )


@pytest.mark.parametrize(
    "text", ["root:x:0:0:root:/root", "hunter2" * 9, '"hunter2"', '{"key": "hunter2"}', "7"]
)
def test_nothing_of_a_foreign_file_is_shown(directory, folder, text):
    """A hard link, or a copy."""
    folder.mkdir()
    (folder / f"{FIRST}-000000.jsonl").write_text(text)
    with pytest.raises(ProtocolError) as caught:
        directory.read(5.0, print)
    assert "root" not in str(caught.value)
    assert "hunter2" not in str(caught.value)


MEMORY = """
import resource, sys
from airflow_spark_guard.attempt.channel_directory import ChannelDirectory
directory = ChannelDirectory("file://" + sys.argv[1])
directory.check()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
number = [0]
def tell(message):
    number[0] += 1
while not directory.channel_state.bye:
    directory.read(5.0, tell)
print(number[0], (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_many_files_take_the_memory_of_a_few(folder):
    """However much a job says; in a process that holds nothing else."""
    folder.mkdir()
    line = encode("metric", {"values": {"text": "x" * 1000}}, 1.0)
    lines = LARGEST_FILE // 4 // len(line)
    for number in range(60):
        (folder / f"{FIRST}-{number:06d}.jsonl").write_bytes(line * lines)
    put(folder, FIRST, 60, ("bye", {}))
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(folder)], env=env, capture_output=True, text=True
    )
    messages, megabytes = map(int, done.stdout.split())
    assert messages == 60 * lines + 1
    assert megabytes < 30, "60 MB of files"

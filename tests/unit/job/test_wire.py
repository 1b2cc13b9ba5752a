"""The writing end of the wire protocol, read by the reading end."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
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
            go_on.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    locked.wait(60)
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


@contextlib.contextmanager
def longest_file(size):
    """A disk that is full for a while; pytest's own output may be a file as well."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextlib.contextmanager
def stderr_as_pipe():
    """What goes to standard error: pytest's own capture is a file, and just as full."""
    kept, (end, begin), said = os.dup(2), os.pipe(), []
    os.dup2(begin, 2)
    os.close(begin)
    try:
        yield said
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        said.append(os.read(end, 65536).decode())
        os.close(end)


def kinds(reader):
    return [message.kind for message in reader.read()]


def test_on_a_full_disk_messages_are_left_out_and_standard_error_says_so_once(channel_path):
    """A healthy job goes on; when there is space again, the next message says how many were lost."""
    reader = ChannelReader(channel_path)
    channel = wire.open_channel()
    with stderr_as_pipe() as said, longest_file(100):  # in the middle of the second message
        for _ in range(5):
            channel.send("metric", values={"loss": 0.25})
            channel.send("progress", stages=[])
    channel.send("progress", stages=[])
    channel.send("bye")
    messages = reader.read()
    assert [m.kind for m in messages] == ["metric", "warning", "warning", "progress", "bye"]
    assert messages[1].fields["text"] == "A message of the job was cut off: its disk was full."
    assert messages[2].fields["text"] == (
        "9 messages of the job could not be written to the attempt's channel."
    )
    assert "".join(said) == (
        f"spark-guard: The attempt's channel {channel_path} cannot be written: File too large. The job "
        "continues; its metrics and heartbeats are left out until the channel can be written again.\n"
    )
    reader.close()


@pytest.mark.parametrize(("kind", "fields"), [("result", {"value": 3}), ("bye", {})])
def test_a_result_or_an_end_that_cannot_be_written_is_an_error(channel_path, kind, fields):
    """Without them the attempt is no success, and the script must know."""
    ChannelReader(channel_path).close()
    channel = wire.open_channel()
    what = f"The {kind} message could not be written to the attempt's channel: File too large"
    with longest_file(0), pytest.raises(OSError, match=what):
        channel.send(kind, **fields)


def test_a_channel_that_cannot_be_opened_ends_no_job(tmp_path, monkeypatch, capfd):
    """An executor may run as another user, or with no descriptor left."""
    monkeypatch.setenv(wire.CHANNEL_ENV, str(tmp_path))  # a folder
    channel = wire.open_channel()
    channel.send("metric", values={"a": 1})
    assert "cannot be written: Is a directory" in capfd.readouterr().err
    with pytest.raises(OSError, match="The result message could not be written .*: Is a directory"):
        channel.send("result", value=1)


def test_of_a_flood_the_newest_arrive_before_the_end(channel_path):
    """30,000 metrics and 500 results are a small file, and the last of each is in it."""
    reader = ChannelReader(channel_path)
    channel = wire.open_channel()
    for number in range(30_000):
        channel.send("metric", values={"step": number})
    for number in range(500):
        channel.send("result", value=number)
    channel.send("bye")
    messages = list(reader.remaining())
    metrics = [m.fields for m in messages if m.kind == "metric"]
    assert 10_000 < len(metrics) < 20_000
    assert metrics[-1]["values"] == {"step": 29_999}
    assert sum(m.get("skipped", 0) for m in metrics) + len(metrics) == 30_000
    assert [m.kind for m in messages if m.kind != "metric"][-2:] == ["result", "bye"]
    assert [m.fields["value"] for m in messages if m.kind == "result"][-1] == 499
    reader.close()


def test_what_waits_goes_with_the_next_message_when_its_pace_allows(channel_path, monkeypatch):
    """No thread is needed for it; a fork does not write what its parent holds."""
    monkeypatch.setattr(wire, "PACES", {"metric": (1, 1000.0), "result": (1, 0.0)})
    reader = ChannelReader(channel_path)
    channel = wire.Channel(str(channel_path))
    for number in range(3):
        channel.send("result", value=number)
    child = os.fork()
    if child == 0:
        channel.start_anew()
        channel.send("error", category="user", type="E", message="", traceback="", frames=[])
        os._exit(0)
    os.waitpid(child, 0)
    assert kinds(reader) == ["result", "error"]
    channel.send("bye")
    assert [m.fields for m in reader.read()] == [{"value": 2}, {}]
    reader.close()


def result_after(reader):
    """The newest result, and what came last."""
    messages = list(reader.remaining())
    return [m.fields["value"] for m in messages if m.kind == "result"][-1], messages[-1].kind


def torn_by_a_fork(path, send):
    """A forked child leaves half a line of its own: only its disk is full."""
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 40, resource.RLIM_INFINITY))
        send()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("result", {"value": 7}),
        ("bye", {}),
        ("error", {"category": "user", "type": "E", "message": "", "traceback": "", "frames": []}),
        ("metric", {"values": {"loss": 1.5}}),
        ("warning", {"text": "x"}),
    ],
)
def test_half_a_line_of_another_process_takes_no_message_with_it(channel_path, kind, fields):
    """The next message begins on a line of its own, whoever left the half one."""
    reader = ChannelReader(channel_path)
    channel = wire.open_channel()
    channel.send("hello", pid=1, python="3")
    with stderr_as_pipe():
        torn_by_a_fork(channel_path, lambda: channel.send("metric", values={"loss": 0.25}))
    channel.send(kind, **fields)
    messages = list(reader.remaining())
    assert [m.kind for m in messages] == ["hello", "warning", kind]
    assert messages[1].fields["text"] == "A message of the job was cut off: its disk was full."
    assert messages[2].fields == fields
    reader.close()


def test_the_first_line_of_the_file_is_a_message(channel_path):
    """An empty line stands between two messages, and none before them."""
    ChannelReader(channel_path).close()
    channel = wire.open_channel()
    channel.send("bye")
    channel.send("bye")
    assert [bool(line) for line in channel_path.read_bytes().split(b"\n")] == [True, False, True, False]


def test_a_fork_has_a_pace_of_its_own(channel_path, monkeypatch):
    """A child that reports the result is not too late because its parent has reported a hundred."""
    monkeypatch.setattr(wire, "PACES", {"metric": (1, 0.0), "result": (1, 0.0)})
    reader = ChannelReader(channel_path)
    channel = wire.Channel(str(channel_path))
    channel.send("result", value="the parent's")
    child = os.fork()
    if child == 0:
        channel.start_anew()
        channel.send("result", value="the child's")
        os._exit(0)
    os.waitpid(child, 0)
    channel.send("bye")
    assert result_after(reader) == ("the child's", "bye")
    reader.close()


def test_no_result_waits_after_the_closing_message(channel_path, monkeypatch):
    """A thread that goes on after the script's end has no later message to go with."""
    monkeypatch.setattr(wire, "PACES", {"metric": (1, 0.0), "result": (1, 0.0)})
    reader = ChannelReader(channel_path)
    channel = wire.Channel(str(channel_path))
    channel.send("bye")
    for number in range(5):
        channel.send("result", value=number)
    assert result_after(reader) == (4, "result")
    reader.close()


# Of these few are written at once; of a flood the real ones are held against it.
SLOW = """
from airflow_spark_guard.job import wire
wire.PACES = {"metric": (100, 10.0), "result": (20, 1.0)}
"""
THREAD = """
import threading
from airflow_spark_guard.job.wire import open_channel
channel = open_channel()
go_on = threading.Event()
def late():
    go_on.wait()
    for number in range(100):
        channel.send("result", value=number)
    for number in range(200):
        channel.send("metric", values={"step": number})
threading.Thread(target=late).start()
channel.send("bye")
go_on.set()
"""
EXIT = """
import atexit
from airflow_spark_guard.job.wire import open_channel
channel = open_channel()
atexit.register(lambda: channel.send("result", value=99))
for number in range(200):
    channel.send("metric", values={"step": number})
for number in range(50):
    channel.send("result", value=number)
"""
POOL = """
import multiprocessing, sys
from airflow_spark_guard.job.wire import open_channel
def work():
    for number in range(100):
        open_channel().send("result", value=number)
    for number in range(200):
        open_channel().send("metric", values={"step": number})
if __name__ == "__main__":
    open_channel()
    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join()
"""


@pytest.mark.parametrize("code", [THREAD, EXIT, POOL], ids=["a thread", "a subprocess", "multiprocessing"])
def test_what_waits_is_written_when_its_process_exits(channel_path, code):
    """No later message comes; the newest result and the newest metric arrive all the same."""
    reader = ChannelReader(channel_path)
    subprocess.run([sys.executable, "-c", SLOW + code], check=True)
    messages = list(reader.remaining())
    assert [m.fields["value"] for m in messages if m.kind == "result"][-1] == 99
    assert [m.fields["values"] for m in messages if m.kind == "metric"][-1] == {"step": 199}
    reader.close()


def test_a_job_that_closes_our_descriptor_keeps_its_own_file(channel_path, tmp_path):
    """``os.closerange`` of a daemon: the next file of the job has our number, and gets none of our lines."""
    reader = ChannelReader(channel_path)
    channel = wire.open_channel()
    channel.send("hello", pid=1, python="3")
    own = tmp_path / "data.csv"
    number = channel._fd
    os.close(number)
    channel.send("metric", values={"a": 1})  # nobody has the number yet
    os.close(channel._fd)
    with own.open("w") as file:
        file.write("a,b\n")
        file.flush()
        assert file.fileno() == channel._fd
        channel.send("result", value=3)
        file.write("1,2\n")
    assert own.read_text() == "a,b\n1,2\n"
    channel.send("bye")
    assert kinds(reader) == ["hello", "metric", "result", "bye"]
    reader.close()


STDERR = """
import os
os.close(2)
file = open("own.txt", "w")
assert file.fileno() == 2
from airflow_spark_guard.job.wire import write_to_stderr
write_to_stderr("ours")
file.write("theirs")
file.close()
write_to_stderr("ours")
os.dup2(1, 2)
write_to_stderr("ours")
"""


def test_a_job_that_closes_standard_error_keeps_its_own_file(tmp_path):
    """A file that has the number 2 is no standard error; what ``dup2`` puts there is."""
    done = subprocess.run(
        [sys.executable, "-c", STDERR], check=True, cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    assert (done.stdout, (tmp_path / "own.txt").read_text()) == ("ours", "theirs")


def measure(channel, name="f", warning=""):
    channel.send("instrument", what="closure", name=name, values={"bytes": 1}, line="", warning=warning)


def test_measurements_over_the_limit_are_dropped_and_counted(channel_path, monkeypatch):
    """Each is about another thing: the newest does not stand for the others. Warnings have their own limit."""
    monkeypatch.setattr(wire, "MEASURED", (3, 0.0))
    monkeypatch.setattr(wire, "WARNED", (2, 0.0))
    reader = ChannelReader(channel_path)
    channel = wire.open_channel()
    for number in range(10):
        measure(channel, f"f{number}")
    for number in range(4):
        measure(channel, f"w{number}", "Too large.")
    channel.send("progress", stages=[])
    channel.send("bye")
    messages = list(reader.remaining())
    assert [(m.fields.get("name"), m.fields.get("skipped")) for m in messages[:-3]] == [
        ("f0", None), ("f1", None), ("f2", None), ("w0", 7), ("w1", None),
    ]  # fmt: skip
    assert [m.kind for m in messages[-3:]] == ["progress", "warning", "bye"]
    assert messages[-2].fields["text"] == (
        "2 measurements of the job's instruments were left out (limit: 3 at once, then 0 per second)."
    )
    reader.close()


def test_dropped_measurements_are_reported_once(channel_path, monkeypatch):
    """A thread that goes on after the script has nothing to add."""
    monkeypatch.setattr(wire, "MEASURED", (0, 0.0))
    reader = ChannelReader(channel_path)
    channel = wire.open_channel()
    measure(channel)
    channel.send("bye")
    channel.flush()
    assert kinds(reader) == ["warning", "bye"]
    reader.close()


def test_a_measurement_that_is_no_json_is_an_error(channel_path):
    """As any other message."""
    ChannelReader(channel_path).close()
    with pytest.raises(TypeError, match="not JSON serializable"):
        wire.open_channel().send("instrument", what="closure", name=object())

"""An attempt from its launch to its ending, on small commands."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from airflow_spark_guard.core.ending import Cause
from airflow_spark_guard.core.output import JobOutput
from airflow_spark_guard.job import wire
from airflow_spark_guard.process.attempt import Attempt, Launch
from airflow_spark_guard.process.channel import ChannelReader
from airflow_spark_guard.process.leftovers import Tag, new_attempt
from tests.support.processes import MARK, end_all, marked


class Run:
    """One attempt at a bash command, with what came of it."""

    def __init__(self, tmp_path, command: str, *, budget: int = 1000, during=None, **limits) -> None:
        self.lines: list[str] = []
        self.messages: list[str] = []
        self.mark = new_attempt()
        self.tag = Tag(new_attempt(), new_attempt())
        launch = Launch(
            command=("bash", "-c", command),
            env={**os.environ, MARK: self.mark},
            workdir=tmp_path,
            secrets=tmp_path / "spark.properties",
            tag=self.tag,
            deadline=limits.get("deadline"),
            backstop=60,
            exit_timeout=limits.get("exit_timeout", 60),
            grace=1.0,
            guardians=limits.get("guardians", ()),
        )
        reader = ChannelReader(tmp_path / "channel.jsonl")
        with Attempt(launch) as attempt:
            if during:
                threading.Thread(target=during, args=(attempt,)).start()
            self.ending = attempt.watch(
                reader,
                JobOutput(budget),
                self.lines.extend,
                lambda m: self.messages.append(m.kind),
                speaks=True,
            )
        reader.close()
        self.left = marked(self.mark)
        end_all(self.mark)


@pytest.fixture
def channel(tmp_path):
    """Shell code that sends a message."""

    def say(kind: str, **fields) -> str:
        line = wire.encode(kind, fields, 1.0).decode().strip()
        return f"echo '{line}' >> '{tmp_path}/channel.jsonl'; "

    return say


def test_output_messages_and_status_come_together(tmp_path, channel):
    """Everything that was said before the end is in the ending."""
    run = Run(
        tmp_path, channel("hello", pid=1, python="3") + "echo one; echo two; " + channel("bye") + "exit 0"
    )
    assert (run.ending.cause, run.ending.exit_status) == (Cause.COMMAND_ENDED, 0)
    assert run.ending.heard.hello
    assert run.ending.heard.bye_at is not None
    assert run.lines == ["one", "two"]
    assert run.messages == ["hello", "bye"]
    assert (run.ending.orphans, run.left) == ((), [])


def test_the_deadline_ends_it(tmp_path):
    """And what it left in another session."""
    run = Run(tmp_path, "setsid sleep 300 & sleep 300", deadline=1.0)
    assert (run.ending.cause, run.ending.limit, run.left) == (Cause.DEADLINE, 1.0, [])
    assert 1.0 <= run.ending.seconds < 6


def test_a_process_that_stays_after_bye_is_ended(tmp_path, channel):
    """NOT_EXITING."""
    run = Run(tmp_path, channel("bye") + "sleep 300", exit_timeout=1.0)
    assert (run.ending.cause, run.ending.limit, run.left) == (Cause.NOT_EXITING, 1.0, [])


def test_a_requested_kill_is_named_so(tmp_path):
    """What ``on_kill`` does, from a signal handler or a thread."""

    def kill(attempt):
        time.sleep(0.5)
        attempt.request_kill()

    run = Run(tmp_path, "sleep 300", during=kill)
    assert (run.ending.cause, run.left) == (Cause.KILLED, [])


def test_a_killed_reaper_is_noticed_and_its_leftovers_are_ended(tmp_path):
    """The sleeper in another session is found by its tag."""

    def kill(attempt):
        time.sleep(0.7)
        attempt._reaper.kill()

    run = Run(tmp_path, "setsid sleep 300 & sleep 300", during=kill)
    assert (run.ending.cause, run.ending.exit_status, run.left) == (Cause.REAPER_GONE, None, [])


def test_a_guardians_death_is_named(tmp_path):
    """The supervisor's."""
    guardian = subprocess.Popen(["sleep", "300"])

    def kill(_):
        time.sleep(0.7)
        guardian.kill()
        guardian.wait()

    run = Run(tmp_path, "sleep 300", guardians=[guardian.pid], during=kill)
    assert (run.ending.cause, run.left) == (Cause.GUARDIAN, [])


def test_a_flood_of_output_is_bounded_and_survived(tmp_path):
    """200 MB go through; a thousand lines come out, and the last one is among them."""
    flood = f"{sys.executable} -c \"import sys\nfor _ in range(200): sys.stdout.write(('x'*99+chr(10))*10000)\nprint('the end')\""
    run = Run(tmp_path, flood, budget=1000)
    assert run.ending.exit_status == 0
    assert 800 <= len(run.lines) <= 1021
    assert run.lines[-1] == "the end"
    assert any("of 2000001 lines of output (200000008 bytes) were held back" in line for line in run.lines)


def test_what_is_printed_while_it_is_ended_is_not_lost(tmp_path):
    """The last words of a job that is told to stop."""
    run = Run(
        tmp_path,
        "trap 'echo last words; exit 1' TERM; echo ready; while true; do sleep 0.1; done",
        deadline=1.0,
    )
    assert (run.lines[0], run.lines[-1]) == ("ready", "last words")
    assert run.ending.evidence.endswith("\nlast words")


def test_a_failed_start_leaves_nothing_open(tmp_path):
    """No descriptor, no process."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    launch = Launch(("true",), {"X": 1}, tmp_path, tmp_path / "s", Tag(new_attempt(), "a"), None, 60, 60, 1.0)
    with pytest.raises(TypeError), Attempt(launch):
        raise AssertionError("not reached")
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_an_exception_in_the_watch_ends_the_attempt(tmp_path):
    """Airflow's execution_timeout is one, raised wherever the task happens to be."""
    mark, reader = new_attempt(), ChannelReader(tmp_path / "channel.jsonl")
    launch = Launch(
        ("bash", "-c", "setsid sleep 300 & echo x; sleep 300"),
        {**os.environ, MARK: mark},
        tmp_path,
        tmp_path / "spark.properties",
        Tag(new_attempt(), "a"),
        None,
        60,
        60,
        1.0,
    )

    def fail(lines):
        if lines:
            raise KeyError("time-out")

    with pytest.raises(KeyError, match="time-out"), Attempt(launch) as attempt:
        attempt.watch(reader, JobOutput(10), fail, lambda _: None, speaks=True)
    reader.close()
    assert marked(mark) == []

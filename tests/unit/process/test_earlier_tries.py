"""An earlier try of the same task is ended before the next one starts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from airflow_spark_guard.core.errors import KilledError
from airflow_spark_guard.process import earlier_tries, leftovers, proctree
from airflow_spark_guard.process.leftovers import TAG_ENV, Tag, new_attempt

# Double-forked: what is below this process is spared, and a real one is not.
SLEEP = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        print(os.getpid(), flush=True)
        time.sleep(60)
    os._exit(0)
os.wait()
"""


@pytest.fixture
def task():
    return new_attempt()


@pytest.fixture
def earlier(task):
    """A process of try 2, as a task that goes on beside the next one has it."""
    tag = Tag(task, new_attempt(2))
    child = subprocess.Popen(
        [sys.executable, "-c", SLEEP], env={**os.environ, TAG_ENV: str(tag)}, stdout=subprocess.PIPE
    )
    proc = proctree.read(int(child.stdout.readline()))
    child.wait()
    child.stdout.close()
    yield proc
    proctree.send(proc, signal.SIGKILL)


def test_it_is_ended_and_named_in_one_line(task, earlier):
    """With its try and its pid, in plain words."""
    line = earlier_tries.end(Tag(task, new_attempt(3)), 36_645.0)
    after = proctree.read(earlier.pid)
    assert after is None or after.started != earlier.started or after.state == "Z"
    assert line == f"Ended what try 2 had left on this host before submitting: {earlier.pid} python."


def test_where_there_is_none_there_is_nothing_to_say(task):
    """Nor where it is of another task."""
    assert earlier_tries.end(Tag(task, new_attempt(3)), 0.0) == ""


def test_one_that_cannot_be_ended_stops_the_next_try(task, monkeypatch):
    """Two tries would write over each other."""
    monkeypatch.setattr(leftovers, "end", lambda *_, **__: ([], ["17 java"]))
    with pytest.raises(KilledError, match="is still running on this host and cannot be killed") as caught:
        earlier_tries.end(Tag(task, new_attempt(3)), 0.0)
    assert caught.value.orphans == ("17 java",)

"""What outlived its attempt is found by its tag, and nothing else is."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from airflow_spark_guard.core.failure.takeover import Earlier
from airflow_spark_guard.process import leftovers, proctree
from airflow_spark_guard.process.leftovers import TAG_ENV, Tag, new_attempt
from tests.support.processes import ROOT

# Double-forked: below pid 1 (or a subreaper), not below us, as a real leftover is.
ORPHAN = """
import os, signal, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        if "deaf" in sys.argv: signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print(os.getpid(), flush=True)
        time.sleep(60)
    os._exit(0)
os.wait()
"""


@pytest.fixture
def orphan():
    started = []

    def start(tag: Tag, *arguments: str) -> proctree.Proc:
        env = {**os.environ, TAG_ENV: str(tag)}
        process = subprocess.Popen(
            [sys.executable, "-c", ORPHAN, *arguments], env=env, stdout=subprocess.PIPE, text=True
        )
        proc = proctree.read(int(process.stdout.readline()))
        process.wait()
        process.stdout.close()
        started.append(proc)
        return proc

    yield start
    for proc in started:
        proctree.send(proc, 9)


def test_earlier_attempts_of_the_same_task_are_found(orphan):
    """Same task, another attempt."""
    task = new_attempt()
    earlier = orphan(Tag(task, "one"))
    mine = orphan(Tag(task, "two"))
    orphan(Tag(new_attempt(), "one"))
    assert leftovers.find(Tag(task, "two"), of_this_attempt=False) == [proctree.read(earlier.pid)]
    assert leftovers.find(Tag(task, "two"), of_this_attempt=True) == [proctree.read(mine.pid)]


def test_they_are_ended_and_named(orphan):
    """Found, ended, and looked for again."""
    task = new_attempt()
    proc = orphan(Tag(task, "one"))
    assert leftovers.end(Tag(task, "two"), of_this_attempt=False) == ([str(proc)], [])
    assert leftovers.find(Tag(task, "two"), of_this_attempt=False) == []


def test_one_that_ignores_sigterm_is_killed(orphan):
    """A second later."""
    task = new_attempt()
    proc = orphan(Tag(task, "one"), "deaf")
    time.sleep(0.2)
    begin = time.monotonic()
    assert leftovers.end(Tag(task, "two"), of_this_attempt=False) == ([str(proc)], [])
    assert 0.9 < time.monotonic() - begin < 60


def test_what_is_above_or_below_us_is_spared():
    """Our own environment and our children's may well carry the tag."""
    task = new_attempt()
    code = (
        "import subprocess, sys\n"
        "from airflow_spark_guard.process import leftovers\n"
        "child = subprocess.Popen(['sleep', '60'])\n"
        f"print(leftovers.find(leftovers.Tag('{task}', 'two'), of_this_attempt=False))\n"
        "child.kill(); child.wait()\n"
    )
    env = {**os.environ, TAG_ENV: f"{task}:one"}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_it_is_known_which_try_they_are_of_and_whether_its_reaper_lives(orphan):
    """A reaper holds a running job; without one, these are what a dead try left."""
    task = new_attempt()
    mine = Tag(task, new_attempt(3))
    assert leftovers.earlier(mine) is None
    proc, attempt = None, new_attempt(2)
    proc = orphan(Tag(task, attempt))
    assert leftovers.earlier(mine) == Earlier((attempt,), None, (str(proc),))
    reaper = orphan(Tag(task, attempt), "reaper_main.py")
    found = leftovers.earlier(mine)
    assert (found.attempts, found.reaper) == ((attempt,), reaper.pid)
    assert (
        found.ended() == f"Try 2 was still running on this host (pid {reaper.pid}); ended before submitting."
    )


def test_where_nothing_is_to_be_ended_nothing_is_waited_for(monkeypatch):
    """One look at the process table, in which another process may be just executing its program."""
    sleep = time.sleep

    def doze(seconds):
        assert seconds == 0.001, "not the pause between two looks"
        sleep(seconds)

    monkeypatch.setattr(leftovers.time, "sleep", doze)
    assert leftovers.end(Tag(new_attempt(), "x"), of_this_attempt=False) == ([], [])


@pytest.mark.parametrize("end", [b"\xff", b"one\xff\x1b[31m\n", b"", b"\xed\xa0\x80", b"x" * 100_000])
def test_a_tag_that_is_no_text_is_a_tag(end):
    """A process may put anything into its environment: it is ended, and nothing is raised."""
    task = new_attempt()
    environment = {
        os.fsencode(TAG_ENV): f"{task}:".encode() + end,
        b"\xff": b"\xff",
        b"PATH": b"/usr/bin:/bin",
    }
    process = subprocess.Popen(
        [sys.executable, "-c", ORPHAN], env=environment, stdout=subprocess.PIPE, text=True
    )
    pid = int(process.stdout.readline())
    process.wait()
    process.stdout.close()
    mine = Tag(task, "two")
    assert [proc.pid for proc in leftovers.find(mine, of_this_attempt=False)] == [pid]
    found = leftovers.earlier(mine)
    assert found.ended().isprintable()
    assert leftovers.end(mine, of_this_attempt=False)[1] == []
    assert proctree.read(pid) is None or proctree.read(pid).state == "Z"


def test_pid_1_of_a_container_looks_for_leftovers_as_well():
    """``docker run image python dag.py``: what has lost its parent is below it, and found by its tag."""
    code = (
        "import os, subprocess, sys\n"
        "from airflow_spark_guard.process import leftovers, proctree\n"
        "env = {**os.environ, 'SPARK_GUARD_TAG': 'task:one'}\n"
        f"subprocess.run([sys.executable, '-c', {ORPHAN!r}], env=env, check=True)\n"
        "plain = subprocess.Popen(['sleep', '60'])\n"
        "ended, left = leftovers.end(leftovers.Tag('task', 'two'), of_this_attempt=False)\n"
        "print(os.getpid(), len(ended), left, plain.poll())\n"
    )
    command = ["unshare", "--pid", "--fork", "--mount-proc", sys.executable, "-c", code]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    if "unshare:" in done.stderr:
        pytest.skip(done.stderr)
    assert done.stdout.splitlines()[-1] == "1 1 [] None", done.stderr


def test_a_child_that_has_the_tag_from_elsewhere_is_not_spared():
    """An orphan that has become ours; what has our own tag from us is ours to keep."""
    task = new_attempt()
    children = [
        subprocess.Popen(["sleep", "60"], env={TAG_ENV: f"{task}:{name}", "PATH": os.environ["PATH"]})
        for name in ("one", "own")
    ]
    try:
        time.sleep(0.2)
        os.environ[TAG_ENV] = f"{task}:own"
        found = leftovers.find(Tag(task, "two"), of_this_attempt=False)
        assert [proc.pid for proc in found] == [children[0].pid]
    finally:
        del os.environ[TAG_ENV]
        for child in children:
            child.kill()
            child.wait()


def test_a_process_that_is_just_executing_its_program_shows_its_tag():
    """Between its old and its new memory it has neither environment nor arguments for a moment."""
    tag = Tag(new_attempt(), "one")
    for _ in range(50):
        with subprocess.Popen(["/bin/sleep", "60"], env={TAG_ENV: str(tag)}) as process:
            assert leftovers.tags(process.pid) == [str(tag).encode()]
            process.kill()


def test_a_process_without_an_environment_has_no_tag():
    """Nor has a thread of the kernel, which has no program."""
    with subprocess.Popen(["/bin/sleep", "60"], env={}) as process:
        assert leftovers.tags(process.pid) == []
        process.kill()
    assert leftovers.tags(2) == []

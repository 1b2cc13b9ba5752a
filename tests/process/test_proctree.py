"""The process table, and signals that cannot hit the wrong process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from airflow_spark_guard.process import proctree

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def child():
    process = subprocess.Popen(SLEEP)
    yield process
    process.kill()
    process.wait()


def test_a_process_is_read_with_its_parent(child):
    """pid, parent, start time, state, command."""
    proc = proctree.read(child.pid)
    assert (proc.pid, proc.parent, proc.command) == (child.pid, os.getpid(), "python")
    assert str(proc) == f"{child.pid} python"
    assert proctree.read(os.getpid()).started <= proc.started


def test_a_command_with_blanks_and_parentheses_is_read(tmp_path):
    """/proc/PID/stat has the command between parentheses, and any command may hold them."""
    odd = tmp_path / "a (b) c) 1 2"
    odd.write_text("#!/bin/sh\nsleep 60\n")
    odd.chmod(0o700)
    process = subprocess.Popen([str(odd)])
    time.sleep(0.2)
    proc = proctree.read(process.pid)
    for below in proctree.descendants(process.pid, proctree.table()):
        proctree.send(below, signal.SIGKILL)
    process.kill()
    process.wait()
    assert proc.command == "a (b) c) 1 2"[:15]
    assert proc.parent == os.getpid()


def test_no_process_is_none():
    """A pid that cannot exist."""
    assert proctree.read(2**22 + 1) is None


def test_descendants_and_ancestors_are_the_two_directions(child):
    """Of ourselves: the child below, pid 1 above."""
    table = proctree.table()
    assert child.pid in {proc.pid for proc in proctree.descendants(os.getpid(), table)}
    above = proctree.ancestors(child.pid, table)
    assert {child.pid, os.getpid()} <= above


@pytest.mark.parametrize("root", [1, 0, -1])
def test_the_whole_machine_is_no_tree_of_ours(root):
    """A mistaken root of pid 1 would freeze or end unrelated processes."""
    with pytest.raises(ValueError, match=f"^refusing to walk the tree below pid {root}$"):
        proctree.descendants(root, {})


def test_a_signal_reaches_the_process(child):
    """True, and it is gone."""
    assert proctree.send(proctree.read(child.pid), signal.SIGKILL)
    assert child.wait(10) == -signal.SIGKILL


def test_a_reused_pid_is_left_alone(child):
    """The same pid with another start time is another process."""
    other = proctree.read(child.pid)._replace(started=1)
    assert not proctree.send(other, signal.SIGKILL)
    assert child.poll() is None


def test_a_dead_process_is_not_signalled(child):
    """A zombie neither needs nor takes a signal."""
    proc = proctree.read(child.pid)
    child.kill()
    time.sleep(0.2)
    assert not proctree.send(proc, signal.SIGTERM)
    child.wait()
    assert not proctree.send(proc, signal.SIGTERM)


@pytest.mark.parametrize("pid", [1, os.getpid()])
def test_pid_1_and_oneself_are_refused(pid):
    """No caller can want that."""
    with pytest.raises(ValueError, match=f"^refusing to signal pid {pid}$"):
        proctree.send(proctree.Proc(pid, 0, 0, "S", "x"), signal.SIGTERM)

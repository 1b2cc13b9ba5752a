"""The process table, and signals that cannot hit the wrong process."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time

import pytest

from airflow_spark_guard.process import proctree
from tests.support.processes import ROOT
from tests.support.sandbox import PIDFD_OPEN, PIDFD_SEND_SIGNAL

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
    assert child.wait(60) == -signal.SIGKILL


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


@pytest.mark.parametrize("pid", [1, os.getpid()], ids=["1", "oneself"])
def test_pid_1_and_oneself_are_refused(pid):
    """No caller can want that."""
    with pytest.raises(ValueError, match=f"^refusing to signal pid {pid}$"):
        proctree.send(proctree.Proc(pid, 0, 0, "S", "x"), signal.SIGTERM)


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("\x1b[31mX\nERR", "?[31mX?ERR"),
        ("a\u202eb\u2066c", "a?b?c"),
        ("a\u2028b\x85c\x00", "a?b?c?"),
        ("::group::x", ": :group: :x"),
        (":::group:::", ": ::group: ::"),
        ("##[group]x", "# [group]x"),
        ("\ud800", "?"),
        ("größer 日本", "größer 日本"),
    ],
)
def test_a_process_names_itself_and_is_shown_on_one_plain_line(command, shown):
    """``prctl(PR_SET_NAME)`` takes any fifteen bytes."""
    assert str(proctree.Proc(7, 1, 0, "S", command)) == f"7 {shown}"
    assert "::group::" not in shown


def test_a_name_of_control_characters_is_read(child):
    """Also one that looks like the rest of the line."""
    code = (
        "import ctypes, sys, time\n"
        "ctypes.CDLL(None).prctl(15, b'\\x1b[2J\\n\\xff) S 1 1', 0, 0, 0)\n"
        "print('ready', flush=True); time.sleep(60)\n"
    )
    odd = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    odd.stdout.readline()
    proc = proctree.read(odd.pid)
    odd.kill()
    odd.communicate()
    assert proc.parent == os.getpid()
    assert str(proc) == f"{odd.pid} ?[2J?\ufffd) S 1 1"


SENDS = """
import errno, os, signal, subprocess, sys
from airflow_spark_guard.process import proctree
from tests.support.sandbox import refuse
refuse({error}, *{calls})
child = subprocess.Popen(["sleep", "60"])
proc = proctree.read(child.pid)
print(proctree.without_pidfd())
print(proctree.send(proc._replace(started=proc.started + 1), signal.SIGKILL), child.poll())
print(proctree.send(proc, signal.SIGKILL), child.wait(60))
print(proctree.send(proc, signal.SIGKILL))
"""


@pytest.mark.parametrize("error", [errno.ENOSYS, errno.EPERM])
@pytest.mark.parametrize("calls", [(PIDFD_OPEN,), (PIDFD_SEND_SIGNAL,), (PIDFD_OPEN, PIDFD_SEND_SIGNAL)])
def test_where_pidfd_is_refused_the_start_time_is_compared_before_the_signal(error, calls):
    """By old kernels and by sandboxes; a reused pid is left alone there too."""
    code = SENDS.format(error=error, calls=calls)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert done.stdout.splitlines() == [os.strerror(error), "False None", "True -9", "False"], done.stderr


def test_a_python_without_pidfd_says_so(child, monkeypatch):
    """One that was built for an older kernel has no such function."""
    assert proctree.without_pidfd() == ""
    monkeypatch.delattr(os, "pidfd_open")
    assert proctree.without_pidfd() == "this Python was built without it"
    assert proctree.send(proctree.read(child.pid), signal.SIGKILL)


def test_what_is_below_pid_1_may_be_walked_to_be_spared():
    """In a container the task may be pid 1; a loop in a table that was read while it changed is no trap."""
    table = {pid: proctree.Proc(pid, parent, 0, "S", "x") for pid, parent in [(1, 0), (2, 1), (3, 2), (0, 3)]}
    assert [proc.pid for proc in proctree.below(1, table)] == [2, 3, 0, 1]


def test_this_machine_shows_this_process():
    """Else an empty table would prove nothing."""
    assert proctree.is_visible()
    assert proctree.table()[os.getpid()].pid == os.getpid()

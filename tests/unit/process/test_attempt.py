"""An attempt by itself: started, ended, proven gone. ``tests/unit/attempt/test_loop.py`` follows one to its end."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from airflow_spark_guard.process import attempt as module
from airflow_spark_guard.process import proctree
from airflow_spark_guard.process.attempt import Attempt, Launch
from airflow_spark_guard.process.leftovers import Tag, new_attempt
from tests.support.processes import MARK, ROOT, end_all, marked, seconds_until


def launch(tmp_path, command: str, mark: str) -> Launch:
    return Launch(
        command=("bash", "-c", command),
        env={**os.environ, MARK: mark},
        workdir=tmp_path,
        cancel=tmp_path / "cancel",
        secrets=(tmp_path / "spark.properties",),
        tag=Tag(new_attempt(), new_attempt()),
        backstop=60.0,
        has_launcher=False,
        autopsy_budget=1.0,
        grace=1.0,
    )


def test_leaving_it_ends_everything(tmp_path):
    """Also what has a session of its own."""
    mark = new_attempt()
    with Attempt(launch(tmp_path, "setsid sleep 300 & sleep 300", mark)):
        time.sleep(0.5)
        assert len(marked(mark)) >= 2
    assert marked(mark) == []


def test_the_report_comes_with_the_end_of_the_command(tmp_path):
    """Its exit code, and what was found below it."""
    with Attempt(launch(tmp_path, "exit 3", new_attempt())) as attempt:
        while not attempt.over:
            attempt.poll(0.1)
        assert (attempt.report or {})["exit"] == 3
        assert attempt.kill_requested is False
        assert attempt.now > 0


def test_end_names_nothing_when_nothing_is_left(tmp_path):
    """And hands over what was printed meanwhile."""
    printed = []
    with Attempt(
        launch(tmp_path, "trap 'echo bye; exit 1' TERM; while true; do sleep 0.1; done", "m")
    ) as attempt:
        time.sleep(0.5)
        assert attempt.end(printed.append) == ()
    assert b"".join(printed).strip().endswith(b"bye")


def report_end(attempt):
    """Where the reaper writes its report, as any process of the same user can find it."""
    words = Path(f"/proc/{attempt._reaper.pid}/cmdline").read_text().split("\0")
    spec = json.loads(next(word for word in words if word.startswith("{")))
    return Path(f"/proc/{attempt._reaper.pid}/fd/{spec['status_fd']}")


@pytest.mark.parametrize(
    "garbage",
    [
        b"x",
        b"\xff\n",
        b"{",
        b"[]",
        b"[" * 60_000,
        b'{"reason": "ended"}',
        b'{"reason": "won", "exit": 0, "found": [], "left": []}',
        b'{"reason": "ended", "exit": true, "found": [], "left": []}',
        b'{"reason": "ended", "exit": 0, "found": [], "left": [1]}',
        b'{"reason": "ended", "exit": 1e999, "found": [], "left": {}}',
    ],
)
def test_garbage_in_the_reapers_name_is_no_report(tmp_path, garbage):
    """It is as if there were none, and all is ended."""
    mark = new_attempt()
    with Attempt(launch(tmp_path, "sleep 300", mark)) as attempt:
        seconds_until(lambda: marked(mark), 60, "the job")
        with report_end(attempt).open("wb", buffering=0) as pipe:
            pipe.write(garbage)
        while not attempt.over:
            attempt.poll(0.1)
        assert attempt.report is None
        assert attempt.end() == ()
    assert marked(mark) == []


def test_a_stopped_reaper_and_a_report_in_its_name_hold_nobody_up(tmp_path, monkeypatch):
    """It is ended, and its job by the tag."""
    monkeypatch.setattr(module, "_PATIENCE", 0.2)
    mark = new_attempt()
    with Attempt(launch(tmp_path, "kill -STOP $PPID; sleep 300", mark)) as attempt:
        seconds_until(lambda: proctree.read(attempt._reaper.pid).state == "T", 60, "the stop")
        with report_end(attempt).open("wb", buffering=0) as pipe:
            pipe.write(b"x")
        while not attempt.over:
            attempt.poll(0.1)
        assert attempt.end() == ()
    assert marked(mark) == []


def sleeping(seconds):
    return [
        proc
        for proc in proctree.table().values()
        if proc.state != "Z" and f"sleep\0{seconds}\0".encode() == _cmdline(proc.pid)
    ]


def _cmdline(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_a_child_with_an_empty_environment_does_not_outlive_a_reaper_that_its_job_has_killed(tmp_path):
    """It has no parent, no tag and a session of its own: it is this process's child by then."""
    seconds = f"{300 + os.getpid() / 1e7:.7f}"
    flag = tmp_path / "started"
    child = f"sleep {seconds} & touch {flag}; exec sleep {seconds}"
    script = (
        f"setsid env -i PATH=/bin:/usr/bin sh -c '{child}' & "
        f"while [ ! -e {flag} ]; do sleep 0.1; done; kill -9 $PPID; sleep 300"
    )
    own = subprocess.Popen(["sleep", "300"])
    other = Attempt(launch(tmp_path, "sleep 300", mark := new_attempt()))
    with Attempt(launch(tmp_path, script, "m")) as attempt, other:
        while not attempt.over:
            attempt.poll(0.1)
        seconds_until(lambda: len(sleeping(seconds)) == 2, 60, "the two that live on")
        seconds_until(lambda: len(marked(mark)) >= 2, 60, "the other attempt's reaper and its job")
        assert attempt.report is None
        assert attempt.end() == ()
        assert sleeping(seconds) == []
        assert own.poll() is None, "a child of this process's own"
        assert len(marked(mark)) >= 2, "another attempt's"
        ours = [proc for proc in proctree.table().values() if proc.parent == os.getpid()]
        assert [proc for proc in ours if proc.state == "Z" and proc.command in {"sleep", "sh", "bash"}] == []
    own.kill()
    own.wait()


def test_this_process_adopts_only_while_an_attempt_runs(tmp_path):
    """As it was before, however many there were, and where it had been one before."""
    code = f"""
import ctypes
from airflow_spark_guard.process.attempt import Attempt
from tests.unit.process.test_attempt import launch
from pathlib import Path
libc = ctypes.CDLL(None)
def on():
    value = ctypes.c_int(0)
    libc.prctl(37, ctypes.byref(value), 0, 0, 0)
    return value.value
seen = []
for before in (0, 1):
    libc.prctl(36, before, 0, 0, 0)
    with Attempt(launch(Path({str(tmp_path)!r}), "sleep 60", "m")):
        with Attempt(launch(Path({str(tmp_path)!r}), "sleep 60", "m")):
            seen.append(on())
        seen.append(on())
    seen.append(on())
print(seen)
"""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert done.stdout.strip() == "[1, 1, 0, 1, 1, 1]", done.stderr


BLIND = """
import sys
from pathlib import Path
from airflow_spark_guard.process.attempt import Attempt
from airflow_spark_guard.process.surroundings import limits_here
from tests.unit.process.test_attempt import launch
print(*limits_here())
with Attempt(launch(Path(sys.argv[1]), sys.argv[2], sys.argv[3])) as attempt:
    while not attempt.over:
        attempt.poll(0.1)
    print(attempt.end(), attempt.report)
"""


@pytest.mark.parametrize(
    ("script", "left"),
    [
        ("exit 3", False),
        ("trap '' TERM; sleep 300 & exit 3", False),
        (
            "setsid sh -c 'touch {flag}; exec sleep 300' & while [ ! -e {flag} ]; do sleep 0.1; done; exit 3",
            True,
        ),
    ],
)
def test_without_proc_nothing_is_claimed_that_was_not_seen(tmp_path, script, left):
    """A subreaper without children has nothing below it; else what is left is said to be unknown."""
    mark = new_attempt()
    script = script.format(flag=tmp_path / "started")
    hidden = f'mount -t tmpfs none /proc && exec "{sys.executable}" -c "$0" "$@"'
    command = ["unshare", "--mount", "sh", "-c", hidden, BLIND, str(tmp_path), script, mark]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    end_all(mark)
    if "unshare:" in done.stderr or "mount:" in done.stderr:
        pytest.skip(done.stderr)
    said, result = done.stdout.splitlines()
    assert re.search("/proc does not show this task's own process", said)
    unseen = [proctree.UNSEEN] if left else []
    assert result == f"() {{'reason': 'ended', 'exit': 3, 'found': [], 'left': {unseen}}}", done.stderr

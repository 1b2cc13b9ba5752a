"""The reaper on small commands; ``tests/integration/deaths`` has it on real Spark under real Airflow."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from airflow_spark_guard.process import proctree, reaper
from tests.support.processes import MARK, ROOT, end_all, marked, python_main, seconds_until

MAIN = Path(reaper.__file__).with_name("reaper_main.py")
# A command with a child in a session of its own, which outlives it unless somebody looks.
FAMILY = "setsid sleep 300 & sleep 0.3; "


class Reaper:
    """A reaper, with this process as the task above it."""

    def __init__(self, mark: str, command: str, workdir: Path, **spec) -> None:
        life_read, self.life = os.pipe()
        self.status, status_write = os.pipe()
        text = {
            "parent": os.getpid(),
            "life_fd": life_read,
            "status_fd": status_write,
            "guardians": [],
            "deadline": 60,
            "grace": 1.0,
            "workdir": str(workdir),
            "secrets": [str(workdir / "spark.properties"), str(workdir / "connection.keytab")],
            **spec,
        }
        start, environment = python_main("airflow_spark_guard.process.reaper")
        self.process = subprocess.Popen(
            [*start, json.dumps(text), "--", "bash", "-c", command],
            env={**environment, MARK: mark},
            cwd=ROOT,
            pass_fds=(life_read, status_write),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        os.close(life_read)
        os.close(status_write)

    def report(self) -> dict:
        text = b""
        while chunk := os.read(self.status, 65536):
            text += chunk
        self.process.wait(60)
        return json.loads(text) if text else {}

    def close(self) -> None:
        for descriptor in (self.life, self.status):
            try:
                os.close(descriptor)
            except OSError:
                continue
        self.process.wait(60)
        self.process.stdout.close()


@pytest.fixture
def start(tmp_path, request):
    mark = f"{request.node.name}-{os.getpid()}"
    reapers = []

    def begin(command: str, **spec) -> Reaper:
        reapers.append(Reaper(mark, command, tmp_path / "work", **spec))
        return reapers[-1]

    begin.marked = lambda: list(marked(mark))
    yield begin
    for one in reapers:
        one.close()
    end_all(mark)


def ready(start, count: int) -> None:
    seconds_until(lambda: sum(p.command == "sleep" for p in start.marked()) >= count, 60, "the command")


@pytest.mark.parametrize(("command", "status"), [("true", 0), ("exit 3", 3), ("kill -9 $$", -9)])
def test_the_commands_exit_status_is_reported(start, command, status):
    """Negative for a signal, as subprocess has it."""
    assert start(command).report() == {"reason": "ended", "exit": status, "found": [], "left": []}


def test_output_passes_through_and_ends(start):
    """The reaper holds no end of the pipe: its end of file is the job's."""
    one = start("echo hello; echo world >&2")
    assert one.process.stdout.read() == b"hello\nworld\n"


def test_what_the_command_left_behind_is_ended(start):
    """A normal end too."""
    report = start(FAMILY + "exit 0").report()
    assert (report["reason"], report["exit"], report["left"]) == ("ended", 0, [])
    assert [text.split()[1] for text in report["found"]] == ["sleep"]
    assert start.marked() == []


def test_a_signal_ends_the_tree(start):
    """What the task sends to kill."""
    one = start(FAMILY + "sleep 300")
    ready(start, 2)
    one.process.terminate()
    report = one.report()
    assert (report["reason"], report["exit"], report["left"]) == ("signal", -15, [])
    assert start.marked() == []


def test_a_command_that_ignores_sigterm_is_killed_after_the_grace(start):
    """Politely first."""
    one = start("trap '' TERM; sleep 300 & while true; do sleep 0.1; done")
    ready(start, 1)
    begin = time.monotonic()
    one.process.terminate()
    report = one.report()
    assert (report["exit"], report["left"]) == (-9, [])
    assert 0.9 < time.monotonic() - begin < 100  # and not the command's 300


def test_the_deadline_ends_the_tree(start):
    """The reaper's own, for a task that hangs."""
    report = start("sleep 300", deadline=0.5).report()
    assert (report["reason"], report["left"]) == ("deadline", [])


def test_the_pipes_end_of_file_is_the_tasks_death(start, tmp_path):
    """The tree goes, and so does the folder that nobody else will remove."""
    (tmp_path / "work").mkdir()
    one = start(FAMILY + "sleep 300")
    ready(start, 2)
    os.close(one.life)
    assert one.report()["reason"] == "parent"
    assert start.marked() == []
    assert not (tmp_path / "work").exists()


def test_the_secrets_are_removed_with_the_tree(start, tmp_path):
    """Whatever ended it, and whoever is left to tidy up."""
    (tmp_path / "work").mkdir()
    secrets = [tmp_path / "work" / name for name in ("spark.properties", "connection.keytab")]
    for file in secrets:
        file.touch()
    (tmp_path / "work" / "stacks.txt").touch()
    assert start("true").report()["reason"] == "ended"
    assert [file.name for file in (tmp_path / "work").iterdir()] == ["stacks.txt"]


def test_another_parent_than_at_the_start_is_the_tasks_death(start):
    """For a parent that forked and left a copy of the pipe."""
    assert start("sleep 300", parent=1).report()["reason"] == "parent"


def test_a_guardians_death_ends_the_tree(start):
    """The supervisor above the task: nothing that the parent's pipe would show."""
    guardian = subprocess.Popen(["sleep", "300"])
    one = start("sleep 300", guardians=[[guardian.pid, proctree.read(guardian.pid).started]])
    ready(start, 1)
    assert one.process.poll() is None
    guardian.kill()
    assert one.report()["reason"] == "guardian"
    guardian.wait()


def test_a_reused_guardian_pid_is_its_death(start):
    """Another start time is another process."""
    assert start("sleep 300", guardians=[[os.getpid(), 1]]).report()["reason"] == "guardian"


def test_the_command_dies_with_a_killed_reaper(start):
    """The kernel sends the death signal; a session of its own is out of its reach, by design of the test."""
    one = start("sleep 300; true")
    ready(start, 1)
    bash = next(p for p in start.marked() if p.command == "bash")
    one.process.kill()
    seconds_until(
        lambda: proctree.read(bash.pid) is None or proctree.read(bash.pid).state == "Z", 5, "its end"
    )
    assert one.report() == {}


def test_a_command_that_cannot_start_says_so(start, tmp_path):
    """Exit status 127, and the reason in the output."""
    life_read, life = os.pipe()
    status, status_write = os.pipe()
    spec = {
        "parent": os.getpid(),
        "life_fd": life_read,
        "status_fd": status_write,
        "guardians": [],
        "deadline": 9,
        "grace": 1,
        "workdir": "",
        "secrets": [],
    }
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(MAIN), json.dumps(spec), "--", "/nowhere/spark-submit"],
        pass_fds=(life_read, status_write),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "cannot start /nowhere/spark-submit: [Errno 2]" in done.stderr
    assert json.loads(os.read(status, 65536))["exit"] == 127
    for descriptor in (life_read, life, status, status_write):
        os.close(descriptor)


def test_signals_of_the_tasks_group_do_not_reach_it(start):
    """It leads a session of its own."""
    one = start("sleep 300")
    ready(start, 1)
    assert os.getsid(one.process.pid) == one.process.pid != os.getsid(0)
    assert os.getpgid(next(p for p in start.marked() if p.command == "sleep").pid) != one.process.pid
    one.process.send_signal(signal.SIGINT)
    assert one.report()["reason"] == "signal"
